"""`processes`: the workers, with what each is doing, and their restart."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from control.context import HandlerContext
from control.handlers.shared import Message, Nothing
from control.process_memory import resident_bytes
from control.web.answers import moment
from control.worker_lookup import category_of, display_name
from qbitrr.errors import NotFoundError
from qbitrr.ipc import Contradiction
from supervisor.lifecycle import Phase
from supervisor.worker_process import WorkerProcess

_moment = lru_cache(maxsize=256)(moment)  # the same few times are converted over and over

# What the user needs to know; the exact phase is answered too.
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
_KINDS = ("all", "category", "search", "torrent")


class ProcessRequest(Struct, frozen=True):
    """A worker, and one of its loops; all of them run in one process."""

    category: Annotated[str, Meta(description="Category of the worker.")]
    kind: Annotated[str, Meta(description="`category`, `search`, `torrent` or `all`.")]


class ProcessView(Struct, frozen=True, rename="camel"):
    """One worker. Counts are as it last reported them, null before that; `rss` is its resident memory in bytes.

    `phase` is `state` in detail: `backoff` is about to start, `hanging` is being replaced. `contradictions` are between
    the settings of its Arr and the configuration.
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
    contradictions: tuple[Contradiction, ...] = ()


class Processes(Struct, frozen=True):
    """All workers."""

    processes: list[ProcessView]


async def read(context: HandlerContext, _request: Nothing) -> Raw:
    """List the workers, with what each is doing."""
    processes = context.workers.processes.values()
    second = int(context.clock.monotonic())  # memory changes without a report
    made_from = (second, *(part for one in processes for part in (one, one.last_report, one.state, one.pid)))
    return context.process_list.get(made_from, lambda: Processes(views(context)))


def views(context: HandlerContext) -> list[ProcessView]:
    """Return all workers as they are now."""
    now = context.clock.monotonic()
    return [_view(process, now) for process in context.workers.processes.values()]


def _view(process: WorkerProcess, now: float) -> ProcessView:
    last, pid = process.last_report, process.pid
    return ProcessView(
        category=process.category,
        name=f"{display_name(process.config.section)} Manager",
        kind=last.kind,
        pid=pid,
        alive=pid is not None,
        search_summary=last.search_summary,
        search_timestamp=_moment(last.search_at),
        queue_count=last.queue_count,
        category_count=last.category_count,
        metric_type="category",
        state=_STATES[process.state.phase],
        phase=process.state.phase,
        since=_moment(process.phase_since),
        restarts=process.restarts,
        last_beat=_moment(last.beat_at),
        rss=resident_bytes(pid, now),
        waiting_for=last.waiting_for,
        last_error=last.last_error,
        contradictions=last.contradictions or (),
    )


async def restart(context: HandlerContext, request: ProcessRequest) -> Message:
    """Replace the process of a worker, whichever of its loops is named."""
    if request.kind not in _KINDS:
        raise NotFoundError(f"There is no process of the kind {request.kind}; there are {', '.join(_KINDS)}")
    category = category_of(context, request.category)
    context.workers.restart(category)
    return Message(f"Restart triggered for {category}")
