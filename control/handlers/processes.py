"""`processes`: the workers, and what each is doing."""

from datetime import datetime
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from control.context import Context
from control.memory import resident_bytes
from control.parameters import Nothing
from control.times import moment
from control.workers import display_name
from supervisor.child import Child
from supervisor.lifecycle import Phase

_moment = lru_cache(maxsize=256)(moment)  # the same few are asked for over and over


class ProcessView(Struct, frozen=True, rename="camel"):
    """One worker. Counts are what it last reported, null until it has; `rss` is in bytes."""

    category: str
    name: str
    kind: str
    pid: int | None
    alive: bool
    search_summary: str | None
    search_timestamp: datetime | None
    queue_count: int | None
    category_count: int | None
    metric_type: Literal["category", "queue", "search"]
    state: Phase
    since: datetime
    restarts: int
    last_beat: datetime | None
    rss: int | None
    waiting_for: str | None
    last_error: str | None


class Processes(Struct, frozen=True):
    """All workers."""

    processes: list[ProcessView]


async def read(context: Context, _request: Nothing) -> Processes:
    """Every worker and what it is doing."""
    now = context.clock.monotonic()
    return Processes([_view(child, now) for child in context.supervisor.children.values()])


def _view(child: Child, now: float) -> ProcessView:
    said, pid = child.said, child.pid
    return ProcessView(
        category=child.category,
        name=f"{display_name(child.config.section)} Manager",
        kind=said.kind,
        pid=pid,
        alive=pid is not None,
        search_summary=said.search_summary,
        search_timestamp=_moment(said.search_at),
        queue_count=said.queue_count,
        category_count=said.category_count,
        metric_type="category",
        state=child.state.phase,
        since=_moment(child.phase_since),
        restarts=child.restarts,
        last_beat=_moment(said.beat_at),
        rss=resident_bytes(pid, now),
        waiting_for=said.waiting_for,
        last_error=said.last_error,
    )
