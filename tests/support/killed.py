"""State files as a process leaves them that is killed while it writes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def kill_while_writing(
    state_file: Path, script: Iterable[str], journal_mode: Literal["DELETE", "WAL"] = "DELETE"
) -> None:
    """Leave a transaction of which pages reached the file, or one that was committed to the log only."""
    writer = state_file.with_name("writer.db")
    if state_file.exists():
        writer.write_bytes(state_file.read_bytes())
    with closing(sqlite3.connect(writer, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("BEGIN")
        for statement in script:
            connection.execute(statement)
        if journal_mode == "WAL":
            connection.execute("COMMIT")
        for part in ("", "-journal" if journal_mode == "DELETE" else "-wal"):
            state_file.with_name(state_file.name + part).write_bytes(writer.with_name(f"writer.db{part}").read_bytes())
