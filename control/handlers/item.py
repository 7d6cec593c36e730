"""`arr/<section>/items/<id>/history`: how often an item was searched, and what became of its downloads."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.decisions import Decision, decision
from control.handlers.shared import Category
from control.web.answers import moment
from control.web.errors import invalid
from control.worker_lookup import category_of
from qbitrr.rules.verdict import Action
from qbitrr.state import ledger, searches

_MOST_ENTRIES = 100
_MOST_DIGITS = 18  # of an id; more of them exceed the integers of SQLite
_IMPORTS = frozenset({Action.IMPORT, Action.MANUAL_IMPORT})
_FAILURES = frozenset({Action.FAIL, Action.FAIL_REST, Action.SEARCH_AGAIN})


class ItemHistoryRequest(Struct, frozen=True):
    """The item that is meant."""

    section: Category
    id: Annotated[
        str, Meta(description="Id of the movie, the episode or the album in its Arr.", pattern="^[0-9]{1,18}$")
    ]


class ItemHistory(Struct, frozen=True, rename="camel"):
    """What is known of an item: by the newest 20,000 actions of the ledger.

    It was searched `searches` times since it was last complete. Of `downloads`, which are those of which something was
    done, some were `imported` and some `failed`; the reasons are in the `decisions`, the newest first, at most 100.
    """

    searches: int
    searched_at: datetime | None
    downloads: int
    imported: int
    failed: int
    decisions: list[Decision]


async def history(context: HandlerContext, request: ItemHistoryRequest) -> ItemHistory:
    """Read how often an item was searched, how many downloads came of it, and why some of them were of no use."""
    category, item_id = category_of(context, request.section), item_id_of(request)
    tries, at = await searches.tries(context.database, category, item_id)
    entries = await ledger.of_item(context.database, category, item_id, _MOST_ENTRIES)
    done = [entry for entry in entries if entry.state == "done"]
    return ItemHistory(
        searches=tries,
        searched_at=None if at is None else moment(at),
        downloads=len({entry.key for entry in entries}),
        imported=len({entry.key for entry in done if entry.action in _IMPORTS}),
        failed=len({entry.key for entry in done if entry.action in _FAILURES}),
        decisions=[decision(entry) for entry in entries],
    )


def item_id_of(request: ItemHistoryRequest) -> int:
    """Return the id of the item that a request is about. Raises BadRequestError."""
    if not (request.id.isascii() and request.id.isdigit() and len(request.id) <= _MOST_DIGITS):
        raise invalid("id", request.id, "Must be the id of an item")
    return int(request.id)
