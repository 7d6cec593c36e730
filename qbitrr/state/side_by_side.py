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

_FIELDS = (
    "category", "instance", "infohash", "name", "action", "rule", "because", "removes_at", "revisit_at", "forecast",
    "removed_at", "seen_at", "state", "moved_to", "blocklisted_at", "ignored_at", "paused_at", "tagged_at", "tags",
)  # fmt: skip


class _Source(NamedTuple):
    """Where rows come from: its `columns` are `_FIELDS`.

    `row` is the condition under which one of its `events` has a row, `at` their time.
    """

    columns: str
    tables: str
    events: str
    row: str
    at: str
    table: str


_DEPARTED = _Source(
    f"""d.category, d.instance, d.infohash, ifnull(nullif(d.name, ''), ifnull(s.name, '')),
        ifnull(s.action, d.action), ifnull(s.rule, d.rule), ifnull(s.because, d.because), s.decided_at,
        d.revisit_at, d.forecast, d.left_at, d.seen_at, d.state, d.moved_to,
        {_acts("d", "d.added_at", f"d.left_at + {_AFTER_SECONDS}")}""",
    f"departures AS d LEFT JOIN shadow AS s ON s.id = ({_OF_SHADOW.format('d')})",
    "TRUE",
    "TRUE",
    "d.left_at",
    "d",
)
_PRESENT = _Source(
    f"""s.category, s.instance, s.infohash, s.name, s.action, s.rule, s.because, s.decided_at,
        NULL, NULL, NULL, {_SEEN_AT.format("s")}, '', NULL, {_acts("s", "s.added_at", "1e12")}""",
    "shadow AS s",
    f"s.action IN ({_REMOVALS}) AND s.gone_at IS NULL",
    f"s.id = ({_OF_SHADOW.format('s')})",
    "s.decided_at",
    "s",
)
_ENDED_IN_ARR = _Source(
    f"""a.category, ifnull(v.instance, ''), a.infohash, ifnull(v.name, a.name), v.action, v.rule, v.because, NULL,
        v.revisit_at, v.forecast, NULL, NULL, '', NULL, {_acts("a", f"a.at - {_BEFORE_SECONDS}", "1e12")}""",
    """foreign_acts AS a LEFT JOIN verdicts AS v ON v.category = a.category AND v.infohash = a.infohash
        AND v.instance = (SELECT min(instance) FROM verdicts AS any
                          WHERE any.category = a.category AND any.infohash = a.infohash)""",
    f"a.kind IN ({_ENDS})",
    f"""NOT EXISTS (SELECT 1 FROM foreign_acts AS other WHERE other.category = a.category
            AND other.infohash = a.infohash AND other.kind IN ({_ENDS}) AND (other.at, other.id) < (a.at, a.id))
        AND NOT EXISTS (SELECT 1 FROM departures INDEXED BY departures_by_torrent WHERE
            departures.infohash = a.infohash
            AND departures.category = a.category AND departures.left_at >= a.at - {_AFTER_SECONDS})
        AND NOT EXISTS (SELECT 1 FROM shadow WHERE shadow.category = a.category AND shadow.instance = v.instance
            AND shadow.infohash = a.infohash AND shadow.action IN ({_REMOVALS}) AND shadow.gone_at IS NULL)""",
    "a.at",
    "a",
)
_SOURCES = (_ENDED_IN_ARR, _PRESENT, _DEPARTED)


class Page(NamedTuple):
    """Rows, the newest first, and the place that the next page is behind; None after the last one."""

    rows: list[SideBySide]
    next: Place | None


async def page(database: Database, size: int, span: Span, after: Place | None = None) -> Page:
    """Read the newest events of a span, those behind a place for a later page; not each of them has a row of its own.

    A page of `size` events may have fewer rows, also none, and a next page all the same.
    """
    events: list[tuple[Place, SideBySide | None]] = []
    for source in range(len(_SOURCES)):
        sql, values = query(source, size + 1, span, after)
        events += [(Place(row[0], source, row[1]), _row(source, row)) for row in await database.rows(sql, values)]
    events.sort(key=_place, reverse=True)
    rows = [row for _, row in events[:size] if row is not None]
    return Page(rows, events[size - 1][0] if len(events) > size else None)


def query(source: int, limit: int, span: Span, after: Place | None) -> tuple[str, Sequence[object]]:
    """Write the query for the events of one source, with its values."""
    columns, tables, events, row, at, table = _SOURCES[source]
    values: list[object] = [span.since, span.until if after is None else min(span.until, after.at)]
    terms = f"{events} AND {at} >= ? AND {at} {'<' if after is None else '<='} ?"
    if after is not None:
        terms += f" AND ({at}, {source}, {table}.id) < (?, ?, ?) AND {at} < ?"
        values += [*after, span.until]
    if span.category:
        terms += f" AND {table}.category = ?"
        values.append(span.category)
    return (
        f"""SELECT {at}, {table}.id, {row}, {columns} FROM {tables} WHERE {terms}
            ORDER BY {at} DESC, {table}.id DESC LIMIT ?""",
        (*values, limit),
    )


async def newest_ids(database: Database) -> Row | None:
    """Read the ids of the newest rows that a comparison is made from."""
    tables = ("departures", "shadow", "foreign_acts")
    return await database.row(f"SELECT {', '.join(f'(SELECT max(id) FROM {table})' for table in tables)}")


def _place(event: tuple[Place, SideBySide | None]) -> Place:
    return event[0]


def _row(source: int, row: Row) -> SideBySide | None:
    at, row_id, has_row, *columns = row
    if not has_row:
        return None
    fields = dict(zip(_FIELDS, columns, strict=True))
    stored = [fields.pop(name) for name in Opinion.__struct_fields__]
    return SideBySide(
        place=Place(at, source, row_id),
        opinion=None if None in stored else Opinion(*stored),
        expected_at=_expected(fields.pop("revisit_at"), fields.pop("forecast")),
        tags=msgspec.json.decode(fields.pop("tags"), type=tuple[str, ...]),
        **fields,
    )


def _expected(revisit_at: float | None, forecast: str | None) -> float | None:
    """Return when time alone is to bring a removal; None when it is not."""
    if revisit_at is None or forecast is None:
        return None
    return revisit_at if msgspec.json.decode(forecast, type=Forecast).action in DESTRUCTIVE else None
