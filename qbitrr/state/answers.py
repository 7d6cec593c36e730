"""Answers of the user that are remembered: whether a rule may act on the torrents of a tracker."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from qbitrr.state.database import Database

MOST_ANSWERS = 500
"""Of a category; beyond that the oldest are forgotten, and asked about again."""


class StoredAnswer(NamedTuple):
    """Whether a rule may act on what has a tracker, by its host; `answered_at` in epoch seconds."""

    category: str
    rule: str
    tracker: str
    act: bool
    answered_at: float


async def read(database: Database, category: str | None = None) -> list[StoredAnswer]:
    """Read the answers about a category, or about all, the newest first."""
    where, values = ("category = ?", (category,)) if category is not None else ("TRUE", ())
    sql = f"SELECT category, rule, tracker, act, answered_at FROM answers WHERE {where} ORDER BY answered_at DESC"
    rows = await database.rows(sql, values)
    return [StoredAnswer(row[0], row[1], row[2], bool(row[3]), row[4]) for row in rows]


async def store(database: Database, answer: StoredAnswer) -> None:
    """Store an answer in place of an earlier one."""
    async with database.transaction() as transaction:
        await transaction.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", tuple(answer))
        await transaction.execute(
            """DELETE FROM answers WHERE category = ?1 AND (rule, tracker) NOT IN
               (SELECT rule, tracker FROM answers WHERE category = ?1 ORDER BY answered_at DESC LIMIT ?2)""",
            (answer.category, MOST_ANSWERS),
        )


async def forget(database: Database, category: str, rule: str, tracker: str) -> None:
    """Drop an answer, so that the rule asks again."""
    sql = "DELETE FROM answers WHERE category = ? AND rule = ? AND tracker = ?"
    await database.write(sql, (category, rule, tracker))
