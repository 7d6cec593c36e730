"""The verdict on a torrent as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr.rules import torrents
from qbitrr.rules.strikes import Elapsed
from qbitrr.worker.torrents.policy import Policies

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.seed_value import RoomChoice
    from qbitrr.rules.verdict import Verdict
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.torrents.observer import Observer
    from qbitrr.worker.torrents.ownership import Ownership

_MANY = 1000  # observations: there are enough of them by then
_MOMENT_SECONDS = 1.0  # a forecast is of a moment later: the clock has gone on since the verdict, and sums are rounded


class Judge:
    """Judges the torrents of one worker: for a pass, and again right before an action."""

    def __init__(self, context: WorkerContext, ownership: Ownership, observer: Observer) -> None:
        self._ask = torrents.judge_in_shadow if context.config.shadow else torrents.judge
        self._policies = Policies(context.config)
        self._clock = context.clock
        self._ownership = ownership
        self._observer = observer

    def judge(self, torrent: TorrentFacts) -> Verdict | None:
        """Judge a torrent; None when it is not the worker's."""
        if not self._ownership.is_mine(torrent):
            return None
        policy = self._policies.of(self._ownership.category_of(torrent.key))
        verdict = self._ask(torrent, self._observer.context(torrent), policy, self._clock.wall())
        if verdict.needs_privacy:
            self._observer.ask_whether_private(torrent)
        return verdict

    def judge_for_room(self, torrent: TorrentFacts, choice: RoomChoice) -> Verdict | None:
        """Judge a torrent as if it were chosen to go for space, also while `MakeRoom` is off; None when not ours."""
        if not self._ownership.is_mine(torrent):
            return None
        policy = self._policies.of(self._ownership.category_of(torrent.key))
        policy = replace(policy, make_room=replace(policy.make_room, enabled=True))
        verdict = self._ask(torrent, replace(self._observer.context(torrent), room=choice), policy, self._clock.wall())
        if verdict.needs_privacy:
            self._observer.ask_whether_private(torrent)
        return verdict

    def compared(self, torrent: TorrentFacts, others: Policies) -> tuple[Verdict, Verdict] | None:
        """Judge a torrent under the policies in force and under others, both as under Shadow: what is in the way of a
        removal counts as done. None when it is not the worker's.
        """
        if not self._ownership.is_mine(torrent):
            return None
        category, now = self._ownership.category_of(torrent.key), self._clock.wall()
        present = self._observer.context(torrent)
        changed = self._observer.context_under(torrent, others.seeding(torrent.instance, category))
        return (
            torrents.judge_in_shadow(torrent, present, self._policies.of(category), now),
            torrents.judge_in_shadow(torrent, changed, others.of(category), now),
        )

    def forecast(self, torrent: TorrentFacts, at: float) -> Verdict:
        """Judge a torrent of the worker as it will be at a time (epoch seconds) if nothing but time changes."""
        policy = self._policies.of(self._ownership.category_of(torrent.key))
        context = self._observer.context(torrent)
        at += _MOMENT_SECONDS
        seconds = max(0.0, at - self._clock.wall())
        later = replace(
            context,
            stalled=_later(context.stalled, seconds),
            slow=_later(context.slow, seconds),
            below_speed=_later(context.below_speed, seconds),
            unavailable=_later(context.unavailable, seconds),
            refused=_later(context.refused, seconds),
            seeding_seconds=context.seeding_seconds + (seconds if torrent.seeding.counting else 0.0),
            history=replace(context.history, quarantined_until=None),
        )
        return self._ask(torrent, later, policy, at)


def _later(elapsed: Elapsed, seconds: float) -> Elapsed:
    """A timer that goes on. Those of other states are not read by the rules."""
    return Elapsed(elapsed.seconds + seconds, elapsed.observations + _MANY)
