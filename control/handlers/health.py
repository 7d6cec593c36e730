"""`/health` and `/ready`: for those who watch over the daemon."""

from typing import Literal

from msgspec import Struct

from control.context import HandlerContext
from control.handlers.shared import Nothing
from qbitrr.errors import NotReadyError
from supervisor.lifecycle import Phase

# A worker that waits for its Arr or qBittorrent is ready itself.
_READY = frozenset({Phase.RUNNING, Phase.WAITING})
_IN_TROUBLE = frozenset({Phase.DEGRADED, Phase.HELD, Phase.HANGING})


class Health(Struct, frozen=True, rename="camel"):
    """`troubled` are the categories that do not get on by themselves; `faults` are requests that broke off.

    `loop_lag_seconds` is the worst delay of everything the supervisor did in the last minute.
    """

    status: Literal["ok", "degraded"]
    troubled: dict[str, Phase]
    faults: int
    loop_lag_seconds: float


class Readiness(Struct, frozen=True):
    """The state of each worker by category."""

    ready: bool
    workers: dict[str, Phase]


async def health(context: HandlerContext, _request: Nothing) -> Health:
    """The daemon lives and answers."""
    troubled = {category: phase for category, phase in _phases(context).items() if phase in _IN_TROUBLE}
    lag = round(context.supervisor.lag.worst_seconds, 4)
    return Health("degraded" if troubled else "ok", troubled, context.faults.count, lag)


async def ready(context: HandlerContext, _request: Nothing) -> Readiness:
    """Every worker is ready."""
    workers = _phases(context)
    if not context.supervisor.ready or not all(phase in _READY for phase in workers.values()):
        raise NotReadyError("Not every worker is ready", {"workers": workers})
    return Readiness(ready=True, workers=workers)


def _phases(context: HandlerContext) -> dict[str, Phase]:
    return {category: process.state.phase for category, process in context.supervisor.processes.items()}
