"""`processes`: the workers, and what each is doing."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from control.context import HandlerContext
from control.handlers.arr import Message
from control.handlers.shared import Nothing
from control.process_memory import resident_bytes
from control.web.answers import moment
from control.worker_lookup import category_of, display_name
from qbitrr.errors import NotFoundError
from supervisor.lifecycle import Phase
from supervisor.worker_process import WorkerProcess

_moment = lru_cache(maxsize=256)(moment)  # the same few are asked for over and over


# what a person needs to know; the exact phase is told beside it
State = Literal["starting", "running", "waiting", "degraded", "held", "stopping"]
_STATES: dict[Phase, State] = {
    Phase.STARTING: "starting",
    Phase.BACKOFF: "starting",
    Phase.RUNNING: "running",
    Phase.WAITING: "waiting",
    Phase.DEGRADED: "degraded",
    Phase.HELD: "held",
    Phase.HANGING: "stopping",
    Phase.STOPPING: "stopping",
    Phase.STOPPED: "stopping",
}
_encoder = msgspec.json.Encoder()
_KINDS = ("all", "category", "search", "torrent")


class ProcessRequest(Struct, frozen=True):
    """A worker, and which of its loops; all of them are in one process."""

    category: Annotated[str, Meta(description="Category of the worker.")]
    kind: Annotated[str, Meta(description="`category`, `search`, `torrent` or `all`.")]


class ProcessView(Struct, frozen=True, rename="camel"):
    """One worker. Counts are what it last reported, null until it has; `rss` is in bytes.

    `phase` is what `state` is in detail: `backoff` starts in a moment, `hanging` is being replaced.
    """

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
    state: State
    phase: Phase
    since: datetime
    restarts: int
    last_beat: datetime | None
    rss: int | None
    waiting_for: str | None
    last_error: str | None


class Processes(Struct, frozen=True):
    """All workers."""

    processes: list[ProcessView]


async def read(context: HandlerContext, _request: Nothing) -> Raw:
    """Every worker and what it is doing."""
    second = int(context.clock.monotonic())
    children = context.supervisor.processes.values()
    made_of = (second, *(part for child in children for part in (child, child.said, child.state, child.pid)))
    listing = context.listing
    if listing.made_of != made_of:  # encoded once for each change, as it is asked for again and again
        listing.made_of, listing.text = made_of, Raw(_encoder.encode(Processes(views(context))))
    return listing.text


def views(context: HandlerContext) -> list[ProcessView]:
    """All workers as they are now."""
    now = context.clock.monotonic()
    return [_view(child, now) for child in context.supervisor.processes.values()]


def _view(child: WorkerProcess, now: float) -> ProcessView:
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
        state=_STATES[child.state.phase],
        phase=child.state.phase,
        since=_moment(child.phase_since),
        restarts=child.restarts,
        last_beat=_moment(said.beat_at),
        rss=resident_bytes(pid, now),
        waiting_for=said.waiting_for,
        last_error=said.last_error,
    )


async def restart(context: HandlerContext, request: ProcessRequest) -> Message:
    """Have a fresh process for a category, whichever of its loops is named."""
    if request.kind not in _KINDS:
        raise NotFoundError(f"There is no process of the kind {request.kind}; there are {', '.join(_KINDS)}")
    category = category_of(context, request.category)
    context.supervisor.restart(category)
    return Message(f"Restart triggered for {category}")
