import sqlite3
from contextlib import closing

import pytest

from qbitrr.errors import StateError, StateTooNewError
from qbitrr.state import migrate

FIRST = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);"
SECOND = "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;"


def read(path, sql="SELECT * FROM a"):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_a_new_file_is_created_and_only_its_owner_may_read_it(tmp_path):
    path = tmp_path / "state.db"
    assert migrate.prepare(path) == 0
    assert migrate.prepare(path) == len(migrate.migrations())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_migration_is_due_for_an_older_file_only(tmp_path):
    path = tmp_path / "state.db"
    assert not migrate.is_due(path, [FIRST])
    migrate.prepare(path, [FIRST])
    assert not migrate.is_due(path, [FIRST])
    assert migrate.is_due(path, [FIRST, SECOND])


def test_rows_survive_a_migration(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, [FIRST])
    assert migrate.prepare(path, [FIRST, SECOND]) == 1
    assert read(path) == [(1, 2)]
    assert {p.name for p in tmp_path.iterdir()} == {"state.db"}


def test_what_is_still_in_the_write_ahead_log_is_migrated_too(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, [FIRST])
    with closing(sqlite3.connect(path, isolation_level=None)) as crashed:
        crashed.execute("PRAGMA journal_mode = WAL")
        crashed.execute("INSERT INTO a VALUES (5)")
        assert migrate.prepare(path, [FIRST, SECOND]) == 1
    assert read(path) == [(1, 2), (5, 6)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, [FIRST])
    with pytest.raises(StateError, match="no such table: missing"):
        migrate.prepare(path, [FIRST, SECOND + "DELETE FROM missing;"])
    assert read(path) == [(1,)]
    assert read(path, "PRAGMA user_version") == [(1,)]
    assert {p.name for p in tmp_path.iterdir()} == {"state.db"}


def test_a_file_of_a_newer_version_is_refused_and_untouched(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, [FIRST, SECOND])
    with pytest.raises(StateTooNewError, match="install the newer version"):
        migrate.prepare(path, [FIRST])
    assert read(path) == [(1, 2)]


def test_what_is_no_database_is_refused_and_untouched(tmp_path):
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StateError):
        migrate.prepare(path)
    assert path.read_bytes().startswith(b"not a database")
