"""Search plan: what to search next, and why.

Requests come first, then what was searched while no indexer answered, what was released within the last day, what is
searched again soon after its release, and everything else. Within each, what was searched least often comes first, so
that every item is searched before any is searched again; then by reason, then by year.
"""

from __future__ import annotations

import heapq
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from qbitrr.rules.search.query_limits import QueryLimit  # noqa: TC001 - msgspec resolves the types of fields
from qbitrr.rules.search.seasons import SeasonStage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_DAY = 86400.0
_LONGEST_BACKOFF_DAYS = 64
_FIRST_RETRY_SECONDS = 3 * 3600.0
_REASONS = ("Missing", "CustomFormat", "Quality", "Upgrade")

SEASON_SHARE = 0.75
"""Above this share of missing episodes a season is searched as a whole."""


EPISODES_AT_ONCE = 5
"""Most episodes in one search command."""


class Again(StrEnum):
    """Why an item is searched again at once."""

    SEASON = "season"
    """The search for its whole season found nothing."""
    INDEXERS = "indexers"
    """No indexer answered when it was searched."""


class Item(NamedTuple):
    """A movie, an episode or an album that is not finished, and how it was searched.

    `parent` is the series or artist, `season` and `number` are None for all but episodes. `released_at` is None when
    it is not known, `searched_at` when it was never searched; `searched_release` is what `released_at` was then.
    `tags` are the ids of the tags of the movie, the series or the artist, None when they are not known. `again` is why
    it is searched again at once, None when it is not.
    """

    id: int
    parent: int
    season: int | None
    number: int | None
    title: str
    year: int
    released_at: float | None
    is_request: bool
    has_file: bool
    quality_met: bool
    custom_format_met: bool
    upgrade: bool
    tags: str | None
    searched_at: float | None
    tries: int
    searched_release: float | None
    again: str | None = None


class Switches(Struct, frozen=True):
    """What to search for, from `[<Arr>.EntrySearch]`."""

    specials: bool = False
    custom_format: bool = False
    quality: bool = False
    upgrade: bool = False
    by_year: bool = True
    newest_first: bool = False
    today_first: bool = True
    again: bool = True
    unmet_cooldown_seconds: float = 7 * _DAY
    retry_after_release_seconds: float = 0.0


class Choice(NamedTuple):
    """An item that may be searched now, its reason and its place in the order."""

    rank: tuple[int, int, int, int, float, int]
    item: Item
    reason: str


def reason_of(item: Item, switches: Switches) -> str | None:
    """Find the reason to search an item: `Missing`, `CustomFormat`, `Quality` or `Upgrade`; None without one."""
    if item.season == 0 and not switches.specials and not item.is_request:
        return None
    if not item.has_file:
        return "Missing"
    reasons = (
        ("CustomFormat", switches.custom_format and not item.custom_format_met),
        ("Quality", switches.quality and not item.quality_met),
        ("Upgrade", switches.upgrade and item.upgrade),
    )
    return next((reason for reason, holds in reasons if holds), None)


def tries_of(item: Item) -> int:
    """Count the searches since the item has its present release date."""
    return 0 if item.searched_at is None or item.released_at != item.searched_release else item.tries


def due_at(item: Item, reason: str, switches: Switches) -> float | None:
    """Say from when on an item may be searched; None for never again.

    A missing one waits 1, 2, 4… days after each search, one that is to be improved its cool-down. With retries after a
    release, a missing one that was searched so soon after its own waits 3, 6, 12… hours, and later no longer than it
    has been released for: the early searches do not make the later ones rarer.
    """
    tries = tries_of(item)
    if not tries or item.searched_at is None or _is_repeated(item):
        return 0.0
    if not switches.again:
        return None
    if reason != "Missing":
        return item.searched_at + switches.unmet_cooldown_seconds
    doubled = 1 << min(tries - 1, 10)
    wait = min(doubled, _LONGEST_BACKOFF_DAYS) * _DAY
    out_for = _out_for(item)
    if not switches.retry_after_release_seconds or out_for is None:
        return item.searched_at + wait
    if out_for < switches.retry_after_release_seconds:
        return item.searched_at + min(wait, doubled * _FIRST_RETRY_SECONDS)
    return item.searched_at + min(wait, out_for + _DAY)


def _out_for(item: Item) -> float | None:
    """Count the seconds from the release to the last search; None when either is not known, or they are in disorder."""
    if item.searched_at is None or item.released_at is None or item.searched_at < item.released_at:
        return None
    return item.searched_at - item.released_at


def _is_retried(item: Item, switches: Switches) -> bool:
    """Whether an item is searched again soon after its release."""
    out_for = _out_for(item)
    return tries_of(item) > 0 and out_for is not None and out_for < switches.retry_after_release_seconds


def _is_repeated(item: Item) -> bool:
    return item.again == Again.INDEXERS or (item.again == Again.SEASON and not item.has_file)


def choice(item: Item, switches: Switches, now: float) -> Choice | None:
    """Find an item's place in the order; None when it is not to be searched now."""
    reason = reason_of(item, switches)
    if reason is None:
        return None
    due = due_at(item, reason, switches)
    if due is None or due > now:
        return None
    fresh = switches.today_first and item.released_at is not None and now - _DAY <= item.released_at <= now
    holds = (
        item.is_request,
        item.again == Again.INDEXERS,
        fresh and reason == "Missing",
        reason == "Missing" and _is_retried(item, switches),
        True,
    )
    tier = holds.index(True)
    sign = -1 if switches.newest_first else 1
    year = sign * item.year if switches.by_year else 0
    released = sign * (item.released_at or 0.0)
    return Choice((tier, tries_of(item), _REASONS.index(reason), year, released, item.id), item, reason)


_TIERS = ("requested; ", "no indexer answered the last search; ", "released today; ", "released lately; ", "")


def best(so_far: Iterable[Choice], more: Iterable[Choice], count: int) -> list[Choice]:
    """Select the first `count` of both, in order."""
    return heapq.nsmallest(count, (*so_far, *more))


# -- searches -----------------------------------------------------------------------------------------------------


class PlannedSearch(Struct, frozen=True, rename="camel"):
    """One command to the Arr: the items that it covers, why, and its cost in the budget.

    `series_id` and `season` are set when a whole series or season is searched.
    """

    command: str
    item_ids: tuple[int, ...]
    reason: str
    why: str
    title: str
    cost: int = 1
    series_id: int | None = None
    season: int | None = None


class SeasonItems(NamedTuple):
    """Monitored episodes of a season that have aired: their number, and the missing ones in order.

    `monitored`: whether the season itself is. `stage`: what its last search as a whole came to.
    """

    aired: int
    missing: tuple[Item, ...]
    monitored: bool = True
    stage: SeasonStage = SeasonStage.NORMAL

    @property
    def is_mostly_missing(self) -> bool:
        """Whether so much is missing that a search for the whole season pays."""
        return len(self.missing) > 1 and len(self.missing) > SEASON_SHARE * self.aired


def single(chosen: Choice, command: str) -> PlannedSearch:
    """Plan a search for one item."""
    return PlannedSearch(command, (chosen.item.id,), chosen.reason, _why(chosen), chosen.item.title)


def for_series(
    chosen: Choice,
    title: str,
    seasons: dict[int, SeasonItems],
    mode: str,
    is_free: Callable[[Item], bool],
    is_idle: Callable[[Item], bool],
) -> PlannedSearch:
    """Plan a search for an episode together with other missing ones, by `SearchBySeries`.

    `smart` searches the series when all of it is missing, the season when more than three quarters of it are, the
    episodes otherwise. `true` searches the series whenever more than one episode is missing, `false` only the episode.
    The others must be free: neither downloading nor within their cool-down. Of a season that returns from its rest they
    need only be idle: not downloading. Sonarr's own search of a series or season is for all of its monitored episodes,
    those with a file too; that of a series leaves out seasons that are not monitored, and is not used when something
    there is missing, or when a season rests.
    """
    item, number = chosen.item, chosen.item.season or 0
    name = f"{title} S{number:02}E{item.number or 0:02}"
    season = seasons.get(number)
    if mode == "false" or chosen.reason != "Missing" or season is None:
        return PlannedSearch("EpisodeSearch", (item.id,), chosen.reason, _why(chosen), name)

    def may_be_whole(one: SeasonItems) -> bool:
        return one.stage is not SeasonStage.RESTING and all(
            map(is_idle if one.stage is SeasonStage.RETURNING else is_free, one.missing)
        )

    lacking = [one for one in seasons.values() if one.missing]
    ids = tuple(episode.id for one in lacking for episode in one.missing)
    whole = len(ids) == sum(one.aired for one in seasons.values())
    as_series = mode == "true" or (whole and len(seasons) > 1)
    if as_series and len(ids) > 1 and all(one.monitored and may_be_whole(one) for one in lacking):
        why = f"{'all ' if whole else ''}{len(ids)} episodes are missing; the whole series is searched"
        return PlannedSearch("SeriesSearch", ids, "Missing", why, title, len(seasons), item.parent)
    missing, because = season.missing, f"{len(season.missing)} of {season.aired} episodes are missing"
    if season.is_mostly_missing and may_be_whole(season):
        ids, why = tuple(episode.id for episode in missing), f"{because}; the whole season is searched"
        return PlannedSearch("SeasonSearch", ids, "Missing", why, f"{title} S{number:02}", 1, item.parent, number)
    in_vain = season.stage is SeasonStage.RESTING and season.is_mostly_missing
    after = "; a search for the whole season found nothing" if in_vain else ""
    free = [episode for episode in missing if is_free(episode)]
    if len(free) > 1 and any(episode.id == item.id for episode in free):
        others = [episode for episode in free if episode.id != item.id][: EPISODES_AT_ONCE - 1]
        ids = (item.id, *(episode.id for episode in others))
        return PlannedSearch("EpisodeSearch", ids, "Missing", because + after, f"{title} S{number:02}", len(ids))
    return PlannedSearch("EpisodeSearch", (item.id,), chosen.reason, _why(chosen) + after, name)


def _why(chosen: Choice) -> str:
    lead = _TIERS[chosen.rank[0]]
    what = {
        "Missing": "missing",
        "CustomFormat": "below the custom format score",
        "Quality": "below the quality cutoff",
        "Upgrade": "to be upgraded",
    }[chosen.reason]
    tries = tries_of(chosen.item)
    before = f", searched {tries} times before" if tries > 1 else ", searched once before" if tries else ""
    return lead + what + before


class SearchForecast(Struct, frozen=True, rename="camel"):
    """The next searches in order. `waiting_for` is why none is sent now; empty when one may be.

    `due` counts the items that may be searched now; `through_at` is when all of them will have been searched at this
    rate, in epoch seconds, null when there are none. `left_out` counts those that their tags keep from it, by reason.
    `query_limits` are those of the Arr's indexers in Prowlarr, as far as they are known. `requested` are the items that
    the user asked for and that were not sent yet.
    """

    searches: list[PlannedSearch]
    due: int
    per_hour: int
    waiting_for: str
    through_at: float | None
    left_out: dict[str, int] = {}
    query_limits: list[QueryLimit] = []
    requested: list[int] = []


def is_inside(window: str, minute_of_day: int) -> bool:
    """Whether searches are sent at this minute. No window, or one that ends where it starts, is the whole day."""
    if not window:
        return True
    start, end = map(_minute, window.split("-"))
    if start < end:
        return start <= minute_of_day < end
    return minute_of_day >= start or minute_of_day < end


def _minute(time_of_day: str) -> int:
    hours, minutes = time_of_day.split(":")
    return int(hours) * 60 + int(minutes)
