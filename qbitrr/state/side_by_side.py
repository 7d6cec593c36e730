"""Reading what Shadow would have done to each torrent beside what others did; `qbitrr.rules.side_by_side` compares.

A torrent has one row: at the time when it left without us, else when Shadow would first have removed it, else when it
was first blocklisted or ignored in the Arr. Pages are cut by the place of their last row, so that a later one costs
what the first one does, however many rows there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

from qbitrr.rules.other_tools import ForeignKind
from qbitrr.rules.side_by_side import Ours, Theirs
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.state.verdicts import Forecast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.state.database import Database, Row

_AFTER_SECONDS = 3600.0  # the Arr may note the end of a download after it left the client
_BEFORE_SECONDS = 30 * 86400.0  # of a torrent of which it is not known when it was added

_REMOVALS = ", ".join(f"'{action}'" for action in sorted(DESTRUCTIVE))
_ENDS = ", ".join(f"'{kind}'" for kind in (ForeignKind.BLOCKLISTING, ForeignKind.IGNORING))


class Place(NamedTuple):
    """Where a page ends: the time (epoch seconds), the source and the id of its last row."""

    at: float
    source: int
    id: int


class Span(Struct, frozen=True):
    """The rows that are read: from a time on and before another (epoch seconds), of one category or of all."""

    since: float
    until: float
    category: str = ""


class Opinion(Struct, frozen=True):
    """What was decided on a torrent: a removal by Shadow, or the verdict that was stored last."""

    action: str
    rule: str
    because: str


class SideBySide(Struct, frozen=True):
    """One torrent. Times are epoch seconds; `opinion` is None when none is known.

    `state` is that in which it was seen last, and `moved_to` the category that it was moved to, for one that left.
    `tags` are those that it got from others.
    """

    place: Place
    category: str
    instance: str
    infohash: str
    name: str
    opinion: Opinion | None
    removes_at: float | None
    expected_at: float | None
    removed_at: float | None
    seen_at: float | None
    state: str
    moved_to: str | None
    blocklisted_at: float | None
    ignored_at: float | None
    paused_at: float | None
    tagged_at: float | None
    tags: tuple[str, ...]

    @property
    def ours(self) -> Ours:
        """What Shadow made of it."""
        return Ours(self.opinion is not None, self.removes_at, self.expected_at)

    @property
    def theirs(self) -> Theirs:
        """What others did."""
        moved = self.moved_to is not None
        return Theirs(self.removed_at, self.seen_at, moved, self.blocklisted_at, self.ignored_at)


_KINDS = (ForeignKind.BLOCKLISTING, ForeignKind.IGNORING, ForeignKind.PAUSING, ForeignKind.TAGGING)


def _acts(torrent: str, since: str, until: str) -> str:
    """Select when others first did each kind of thing to a torrent, and the tags that it got."""
    of_torrent = f"category = {torrent}.category AND infohash = {torrent}.infohash AND at BETWEEN {since} AND {until}"
    firsts = [f"(SELECT min(at) FROM foreign_acts WHERE {of_torrent} AND kind = '{kind}')" for kind in _KINDS]
    tags = f"""(SELECT json_group_array(DISTINCT name) FROM foreign_acts
        WHERE {of_torrent} AND kind = '{ForeignKind.TAGGING}')"""
    return ", ".join([*firsts, tags])


_OF_SHADOW = f"""SELECT id FROM shadow AS first INDEXED BY shadow_once WHERE first.category = {{0}}.category
    AND first.instance = {{0}}.instance AND first.infohash = {{0}}.infohash AND first.added_at = {{0}}.added_at
    AND first.action IN ({_REMOVALS}) ORDER BY decided_at, id LIMIT 1"""
_SEEN_AT = """(SELECT max(until) FROM watch_periods
    WHERE watch_periods.category = {0}.category AND watch_periods.instance = {0}.instance)"""

# of each source: its columns, its tables and conditions, the column of its time, and its id
_DEPARTED = (
    f"""d.category, d.instance, d.infohash, ifnull(nullif(d.name, ''), ifnull(s.name, '')),
        ifnull(s.action, d.action), ifnull(s.rule, d.rule), ifnull(s.because, d.because), s.decided_at,
        d.revisit_at, d.forecast, d.left_at, d.seen_at, d.state, d.moved_to,
        {_acts("d", "d.added_at", f"d.left_at + {_AFTER_SECONDS}")}""",
    f"departures AS d LEFT JOIN shadow AS s ON s.id = ({_OF_SHADOW.format('d')}) WHERE TRUE",
    "d.left_at",
    "d",
)
_PRESENT = (
    f"""s.category, s.instance, s.infohash, s.name, s.action, s.rule, s.because, s.decided_at,
        NULL, NULL, NULL, {_SEEN_AT.format("s")}, '', NULL, {_acts("s", "s.added_at", "1e12")}""",
    f"""shadow AS s WHERE s.action IN ({_REMOVALS}) AND s.gone_at IS NULL
        AND s.id = ({_OF_SHADOW.format("s")})""",
    "s.decided_at",
    "s",
)
_ENDED_IN_ARR = (
    f"""a.category, ifnull(v.instance, ''), a.infohash, ifnull(v.name, a.name), v.action, v.rule, v.because, NULL,
        v.revisit_at, v.forecast, NULL, NULL, '', NULL, {_acts("a", f"a.at - {_BEFORE_SECONDS}", "1e12")}""",
    f"""foreign_acts AS a LEFT JOIN verdicts AS v ON v.category = a.category AND v.infohash = a.infohash
            AND v.instance = (SELECT min(instance) FROM verdicts AS any
                              WHERE any.category = a.category AND any.infohash = a.infohash)
        WHERE a.kind IN ({_ENDS})
        AND NOT EXISTS (SELECT 1 FROM foreign_acts AS other WHERE other.category = a.category
            AND other.infohash = a.infohash AND other.kind IN ({_ENDS}) AND (other.at, other.id) < (a.at, a.id))
        AND NOT EXISTS (SELECT 1 FROM departures INDEXED BY departures_by_torrent WHERE departures.infohash = a.infohash
            AND departures.category = a.category AND departures.left_at >= a.at - {_AFTER_SECONDS})
        AND NOT EXISTS (SELECT 1 FROM shadow WHERE shadow.category = a.category AND shadow.instance = v.instance
            AND shadow.infohash = a.infohash AND shadow.action IN ({_REMOVALS}) AND shadow.gone_at IS NULL)""",
    "a.at",
    "a",
)
_SOURCES = (_ENDED_IN_ARR, _PRESENT, _DEPARTED)


async def page(database: Database, limit: int, span: Span, after: Place | None = None) -> list[SideBySide]:
    """Read the newest rows of a span, the newest first; those behind a place for a later page."""
    found = []
    for source in range(len(_SOURCES)):
        sql, values = query(source, limit, span, after)
        found += [_row(source, row) for row in await database.rows(sql, values)]
    return sorted(found, key=_place, reverse=True)[:limit]


def query(source: int, limit: int, span: Span, after: Place | None) -> tuple[str, Sequence[object]]:
    """Write the query for the rows of one source, with its values."""
    columns, tables, at, table = _SOURCES[source]
    values: list[object] = [span.since, span.until if after is None else min(span.until, after.at)]
    terms = f"{at} >= ? AND {at} {'<' if after is None else '<='} ?"
    if after is not None:
        terms += f" AND ({at}, {source}, {table}.id) < (?, ?, ?) AND {at} < ?"
        values += [*after, span.until]
    if span.category:
        terms += f" AND {table}.category = ?"
        values.append(span.category)
    return (
        f"SELECT {at}, {table}.id, {columns} FROM {tables} AND {terms} ORDER BY {at} DESC, {table}.id DESC LIMIT ?",
        (*values, limit),
    )


def _place(row: SideBySide) -> Place:
    return row.place


def _row(source: int, row: Row) -> SideBySide:
    at, row_id, category, instance, infohash, name, action, rule, because, removes_at, revisit_at, forecast, *others = (
        row
    )
    removed_at, seen_at, state, moved_to, blocklisted_at, ignored_at, paused_at, tagged_at, tags = others
    return SideBySide(
        place=Place(at, source, row_id),
        category=category,
        instance=instance,
        infohash=infohash,
        name=name,
        opinion=None if rule is None else Opinion(action, rule, because),
        removes_at=removes_at,
        expected_at=_expected(revisit_at, forecast),
        removed_at=removed_at,
        seen_at=seen_at,
        state=state,
        moved_to=moved_to,
        blocklisted_at=blocklisted_at,
        ignored_at=ignored_at,
        paused_at=paused_at,
        tagged_at=tagged_at,
        tags=msgspec.json.decode(tags, type=tuple[str, ...]),
    )


def _expected(revisit_at: float | None, forecast: str | None) -> float | None:
    """Return when time alone is to bring a removal; None when it is not."""
    if revisit_at is None or forecast is None:
        return None
    return revisit_at if msgspec.json.decode(forecast, type=Forecast).action in DESTRUCTIVE else None
