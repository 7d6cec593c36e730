"""Steps of a removal in its quarantine, and what an undo of a removal comes to at the step that it has reached."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from qbitrr.rules.verdict import DESTRUCTIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTERING = "quarantining"
"""The torrent is being stopped and tagged, or was."""
INSIDE = "quarantined"
"""The removal waits until its quarantine is over."""
OVER = "quarantine is over"
"""Nothing of the removal was sent yet."""
UNDOING = "undoing"
"""A removal that is done is being undone."""
UNDO_REFUSED = "undo_refused"
"""Note on a removal that qBittorrent did not let be undone."""


class Undo(StrEnum):
    """What an undo comes to."""

    RELEASE = "release"
    ADD_AGAIN = "add again"


def undo_of(action: str, state: str, step: str, notes: Mapping[str, Any]) -> Undo | None:
    """Find what an undo of an action comes to; None when it is no removal, not after a quarantine, or under way."""
    if action not in DESTRUCTIVE:
        return None
    if state == "planned" and step in (ENTERING, INSIDE, OVER):
        return Undo.RELEASE
    if state == "done" and notes.get("torrent_file"):
        return Undo.ADD_AGAIN
    return None
