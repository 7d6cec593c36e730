"""Which disk a path is on, what is free there, and what the removal of files frees."""

import os
from pathlib import Path

import pytest

from qbitrr.worker.file_systems import disks_of, freed_bytes, measure


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "real" / "Some.Movie"
    folder.mkdir(parents=True)
    (folder / "movie.mkv").write_bytes(b"x")
    return folder


def test_a_path_that_is_not_seen_from_here_is_taken_for_the_guarded_folder(data, tmp_path):
    seen, unseen = str(data / "movie.mkv"), "/downloads/in/a/container"
    disks, free, _ = measure({seen, unseen, ""}, str(tmp_path))
    assert disks[seen] == disks[unseen] == disks[""]
    assert free.keys() == {disks[seen]}
    assert free[disks[seen]] > 0


def test_disks_are_told_apart(tmp_path):
    disks, free, _ = measure({"/dev/shm"}, str(tmp_path))
    assert len(free) == 2
    assert disks["/dev/shm"] in free


def test_one_path_that_may_not_be_read_counts_for_the_guarded_folder(data, tmp_path, monkeypatch):
    closed = str(tmp_path / "closed")
    real = Path.is_dir

    def is_dir(path, **options):
        if str(path) == closed:
            raise PermissionError(13, "Permission denied", closed)
        return real(path, **options)

    monkeypatch.setattr(Path, "is_dir", is_dir)
    disks, free, unreadable = measure({closed, str(data)}, str(tmp_path))
    assert disks[closed] == disks[str(data)]
    assert (unreadable, len(free)) == ({closed}, 1)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("30 20 0:30 /@data {} rw shared:1 - btrfs /dev/sda2 rw,subvol=/@data", "btrfs /dev/sda2"),
        ("30 20 0:31 / {} rw - zfs tank/media/films rw", "zfs tank"),
    ],
)
def test_parts_of_one_pool_are_one_disk(tmp_path, monkeypatch, line, name):
    real = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda path, **o: line.format(tmp_path) if "mountinfo" in str(path) else real(path, **o)
    )
    (tmp_path / "inside").mkdir()
    assert measure({str(tmp_path / "inside")}, str(tmp_path)).free.keys() == {name}


def test_nothing_is_measured_when_the_guarded_folder_is_gone(tmp_path):
    with pytest.raises(FileNotFoundError):
        measure(set(), str(tmp_path / "not mounted"))


def test_only_what_is_on_this_machine_has_a_disk(data, tmp_path):
    seen = str(data / "movie.mkv")
    found = disks_of([seen, str(data), "/downloads/in/a/container", "", "relative", "/dev/shm"])
    assert found.keys() == {seen, str(data), "/dev/shm"}
    assert found[seen] == found[str(data)] == measure({str(data)}, str(tmp_path)).disks[str(data)]
    assert found["/dev/shm"] != found[seen]


def test_a_file_that_the_library_has_too_frees_nothing(data, tmp_path):
    (data / "movie.mkv").write_bytes(b"x" * 10_000)
    (data / "sample.mkv").write_bytes(b"x" * 8_192)
    names = ["Some.Movie/movie.mkv", "Some.Movie/sample.mkv"]
    assert freed_bytes(str(data.parent), names) == 18_192
    os.link(data / "movie.mkv", tmp_path / "library.mkv")
    assert freed_bytes(str(data.parent), names) == 8_192
    (data / "linked.mkv").symlink_to(tmp_path / "library.mkv")
    assert freed_bytes(str(data.parent), ["Some.Movie/linked.mkv"]) == 0
    (tmp_path / "library.mkv").unlink()
    assert freed_bytes(str(data.parent), names) == 18_192


def test_what_was_never_written_frees_nothing(data):
    with (data / "sparse.mkv").open("wb") as file:
        file.truncate(10_000_000)
    assert freed_bytes(str(data), ["sparse.mkv"]) < 100_000


def test_a_file_that_is_not_there_leaves_it_unknown(data):
    with pytest.raises(FileNotFoundError):
        freed_bytes(str(data), ["movie.mkv", "gone.mkv"])
