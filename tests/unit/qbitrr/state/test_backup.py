"""Copies of the state file, and what becomes of a damaged one."""

import os
import sqlite3
from contextlib import closing

import pytest

from qbitrr.errors import StateError
from qbitrr.state import backup, migrate
from qbitrr.state.integrity import damage_of, is_damage

NOW = 1_700_000_000.0
DAY = 24 * 3600.0


def note(path, text):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT OR REPLACE INTO last_searches VALUES ('films', ?, 1.0)", (text,))


def noted(path):
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT summary FROM last_searches")]


def flip(path, at=4096, count=64):
    """Overwrite a part of the file with something else."""
    with path.open("r+b") as file:
        file.seek(at)
        before = file.read(count)
        file.seek(at)
        file.write(bytes(byte ^ 0x5A for byte in before))


@pytest.fixture
def filled(state_file):
    note(state_file, "first")
    with closing(sqlite3.connect(state_file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return state_file


def test_a_sound_file_is_left_alone(filled):
    assert backup.rescue(filled, NOW) is None
    assert noted(filled) == ["first"]


def test_a_missing_file_is_no_damage(tmp_path):
    assert backup.rescue(tmp_path / "state.db", NOW) is None


def test_a_copy_is_whole_while_somebody_writes(filled):
    with closing(sqlite3.connect(filled, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT OR REPLACE INTO last_searches VALUES ('tv', 'not yet', 1.0)")
        copy = backup.back_up(filled, NOW)
        writer.execute("COMMIT")
    assert noted(copy) == ["first"]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_one_copy_a_day_and_the_newest_three_stay(filled):
    made = []
    for day in range(5):
        now = NOW + day * DAY
        copy = backup.back_up_when_due(filled, now)
        os.utime(copy, (now, now))
        assert backup.back_up_when_due(filled, now + DAY - 1) is None
        made.append(copy)
    assert sorted((filled.parent / backup.FOLDER).iterdir()) == made[-backup.KEPT :]


def test_a_copy_from_the_future_does_not_stop_backups(filled):
    copy = backup.back_up(filled, NOW)
    os.utime(copy, (NOW + 10 * DAY, NOW + 10 * DAY))
    assert backup.back_up_when_due(filled, NOW + DAY) is not None


@pytest.mark.parametrize("at", [0, 100, 4096, 2 * 4096])
def test_flipped_bytes_are_set_aside_and_the_newest_good_copy_is_restored(filled, at):
    copy = backup.back_up(filled, NOW)
    note(filled, "second")
    flip(filled, at)
    damaged = filled.read_bytes()
    rescued = backup.rescue(filled, NOW + 60)
    assert rescued is not None
    assert (rescued.restored, rescued.lost_since) == (copy, copy.stat().st_mtime)
    assert rescued.set_aside.read_bytes() == damaged
    assert noted(filled) == ["first"]
    assert damage_of(filled) is None


def test_a_copy_that_is_damaged_itself_is_passed_over(filled):
    older = backup.back_up(filled, NOW)
    newer = backup.back_up(filled, NOW + DAY)
    flip(newer)
    flip(filled)
    assert backup.rescue(filled, NOW + 2 * DAY).restored == older


def test_without_a_good_copy_it_begins_empty(filled):
    flip(filled, 0, 100)
    rescued = backup.rescue(filled, NOW)
    assert (rescued.restored, rescued.lost_since) == (None, None)
    assert not filled.exists()
    assert migrate.prepare(filled) == 0


def test_a_damaged_file_never_takes_the_place_of_good_copies(filled):
    good = backup.back_up(filled, NOW)
    flip(filled)
    for day in range(1, 5):
        with pytest.raises(StateError, match="cannot be backed up"):
            backup.back_up(filled, NOW + day * DAY)
    assert list((filled.parent / backup.FOLDER).iterdir()) == [good]


def test_what_is_still_in_the_write_ahead_log_is_in_the_copy(filled):
    with closing(sqlite3.connect(filled, isolation_level=None)) as crashed:
        crashed.execute("PRAGMA wal_autocheckpoint = 0")
        crashed.execute("INSERT OR REPLACE INTO last_searches VALUES ('films', 'in the log', 1.0)")
        assert noted(backup.back_up(filled, NOW)) == ["in the log"]


def test_what_passes_is_no_damage(filled):
    with closing(sqlite3.connect(filled, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with closing(sqlite3.connect(filled, isolation_level=None, timeout=0)) as other:
            with pytest.raises(sqlite3.OperationalError) as caught:
                other.execute("BEGIN IMMEDIATE")
            assert not is_damage(caught.value)
        assert damage_of(filled) is None


def test_damage_is_seen_through_the_error_that_it_became():
    damage = sqlite3.DatabaseError("malformed")
    damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    wrapped = StateError("cannot be opened")
    wrapped.__cause__ = damage
    assert is_damage(wrapped)
    assert not is_damage(StateError("cannot be opened"))
