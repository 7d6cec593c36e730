"""`inbox`: everything that waits for the user."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from control.context import HandlerContext
from control.handlers import imports
from control.handlers.shared import Nothing
from control.web.answers import moment
from qbitrr.state import breakers, ledger, verdict_list
from supervisor.lifecycle import Phase

Matter = Literal["approval", "ask", "worker", "service", "setting", "import", "failed", "configuration", "update"]

_MOST_TORRENTS = 50
_FAILED_SECONDS = 86400.0
_PATIENCE_SECONDS = 60.0  # a service that is away for less comes back by itself
_TROUBLED = frozenset({Phase.DEGRADED, Phase.HELD, Phase.HANGING})


class InboxEntry(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One matter. `text` is the reason in the words of its source, `remedy` what the user can do when that is known.

    approval: `number` removals wait for it. ask: a rule asks whether to do `action` (id `number`); an answer can be
    remembered for `tracker`. worker: it is degraded, hangs, or needs the user. service: the worker waits for one.
    setting: one of the Arr contradicts ours. import: the Arr leaves a complete torrent of `instance` to the user, who
    may give one of the `answers`.
    failed: an action on a torrent. configuration: the key `name` is to be filled in. update: to version `name`.
    """

    matter: Matter
    category: str = ""
    name: str = ""
    text: str = ""
    remedy: str = ""
    number: int = 0
    hash: str = ""
    instance: str = ""
    answers: tuple[str, ...] = ()
    action: str = ""
    tracker: str = ""
    since: datetime | None = None


class Inbox(Struct, frozen=True):
    """What waits for the user, the most urgent first; of torrents at most 50 each that cannot be imported or failed."""

    entries: list[InboxEntry]


async def read(context: HandlerContext, _request: Nothing) -> Inbox:
    """List everything that waits for the user."""
    return Inbox(
        [
            *await _approvals(context),
            *await _asks(context),
            *_workers(context),
            *_settings(context),
            *_configuration(context),
            *await _imports(context),
            *await _failed(context),
            *_update(context),
        ]
    )


async def _approvals(context: HandlerContext) -> list[InboxEntry]:
    waiting = await ledger.awaiting_approval(context.database)
    tripped = await breakers.tripped(context.database)
    return [
        InboxEntry("approval", category, text=because, number=waiting.get(category, 0))
        for category, because in tripped.items()
        if category in context.workers.processes
    ]


async def _asks(context: HandlerContext) -> list[InboxEntry]:
    return [
        InboxEntry(
            "ask",
            one.category,
            one.name,
            one.because,
            number=one.id,
            hash=one.infohash,
            action=one.action,
            tracker=one.notes.get("tracker", ""),
            since=moment(one.planned_at),
        )
        for one in await ledger.asked(context.database, _MOST_TORRENTS)
        if one.category in context.workers.processes
    ]


def _workers(context: HandlerContext) -> list[InboxEntry]:
    entries = []
    for category, process in context.workers.processes.items():
        last, since = process.last_report, process.phase_since
        if process.state.phase in _TROUBLED and last.waiting_for != "approval":
            text = last.last_error or ""
            entries.append(InboxEntry("worker", category, str(process.state.phase), text, since=moment(since)))
        elif process.state.phase is Phase.WAITING and context.clock.wall() - since > _PATIENCE_SECONDS:
            entries.append(
                InboxEntry("service", category, last.waiting_for or "", last.last_error or "", since=moment(since))
            )
    return entries


def _settings(context: HandlerContext) -> list[InboxEntry]:
    return [
        InboxEntry("setting", category, one.kind, one.text, one.remedy)
        for category, process in context.workers.processes.items()
        for one in process.last_report.contradictions or ()
    ]


def _configuration(context: HandlerContext) -> list[InboxEntry]:
    return [
        InboxEntry("configuration", name=problem.key, text=problem.allowed) for problem in context.loaded.incomplete
    ]


async def _imports(context: HandlerContext) -> list[InboxEntry]:
    stuck = await verdict_list.because(context.database, imports.REASONS, _MOST_TORRENTS)
    return [
        InboxEntry(
            "import",
            one.category,
            one.name,
            one.because,
            hash=one.infohash,
            instance=one.instance,
            answers=imports.answers(one.rule, one.because),
            since=moment(one.since),
        )
        for one in stuck
        if one.category in context.workers.processes
    ]


async def _failed(context: HandlerContext) -> list[InboxEntry]:
    lately = ledger.LedgerFilter(state="failed", since=context.clock.wall() - _FAILED_SECONDS)
    return [
        InboxEntry(
            "failed",
            one.category,
            one.name,
            one.outcome or one.because,
            hash=one.infohash,
            since=moment(one.updated_at),
        )
        for one in await ledger.page(context.database, _MOST_TORRENTS, lately)
    ]


def _update(context: HandlerContext) -> list[InboxEntry]:
    newer = context.checker.available
    return [] if newer is None else [InboxEntry("update", name=f"v{newer.version}")]
