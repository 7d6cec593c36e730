"""`arr`: the Arrs, a restart of their workers, and a rebuild of their catalogues."""

from msgspec import Struct

from control.context import HandlerContext
from control.handlers.shared import Category, Message, Nothing
from control.worker_lookup import all_workers, category_of, display_name
from qbitrr.config.model.key import ArrKind


class ArrView(Struct, frozen=True):
    """One Arr."""

    category: str
    name: str
    type: ArrKind


class Arrs(Struct, frozen=True):
    """All Arrs that have a worker."""

    arr: list[ArrView]
    ready: bool


class RestartRequest(Struct, frozen=True):
    """The worker to restart."""

    section: Category


async def read(context: HandlerContext, _request: Nothing) -> Arrs:
    """List the Arrs that have a worker, with their types."""
    processes = context.workers.processes.values()
    arrs = [arr for process in processes if (arr := process.config.arr_section) is not None]
    return Arrs([ArrView(arr.category, display_name(arr.section), arr.kind) for arr in arrs], context.workers.ready)


async def restart(context: HandlerContext, request: RestartRequest) -> Message:
    """Replace the worker process of an Arr.

    Answers at once; the new process resumes what the old one was doing.
    """
    category = category_of(context, request.section)
    context.workers.restart(category)
    return Message(f"Restart triggered for {category}")


async def rebuild(context: HandlerContext, _request: Nothing) -> Message:
    """Read the libraries of all Arrs again, as a whole.

    Answers at once. The lists stay as they are until the new ones are complete; search history and ledger are kept.
    """
    all_workers(context)
    context.workers.rebuild()
    return Message("Rebuild triggered for all Arr instances")
