"""What a caller may do."""

from __future__ import annotations

from dataclasses import dataclass

from qbitrr.errors import ForbiddenError


@dataclass(frozen=True, slots=True)
class Author:
    """The sender of a request, or of a change of the configuration.

    `trusted`: the request carried a credential, or came from this machine without a proxy in between.
    """

    address: str
    trusted: bool

    def require_trusted(self, subject: str) -> None:
        """Raise ForbiddenError unless the author is trusted. `subject` is what is protected, such as "The daemon"."""
        if not self.trusted:
            raise ForbiddenError(f"{subject} can only be touched with the token, or from this machine")
