"""Seeding, trackers and free space with real programs, real transfers and a real disk that fills up."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.qbittorrent import QbittorrentNox
from tests.support.real_arr import grabbed, real
from tests.support.small_disk import small_disk
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp.typedefs import Middleware

    from tests.support.torrents import Torrent
    from tests.support.tracker import Tracker

RADARR = Section("Radarr-HD", "radarr", 20, has_client=False)
CATEGORY = "radarr-hd"
MB = 2**20
SECONDS = 25


@pytest.fixture
async def second(qbittorrent_binary: Path, tmp_path: Path) -> AsyncIterator[QbittorrentNox]:
    """Another instance of the same daemon."""
    async with QbittorrentNox(qbittorrent_binary, tmp_path / "second") as instance:
        yield instance


@pytest.fixture
async def leecher(qbittorrent_binary: Path, tmp_path: Path) -> AsyncIterator[QbittorrentNox]:
    """An instance that downloads what is seeded."""
    async with QbittorrentNox(qbittorrent_binary, tmp_path / "leecher") as instance:
        yield instance


def section(instance: QbittorrentNox, **keys: Any) -> dict[str, Any]:
    login = {"UserName": instance.username, "Password": instance.password}
    return {"Host": "127.0.0.1", "Port": instance.web_port, **login, **keys}


async def ledger_of(daemon: Daemon, infohash: str) -> list[tuple[str, str]]:
    """What was done to a torrent and how it ended, oldest first."""
    decisions = await daemon.decisions()
    return [(d["action"], d["state"]) for d in reversed(decisions) if d["hash"] == infohash]


async def verdict_of(daemon: Daemon, infohash: str) -> str:
    try:
        explained = await daemon.get(f"/web/torrents/{infohash}/explain")
    except AssertionError:
        return ""
    return " ".join(f"{t['rule']}: {t['because']}" for t in explained["torrents"])


async def explains(daemon: Daemon, infohash: str, part: str) -> None:
    seen = ""

    async def does() -> bool:
        nonlocal seen
        seen = await verdict_of(daemon, infohash)
        return part in seen

    await until(does, 30, lambda: f"no verdict with: {part}; it is {seen}")


async def test_limits_are_reached_by_real_transfer_and_time_and_only_what_was_imported_is_removed(
    tracker: Tracker,
    seeder: QbittorrentNox,
    qbittorrent: QbittorrentNox,
    second: QbittorrentNox,
    leecher: QbittorrentNox,
    tmp_path: Path,
    judged: list[Middleware],
):
    # each of its own size: what has one name and size on two clients may be the same data, and stays
    torrents = {
        name: make_torrent(seeder.downloads, name, {"movie.mkv": 2_000_000 + number}, announce=tracker.url)
        for number, name in enumerate(("A", "B", "Stray"))
    }
    for torrent in torrents.values():
        await seeder.add(torrent.data)
        await seeder.wait_for_state(torrent.infohash, "stalledUP")
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox([RADARR], has_past=False, middlewares=judged))
        radarr = sandbox.world.arrs["Radarr-HD"]
        for instance in (qbittorrent, second):
            radarr.connect(await stack.enter_async_context(real(instance)))
        mode = {"RemoveTorrent": 3, "MaxUploadRatio": 0.9, "MaxSeedingTime": f"{SECONDS}s"}
        config = sandbox.config_toml(
            {
                "qBit": section(qbittorrent),
                "qBit-b": section(second),
                "Radarr-HD": {
                    "Torrent": {
                        "IgnoreTorrentsYoungerThan": 0,
                        "StalledDelay": -1,
                        "VerifyMedia": False,
                        "SeedingMode": mode,
                    }
                },
            }
        )
        for instance in (qbittorrent, second):
            await instance.create_category(CATEGORY, instance.downloads / CATEGORY)

        async def downloaded(instance: QbittorrentNox, torrent: Torrent) -> None:
            folder = str(instance.downloads / CATEGORY)
            await instance.add(torrent.data, category=CATEGORY, savepath=folder)
            await instance.wait_for(torrent.infohash, lambda row: row["amount_left"] == 0, 30)

        by_ratio, by_time, stray = torrents["A"], torrents["B"], torrents["Stray"]
        grabbed(radarr, 1, "A", by_ratio.infohash)
        grabbed(radarr, 2, "B", by_time.infohash)
        async with Daemon(tmp_path / "data", config) as daemon:
            await downloaded(second, by_time)
            row = await second.wait_for(by_time.infohash, lambda row: "qBitrr-imported" in row["tags"], 20)
            assert row["seeding_time"] < SECONDS
            await explains(daemon, by_time.infohash, "seeding_is_over: its seeding limits are not reached")
            for torrent in (by_ratio, stray):
                await downloaded(qbittorrent, torrent)
            # from now on there is only one instance to download from
            await seeder.stop()
            for torrent in (by_ratio, stray):
                await leecher.add(torrent.data)
                await leecher.wait_for(torrent.infohash, lambda row: row["amount_left"] == 0, 60)
            await qbittorrent.wait_until_gone(by_ratio.infohash, 30)
            await second.wait_until_gone(by_time.infohash, 45)
            assert not (qbittorrent.downloads / CATEGORY / "A").exists()
            assert await ledger_of(daemon, by_ratio.infohash) == [("import", "done"), ("remove", "done")]
            assert await ledger_of(daemon, by_time.infohash) == [("import", "done"), ("remove", "done")]
            kept = await qbittorrent.torrent(stray.infohash)
            assert kept is not None
            assert kept["ratio"] >= 0.9
            # the Arr may list it, and say that it does not know the title: nothing comes of that
            assert set(await ledger_of(daemon, stray.infohash)) <= {("import", "failed")}
            assert "qBitrr-imported" not in kept["tags"]
            assert radarr.blocklist == []


async def test_limits_tags_trackers_and_super_seeding_are_as_configured(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path
):
    new, old = "http://new.example/announce", "http://old.example/announce"
    folder = qbittorrent.downloads / "books"
    await qbittorrent.create_category("books", folder)
    public = make_torrent(folder, "Public", {"a.mkv": 300_000}, announce=tracker.url)
    private = make_torrent(folder, "Private", {"a.mkv": 300_000}, announce=tracker.url, private=True)
    for torrent in (public, private):
        await qbittorrent.add(torrent.data, category="books", savepath=str(folder))
        await qbittorrent.wait_for_state(torrent.infohash, "stalledUP", "uploading")
    await qbittorrent.post("torrents/addTrackers", hash=public.infohash, urls=old)
    await qbittorrent.post("torrents/addTags", hashes=public.infohash, tags="stale,kept")
    await qbittorrent.post("torrents/setDownloadLimit", hashes=public.infohash, limit="7168")
    rows = [
        {"URI": "127.0.0.1", "AddTags": ["local"], "UploadRateLimit": 100, "SuperSeedMode": True},
        {"URI": new, "AddTrackerIfMissing": True},
        {"URI": old, "RemoveIfExists": True},
        {"URI": "unused.example", "AddTags": ["stale"]},
    ]
    async with Sandbox([], has_past=False) as sandbox:
        config = sandbox.config_toml({"qBit": section(qbittorrent, ManagedCategories=["books"], Trackers=rows)})
        async with Daemon(tmp_path / "data", config) as daemon:

            async def trackers(torrent: Torrent) -> set[str]:
                rows = await qbittorrent.get("torrents/trackers", hash=torrent.infohash)
                return {row["url"] for row in rows if "://" in row["url"]}

            def as_configured(row: Any) -> bool:
                return row["up_limit"] == 102_400 and row["super_seeding"] and "local" in row["tags"]

            row = await qbittorrent.wait_for(public.infohash, as_configured, 20)
            assert set(row["tags"].split(", ")) == {"local", "kept"}
            assert row["dl_limit"] == 7_168  # set in the client, and -1 in the file
            await qbittorrent.wait_for(private.infohash, as_configured, 20)

            async def is_public_done() -> bool:
                return await trackers(public) == {tracker.url, new}

            await until(is_public_done, 30, "the trackers as configured")
            await asyncio.sleep(3 * 1.0)  # some passes more change nothing
            assert await trackers(private) == {tracker.url}
            written = [d for d in await daemon.decisions() if d["action"] == "adjust"]
            assert {d["state"] for d in written} == {"done"}
            assert len(written) <= 4


async def test_a_disk_that_fills_up_holds_downloads_until_there_is_space(
    tracker: Tracker, seeder: QbittorrentNox, qbittorrent: QbittorrentNox, tmp_path: Path
):
    with small_disk(tmp_path / "small", 64) as disk:
        sizes = {"First": 12, "Second": 25, "Users": 1}
        torrents = {
            name: make_torrent(seeder.downloads, name, {"a.mkv": size * MB}, announce=tracker.url, piece_bytes=262_144)
            for name, size in sizes.items()
        }
        for torrent in torrents.values():
            await seeder.add(torrent.data)
            await seeder.wait_for_state(torrent.infohash, "stalledUP")
        first, large, users = torrents.values()
        ballast = disk / "ballast"
        free = shutil.disk_usage(disk).free
        ballast.write_bytes(b"\1" * (free - 32 * MB))  # 32 MB are left, of which 8 are to stay
        await qbittorrent.post("app/setPreferences", json=json.dumps({"dl_limit": 2 * MB}))
        await qbittorrent.create_category("books", disk / "books")
        await qbittorrent.add(users.data, category="books", savepath=str(disk), paused="true", stopped="true")
        await qbittorrent.wait_for_state(users.infohash, "pausedDL", "stoppedDL")
        async with Sandbox([], has_past=False) as sandbox:

            def config(free_space: str) -> str:
                settings = {"FreeSpace": free_space, "FreeSpaceFolder": str(disk), "LoopSleepTimer": 1}
                return sandbox.config_toml(
                    {"Settings": settings, "qBit": section(qbittorrent, ManagedCategories=["books"])}
                )

            async with Daemon(tmp_path / "data", config("8M")) as daemon:
                await daemon.all_running()
                for torrent in (first, large):
                    await qbittorrent.add(torrent.data, category="books", savepath=str(disk))
                await qbittorrent.wait_for_state(large.infohash, "pausedDL", "stoppedDL")
                row = await qbittorrent.wait_for(large.infohash, lambda row: "free_space" in row["tags"])
                await qbittorrent.wait_for(first.infohash, lambda row: row["amount_left"] == 0, 40)
                assert shutil.disk_usage(disk).free >= 8 * MB
                assert row["amount_left"] > 0
                assert await ledger_of(daemon, large.infohash) == [("pause", "done")]

                ballast.unlink()
                # slow enough that what a busy qBittorrent has yet to report never makes up for the space that is left
                await qbittorrent.post("app/setPreferences", json=json.dumps({"dl_limit": 3 * MB}))
                # it may take a minute until a peer is connected to again
                await qbittorrent.wait_for(large.infohash, lambda row: row["amount_left"] == 0, 150)
                row = await qbittorrent.wait_for(large.infohash, lambda row: row["tags"] == "", 20)
                assert await ledger_of(daemon, large.infohash) == [("pause", "done"), ("resume", "done")]

                late = make_torrent(tmp_path / "elsewhere", "Late", {"a.mkv": 40 * MB}, announce=tracker.url)
                await qbittorrent.add(late.data, category="books", savepath=str(disk))
                await qbittorrent.wait_for_state(late.infohash, "pausedDL", "stoppedDL")
                daemon.configure(config("-1"))
                os.kill(daemon.pid, signal.SIGHUP)
                await qbittorrent.wait_for_state(late.infohash, "stalledDL", "downloading", "metaDL")
                await qbittorrent.wait_for(late.infohash, lambda row: row["tags"] == "")
                stopped = await qbittorrent.torrent(users.infohash)
                assert stopped is not None
                assert stopped["state"] in ("pausedDL", "stoppedDL")


async def test_one_qbittorrent_that_is_down_does_not_keep_the_other_and_is_served_when_it_is_back(
    tracker: Tracker, qbittorrent: QbittorrentNox, second: QbittorrentNox, tmp_path: Path
):
    """The same torrent on both is two torrents."""
    torrents = []
    for instance in (qbittorrent, second):
        await instance.create_category("books", instance.downloads / "books")
        torrent = make_torrent(instance.downloads / "books", "Same", {"a.mkv": 300_000}, announce=tracker.url)
        await instance.add(torrent.data, category="books", savepath=str(instance.downloads / "books"))
        await instance.wait_for_state(torrent.infohash, "stalledUP", "uploading")
        torrents.append(torrent)
    assert torrents[0].infohash == torrents[1].infohash
    infohash = torrents[0].infohash
    managed = {"ManagedCategories": ["books"]}
    async with Sandbox([], has_past=False) as sandbox:
        config = sandbox.config_toml(
            {
                "qBit": section(qbittorrent, **managed, Trackers=[{"URI": "127.0.0.1", "AddTags": ["one"]}]),
                "qBit-b": section(second, **managed, Trackers=[{"URI": "127.0.0.1", "AddTags": ["two"]}]),
            }
        )
        await until(lambda: any(second.folder.rglob(f"{infohash}.fastresume")), 20, "its resume data")
        await second.kill()
        async with Daemon(tmp_path / "data", config) as daemon:
            await qbittorrent.wait_for(infohash, lambda row: row["tags"] == "one", 15)

            async def waits() -> bool:
                return (await daemon.workers())["qBit-b"]["waitingFor"] == "qBit-b"

            await until(waits, 15, "the worker of the one that is down reports it")
            await second.start()
            await second.wait_for(infohash, lambda row: row["tags"] == "two", 20)
            assert (await qbittorrent.torrent(infohash) or {})["tags"] == "one"
            assert sorted(d["instance"] for d in await daemon.decisions()) == ["qBit", "qBit-b"]


async def test_a_hit_and_run_minimum_keeps_a_torrent_as_long_as_it_holds(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path
):
    folder = qbittorrent.downloads / "books"
    await qbittorrent.create_category("books", folder)
    torrent = make_torrent(folder, "Owing", {"a.mkv": 300_000}, announce=tracker.url)
    await qbittorrent.add(torrent.data, category="books", savepath=str(folder))
    await qbittorrent.wait_for_state(torrent.infohash, "stalledUP", "uploading")
    over = {"RemoveTorrent": 2, "MaxSeedingTime": "3s"}
    owed = {"URI": "http://127.0.0.1/", "HitAndRunMode": "and", "MinSeedRatio": 1.0}
    async with Sandbox([], has_past=False) as sandbox:

        def config(*rows: dict[str, Any]) -> str:
            keys = {"ManagedCategories": ["books"], "CategorySeeding": over, "Trackers": list(rows)}
            return sandbox.config_toml({"qBit": section(qbittorrent, **keys)})

        async with Daemon(tmp_path / "data", config(owed)) as daemon:
            await explains(daemon, torrent.infohash, "but the hit-and-run minimum of 127.0.0.1 is not met")
            assert await ledger_of(daemon, torrent.infohash) == []
            daemon.configure(config(owed | {"HitAndRunMode": "disabled"}))
            os.kill(daemon.pid, signal.SIGHUP)
            await qbittorrent.wait_until_gone(torrent.infohash, 30)
            assert await ledger_of(daemon, torrent.infohash) == [("remove", "done")]
    assert not (folder / "Owing").exists()
