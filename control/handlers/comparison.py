"""`comparison`: what Shadow would have done to torrents beside what others did, and whether both come to the same."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from control.binding import LARGEST_INTEGER
from control.context import HandlerContext
from control.web.answers import moment
from control.web.errors import invalid
from qbitrr.clock import from_iso
from qbitrr.rules.side_by_side import UNSEEN_SECONDS, Class, compare
from qbitrr.state import foreign_acts, shadow_searches, side_by_side, watch_periods
from qbitrr.state.side_by_side import Place, SideBySide, Span
from qbitrr.state.watch_periods import WatchPeriod

READ_AT_ONCE = 10_000
"""Events that one page reads to find torrents of a class: the next page goes on."""
MOST_COUNTED = 10_000
_AT_ONCE = 500
_DAY_SECONDS = 86400
_FIRST_DAY = date(1970, 1, 1)
_EVER = 1e12

Category = Annotated[str, Meta(description="Only of this category.")]


class ComparisonRequest(Struct, frozen=True):
    """Conditions on torrents; one that is left out is met by all."""

    limit: Annotated[int, Meta(description="How many, 1 to 500.", extra={"lowest": 1, "highest": 500})] = 50
    category: Category = ""
    kind: Annotated[str, Meta(description="Only agree, only_theirs, only_ours, earlier, later or not_known ones.")] = ""
    since: Annotated[str, Meta(description="Only those of this time or later, ISO 8601.")] = ""
    until: Annotated[str, Meta(description="Only those before this time, ISO 8601.")] = ""
    after: Annotated[str, Meta(description="`next` of the page before.")] = ""


class OursView(Struct, frozen=True, rename="camel"):
    """What Shadow made of a torrent: the removal that it would have done at `at`, or the verdict that was stored last.

    `at` is null when it would have done nothing. `expectedAt`: when time alone was to bring a removal, by that verdict.
    """

    action: str
    rule: str
    because: str
    at: datetime | None
    expected_at: datetime | None


class TheirsView(Struct, frozen=True, rename="camel"):
    """What others did to a torrent.

    It was missed at `removedAt`, and seen last at `seenAt` in `state`, one of qBittorrent's. `movedTo` is the category
    that it is in now, null when its client has it no more. Of one that is there, `seenAt` is when its client answered
    last. `pausedAt` and `tags` are what was seen to change in the client; they do not count for the class.
    """

    removed_at: datetime | None
    seen_at: datetime | None
    state: str
    moved_to: str | None
    blocklisted_at: datetime | None
    ignored_at: datetime | None
    paused_at: datetime | None
    tagged_at: datetime | None
    tags: list[str]


class ComparedTorrent(Struct, frozen=True):
    """One torrent, at the time when it left, else when Shadow would have removed it, else when it ended in the Arr.

    `kind`: `agree` within an hour, `earlier` and `later` say which Shadow is, `only_theirs` would have been kept by
    Shadow and `only_ours` is kept by the others, `not_known` for the reason in `because`. `seconds` is the least
    difference in time that is known, for `only_ours` how long the others have left it.
    """

    at: datetime
    category: str
    instance: str
    hash: str
    name: str
    kind: Class
    seconds: float | None
    because: str
    ours: OursView | None
    theirs: TheirsView


class Comparison(Struct, frozen=True):
    """A page, the newest first. `next` is the `after` of the next one, null after the last.

    A page may be short: it reads the next 10,000 events, and the next page goes on.
    """

    torrents: list[ComparedTorrent]
    next: str | None


async def read(context: HandlerContext, request: ComparisonRequest) -> Comparison:
    """List what Shadow would have done to torrents beside what others did, the newest first."""
    span = Span(_moment("since", request.since, 0.0), _moment("until", request.until, _EVER), category=request.category)
    if request.kind and request.kind not in list(Class):
        raise invalid("kind", request.kind, f"Must be one of {', '.join(Class)}")
    now, after = context.clock.wall(), _place(request.after)
    found: list[ComparedTorrent] = []
    size = _AT_ONCE if request.kind else request.limit
    for _ in range(0, READ_AT_ONCE, _AT_ONCE):
        page = await side_by_side.page(context.database, size, span, after)
        for row in page.rows:
            if len(found) == request.limit:
                return Comparison(found, _next(after))
            shown = compared(row, now)
            if not request.kind or shown.kind == request.kind:
                found.append(shown)
            after = row.place
        after = page.next
        if after is None:
            break
    return Comparison(found, _next(after))


async def counts_of_a_day(context: HandlerContext) -> Counter[tuple[str, Class]]:
    """Count the torrents of the last 24 hours by category and class, the newest 500 at most."""
    now = context.clock.wall()
    page = await side_by_side.page(context.database, _AT_ONCE, Span(now - _DAY_SECONDS, _EVER))
    return Counter((row.category, compare(row.ours, row.theirs, now).kind) for row in page.rows)


def compared(row: SideBySide, now: float) -> ComparedTorrent:
    """Compare what both sides did to a torrent, at `now` (epoch seconds)."""
    found = compare(row.ours, row.theirs, now)
    ours = None
    if (opinion := row.opinion) is not None:
        at, expected_at = moment(row.removes_at), moment(row.expected_at)
        ours = OursView(opinion.action, opinion.rule, opinion.because, at, expected_at)
    theirs = TheirsView(
        removed_at=moment(row.removed_at),
        seen_at=moment(row.seen_at),
        state=row.state,
        moved_to=row.moved_to,
        blocklisted_at=moment(row.blocklisted_at),
        ignored_at=moment(row.ignored_at),
        paused_at=moment(row.paused_at),
        tagged_at=moment(row.tagged_at),
        tags=list(row.tags),
    )
    return ComparedTorrent(
        at=moment(row.place.at),
        category=row.category,
        instance=row.instance,
        hash=row.infohash,
        name=row.name,
        kind=found.kind,
        seconds=found.seconds,
        because=found.because,
        ours=ours,
        theirs=theirs,
    )


def _moment(parameter: str, text: str, otherwise: float) -> float:
    """Convert a parameter to epoch seconds. Raises BadRequestError."""
    at = from_iso(text) if text else otherwise
    if at is None:
        raise invalid(parameter, text, "Must be a date or time as in ISO 8601, such as 2026-11-25T12:00:00Z")
    return at


def _place(after: str) -> Place | None:
    """Return the place of `next` of a page. Raises BadRequestError."""
    if not after:
        return None
    try:
        place = msgspec.json.decode(after, type=Place)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise invalid("after", after, "Must be `next` of another page") from None
    if max(abs(place.source), abs(place.id)) > LARGEST_INTEGER:
        raise invalid("after", after, "Must be `next` of another page")
    return place


def _next(place: Place | None) -> str | None:
    return None if place is None else msgspec.json.encode(place).decode()


class ComparedDaysRequest(Struct, frozen=True):
    """The days that are counted."""

    days: Annotated[int, Meta(description="How many, 1 to 90, with today.", extra={"lowest": 1, "highest": 90})] = 14
    offset_minutes: Annotated[int, Meta(description="How far the caller's zone is ahead of UTC.", ge=-900, le=900)] = 0
    category: Category = ""


class ClassCount(Struct, frozen=True):
    """How many torrents of a category fell into a class on a day."""

    day: date
    category: str
    kind: Class
    number: int


class SearchCount(Struct, frozen=True):
    """Searches of a day in an Arr: those that others sent, and those that Shadow would have sent at its own pace.

    `both` is for how many items both searched, as far as the commands of the others name items.
    """

    day: date
    category: str
    theirs: int
    ours: int
    both: int


class Gap(Struct, frozen=True):
    """A time in which a qBittorrent was not seen by the worker of a category: what happened then is not known."""

    category: str
    instance: str
    since: datetime
    until: datetime


class ComparedDays(Struct, frozen=True):
    """Counts of the days from `first` to `last`; what is not listed did not happen or was not seen.

    The newest 10,000 events are counted; `counted_since` is the time of the oldest when there are more, else null.
    """

    first: date
    last: date
    counts: list[ClassCount]
    searches: list[SearchCount]
    gaps: list[Gap]
    counted_since: datetime | None


async def days(context: HandlerContext, request: ComparedDaysRequest) -> ComparedDays:
    """Count each day how Shadow and others compare, in the caller's zone, with the searches of both and all gaps."""
    offset, now = request.offset_minutes * 60, context.clock.wall()
    today = int((now + offset) // _DAY_SECONDS)
    first = today - request.days + 1
    span = Span(first * _DAY_SECONDS - offset, (today + 1) * _DAY_SECONDS - offset, request.category)

    def day_of(at: float) -> date:
        return _date(int((at + offset) // _DAY_SECONDS))

    def of(category: str) -> bool:
        return request.category in ("", category)

    counts: Counter[tuple[date, str, Class]] = Counter()
    after: Place | None = None
    for _ in range(0, MOST_COUNTED, _AT_ONCE):
        page = await side_by_side.page(context.database, _AT_ONCE, span, after)
        counts.update(
            (day_of(row.place.at), row.category, compare(row.ours, row.theirs, now).kind) for row in page.rows
        )
        after = page.next
        if after is None:
            break
    theirs = [one for one in await foreign_acts.searches(context.database, span.since, span.until) if of(one[0])]
    ours = await shadow_searches.between(context.database, span.since, span.until, request.category)
    periods = await watch_periods.since(context.database, span.since)
    return ComparedDays(
        first=_date(first),
        last=_date(today),
        counts=[ClassCount(*key, number) for key, number in sorted(counts.items())],
        searches=_searches(
            [(day_of(act.at), category, act.items) for category, act in theirs],
            [(day_of(one.at), one.category, one.items) for one in ours],
        ),
        gaps=_gaps([one for one in periods if of(one.category)], now),
        counted_since=None if after is None else moment(after.at),
    )


_Search = tuple[date, str, tuple[int, ...]]


def _searches(theirs: list[_Search], ours: list[_Search]) -> list[SearchCount]:
    """Count the searches of both sides by day and category."""
    items: dict[tuple[date, str], tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    numbers: dict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
    for side, searches in enumerate((theirs, ours)):
        for day, category, searched in searches:
            items[day, category][side].update(searched)
            numbers[day, category][side] += 1
    return [
        SearchCount(day, category, of_theirs, of_ours, len(set.intersection(*items[day, category])))
        for (day, category), (of_theirs, of_ours) in sorted(numbers.items())
    ]


def _gaps(periods: list[WatchPeriod], now: float) -> list[Gap]:
    """Find the times between the periods of each category and qBittorrent, given as the newest first, and until now."""
    later: dict[tuple[str, str], float] = {}
    gaps = []
    for period in periods:
        key = (period.category, period.instance)
        end = later.get(key, now)
        if end - period.until > UNSEEN_SECONDS:
            gaps.append(Gap(*key, moment(period.until), moment(end)))
        later[key] = period.since
    return gaps


def _date(day: int) -> date:
    return _FIRST_DAY + timedelta(days=day)
