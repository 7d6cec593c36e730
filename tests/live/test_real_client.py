"""An Arr of the sandbox on a real qBittorrent: what it reads of torrents, and what it does to them."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life import texts
from qbitrr.sandbox.life.client_item import ClientAwayError
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support import versions
from tests.support.polling import until
from tests.support.real_arr import grabbed, real
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from qbitrr.sandbox.life.arr import Arr
    from tests.support.qbittorrent import QbittorrentNox
    from tests.support.torrents import Torrent
    from tests.support.tracker import Tracker

pytestmark = versions.each
RADARR = Section("Radarr", "radarr", 20, has_client=False)


@asynccontextmanager
async def arr_on(instance: QbittorrentNox) -> AsyncIterator[Arr]:
    async with Sandbox([RADARR], has_past=False) as sandbox, real(instance) as client:
        arr = sandbox.world.arrs["Radarr"]
        arr.connect(client)
        yield arr


async def complete(instance: QbittorrentNox, tracker: Tracker, name: str, files: dict[str, int], **how: Any) -> Torrent:
    """A torrent of the category whose data are there."""
    folder = instance.downloads / "radarr"
    if "radarr" not in await instance.get("torrents/categories"):
        await instance.create_category("radarr", folder)
    torrent = make_torrent(folder, name, files, announce=tracker.url)
    await instance.add(torrent.data, category="radarr", savepath=str(folder), **how)
    await instance.wait_for_state(torrent.infohash, "stalledUP", "uploading")
    return torrent


async def test_what_is_complete_is_imported_within_a_second_of_a_refresh(qbittorrent: QbittorrentNox, tracker: Tracker):
    async with arr_on(qbittorrent) as arr:
        torrent = await complete(qbittorrent, tracker, "Some.Movie.2024", {"movie.mkv": 200_000, "movie.nfo": 70})
        movie = next(arr.collection.wanted(arr.now))
        grabbed(arr, movie.id, torrent.name, torrent.infohash)
        before = time.monotonic()
        arr.commands.post("RefreshMonitoredDownloads", {})
        await until(lambda: movie.file is not None and not arr.queue, 5, "it is not imported")
        assert time.monotonic() - before < 1.5
        dropped = arr.history[-1].data["droppedPath"]
        assert dropped == str(qbittorrent.downloads / "radarr" / torrent.name / "movie.mkv")


async def test_what_cannot_be_played_is_refused_and_what_is_moved_away_is_gone(
    qbittorrent: QbittorrentNox, tracker: Tracker
):
    async with arr_on(qbittorrent) as arr:
        client: Any = arr.connections[0].client
        client.unplayable.add("bad.mkv")
        torrent = await complete(qbittorrent, tracker, "Bad.Movie.2024", {"bad.mkv": 200_000, "bad.nfo": 70})
        movie = next(arr.collection.wanted(arr.now))
        grabbed(arr, movie.id, torrent.name, torrent.infohash)
        arr.commands.post("RefreshMonitoredDownloads", {})
        await until(lambda: [r for r in arr.queue.values() if r.messages], 5, "it is not refused")
        (record,) = arr.queue.values()
        assert record.messages[0].messages == (texts.SAMPLE_UNCLEAR,)
        assert record.output_path == str(qbittorrent.downloads / "radarr" / torrent.name)
        client.unplayable.clear()
        body = {"path": record.output_path, "downloadClientId": record.download_id, "importMode": "Move"}
        arr.commands.post("DownloadedMoviesScan", body)
        content = qbittorrent.downloads / "radarr" / torrent.name
        await until(lambda: not content.exists(), 5, "it was not moved")
        assert movie.file is not None


async def test_a_client_that_is_stopped_is_away(qbittorrent: QbittorrentNox, tracker: Tracker):
    async with arr_on(qbittorrent) as arr:
        torrent = await complete(qbittorrent, tracker, "Kept.Movie.2024", {"movie.mkv": 200_000})
        (connection,) = arr.connections

        def listed() -> list[str]:
            return [item.infohash for item in connection.client.items("radarr")]

        await until(lambda: torrent.infohash in listed(), 5, "it is not listed")
        await qbittorrent.stop()

        def is_away() -> bool:
            try:
                connection.client.items("radarr")
            except ClientAwayError:
                return True
            return False

        await until(is_away, 10, "it is still there")
        await qbittorrent.start()
        await until(lambda: not is_away(), 10, "it does not come back")
        assert torrent.infohash in listed()


async def test_a_torrent_can_be_put_into_another_category_and_removed(
    qbittorrent: QbittorrentNox, tracker: Tracker, tmp_path: Path
):
    async with arr_on(qbittorrent) as arr:
        torrent = await complete(qbittorrent, tracker, "Done.Movie.2024", {"movie.mkv": 200_000})
        (connection,) = arr.connections
        await qbittorrent.create_category("done", tmp_path / "done")
        connection.client.set_category(torrent.infohash, "done")
        await qbittorrent.wait_for(torrent.infohash, lambda row: row["category"] == "done", 5)
        connection.client.remove(torrent.infohash)
        await qbittorrent.wait_until_gone(torrent.infohash, 10)
