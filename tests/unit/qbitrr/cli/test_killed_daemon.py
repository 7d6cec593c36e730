"""Commands that read the state file of a daemon that was killed: they recover it, as its next start would."""

import asyncio

import pytest

from qbitrr.cli import backups, explain, shadow_report, side_by_side
from qbitrr.data_dir import DataDir
from qbitrr.errors import StateError
from qbitrr.state import backup, shadow, verdicts
from qbitrr.state.database import open_writer
from qbitrr.state.verdicts import StoredVerdict
from tests.support.killed import kill_while_writing
from tests.unit.qbitrr.state.entries import decision, plan

NOW = 1_700_000_000.0
INFOHASH = "a" * 40
WRITING = [f"INSERT INTO last_searches VALUES ('{number}', '{'x' * 4000}', 1.0)" for number in range(50)]


def _dry_restore(state_file):
    return backups.restore(DataDir(state_file.parent), None, dry_run=True)


COMMANDS = {
    "explain": lambda path: asyncio.run(explain.explain(path, INFOHASH)),
    "shadow-report": lambda path: asyncio.run(shadow_report.report(path, None)),
    "side-by-side": lambda path: asyncio.run(side_by_side.report(path, None, NOW)),
    "restore --dry-run": _dry_restore,
    "backup": lambda path: backups.make(DataDir(path.parent)),
}


async def _fill(state_file):
    async with open_writer(state_file) as database:
        fields = ("movies", "qBit", INFOHASH, "A.Film", "nothing", "stalled", "it is stalled", [], NOW)
        await verdicts.store(database, [StoredVerdict(*fields)])
        await shadow.record(database, decision(infohash=INFOHASH, name="A.Film"), NOW)
        await plan(database, infohash=INFOHASH)


@pytest.fixture
def filled(state_file):
    backup.back_up(state_file, NOW)
    asyncio.run(_fill(state_file))
    return state_file


@pytest.mark.parametrize("journal_mode", ["DELETE", "WAL"])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_killed_daemon_left_is_recovered(filled, command, journal_mode):
    said = COMMANDS[command](filled)
    kill_while_writing(filled, WRITING, journal_mode)
    again = COMMANDS[command](filled)
    assert again == said or command == "backup"  # whose name has the second
    assert "1 actions of the ledger are newer" in again or command != "restore --dry-run"


@pytest.mark.parametrize("command", ["explain", "shadow-report", "side-by-side"])
def test_a_file_that_was_never_made_has_nothing_in_it(tmp_path, command):
    state_file = tmp_path / "state.db"
    with pytest.raises(StateError, match="cannot be read: No such file or directory"):
        COMMANDS[command](state_file)
    kill_while_writing(state_file, [f"CREATE TABLE t{number} (id INTEGER PRIMARY KEY)" for number in range(50)])
    with pytest.raises(StateError, match="has nothing in it yet"):
        COMMANDS[command](state_file)


def test_of_a_file_that_cannot_be_read_nothing_is_claimed_to_be_kept(filled):
    filled.write_bytes(b"something else" * 1000)
    assert "how many actions of the ledger are newer than it is not known" in _dry_restore(filled)


def test_what_is_no_backup_is_refused_without_restoring_it_too(filled):
    with pytest.raises(StateError, match="cannot be read"):
        backups.restore(DataDir(filled.parent), filled.with_name("config.toml"), dry_run=True)
