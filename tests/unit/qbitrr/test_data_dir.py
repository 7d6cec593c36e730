from __future__ import annotations

import os
from pathlib import Path

import pytest

from qbitrr.data_dir import DataDir, data_folder, in_container, load_config
from qbitrr.errors import ConfigError, DataFolderBusyError

WORKING = Path("/srv")


@pytest.mark.parametrize(
    ("argument", "variable", "container", "folder"),
    [
        (Path("/a"), "/b", True, "/a"),
        (Path("a"), "/b", True, "/srv/a"),
        (None, "/b", True, "/b"),
        (None, "b", False, "/srv/b"),
        (None, "", True, "/config"),
        (None, None, True, "/config"),
        (None, " ", False, "/srv/.config"),
        (None, None, False, "/srv/.config"),
    ],
)
def test_the_data_folder_is_the_first_that_is_named(argument, variable, container, folder):
    environ = {} if variable is None else {"QBITRR_OVERRIDES_DATA_PATH": variable}
    assert data_folder(argument, environ, container=container, working=WORKING) == Path(folder)


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert data_folder(Path("~/qbitrr"), {}, container=False, working=WORKING) == Path("/home/me/qbitrr")


def test_a_container_is_known_by_its_variable_or_its_mark(tmp_path):
    mark = tmp_path / ".dockerenv"
    assert not in_container({}, (mark,))
    assert in_container({"QBITRR_DOCKER_RUNNING": "69420"}, (mark,))
    mark.touch()
    assert in_container({}, (mark,))


def test_the_data_folder_is_made_with_its_parents(tmp_path):
    data_dir = DataDir(tmp_path / "a" / "b")
    data_dir.create()
    data_dir.create()
    assert data_dir.folder.is_dir()


def test_a_data_folder_that_is_made_is_for_its_owner_only(tmp_path):
    before = os.umask(0)
    try:
        DataDir(tmp_path / "a" / "b").create()
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_what_is_ours_in_a_data_folder_is_closed_to_others_and_nothing_else(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    data_dir = DataDir(tmp_path / "data")
    for path in (data_dir.log_folder, data_dir.evidence_folder, data_dir.folder / "films"):
        path.mkdir(parents=True)
    ours = ("config.toml", "state.db", "state.db-wal", "state.before-update.db", "audit.db", "sessions.json")
    for name in (*ours, "answer-links.json", "notifications.json", "update.json", "of-the-user", "logs/Main.log"):
        (data_dir.folder / name).touch()
    data_dir.config_history.symlink_to(elsewhere)
    for path in (elsewhere, data_dir.folder, *data_dir.folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    data_dir.close_to_others()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (elsewhere, *data_dir.folder.iterdir())}
    assert {name for name, mode in modes.items() if mode & 0o077} == {
        "elsewhere", "config-history", "films", "of-the-user"
    }  # fmt: skip
    assert (modes["config.toml"], modes["logs"]) == (0o600, 0o700)


def test_a_data_folder_that_cannot_be_made_is_a_configuration_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="QBITRR_OVERRIDES_DATA_PATH"):
        DataDir(tmp_path / "file" / "data").create()


def test_a_configuration_in_the_working_folder_is_copied_and_kept_private(tmp_path):
    working, data_dir = tmp_path / "work", DataDir(tmp_path / "data")
    working.mkdir()
    data_dir.create()
    (working / "config.toml").write_text("[Settings]\n")
    data_dir.adopt_config(working)
    assert data_dir.config_file == tmp_path / "data" / "config.toml"
    assert data_dir.config_file.read_text() == "[Settings]\n"
    assert data_dir.config_file.stat().st_mode & 0o777 == 0o600
    data_dir.config_file.write_text("[WebUI]\n")
    data_dir.adopt_config(working)
    assert data_dir.config_file.read_text() == "[WebUI]\n"


def test_without_a_configuration_in_the_working_folder_nothing_is_copied(tmp_path):
    data_dir = DataDir(tmp_path)
    data_dir.adopt_config(tmp_path / "elsewhere")
    assert not data_dir.config_file.exists()


def test_the_first_load_writes_a_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data_dir = DataDir(tmp_path / "data")
    token = load_config(data_dir, {}).config.webui.token
    assert token
    assert load_config(data_dir, {}).config.webui.token == token
    assert data_dir.config_file.stat().st_mode & 0o777 == 0o600


def test_a_folder_is_locked_for_one_process_and_names_it(tmp_path):
    data_dir = DataDir(tmp_path)
    assert data_dir.lock_holder() is None
    with data_dir.locked():
        assert data_dir.lock_holder() == os.getpid()
        with pytest.raises(DataFolderBusyError, match=f"process {os.getpid()}"), data_dir.locked():
            pass
    assert data_dir.lock_holder() is None


def test_a_lock_that_is_handed_over_is_held_without_a_break(tmp_path):
    data_dir = DataDir(tmp_path)
    inherited = data_dir.lock()
    lock = data_dir.lock(inherited)
    assert lock == inherited
    assert data_dir.lock_holder() == os.getpid()
    os.close(lock)
    assert data_dir.lock_holder() is None


def test_the_lock_of_another_folder_is_no_lock_of_this_one(tmp_path):
    one, other = DataDir(tmp_path / "one"), DataDir(tmp_path / "other")
    one.create()
    other.create()
    inherited = other.lock()
    lock = one.lock(inherited)
    assert (one.lock_holder(), other.lock_holder()) == (os.getpid(), None)
    os.close(lock)


def test_a_lock_whose_file_was_deleted_is_locked_once_more(tmp_path):
    data_dir = DataDir(tmp_path)
    inherited = data_dir.lock()
    next(tmp_path.glob("*.lock")).unlink()
    lock = data_dir.lock(inherited)
    assert data_dir.lock_holder() == os.getpid()
    os.close(lock)
