"""What the ledger's entries on a torrent add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from qbitrr.rules.facts import ImportFacts
from qbitrr.rules.verdict import DESTRUCTIVE, Action

if TYPE_CHECKING:
    from qbitrr.rules.facts import History

BY_A_PERSON = "a person "
"""How the outcome of an action begins that a person has stopped."""
DISCARDED = f"{BY_A_PERSON}decided against it"


def after(history: History, action: str, state: str, at: float, outcome: str | None) -> History:
    """The history after one more action that ended at `at` (epoch seconds) in a state of the ledger."""
    changes: dict[str, Any] = {}
    if action in DESTRUCTIVE and (state == "undone" or (outcome or "").startswith(BY_A_PERSON)):
        changes = {"discarded_at": at}
    elif action == Action.IMPORT:
        changes = {"imports": _imports(history.imports, state, at)}
    elif action == Action.RECHECK and state == "done":
        changes = {"rechecks": history.rechecks + 1, "rechecked_at": at, "acted_at": at}
    elif action == Action.SEARCH_AGAIN and state == "done":
        changes = {"searched_again": True}
    return replace(history, **changes)


def _imports(imports: ImportFacts, state: str, at: float) -> ImportFacts:
    if state == "done":
        return ImportFacts(imported=True)
    if state == "failed":
        return replace(imports, failures=imports.failures + 1, failed_at=at)
    return imports
