"""`inbox`: everything that waits for the user."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from control.context import HandlerContext
from control.handlers import imports
from control.handlers.processes import ProcessView
from control.handlers.shared import Nothing
from control.web.answers import moment
from qbitrr import units
from qbitrr.config.model import runnable_qbits
from qbitrr.state import breakers, free_space, ledger, orphans, verdict_list
from qbitrr.worker.report import STATE_FILE
from supervisor.lifecycle import Phase

Matter = Literal[
    "approval",
    "ask",
    "credentials",
    "worker",
    "disk",
    "space",
    "service",
    "setting",
    "other_tool",
    "configuration",
    "import",
    "failed",
    "orphans",
    "update",
]

_APPROVAL = "approval"  # what a worker waits for whose breaker tripped
_MOST_TORRENTS = 50
_FAILED_SECONDS = 86400.0
_PATIENCE_SECONDS = 60.0  # a service that is away for less comes back by itself
_TROUBLED = frozenset({Phase.DEGRADED, Phase.HELD, Phase.HANGING})


class InboxEntry(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One matter. `text` is the reason in the words of its source, `remedy` what the user can do when that is known.

    approval: `number` removals wait for it. ask: a rule asks whether to do `action` (id `number`); an answer can be
    remembered for `tracker`. credentials: the service `name` refuses the key or the password. worker: it is degraded,
    hangs, or needs the user. disk: one cannot be read or written. space: `number` downloads of the qBittorrent `name`
    are paused until there is room. service: the worker waits for one. setting: one of the Arr contradicts ours, `words`
    are the Arr's own. other_tool: another program does there what qbitrr does. configuration: the key `name` is to be
    filled in. import: the Arr leaves a complete torrent of `instance` to the user, who may give one of the `answers`.
    orphans: `number` files belong to no torrent, and may be moved aside. failed: an action on a torrent. update: to
    version `name`.
    """

    matter: Matter
    category: str = ""
    name: str = ""
    text: str = ""
    remedy: str = ""
    words: str = ""
    number: int = 0
    hash: str = ""
    instance: str = ""
    answers: tuple[str, ...] = ()
    action: str = ""
    tracker: str = ""
    since: datetime | None = None


class WorkerChange(Struct, frozen=True):
    """A worker that changed, and what of it waits for the user; approvals are matters of their own."""

    view: ProcessView
    entry: InboxEntry | None = None

    @property
    def awaits_approval(self) -> bool:
        """Whether the user is asked about removals."""
        return self.view.waiting_for == _APPROVAL


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
            *_concerns(context),
            *await _space(context),
            *_settings(context),
            *_configuration(context),
            *await _imports(context),
            *await _orphans(context),
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
    return [entry for category in context.workers.processes if (entry := of_worker(context, category))]


def of_worker(context: HandlerContext, category: str) -> InboxEntry | None:
    """What is wrong with a worker or with what it waits for; None when nothing is, or not for long."""
    process = context.workers.processes[category]
    last, since, phase = process.last_report, process.phase_since, process.state.phase
    service, text = last.waiting_for or "", last.last_error or ""
    if phase in _TROUBLED and service != _APPROVAL:
        if phase is Phase.HELD and service in _credentials(context, category):
            remedy = f"Correct {_credentials(context, category)[service]} of {service}"
            return InboxEntry("credentials", category, service, text, remedy, since=moment(since))
        return InboxEntry("worker", category, str(phase), text, since=moment(since))
    if phase is Phase.WAITING and context.clock.wall() - since > _PATIENCE_SECONDS:
        if service == STATE_FILE:
            remedy = "Make room on its disk, or make the data folder writable: nothing is done meanwhile"
            return InboxEntry("disk", category, service, text, remedy, since=moment(since))
        return InboxEntry("service", category, service, text, since=moment(since))
    return None


def _credentials(context: HandlerContext, category: str) -> dict[str, str]:
    """The keys of the services of a worker that prove who calls, by section of the configuration."""
    keys = {qbit.section: "UserName and Password, or ApiKey," for qbit in runnable_qbits(context.loaded.config)}
    if (arr := context.workers.processes[category].config.arr_section) is not None:
        keys |= {arr.section: "APIKey", "Prowlarr": "APIKey"}
    return keys


def _concerns(context: HandlerContext) -> list[InboxEntry]:
    return [
        InboxEntry("disk" if one.kind == "disk" else "other_tool", category, one.name, one.text, one.remedy)
        for category, process in context.workers.processes.items()
        for one in process.last_report.concerns
    ]


async def _space(context: HandlerContext) -> list[InboxEntry]:
    sections = {qbit.section for qbit in runnable_qbits(context.loaded.config)}
    free = context.loaded.config.settings.free_space_bytes
    text = f"They would not fit and leave {units.format_size(free)} free (FreeSpace)"
    remedy = "Make room, or lower FreeSpace: they start again by themselves"
    return [
        InboxEntry("space", name=instance, text=text, remedy=remedy, number=number, since=moment(since))
        for instance, (number, since) in (await free_space.paused_counts(context.database)).items()
        if instance in sections and free > 0
    ]


def _settings(context: HandlerContext) -> list[InboxEntry]:
    return [
        InboxEntry("setting", category, one.kind, one.text, one.remedy, one.words)
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


async def _orphans(context: HandlerContext) -> list[InboxEntry]:
    settings = context.loaded.config.settings.orphans
    waiting = await orphans.waiting(context.database) if settings.mode == "ask" else None
    if waiting is None:
        return []
    files, size, since = waiting
    text = f"They have {units.rounded_size(size)}; no torrent has known them for Orphans.MinimumAge"
    remedy = "They can be restored from .qbitrr-orphans once they are moved there"
    return [
        InboxEntry("orphans", text=text, remedy=remedy, number=files, answers=("move", "leave"), since=moment(since))
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
        for one in (await ledger.page(context.database, _MOST_TORRENTS, lately)).entries
    ]


def _update(context: HandlerContext) -> list[InboxEntry]:
    newer = context.checker.available
    return [] if newer is None else [InboxEntry("update", name=f"v{newer.version}")]
