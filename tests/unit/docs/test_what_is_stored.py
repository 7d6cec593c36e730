"""Every table of the state file has a line that says what bounds it, and every line has its table."""

import sqlite3
from contextlib import closing

from tests.support.state import migrated
from tests.support.stored import names_in


def test_every_table_is_listed_with_its_bound(tmp_path):
    with closing(sqlite3.connect(migrated(tmp_path / "state.db"))) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL")
        tables = dict(found.fetchall())
    virtual = tuple(f"{name}_" for name, sql in tables.items() if sql.startswith("CREATE VIRTUAL"))
    tables = {name for name in tables if not name.startswith(("sqlite_", *virtual))}
    assert set(names_in("Tables of state.db")) == tables
