"""What nobody else would tidy up: rows of categories that are no longer configured.

Blocking: run by the supervisor before its loop and its workers start.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from qbitrr.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def drop_removed_categories(path: Path, categories: Collection[str], now: float) -> int:
    """End the actions of unknown categories as held, and forget their verdicts; returns the number of actions.

    An open action keeps every other from its torrent, whose category may have been renamed. Raises StateError.
    """
    marks = ", ".join("?" * len(categories))
    outcome = "its category is no longer configured"
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            for table in ("verdicts", "torrents", "clocks", "breakers"):
                connection.execute(f"DELETE FROM {table} WHERE category NOT IN ({marks})", tuple(categories))
            return connection.execute(
                f"""UPDATE ledger SET state = 'held', outcome = ?, updated_at = ?
                    WHERE state = 'planned' AND category NOT IN ({marks})""",
                (outcome, now, *categories),
            ).rowcount
    except sqlite3.Error as error:
        raise StateError(f"{path.name} cannot be tidied up: {error}") from error
