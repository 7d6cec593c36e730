"""Paths of torrents on a real disk, with everything on it that must not be touched."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.worker import disk
from qbitrr.worker.disk import delete_below, existing_below, has_content, has_files, on_disk
from tests.support.polling import until


def put(root, *paths):
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")


def tree(root):
    """All files, links and empty folders."""
    return {
        str(place.relative_to(root))
        for place in root.rglob("*")
        if place.is_symlink() or place.is_file() or not any(place.iterdir())
    }


@pytest.fixture
def downloads(tmp_path):
    root = tmp_path / "downloads"
    put(root, "Film/film.mkv", "Film/Extras/one.mkv", "Film/Extras/deep/two.mkv", "Other/Extras/one.mkv", "loose.mkv")
    put(tmp_path, "outside/secret.mkv")
    return root


# -- deleting ---------------------------------------------------------------------------------------------------


def test_the_named_files_are_deleted_and_the_folders_that_got_empty(downloads):
    assert delete_below(str(downloads), ["Film/Extras/one.mkv", "Film/Extras/deep/two.mkv"]) == 2
    assert tree(downloads) == {"Film/film.mkv", "Other/Extras/one.mkv", "loose.mkv"}


def test_a_folder_with_anything_else_in_it_stays(downloads):
    put(downloads, "Film/Extras/notes.txt")
    assert delete_below(str(downloads), ["Film/Extras/one.mkv", "Film/Extras/deep/two.mkv"]) == 2
    assert (downloads / "Film/Extras/notes.txt").exists()


def test_the_save_path_itself_and_what_is_above_it_stay_however_empty(tmp_path):
    root = tmp_path / "a" / "b"
    put(root, "x.mkv", "F/y.mkv")
    assert delete_below(f"{root}/", ["x.mkv", "F/y.mkv"]) == 2
    assert root.is_dir()
    assert tree(root) == set()


def test_what_is_not_there_is_passed_over(downloads):
    before = tree(downloads)
    assert delete_below(str(downloads), ["Film/none.mkv", "nowhere/x.mkv", "", ".", "Film", "Film/Extras"]) == 0
    assert delete_below(str(downloads / "gone"), ["Film/film.mkv"]) == 0
    assert tree(downloads) == before


@pytest.mark.parametrize(
    "path",
    [
        "../outside/secret.mkv",
        "Film/../../outside/secret.mkv",
        "Film/../Other/Extras/one.mkv",
        "{outside}/secret.mkv",
        "{downloads}/loose.mkv",
    ],
)
def test_no_path_leads_out_of_the_folder_or_back_into_it(downloads, tmp_path, path):
    path = path.format(outside=tmp_path / "outside", downloads=downloads)
    assert existing_below(str(downloads), [path]) == []
    assert delete_below(str(downloads), [path]) == 0
    assert (tmp_path / "outside/secret.mkv").exists()
    assert (downloads / "Other/Extras/one.mkv").exists()
    assert (downloads / "loose.mkv").exists()


@pytest.mark.parametrize("target", ["../../outside", "../Other/Extras"])
def test_no_link_is_followed_whether_it_leads_out_or_to_another_torrent(downloads, tmp_path, target):
    (downloads / "Film" / "link").symlink_to(target)
    (downloads / "Film" / "link.mkv").symlink_to("../Other/Extras/one.mkv")
    before = tree(downloads)
    assert delete_below(str(downloads), ["Film/link/secret.mkv", "Film/link/one.mkv", "Film/link.mkv"]) == 0
    assert tree(downloads) == before
    assert (tmp_path / "outside/secret.mkv").exists()


def test_links_that_go_in_circles_or_nowhere_are_passed_over(downloads):
    (downloads / "Film" / "circle").symlink_to("circle")
    (downloads / "Film" / "nowhere").symlink_to("nothing/here")
    assert existing_below(str(downloads), ["Film/circle/x.mkv", "Film/circle", "Film/nowhere", "Film/film.mkv"]) == [
        "Film/film.mkv"
    ]


def test_the_save_path_may_be_reached_over_a_link(downloads, tmp_path):
    (tmp_path / "link").symlink_to("downloads")
    assert delete_below(str(tmp_path / "link"), ["Film/Extras/one.mkv"]) == 1
    assert not (downloads / "Film/Extras/one.mkv").exists()


def test_names_of_any_script_and_with_any_sign(downloads):
    names = ["Film/雪 (2019) [x265].mkv", "Film/a\nb.mkv", "Film/-rf *.mkv", "Film/..hidden", "Film/\udcff.mkv"]
    put(downloads, *names)
    assert existing_below(str(downloads), names) == names
    assert delete_below(str(downloads), names) == len(names)


def test_devices_and_pipes_are_no_files(downloads):
    os.mkfifo(downloads / "Film" / "pipe.mkv")
    assert existing_below(str(downloads), ["Film/pipe.mkv"]) == []


@given(st.lists(st.lists(st.sampled_from(["..", ".", "", "Film", "link", "a.mkv", "/"]), max_size=5).map("/".join)))
def test_no_combination_of_steps_reaches_what_is_not_below(tmp_path_factory, paths):
    top = tmp_path_factory.mktemp("steps")
    put(top, "a.mkv", "Film/a.mkv", "root/Film/a.mkv", "root/a.mkv", "elsewhere/a.mkv")
    (top / "root" / "link").symlink_to("../elsewhere")
    delete_below(str(top / "root"), paths)
    for kept in ("a.mkv", "Film/a.mkv", "elsewhere/a.mkv"):
        assert (top / kept).exists()
    assert (top / "root" / "link").is_symlink()


# -- looking ----------------------------------------------------------------------------------------------------


def test_content_is_a_file_or_a_folder_with_something_in_it(downloads):
    assert has_content(str(downloads / "Film/film.mkv"))
    assert has_content(str(downloads / "Film"))
    (downloads / "empty").mkdir()
    assert not has_content(str(downloads / "empty"))  # such as the mount point of a disk that is not there
    assert not has_content(str(downloads / "gone"))


@pytest.mark.parametrize("path", ["", "Film", "./Film", "C:\\Downloads\\Film"])
def test_a_path_of_another_machine_has_no_content_here(downloads, monkeypatch, path):
    monkeypatch.chdir(downloads)
    assert not has_content(path)


# -- a disk that hangs ------------------------------------------------------------------------------------------


async def test_an_answer_comes_back():
    assert await on_disk("nothing", lambda a, *, b: a + b, "x", b="y") == "xy"


@pytest.mark.parametrize("error", [PermissionError("no"), OSError(5, "input/output error"), ValueError("null byte")])
async def test_an_error_of_the_disk_or_of_the_path_stands_for_not_knowing(error):
    def broken():
        raise error

    started = time.monotonic()
    assert await on_disk("unknown", broken) == "unknown"
    assert time.monotonic() - started < disk._SECONDS / 2


async def test_a_path_with_a_null_byte_has_no_content():
    assert await on_disk(False, has_content, "/a\0b") is False


async def test_a_fault_of_ours_is_told():
    def wrong():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await on_disk("unknown", wrong)


async def test_what_hangs_is_left_behind_and_the_loop_goes_on(monkeypatch):
    monkeypatch.setattr(disk, "_SECONDS", 0.2)
    let_go, ticks = threading.Event(), 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    assert await on_disk("unknown", let_go.wait, 60) == "unknown"
    assert ticks > 2
    hanging = [on_disk("unknown", let_go.wait, 60) for _ in range(20)]
    assert await asyncio.gather(*hanging, on_disk("unknown", lambda: "quick")) == ["unknown"] * 20 + ["quick"]
    let_go.set()  # an answer that comes too late disturbs nobody
    ticking.cancel()


async def test_a_disk_that_hangs_for_days_does_not_take_all_threads_of_the_machine(monkeypatch):
    monkeypatch.setattr(disk, "_SECONDS", 0.01)
    let_go, threads = threading.Event(), []

    def look(event):
        threads.append(threading.current_thread())
        event.wait(60)
        return "there"

    for _ in range(50):
        assert await on_disk("unknown", look, let_go) == "unknown"
    assert len(threads) < 10
    monkeypatch.setattr(disk, "_SECONDS", 5.0)
    assert await on_disk("unknown", lambda: "another question") == "another question"
    let_go.set()
    await until(lambda: not any(thread.is_alive() for thread in threads), 30, "its threads did not end")
    assert await on_disk("unknown", look, let_go) == "there"


async def test_who_waits_may_be_cancelled():
    let_go = threading.Event()
    waiting = asyncio.create_task(on_disk("unknown", let_go.wait, 60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    let_go.set()
    assert await on_disk("unknown", lambda: "next") == "next"


def test_a_rest_of_a_folder_is_not_all_of_it(tmp_path):
    (tmp_path / "Film").mkdir()
    (tmp_path / "Film/film.mkv").write_bytes(b"12345")
    assert has_files(str(tmp_path), {"Film/film.mkv": 5})
    assert not has_files(str(tmp_path), {"Film/film.mkv": 6})
    assert not has_files("relative", {})


async def test_a_file_that_is_gone_is_none(tmp_path):
    assert not await on_disk(False, has_files, str(tmp_path), {"Film/film.mkv": 5})
