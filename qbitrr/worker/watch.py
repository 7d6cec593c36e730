"""One pass over the torrents of the category: ask what changed, judge what did, have it done.

A pass judges only what changed, what the Arr's queue says something new about, and what time alone may have
changed, so that an idle pass costs two small requests. What is to be judged or forgotten stays so until it was:
a client that falls silent or a full disk in between loses nothing.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.errors import CredentialsRejectedError, QbitrrError, ServiceError, ThrottledError
from qbitrr.state import ledger, verdicts
from qbitrr.torrents import rules
from qbitrr.torrents.facts import NOT_TRIED, Policy, Surroundings
from qbitrr.torrents.ownership import owner
from qbitrr.torrents.states import INACTIVE
from qbitrr.torrents.verdict import Action, Step, Verdict, stops
from qbitrr.worker.act import Actor, Hands
from qbitrr.worker.poll import Poll
from qbitrr.worker.services import queue_facts, torrent_facts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from qbitrr.clock import Clock
    from qbitrr.state.database import Database
    from qbitrr.state.ledger import Entry
    from qbitrr.torrents.facts import QueueFacts, TorrentFacts
    from qbitrr.torrents.verdict import Gist
    from qbitrr.worker.configuration import WorkerConfig
    from qbitrr.worker.poll import Key
    from qbitrr.worker.report import Report
    from qbitrr.worker.services import Services

_log = logs.get(__name__)

_IDLE_QUEUE_SECONDS = 60.0  # without torrents the Arr's queue matters to nobody but the process list
_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)


class Watch:
    """What the worker knows of its torrents. `wake` asks for a pass before its time."""

    def __init__(
        self, config: WorkerConfig, services: Services, database: Database, report: Report, clock: Clock
    ) -> None:
        self.wake = asyncio.Event()
        self._config = config
        self._category = config.arr.category
        self._arr = services.arr
        self._actor = Actor(Hands(config, services, database, report, clock, self._is_mine))
        self._database = database
        self._report = report
        self._clock = clock
        self._poll = Poll(services.qbittorrents, self._is_mine, report, clock, self.wake.set)
        self._policy = Policy(
            ignore_younger_than_seconds=config.arr.torrent.ignore_torrents_younger_than_seconds,
            stalled_delay_seconds=config.arr.torrent.stalled_delay_seconds,
            tagless=config.settings.tagless,
        )
        self._queue: dict[str, QueueFacts] | None = None
        self._queue_read_at = float("-inf")
        self._to_judge: set[Key] = set()
        self._to_forget: set[Key] = set()
        self._left_over: set[Key] = set()
        self._gists: dict[Key, Gist] = {}  # the traces are in the state file
        self._revisit_at: dict[Key, float] = {}
        self._inactive_since: dict[Key, float] = {}
        self._acting: dict[Key, asyncio.Task[None]] = {}
        self._act_again_at: dict[Key, float] = {}
        self._failures: dict[Key, int] = {}

    async def begin(self) -> None:
        """Read back what an earlier process left: actions that are open, verdicts on torrents that may be gone."""
        await self._actor.remember()
        stored = await verdicts.keys_of_category(self._database, self._category)
        self._left_over = set(stored)

    async def close(self) -> None:
        """Leave the actions under way where they are; the ledger knows how far they got."""
        await self._poll.close()
        acting = list(self._acting.values())
        for task in acting:
            task.cancel()
        await asyncio.gather(*acting, return_exceptions=True)

    async def one_pass(self) -> None:
        """Look, judge, act. A service that does not answer is reported; the others go on."""
        with self._report.operation("torrents", "health"):
            changed, removed = await self._poll.news()
            self._to_judge |= changed
            self._to_forget |= removed
            self._to_judge |= await self._read_queue()
            self._watch_inactivity()
            await self._forget()
            now, moment = self._clock.wall(), self._clock.monotonic()
            self._to_judge |= {key for key, at in self._revisit_at.items() if at <= now}
            self._to_judge |= {key for key, at in self._act_again_at.items() if at <= moment}
            entries = await ledger.open_entries(self._database, self._category)
            open_now = {(entry.instance, entry.infohash): entry for entry in entries}
            self._drop_the_gone(open_now)
            await self._judge_all(now, open_now)
            self._resume(open_now)
            queued = sum(len(facts.record_ids) for facts in (self._queue or {}).values())
            self._report.counted(queued, len(self._poll.present()))

    # -- looking ------------------------------------------------------------------------------------------------

    def _is_mine(self, category: str) -> bool:
        return owner(category, self._config.categories, self._config.parents) == self._category

    async def _read_queue(self) -> set[Key]:
        """Take a snapshot of the Arr's queue; returns the torrents about which it says something new."""
        now = self._clock.monotonic()
        keys = self._poll.present()
        if not keys and now < self._queue_read_at + _IDLE_QUEUE_SECONDS:
            return set()
        before = self._queue
        try:
            self._queue = queue_facts(await self._arr.queue(), self._arr.kind)
        except ServiceError as error:
            self._queue = None
            held = isinstance(error, CredentialsRejectedError)
            self._report.waits("torrents", self._arr.section, error, held=held)
        else:
            self._queue_read_at = now
            self._report.goes_on("torrents", self._arr.section)
        if (before is None) != (self._queue is None):
            return keys
        return {key for key in keys if _about(before, key) != _about(self._queue, key)}

    def _watch_inactivity(self) -> None:
        """Since when each torrent was seen trying in vain. It begins anew whenever that could not be seen."""
        now = self._clock.monotonic()
        inactive = {
            (name, infohash)
            for name, mirror in self._poll.mirrors.items()
            if self._poll.answers(name) and mirror.connected
            for infohash, torrent in mirror.torrents.items()
            if torrent.state in INACTIVE
        }
        self._inactive_since = {key: self._inactive_since.get(key, now) for key in inactive}

    async def _forget(self) -> None:
        """Torrents that are gone, or belong to somebody else now."""
        gone = self._to_forget - self._poll.present()
        if gone:
            await verdicts.forget(self._database, self._category, gone)
            for key in gone:
                for known in (self._gists, self._revisit_at, self._act_again_at, self._failures):
                    known.pop(key, None)
            self._actor.forget(gone)
            self._to_judge -= gone
        self._to_forget = set()

    def _drop_the_gone(self, open_now: Collection[Key]) -> None:
        """What was noted about a torrent while it went away. One whose client is silent is not known to be gone."""
        present = self._poll.present()
        self._to_judge = {key for key in self._to_judge if key in present or not self._poll.answers(key[0])}
        self._act_again_at = {
            key: at
            for key, at in self._act_again_at.items()
            if key in self._to_judge or key in present or key in open_now
        }

    # -- judging ------------------------------------------------------------------------------------------------

    async def _judge_all(self, now: float, open_now: Collection[Key]) -> None:
        fresh: dict[Key, verdicts.StoredVerdict] = {}
        judged: set[Key] = set()
        for key in self._to_judge - self._acting.keys():
            torrent = self._torrent(key)
            if torrent is None:
                continue
            verdict = self._judge_safely(torrent, now)
            if verdict.gist != self._gists.get(key):
                fresh[key] = self._to_store(torrent, verdict, now)
            self._revisit_at.pop(key, None)
            if verdict.revisit_at is not None:
                self._revisit_at[key] = verdict.revisit_at
            if verdict.action is not Action.NOTHING and key not in open_now and self._may_act(key):
                self._start(key, partial(self._actor.carry_out, *key, self._judge_again))
            judged.add(key)
        if fresh:
            await verdicts.store(self._database, list(fresh.values()))
            self._gists.update({key: (v.rule, Action(v.action), v.because) for key, v in fresh.items()})
        self._to_judge -= judged
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
        inactive_since = self._inactive_since.get(key)
        around = Surroundings(
            client_connected=self._poll.mirrors[torrent.instance].connected,
            queue_known=self._queue is not None,
            queue=_about(self._queue, key),
            elsewhere=sum(torrent.infohash in mirror.torrents for mirror in self._poll.mirrors.values()) > 1,
            inactive_seconds=0.0 if inactive_since is None else self._clock.monotonic() - inactive_since,
            imports=self._actor.imports.get((*key, torrent.added_at), NOT_TRIED),
        )
        return rules.judge(torrent, around, self._policy, self._clock.wall())

    def _judge_again(self, torrent: TorrentFacts) -> tuple[Verdict, QueueFacts | None] | None:
        """The verdict on a torrent that was read right before acting; None when it is not ours any more."""
        if not self._is_mine(torrent.category):
            return None
        return self._judge(torrent), _about(self._queue, (torrent.instance, torrent.infohash))

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
            await verdicts.forget(self._database, self._category, self._left_over - self._poll.present())
            self._left_over = set()

    # -- acting -------------------------------------------------------------------------------------------------

    def _may_act(self, key: Key) -> bool:
        return key not in self._acting and self._act_again_at.get(key, 0.0) <= self._clock.monotonic()

    def _resume(self, open_now: dict[Key, Entry]) -> None:
        """Go on with actions that were begun and did not end, as soon as the services they need answer."""
        for key, entry in open_now.items():
            if self._queue is not None and self._poll.answers(key[0]) and self._may_act(key):
                self._start(key, partial(self._actor.resume, entry, self._judge_again))

    def _start(self, key: Key, action: Callable[[], Awaitable[bool]]) -> None:
        self._act_again_at.pop(key, None)
        self._acting[key] = asyncio.create_task(self._act(key, action), name=f"act {key[1]}")

    async def _act(self, key: Key, action: Callable[[], Awaitable[bool]]) -> None:
        """Have one action done; whatever comes of it, the torrent is judged again."""
        wait_seconds, done = 0.0, False
        try:
            done = await action()
            self._failures.pop(key, None)
        except QbitrrError as error:
            wait_seconds = self._failed(key, error)
            _log.warning("action was interrupted", infohash=key[1], instance=key[0], error=str(error))
        except Exception as error:  # noqa: BLE001 - a border: one torrent must not stop the others
            wait_seconds = self._failed(key, error)
            self._report.failed()
            _log.exception("action broke off", infohash=key[1], instance=key[0])
        finally:
            del self._acting[key]
        self._act_again_at[key] = self._clock.monotonic() + wait_seconds
        if done:
            self.wake.set()

    def _failed(self, key: Key, error: Exception) -> float:
        """How long to leave the torrent alone now."""
        self._failures[key] = self._failures.get(key, 0) + 1
        asked_for = error.retry_after_seconds if isinstance(error, ThrottledError) else 0.0
        return max(_RETRY.seconds(self._failures[key]), asked_for)


def _about(queue: dict[str, QueueFacts] | None, key: Key) -> QueueFacts | None:
    return queue.get(key[1].upper()) if queue is not None else None
