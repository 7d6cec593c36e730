"""The main job end to end: a real qBittorrent, real transfers, the real daemon, and an Arr of the sandbox."""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support import versions
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.real_arr import grabbed, real
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.typedefs import Middleware

    from tests.support.qbittorrent import QbittorrentNox
    from tests.support.tracker import Tracker

RADARR = Section("Radarr-HD", "radarr", 60, has_client=False)
LOOP_SECONDS = 10
IMPORTED_SECONDS = 2.5
NEVER = 1e9
STALLED_SECONDS = 8
UNASKED_NEVER = Tempo(refresh_interval=NEVER, refresh_delay=NEVER, first_refresh=NEVER)
"""An Arr that polls its client only when it is asked to."""
FILES = {"movie.mkv": 2_000_000, "movie.nfo": 777}


def config_for(sandbox: Sandbox, qbittorrent: QbittorrentNox) -> str:
    return sandbox.config_toml(
        {
            "Settings": {"LoopSleepTimer": LOOP_SECONDS},
            "qBit": {
                "Port": qbittorrent.web_port,
                "UserName": qbittorrent.username,
                "Password": qbittorrent.password,
            },
            "Radarr-HD": {
                "EntrySearch": {"SearchMissing": False},
                "Torrent": {
                    "StalledDelay": f"{STALLED_SECONDS}s",
                    "IgnoreTorrentsYoungerThan": 0,
                    "VerifyMedia": False,  # the films are random bytes
                },
            },
        }
    )


@versions.each
@pytest.mark.serial
async def test_what_finishes_is_imported_and_what_is_dead_is_blocklisted_deleted_and_searched(
    tracker: Tracker, seeder: QbittorrentNox, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    async with (
        Sandbox([RADARR], has_past=False, middlewares=judged, tempo=UNASKED_NEVER) as sandbox,
        real(qbittorrent) as client,
    ):
        radarr = sandbox.world.arrs["Radarr-HD"]
        radarr.connect(client)
        items = [item.id for item in radarr.collection.wanted(radarr.now)][:3]
        config = config_for(sandbox, qbittorrent)
        async with Daemon(tmp_path / "data", config) as daemon:
            folder = qbittorrent.downloads / "radarr-hd"
            await qbittorrent.create_category("radarr-hd", folder)

            dead = make_torrent(tmp_path / "elsewhere", "Nobody.Has.This.2001", FILES, announce=tracker.url)
            grabbed(radarr, items[0], dead.name, dead.infohash)
            await qbittorrent.add(dead.data, category="radarr-hd", savepath=str(folder))
            bare = "f" * 40  # a magnet without peers never gets its metadata
            grabbed(radarr, items[1], "Bare.Magnet.2002", bare)
            await qbittorrent.post("torrents/add", urls=f"magnet:?xt=urn:btih:{bare}", category="radarr-hd")
            began = time.monotonic()

            alive = make_torrent(seeder.downloads, "Some.Movie.2024", FILES, announce=tracker.url)
            await seeder.add(alive.data)
            await seeder.wait_for_state(alive.infohash, "stalledUP")
            await qbittorrent.add(alive.data, category="radarr-hd", savepath=str(folder))
            grabbed(radarr, items[2], alive.name, alive.infohash)  # as an Arr does: first the client, then its history
            await qbittorrent.wait_for(alive.infohash, lambda row: row["amount_left"] == 0, 20)
            completed = time.monotonic()

            stand_in = sandbox.arrs["Radarr-HD"]

            def commands() -> list[str]:
                return [(r.body or {}).get("name", "") for r in stand_in.requests if r.path.endswith("/command")]

            await until(lambda: radarr.collection.items[items[2]].file is not None, 10, "it was not imported")
            # half a second to notice it, half of one for the Arr, and as much again for a busy machine
            assert time.monotonic() - completed < IMPORTED_SECONDS
            assert "RefreshMonitoredDownloads" in commands()
            await qbittorrent.wait_for(alive.infohash, lambda row: "qBitrr-imported" in row["tags"], 10)
            assert "DownloadedMoviesScan" not in commands()  # with completed download handling it imports by itself

            await asyncio.gather(qbittorrent.wait_until_gone(dead.infohash, 60), qbittorrent.wait_until_gone(bare, 60))
            assert time.monotonic() - began > STALLED_SECONDS
            assert not (folder / dead.name).exists()
            assert (folder / alive.name / "movie.mkv").exists()

            async def all_done() -> list[dict[str, object]]:
                decisions = [d for d in await daemon.decisions() if d["action"] in ("import", "fail")]
                return decisions if len(decisions) == 3 and all(d["state"] == "done" for d in decisions) else []

            decisions = await until(all_done, 10, "three actions in the ledger")
            assert {(d["hash"], d["action"]) for d in decisions} == {
                (alive.infohash, "import"),
                (dead.infohash, "fail"),
                (bare, "fail"),
            }
            assert radarr.queue == {}
            assert {entry.release.infohash for entry in radarr.blocklist} == {dead.infohash, bare}
            searches = [r.body["movieIds"] for r in stand_in.requests if (r.body or {}).get("name") == "MoviesSearch"]
            assert sorted(searches) == sorted([item] for item in items[:2])

            async def reported_as_gone() -> dict[str, Any]:
                story: dict[str, Any] = await daemon.get(f"/web/torrents/{dead.infohash}/explain")
                return story if not story["torrents"] else {}

            story = await until(reported_as_gone, 10, "its last verdict is still shown")
            assert [entry["rule"] for entry in story["history"]] == ["unwanted_files", "unavailable"]
            explained = await daemon.get(f"/web/torrents/{alive.infohash}/explain")
            assert explained["torrents"][0]["rule"] == "imported"


async def test_what_was_stopped_or_has_lost_its_data_is_not_treated_as_dead(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    """A torrent that the user starts again has not been trying while it was stopped; a lost disk is no verdict."""
    folder = qbittorrent.downloads / "radarr-hd"
    await qbittorrent.create_category("radarr-hd", folder)
    stopped = make_torrent(tmp_path / "elsewhere", "Stopped.Movie.2001", FILES, announce=tracker.url)
    await qbittorrent.add(stopped.data, category="radarr-hd", savepath=str(folder), paused="true", stopped="true")
    await qbittorrent.wait_for_state(stopped.infohash, "pausedDL", "stoppedDL")
    lost = make_torrent(folder, "Lost.Movie.2002", FILES, announce=tracker.url)
    await qbittorrent.add(lost.data, category="radarr-hd", savepath=str(folder))
    await qbittorrent.wait_for(lost.infohash, lambda row: row["completion_on"] > 0 and row["amount_left"] == 0)
    async with Sandbox([RADARR], has_past=False, middlewares=judged) as sandbox, real(qbittorrent) as client:
        radarr = sandbox.world.arrs["Radarr-HD"]
        radarr.connect(client)
        grabbed(radarr, 1, stopped.name, stopped.infohash)
        grabbed(radarr, 2, lost.name, lost.infohash)
        shutil.rmtree(folder / lost.name)
        await qbittorrent.post("torrents/recheck", hashes=lost.infohash)
        await qbittorrent.wait_for_state(lost.infohash, "stalledDL")
        async with Daemon(tmp_path / "data", config_for(sandbox, qbittorrent)) as daemon:

            async def verdict(infohash: str) -> dict[str, str]:
                explained = await daemon.get(f"/web/torrents/{infohash}/explain")
                return {key: explained["torrents"][0][key] for key in ("rule", "because")}

            await daemon.all_running()
            await until(lambda: verdict_is(daemon, stopped.infohash, "stopped_by_user"), 10, "no verdict")
            # it has been stopped for longer than StalledDelay when it is started
            age = time.time() - (await qbittorrent.torrent(stopped.infohash) or {})["added_on"]
            await asyncio.sleep(max(0.0, STALLED_SECONDS + 1 - age))
            call = "start" if qbittorrent.version.startswith("5") else "resume"
            await qbittorrent.post(f"torrents/{call}", hashes=stopped.infohash)
            began = time.monotonic()
            await until(lambda: verdict_is(daemon, stopped.infohash, "stalled"), 10, "it is not seen to be stalled")
            assert "not for StalledDelay yet" in (await verdict(stopped.infohash))["because"]
            await qbittorrent.wait_until_gone(stopped.infohash, 60)
            assert time.monotonic() - began >= STALLED_SECONDS
            assert (await verdict(lost.infohash))["rule"] == "data_is_missing"
            assert await qbittorrent.torrent(lost.infohash) is not None


async def verdict_is(daemon: Daemon, infohash: str, rule: str) -> bool:
    """Whether the last verdict on a torrent is one of this rule; False without a verdict."""
    try:
        explained = await daemon.get(f"/web/torrents/{infohash}/explain")
    except AssertionError:
        return False
    return bool(explained["torrents"]) and explained["torrents"][0]["rule"] == rule
