"""ffprobe: a real one on real media, and programs that stand in for one that hangs, is killed or complains."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from itertools import accumulate
from pathlib import Path

import pytest

from qbitrr.worker.torrents.actions import ffprobe
from qbitrr.worker.torrents.actions.ffprobe import FFprobe, paths_of
from tests.support.polling import until


@pytest.fixture(scope="session")
def ffmpeg():
    program = shutil.which("ffmpeg")
    if program is None or shutil.which("ffprobe") is None:
        pytest.fail("no ffmpeg: `make test` installs it, or: apt-get install ffmpeg", pytrace=False)
    return program


@pytest.fixture(scope="session")
def media(ffmpeg, tmp_path_factory):
    """A film of half a second, a song, and what is made of them."""
    folder = tmp_path_factory.mktemp("media")
    picture = ["-f", "lavfi", "-i", "testsrc=duration=0.5:size=64x48:rate=10"]
    sound = ["-f", "lavfi", "-i", "sine=duration=0.5"]
    command = [ffmpeg, "-v", "error", "-y"]
    subprocess.run([*command, *picture, *sound, "-c:v", "mpeg4", "-c:a", "mp2", folder / "film.mkv"], check=True)
    subprocess.run([*command, *picture, *sound, "-c:v", "mpeg4", "-c:a", "mp2", folder / "film.mp4"], check=True)
    subprocess.run([*command, *sound, "-c:a", "flac", folder / "song.flac"], check=True)
    whole = (folder / "film.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])  # what it holds is told at the end of this file
    (folder / "zeros.mkv").write_bytes(bytes(100_000))
    (folder / "program.mkv").write_bytes(b"MZ\x90\x00" + os.urandom(50_000))
    (folder / "empty.mkv").write_bytes(b"")
    (folder / "text.mkv").write_text("Please download our player to watch this film.\n" * 50)
    return folder


# -- the real one -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("radarr", "film.mkv"), ("sonarr", "film.mp4"), ("lidarr", "song.flac")])
async def test_nothing_is_wrong_with_what_can_be_played(media, kind, name):
    assert await FFprobe(kind).fault([str(media / name)]) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cut.mp4", "moov atom not found"),
        ("zeros.mkv", "EBML header parsing failed"),
        ("program.mkv", "Invalid data found when processing input"),
    ],
)
async def test_what_cannot_be_played_is_told_in_its_own_words(media, name, words):
    said = await FFprobe("radarr").fault([str(media / name)])
    assert said.startswith(f"{name}: ")
    assert words in said
    assert str(media) not in said
    assert "@ 0x" not in said


async def test_an_empty_file_proves_nothing_nor_does_a_bad_one_beside_one_that_plays(media):
    assert await FFprobe("radarr").fault([str(media / "empty.mkv")]) is None
    assert await FFprobe("radarr").fault([str(media / "film.mkv"), str(media / "zeros.mkv")]) is None
    assert await FFprobe("radarr").fault([str(media / "zeros.mkv"), str(media / "film.mkv")]) is None
    assert await FFprobe("radarr").fault([str(media / "zeros.mkv"), str(media / "program.mkv")])


async def test_the_same_file_is_complained_about_in_the_same_words(media):
    """They tell whether a verdict changed."""
    asked = [await FFprobe("radarr").fault([str(media / "cut.mp4")]) for _ in range(2)]
    assert asked[0] == asked[1]


@pytest.mark.parametrize(("kind", "name"), [("radarr", "song.flac"), ("radarr", "text.mkv")])
async def test_without_a_picture_there_is_nothing_to_play(media, kind, name):
    assert (await FFprobe(kind).fault([str(media / name)])).startswith(f"{name}: ")


async def test_a_film_has_the_sound_that_lidarr_wants(media):
    assert await FFprobe("lidarr").fault([str(media / "film.mkv")]) is None


@pytest.mark.parametrize("name", ["-v.mkv", "a:b%20c?.mkv", "Снег 雪 'n' \"x\".mkv", "concat:a|b.mkv", " x .mkv"])
async def test_a_name_is_never_read_as_anything_else(media, tmp_path, name):
    shutil.copy(media / "film.mkv", tmp_path / name)
    assert await FFprobe("radarr").fault([str(tmp_path / name)]) is None
    (tmp_path / name).write_bytes(b"nothing")
    assert (await FFprobe("radarr").fault([str(tmp_path / name)])).startswith(f"{name}: ")


async def test_a_file_that_is_gone_or_a_folder_is_no_evidence(media, tmp_path, ffmpeg):
    assert await FFprobe("radarr").fault([str(tmp_path / "gone.mkv")]) is None
    assert await FFprobe("radarr").fault([]) is None


# -- programs that behave badly ---------------------------------------------------------------------------------


KNOWN_GOOD = 'for last; do :; done; case "$last" in *known-good*) echo video; exit;; esac'


@pytest.fixture
def program(tmp_path):
    def written(script, *, first=KNOWN_GOOD):
        place = tmp_path / "ffprobe"
        place.write_text(f"#!/bin/sh\n{first}\n{script}\n")
        place.chmod(0o755)
        return str(place)

    return written


async def ask(program, *names):
    folder = Path(program).parent
    paths = [folder / name for name in names or ["film.mkv"]]
    for path in paths:
        path.write_bytes(b"some media")
    return await FFprobe("radarr", program).fault([str(path) for path in paths])


INVALID = "Invalid data found when processing input"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo video", None),
        ("echo video; echo 'some frames are bad' >&2", None),
        ("exit 0", "film.mkv: ffprobe finds nothing to play in it"),
        ("exit 3", None),
        ("echo '[mov @ 0x55d0c8e3a2c0] moov  atom not found' >&2; exit 1", "film.mkv: moov atom not found"),
        (f'echo "$last: {INVALID}" >&2; exit 1', f"film.mkv: {INVALID}"),
        (f"printf 'caf\\351 {INVALID}' >&2; exit 1", f"film.mkv: caf\N{REPLACEMENT CHARACTER} {INVALID}"),
        (f"echo '{INVALID}' >&2; kill -9 $$", None),
        (f"echo '{INVALID}' >&2; exit 126", None),
        ("echo 'symbol lookup error: undefined symbol' >&2; exit 127", None),
    ],
)
async def test_how_an_answer_is_read(program, script, expected):
    assert await ask(program(script)) == expected


@pytest.mark.parametrize(
    "words",
    [
        "No such file or directory",
        "Permission denied",
        "Input/output error",
        "Stale file handle",
        "Transport endpoint is not connected",
        "Host is down",
        "Connection timed out",
        "Remote I/O error",
        "Cannot allocate memory",
        "Operation not permitted",
        "Required key not available",
        "Structure needs cleaning",
    ],
)
async def test_words_about_the_disk_are_no_evidence_against_the_media(program, words):
    assert await ask(program(f'echo "$last: {words}" >&2; exit 1')) is None


async def test_a_program_that_refuses_a_good_clip_proves_nothing(program):
    assert await ask(program(f"echo '{INVALID}' >&2; exit 1", first="for last; do :; done")) is None
    assert await ask(program("exit 0", first="for last; do :; done")) is None


async def test_a_file_that_cannot_be_read_proves_nothing(program, tmp_path):
    refusing = program(f"echo '{INVALID}' >&2; exit 1")
    assert await FFprobe("radarr", refusing).fault([str(tmp_path / "gone.mkv")]) is None


@pytest.mark.parametrize("kind", ["radarr", "lidarr"])
async def test_the_real_one_plays_the_clip(ffmpeg, kind):
    assert await FFprobe(kind)._plays_the_clip(shutil.which("ffprobe"))


async def test_a_long_lament_is_cut_off(program):
    said = await ask(program(f"yes '{INVALID}' | head -n 100000 >&2; exit 1"))
    assert len(said) == len("film.mkv: ") + 300


async def test_the_files_after_a_good_one_are_not_asked_about(program, tmp_path):
    asked = tmp_path / "asked"
    counting = program(f'echo "$last" >> {asked}; case "$last" in *one*) exit 0;; esac; echo video')
    assert await ask(counting, "one.mkv", "two.mkv", "three.mkv") is None
    assert asked.read_text().split() == [f"file:{tmp_path}/one.mkv", f"file:{tmp_path}/two.mkv"]


async def test_without_the_program_nobody_can_tell(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    without = FFprobe("radarr")
    assert without.program is None
    assert await without.fault(["/media/film.mkv"]) is None


async def test_a_program_that_was_removed_since_is_no_evidence(tmp_path):
    assert await ask(str(tmp_path / "gone")) is None


def running(pids):
    return [pid for pid in pids.read_text().split() if Path(f"/proc/{pid}").exists()] if pids.exists() else []


@pytest.fixture
def hanging(program, tmp_path):
    """A program that hangs and ignores whoever asks it to end, with a child that does too."""
    pids = tmp_path / "pids"
    script = f"trap '' TERM INT; sh -c 'trap \"\" TERM; echo $$ >> {pids}; sleep 600' & echo $$ >> {pids}; wait"
    return program(script), pids


async def test_what_hangs_is_ended_with_all_its_children_and_is_no_evidence(hanging, monkeypatch):
    monkeypatch.setattr(ffprobe, "_SECONDS", 1.0)
    program, pids = hanging
    assert await ask(program) is None
    assert len(pids.read_text().split()) == 2
    await until(lambda: not running(pids), 5, lambda: f"still running: {running(pids)}")


async def test_what_is_asked_ends_with_who_asks(hanging):
    program, pids = hanging
    asking = asyncio.create_task(ask(program))
    await until(lambda: len(running(pids)) == 2, 10, "it did not start")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(lambda: not running(pids), 5, lambda: f"still running: {running(pids)}")


async def test_no_more_than_two_are_asked_at_a_time(program, tmp_path):
    log, go = tmp_path / "log", tmp_path / "go"
    waiting = program(f"echo 1 >> {log}; until [ -e {go} ]; do sleep 0.02; done; echo -1 >> {log}; echo video")
    one = FFprobe("radarr", waiting)
    asking = [asyncio.create_task(one.fault([f"/media/{n}.mkv"])) for n in range(5)]
    await until(lambda: log.exists() and len(log.read_text().split()) == 2, 10, "two did not start")
    go.touch()
    assert await asyncio.gather(*asking) == [None] * 5
    at_once = list(accumulate(map(int, log.read_text().split())))
    assert (len(at_once), max(at_once), at_once[-1]) == (10, 2, 0)


def test_only_files_that_are_there_have_paths(tmp_path):
    (tmp_path / "F").mkdir()
    (tmp_path / "F" / "film.mkv").touch()
    assert paths_of(str(tmp_path), ["F/film.mkv", "F/gone.mkv", "F"]) == [str(tmp_path / "F/film.mkv")]


async def test_one_that_a_disk_holds_keeps_nobody_waiting(program, tmp_path, monkeypatch):
    """It does not die before the disk answers. While two are held no other one is run."""
    pids = tmp_path / "pids"
    probe = FFprobe("radarr", program(f"echo $$ >> {pids}; exec sleep 600"))
    monkeypatch.setattr(ffprobe, "_SECONDS", 0.5)
    monkeypatch.setattr(ffprobe, "_END_SECONDS", 0.1)
    with monkeypatch.context() as holding:
        holding.setattr(os, "killpg", lambda *_: None)
        async with asyncio.timeout(20):
            assert [await probe.fault(["/media/film.mkv"]) for _ in range(4)] == [None] * 4
    held = running(pids)
    assert len(held) == 2
    for pid in held:
        os.killpg(int(pid), signal.SIGKILL)

    async def another_is_run():
        await probe.fault(["/media/film.mkv"])
        return len(pids.read_text().split()) > 2

    await until(another_is_run, 10, "no other one is run")
