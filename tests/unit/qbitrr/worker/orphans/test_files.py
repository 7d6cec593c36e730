"""Files that are moved aside, back and away on a disk: never another one, never over a link, never replaced."""

import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from qbitrr.rules.orphan_folders import ASIDE
from qbitrr.rules.orphans import Orphan, OrphanState
from qbitrr.worker.orphans import files
from qbitrr.worker.orphans.files import Outcome, guarded


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "movies"
    (made / "Old" / "deep").mkdir(parents=True)
    (made / "Old" / "deep" / "x.mkv").write_bytes(b"x" * 1000)
    return made


def orphan_at(folder, path="Old/deep/x.mkv", token="7-ab"):
    file = files.facts(str(folder), path)
    assert file is not None
    aside = f"{ASIDE}/{token}/{path.rpartition('/')[2]}"
    return Orphan(str(folder), path, file, 0.0, state=OrphanState.MOVING, aside=aside, id=7)


def outcome(step):
    return guarded(step)[0]


def move(orphan, kept=()):
    return outcome(lambda: files.move_aside(orphan, kept))


def test_a_file_is_moved_aside_and_back_and_empty_folders_go_and_come(folder):
    orphan = orphan_at(folder)
    assert move(orphan) is Outcome.DONE
    assert (folder / orphan.aside).read_bytes() == b"x" * 1000
    assert not (folder / "Old").exists()
    assert outcome(lambda: files.restore(orphan)) is Outcome.DONE
    assert (folder / "Old/deep/x.mkv").read_bytes() == b"x" * 1000
    assert not (folder / ASIDE).exists()


def test_folders_that_are_not_empty_or_are_kept_stay(folder):
    (folder / "Old" / "note.txt").write_text("mine")
    assert move(orphan_at(folder)) is Outcome.DONE
    assert not (folder / "Old/deep").exists()
    assert (folder / "Old/note.txt").exists()
    (folder / "kept").mkdir()
    (folder / "kept" / "y").write_text("y")
    assert move(orphan_at(folder, "kept/y", "8-cd"), {f"{folder}/kept"}) is Outcome.DONE
    assert (folder / "kept").is_dir()


def test_a_file_with_any_name_is_moved(folder):
    for number, name in enumerate(("Caf\u00e9.mkv", "Cafe\u0301.mkv", "a b\n*?'\".mkv", "-rf", "\U0001f3ac.mkv")):
        (folder / name).write_text(name)
        orphan = orphan_at(folder, name, f"{number}-x")
        assert move(orphan) is Outcome.DONE
        assert (folder / orphan.aside).read_text() == name


@pytest.mark.parametrize("change", ["content", "replaced", "link", "gone", "time", "folder"])
def test_a_file_that_changed_stays(folder, change):
    path = folder / "Old/deep/x.mkv"
    orphan = orphan_at(folder)
    match change:
        case "content":
            path.write_bytes(b"y" * 1000)
            os.utime(path, ns=(orphan.file.modified_ns, orphan.file.modified_ns))  # the time of change is another
        case "replaced":
            path.rename(folder / "kept")  # so that its number stays in use
            path.write_bytes(b"x" * 1000)
        case "link":
            path.rename(folder / "kept")
            path.symlink_to(folder / "kept")
        case "gone":
            path.rename(folder / "kept")
        case "time":
            os.utime(path)
        case "folder":
            path.unlink()
            path.mkdir()
    before = sorted(str(one) for one in folder.rglob("*") if ASIDE not in str(one))
    assert move(orphan) is Outcome.CHANGED
    assert sorted(str(one) for one in folder.rglob("*") if ASIDE not in str(one)) == before


def test_no_link_is_followed_on_the_way(folder, tmp_path):
    orphan = orphan_at(folder)
    elsewhere = tmp_path / "elsewhere"
    (folder / "Old/deep").rename(elsewhere)
    (folder / "Old/deep").symlink_to(elsewhere)
    assert move(orphan) is Outcome.CHANGED
    assert (elsewhere / "x.mkv").exists()


def test_the_folder_for_orphans_may_not_be_a_link(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / ASIDE).symlink_to(elsewhere)
    assert move(orphan_at(folder)) is Outcome.CHANGED
    assert list(elsewhere.iterdir()) == []
    assert (folder / "Old/deep/x.mkv").exists()


def test_the_folder_of_a_category_may_be_reached_over_a_link(folder, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert move(orphan_at(link)) is Outcome.DONE


def test_nothing_is_replaced_aside(folder):
    orphan = orphan_at(folder)
    (folder / ASIDE / "7-ab").mkdir(parents=True)
    assert move(orphan) is Outcome.OCCUPIED
    assert (folder / orphan.path).exists()


@pytest.mark.parametrize("hard_links", [True, False])
def test_nothing_is_replaced_when_a_file_is_restored(folder, monkeypatch, hard_links):
    orphan = orphan_at(folder)
    assert move(orphan) is Outcome.DONE
    (folder / "Old/deep").mkdir(parents=True)
    (folder / orphan.path).write_text("another")
    if not hard_links:
        monkeypatch.setattr(os, "link", refused(errno.EPERM))
    assert outcome(lambda: files.restore(orphan)) is Outcome.OCCUPIED
    assert (folder / orphan.path).read_text() == "another"
    assert (folder / orphan.aside).exists()
    (folder / orphan.path).unlink()
    assert outcome(lambda: files.restore(orphan)) is Outcome.DONE
    assert (folder / orphan.path).read_bytes() == b"x" * 1000


def refused(number):
    def refuse(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    return refuse


def test_a_restore_that_was_interrupted_between_its_two_names_goes_on(folder):
    orphan = orphan_at(folder)
    assert move(orphan) is Outcome.DONE
    (folder / "Old/deep").mkdir(parents=True)
    os.link(folder / orphan.aside, folder / orphan.path)
    assert outcome(lambda: files.restore(orphan)) is Outcome.DONE
    assert (folder / orphan.path).stat().st_nlink == 1
    assert not (folder / ASIDE).exists()


def test_only_the_file_that_was_moved_is_purged(folder):
    orphan = orphan_at(folder)
    assert move(orphan) is Outcome.DONE
    assert outcome(lambda: files.purge(replace(orphan, file=replace(orphan.file, size_bytes=5)))) is Outcome.CHANGED
    (folder / ASIDE / "7-ab" / "note.txt").write_text("mine")
    assert outcome(lambda: files.purge(orphan)) is Outcome.DONE
    assert (folder / ASIDE / "7-ab" / "note.txt").exists()
    assert not (folder / orphan.aside).exists()
    assert outcome(lambda: files.purge(orphan)) is Outcome.CHANGED


def test_a_hard_link_elsewhere_keeps_its_content(folder, tmp_path):
    os.link(folder / "Old/deep/x.mkv", tmp_path / "library.mkv")
    orphan = orphan_at(folder)
    assert orphan.is_linked
    assert move(orphan) is Outcome.DONE
    assert outcome(lambda: files.purge(orphan)) is Outcome.DONE
    assert (tmp_path / "library.mkv").read_bytes() == b"x" * 1000


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EXDEV, Outcome.OTHER_DEVICE),
        (errno.EROFS, Outcome.READ_ONLY),
        (errno.EACCES, Outcome.DENIED),
        (errno.EPERM, Outcome.DENIED),
        (errno.ENOSPC, Outcome.NO_SPACE),
        (errno.EIO, Outcome.FAILED),
    ],
)
def test_what_the_disk_refuses_has_a_name_and_changes_nothing(folder, monkeypatch, number, expected):
    orphan = orphan_at(folder)
    monkeypatch.setattr(os, "rename", refused(number))
    assert move(orphan) is expected
    assert (folder / orphan.path).exists()
    assert list((folder / ASIDE).iterdir()) == []
    assert files.PROBLEMS[expected]


def test_a_file_that_is_replaced_in_the_moment_of_its_move_is_put_back(folder, monkeypatch):
    orphan = orphan_at(folder)
    rename = os.rename

    def swapped(source, target, **descriptors):
        with suppress(FileExistsError):
            os.link(folder / orphan.path, folder / "kept")
        (folder / orphan.path).unlink()
        (folder / orphan.path).write_text("another")
        rename(source, target, **descriptors)

    monkeypatch.setattr(os, "rename", swapped)
    assert move(orphan) is Outcome.CHANGED
    assert (folder / orphan.path).read_text() == "another"
    assert list((folder / ASIDE).iterdir()) == []


@pytest.mark.parametrize("path", ["../outside", "Old/../../outside", "", "Old/", "/etc/hostname", "./x"])
def test_no_path_leads_out_of_its_folder(folder, tmp_path, path):
    (tmp_path / "outside").write_text("mine")
    assert guarded(lambda: Outcome.DONE if files.facts(str(folder), path) else Outcome.FAILED)[0] is not Outcome.DONE


def test_no_descriptor_is_left_open(folder):
    before = len(list(Path("/proc/self/fd").iterdir()))
    orphan = orphan_at(folder)
    move(orphan)
    outcome(lambda: files.restore(orphan))
    outcome(lambda: files.purge(orphan))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
