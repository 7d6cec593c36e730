"""What was done to a torrent, from its entries in the ledger."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec resolves the types of fields
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from qbitrr.rules.adjustment import Adjustment  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules.files import Selection  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules.imports import ImportProof  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules.supersession import Supersession  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules.verdict import DESTRUCTIVE, Action

BY_A_PERSON = "a person "
"""Beginning of the outcome of an action that the user stopped."""
ADDED_AGAIN = "added again"
"""Beginning of the outcome of a removal that was undone after it."""
DISCARDED = f"{BY_A_PERSON}decided against it"
LEFT = f"{BY_A_PERSON}answered to leave it"


class ImportFacts(Struct, frozen=True, gc=False):
    """Imports of a torrent so far."""

    imported: bool = False
    failures: int = 0
    failed_at: float | None = None
    checks: int = 0
    checked_at: float | None = None
    """How often and when the Arr's history was read for it."""


class History(Struct, frozen=True, gc=False):
    """What was done to a torrent, and what was found out about it since the worker started."""

    imports: ImportFacts = ImportFacts()
    rechecks: int = 0
    rechecked_at: float | None = None
    acted_at: float | None = None
    """When qbitrr last changed something that takes time to show."""
    searched_again: bool = False
    """Its release was blocklisted and its item searched again while it stayed (`ReSearchStalled`)."""
    proof: ImportProof | None = None
    """What the Arr's history said of it the last time; None until it was read."""
    faults: Mapping[str, str] | None = None
    """What ffprobe found wrong with the files that the Arr refuses, by name; None until it was asked."""
    discarded_at: float | None = None
    """When the user decided against its removal."""
    left: frozenset[str] = frozenset()
    """Rules that asked, and were answered to leave it."""
    quarantined_until: float | None = None
    """When the quarantine ends in which a removal of it waits; None when it is in none."""
    unplayable: str = ""
    """What ffprobe found wrong with one of its media files, when none of them can be played."""
    adjusted: Adjustment | None = None
    adjusted_at: float | None = None
    """The last change of its limits, tags and trackers, and when it was made."""
    supersession: Supersession | None = None
    supersession_checked_at: float | None = None
    """What the Arr said of its place in the library, and when it was asked."""
    selection: Selection | None = None
    """What its file list says; None until it was checked."""


NOTHING_DONE = History()


def after(history: History, action: str, state: str, at: float, outcome: str | None, rule: str = "") -> History:
    """Add one more action by a rule, which ended at `at` (epoch seconds) in a state of the ledger."""
    changes: dict[str, Any] = {}
    if outcome == LEFT:
        history = replace(history, left=history.left | {rule})
    if action in DESTRUCTIVE and (state == "undone" or (outcome or "").startswith(BY_A_PERSON)):
        changes = {"discarded_at": at}
        if action == Action.FAIL and (outcome or "").startswith(ADDED_AGAIN):  # the Arr counts the download as failed
            changes["searched_again"] = True
    elif action == Action.IMPORT:
        changes = {"imports": _imports(history.imports, state, at)}
    elif action == Action.FAIL_REST and state == "done":
        changes = {"imports": replace(history.imports, imported=True)}
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
