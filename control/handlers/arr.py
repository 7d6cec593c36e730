"""`arr`: the Arrs, a restart of their workers, and a rebuild of their catalogues."""

from msgspec import Struct

from control.context import HandlerContext
from control.handlers import searches
from control.handlers.shared import Category, Message, Nothing
from control.worker_lookup import all_workers, category_of, display_name, send
from qbitrr import ipc
from qbitrr.config.model.key import ArrKind


class ArrView(Struct, frozen=True, rename="camel"):
    """One Arr. Its budget allows `searchesLeft` searches now, negative after some that could not wait.

    `listSeconds` is how long it computed the slowest of its lists the last time, before it sent it; null before that.
    """

    category: str
    name: str
    type: ArrKind
    searches_left: int
    searches_per_hour: int
    list_seconds: float | None


class Arrs(Struct, frozen=True):
    """All Arrs that have a worker."""

    arr: list[ArrView]
    ready: bool


class ArrRequest(Struct, frozen=True):
    """The Arr that is meant, or its worker."""

    section: Category


async def read(context: HandlerContext, _request: Nothing) -> Arrs:
    """List the Arrs that have a worker, with their types and what is left of their search budgets."""
    processes = context.workers.processes.values()
    views = [
        ArrView(
            category=arr.category,
            name=display_name(arr.section),
            type=arr.kind,
            searches_left=await searches.left(context, arr.category),
            searches_per_hour=arr.entry_search.searches_per_hour,
            list_seconds=max(process.last_report.counters.first_byte_seconds.values(), default=None),
        )
        for process in processes
        if (arr := process.config.arr_section) is not None
    ]
    return Arrs(views, context.workers.ready)


async def restart(context: HandlerContext, request: ArrRequest) -> Message:
    """Replace the worker process of an Arr.

    Answers at once; the new process resumes what the old one was doing.
    """
    category = category_of(context, request.section)
    context.workers.restart(category)
    return Message(f"Restart triggered for {category}")


async def read_settings(context: HandlerContext, request: ArrRequest) -> Message:
    """Have the settings of an Arr read again, and what in them contradicts ours reported.

    Answers at once; the inbox follows when they were read. They are read each hour without it.
    """
    category = category_of(context, request.section)
    send(context, category, ipc.ReadSettings())
    return Message(f"The settings of {category} are read again")


async def rebuild(context: HandlerContext, _request: Nothing) -> Message:
    """Read the libraries of all Arrs again, as a whole.

    Answers at once. The lists stay as they are until the new ones are complete; search history and ledger are kept.
    """
    all_workers(context)
    context.workers.rebuild()
    return Message("Rebuild triggered for all Arr instances")
