"""`status`: whether the backend is ready, and which keys of the configuration are still to be filled in."""

from msgspec import Struct

from control.context import HandlerContext
from control.handlers.shared import Nothing


class MissingKey(Struct, frozen=True):
    """A key of the configuration that only the user can fill in, and what belongs there."""

    key: str
    needed: str


class Status(Struct, frozen=True):
    """`arrs` are the categories that have a worker; others lack one because of `incomplete`."""

    ready: bool
    arrs: list[str]
    incomplete: list[MissingKey]


async def read(context: HandlerContext, _request: Nothing) -> Status:
    """Read whether the backend is ready, and for which categories.

    `incomplete` lists the keys that the configuration still lacks.
    """
    incomplete = [MissingKey(problem.key, problem.allowed) for problem in context.loaded.incomplete]
    return Status(context.workers.ready, list(context.workers.processes), incomplete)
