"""The states of an action in the ledger: a removal and an import go through everything that can happen to them.

The runner, the approvals, the quarantine, the ledger and its file are real; qBittorrent, the rules and the clocks are
stand-ins.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast, get_args

from msgspec import Struct
from msgspec.structs import replace
from structlog.testing import capture_logs

from qbitrr import ipc
from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.errors import UnreachableError
from qbitrr.qbittorrent.models import File
from qbitrr.qbittorrent.restore import TorrentSettings
from qbitrr.rules.facts import TorrentFacts, TorrentKey
from qbitrr.rules.hit_and_run import Clearance
from qbitrr.rules.quarantine import INSIDE
from qbitrr.rules.tags import TAG_IGNORED, TAG_QUARANTINE
from qbitrr.rules.verdict import Action, ActionState, Verdict, acts, stops
from qbitrr.state import breakers, ledger
from qbitrr.state.database import open_writer
from qbitrr.worker.config import worker_configs
from qbitrr.worker.context import WorkerContext
from qbitrr.worker.services import Services
from qbitrr.worker.torrents.actions.approvals import Approvals
from qbitrr.worker.torrents.actions.context import ActionContext
from qbitrr.worker.torrents.actions.runner import ActionRunner
from qbitrr.worker.torrents.answers import RememberedAnswers
from qbitrr.worker.torrents.chosen_seed import ChosenSeed
from qbitrr.worker.torrents.history import TorrentHistory
from tests.support.state import migrated
from tests.support.state_machines.drawing import Transition, diagram, in_order, table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from qbitrr.state.database import Database
    from qbitrr.state.ledger import Entry

_CONFIG = """
[Settings]
CompletedDownloadFolder = "/downloads"
Quarantine = "{quarantine}"
[qBit]
Host = "localhost"
[Radarr]
URI = "http://localhost"
APIKey = "k"
Category = "movies"
"""
_TORRENT = TorrentFacts(
    key=TorrentKey("qBit", "a" * 40),
    name="Some.Release",
    category="movies",
    tags=frozenset(),
    state="downloading",
    progress=0.5,
    left_bytes=500,
    size_bytes=1000,
    added_at=0.0,
    completed_at=None,
    last_activity_at=0.0,
    content_path="/downloads/Some.Release",
)
_FILE = "Some.Release.mkv"
_LONG_SECONDS = 10 * 86400.0
_NEW = "no action"
_FIRST, *_OTHERS = get_args(ActionState)
_STATES = [_NEW, _FIRST, INSIDE, *_OTHERS]

_TEXT = """\
## Actions

The states of an action in the ledger; [operations.md](operations.md#actions-that-await-approval) says what each means.
`quarantined` is the step of a `planned` removal that waits until its quarantine is over. A planned action is resumed
after every interruption, as often as it takes; a torrent has at most one action that is planned or awaits approval."""


def section() -> str:
    """The part of the page on actions."""
    found = transitions()
    return "\n\n".join((_TEXT, diagram(found, _NEW), table(found, "Calls to qBittorrent")))


def transitions() -> list[Transition]:
    """Everything that can happen, with the state after it and what qBittorrent was asked for."""
    return in_order(asyncio.run(_play()), _STATES, list(dict.fromkeys(scene.event for scene in _SCENES)))


async def _play() -> list[Transition]:
    found = []
    for scene in _SCENES:
        with tempfile.TemporaryDirectory() as folder, capture_logs() as logs:
            async with _worker(Path(folder), scene.quarantine) as worker:
                await scene.prepare(worker)
                before = await worker.state()
                worker.calls.clear()
                await scene.happen(worker)
                found.append(Transition(before, scene.event, await worker.state(), ", ".join(worker.calls)))
        broken = [entry for entry in logs if "exc_info" in entry]
        assert not broken, f"{scene.event}: {broken}"
    return found


class _Qbittorrent:
    """Has one torrent, and keeps the calls that change something."""

    def __init__(self, worker: _Worker) -> None:
        self._worker = worker

    async def torrents(self, _hashes: list[str]) -> dict[str, TorrentFacts]:
        found = self._worker.torrent
        return {found.infohash: found} if found else {}

    async def stop(self, _hashes: list[str]) -> None:
        self._change("stop", state="stoppedDL")

    async def start(self, _hashes: list[str]) -> None:
        self._change("start", state="downloading")

    async def add_tags(self, _hashes: list[str], tag: str) -> None:
        self._change("add tag", tags=frozenset({tag}))

    async def remove_tags(self, _hashes: list[str], _tag: str) -> None:
        self._change("remove tag", tags=frozenset())

    async def delete(self, _hashes: list[str], *, with_files: bool) -> None:
        assert with_files
        self._worker.calls.append("delete")
        self._worker.torrent = None

    async def add(self, _content: bytes, fields: dict[str, str]) -> None:
        assert fields["stopped"] == "true"
        self._worker.calls.append("add")
        self._worker.torrent = replace(_TORRENT, state="stoppedDL")

    async def settings(self, infohash: str) -> TorrentSettings:
        return TorrentSettings(infohash)

    async def trackers(self, _infohash: str) -> list[object]:
        return []

    async def export(self, _infohash: str) -> bytes:
        return b"torrent"

    async def content_paths(self) -> dict[str, str]:
        return {}

    async def files(self, _infohash: str) -> list[File]:
        return [File(0, _FILE, _TORRENT.size_bytes)]

    def _change(self, call: str, **changes: Any) -> None:
        self._worker.calls.append(call)
        if self._worker.torrent is not None:
            self._worker.torrent = replace(self._worker.torrent, **changes)


class _Context(ActionContext):
    """Reads the torrent of the stand-in. While `interrupted`, a service stops answering once an action is planned."""

    def __init__(self, worker: _Worker, parts: WorkerContext) -> None:
        ownership = SimpleNamespace(is_mine=lambda _: True, category_of=lambda _: "movies")
        seeding = SimpleNamespace(final_clearance=_granted, is_private=lambda _: False)
        history, answers = TorrentHistory(parts), RememberedAnswers(parts)
        super().__init__(
            parts, cast("Any", ownership), cast("Any", seeding), history, answers, None, None, ChosenSeed()
        )
        self.probe = cast("Any", SimpleNamespace(program="ffprobe", fault=_fault))
        self.interrupted = False
        self._worker = worker

    async def read(self, instance: str, infohash: str) -> TorrentFacts | None:
        return self._worker.torrent

    async def plan(self, *arguments: Any, **options: Any) -> Entry:
        entry = await super().plan(*arguments, **options)
        if self.interrupted:
            raise UnreachableError("qBit", "it does not answer")
        return entry


async def _granted(_torrent: TorrentFacts) -> Clearance:
    return Clearance(True, "nothing is owed")


async def _is_fresh() -> None:
    """The Arr's queue was read a moment ago."""


async def _fault(_paths: object) -> str:
    return "cannot be played"


class _Worker:
    """The parts of a worker that act, and what they act on."""

    def __init__(self, parts: WorkerContext) -> None:
        folder = Path(parts.config.state_file).parent
        (folder / _FILE).touch()
        self.torrent: TorrentFacts | None = replace(_TORRENT, save_path=str(folder))
        self.asks_for = Action.REMOVE
        self.calls: list[str] = []
        self.seconds = 0.0
        parts.services.qbittorrents["qBit"] = cast("Any", _Qbittorrent(self))
        self.services = parts.services
        self.database: Database = parts.database
        self.context = _Context(self, parts)
        key = _TORRENT.key
        poll = SimpleNamespace(present=lambda: {key}, answers=lambda _: True, wake=asyncio.Event())
        observer = SimpleNamespace(queue={}, queue_of=lambda _: None, refresh_queue=_is_fresh)
        judge = SimpleNamespace(judge=lambda _: self._verdict())
        self.runner = ActionRunner(self.context, cast("Any", poll), cast("Any", observer), cast("Any", judge))
        self.approvals = Approvals(self.context, self.runner)

    def _verdict(self) -> Verdict:
        wanted = self.asks_for is not Action.NOTHING
        return Verdict(("a_rule",), (acts(self.asks_for, "a reason") if wanted else stops("no reason"),))

    async def entry(self) -> Entry | None:
        entries = await ledger.of_torrent(self.database, _TORRENT.infohash)
        return entries[-1] if entries else None

    async def state(self) -> str:
        entry = await self.entry()
        if entry is None:
            return _NEW
        return INSIDE if entry.step == INSIDE and entry.state == "planned" else entry.state

    async def one_pass(self) -> None:
        """Resume what is open, else do what the verdict asks for; wait until it ended or was interrupted."""
        self.runner.retry_now()
        await self.runner.update(set())
        self.runner.resume()
        if not self.runner.busy:
            self.runner.submit([_TORRENT.key])
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    async def decide(self, decision: ipc.Approve | ipc.Discard | ipc.Undo) -> None:
        self.approvals.submit(decision)
        await self.approvals.carry_out()


@asynccontextmanager
async def _worker(folder: Path, quarantine_time: str) -> AsyncIterator[_Worker]:
    async with AsyncExitStack() as stack:
        state_file = migrated(folder / "state.db")
        database = await stack.enter_async_context(open_writer(state_file))
        loaded = load_text(_CONFIG.format(quarantine=quarantine_time), {})
        config = worker_configs(loaded.config, str(state_file), None)[0]
        clock = Clock(wall=lambda: worker.seconds, monotonic=lambda: worker.seconds)
        report = cast("Any", SimpleNamespace(failed=lambda: None))
        worker = _Worker(WorkerContext(config, Services(None, {}), database, report, clock))
        yield worker


# -- how an action gets into each state ---------------------------------------------------------------------------


async def _nothing(_worker: _Worker) -> None:
    """There is no action yet."""


async def _planned(worker: _Worker) -> None:
    worker.context.interrupted = True
    await worker.one_pass()
    worker.context.interrupted = False


async def _planned_import(worker: _Worker) -> None:
    worker.asks_for = Action.IMPORT
    await _planned(worker)


async def _awaiting(worker: _Worker) -> None:
    await breakers.write(worker.database, "movies", "too many removals", 0.0)
    await worker.runner.load()
    await worker.one_pass()


async def _quarantined(worker: _Worker) -> None:
    await worker.one_pass()
    await worker.one_pass()


async def _done(worker: _Worker) -> None:
    await worker.one_pass()


async def _done_after_quarantine(worker: _Worker) -> None:
    await _quarantined(worker)
    await _time_is_over(worker)


async def _failed(worker: _Worker) -> None:
    worker.asks_for = Action.IMPORT
    await worker.one_pass()


async def _cancelled(worker: _Worker) -> None:
    await _planned(worker)
    await _no_longer_asked_for(worker)


async def _undone(worker: _Worker) -> None:
    await _quarantined(worker)
    await _undo(worker)


# -- what can happen ----------------------------------------------------------------------------------------------


async def _carried_out(worker: _Worker) -> None:
    await worker.one_pass()


async def _no_longer_asked_for(worker: _Worker) -> None:
    worker.asks_for = Action.NOTHING
    await worker.one_pass()


async def _became_complete(worker: _Worker) -> None:
    worker.torrent = replace(_TORRENT, completed_at=1.0, left_bytes=0, progress=1.0)
    await worker.one_pass()


async def _without_its_qbittorrent(worker: _Worker) -> None:
    worker.services.qbittorrents.clear()
    await worker.runner.load()


async def _approve(worker: _Worker) -> None:
    await worker.decide(ipc.Approve())


async def _discard(worker: _Worker) -> None:
    await worker.decide(ipc.Discard())


async def _undo(worker: _Worker) -> None:
    entry = await worker.entry()
    assert entry is not None
    await worker.decide(ipc.Undo(entry.id))


async def _time_is_over(worker: _Worker) -> None:
    worker.seconds += _LONG_SECONDS
    await worker.one_pass()


def _changed_by_user(**changes: Any) -> Callable[[_Worker], Awaitable[None]]:
    async def change(worker: _Worker) -> None:
        assert worker.torrent is not None
        worker.torrent = replace(worker.torrent, **changes)
        await worker.one_pass()

    return change


class _Scene(Struct, frozen=True):
    """Something that happens to an action after what `prepare` did."""

    prepare: Callable[[_Worker], Awaitable[None]]
    event: str
    happen: Callable[[_Worker], Awaitable[None]]
    quarantine: str = "0"


_SCENES = (
    _Scene(_nothing, "a rule asks for it", _planned),
    _Scene(_nothing, "a rule asks for one removal too many", _awaiting),
    _Scene(_planned, "its last step succeeds", _carried_out),
    _Scene(_planned_import, "a step shows that it is impossible", _carried_out),
    _Scene(_planned, "no rule asks for it any more", _no_longer_asked_for),
    _Scene(_planned, "a safety check fails", _became_complete),
    _Scene(_planned, "its qBittorrent is no longer configured", _without_its_qbittorrent),
    _Scene(_planned, "Quarantine is on", _quarantined, "1d"),
    _Scene(_awaiting, "approve", _approve),
    _Scene(_awaiting, "discard", _discard),
    _Scene(_awaiting, "no rule asks for it any more", _no_longer_asked_for),
    _Scene(_awaiting, "its qBittorrent is no longer configured", _without_its_qbittorrent),
    _Scene(_quarantined, "its quarantine is over", _time_is_over, "1d"),
    _Scene(_quarantined, "the user starts the torrent", _changed_by_user(state="downloading"), "1d"),
    _Scene(_quarantined, "the user removes the tag", _changed_by_user(tags=frozenset()), "1d"),
    _Scene(
        _quarantined,
        "the user adds a protect tag",
        _changed_by_user(tags=frozenset({TAG_QUARANTINE, TAG_IGNORED})),
        "1d",
    ),
    _Scene(_quarantined, "a safety check fails", _became_complete, "1d"),
    _Scene(_quarantined, "undo", _undo, "1d"),
    _Scene(_done_after_quarantine, "undo", _undo, "1d"),
    _Scene(_done, "undo, without a quarantine before", _undo),
    _Scene(_failed, "undo", _undo),
    _Scene(_cancelled, "undo", _undo),
    _Scene(_undone, "undo", _undo, "1d"),
)
