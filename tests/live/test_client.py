"""Every call of the client on the real program of each version, and what it changed there."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from qbitrr.errors import GoneError, RefusedError
from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.qbittorrent.facts import torrent_data
from qbitrr.qbittorrent.mirror import Mirror
from qbitrr.qbittorrent.restore import KeptTorrent, TorrentSettings
from qbitrr.qbittorrent.session import Access
from qbitrr.qbittorrent.tracker_status import TrackerStatus, tracker_status
from qbitrr.worker.torrents.actions.runner import MOST_AT_ONCE
from tests.support import versions
from tests.support.polling import until
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.support.qbittorrent import QbittorrentNox
    from tests.support.torrents import Torrent
    from tests.support.tracker import Tracker

pytestmark = versions.each

FILES = {"movie.mkv": 300_000}
ONE, TWO = "http://one.example/announce", "udp://two.example:6969/announce"


class NoGuard:
    """Every login may be tried."""

    @asynccontextmanager
    async def attempt(self, service: str, fingerprint: Callable[[], str]) -> AsyncIterator[None]:
        yield


@pytest.fixture
async def client(qbittorrent: QbittorrentNox) -> AsyncIterator[QbittorrentClient]:
    access = Access("qBit", qbittorrent.url, qbittorrent.username, qbittorrent.password)
    client = QbittorrentClient(access, NoGuard())
    yield client
    await client.close()


@pytest.fixture
async def mirror(client: QbittorrentClient) -> Mirror:
    return Mirror(lambda category: True)


async def following(client: QbittorrentClient, mirror: Mirror) -> Mirror:
    mirror.apply(await client.maindata(mirror.rid))
    return mirror


async def seeded(qbittorrent: QbittorrentNox, tracker: Tracker, name: str, **changes: bool) -> Torrent:
    torrent = make_torrent(qbittorrent.downloads, name, FILES, announce=tracker.url, **changes)
    await qbittorrent.add(torrent.data)
    await qbittorrent.wait_for_state(torrent.infohash, "stalledUP", "uploading")
    return torrent


async def test_as_many_torrents_as_actions_at_once_are_read_by_one_request(
    tracker: Tracker, qbittorrent: QbittorrentNox, client: QbittorrentClient
):
    torrent = await seeded(qbittorrent, tracker, "Movie.2024")
    unknown = [f"{number:040x}" for number in range(2 * MOST_AT_ONCE)]
    assert (await client.torrents([*unknown, torrent.infohash])).keys() == {torrent.infohash}


async def test_where_the_data_of_torrents_lies(
    tracker: Tracker, qbittorrent: QbittorrentNox, client: QbittorrentClient
):
    await qbittorrent.create_category("movies", qbittorrent.downloads / "movies")
    await qbittorrent.post("torrents/createCategory", category="tv")
    torrent = await seeded(qbittorrent, tracker, "Movie.2024")
    (row,) = await client.data_rows()
    data = torrent_data(row)
    assert (data.infohash, data.name, data.complete, data.has_data) == (torrent.infohash, "Movie.2024", True, True)
    assert (data.save_path, data.size_bytes) == (str(qbittorrent.downloads), 300_000)
    assert data.content_path.startswith(f"{qbittorrent.downloads}/Movie.2024")
    assert not data.rootless
    folders = await client.folders()
    assert (folders.save_path.rstrip("/"), folders.temp_path_enabled) == (str(qbittorrent.downloads), False)
    assert await client.categories() == {"movies": str(qbittorrent.downloads / "movies"), "tv": ""}


async def test_stopping_and_starting(tracker: Tracker, qbittorrent: QbittorrentNox, client: QbittorrentClient):
    torrent = await seeded(qbittorrent, tracker, "Movie.2024")

    async def state() -> str:
        return (await client.torrents([torrent.infohash]))[torrent.infohash].state

    async def is_stopped() -> bool:
        return await state() == "stoppedUP"

    async def is_started() -> bool:
        return await state() in ("stalledUP", "uploading")

    await client.stop([torrent.infohash])
    await until(is_stopped, 10, "stopped, by the name that newer versions have for it")
    await client.start([torrent.infohash])
    await until(is_started, 10, "started")


async def test_tags_and_category(tracker: Tracker, qbittorrent: QbittorrentNox, client: QbittorrentClient):
    torrent = await seeded(qbittorrent, tracker, "Movie.2024")

    async def row() -> tuple[str, set[str]]:
        found = (await client.torrents([torrent.infohash]))[torrent.infohash]
        return found.category, set(found.tags.split(", "))

    await client.add_tags([torrent.infohash], "one", "two")
    await client.remove_tags([torrent.infohash], "one", "none")
    with pytest.raises(RefusedError):
        await client.set_category([torrent.infohash], "films")
    await qbittorrent.create_category("films", qbittorrent.downloads / "films")
    await client.set_category([torrent.infohash], "films")
    assert await row() == ("films", {"two"})


async def test_files_are_left_out_and_checked_again(
    tracker: Tracker, qbittorrent: QbittorrentNox, client: QbittorrentClient
):
    torrent = make_torrent(
        qbittorrent.downloads, "Two.Files", {"a.mkv": 100_000, "b.txt": 50_000}, announce=tracker.url
    )
    await qbittorrent.add(torrent.data)
    await qbittorrent.wait_for_state(torrent.infohash, "stalledUP", "uploading")
    await client.skip_files(torrent.infohash, [1])
    skipped = {file.name: file.priority == 0 for file in await client.files(torrent.infohash)}
    assert skipped == {"Two.Files/a.mkv": False, "Two.Files/b.txt": True}
    (qbittorrent.downloads / "Two.Files" / "a.mkv").unlink()
    await client.recheck(torrent.infohash)
    await qbittorrent.wait_for(torrent.infohash, lambda row: row["amount_left"] > 0)
    with pytest.raises(GoneError):
        await client.files("f" * 40)


async def test_what_was_exported_and_deleted_can_be_added_again(
    tracker: Tracker, qbittorrent: QbittorrentNox, client: QbittorrentClient, mirror: Mirror
):
    torrent = await seeded(qbittorrent, tracker, "Movie.2024")
    await qbittorrent.create_category("films", qbittorrent.downloads)
    assert torrent.infohash in (await following(client, mirror)).torrents
    exported = await client.export(torrent.infohash)
    assert exported is not None
    await client.delete([torrent.infohash], with_files=False)
    await qbittorrent.wait_until_gone(torrent.infohash)

    async def is_gone() -> bool:
        return torrent.infohash not in (await following(client, mirror)).torrents

    await until(is_gone, 20, "gone from the delta")
    assert await client.export(torrent.infohash) is None
    settings = TorrentSettings(torrent.infohash, save_path=str(qbittorrent.downloads), tags="back")
    await client.add(exported, KeptTorrent(settings, running=True).fields("films", ()))
    await qbittorrent.wait_for(torrent.infohash, lambda row: True)  # it is added a moment later
    await client.start([torrent.infohash])
    row = await qbittorrent.wait_for(torrent.infohash, lambda row: row["amount_left"] == 0)
    assert (row["category"], row["tags"]) == ("films", "back")
    await client.delete([torrent.infohash], with_files=True)
    await until(lambda: not (qbittorrent.downloads / torrent.name).exists(), 10, "no files left")


async def test_limits_and_super_seeding(
    tracker: Tracker, qbittorrent: QbittorrentNox, client: QbittorrentClient, mirror: Mirror
):
    torrent = await seeded(qbittorrent, tracker, "Movie.2024")
    seen = (await following(client, mirror)).torrents
    assert (seen[torrent.infohash].dl_limit, seen[torrent.infohash].up_limit) == (0, 0)
    assert (seen[torrent.infohash].ratio_limit, seen[torrent.infohash].seeding_time_limit) == (-2, -2)

    await client.set_download_limit([torrent.infohash], 102_400)
    await client.set_upload_limit([torrent.infohash], 51_200)
    await client.super_seed([torrent.infohash])

    async def shown() -> bool:
        row = (await following(client, mirror)).torrents[torrent.infohash]
        return (row.dl_limit, row.up_limit, row.super_seeding) == (102_400, 51_200, True)

    await until(shown, 20, "limits and super seeding in the delta")
    await client.set_download_limit([torrent.infohash], 0)
    row = (await client.torrents([torrent.infohash]))[torrent.infohash]
    assert (row.dl_limit, row.up_limit) == (0, 51_200)


async def test_trackers_come_and_go_and_are_followed_by_deltas(
    tracker: Tracker, qbittorrent: QbittorrentNox, client: QbittorrentClient, mirror: Mirror
):
    torrent = await seeded(qbittorrent, tracker, "Movie.2024")
    infohash = torrent.infohash
    await until(lambda: _announces(client, mirror, infohash, (tracker.url,)), 20, "its tracker")
    await client.add_trackers(infohash, [ONE, TWO, tracker.url])
    await until(lambda: _announces(client, mirror, infohash, (tracker.url, ONE, TWO)), 20, "three trackers")
    assert {row.url for row in await client.trackers(infohash)} >= {tracker.url, ONE, TWO}
    await client.remove_trackers(infohash, [ONE, tracker.url])
    await until(lambda: _announces(client, mirror, infohash, (TWO,)), 20, "one tracker")
    await client.remove_trackers(infohash, [ONE])
    with pytest.raises(GoneError):
        await client.trackers("f" * 40)


async def _announces(client: QbittorrentClient, mirror: Mirror, infohash: str, urls: tuple[str, ...]) -> bool:
    found = (await following(client, mirror)).announces.of(infohash)
    return found is not None and set(found) == set(urls)


async def test_a_tracker_that_does_not_know_a_torrent_and_the_private_flag_are_recognised(
    tracker: Tracker, qbittorrent: QbittorrentNox, client: QbittorrentClient
):
    public = await seeded(qbittorrent, tracker, "Public.2024")
    private = make_torrent(qbittorrent.downloads, "Private.2024", FILES, announce=tracker.url, private=True)
    tracker.failures[private.infohash] = "Unregistered torrent"
    await qbittorrent.add(private.data)
    await qbittorrent.wait_for_state(private.infohash, "stalledUP")

    async def is_listed(infohash: str, status: TrackerStatus) -> bool:
        rows = [row for row in await client.trackers(infohash) if row.url == tracker.url]
        return [tracker_status(row.status, row.msg) for row in rows] == [status]

    for torrent, status in ((private, TrackerStatus.UNREGISTERED), (public, TrackerStatus.WORKS)):
        await qbittorrent.tracker_row(torrent.infohash, tracker.url)
        await until(partial(is_listed, torrent.infohash, status), 10, f"a tracker with the status {status}")
    dht = {infohash: (await client.trackers(infohash))[0] for infohash in (public.infohash, private.infohash)}
    assert dht[public.infohash].url == dht[private.infohash].url == "** [DHT] **"
    assert (dht[public.infohash].msg, bool(dht[private.infohash].msg)) == ("", True)


async def test_the_queue_is_ordered_and_free_space_is_reported(
    tracker: Tracker, qbittorrent: QbittorrentNox, client: QbittorrentClient, mirror: Mirror, tmp_path: Path
):
    torrents = [make_torrent(tmp_path / "elsewhere", f"Nobody.{n}", FILES, announce=tracker.url) for n in range(4)]
    for torrent in torrents:
        await qbittorrent.add(torrent.data)
        await qbittorrent.wait_for_state(torrent.infohash, "stalledDL", "queuedDL")
    first = [torrent.infohash for torrent in torrents]
    assert not (await following(client, mirror)).queueing

    async def free_space_is_reported() -> bool:  # 4.5 reports 0 until it has checked
        return ((await following(client, mirror)).free_bytes or 0) > 0

    await until(free_space_is_reported, 30, "the free space")
    with pytest.raises(RefusedError):
        await client.to_the_top(first[:1])
    settings = {"queueing_enabled": True, "max_active_downloads": 1, "max_active_torrents": 2, "max_active_uploads": 1}
    await qbittorrent.post("app/setPreferences", json=json.dumps(settings))

    async def queue() -> list[str]:
        torrents = (await following(client, mirror)).torrents
        return sorted((h for h, row in torrents.items() if row.priority > 0), key=lambda h: torrents[h].priority)

    async def is_queue(expected: list[str]) -> bool:
        return await queue() == expected

    await until(lambda: is_queue(first), 10, "the queue as added")
    assert mirror.queueing
    await client.to_the_top([first[3], first[2]])
    await until(lambda: is_queue([first[2], first[3], first[0], first[1]]), 10, "a group at the top, in its own order")
