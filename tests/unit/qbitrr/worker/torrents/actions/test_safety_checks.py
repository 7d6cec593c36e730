"""Whether two paths lead to the same data, and which disk a path is on."""

import os

import pytest

from qbitrr.worker.torrents.actions.safety_checks import _is_one_of
from qbitrr.worker.torrents.free_space import measure


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "real" / "Some.Movie"
    folder.mkdir(parents=True)
    (folder / "movie.mkv").write_bytes(b"x")
    return folder


def test_a_link_to_the_same_folder_is_the_same_data(data, tmp_path):
    (tmp_path / "link").symlink_to(data.parent)
    assert _is_one_of(str(data), {"/nowhere", str(tmp_path / "link" / "Some.Movie")})


def test_a_hard_link_to_the_same_file_is_the_same_data(data, tmp_path):
    os.link(data / "movie.mkv", tmp_path / "other.mkv")
    assert _is_one_of(str(data / "movie.mkv"), {str(tmp_path / "other.mkv")})


def test_other_data_is_other_data(data, tmp_path):
    (tmp_path / "other.mkv").write_bytes(b"x")
    others = {str(tmp_path / "other.mkv"), "/nowhere", "C:\\downloads", str(data / "movie.mkv" / "below")}
    assert not _is_one_of(str(data / "movie.mkv"), others)
    assert not _is_one_of("/nowhere/at/all", {"/nowhere/at/all"})


def test_a_path_that_is_not_seen_from_here_is_taken_for_the_guarded_folder(data, tmp_path):
    seen, unseen = str(data / "movie.mkv"), "/downloads/in/a/container"
    disks, free = measure({seen, unseen, ""}, str(tmp_path))
    assert disks[seen] == disks[unseen] == disks[""]
    assert free.keys() == {disks[seen]}
    assert free[disks[seen]] > 0


def test_disks_are_told_apart(tmp_path):
    disks, free = measure({"/dev/shm"}, str(tmp_path))
    assert len(free) == 2
    assert disks["/dev/shm"] in free


def test_nothing_is_measured_when_the_guarded_folder_is_gone(tmp_path):
    with pytest.raises(FileNotFoundError):
        measure(set(), str(tmp_path / "not mounted"))
