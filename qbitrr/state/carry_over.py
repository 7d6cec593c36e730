"""Carry-over: what was done, spent and refused since a copy of the state was made, added to that copy. Blocking."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from qbitrr import logs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log = logs.get(__name__)

_REPLACED = ("search_budgets", "searches", "refused_logins", "retry_after")
_BY_TRIGGER = "change"  # a column of the ledger


def carry_over(newer: Path, older: Path) -> None:
    """Bring ledger, budgets and refused logins of an older state file up to those of a newer one.

    The newer one may have another schema: columns that both have are carried over, and a table for which that cannot be
    done stays as it was and is logged.
    """
    with contextlib.closing(sqlite3.connect(older, isolation_level=None)) as connection:
        try:
            connection.execute("ATTACH ? AS newer", (str(newer),))
        except sqlite3.Error as error:
            _log.error("state of the refused version could not be read", error=str(error))
            return
        for table in ("ledger", *_REPLACED):
            try:
                _carry(connection, table)
            except sqlite3.Error as error:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                _log.error("table of the refused version was not carried over", table=table, error=str(error))


def _carry(connection: sqlite3.Connection, table: str) -> None:
    columns = _common_columns(connection, table)
    names = ", ".join(columns)
    connection.execute("BEGIN")
    if table == "ledger":
        # what ended first: a torrent has one open entry
        connection.execute(
            f"""UPDATE main.ledger SET ({names}) = (SELECT {names} FROM newer.ledger AS n WHERE n.id = ledger.id)
                WHERE EXISTS (SELECT 1 FROM newer.ledger AS n
                              WHERE n.id = ledger.id AND n.updated_at IS NOT ledger.updated_at)"""
        )
        connection.execute(
            f"""INSERT INTO main.ledger ({names}) SELECT {names} FROM newer.ledger
                WHERE id NOT IN (SELECT id FROM main.ledger) ORDER BY id"""
        )
    else:
        connection.execute(f"INSERT OR REPLACE INTO main.{table} ({names}) SELECT {names} FROM newer.{table}")
    connection.execute("COMMIT")


def _common_columns(connection: sqlite3.Connection, table: str) -> Sequence[str]:
    ours, theirs = (
        [row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")] for schema in ("main", "newer")
    )
    if not theirs:
        raise sqlite3.OperationalError("it has no such table")
    return [column for column in ours if column in theirs and column != _BY_TRIGGER]
