"""`arr`: the Arrs, restarting their workers, reading their libraries anew."""

from typing import Annotated

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.shared import Nothing
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
    """Which worker is to be restarted."""

    section: Annotated[str, Meta(description="Category of the Arr, or the name of its section.")]


class Message(Struct, frozen=True):
    """What was begun, as a sentence."""

    message: str


async def read(context: HandlerContext, _request: Nothing) -> Arrs:
    """The Arrs that have a worker, with their types."""
    processes = context.supervisor.processes.values()
    arrs = [arr for process in processes if (arr := process.config.arr_section) is not None]
    return Arrs([ArrView(arr.category, display_name(arr.section), arr.kind) for arr in arrs], context.supervisor.ready)


async def restart(context: HandlerContext, request: RestartRequest) -> Message:
    """Replace the worker of an Arr by a fresh process.

    Answers at once; what the old process was doing is taken up by the new one.
    """
    category = category_of(context, request.section)
    context.supervisor.restart(category)
    return Message(f"Restart triggered for {category}")


async def rebuild(context: HandlerContext, _request: Nothing) -> Message:
    """Read the libraries of all Arrs anew.

    Answers at once. The lists stay as they are until the new ones are whole; search history and ledger are kept.
    """
    all_workers(context)
    context.supervisor.rebuild()
    return Message("Rebuild triggered for all Arr instances")
