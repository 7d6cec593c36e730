"""The main job end to end: a real qBittorrent, real transfers, the real daemon, and an Arr checked elsewhere."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qbitrr.sandbox.serve import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from aiohttp.typedefs import Middleware

    from tests.support.qbittorrent import QbittorrentNox
    from tests.support.tracker import Tracker

pytestmark = pytest.mark.live

RADARR = Section("Radarr-HD", "radarr", 20, has_client=False)
LOOP_SECONDS = 2
FILES = {"movie.mkv": 2_000_000, "movie.nfo": 777}


async def test_what_finishes_is_imported_and_what_is_dead_is_blocklisted_deleted_and_searched(
    tracker: Tracker, seeder: QbittorrentNox, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    async with Sandbox([RADARR], has_past=False, middlewares=judged) as sandbox:
        radarr = sandbox.world.arrs["Radarr-HD"]
        radarr.path_exists = lambda path: Path(path).exists()
        config = sandbox.config_toml(
            {
                "Settings": {"LoopSleepTimer": LOOP_SECONDS},
                "qBit": {
                    "Port": qbittorrent.web_port,
                    "UserName": qbittorrent.username,
                    "Password": qbittorrent.password,
                },
                "Radarr-HD": {"Torrent": {"StalledDelay": 1, "IgnoreTorrentsYoungerThan": 0}},
            }
        )
        async with Daemon(tmp_path / "data", config) as daemon:
            folder = qbittorrent.downloads / "radarr-hd"
            await qbittorrent.create_category("radarr-hd", folder)

            dead = make_torrent(tmp_path / "elsewhere", "Nobody.Has.This.2001", FILES, announce=tracker.url)
            radarr.track(dead.infohash, 1, dead.name)
            await qbittorrent.add(dead.data, category="radarr-hd", savepath=str(folder))
            bare = "f" * 40  # a magnet that nobody answers never gets its metadata
            radarr.track(bare, 2, "Bare.Magnet.2002")
            await qbittorrent.post("torrents/add", urls=f"magnet:?xt=urn:btih:{bare}", category="radarr-hd")
            began = time.monotonic()

            alive = make_torrent(seeder.downloads, "Some.Movie.2024", FILES, announce=tracker.url)
            await seeder.add(alive.data)
            await seeder.wait_for_state(alive.infohash, "stalledUP")
            radarr.track(alive.infohash, 3, alive.name, str(folder / alive.name))
            await qbittorrent.add(alive.data, category="radarr-hd", savepath=str(folder))
            row = await qbittorrent.wait_for(alive.infohash, lambda row: row["amount_left"] == 0, 20)
            completed = time.monotonic()

            stand_in = sandbox.arrs["Radarr-HD"]
            await until(
                lambda: any((r.body or {}).get("name") == "DownloadedMoviesScan" for r in stand_in.requests),
                10,
                "no scan command came",
            )
            # LoopSleepTimer plus one second, and the pause in which this test looks
            assert time.monotonic() - completed < LOOP_SECONDS + 1.1
            (scan,) = [r.body for r in stand_in.requests if (r.body or {}).get("name") == "DownloadedMoviesScan"]
            assert scan["path"] == row["content_path"]
            assert scan["downloadClientId"] == alive.infohash.upper()
            assert scan["importMode"] == "Auto"
            await qbittorrent.wait_for(alive.infohash, lambda row: "qBitrr-imported" in row["tags"], 10)
            assert radarr.collection.items[3].file is not None

            await asyncio.gather(qbittorrent.wait_until_gone(dead.infohash, 75), qbittorrent.wait_until_gone(bare, 75))
            assert time.monotonic() - began > 55  # not before StalledDelay
            assert not (folder / dead.name).exists()
            assert (folder / alive.name / "movie.mkv").exists()

            async def all_done() -> list[dict[str, object]]:
                decisions = await daemon.decisions()
                return decisions if len(decisions) == 3 and all(d["state"] == "done" for d in decisions) else []

            decisions = await until(all_done, 10, "the ledger does not tell of three actions")
            assert {(d["hash"], d["action"]) for d in decisions} == {
                (alive.infohash, "import"),
                (dead.infohash, "fail"),
                (bare, "fail"),
            }
            assert radarr.queue == {}
            assert {entry.release.infohash for entry in radarr.blocklist} == {dead.infohash, bare}
            searches = [r.body["movieIds"] for r in stand_in.requests if (r.body or {}).get("name") == "MoviesSearch"]
            assert sorted(searches) == [[1], [2]]

            story = await daemon.get(f"/web/torrents/{dead.infohash}/explain")
            assert story["history"][0]["rule"] == "stalled"
            assert story["torrents"] == []
            told = await daemon.get(f"/web/torrents/{alive.infohash}/explain")
            assert told["torrents"][0]["rule"] == "imported"
