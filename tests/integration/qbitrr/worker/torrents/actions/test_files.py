"""Files that are not fetched, files that are deleted, media that cannot be played."""

import pytest

from qbitrr.backoff import Backoff
from qbitrr.errors import UnreachableError
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.sandbox.services.qbittorrent_rows import PIECE_BYTES
from qbitrr.worker.torrents.actions.ffprobe import FFprobe
from tests.integration.qbitrr.worker.torrents.passing import ended, entries, passes_until, posts, settled
from tests.integration.qbitrr.worker.torrents.scenes import finished, only

RULES = {
    "FolderExclusionRegex": [r"\bextras?\b"],
    "FileNameExclusionRegex": [r"\bsample\b"],
    "FileExtensionAllowlist": [".mkv", ".srt"],
}


def downloading(world):
    return next(t for t in world.client.torrents.values() if t.state == "downloading")


def with_files(torrent, *names):
    torrent.files = [TorrentFile(f"{torrent.name}/{name}", 1_000_000) for name in names]
    torrent.fate = torrent.fate.__class__(torrent.fate.destiny, 1.0)
    torrent.progress = 0.1
    return torrent


async def test_what_is_not_wanted_is_not_fetched_by_one_request(sandbox, bench):
    torrent = with_files(downloading(sandbox.world), "film.mkv", "Extras/one.mkv", "sample.mkv", "film.nfo", "film.srt")
    only(sandbox.world, torrent)
    async with bench(**RULES) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "skip_files"), "no file was excluded")
        await settled(opened)
    assert [file.priority for file in torrent.files] == [1, 0, 0, 0, 1]
    (body,) = posts(sandbox.stand_ins["qBit"], "torrents/filePrio")
    assert (body["id"], body["priority"]) == ("1|2|3", "0")


async def test_files_are_looked_at_once_also_over_a_restart_and_again_by_other_rules(sandbox, bench):
    torrent = with_files(downloading(sandbox.world), "film.mkv")
    only(sandbox.world, torrent)

    def looks():
        return sum(r.path.endswith("torrents/files") for r in sandbox.stand_ins["qBit"].requests)

    async with bench(**RULES) as opened:
        await opened.loop.load()
        await passes_until(opened, looks, "nobody looked")
        await settled(opened, 4)
    assert looks() == 1
    async with bench(**RULES) as opened:
        await opened.loop.load()
        await settled(opened, 4)
    assert looks() == 1
    async with bench(**{**RULES, "FileNameExclusionRegex": ["other"]}) as opened:
        await opened.loop.load()
        await passes_until(opened, lambda: looks() > 1, "nobody looked by the new rules")


async def test_what_would_leave_nothing_to_play_fails_as_a_whole(sandbox, bench):
    torrent = with_files(downloading(sandbox.world), "setup.exe", "readme.txt")
    arr = only(sandbox.world, torrent)
    async with bench(**RULES) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "fail"), "it was not failed")
    assert len(arr.blocklist) == 1
    assert posts(sandbox.stand_ins["qBit"], "torrents/filePrio") == []


async def test_what_is_complete_is_imported_although_no_rule_allows_its_extension(sandbox, bench):
    """Whatever is excluded of a download: what was downloaded, and the Arr imports, is no reason to fail it."""
    torrent = finished(sandbox.world)
    torrent.files = [TorrentFile(f"{torrent.name}/film.avi", 1_000_000)]
    only(sandbox.world, torrent)
    async with bench(VerifyMedia=False, **RULES) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "import"), "it was not imported")
        assert await entries(opened, "fail") == []


async def test_an_archive_is_left_alone(sandbox, bench):
    torrent = with_files(downloading(sandbox.world), "film.rar", "film.r00", "film.r01", "film.sfv")
    only(sandbox.world, torrent)
    async with bench(**RULES) as opened:
        await opened.loop.load()
        await settled(opened, 4)
        assert await entries(opened, "fail") == []
    assert all(file.priority for file in torrent.files)


def on_disk(torrent, folder):
    torrent.save_path = str(folder)
    for file in torrent.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


async def test_auto_delete_removes_only_what_was_excluded_of_this_torrent(sandbox, bench, tmp_path):
    """And nothing of which a selected file has a piece."""
    torrent = finished(sandbox.world)
    arr = only(sandbox.world, torrent)
    sizes = {"film.mkv": 3 * PIECE_BYTES + 5, "Extras/near.mkv": PIECE_BYTES - 5}
    sizes |= {"Extras/one.mkv": PIECE_BYTES, "mine.mkv": PIECE_BYTES}
    torrent.files = [TorrentFile(f"{torrent.name}/{name}", size) for name, size in sizes.items()]
    for file in torrent.files[1:]:
        file.priority = 0  # the last one by a person
    on_disk(torrent, tmp_path / "downloads")
    arr.imports_by_itself = False  # before the excluded files are gone
    arr.refresh_now()
    stranger = tmp_path / "downloads" / "Extras" / "other.mkv"
    stranger.parent.mkdir()
    stranger.write_bytes(b"x")
    async with bench(**RULES, AutoDelete=True, VerifyMedia=False) as opened:
        await opened.loop.load()
        await passes_until(opened, ended(opened, "delete_files"), "nothing was deleted")
        arr.imports_by_itself = True
        await passes_until(opened, ended(opened, "import"), "it was not imported")
    left = {str(p.relative_to(tmp_path / "downloads")) for p in (tmp_path / "downloads").rglob("*") if p.is_file()}
    kept = {f"{torrent.name}/{name}" for name in ("film.mkv", "Extras/near.mkv", "mine.mkv")}
    assert left == {*kept, "Extras/other.mkv"}


@pytest.mark.parametrize(("answers_again", "later"), [(True, 0), (False, -600), (False, 86_400)])
async def test_a_client_that_does_not_answer_is_waited_for_for_some_minutes_before_files_are_deleted(
    sandbox, bench, tmp_path, monkeypatch, answers_again, later
):
    """Also after a clock that was ahead when it was planned."""
    torrent = finished(sandbox.world)
    arr = only(sandbox.world, torrent)
    film, extra = (f"{torrent.name}/{name}" for name in ("film.mkv", "Extras/one.mkv"))
    torrent.files = [TorrentFile(film, 3 * PIECE_BYTES), TorrentFile(extra, PIECE_BYTES, priority=0)]
    on_disk(torrent, tmp_path / "downloads")
    arr.imports_by_itself = False
    arr.refresh_now()

    async def silent(_context):
        raise UnreachableError("qBit-two", "no answer")

    async with bench(**RULES, AutoDelete=True, VerifyMedia=False) as opened:
        await opened.loop.load()
        with monkeypatch.context() as patched:
            patched.setattr("qbitrr.worker.torrents.actions.files.list_all", silent)
            await passes_until(opened, ended(opened, "delete_files", "planned"), "nothing was planned")
            await settled(opened)
            ((_, state, *_),) = await entries(opened, "delete_files")
            assert state == "planned"
            if not answers_again:
                await opened.database.write("UPDATE ledger SET planned_at = planned_at + ?", (later,))
                patched.setattr("qbitrr.worker.torrents.actions.runner._RETRY", Backoff(0.01, 0.01))
                await opened.loop.runner.load()
                opened.loop.runner.retry_now()
                await passes_until(opened, ended(opened, "delete_files", "cancelled"), "it still waits")
        opened.loop.runner.retry_now()
        if answers_again:
            await passes_until(opened, ended(opened, "delete_files"), "nothing was deleted")
        arr.imports_by_itself = True
        await passes_until(opened, ended(opened, "import"), "it was not imported")
    assert [(tmp_path / "downloads" / name).exists() for name in (film, extra)] == [True, not answers_again]


@pytest.fixture
def complaining(tmp_path):
    program = tmp_path / "ffprobe"
    known_good = 'for last; do :; done; case "$last" in *known-good*) echo video; exit;; esac'
    program.write_text(f"#!/bin/sh\n{known_good}\necho 'moov atom not found' >&2\nexit 1\n")
    program.chmod(0o755)
    return str(program)


async def test_media_that_cannot_be_played_are_not_imported_but_fail_in_ffprobes_words(
    sandbox, bench, tmp_path, complaining
):
    torrent = finished(sandbox.world)
    arr = only(sandbox.world, torrent)
    torrent.files = [TorrentFile(f"{torrent.name}/film.mkv", 1000)]
    on_disk(torrent, tmp_path / "downloads")
    async with bench() as opened:
        opened.loop.action_context.probe = FFprobe("radarr", complaining)
        await opened.loop.load()
        await passes_until(opened, ended(opened, "fail"), "it was not failed")
        ((because,),) = await opened.database.rows("SELECT because FROM ledger WHERE action = 'fail'")
    assert "moov atom not found" in because
    assert len(arr.blocklist) == 1
    assert [c for c in posts(sandbox.stand_ins["Radarr-HD"], "command") if c["name"] == "DownloadedMoviesScan"] == []


async def test_media_that_are_not_seen_from_here_are_imported_unasked(sandbox, bench, complaining):
    torrent = finished(sandbox.world)
    only(sandbox.world, torrent)
    async with bench() as opened:
        opened.loop.action_context.probe = FFprobe("radarr", complaining)
        await opened.loop.load()
        await passes_until(opened, ended(opened, "import"), "it was not imported")
