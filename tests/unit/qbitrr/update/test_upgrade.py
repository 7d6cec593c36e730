"""What a daemon makes of an update that was interrupted at any step, at its next start."""

from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from qbitrr import __version__
from qbitrr.config import Settings
from qbitrr.data_dir import DataDir
from qbitrr.errors import UpdateFailedError, UpdateInProgressError
from qbitrr.state import backup, ledger
from qbitrr.state.database import open_writer
from qbitrr.update import record, stage, switch, upgrade
from qbitrr.update.installation import Installation
from qbitrr.update.record import Record
from qbitrr.update.releases import Release
from qbitrr.update.stage import MARK
from qbitrr.update.upgrade import Upgrade, fail_probation, postpone_probation, recover
from supervisor import old_files
from tests.factories import decision
from tests.support.state import migrated

NOW = 1_790_000_000.0


@pytest.fixture
def installed(tmp_path):
    """An installation of two versions with the link on the first, and a state file with a copy from before."""
    for version in ("old", "new"):
        (tmp_path / "versions" / version).mkdir(parents=True)
        (tmp_path / "versions" / version / "pyvenv.cfg").touch()
        (tmp_path / "versions" / version / MARK).touch()
    (tmp_path / "current").symlink_to("versions/old")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "state.db").write_text("of the new version")
    (tmp_path / "data" / "state.db-wal").write_text("more of it")
    (tmp_path / "data" / "copy.db").write_text("from before")
    return tmp_path


def at(installed, phase, *, ours, starts=0):
    """An update of which this very version is the new or the old one."""
    versions = {"old_version": "0.0.1", "new_version": __version__} if ours == "new" else {
        "old_version": __version__, "new_version": "99.0"
    }  # fmt: skip
    (installed / "current").unlink()
    (installed / "current").symlink_to(f"versions/{ours}")
    record.write(
        DataDir(installed / "data"),
        Record(
            phase=phase, began_at=1.0, starts=starts, link=str(installed / "current"),
            state_copy=str(installed / "data" / "copy.db"),
            old_prefix=str(installed / "versions" / "old"), new_prefix=str(installed / "versions" / "new"), **versions,
        ),
    )  # fmt: skip


def recovered(installed):
    restart = recover(DataDir(installed / "data"), NOW)
    return restart, record.read(DataDir(installed / "data"))


def state(installed):
    return (installed / "data" / "state.db").read_text()


def test_without_an_update_there_is_nothing_to_do(installed):
    assert recovered(installed) == (False, None)


@pytest.mark.parametrize("phase", ["done", "failed"])
def test_one_that_ended_stays_as_it_is(installed, phase):
    at(installed, phase, ours="old")
    assert recovered(installed)[0] is False
    assert state(installed) == "of the new version"


@pytest.mark.parametrize("phase", ["staging", "switched"])
def test_interrupted_before_the_link_moved_nothing_has_changed(installed, phase):
    at(installed, phase, ours="old")
    restart, last = recovered(installed)
    assert (restart, last.phase, last.error, last.ended_at) == (False, "failed", "it was interrupted", NOW)
    assert not (installed / "versions" / "new").exists()
    assert state(installed) == "of the new version"


def test_a_folder_that_no_update_made_is_never_removed(installed):
    (installed / "versions" / "new" / MARK).unlink()
    at(installed, "staging", ours="old")
    recovered(installed)
    assert (installed / "versions" / "new").exists()
    with pytest.raises(UpdateFailedError, match="no update made it"):
        stage._make_room(installed / "versions" / "new", DataDir(installed / "data"), "99.0")


def test_a_change_in_place_that_was_interrupted_is_undone_from_the_kept_copy(installed):
    at(installed, "switched", ours="old")
    kept, packages = installed / "data" / "kept", installed / "lib" / "site-packages"
    for folder, version in ((kept, "old"), (packages, "half of the new")):
        folder.mkdir(parents=True)
        (folder / "qbitrr.py").write_text(version)
    data_dir = DataDir(installed / "data")
    in_place = replace(record.read(data_dir), link=None, kept=str(kept), packages=str(packages))
    record.write(data_dir, in_place)
    assert not recover(data_dir, NOW)
    assert (packages / "qbitrr.py").read_text() == "old"
    assert [path.name for path in packages.parent.iterdir()] == ["site-packages"]
    assert record.read(data_dir).phase == "failed"


def test_an_update_that_cannot_be_undone_is_left_to_the_next_start(installed, monkeypatch):
    data_dir = DataDir(installed / "data")
    here = Installation("linked", str(installed / "versions" / "old"), link=str(installed / "current"))
    opened = Upgrade(data_dir, {}, Settings(), here, Release("99.0"), {})
    opened.open(NOW)

    def full(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(switch, "point", full)
    (installed / "data" / "state.db").unlink()
    opened.switch(NOW)
    assert record.read(data_dir).phase == "switched"


def test_an_update_that_has_still_to_prove_itself_is_not_replaced_by_another(installed):
    at(installed, "switched", ours="new")
    data_dir = DataDir(installed / "data")
    here = Installation("linked", str(installed / "versions" / "new"), str(installed / "current"))
    with pytest.raises(UpdateInProgressError, match="start the daemon"):
        Upgrade(data_dir, {}, Settings(), here, Release("99.0"), {}).open(NOW)
    assert record.read(data_dir).phase == "switched"


def test_the_first_start_of_the_new_version_is_counted(installed):
    at(installed, "switched", ours="new")
    restart, last = recovered(installed)
    assert (restart, last.phase, last.starts) == (False, "switched", 1)


def test_a_second_start_goes_back_with_the_state_from_before(installed):
    at(installed, "switched", ours="new", starts=1)
    restart, last = recovered(installed)
    assert (restart, last.phase) == (True, "failed")
    assert "ended before it was ready" in last.error
    assert (installed / "current").resolve() == installed / "versions" / "old"
    assert state(installed) == "from before"
    assert not (installed / "data" / "state.db-wal").exists()


def test_a_way_back_that_was_interrupted_is_gone_to_its_end(installed):
    at(installed, "switched", ours="old", starts=1)
    restart, last = recovered(installed)
    assert (restart, last.phase) == (False, "failed")
    assert state(installed) == "from before"


def test_only_a_version_on_probation_is_rolled_back(installed):
    assert not fail_probation(DataDir(installed / "data"), "it failed", NOW)
    at(installed, "done", ours="new")
    assert not fail_probation(DataDir(installed / "data"), "it failed", NOW)
    at(installed, "switched", ours="new", starts=1)
    assert fail_probation(DataDir(installed / "data"), "it failed", NOW)
    assert record.read(DataDir(installed / "data")).error == "it failed"
    assert Path(installed / "current").resolve().name == "old"


def test_a_stop_before_a_new_version_was_ready_is_no_failure_of_it(installed):
    at(installed, "switched", ours="new")
    assert recovered(installed)[0] is False
    postpone_probation(DataDir(installed / "data"))
    restart, last = recovered(installed)
    assert (restart, last.phase, last.starts) == (False, "switched", 1)
    assert recovered(installed)[0] is True


def test_a_stop_changes_nothing_about_an_update_that_ended(installed):
    at(installed, "done", ours="new", starts=1)
    postpone_probation(DataDir(installed / "data"))
    assert recovered(installed)[1].starts == 1


def test_a_full_disk_turns_no_stop_into_a_failure(installed, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    at(installed, "switched", ours="new", starts=1)
    with monkeypatch.context() as patched:
        patched.setattr(record, "write", full)
        postpone_probation(DataDir(installed / "data"))
    assert recovered(installed)[1].phase == "failed", "the next start uses the old version"


def test_versions_that_cannot_be_removed_do_not_keep_an_update_from_ending(installed):
    at(installed, "switched", ours="new", starts=1)
    data_dir = DataDir(installed / "data")
    (installed / "versions").rename(installed / "elsewhere")
    assert switch.finish(data_dir, record.read(data_dir), NOW).phase == "done"
    (installed / "versions").touch()
    assert switch.finish(data_dir, record.read(data_dir), NOW).phase == "done"


class Killed(BaseException):
    """The end of the process, at whatever it was about to do."""


@pytest.mark.parametrize("calls", range(12))
async def test_a_way_back_that_is_killed_at_any_call_keeps_what_is_only_in_the_log(installed, monkeypatch, calls):
    data_dir = DataDir(installed / "data")
    for path in data_dir.folder.glob("*.db*"):
        path.unlink()
    backup.copy_to(migrated(data_dir.state_file), data_dir.folder / "copy.db")
    async with open_writer(data_dir.state_file) as database:
        await database.write("INSERT INTO torrents VALUES ('movies', 'qBit', 'hash', 1.0, 'movies')", ())
        await ledger.plan(database, decision(), {}, NOW)
        crashed = {path: path.read_bytes() for path in data_dir.folder.glob("state.db*")}
    for path, content in crashed.items():  # what a killed daemon leaves
        path.write_bytes(content)
    at(installed, "switched", ours="new", starts=1)
    left = calls

    def until_killed(real):
        def call(path, *arguments, **options):
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return real(path, *arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("rename", "replace", "unlink"):
            patch.setattr(Path, name, until_killed(getattr(Path, name)))
        with suppress(Killed):
            recovered(installed)
    if (installed / "current").readlink().name == "old":
        monkeypatch.setattr(upgrade, "__version__", "0.0.1")
    old_files.delete_unfinished(data_dir)
    recover(data_dir, NOW + 60)
    assert record.read(data_dir).phase == "failed"
    refused = min(data_dir.folder.glob("state.db.before-restore-*Z"))
    async with open_writer(refused) as database:
        assert await database.row("SELECT count(*) FROM torrents", ()) == (1,)
    async with open_writer(data_dir.state_file) as database:
        assert [entry.planned_at for entry in await ledger.open_entries(database, "movies")] == [NOW]
        assert await database.row("SELECT count(*) FROM torrents", ()) == (0,)
    assert not list(data_dir.folder.glob(".state.db*"))


async def test_the_way_back_keeps_what_the_new_version_did(installed):
    data_dir, copy = DataDir(installed / "data"), installed / "data" / "copy.db"
    for path in installed.glob("data/state.db*"):
        path.unlink()
    async with open_writer(migrated(data_dir.state_file)) as database:
        copy.unlink()
        backup.copy_to(data_dir.state_file, copy)
        await ledger.plan(database, decision(), {}, NOW)
        await database.write("INSERT INTO torrents VALUES ('movies', 'qBit', 'hash', 1.0, 'movies')", ())
    at(installed, "switched", ours="new", starts=1)
    assert recovered(installed)[0] is True
    async with open_writer(data_dir.state_file) as database:
        assert [entry.planned_at for entry in await ledger.open_entries(database, "movies")] == [NOW]
        assert await database.row("SELECT count(*) FROM torrents", ()) == (0,)
