"""Seeds that go for the space of a download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.rules import seeding, states
from qbitrr.rules.seeding import ratio_in_facts
from qbitrr.rules.torrents.failure import discarded_by_user, not_cleared
from qbitrr.rules.torrents.seeding import arr_still_has_it
from qbitrr.rules.verdict import Action, acts, passes, stops

if TYPE_CHECKING:
    from qbitrr.rules.context import RuleContext
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.policy import Policy
    from qbitrr.rules.seed_value import RoomChoice
    from qbitrr.rules.verdict import Finding

BECAUSE = "a download waits for space, and of all that may go it is worth the least"


def room_needed(torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float) -> Finding:
    """`Torrent.MakeRoom.Enabled`: the seed of least value is removed while a download of its Arr waits for space.

    Only what is imported, has seeded for `MinSeedingTime` and to `MinSeedRatio`, and is seeded by `MinOtherSeeders`
    others; `KeepSeeds` and `KeepSize` stay in any case. Hit-and-run minimums, and share limits that were set on the
    torrent itself, come first.
    """
    if context.room is None or not policy.make_room.enabled:
        return passes("no download needs its space")
    if not torrent.complete or not context.history.imports.imported:
        return passes("it is not complete and imported")
    if torrent.state in (states.MISSING_FILES, states.ERROR):
        return passes("its data is not there as it should be", state=torrent.state)
    seen = torrent.seeding.seen_for(context.seeding_seconds)
    facts = {
        **context.room.facts,
        "seeding_seconds": int(seen.seconds),
        "ratio": ratio_in_facts(seen.ratio),
        "other_seeders": context.room.numbers.other_seeders,
    }
    objection = (
        discarded_by_user(context, now)
        or arr_still_has_it(context, policy)
        or _kept_by_minimums(torrent, context, policy, now)
        or not_cleared(context, now)
    )
    if objection is not None:
        text, again_at = objection
        return stops(f"a download needs space, but {text}", again_at, **facts | context.clearance.facts)
    return acts(Action.REMOVE, BECAUSE, **facts)


def _kept_by_minimums(
    torrent: TorrentFacts, context: RuleContext, policy: Policy, now: float
) -> tuple[str, float | None] | None:
    """Say by which minimum it stays, and when time alone may change that; None when all are met."""
    rules, seen = policy.make_room, torrent.seeding.seen_for(context.seeding_seconds)
    if (kept := seeding.kept_in_client(seen)) is not None:
        text, in_seconds = kept
        return text, None if in_seconds is None else now + in_seconds
    if seen.seconds < rules.min_seeding_seconds:
        return "it has not seeded for MinSeedingTime", now + rules.min_seeding_seconds - seen.seconds
    if seen.ratio < rules.min_seed_ratio:
        return "its ratio is below MinSeedRatio", None
    if context.elsewhere:
        return "another qBittorrent holds the same torrent", None
    others = _kept_by_others(context.room, rules.min_other_seeders)
    return None if others is None else (others, None)


def _kept_by_others(room: RoomChoice | None, least: int) -> str | None:
    others = None if room is None else room.numbers.other_seeders
    if not least or (others is not None and others >= least):
        return None
    return "how many others seed it is not known" if others is None else "fewer than MinOtherSeeders others seed it"
