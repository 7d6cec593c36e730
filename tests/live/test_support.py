"""What the other live tests rest on: transfers, stalls, deletions and restarts of the real programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import versions
from tests.support.polling import until
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.qbittorrent import QbittorrentNox
    from tests.support.tracker import Tracker

pytestmark = versions.each

FILES = {"movie.mkv": 1_000_000, "extras/movie.nfo": 777}


async def test_a_torrent_is_transferred_between_two_instances_that_met_at_the_tracker(
    tracker: Tracker, seeder: QbittorrentNox, qbittorrent: QbittorrentNox
):
    torrent = make_torrent(seeder.downloads, "Some.Movie.2024", FILES, announce=tracker.url)
    await seeder.add(torrent.data)
    await seeder.wait_for_state(torrent.infohash, "stalledUP")
    await qbittorrent.create_category("radarr", qbittorrent.downloads / "radarr")
    await qbittorrent.add(torrent.data, category="radarr", savepath=str(qbittorrent.downloads / "radarr"))

    row = await qbittorrent.wait_for_state(torrent.infohash, "stalledUP", "uploading")

    assert (row["progress"], row["category"]) == (1, "radarr")
    for name in FILES:
        copy = qbittorrent.downloads / "radarr" / torrent.name / name
        assert copy.read_bytes() == (seeder.downloads / torrent.name / name).read_bytes()
    completed = (torrent.infohash, "completed")
    await until(
        lambda: completed in [(one.infohash, one.event) for one in tracker.announces],
        20,
        "an announce of the completion",
    )


async def test_a_torrent_without_peers_stalls(tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path):
    torrent = make_torrent(tmp_path / "elsewhere", "Nobody.Has.This", FILES, announce=tracker.url)
    await qbittorrent.add(torrent.data)

    row = await qbittorrent.wait_for_state(torrent.infohash, "stalledDL")

    assert row["progress"] == 0


async def test_deleting_a_finished_torrent_with_its_files_empties_the_folder(
    tracker: Tracker, qbittorrent: QbittorrentNox
):
    torrent = make_torrent(qbittorrent.downloads, "Some.Movie.2024", FILES, announce=tracker.url)
    await qbittorrent.add(torrent.data)
    await qbittorrent.wait_for_state(torrent.infohash, "stalledUP")
    assert len(await qbittorrent.get("torrents/files", hash=torrent.infohash)) == len(FILES)

    await qbittorrent.post("torrents/delete", hashes=torrent.infohash, deleteFiles="true")

    await qbittorrent.wait_until_gone(torrent.infohash)
    await until(lambda: not any(qbittorrent.downloads.iterdir()), 20, "no file left")


async def test_a_trackers_failure_reason_reaches_the_client(tracker: Tracker, qbittorrent: QbittorrentNox):
    torrent = make_torrent(qbittorrent.downloads, "Some.Movie.2024", FILES, announce=tracker.url)
    tracker.failures[torrent.infohash] = "Unregistered torrent"
    await qbittorrent.add(torrent.data)
    await qbittorrent.wait_for_state(torrent.infohash, "stalledUP")

    assert (await qbittorrent.tracker_row(torrent.infohash, tracker.url))["msg"] == "Unregistered torrent"


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_an_instance_comes_back_with_its_torrents(qbittorrent: QbittorrentNox, tmp_path: Path, end: str):
    torrent = make_torrent(tmp_path / "elsewhere", "Nobody.Has.This", FILES)
    await qbittorrent.add(torrent.data)
    await qbittorrent.wait_for_state(torrent.infohash, "stalledDL")
    # written a moment after it is listed: what is killed before has no such torrent
    await until(lambda: any(qbittorrent.folder.rglob(f"{torrent.infohash}.fastresume")), 20, "its resume data")

    await getattr(qbittorrent, end)()
    await qbittorrent.start()

    await qbittorrent.wait_for_state(torrent.infohash, "stalledDL")
