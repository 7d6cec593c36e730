"""What an import under way has seen so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbitrr.rules.imports import QueueReading, QueueState


@dataclass(slots=True)
class Watch:
    """One import since its worker started, or since the Arr last failed to answer; monotonic seconds.

    It is in memory only: without it the Arr is asked once more, which does no harm.
    """

    item_ids: tuple[int, ...] = ()
    """The items that the queue named when it last listed the download."""
    polls: int = 0
    polled_at: float | None = None
    state: tuple[QueueState, bool] | None = None
    seen_since: float = 0.0
    scan_ended: bool = False
    scan_problem: str = ""

    def see(self, reading: QueueReading, now: float) -> None:
        """Note what the queue says, and since when."""
        state = (reading.state, reading.pending)
        if state != self.state:
            self.state, self.seen_since = state, now
