"""Copies of the state file, and what becomes of a damaged one."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from qbitrr.daemon import prepare_state
from qbitrr.data_dir import BACKUP_FOLDER, DataDir
from qbitrr.errors import StateError
from qbitrr.rules import thinning
from qbitrr.state import backup, ledger, migrate
from qbitrr.state.database import open_writer
from qbitrr.state.integrity import damage_of, is_damage
from qbitrr.state.schema import REBUILT
from supervisor import old_files
from tests.support.killed import kill_while_writing
from tests.unit.qbitrr.state.entries import plan
from tests.unit.qbitrr.state.test_catalogue import movie, sync

NOW = 1_700_000_000.0
HOUR = 3600.0
DAY = 24 * HOUR


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


def test_one_backup_an_hour_and_fewer_of_older_days(filled):
    for hour in range(72):
        now = NOW + hour * HOUR
        assert backup.back_up_when_due(filled, now) is not None
        assert backup.back_up_when_due(filled, now + HOUR - 1) is None
    made = {one.made_at for one in backup.backups(filled, now)}
    assert made == thinning.kept([NOW + hour * HOUR for hour in range(72)], now)
    assert len(made) < 30


def test_backups_of_a_clock_that_was_ahead_neither_stop_nor_replace_new_ones(filled):
    ahead = [backup.back_up(filled, NOW + 400 * DAY + day) for day in range(5)]
    made = backup.back_up_when_due(filled, NOW)
    assert made.exists()
    assert backup.backups(filled, NOW)[0].path == made
    assert backup.back_up_when_due(filled, NOW + HOUR).exists()
    assert made.exists()
    assert sum(path.exists() for path in ahead) == thinning.ALWAYS_KEPT


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 3 * DAY, -3 * DAY])
def test_a_clock_that_jumps_and_is_corrected_stops_no_backup_and_deletes_none_early(filled, jump):
    clocks = [
        (hour, jump if 12 <= hour < 24 else 0) for hour in range(48)
    ]  # hours that passed, by how much it is wrong
    made = {}
    for hour, wrong_by in clocks:
        if path := backup.back_up_when_due(filled, NOW + hour * HOUR + wrong_by):
            made[hour] = path
        elif wrong_by != -HOUR:  # what is dated in the hour that is repeated is new enough
            assert (hour, jump) == (24, HOUR)
        assert made[max(made)].exists()
        assert max(made) >= hour - 1
    present = {one.path for one in backup.backups(filled, NOW + 47 * HOUR)}
    assert {made[hour] for hour in range(40, 48)} <= present
    assert any(path in present for hour, path in made.items() if hour < 24), "one of the day before"


def test_beyond_a_size_only_the_newest_three_stay(filled, monkeypatch):
    monkeypatch.setattr(backup, "LARGEST_BYTES", 1)
    for hour in range(6):
        backup.back_up(filled, NOW + hour * HOUR)
    kept = [one.made_at for one in backup.backups(filled, NOW + 6 * HOUR)]
    assert kept == [NOW + hour * HOUR for hour in (5, 4, 3)]


async def test_what_is_read_again_from_the_services_is_left_out_and_the_rest_is_whole(state_file, database):
    await sync(database, "radarr", {"movies": [movie(1), movie(2)]})
    done = await plan(database)
    await ledger.close(database, done, "done", "removed", 11.0)
    with closing(sqlite3.connect(state_file)) as connection:
        schema = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall()
    copy = backup.back_up(state_file, NOW)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall() == schema
        for table in REBUILT:
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    assert migrate.prepare(copy) == len(migrate.migrations())
    async with open_writer(copy) as restored:
        assert await ledger.of_torrent(restored, done.infohash) == await ledger.of_torrent(database, done.infohash)
        assert await ledger.totals(restored) == await ledger.totals(database)
        assert (await plan(restored, infohash="b" * 40)).id == done.id + 1
        await sync(restored, "radarr", {"movies": [movie(1)]})


def test_a_backup_is_restored_and_the_file_before_is_kept(filled):
    copy = backup.back_up(filled, NOW)
    note(filled, "second")
    before = backup.restore(filled, copy, NOW + 60)
    assert noted(filled) == ["first"]
    assert noted(before) == ["second"]
    assert filled.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("what", ["missing", "damaged"])
def test_what_is_no_good_backup_is_refused_and_the_file_stays(filled, what):
    copy = backup.back_up(filled, NOW)
    copy.unlink() if what == "missing" else flip(copy)
    with pytest.raises(StateError, match="cannot be restored"):
        backup.restore(filled, copy, NOW)
    assert noted(filled) == ["first"]


def test_two_restores_in_one_second_keep_both_files_from_before(filled):
    copy = backup.back_up(filled, NOW)
    note(filled, "second")
    first = backup.restore(filled, copy, NOW)
    note(filled, "third")
    second = backup.restore(filled, copy, NOW)
    assert (noted(first), noted(second), noted(filled)) == (["second"], ["third"], ["first"])


class Killed(BaseException):
    """The end of the process, at whatever it was about to do."""


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("renames", range(6))
def test_a_kill_at_any_rename_loses_neither_the_file_before_nor_the_copy(
    filled, tmp_path, monkeypatch, damaged, renames
):
    copy = backup.back_up(filled, NOW)
    with closing(sqlite3.connect(filled)) as connection:  # what a killed daemon leaves: commits in the log only
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        with connection:
            connection.execute("UPDATE last_searches SET summary = 'second'")
        crashed = {path.name: path.read_bytes() for path in filled.parent.glob("state.db*")}
    for name, content in crashed.items():
        (filled.parent / name).write_bytes(content)
    if damaged:
        flip(filled)
    left = renames

    def until_killed(real):
        def rename(path, target):
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return real(path, target)

        return rename

    with monkeypatch.context() as patch:
        for name in ("rename", "replace"):
            patch.setattr(Path, name, until_killed(getattr(Path, name)))
        with suppress(Killed):
            backup.rescue(filled, NOW) if damaged else backup.restore(filled, copy, NOW)
    old_files.delete_unfinished(DataDir(filled.parent))
    prepare_state(filled)

    (aside,) = list(filled.parent.glob("state.db.*-*Z")) or [None]
    if aside is None:
        assert (noted(filled), damaged) == (["second"], False)  # as it was before
    else:
        assert noted(filled) == ["first"]
        assert damaged or noted(aside) == ["second"]
    assert not list(filled.parent.glob(".state.db.*"))


@pytest.mark.parametrize("name", ["damaged-20400101T000000Z", "before-restore-20400101T000000Z", "damaged-by-handZ"])
def test_after_a_kill_the_log_of_the_file_before_is_put_beside_it_and_no_other(filled, monkeypatch, name):
    """Also when an earlier file was set aside by a clock that was ahead."""
    earlier = filled.with_name(f"{filled.name}.{name}")
    backup.copy_to(filled, earlier)
    copy = backup.back_up(filled, NOW)
    with closing(sqlite3.connect(filled)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        with connection:
            connection.execute("UPDATE last_searches SET summary = 'second'")
        crashed = {path.name: path.read_bytes() for path in filled.parent.glob("state.db-*")}
        crashed[filled.name] = filled.read_bytes()
    for file, content in crashed.items():
        (filled.parent / file).write_bytes(content)

    def killed(path, target):
        path.replace(target)
        raise Killed

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(Path, "rename", killed)
        backup.restore(filled, copy, NOW)
    assert backup.finish_restore(filled)
    (before,) = set(filled.parent.glob(f"{filled.name}.*-*Z")) - {earlier}
    assert (noted(before), noted(filled)) == (["second"], ["first"])


@pytest.mark.parametrize("damaged", [False, True])
def test_a_disk_that_is_full_while_a_backup_is_copied_loses_nothing(filled, monkeypatch, damaged):
    def full(_source, target):
        target.write_bytes(b"half")
        raise sqlite3.OperationalError("database or disk is full")

    copy = backup.back_up(filled, NOW)
    note(filled, "second")
    if damaged:
        flip(filled)
    before = filled.read_bytes()
    monkeypatch.setattr(backup, "copy_to", full)
    with pytest.raises(StateError, match="disk is full"):
        backup.rescue(filled, NOW) if damaged else backup.restore(filled, copy, NOW)
    assert filled.read_bytes() == before
    assert [path for path in filled.parent.iterdir() if "state.db." in path.name] == []


def test_the_newest_three_damaged_files_stay(filled):
    backup.back_up(filled, NOW)
    aside = []
    for minute in range(5):
        flip(filled)
        aside.append(backup.rescue(filled, NOW + 60 * minute).set_aside)
    assert [path.exists() for path in aside] == [False, False, True, True, True]


@pytest.mark.parametrize("at", [0, 100, 4096, 2 * 4096])
def test_flipped_bytes_are_set_aside_and_the_newest_good_copy_is_restored(filled, at):
    copy = backup.back_up(filled, NOW)
    note(filled, "second")
    flip(filled, at)
    damaged = filled.read_bytes()
    rescued = backup.rescue(filled, NOW + 60)
    assert rescued is not None
    assert (rescued.restored, rescued.lost_since) == (copy, NOW)
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
    assert list((filled.parent / BACKUP_FOLDER).iterdir()) == [good]


def test_what_is_still_in_the_write_ahead_log_is_in_the_copy(filled):
    with closing(sqlite3.connect(filled, isolation_level=None)) as crashed:
        crashed.execute("PRAGMA wal_autocheckpoint = 0")
        crashed.execute("INSERT OR REPLACE INTO last_searches VALUES ('films', 'in the log', 1.0)")
        assert noted(backup.back_up(filled, NOW)) == ["in the log"]


WRITING = [
    "DELETE FROM last_searches",
    *(f"INSERT INTO last_searches VALUES ('{number}', '{'x' * 4000}', 1.0)" for number in range(50)),
]


def test_a_kill_while_the_file_is_made_does_not_stop_the_next_start(tmp_path):
    state_file = tmp_path / "state.db"
    tables = [f"CREATE TABLE t{number} (id INTEGER PRIMARY KEY)" for number in range(50)]
    kill_while_writing(state_file, tables)
    prepare_state(state_file)
    assert damage_of(state_file) is None
    assert noted(state_file) == []
    assert not list(tmp_path.glob("state.db.*"))


def test_what_a_killed_process_had_not_committed_is_not_there_and_what_was_before_is(filled):
    kill_while_writing(filled, WRITING)
    prepare_state(filled)
    assert noted(filled) == ["first"]


def test_the_journal_of_a_killed_process_is_never_rolled_back_into_the_copy_that_replaces_its_file(filled):
    copy = backup.back_up(filled, NOW)
    note(filled, "second")
    kill_while_writing(filled, WRITING)
    before = backup.restore(filled, copy, NOW)
    assert noted(filled) == ["first"]
    assert noted(before) == ["second"]


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


@pytest.mark.parametrize("copy", [backup.copy_to, backup._copy_without_rebuilt])
def test_a_copy_is_for_its_owner_only_from_its_first_byte_on(filled, tmp_path, monkeypatch, copy):
    made = []
    connect = sqlite3.connect

    def open_and_see(target, **options):
        if "copy.db" in str(target):
            made.append((tmp_path / "copy.db").stat().st_mode & 0o777)
        return connect(target, **options)

    monkeypatch.setattr(sqlite3, "connect", open_and_see)
    before = os.umask(0)
    try:
        copy(filled, tmp_path / "copy.db")
    finally:
        os.umask(before)
    assert made == [0o600]
