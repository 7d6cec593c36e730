"""Seeds that go for the space of a download, on a real qBittorrent with a small disk of its own."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from qbitrr.rules.seed_value import NOTHING_FREED
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.real_arr import grabbed, real
from tests.support.small_disk import small_disk
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aiohttp.typedefs import Middleware

    from tests.support.qbittorrent import QbittorrentNox
    from tests.support.tracker import Tracker

RADARR = Section("Radarr-HD", "radarr", 20, has_client=False)
CATEGORY = "radarr-hd"
MB = 1_000_000
ROOM = {"Enabled": True, "KeepSeeds": 3, "MinSeedingTime": 0, "MinSeedRatio": 0, "MinOtherSeeders": 0}
TORRENT = {"IgnoreTorrentsYoungerThan": 0, "VerifyMedia": False, "MakeRoom": ROOM}


async def until_gone(name: str, rows: Callable[[], Awaitable[dict[str, str]]]) -> dict[str, str]:
    """The rows, once one of them is gone."""
    found: dict[str, str] = {}

    async def is_gone() -> bool:
        nonlocal found
        found = await rows()
        return name not in found

    await until(is_gone, 20, f"{name} is gone")
    return found


async def test_only_what_frees_space_goes_and_the_download_that_waits_for_it_goes_on(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    with small_disk(tmp_path / "small", 64) as disk:
        folder = disk / CATEGORY
        sizes = {"Linked": 12, "Shared": 12, "Idle": 12, "Mine": 2}
        seeds = {
            name: make_torrent(folder, name, {"movie.mkv": size * MB}, announce=tracker.url, piece_bytes=262_144)
            for name, size in sizes.items()
        }
        os.link(folder / "Linked" / "movie.mkv", disk / "library.mkv")
        cross_seed = make_torrent(folder, "Shared", {"movie.mkv": 12 * MB}, announce=tracker.url, piece_bytes=131_072)
        download = make_torrent(tmp_path / "elsewhere", "Next", {"movie.mkv": 18 * MB}, piece_bytes=262_144)
        await qbittorrent.create_category(CATEGORY, folder)
        await qbittorrent.add(cross_seed.data, savepath=str(folder))
        async with AsyncExitStack() as stack:
            sandbox = await stack.enter_async_context(Sandbox([RADARR], has_past=False, middlewares=judged))
            radarr = sandbox.world.arrs["Radarr-HD"]
            radarr.connect(await stack.enter_async_context(real(qbittorrent)))
            login = {"UserName": qbittorrent.username, "Password": qbittorrent.password}
            config = sandbox.config_toml(
                {
                    "Settings": {"FreeSpace": "8M", "FreeSpaceFolder": str(disk), "LoopSleepTimer": 1},
                    "qBit": {"Host": "127.0.0.1", "Port": qbittorrent.web_port, **login},
                    "Radarr-HD": {"Torrent": TORRENT},
                }
            )
            daemon = await stack.enter_async_context(Daemon(tmp_path / "data", config))
            for number, (name, torrent) in enumerate(seeds.items(), start=1):
                grabbed(radarr, number, name, torrent.infohash)
                await qbittorrent.add(torrent.data, category=CATEGORY, savepath=str(folder))
                await qbittorrent.wait_for(torrent.infohash, lambda row: "qBitrr-imported" in row["tags"], 60)
            await qbittorrent.post("torrents/addTags", hashes=seeds["Mine"].infohash, tags="qBitrr-ignored")
            grabbed(radarr, 9, "Next", download.infohash)
            await qbittorrent.add(download.data, category=CATEGORY, savepath=str(folder))
            await qbittorrent.wait_for(download.infohash, lambda row: "free_space" in row["tags"], 30)

            await qbittorrent.wait_until_gone(seeds["Idle"].infohash, 60)
            await qbittorrent.wait_for(download.infohash, lambda row: "free_space" not in row["tags"], 60)
            await qbittorrent.wait_for_state(download.infohash, "stalledDL", "downloading")
            removed: list[Any] = []

            async def have_ended() -> bool:
                nonlocal removed
                removed = [one for one in await daemon.decisions() if one["action"] == "remove"]
                return [one["state"] for one in removed] == ["done"]

            await until(have_ended, 30, "one removal that has ended")
            (entry,) = removed
            assert (entry["rule"], entry["hash"]) == ("room_needed", seeds["Idle"].infohash)
            assert entry["facts"]["for_hash"] == download.infohash
            assert entry["facts"]["frees_bytes"] >= 11 * MB
            assert not (folder / "Idle").exists()

            async def left() -> dict[str, str]:
                rows = (await daemon.get("/web/arr/Radarr-HD/room?bytes=1"))["rows"]
                return {row["name"]: row["because"] for row in rows}

            because = await until_gone("Idle", left)
            assert because == {
                "Linked": NOTHING_FREED,
                "Shared": NOTHING_FREED,
                "Mine": "it has the tag qBitrr-ignored",
            }
            for name in ("Linked", "Shared", "Mine"):
                assert await qbittorrent.torrent(seeds[name].infohash) is not None
                assert (folder / name / "movie.mkv").exists()
