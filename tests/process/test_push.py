"""A change in an Arr is in our API within two seconds, as the Arr pushes it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Status, WrongCredentials
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.serial

SECTIONS = (
    Section("Radarr-HD", "radarr", 60),
    Section("Sonarr-TV", "sonarr", 6, episodes=120),
    Section("Lidarr-Music", "lidarr", 10),
)
SECONDS = 2.0
SETTINGS = {
    "Settings": {"ProcessRestartDelay": 0},
    **{section.name: {"EntrySearch": {"SearchMissing": False}} for section in SECTIONS},
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS, has_past=False) as running:
        yield running


@pytest.fixture
async def daemon(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    async with Daemon(tmp_path / "data", sandbox.config_toml(SETTINGS)) as running:
        await running.all_running()
        await until(lambda: listened_to(sandbox), 20, "a listener on each Arr")
        for path, list_name in LISTS.items():
            await until(lambda path=path, name=list_name: listed(running, path, name), 20, f"{path} is not there")
        yield running


LISTS = {
    "/web/radarr/radarr-hd/movies": "movies",
    "/web/sonarr/sonarr-tv/series": "series",
    "/web/lidarr/lidarr-music/artists": "artists",
}


def listened_to(sandbox: Sandbox) -> bool:
    return all(len(arr.hub.listeners) == 1 for arr in sandbox.arrs.values())


async def listed(daemon: Daemon, path: str, name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await daemon.get(path, page_size="100"))[name]
    return entries


async def movie(daemon: Daemon, movie_id: int) -> dict[str, Any] | None:
    movies = await listed(daemon, "/web/radarr/radarr-hd/movies", "movies")
    return next((one for one in movies if one["id"] == movie_id), None)


async def test_what_is_edited_imported_or_deleted_is_seen_within_two_seconds(sandbox: Sandbox, daemon: Daemon):
    radarr = sandbox.arrs["Radarr-HD"].arr
    for monitored in (False, True, False):
        radarr.collection.items[7].monitored = monitored
        radarr.edited(7)

        async def shown(expected: bool = monitored) -> bool:
            seen = await movie(daemon, 7)
            return seen is not None and seen["monitored"] == expected

        await until(shown, SECONDS, "the movie is as before")

    radarr.delete(8)

    async def gone() -> bool:
        return await movie(daemon, 8) is None

    await until(gone, SECONDS, "the movie is still there")

    sonarr = sandbox.arrs["Sonarr-TV"].arr
    missing = next(one for one in sonarr.collection.items.values() if sonarr.collection.is_wanted(one, sonarr.now))
    there = next(one for one in sonarr.collection.items.values() if one.file is not None)
    before = (await daemon.get("/web/sonarr/sonarr-tv/series"))["counts"]["missing"]
    missing.file = there.file
    sonarr.changed(missing)

    async def imported() -> bool:
        answer = await daemon.get("/web/sonarr/sonarr-tv/series")
        return bool(answer["counts"]["missing"] == before - 1)

    await until(imported, SECONDS, "the episode is still missing")

    lidarr = sandbox.arrs["Lidarr-Music"].arr
    lidarr.delete(3)

    async def without_the_artist() -> bool:
        artists = await listed(daemon, "/web/lidarr/lidarr-music/artists", "artists")
        return len(artists) == 9

    await until(without_the_artist, SECONDS, "the artist is still there")


async def test_the_queue_of_an_arr_is_counted_as_it_is_now(sandbox: Sandbox, daemon: Daemon):
    radarr = sandbox.arrs["Radarr-HD"].arr
    movie = next(radarr.collection.wanted(radarr.now))
    radarr.grab([movie], radarr.offer([movie]), Fate(Destiny.STALLED, until=0.5))
    radarr.refresh_now()

    async def counted(count: int) -> bool:
        return bool((await daemon.workers())["radarr-hd"]["queueCount"] == count)

    await until(lambda: counted(1), SECONDS, "the download is not counted")
    (record_id,) = radarr.queue
    radarr.remove(record_id, from_client=False, blocklist=False, skip_redownload=True)
    await until(lambda: counted(0), SECONDS, "the download is still counted")


async def test_what_changed_while_a_worker_was_gone_is_found_when_it_is_back(sandbox: Sandbox, daemon: Daemon):
    radarr = sandbox.arrs["Radarr-HD"]
    await radarr.fail(Status(500))
    os.kill((await daemon.workers())["radarr-hd"]["pid"], signal.SIGKILL)
    await until(lambda: not radarr.hub.listeners, 20, "the worker is still there")
    radarr.arr.delete(9)
    await radarr.heal()

    async def gone() -> bool:
        return await movie(daemon, 9) is None

    await until(gone, 30, "the movie is still there")
    assert radarr.counts["GET /api/v3/movie/{id}"] == 1


async def test_a_refused_key_is_sent_once_by_all_tasks_of_a_worker(sandbox: Sandbox, tmp_path: Path):
    radarr = sandbox.arrs["Radarr-HD"]
    await radarr.fail(WrongCredentials())
    impatient = {"Radarr-HD": {"RssSyncTimer": "1s", "RefreshDownloadsTimer": "1s", "EntrySearch": {}}}
    async with Daemon(tmp_path / "other", sandbox.config_toml(SETTINGS | impatient)) as daemon:

        async def held() -> bool:
            return bool((await daemon.workers())["radarr-hd"]["state"] == "held")

        await until(held, 20, daemon.log)
        for _ in range(3):  # whatever is asked of it
            await daemon.post("/web/arr/rebuild")
            await daemon.post("/web/arr/radarr-hd/search", {"ids": [1]})
            before = (await daemon.workers())["radarr-hd"]["lastBeat"]

            async def beaten(before: str = before) -> bool:
                return bool((await daemon.workers())["radarr-hd"]["lastBeat"] > before)

            await until(beaten, 20, daemon.log)
        assert radarr.counts.total() == 1
