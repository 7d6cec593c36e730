"""`/health` and `/ready`: probes for monitoring."""

from typing import Literal, TypeVar

from aiohttp import web
from msgspec import Struct

from control.auth.rights import READ, Right
from control.binding import AUTHOR
from control.context import HandlerContext
from control.handlers.shared import Nothing
from qbitrr.errors import NotReadyError
from qbitrr.ipc import Contradiction
from supervisor import lifecycle
from supervisor.lifecycle import Phase

T = TypeVar("T")

_TROUBLED = frozenset({Phase.DEGRADED, Phase.HELD, Phase.HANGING})


class Health(Struct, frozen=True, rename="camel"):
    """`troubled` are the workers in trouble by category; `faults` counts requests that failed unexpectedly.

    `contradictions` are between the settings of an Arr and the configuration, by category. `loopLagSeconds` is the
    largest delay of the supervisor's loop in the last minute. `tasks` are the supervisor's own that failed and are
    about to be started again, with the cause. Categories and causes are only named to those who may read.
    """

    status: Literal["ok", "degraded"]
    troubled: dict[str, Phase]
    contradictions: dict[str, tuple[Contradiction, ...]]
    tasks: dict[str, str]
    faults: int
    loop_lag_seconds: float


class Readiness(Struct, frozen=True):
    """The state of each worker by category, for those who may read."""

    ready: bool
    workers: dict[str, Phase]


async def health(context: HandlerContext, _request: Nothing, http: web.Request) -> Health:
    """Answer as long as the daemon runs."""
    troubled = {category: phase for category, phase in _phases(context).items() if phase in _TROUBLED}
    lag = round(context.workers.lag.worst_seconds, 4)
    contradictions = {
        category: found
        for category, process in context.workers.processes.items()
        if (found := process.last_report.contradictions)
    }
    return Health(
        status="degraded" if troubled or context.own_tasks.failing else "ok",
        troubled=_shown(troubled, http),
        contradictions=_shown(contradictions, http),
        tasks=_shown(context.own_tasks.failing, http),
        faults=context.faults.count,
        loop_lag_seconds=lag,
    )


async def ready(context: HandlerContext, _request: Nothing, http: web.Request) -> Readiness:
    """Answer 200 when every worker got ready: what a service or its settings block is in `/health`."""
    workers = _phases(context)
    processes = context.workers.processes.values()
    if not context.workers.ready or not all(lifecycle.is_ready(process.state) for process in processes):
        raise NotReadyError("Not every worker is ready", {"workers": _shown(workers, http)})
    return Readiness(ready=True, workers=_shown(workers, http))


def _shown(by_category: dict[str, T], http: web.Request) -> dict[str, T]:
    """Probes are open to everyone, names and causes are not."""
    return {} if READ.of(http[AUTHOR].caller) is Right.NO else by_category


def _phases(context: HandlerContext) -> dict[str, Phase]:
    return {category: process.state.phase for category, process in context.workers.processes.items()}
