"""Files without a torrent on real file systems: one within another, mounts, read-only and full ones."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from qbitrr.rules.orphan_folders import ASIDE, ClientData, KnownPaths
from qbitrr.rules.orphans import Orphan, OrphanState
from qbitrr.worker.orphans import files, walk
from qbitrr.worker.orphans.files import Outcome, guarded
from qbitrr.worker.orphans.walk import Walk
from tests.support.small_disk import small_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qbitrr.rules.orphans import FileFacts


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, 20) as mounted:
        yield mounted


@contextmanager
def bound(source: Path, place: Path) -> Iterator[None]:
    """Mount a folder at another place too."""
    place.mkdir(parents=True)
    subprocess.run(["mount", "--bind", source, place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def found_in(folder: Path) -> tuple[set[str], int]:
    """Walk through a folder; the files, and how many folders were not entered."""
    walked = Walk(str(folder), KnownPaths([ClientData("qBit", "/nowhere", {}, ())]), (), ())
    found: set[str] = set()
    while (some := walked.step()) is not None:
        found |= {path for path, _ in some}
    return found, walked.left_out


def facts(folder: Path, path: str) -> FileFacts:
    found = files.facts(str(folder), path)
    assert found is not None
    return found


def moved(folder: Path, path: str, file: FileFacts) -> Outcome:
    aside = f"{ASIDE}/1-ab/{path.rpartition('/')[2]}"
    orphan = Orphan(str(folder), path, file, 0.0, state=OrphanState.MOVING, aside=aside, id=1)
    return guarded(lambda: files.move_aside(orphan, ()))[0]


def fill(disk: Path) -> None:
    """Leave neither a block for data nor one for a folder."""
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(1 << 16))
    with suppress(OSError):
        for number in range(10**6):
            (disk / f"folder {number}").mkdir()


def test_another_file_system_within_the_folder_is_not_entered_and_nothing_is_moved_out_of_it(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (disk / "x.mkv").write_text("x")
    folder = tmp_path / "movies"
    with bound(disk, folder / "mounted"):
        (folder / "y.mkv").write_text("y")
        found, left_out = found_in(folder)
        assert found == {"y.mkv"}
        assert left_out == 1
        assert moved(folder, "mounted/x.mkv", facts(disk, "x.mkv")) is Outcome.OTHER_DEVICE
        with pytest.raises(OSError, match="cross-device"):
            files.facts(str(folder), "mounted/x.mkv")
        monkeypatch.setattr(walk, "_mount_points", frozenset)  # as a subvolume, which is no mount
        assert found_in(folder) == ({"y.mkv"}, 1)
        assert (disk / "x.mkv").exists()


def test_a_mount_of_the_same_file_system_is_not_entered_and_nothing_is_moved_out_of_it(tmp_path: Path) -> None:
    library, folder = tmp_path / "library", tmp_path / "movies"
    library.mkdir()
    (library / "x.mkv").write_text("x")
    with bound(library, folder / "mounted here"):
        found, left_out = found_in(folder)
        assert found == set()
        assert left_out == 1
        path = "mounted here/x.mkv"
        assert moved(folder, path, facts(folder, path)) is Outcome.OTHER_DEVICE
        assert (library / "x.mkv").exists()


def test_a_read_only_disk_keeps_its_files(disk: Path) -> None:
    (disk / "x.mkv").write_text("x")
    file = facts(disk, "x.mkv")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert moved(disk, "x.mkv", file) is Outcome.READ_ONLY
    assert (disk / "x.mkv").exists()


def test_a_full_disk_keeps_its_files_and_they_are_moved_when_there_is_room(disk: Path) -> None:
    (disk / "x.mkv").write_text("x")
    file = facts(disk, "x.mkv")
    fill(disk)
    assert moved(disk, "x.mkv", file) is Outcome.NO_SPACE
    assert (disk / "x.mkv").exists()
    (disk / "filler").unlink()
    (disk / "folder 0").rmdir()
    assert moved(disk, "x.mkv", file) is Outcome.DONE
