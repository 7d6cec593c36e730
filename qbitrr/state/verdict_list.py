"""Reading the verdicts of all torrents for lists: a page in one of three orders, and how many there are of each kind.

Pages are cut by the key of their last row, so that a later one costs what the first one does. No trace is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
from msgspec import Struct

from qbitrr.state.verdicts import Forecast

if TYPE_CHECKING:
    from qbitrr.state.database import Database

Order = Literal["name", "since", "next"]

# of each order: its column, how it is compared, and its direction
_ORDERS: dict[Order, tuple[str, str, str]] = {
    "name": ("name COLLATE NOCASE", ">", "ASC"),
    "since": ("since", "<", "DESC"),
    "next": ("revisit_at", ">", "ASC"),
}


class Place(NamedTuple):
    """Where a page ends: the value of the order and the key of its last row."""

    value: str | float
    category: str
    instance: str
    infohash: str


class VerdictFilter(Struct, frozen=True):
    """Properties that listed verdicts must have, empty for any. `text` is a part of the name, in any case."""

    category: str = ""
    instance: str = ""
    rule: str = ""
    action: str = ""
    text: str = ""


class ListedVerdict(Struct, frozen=True):
    """A verdict without its trace; times are epoch seconds."""

    category: str
    instance: str
    infohash: str
    name: str
    action: str
    rule: str
    because: str
    since: float
    measured_at: float
    revisit_at: float | None
    forecast: Forecast | None

    def place(self, order: Order) -> Place:
        """Where a page ends whose last row is this."""
        values: dict[Order, str | float] = {
            "name": self.name,
            "since": self.since,
            "next": self.revisit_at or 0.0,
        }
        return Place(values[order], self.category, self.instance, self.infohash)


class Kind(NamedTuple):
    """How many torrents of a category have, on one qBittorrent, a verdict by this rule."""

    rule: str
    action: str
    category: str
    instance: str
    number: int


_COLUMNS = ", ".join(ListedVerdict.__struct_fields__)


async def page(
    database: Database, limit: int, order: Order, chosen: VerdictFilter, after: Place | None = None
) -> list[ListedVerdict]:
    """Read a page: by name, the latest verdict first, or the one first that time changes next.

    In the last order only those are listed that time alone may change.
    """
    column, comparison, direction = _ORDERS[order]
    terms: list[tuple[str, list[Any]]] = [
        (f"{name} = ?", [value])
        for name in ("category", "instance", "rule", "action")
        if (value := getattr(chosen, name))
    ]
    if chosen.text:
        terms.append(("instr(lower(name), ?) > 0", [chosen.text.lower()]))
    if order == "next":
        terms.append(("revisit_at IS NOT NULL", []))
    if after is not None:  # the first term is what SQLite finds the place by
        terms.append((f"{column} {comparison}= ?", [after.value]))
        terms.append((f"({column}, category, instance, infohash) {comparison} (?, ?, ?, ?)", list(after)))
    where = " AND ".join(sql for sql, _ in terms) or "TRUE"
    rows = await database.rows(
        f"""SELECT {_COLUMNS} FROM verdicts WHERE {where}
            ORDER BY {column} {direction}, category {direction}, instance {direction}, infohash {direction} LIMIT ?""",
        (*(value for _, values in terms for value in values), limit),
    )
    return [_listed(row) for row in rows]


def _listed(row: tuple[Any, ...]) -> ListedVerdict:
    fields = dict(zip(ListedVerdict.__struct_fields__, row, strict=True))
    if fields["forecast"] is not None:
        fields["forecast"] = msgspec.json.decode(fields["forecast"], type=Forecast)
    return ListedVerdict(**fields)


async def kinds(database: Database) -> list[Kind]:
    """Count all verdicts by rule, action, category and qBittorrent. Read from an index alone."""
    columns = "rule, action, category, instance"
    rows = await database.rows(f"SELECT {columns}, count(*) FROM verdicts GROUP BY {columns}")
    return [Kind(*row) for row in rows]


async def because(database: Database, rules: dict[str, str], limit: int) -> list[ListedVerdict]:
    """Read verdicts by which nothing is done, whose rule is given and whose reason begins as given with it."""
    reasons = " OR ".join("(rule = ? AND action = 'nothing' AND substr(because, 1, ?) = ?)" for _ in rules)
    values = [value for rule, start in rules.items() for value in (rule, len(start), start)]
    rows = await database.rows(
        f"SELECT {_COLUMNS} FROM verdicts WHERE {reasons} ORDER BY since DESC LIMIT ?", (*values, limit)
    )
    return [_listed(row) for row in rows]
