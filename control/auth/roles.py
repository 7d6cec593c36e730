"""Callers of the control plane, by what is proven of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Caller(StrEnum):
    """What is proven of the sender of a request, from nothing to everything.

    OUTSIDE: nothing. READER: the request carried the token for reading. PRIVATE: the address is in a private network.
    LOCAL_USER: the request comes from this machine. OWN_USER: the kernel says that root or the daemon's user sent it.
    CREDENTIAL: it carried the token, a session, or for the one answer that it gives a link from a message.
    """

    OUTSIDE = "outside"
    READER = "the token for reading"
    PRIVATE = "private network"
    LOCAL_USER = "another user of this machine"
    OWN_USER = "the daemon's user or root"
    CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True)
class Author:
    """The sender of a request, or of a change of the configuration.

    `proof` names how it proved who it is, such as "token" or "uid 1000"; it is empty for those who proved nothing.
    """

    address: str
    caller: Caller
    proof: str = ""

    @property
    def trusted(self) -> bool:
        """Whether it may do what the daemon's user may do."""
        return self.caller in (Caller.OWN_USER, Caller.CREDENTIAL)
