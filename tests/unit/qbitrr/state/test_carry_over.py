"""What is kept of a version that is replaced by the one before it."""

import sqlite3
from contextlib import closing

import structlog.testing

from qbitrr.rules.verdict import OPEN
from qbitrr.state import backup, ledger
from qbitrr.state.carry_over import carry_over
from qbitrr.state.database import open_writer
from tests.factories import decision
from tests.support.state import migrated


def rows(path, sql):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def execute(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


async def two_files(tmp_path):
    """A state file with an open action, a copy of it, and then more in the file."""
    newer, older = tmp_path / "state.db", tmp_path / "copy.db"
    async with open_writer(migrated(newer)) as database:
        opened = await ledger.plan(database, decision(), {}, 1.0)
        await database.write("INSERT INTO search_budgets VALUES ('movies', 10.0, 1.0, 1.0)", ())
        backup.copy_to(newer, older)
        await ledger.close(database, opened, "done", "removed", 2.0)
        await ledger.plan(database, decision(), {}, 3.0)  # on the same torrent
        await database.write("UPDATE search_budgets SET tokens = 4.0", ())
        await database.write("INSERT INTO refused_logins VALUES ('radarr', 'fingerprint', 2.0)", ())
        await database.write("INSERT INTO retry_after VALUES ('movies', 60.0, 2.0, 2.0)", ())
    return newer, older


async def test_ledger_budget_and_refused_logins_are_carried_over(tmp_path):
    newer, older = await two_files(tmp_path)
    carry_over(newer, older)
    for table in ("search_budgets", "refused_logins", "retry_after", "ledger_totals"):
        kept = [row for row in rows(older, f"SELECT * FROM {table}") if row[-1]]
        assert kept == [row for row in rows(newer, f"SELECT * FROM {table}") if row[-1]] != []
    columns = "id, state, outcome, planned_at, updated_at"
    assert rows(older, f"SELECT {columns} FROM ledger ORDER BY id") == [
        (1, "done", "removed", 1.0, 2.0), (2, OPEN[0], None, 3.0, 3.0)
    ]  # fmt: skip
    changes = rows(older, "SELECT change FROM ledger ORDER BY id")
    assert len(set(changes)) == 2


async def test_a_column_that_only_one_of_them_has_is_left_out(tmp_path):
    newer, older = await two_files(tmp_path)
    execute(newer, "ALTER TABLE ledger ADD COLUMN mood TEXT", "ALTER TABLE search_budgets ADD COLUMN colour TEXT")
    carry_over(newer, older)
    assert rows(older, "SELECT count(*) FROM ledger") == [(2,)]
    assert rows(older, "SELECT tokens FROM search_budgets") == [(4.0,)]


async def test_a_table_that_cannot_be_carried_over_is_named_and_the_others_are(tmp_path):
    newer, older = await two_files(tmp_path)
    execute(newer, "ALTER TABLE search_budgets RENAME TO budgets")
    with structlog.testing.capture_logs() as logged:
        carry_over(newer, older)
    assert [entry["table"] for entry in logged] == ["search_budgets"]
    assert rows(older, "SELECT tokens FROM search_budgets") == [(10.0,)]
    assert rows(older, "SELECT count(*) FROM ledger") == [(2,)]


async def test_a_file_that_cannot_be_read_leaves_the_copy_as_it_is(tmp_path):
    newer, older = await two_files(tmp_path)
    newer.write_bytes(b"no database " * 1000)
    with structlog.testing.capture_logs() as logged:
        carry_over(newer, older)
    assert logged
    assert rows(older, "SELECT id, state FROM ledger") == [(1, OPEN[0])]
