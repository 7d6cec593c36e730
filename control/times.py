"""Times on the wire: ISO 8601 with Z, to the second."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def moment(epoch_seconds: float) -> datetime: ...
@overload
def moment(epoch_seconds: float | None) -> datetime | None: ...
def moment(epoch_seconds: float | None) -> datetime | None:
    """A time as it is answered; None when it is not known."""
    return None if epoch_seconds is None else datetime.fromtimestamp(int(epoch_seconds // 1), UTC)
