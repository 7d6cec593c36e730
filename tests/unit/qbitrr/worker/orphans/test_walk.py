"""A walk through a folder: what is found, what is left out, and that it stops between steps."""

import os

import pytest

from qbitrr.rules.orphan_folders import ASIDE, ClientData, KnownPaths, TorrentData, fold, spared_by
from qbitrr.worker.orphans import walk
from qbitrr.worker.orphans.walk import Aliases, Sight, Walk, is_covered

HASH = "a" * 40


def known(*contents, save_path="/nowhere"):
    torrents = [TorrentData(HASH, "A", "stalledUP", str(one), str(save_path)) for one in contents]
    return KnownPaths([ClientData("qBit", "/nowhere", {}, torrents)])


def all_of(walked):
    found = []
    while (some := walked.step()) is not None:
        found += some
    return {path: file.size_bytes for path, file in found}


def put(folder, *paths):
    for path in paths:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.encode())


def test_what_no_torrent_knows_is_found(tmp_path):
    put(tmp_path, "A/a.mkv", "A/extra.nfo", "b.mkv", "c/d/e.mkv", "b.mkv.!qB", f".{HASH}.parts", f".{'b' * 40}.parts")
    walked = Walk(str(tmp_path), known(tmp_path / "A", tmp_path / "b.mkv"), (), ())
    assert set(all_of(walked)) == {"c/d/e.mkv", f".{'b' * 40}.parts"}
    assert walked.files == 2


def test_what_is_left_out(tmp_path):
    put(tmp_path, "x", f"{ASIDE}/7-a/y", ".Trash-1000/z", "incomplete/i.mkv", "4k/u.mkv")
    (tmp_path / "link.mkv").symlink_to(tmp_path / "x")
    (tmp_path / "linked").symlink_to(tmp_path / "4k")
    os.mkfifo(tmp_path / "pipe")
    excluded = {fold(str(tmp_path / "incomplete"))}
    assert set(all_of(Walk(str(tmp_path), known(), (), excluded))) == {"x", "4k/u.mkv"}


def test_the_same_file_and_folder_under_another_name_belong_to_the_torrent(tmp_path):
    put(tmp_path, "single.mkv", "folder/a.mkv", "other.mkv")
    os.link(tmp_path / "single.mkv", tmp_path / "copy.mkv")
    inodes = {(one.stat().st_dev, one.stat().st_ino) for one in (tmp_path / "single.mkv", tmp_path / "folder")}
    assert set(all_of(Walk(str(tmp_path), known(), inodes, ()))) == {"other.mkv"}


def test_a_file_that_is_not_selected_belongs_to_its_torrent(tmp_path):
    put(tmp_path, ".unwanted/A/a.mkv", ".unwanted/B/b.mkv")
    assert set(all_of(Walk(str(tmp_path), known(tmp_path / "A"), (), ()))) == {".unwanted/B/b.mkv"}


def test_what_the_user_spares_is_left_out(tmp_path):
    put(tmp_path, "Keep/mine.mkv", "deep/a.NFO", "deep/b.mkv", "old/x.mkv")
    spared = spared_by(["keep/*", "*.nfo", "old"])
    assert set(all_of(Walk(str(tmp_path), known(), (), (), spared))) == {"deep/b.mkv"}


def test_a_name_that_is_no_text_is_counted(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.mkv")).write_text("x")
    walked = Walk(str(tmp_path), known(), (), ())
    assert all_of(walked) == {}
    assert walked.names_unreadable == 1


def test_a_folder_that_is_not_there_has_no_orphans(tmp_path):
    assert all_of(Walk(str(tmp_path / "none"), known(), (), ())) == {}


def test_a_mount_is_not_entered_though_it_is_of_the_same_file_system(tmp_path, monkeypatch):
    put(tmp_path, "mounted/x.mkv", "y.mkv")
    monkeypatch.setattr(walk, "_mount_points", lambda: frozenset({os.path.realpath(tmp_path / "mounted")}))
    walked = Walk(str(tmp_path), known(), (), ())
    assert set(all_of(walked)) == {"y.mkv"}
    assert walked.left_out == 1


def test_a_walk_goes_on_where_it_stopped(tmp_path, monkeypatch):
    put(tmp_path, *(f"{number % 7}/{number}.mkv" for number in range(500)))
    monkeypatch.setattr(walk, "_STEP_SECONDS", 0.0)
    walked = Walk(str(tmp_path), known(), (), ())
    steps = []
    while (some := walked.step()) is not None:
        steps.append(len(some))
    assert sum(steps) == walked.files == 500
    assert max(steps) <= 101


@pytest.mark.parametrize(("size", "seen"), [(None, True), (4, True), (5, False)])
def test_a_single_file_is_seen_with_its_size(tmp_path, size, seen):
    (tmp_path / "a.mkv").write_bytes(b"1234")
    path = str(tmp_path / "a.mkv")
    sight = Sight({path: size})
    assert sight.step() is False
    assert (path in sight.seen) is seen


def test_a_folder_is_seen_and_an_incomplete_file_with_its_suffix(tmp_path):
    (tmp_path / "A").mkdir()
    (tmp_path / "b.mkv.!qB").write_text("x")
    wanted = {str(tmp_path / "A"): 10**9, str(tmp_path / "b.mkv"): None, str(tmp_path / "c"): None}
    sight = Sight(wanted)
    sight.step()
    assert sight.seen == {str(tmp_path / "A"), str(tmp_path / "b.mkv")}
    assert len(sight.identities) == 2


def test_a_folder_is_known_under_every_name_that_it_has(tmp_path):
    """A client has its torrents under a link, or under another mount, of the folder that is walked."""
    put(tmp_path, "disk/movies/loose.mkv", "disk/movies/old.mkv", "disk/movies/below/late.mkv")
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    (tmp_path / "inner").symlink_to(tmp_path / "disk" / "movies" / "below")
    folder = tmp_path / "disk" / "movies"
    everything = {"loose.mkv", "old.mkv", "below/late.mkv"}
    for content, own in (
        ("link/movies/loose.mkv", {"loose.mkv"}),
        ("inner/late.mkv", {"below/late.mkv"}),
    ):
        paths = known(tmp_path / content, save_path=(tmp_path / content).parent)
        assert set(all_of(Walk(str(folder), paths, (), ()))) == everything - own
        assert {path for path in everything if is_covered(paths, str(folder), path)} == own
    # a torrent that was saved above has all of the folder
    paths = known(tmp_path / "link/movies/loose.mkv", save_path=tmp_path / "link")
    assert all_of(Walk(str(folder), paths, (), ())) == {}
    assert all(is_covered(paths, str(folder), path) for path in everything)


def test_places_that_are_not_there_have_no_names(tmp_path):
    aliases = Aliases({str(tmp_path / "none"), "relative", "/with\0zero", str(tmp_path)})
    assert aliases.of(str(tmp_path / "x")) == {fold(str(tmp_path / "x"))}
