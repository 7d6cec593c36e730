"""Passes over the torrents of a worker: poll what changed, judge, and submit what asks for an action.

A pass judges only torrents that changed, whose context changed, or whose verdict time alone may have changed, so that
an idle pass costs two small requests. What is to be judged or forgotten stays so until it was: nothing is lost when a
client stops answering or the disk is full in between.
"""

from __future__ import annotations

import math
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.rules.completion import OVERDUE_SECONDS, SHORTEST_SECONDS, expected_in, next_pass_in
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.torrents.protected import in_quarantine
from qbitrr.rules.verdict import CHECKS, Action, Verdict, stops
from qbitrr.state import torrents, verdicts, watch_periods
from qbitrr.state.torrents import LastSeen
from qbitrr.worker.torrents.actions.approvals import Approvals
from qbitrr.worker.torrents.actions.context import ActionContext
from qbitrr.worker.torrents.actions.runner import ActionRunner
from qbitrr.worker.torrents.actions.shadow import ShadowReport
from qbitrr.worker.torrents.answers import RememberedAnswers
from qbitrr.worker.torrents.arr_downloads import ArrDownloads
from qbitrr.worker.torrents.chosen_seed import ChosenSeed
from qbitrr.worker.torrents.foreign_marks import ForeignMarks
from qbitrr.worker.torrents.history import TorrentHistory
from qbitrr.worker.torrents.judge import Judge
from qbitrr.worker.torrents.observer import Observer
from qbitrr.worker.torrents.ownership import Ownership
from qbitrr.worker.torrents.poll import Poll
from qbitrr.worker.torrents.rows import row
from qbitrr.worker.torrents.seeding import SeedingTracker
from qbitrr.worker.torrents.superseded import superseded_downloads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.ipc import TorrentRow
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.verdict import VerdictIdentity
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)

_JUDGED_AT_ONCE = 500
_FAULT_SECONDS = 60.0  # until a torrent is judged again when that broke off
_WITHOUT_FORECAST = frozenset({"error", in_quarantine.__name__})  # what follows is not decided by time alone
_FIRST_ANSWER_SECONDS = 5.0
_METADATA_SECONDS = 1.5  # between passes while it is awaited
_STRAY_SECONDS = 300.0  # until a torrent that was moved aside, and that no worker knows, is asked for again


class TorrentLoop:
    """The torrents of one worker, with everything that observes them and acts on them."""

    def __init__(self, context: WorkerContext) -> None:
        self._category = context.config.name
        self._database = context.database
        self._report = context.report
        self._clock = context.clock
        self._ownership = Ownership(context)
        self._history = TorrentHistory(context)
        self.poll = Poll(context, self._ownership.is_of_interest)
        self.seeding = SeedingTracker(context, self.poll, self._ownership)
        arr = context.services.arr_client
        self._downloads = None if arr is None else ArrDownloads(arr, context.clock)
        self.superseded = superseded_downloads(context, self._downloads)
        chosen_seed = ChosenSeed()
        self._answers = RememberedAnswers(context)
        self.observer = Observer(
            context,
            self.poll,
            self._ownership,
            self.seeding,
            self._history,
            self._answers,
            self._downloads,
            self.superseded,
            chosen_seed,
        )
        self.judge = Judge(context, self._ownership, self.observer)
        self.action_context = ActionContext(
            context,
            self._ownership,
            self.seeding,
            self._history,
            self._answers,
            self._downloads,
            self.superseded,
            chosen_seed,
        )
        self.runner = ActionRunner(self.action_context, self.poll, self.observer, self.judge)
        self.approvals = Approvals(self.action_context, self.runner)
        records = context.config.shadow or self.action_context.policy.shadows
        self._shadow = ShadowReport(self.action_context) if records else None
        self._marks = ForeignMarks(context) if context.config.shadow else None
        self._read_only = context.config.read_only
        self._to_judge: set[TorrentKey] = set()
        self._to_forget: set[TorrentKey] = set()
        self._left_over: set[TorrentKey] = set()
        self._identities: dict[TorrentKey, VerdictIdentity] = {}  # the traces are in the state file
        self._since: dict[TorrentKey, float] = {}
        self._revisit_at: dict[TorrentKey, float] = {}
        self._judged_at = -math.inf
        self._to_explain: set[TorrentKey] = set()
        self._complete_at: dict[TorrentKey, float] = {}  # expected, monotonic
        self._answered_before: dict[str, float] = {}

    async def load(self) -> None:
        """Read back what an earlier process left: open actions, verdicts on torrents that may be gone."""
        await self._ownership.load()
        await self._answers.load()
        if self.superseded is not None:
            await self.superseded.load()
        await self.runner.load()
        await self.approvals.load()
        await self.observer.load()
        await self.seeding.load()
        self._left_over = await torrents.keys(self._database, self._category)
        self.poll.expect({key.instance for key in self._left_over})
        before, now = await watch_periods.last(self._database, self._category), self._clock.wall()
        self._answered_before = {instance: at for instance, at in before.items() if at <= now}

    async def close(self) -> None:
        """Cancel what is under way, and write down what is only in memory: each part, also when another fails."""
        async with AsyncExitStack() as last_to_first:
            last_to_first.push_async_callback(self.save_watch_times)
            last_to_first.push_async_callback(self.seeding.close)
            last_to_first.push_async_callback(self.observer.close)
            if self._downloads is not None:
                last_to_first.push_async_callback(self._downloads.close)
            if self.superseded is not None:
                last_to_first.push_async_callback(self.superseded.close)
            last_to_first.push_async_callback(self.runner.close)
            last_to_first.push_async_callback(self.poll.close)

    async def save_watch_times(self) -> None:
        """Write down until when each qBittorrent has answered."""
        if self.poll.answered_at:
            await watch_periods.extend(self._database, self._category, self.poll.answered_at)

    def seconds_until_watched(self) -> float:
        """Return when to write that down early, as none has answered yet; infinite when one has."""
        return math.inf if self.poll.answered_at else _FIRST_ANSWER_SECONDS

    def explain(self, infohash: str) -> None:
        """Have a torrent judged in a pass now, and its verdict stored with what is measured then."""
        keys = {TorrentKey(name, infohash) for name in self.poll.mirrors}
        self._to_explain |= keys
        self._to_judge |= keys
        self.poll.wake.set()

    def rows(self, keys: Iterable[tuple[str, str]]) -> tuple[TorrentRow, ...]:
        """Read torrents as last seen, without those that are gone or whose client does not answer."""
        found = (self.poll.facts(key) for key in (TorrentKey(*one) for one in keys) if self._is_seen(key))
        return tuple(row(facts) for facts in found if facts is not None)

    def _is_seen(self, key: TorrentKey) -> bool:
        return self.poll.has(key) and self.poll.answers(key.instance)

    async def one_pass(self) -> None:
        """Poll, judge, act. A service that does not answer is reported; the others go on."""
        with self._report.operation("torrents", "health"):
            if await self.approvals.carry_out():
                self._to_judge |= self.poll.present()
            changed, removed = await self.poll.changes()
            self._expect_completion(changed)
            self._to_judge |= changed
            self._to_forget |= removed
            if self._marks is not None:
                await self._marks.note([facts for key in changed if (facts := self.poll.facts(key)) is not None])
            if self.runner.busy:
                self.observer.expect_queue()
            news = await self.observer.update(changed)
            self._to_judge |= news
            await self._forget()
            self._to_judge |= await self.runner.update(changed | news)
            await self._judge_all(self._clock.wall())
            self.runner.resume()
            self._report_numbers()

    def seconds_until_change(self) -> float:
        """Return when a download may be complete, or have its metadata; infinite when none is near that."""
        if self.observer.awaits_download:
            return SHORTEST_SECONDS
        return min(self._seconds_until_completion(), _METADATA_SECONDS if self.poll.awaits_metadata() else math.inf)

    def _seconds_until_completion(self) -> float:
        now = self._clock.monotonic()
        self._complete_at = {key: at for key, at in self._complete_at.items() if at > now - OVERDUE_SECONDS}
        return next_pass_in(at - now for at in self._complete_at.values())

    def _expect_completion(self, changed: set[TorrentKey]) -> None:
        """Estimate when the downloads that changed will be complete."""
        now, wall = self._clock.monotonic(), self._clock.wall()
        for key in changed:
            torrent = self.poll.facts(key)
            seconds = math.inf if torrent is None else expected_in(torrent, wall)
            if seconds < math.inf:
                self._complete_at[key] = now + seconds
            else:
                self._complete_at.pop(key, None)

    async def _forget(self) -> None:
        """Drop torrents that are gone or in no category of the worker now.

        Also verdicts of an earlier process on torrents that are gone, once every client has answered.
        """
        if self._left_over and all(map(self.poll.answers, self.poll.mirrors)):
            self._to_forget |= self._left_over
            self._left_over = set()
        if not self._to_forget:
            return
        gone = self._to_forget - self.poll.present()
        if gone:
            seen = {key: self._last_seen(key) for key in gone}
            await torrents.forget(self._database, self._category, gone, self._clock.wall(), seen)
            self._ownership.forget(gone)
            for key in gone:
                self._identities.pop(key, None)
                self._since.pop(key, None)
                self._revisit_at.pop(key, None)
                self._complete_at.pop(key, None)
            self._history.forget(gone)
            if self._marks is not None:
                self._marks.forget(gone)
            self._answers.imports.forget(gone)
            self.runner.forget(gone)
            if self._shadow is not None:
                self._shadow.forget(gone)
            self.observer.forget(gone)
            self.seeding.forget(gone)
            self._to_judge -= gone
        for key in self._to_forget:
            self.poll.departed.pop(key, None)
        self._to_forget = set()

    def _last_seen(self, key: TorrentKey) -> LastSeen:
        """What was seen last of a torrent that is gone, perhaps by an earlier process."""
        return self.poll.departed.get(key, LastSeen(self._answered_before.get(key.instance)))

    def _report_numbers(self) -> None:
        """Report what the process list shows."""
        queued = sum(len(facts.record_ids) for facts in (self.observer.queue or {}).values())
        self._report.counted(queued, len(self._identities))
        self._report.saw_clients(self.poll.states())
        objection = self.runner.breaker.tripped
        if objection is None:
            self._report.goes_on("torrents", "approval")
        else:
            self._report.waits("torrents", "approval", f"{objection}; approve or discard them", needs_attention=True)

    # -- judging ------------------------------------------------------------------------------------------------------

    async def _judge_all(self, now: float) -> None:
        """Judge what is due, some at a time: the traces of ten thousand verdicts are not in memory together.

        When the clock was set back all is due that waits for a time, which was worked out by the clock before.
        """
        was_set_back, self._judged_at = now < self._judged_at, now
        self._to_judge |= {key for key, at in self._revisit_at.items() if at <= now or was_set_back}
        self._to_judge = {  # a torrent whose client does not answer may still be there
            key for key in self._to_judge if self.poll.has(key) or not self.poll.answers(key.instance)
        }
        due = list(self._to_judge - self.runner.busy)
        for start in range(0, len(due), _JUDGED_AT_ONCE):
            await self._judge_some(due[start : start + _JUDGED_AT_ONCE], now)
        self._to_explain.clear()

    async def _judge_some(self, due: list[TorrentKey], now: float) -> None:
        fresh: dict[TorrentKey, verdicts.StoredVerdict] = {}
        judged: set[TorrentKey] = set()
        to_act: list[TorrentKey] = []
        new = (self.poll.facts(key) for key in due if key not in self._identities)
        await self._history.recall([torrent for torrent in new if torrent is not None])
        for key in due:
            torrent = self.poll.facts(key) if self.poll.answers(key[0]) else None
            if torrent is None or key in self.runner.busy:
                continue
            judged.add(key)
            verdict = await self._judge_one(torrent, now)
            self._revisit_at.pop(key, None)
            if verdict is None:
                self._revisit_at[key] = now + _STRAY_SECONDS
                continue
            if verdict.revisit_at is not None:
                self._revisit_at[key] = verdict.revisit_at
            if verdict.identity != self._identities.get(key):
                self._since[key] = now
                self._log_decision(torrent, verdict)
                fresh[key] = self._to_store(torrent, verdict, now)
            elif key in self._to_explain:
                fresh[key] = self._to_store(torrent, verdict, now)
            if self._shadow is not None:
                await self._shadow.note(torrent, verdict)
            if verdict.action is not Action.NOTHING and (not self._read_only or verdict.action in CHECKS):
                to_act.append(key)
        await self._ownership.save()
        await self._history.save()
        if fresh:
            await verdicts.store(self._database, list(fresh.values()))
            self._identities.update({key: (v.rule, Action(v.action), v.because) for key, v in fresh.items()})
        self._to_judge -= judged
        self.runner.submit(to_act)

    def _log_decision(self, torrent: TorrentFacts, verdict: Verdict) -> None:
        """Log a decision that is another one than before; that its reason is in other words is not worth a line."""
        rule, action, because = verdict.identity
        before = self._identities.get(torrent.key)
        if before is None or before[:2] != (rule, action):
            _log.debug("torrent was judged", torrent=torrent.name, rule=rule, action=str(action), because=because)
            if action is Action.NOTHING and verdict.last.finding.facts.get("private") is not None:
                _log.info("torrent was left by the policy", torrent=torrent.name, rule=rule, because=because)

    async def _judge_one(self, torrent: TorrentFacts, now: float) -> Verdict | None:
        """The verdict on a torrent; a fault in judging it is its verdict. None when it is not the worker's."""
        queued = self.observer.queue_of(torrent) is not None
        if not await self._ownership.claim(torrent, queued=queued):
            return None
        try:
            return self.judge.judge(torrent)
        except Exception as error:  # noqa: BLE001 - a border: one torrent must not stop the others
            self._report.failed()
            _log.exception("judging failed", torrent=torrent.name, infohash=torrent.infohash)
            because = f"judging it failed: {type(error).__name__}"
            return Verdict(("error",), (stops(because, revisit_at=now + _FAULT_SECONDS),))

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
            since=self._since.get(torrent.key, now),
            measured_at=now,
            revisit_at=verdict.revisit_at,
            forecast=self._forecast(torrent, verdict),
        )

    def _forecast(self, torrent: TorrentFacts, verdict: Verdict) -> verdicts.Forecast | None:
        """What would be decided when the verdict is to be judged again, if nothing but time changed.

        Only for an explanation, as it costs as much as judging, and under Shadow, to be compared with what others do.
        """
        if verdict.revisit_at is None or (self._shadow is None and torrent.key not in self._to_explain):
            return None
        if verdict.last.rule in _WITHOUT_FORECAST:
            return None
        later = self.judge.forecast(torrent, verdict.revisit_at)
        return verdicts.Forecast(later.action, later.last.rule, later.last.finding.because)
