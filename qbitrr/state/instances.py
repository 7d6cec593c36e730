"""Names of qBittorrents: what is stored of torrents is known by the section of theirs, and follows when it is renamed.

A section that is gone and one that is new are the same qBittorrent when they have the same address, and no other has
it. So a rename counts however it was made, also one that is undone, and one that a crash left half done.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from qbitrr.errors import StateError
from qbitrr.rules.verdict import OPEN
from qbitrr.state.database import BUSY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAMES = "instances"


def renamed(path: Path, addresses: Mapping[str, str]) -> dict[str, str]:
    """Find what `follow_names` would rename. Blocking. Raises StateError."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return renames(_known(connection), addresses)
    except sqlite3.Error as error:
        raise StateError(f"names of qBittorrents in {path.name} cannot be read: {error}") from error


def follow_names(path: Path, addresses: Mapping[str, str], now: float) -> dict[str, str]:
    """Have the stored rows follow the configuration, given as addresses by section; return new names by old ones.

    An empty address is not known at the moment, and the one before stays.

    Blocking: to be called while no worker runs that knows another name. Raises StateError; then nothing was changed.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection, connection:
            names = renames(_known(connection), addresses)
            for old, new in names.items():
                _rename(connection, old, new, now)
                connection.execute(f"DELETE FROM {_NAMES} WHERE instance = ?", (old,))
            connection.execute(
                f"""DELETE FROM {_NAMES}
                    WHERE instance NOT IN (SELECT instance FROM torrents UNION SELECT instance FROM ledger)"""
            )
            connection.executemany(
                f"""INSERT INTO {_NAMES} VALUES (?, ?)
                    ON CONFLICT DO UPDATE SET address = excluded.address WHERE excluded.address <> ''""",
                addresses.items(),
            )
            return names
    except sqlite3.Error as error:
        raise StateError(f"names of qBittorrents in {path.name} cannot be followed: {error}") from error


def renames(known: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """Find new names by old ones, from addresses by name; without those that could be meant otherwise."""
    gone = {name: address for name, address in known.items() if address and name not in present}
    fresh = {name: address for name, address in present.items() if name not in known}
    found = {}
    for old, address in gone.items():
        sharing = [name for name, its in gone.items() if its == address]
        matching = [name for name, its in present.items() if its == address]
        if len(sharing) == 1 and len(matching) == 1 and matching[0] in fresh:
            found[old] = matching[0]
    return found


def _known(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute(f"SELECT instance, address FROM {_NAMES}"))


def _rename(connection: sqlite3.Connection, old: str, new: str, now: float) -> None:
    """Give rows the new name of their qBittorrent, which is also the category of its worker without an Arr.

    What an earlier section of the new name left behind makes way; its open actions are cancelled.
    """
    marks = ", ".join("?" * len(OPEN))
    connection.execute(
        f"""UPDATE ledger SET state = 'cancelled', outcome = 'another qBittorrent has this name now', updated_at = ?
            WHERE instance = ? AND state IN ({marks})""",
        (now, new, *OPEN),
    )
    for table, columns in _tables(connection).items():
        for column in columns & {"category", "instance"}:
            connection.execute(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {column} = ?", (new, old))


def _tables(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """The columns of every table of ours, without that of the names."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    columns = {
        name: {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))} for name in names
    }
    return {name: some for name, some in columns.items() if name != _NAMES}
