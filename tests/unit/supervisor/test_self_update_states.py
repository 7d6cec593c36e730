"""What a daemon makes of an update that was interrupted at any step, at its next start."""

from pathlib import Path

import pytest

from qbitrr import __version__
from qbitrr.update import record
from qbitrr.update.record import Record
from supervisor.self_update import settle, take_back

NOW = 1_790_000_000.0


@pytest.fixture
def home(tmp_path):
    """An installation of two versions with the link on the first, and a state file with a copy from before."""
    for version in ("old", "new"):
        (tmp_path / "versions" / version).mkdir(parents=True)
        (tmp_path / "versions" / version / "pyvenv.cfg").touch()
    (tmp_path / "current").symlink_to("versions/old")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "state.db").write_text("of the new version")
    (tmp_path / "data" / "state.db-wal").write_text("more of it")
    (tmp_path / "data" / "copy.db").write_text("from before")
    return tmp_path


def at(home, phase, *, ours, starts=0):
    """An update of which this very version is the new or the old one."""
    versions = {"old_version": "0.0.1", "new_version": __version__} if ours == "new" else {
        "old_version": __version__, "new_version": "99.0"
    }  # fmt: skip
    (home / "current").unlink()
    (home / "current").symlink_to(f"versions/{ours}")
    record.write(
        home / "data",
        Record(
            phase=phase, began_at=1.0, starts=starts, link=str(home / "current"),
            state_copy=str(home / "data" / "copy.db"),
            old_prefix=str(home / "versions" / "old"), new_prefix=str(home / "versions" / "new"), **versions,
        ),
    )  # fmt: skip


def settled(home):
    again = settle(home / "data", home / "data" / "state.db", NOW)
    return again, record.read(home / "data")


def state(home):
    return (home / "data" / "state.db").read_text()


def test_without_an_update_there_is_nothing_to_do(home):
    assert settled(home) == (False, None)


@pytest.mark.parametrize("phase", ["done", "failed"])
def test_one_that_ended_stays_as_it_is(home, phase):
    at(home, phase, ours="old")
    assert settled(home)[0] is False
    assert state(home) == "of the new version"


@pytest.mark.parametrize("phase", ["staging", "switched"])
def test_interrupted_before_the_link_moved_nothing_has_changed(home, phase):
    at(home, phase, ours="old")
    again, last = settled(home)
    assert (again, last.phase, last.error, last.ended_at) == (False, "failed", "it was interrupted", NOW)
    assert not (home / "versions" / "new").exists()
    assert state(home) == "of the new version"


def test_the_first_start_of_the_new_version_is_counted(home):
    at(home, "switched", ours="new")
    again, last = settled(home)
    assert (again, last.phase, last.starts) == (False, "switched", 1)


def test_a_second_start_goes_back_with_the_state_from_before(home):
    at(home, "switched", ours="new", starts=1)
    again, last = settled(home)
    assert (again, last.phase) == (True, "failed")
    assert "ended before it was ready" in last.error
    assert (home / "current").resolve() == home / "versions" / "old"
    assert state(home) == "from before"
    assert not (home / "data" / "state.db-wal").exists()


def test_a_way_back_that_was_interrupted_is_gone_to_its_end(home):
    at(home, "switched", ours="old", starts=1)
    again, last = settled(home)
    assert (again, last.phase) == (False, "failed")
    assert state(home) == "from before"


def test_a_version_that_is_not_on_probation_is_not_taken_back(home):
    assert not take_back(home / "data", home / "data" / "state.db", "it failed", NOW)
    at(home, "done", ours="new")
    assert not take_back(home / "data", home / "data" / "state.db", "it failed", NOW)
    at(home, "switched", ours="new", starts=1)
    assert take_back(home / "data", home / "data" / "state.db", "it failed", NOW)
    assert record.read(home / "data").error == "it failed"
    assert Path(home / "current").resolve().name == "old"
