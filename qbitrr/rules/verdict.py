"""Outcome of judging a torrent: what to do with it, by which rule, and what becomes of that."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

from msgspec import Struct
from msgspec.structs import replace

from qbitrr.rules.facts import TorrentKey  # noqa: TC001 - msgspec resolves the types of fields


class Action(StrEnum):
    """What is to be done. Only `worker.act` does it."""

    NOTHING = "nothing"
    ASK = "ask"
    """Ask the user whether to do what the finding `would` do."""
    IMPORT = "import"
    MANUAL_IMPORT = "manual_import"
    """Send the Arr what is certain of a download that it leaves to the user."""
    CHECK_IMPORT = "check_import"
    CHECK_FILES = "check_files"
    CHECK_SUPERSEDED = "check_superseded"
    """Ask the Arr whether later imports replaced what this download brought."""
    SKIP_FILES = "skip_files"
    DELETE_FILES = "delete_files"
    TAG_STALLED = "tag_stalled"
    UNTAG_STALLED = "untag_stalled"
    TAG_USELESS = "tag_useless"
    RECHECK = "recheck"
    SEARCH_AGAIN = "search_again"
    ADJUST = "adjust"
    FAIL = "fail"
    FAIL_REST = "fail_rest"
    REMOVE = "remove"
    RELEASE = "release"
    PAUSE = "pause"
    RESUME = "resume"
    SORT = "sort"


DESTRUCTIVE = frozenset({Action.FAIL, Action.REMOVE})
"""What takes a torrent out of its client: delayed by the quarantine."""
COUNTED = DESTRUCTIVE | {Action.SEARCH_AGAIN, Action.DELETE_FILES, Action.FAIL_REST}
"""What the breaker counts: it deletes something, or blocklists a release."""
PRELIMINARY = frozenset(
    {Action.ADJUST, Action.SKIP_FILES, Action.DELETE_FILES, Action.UNTAG_STALLED, Action.SEARCH_AGAIN}
)
"""Once it is done, the rule that asks for it passes, and those behind it are asked."""
CHECKS = frozenset({Action.CHECK_IMPORT, Action.CHECK_FILES, Action.CHECK_SUPERSEDED})
"""What only reads."""
DELETING = DESTRUCTIVE | {Action.DELETE_FILES}
"""What deletes a torrent or files of it."""

OpenState = Literal["planned", "awaiting_approval"]
EndState = Literal["done", "failed", "cancelled", "undone"]
ActionState = Literal[OpenState, EndState]
"""State of an action in the ledger."""
OPEN: tuple[OpenState, ...] = get_args(OpenState)
"""States of an action that has not ended. At most one action on a torrent is open."""


class Outcome(StrEnum):
    """Outcome of one rule."""

    PASS = "pass"  # noqa: S105 - the rule does not apply, the next one is asked
    STOP = "stop"  # nothing is to be done
    ACT = "act"


VerdictIdentity = tuple[str, Action, str]


class Finding(Struct, frozen=True):
    """Result of one rule for one torrent.

    `because` holds no changing numbers, as a changed reason is another verdict. The numbers, with units in their
    names, are in `facts`. `revisit_at` (epoch seconds) is when time alone may change the finding. `would` is what the
    rule would do if it were allowed to: what the user is asked about, or what is recorded of a rule in Shadow.
    """

    outcome: Outcome
    because: str
    facts: dict[str, Any] = {}
    action: Action = Action.NOTHING
    revisit_at: float | None = None
    would: Action = Action.NOTHING


class Decision(Struct, frozen=True):
    """What is to be done with a torrent and why, as it is written to the ledger, or in Shadow beside it.

    `added_at` (epoch seconds) tells the torrent from an earlier one with the same key. `action` is an `Action`, or one
    of another version in an old entry.
    """

    category: str
    key: TorrentKey
    name: str
    added_at: float
    action: str
    rule: str
    because: str
    facts: dict[str, Any]

    @property
    def instance(self) -> str:
        """The qBittorrent that has the torrent."""
        return self.key.instance

    @property
    def infohash(self) -> str:
        """The infohash of the torrent."""
        return self.key.infohash


class TraceStep(NamedTuple):
    """Finding of one rule."""

    rule: str
    finding: Finding


class Verdict(Struct, frozen=True):
    """What to do with a torrent, by which rule, and the findings of all rules asked before it.

    `rules` are names in the order in which they are asked; the last finding is of the rule that decided.
    """

    rules: tuple[str, ...]
    findings: tuple[Finding, ...]
    needs_privacy: bool = False
    """A rule may decide otherwise once it is known whether the torrent is private."""

    @property
    def trace(self) -> tuple[TraceStep, ...]:
        """The finding of each rule that was asked."""
        return tuple(map(TraceStep, self.rules, self.findings))

    @property
    def last(self) -> TraceStep:
        """The rule that decided."""
        return TraceStep(self.rules[len(self.findings) - 1], self.findings[-1])

    @property
    def action(self) -> Action:
        """What to do."""
        return self.findings[-1].action

    @property
    def acting(self) -> list[TraceStep]:
        """The rules that ask for an action: one at most, except under Shadow."""
        asked = zip(self.rules, self.findings, strict=False)
        return [TraceStep(rule, found) for rule, found in asked if found.outcome is Outcome.ACT]

    @property
    def proposed(self) -> list[TraceStep]:
        """The rules that ask for an action, or would if they were not in Shadow or left to the user."""
        asked = zip(self.rules, self.findings, strict=False)
        return [
            TraceStep(rule, found)
            for rule, found in asked
            if found.outcome is Outcome.ACT or found.would is not Action.NOTHING
        ]

    @property
    def revisit_at(self) -> float | None:
        """When to judge again although nothing changed, in epoch seconds: when time alone may change a finding."""
        return min([at for found in self.findings if (at := found.revisit_at) is not None], default=None)

    def as_trace(self) -> list[dict[str, Any]]:
        """List the findings for storing and display."""
        return [
            {"rule": rule, "outcome": str(found.outcome), "because": found.because, "facts": found.facts}
            for rule, found in self.trace
        ]

    @property
    def identity(self) -> VerdictIdentity:
        """Rule, action and reason: a verdict is stored again when one of them changes."""
        decided = self.findings[-1]
        return self.rules[len(self.findings) - 1], decided.action, decided.because


def passes(because: str, revisit_at: float | None = None, **facts: Any) -> Finding:
    """Find that the rule does not apply."""
    if not facts and revisit_at is None:
        return _passes(because)
    return Finding(Outcome.PASS, because, facts, revisit_at=revisit_at)


@lru_cache(maxsize=256)
def _passes(because: str) -> Finding:
    """The finding of most rules on most torrents, made once."""
    return Finding(Outcome.PASS, because)


def stops(because: str, revisit_at: float | None = None, **facts: Any) -> Finding:
    """Find that the rule applies and nothing is to be done."""
    return Finding(Outcome.STOP, because, facts, revisit_at=revisit_at)


def asks(finding: Finding) -> Finding:
    """Find that the user is to be asked before what a rule asks for is done; anything else stays as it is."""
    if finding.outcome is not Outcome.ACT or finding.action is Action.ASK:
        return finding
    return replace(finding, action=Action.ASK, would=finding.action)


def acts(action: Action, because: str, **facts: Any) -> Finding:
    """Find that the rule applies and asks for an action."""
    return Finding(Outcome.ACT, because, facts, action)
