"""One pass over the torrents of the category: ask what changed, judge what did, have it done.

A pass judges only what changed, what the Arr's queue says something new about, and what time alone may have
changed, so that an idle pass costs two small requests.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.errors import CredentialsRejectedError, ServiceError
from qbitrr.state import ledger, verdicts
from qbitrr.torrents import rules
from qbitrr.torrents.facts import NOT_TRIED, Policy, Surroundings
from qbitrr.torrents.ownership import owner
from qbitrr.torrents.verdict import Action, Step, Verdict, stops
from qbitrr.worker.poll import Poll
from qbitrr.worker.services import queue_facts, torrent_facts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qbitrr.clock import Clock
    from qbitrr.state.database import Database
    from qbitrr.state.ledger import Entry
    from qbitrr.torrents.facts import QueueFacts, TorrentFacts
    from qbitrr.torrents.verdict import Gist
    from qbitrr.worker.act import Actor
    from qbitrr.worker.configuration import WorkerConfig
    from qbitrr.worker.poll import Key
    from qbitrr.worker.report import Report
    from qbitrr.worker.services import Services

_log = logs.get(__name__)

_ACTIONS_AT_ONCE = 16  # most of their time they wait for the Arr
_IDLE_QUEUE_SECONDS = 60.0  # without torrents the Arr's queue matters to nobody but the process list
_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)


class Watch:
    """What the worker knows of its torrents. `wake` asks for a pass before its time."""

    def __init__(
        self, config: WorkerConfig, services: Services, actor: Actor, database: Database, report: Report, clock: Clock
    ) -> None:
        self.wake = asyncio.Event()
        self._config = config
        self._category = config.arr.category
        self._arr = services.arr
        self._actor = actor
        self._database = database
        self._report = report
        self._clock = clock
        self._poll = Poll(services.qbittorrents, self._is_mine, report, clock, self.wake.set)
        self._policy = Policy(
            ignore_younger_than_seconds=config.arr.torrent.ignore_torrents_younger_than_seconds,
            stalled_delay_seconds=config.arr.torrent.stalled_delay_seconds,
        )
        self._queue: dict[str, QueueFacts] | None = None
        self._queue_read_at = float("-inf")
        self._unlisted_since: dict[Key, float] = {}
        self._gists: dict[Key, Gist] = {}  # the traces are in the state file
        self._revisit_at: dict[Key, float] = {}
        self._left_over: set[Key] = set()
        self._open: dict[Key, Entry] = {}
        self._acting: dict[Key, asyncio.Task[None]] = {}
        self._act_again_at: dict[Key, float] = {}
        self._failures: dict[Key, int] = {}
        self._slots = asyncio.Semaphore(_ACTIONS_AT_ONCE)

    async def begin(self) -> None:
        """Read back what an earlier process left: actions that are open, verdicts on torrents that may be gone."""
        for entry in await self._actor.remember():
            self._open[entry.instance, entry.infohash] = entry
        stored = await verdicts.of_category(self._database, self._category)
        self._left_over = {(verdict.instance, verdict.infohash) for verdict in stored}

    async def close(self) -> None:
        """Leave the actions under way where they are; the ledger knows how far they got."""
        await self._poll.close()
        for task in self._acting.values():
            task.cancel()
        await asyncio.gather(*self._acting.values(), return_exceptions=True)

    async def one_pass(self) -> None:
        """Look, judge, act. A service that does not answer is reported; the others go on."""
        with self._report.operation("torrents", "health"):
            changed, removed = await self._poll.news()
            await self._forget(removed)
            changed |= await self._read_queue()
            now = self._clock.wall()
            for waiting in (self._revisit_at, self._act_again_at):
                changed |= {key for key, at in waiting.items() if at < now}
            await self._judge_all(changed, now)
            self._resume_open(now)
            queued = sum(len(facts.record_ids) for facts in (self._queue or {}).values())
            self._report.counted(queued, len(self._poll.keys()))

    # -- looking ------------------------------------------------------------------------------------------------

    def _is_mine(self, category: str) -> bool:
        return owner(category, self._config.categories, self._config.parents) == self._category

    async def _read_queue(self) -> set[Key]:
        """Take a snapshot of the Arr's queue; returns the torrents about which it says something new."""
        now = self._clock.monotonic()
        keys = self._poll.keys()
        if not keys and now < self._queue_read_at + _IDLE_QUEUE_SECONDS:
            return set()
        before = self._queue
        try:
            self._queue = queue_facts(await self._arr.queue(), self._arr.kind)
        except ServiceError as error:
            self._queue = None
            self._report.waits(self._arr.section, error, held=isinstance(error, CredentialsRejectedError))
        else:
            self._queue_read_at = now
            self._report.goes_on(self._arr.section)
        self._note_unlisted(keys)
        if (before is None) != (self._queue is None):
            return keys
        return {key for key in keys if _about(before, key) != _about(self._queue, key)}

    def _note_unlisted(self, keys: set[Key]) -> None:
        """Since when the Arr does not list a torrent. An Arr that was restarted lists nothing for a while."""
        now = self._clock.wall()
        missing = {key for key in keys if self._queue is None or _about(self._queue, key) is None}
        self._unlisted_since = {key: self._unlisted_since.get(key, now) for key in missing}

    async def _forget(self, keys: set[Key]) -> None:
        """Torrents that are gone, or belong to somebody else now."""
        if not keys:
            return
        for key in keys:
            for known in (self._gists, self._revisit_at, self._act_again_at, self._failures):
                known.pop(key, None)
        self._actor.forget(keys)
        await verdicts.forget(self._database, self._category, keys)

    # -- judging ------------------------------------------------------------------------------------------------

    async def _judge_all(self, keys: set[Key], now: float) -> None:
        fresh: dict[Key, verdicts.StoredVerdict] = {}
        for key in keys - self._acting.keys():
            torrent = self._torrent(key)
            if torrent is None:
                continue
            verdict = self._judge_safely(torrent, now)
            if verdict.gist != self._gists.get(key):
                fresh[key] = self._to_store(torrent, verdict, now)
            self._revisit_at.pop(key, None)
            if self._act_again_at.get(key, now) < now:
                del self._act_again_at[key]
            if verdict.revisit_at is not None:
                self._revisit_at[key] = verdict.revisit_at
            if verdict.action is not Action.NOTHING and key not in self._open and self._may_act(key, now):
                self._start(key, partial(self._actor.carry_out, torrent, _about(self._queue, key), self._judge))
        if fresh:
            await verdicts.store(self._database, list(fresh.values()))
            self._gists.update({key: (v.rule, Action(v.action), v.because) for key, v in fresh.items()})
        await self._drop_left_over()

    def _torrent(self, key: Key) -> TorrentFacts | None:
        """A torrent as last seen; None while its qBittorrent is silent, because then nothing is known of it."""
        instance, infohash = key
        if not self._poll.answers(instance):
            return None
        torrent = self._poll.mirrors[instance].torrents.get(infohash)
        return torrent_facts(instance, infohash, torrent) if torrent else None

    def _judge(self, torrent: TorrentFacts) -> Verdict:
        key = (torrent.instance, torrent.infohash)
        around = Surroundings(
            client_connected=self._poll.mirrors[torrent.instance].connected,
            queue_known=self._queue is not None,
            queue=_about(self._queue, key),
            unlisted_since=self._unlisted_since.get(key),
            imports=self._actor.imports.get((*key, torrent.added_at), NOT_TRIED),
        )
        return rules.judge(torrent, around, self._policy, self._clock.wall())

    def _judge_safely(self, torrent: TorrentFacts, now: float) -> Verdict:
        """A fault in judging one torrent is its verdict, and the others are judged all the same."""
        try:
            return self._judge(torrent)
        except Exception as error:  # noqa: BLE001 - a border: one torrent must not stop the others
            self._report.failed()
            _log.exception("judging failed", torrent=torrent.name, infohash=torrent.infohash)
            because = f"judging it failed: {type(error).__name__}"
            return Verdict((Step("error", stops(because, revisit_at=now + _RETRY.limit_seconds)),))

    def _to_store(self, torrent: TorrentFacts, verdict: Verdict, now: float) -> verdicts.StoredVerdict:
        return verdicts.StoredVerdict(
            category=self._category,
            instance=torrent.instance,
            infohash=torrent.infohash,
            name=torrent.name,
            action=verdict.action,
            rule=verdict.last.rule,
            because=verdict.last.finding.because,
            trace=verdict.as_trace(),
            since=now,
        )

    async def _drop_left_over(self) -> None:
        """Once every client has answered: verdicts of an earlier process on torrents that are gone."""
        if self._left_over and all(map(self._poll.answers, self._poll.mirrors)):
            await verdicts.forget(self._database, self._category, self._left_over - self._poll.keys())
            self._left_over = set()

    # -- acting -------------------------------------------------------------------------------------------------

    def _may_act(self, key: Key, now: float) -> bool:
        return key not in self._acting and self._act_again_at.get(key, 0.0) < now

    def _resume_open(self, now: float) -> None:
        """Go on with actions that were begun and did not end, as soon as the services they need answer."""
        for key, entry in self._open.items():
            if self._queue is not None and self._poll.answers(key[0]) and self._may_act(key, now):
                self._start(key, partial(self._actor.resume_after_break, entry, self._judge))

    def _start(self, key: Key, action: Callable[[], Awaitable[bool]]) -> None:
        self._acting[key] = asyncio.create_task(self._act(key, action), name=f"act {key[1]}")

    async def _act(self, key: Key, action: Callable[[], Awaitable[bool]]) -> None:
        """Have one action done; whatever comes of it, the torrent is judged again."""
        wait_seconds, done = 0.0, False
        try:
            try:
                async with self._slots:
                    done = await action()
            finally:
                await self._reload_open(key)
            self._failures.pop(key, None)
        except ServiceError as error:
            wait_seconds = self._failed(key)
            _log.warning("action was interrupted", infohash=key[1], instance=key[0], error=str(error))
        except Exception:  # noqa: BLE001 - a border: one torrent must not stop the others
            wait_seconds = self._failed(key)
            self._report.failed()
            _log.exception("action broke off", infohash=key[1], instance=key[0])
        finally:
            del self._acting[key]
        self._act_again_at[key] = self._clock.wall() + wait_seconds
        if done:
            self.wake.set()

    def _failed(self, key: Key) -> float:
        self._failures[key] = self._failures.get(key, 0) + 1
        return _RETRY.seconds(self._failures[key])

    async def _reload_open(self, key: Key) -> None:
        """What the ledger says of the torrent now: its action has ended, or is open at some step."""
        self._open.pop(key, None)
        for entry in await ledger.open_entries(self._database, self._category):
            if (entry.instance, entry.infohash) == key:
                self._open[key] = entry


def _about(queue: dict[str, QueueFacts] | None, key: Key) -> QueueFacts | None:
    return queue.get(key[1].upper()) if queue is not None else None
