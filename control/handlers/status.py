"""`status`: is the backend ready, and what is still to be filled in?"""

from msgspec import Struct

from control.context import HandlerContext
from control.handlers.shared import Nothing


class ToFillIn(Struct, frozen=True):
    """A key of the configuration that only the user knows, and what belongs there."""

    key: str
    needed: str


class Status(Struct, frozen=True):
    """`arrs` are the categories that have a worker; `incomplete` keeps others from having one."""

    ready: bool
    arrs: list[str]
    incomplete: list[ToFillIn]


async def read(context: HandlerContext, _request: Nothing) -> Status:
    """Whether the backend is ready, and for which categories.

    `incomplete` lists what the configuration still lacks.
    """
    supervisor = context.supervisor
    incomplete = [ToFillIn(problem.key, problem.allowed) for problem in context.loaded.incomplete]
    return Status(supervisor.ready, list(supervisor.processes), incomplete)
