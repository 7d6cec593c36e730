from __future__ import annotations

from pathlib import Path

import pytest

from qbitrr.data_dir import config_file, create_data_folder, data_folder, in_container
from qbitrr.errors import ConfigError

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


def test_a_container_is_known_by_its_word_or_its_mark(tmp_path):
    mark = tmp_path / ".dockerenv"
    assert not in_container({}, (mark,))
    assert in_container({"QBITRR_DOCKER_RUNNING": "69420"}, (mark,))
    mark.touch()
    assert in_container({}, (mark,))


def test_the_data_folder_is_made_with_its_parents(tmp_path):
    folder = tmp_path / "a" / "b"
    create_data_folder(folder)
    create_data_folder(folder)
    assert folder.is_dir()


def test_a_data_folder_that_cannot_be_made_is_a_configuration_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="QBITRR_OVERRIDES_DATA_PATH"):
        create_data_folder(tmp_path / "file" / "data")


def test_a_configuration_in_the_working_folder_is_copied_and_kept_private(tmp_path):
    working, folder = tmp_path / "work", tmp_path / "data"
    working.mkdir()
    folder.mkdir()
    (working / "config.toml").write_text("[Settings]\n")
    path = config_file(folder, working)
    assert path == folder / "config.toml"
    assert path.read_text() == "[Settings]\n"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("[WebUI]\n")
    assert config_file(folder, working).read_text() == "[WebUI]\n"


def test_without_any_configuration_the_path_is_where_one_belongs(tmp_path):
    path = config_file(tmp_path, tmp_path / "elsewhere")
    assert path == tmp_path / "config.toml"
    assert not path.exists()
