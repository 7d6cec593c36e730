"""One pass over the torrents of the category: ask what changed, judge what did, have it done.

A pass judges only what changed, what the Arr's queue says something new about, and what time alone may have
changed, so that an idle pass costs two small requests. What is to be judged or forgotten stays so until it was:
a client that falls silent or a full disk in between loses nothing.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from qbitrr import ipc, logs
from qbitrr.backoff import Backoff
from qbitrr.errors import QbitrrError, ServiceError, ThrottledError
from qbitrr.qbittorrent.facts import torrent_facts
from qbitrr.rules import torrents
from qbitrr.rules.verdict import Action, TraceStep, Verdict, stops
from qbitrr.state import ledger, shadow, verdicts
from qbitrr.worker.torrents.actions import ActionContext, ActionRunner, RetryLaterError
from qbitrr.worker.torrents.internet import InternetCheck
from qbitrr.worker.torrents.observer import Observer
from qbitrr.worker.torrents.ownership import Ownership
from qbitrr.worker.torrents.policy import Policies
from qbitrr.worker.torrents.poll import Poll
from qbitrr.worker.torrents.seeding import SeedingTracker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from qbitrr.clock import Clock
    from qbitrr.qbittorrent.mirror import Mirror
    from qbitrr.rules.facts import QueueFacts, TorrentFacts, TorrentKey
    from qbitrr.rules.verdict import VerdictIdentity
    from qbitrr.state.database import Database
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.config import WorkerConfig
    from qbitrr.worker.report import Report
    from qbitrr.worker.services import Services

_log = logs.get(__name__)

Decision = ipc.Approve | ipc.Discard | ipc.Undo

_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)
_JUDGED_AT_ONCE = 500
_STRAY_SECONDS = 300.0  # between two questions about a torrent that was put aside and that nobody knows


class TorrentLoop:
    """What the worker knows of its torrents. `wake` asks for a pass before its time.

    `whole` are mirrors of all torrents of an instance, for which it keeps them up to date.
    """

    def __init__(
        self,
        config: WorkerConfig,
        services: Services,
        database: Database,
        report: Report,
        clock: Clock,
        whole: Mapping[str, Mirror] | None = None,
    ) -> None:
        self.wake = asyncio.Event()
        self._category = config.name
        self._shadow = config.shadow
        self._arr = services.arr_client
        self._database = database
        self._report = report
        self._clock = clock
        self._ownership = Ownership(config, database)
        clients = services.qbittorrents
        if config.qbit_section is not None:
            clients = {config.section: clients[config.section]}
        self._poll = Poll(clients, self._ownership.of_interest, report, clock, self.wake.set, whole)
        self._seeding = SeedingTracker(config, clients, self._poll.mirrors, self._ownership, database, clock)
        self._internet = InternetCheck(
            config.settings.ping_urls, config.settings.no_internet_sleep_seconds, clock, self.wake.set
        )
        self.context = context = ActionContext(
            config, services, database, report, clock, self._ownership, self._seeding
        )
        self._policies = Policies(config)
        self._actor = ActionRunner(context, self._poll.present)
        self._around = Observer(
            config,
            services,
            database,
            report,
            clock,
            self._poll,
            self._ownership,
            context.policy,
            seeding=self._seeding,
            internet=self._internet,
        )
        self._to_judge: set[TorrentKey] = set()
        self._to_forget: set[TorrentKey] = set()
        self._left_over: set[TorrentKey] = set()
        self._gists: dict[TorrentKey, VerdictIdentity] = {}  # the traces are in the state file
        self._revisit_at: dict[TorrentKey, float] = {}
        self._acting: dict[TorrentKey, asyncio.Task[None]] = {}
        self._act_again_at: dict[TorrentKey, float] = {}
        self._failures: dict[TorrentKey, int] = {}
        self._decisions: list[Decision] = []

    async def begin(self) -> None:
        """Read back what an earlier process left: actions that are open, verdicts on torrents that may be gone."""
        await self._ownership.begin()
        await self._actor.remember()
        await self._around.begin()
        await self._seeding.begin()
        stored = await verdicts.keys_of_category(self._database, self._category)
        self._left_over = set(stored)

    async def close(self) -> None:
        """Leave the actions under way where they are; the ledger knows how far they got."""
        await self._poll.close()
        await self._internet.close()
        acting = list(self._acting.values())
        for task in acting:
            task.cancel()
        await asyncio.gather(*acting, return_exceptions=True)
        await self._around.save()
        await self._seeding.close()

    async def one_pass(self) -> None:
        """Look, judge, act. A service that does not answer is reported; the others go on."""
        with self._report.operation("torrents", "health"):
            await self._obey()
            changed, removed = await self._poll.news()
            self._to_judge |= changed
            self._to_forget |= removed
            self._to_judge |= await self._around.read_queue()
            self._to_judge |= self._around.watch_clocks(changed)
            self._seeding.watch(changed)
            await self._forget()
            now, moment = self._clock.wall(), self._clock.monotonic()
            self._to_judge |= {key for key, at in self._revisit_at.items() if at <= now}
            self._to_judge |= {key for key, at in self._act_again_at.items() if at <= moment}
            entries = await ledger.open_entries(self._database, self._category)
            open_now = {entry.key: entry for entry in entries}
            for key in open_now.keys() & changed:  # what it waits for may have come
                self._act_again_at.pop(key, None)
            self._drop_the_gone(open_now)
            await self._judge_all(now, open_now)
            self._resume(open_now)
            self._tell()

    def answers(self, instance: str) -> bool:
        """Whether the last question to a qBittorrent was answered."""
        return self._poll.answers(instance)

    async def look_for_content(self) -> None:
        """Look whether missing files are back."""
        news = await self._around.look_for_content()
        if news:
            self._to_judge |= news
            self.wake.set()

    async def look_at_trackers(self) -> None:
        """Ask what is not known of some torrents' trackers and makes a difference."""
        news = await self._seeding.look()
        if news:
            self._to_judge |= news
            self.wake.set()

    async def save(self) -> None:
        """Keep what would be lost with the process."""
        await self._around.save()
        await self._seeding.save()

    def queue_changed(self) -> None:
        """The Arr's queue is another: have a pass now."""
        self._around.queue_changed()
        self.wake.set()

    # -- what a person decides ----------------------------------------------------------------------------------

    def decide(self, decision: Decision) -> None:
        """Take in what a person decided, for the next pass, which comes at once."""
        self._decisions.append(decision)
        self.wake.set()

    async def _obey(self) -> None:
        """Do what a person decided. What a silent service keeps from being done stays for the next pass."""
        while self._decisions:
            decision = self._decisions[0]
            try:
                match decision:
                    case ipc.Approve():
                        await self._actor.approve()
                    case ipc.Discard():
                        await self._actor.discard()
                    case ipc.Undo(action_id):
                        await self._actor.undo(action_id, self._acting.keys())
            except (ServiceError, RetryLaterError) as error:
                _log.warning("decision has to wait", decision=type(decision).__name__, error=str(error))
                return
            self._decisions.pop(0)
            self._act_again_at.clear()
            self._to_judge |= self._poll.present()

    # -- looking ------------------------------------------------------------------------------------------------

    async def _forget(self) -> None:
        """Torrents that are gone, or belong to somebody else now."""
        if not self._to_forget:
            return
        gone = self._to_forget - self._poll.present()
        if gone:
            await verdicts.forget(self._database, self._category, gone)
            await self._ownership.forget(gone)
            await shadow.left(self._database, self._category, gone, self._clock.wall())
            for key in gone:
                for known in (self._gists, self._revisit_at, self._act_again_at, self._failures):
                    known.pop(key, None)
            self._actor.forget(gone)
            self._around.forget(gone)
            await self._seeding.forget(gone)
            self._to_judge -= gone
        self._to_forget = set()

    def _drop_the_gone(self, open_now: Collection[TorrentKey]) -> None:
        """What was noted about a torrent while it went away. One whose client is silent is not known to be gone."""
        present = self._poll.present()
        self._to_judge = {key for key in self._to_judge if key in present or not self._poll.answers(key[0])}
        self._act_again_at = {
            key: at
            for key, at in self._act_again_at.items()
            if key in self._to_judge or key in present or key in open_now
        }

    def _tell(self) -> None:
        """What the process list shows."""
        queued = sum(len(facts.record_ids) for facts in (self._around.queue or {}).values())
        self._report.counted(queued, len(self._gists))
        objection = self._actor.guard.tripped
        if objection is None:
            self._report.goes_on("torrents", "approval")
        else:
            self._report.waits("torrents", "approval", f"{objection}; approve or discard them", held=True)

    # -- judging ------------------------------------------------------------------------------------------------

    async def _judge_all(self, now: float, open_now: Collection[TorrentKey]) -> None:
        """Some at a time: the traces of ten thousand verdicts need not be in memory together."""
        due = list(self._to_judge - self._acting.keys())
        for start in range(0, len(due), _JUDGED_AT_ONCE):
            await self._judge_some(due[start : start + _JUDGED_AT_ONCE], now, open_now)
        await self._drop_left_over()

    async def _judge_some(self, due: list[TorrentKey], now: float, open_now: Collection[TorrentKey]) -> None:
        fresh: dict[TorrentKey, verdicts.StoredVerdict] = {}
        judged: set[TorrentKey] = set()
        for key in due:
            if key in self._acting:
                continue
            torrent = self._torrent(key)
            if torrent is None:
                continue
            judged.add(key)
            self._ownership.see(torrent)
            if not self._ownership.is_mine(torrent) and not await self._adopts(torrent):
                self._act_again_at[key] = self._clock.monotonic() + _STRAY_SECONDS
                continue
            verdict = self._judge_safely(torrent, now)
            if verdict.identity != self._gists.get(key):
                fresh[key] = self._to_store(torrent, verdict, now)
            self._revisit_at.pop(key, None)
            if verdict.revisit_at is not None:
                self._revisit_at[key] = verdict.revisit_at
            if verdict.action is not Action.NOTHING and key not in open_now and self._may_act(key):
                self._start(key, partial(self._actor.carry_out, *key, self._judge_again))
        await self._ownership.save()
        if fresh:
            await verdicts.store(self._database, list(fresh.values()))
            self._gists.update({key: (v.rule, Action(v.action), v.because) for key, v in fresh.items()})
        self._to_judge -= judged

    async def _adopts(self, stray: TorrentFacts) -> bool:
        """Whether a torrent that was put aside, and that is not remembered, belongs to the Arr all the same."""
        key = stray.key
        if self._arr is None:
            return False
        if self._around.about(key) is None:
            try:
                events = await self._arr.history(stray.infohash.upper())
            except ServiceError as error:
                _log.warning("the Arr did not tell of a torrent", torrent=stray.name, error=str(error))
                return False
            if not any(event.event_type == "grabbed" for event in events):
                return False
        self._ownership.adopt(stray)
        return True

    def _torrent(self, key: TorrentKey) -> TorrentFacts | None:
        """A torrent as last seen; None while its qBittorrent is silent, because then nothing is known of it."""
        instance, infohash = key
        if not self._poll.answers(instance):
            return None
        torrent = self._poll.mirrors[instance].torrents.get(infohash)
        return torrent_facts(instance, infohash, torrent) if torrent else None

    def _judge(self, torrent: TorrentFacts) -> Verdict:
        queue = self._around.about(torrent.key)
        failed = self._actor.failed_grabs(queue.item_ids) if queue else 0
        context = self._around.of(torrent, self._actor.history(torrent), failed)
        policy = self._policies.of(self._ownership.home(torrent.key))
        return torrents.judge(torrent, context, policy, self._clock.wall())

    def _judge_again(self, torrent: TorrentFacts) -> tuple[Verdict, QueueFacts | None] | None:
        """The verdict on a torrent that was read right before acting; None when it is not ours any more."""
        if not self._ownership.is_mine(torrent):
            return None
        return self._judge(torrent), self._around.about(torrent.key)

    def _judge_safely(self, torrent: TorrentFacts, now: float) -> Verdict:
        """A fault in judging one torrent is its verdict, and the others are judged all the same."""
        try:
            return self._judge(torrent)
        except Exception as error:  # noqa: BLE001 - a border: one torrent must not stop the others
            self._report.failed()
            _log.exception("judging failed", torrent=torrent.name, infohash=torrent.infohash)
            because = f"judging it failed: {type(error).__name__}"
            return Verdict((TraceStep("error", stops(because, revisit_at=now + _RETRY.limit_seconds)),))

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
            gone = self._left_over - self._poll.present()
            await verdicts.forget(self._database, self._category, gone)
            await self._ownership.forget(gone)
            await shadow.left(self._database, self._category, gone, self._clock.wall())
            self._left_over = set()

    # -- acting -------------------------------------------------------------------------------------------------

    def _may_act(self, key: TorrentKey) -> bool:
        return key not in self._acting and self._act_again_at.get(key, 0.0) <= self._clock.monotonic()

    def _resume(self, open_now: dict[TorrentKey, Entry]) -> None:
        """Go on with actions that were begun and did not end, as soon as the services they need answer."""
        for key, entry in open_now.items():
            if (
                (self._around.queue is not None or self._arr is None)
                and self._poll.answers(key[0])
                and self._may_act(key)
            ):
                self._start(key, partial(self._actor.resume, entry, self._judge_again))

    def _start(self, key: TorrentKey, action: Callable[[], Awaitable[bool]]) -> None:
        self._act_again_at.pop(key, None)
        self._acting[key] = asyncio.create_task(self._act(key, action), name=f"act {key[1]}")

    async def _act(self, key: TorrentKey, action: Callable[[], Awaitable[bool]]) -> None:
        """Have one action done; whatever comes of it, the torrent is judged again."""
        wait_seconds, done = 0.0, False
        try:
            done = await action()
            self._failures.pop(key, None)
        except RetryLaterError as later:
            wait_seconds = later.seconds
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

    def _failed(self, key: TorrentKey, error: Exception) -> float:
        """How long to leave the torrent alone now."""
        self._failures[key] = self._failures.get(key, 0) + 1
        asked_for = error.retry_after_seconds if isinstance(error, ThrottledError) else 0.0
        return max(_RETRY.seconds(self._failures[key]), asked_for)
