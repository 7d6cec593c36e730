"""Questions of the supervisor that take a worker some time, answered beside its passes, a few at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr import ipc, logs
from qbitrr.clock import from_iso
from qbitrr.errors import GoneError, ServiceError
from qbitrr.rules.verdict import COUNTED, DELETING
from qbitrr.worker import config as configuration
from qbitrr.worker.torrents.policy import Policies, file_rules_of, fingerprint, policy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator

    from msgspec import Raw

    from qbitrr.arr.models import HistoryRecord
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.verdict import Verdict
    from qbitrr.worker.config import WorkerConfig
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.torrents.judge import Judge
    from qbitrr.worker.torrents.poll import Poll
    from qbitrr.worker.torrents.room import RoomMaker

_log = logs.get(__name__)

_MOST_AT_ONCE = 4
_SECONDS = 10.0
_MOST_FILE_BYTES = 128 * 1024  # of paths in one message
_MOST_EVENTS = 300
_LONGEST_TEXT = 200  # characters
_JUDGED_AT_ONCE = 100
_MOST_OTHERS = 50
_HARMS = DELETING | COUNTED

SlowQuestion = ipc.ReadFiles | ipc.ReadEvents | ipc.ReadItemEvents | ipc.Compare | ipc.PlanRoom


class Questions:
    """Answers questions about the torrents of one worker. One beyond the limit is not answered: its asker waits no
    longer than it is ready to.
    """

    def __init__(self, context: WorkerContext, poll: Poll, judge: Judge, room: RoomMaker | None) -> None:
        self._config = context.config
        self._arr = context.services.arr_client
        self._clients = context.services.qbittorrents
        self._report = context.report
        self._poll = poll
        self._judge = judge
        self._room = room
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, question: SlowQuestion) -> None:
        """Answer a question as soon as its answer is known."""
        if len(self._tasks) >= _MOST_AT_ONCE:
            _log.warning("question was dropped", question=type(question).__name__, because="others are being answered")
            return
        task = asyncio.create_task(self._answer(question), name=f"question {question.request}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancel what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, question: SlowQuestion) -> None:
        answer: Coroutine[None, None, ipc.Answer]
        match question:
            case ipc.ReadFiles(request, infohash):
                answer = self._files(request, infohash)
            case ipc.ReadEvents(request, infohash):
                answer = self._events(request, infohash)
            case ipc.ReadItemEvents(request, item_id):
                answer = self._item_events(request, item_id)
            case ipc.Compare(request, config):
                answer = self._compare(request, config)
            case ipc.PlanRoom(request, lacks_bytes):
                answer = self._plan_room(request, lacks_bytes)
        try:
            async with asyncio.timeout(_SECONDS):
                self._report.answer(await answer)
        except TimeoutError:
            _log.warning("question was not answered in time", question=type(question).__name__)
        except Exception:  # noqa: BLE001 - a border: a question must not end the worker
            self._report.failed()
            _log.exception("question failed", question=type(question).__name__)

    def _seen(self, infohash: str) -> list[TorrentFacts]:
        keys = (key for key in self._poll.present() if key.infohash == infohash)
        return [facts for key in sorted(keys) if (facts := self._poll.facts(key)) is not None]

    async def _files(self, request: int, infohash: str) -> ipc.TorrentFiles:
        for torrent in self._seen(infohash):
            try:
                rows = await self._clients[torrent.instance].files(infohash)
            except GoneError:
                continue
            except ServiceError as error:
                return ipc.TorrentFiles(request, torrent.name, error=str(error))
            files: list[ipc.FileRow] = []
            size = 0
            for row in rows:
                size += len(row.name.encode()) + 32
                if size > _MOST_FILE_BYTES:
                    break
                files.append(ipc.FileRow(row.index, row.name, row.size, row.priority))
            return ipc.TorrentFiles(request, torrent.name, tuple(files), len(files) == len(rows))
        return ipc.TorrentFiles(request, error="no qBittorrent has it any more")

    async def _events(self, request: int, infohash: str) -> ipc.TorrentEvents:
        events = [event for torrent in self._seen(infohash) for event in _of_client(torrent)]
        error = ""
        if self._arr is not None:
            try:
                events += _of_arr(await self._arr.history(infohash.upper()))
            except ServiceError as failure:
                error = str(failure)
        return ipc.TorrentEvents(request, _latest(events), error)

    async def _item_events(self, request: int, item_id: int) -> ipc.TorrentEvents:
        if self._arr is None:
            return ipc.TorrentEvents(request, error="it has no Arr")
        try:
            events = list(_of_arr(await self._arr.item_history(item_id)))
        except ServiceError as failure:
            return ipc.TorrentEvents(request, error=str(failure))
        for infohash in {event.infohash for event in events if event.infohash}:
            events += [event for torrent in self._seen(infohash) for event in _of_client(torrent)]
        return ipc.TorrentEvents(request, _latest(events))

    async def _plan_room(self, request: int, lacks_bytes: int) -> ipc.RoomPlan:
        if self._room is None:
            return ipc.RoomPlan(request, False, error="it has no Arr")
        return await self._room.preview(request, lacks_bytes)

    async def _compare(self, request: int, raw: Raw) -> ipc.Comparison:
        other = configuration.decode(raw)
        policies = Policies(other)
        judged = removed = spared = 0
        others: list[ipc.OtherVerdict] = []
        for number, key in enumerate(sorted(self._poll.present())):
            if number % _JUDGED_AT_ONCE == 0:
                await asyncio.sleep(0)
            torrent = self._poll.facts(key) if self._poll.answers(key.instance) else None
            both = None if torrent is None else self._judge.compared(torrent, policies)
            if torrent is None or both is None:
                continue
            judged += 1
            before, after = map(deciding, both)
            removes, removed_before = after[0] in _HARMS, before[0] in _HARMS
            if removes == removed_before:
                continue
            removed += removes
            spared += removed_before
            if len(others) < _MOST_OTHERS:
                name = torrent.name[:_LONGEST_TEXT]
                others.append(ipc.OtherVerdict(key.instance, key.infohash, name, before, after))
        return ipc.Comparison(request, judged, removed, spared, tuple(others), not_comparable(self._config, other))


def deciding(verdict: Verdict) -> tuple[str, str, str]:
    """Return action, rule and reason of the first rule that removes something, or else of the one that decided."""
    step = next((step for step in verdict.acting if step.finding.action in _HARMS), verdict.last)
    return step.finding.action, step.rule, step.finding.because


def not_comparable(before: WorkerConfig, after: WorkerConfig) -> tuple[str, ...]:
    """Name what differs between two configurations and is measured only once the other one is in force.

    `files`: file lists are checked again; `scores`: custom formats are read; `slowness`: speeds are counted from then.
    """
    old, new = policy_of(before), policy_of(after)
    differs: dict[str, Callable[[], bool]] = {
        "files": lambda: fingerprint(file_rules_of(before)) != fingerprint(file_rules_of(after)),
        "scores": lambda: new.enforces_custom_formats and not old.enforces_custom_formats,
        "slowness": lambda: (
            (old.maximum_eta_seconds, old.eta_rows, old.minimum_speed, old.slow_delay_seconds, old.ranges)
            != (new.maximum_eta_seconds, new.eta_rows, new.minimum_speed, new.slow_delay_seconds, new.ranges)
        ),
    }
    return tuple(name for name, check in differs.items() if check())


def _latest(events: Iterable[ipc.TorrentEvent]) -> tuple[ipc.TorrentEvent, ...]:
    """The newest ones that fit into a message, the oldest first."""
    return tuple(sorted(events, key=lambda event: event.at)[-_MOST_EVENTS:])


def _of_client(torrent: TorrentFacts) -> list[ipc.TorrentEvent]:
    times = {"added": torrent.added_at, "completed": torrent.completed_at}
    return [
        ipc.TorrentEvent("qbittorrent", kind, at, torrent.instance, infohash=torrent.infohash)
        for kind, at in times.items()
        if at is not None
    ]


def _of_arr(records: Iterable[HistoryRecord]) -> Iterator[ipc.TorrentEvent]:
    """The events of a history; one without a readable date has no place among the others."""
    for record in records:
        if (at := from_iso(record.date)) is not None:
            text = (record.source_title or "")[:_LONGEST_TEXT]
            infohash = (record.download_id or "").lower()
            yield ipc.TorrentEvent("arr", str(record.event_type), at, text=text, infohash=infohash)
