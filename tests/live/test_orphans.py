"""Files without a torrent, beside real torrents of a real qBittorrent, and of a second one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr import ipc
from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.qbittorrent.session import Access
from qbitrr.rules.orphan_folders import ASIDE
from qbitrr.rules.orphans import DAY
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.state import orphans as stored
from qbitrr.state.database import open_writer
from qbitrr.worker.config import worker_configs
from qbitrr.worker.orphans.watch import OrphanWatch
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.qbittorrent import QbittorrentNox
from tests.support.state import migrated
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from aiohttp.typedefs import Middleware

    from tests.support.tracker import Tracker

CONFIG = """
[Settings.Orphans]
Mode = "act"
[qBit]
Host = "127.0.0.1"
ManagedCategories = ["movies"]
[qBit-two]
Host = "127.0.0.1"
Port = 8081
"""
FILES = {"movie.mkv": 900_000, "Subs/en.srt": 20_000}


RADARR = Section("Radarr-HD", "radarr", 5, has_client=False)


class NoGuard:
    """Every login may be tried."""

    @asynccontextmanager
    async def attempt(self, service: str, fingerprint: Callable[[], str]) -> AsyncIterator[None]:
        yield


class Household:
    """Two real clients, and the worker that finds orphans at a time that the test sets."""

    def __init__(self, watch: OrphanWatch, database: Any, clients: dict[str, QbittorrentNox]) -> None:
        self.watch, self.database = watch, database
        self.one, self.two = clients.values()
        self.passed = 0.0

    async def after(self, days: float) -> dict[str, str]:
        """Make a pass some days later; returns the states of all files."""
        self.passed += days * DAY
        await self.watch.one_pass()
        rows = await stored.page(self.database, (), 500, None)
        return {row.orphan.path: str(row.orphan.state) for row in rows}

    async def refusals(self) -> str:
        found = await stored.last_report(self.database)
        assert found is not None
        return " ".join(found[2].refusals)


@pytest.fixture
async def at(qbittorrent: QbittorrentNox, qbittorrent_binary: Path, tmp_path: Path) -> AsyncIterator[Household]:
    (tmp_path / "two").mkdir()
    (tmp_path / "data").mkdir()
    config, *_ = worker_configs(load_text(CONFIG, {}).config, str(tmp_path / "data" / "state.db"), None)
    async with (
        QbittorrentNox(qbittorrent_binary, tmp_path / "two") as second,
        open_writer(migrated(tmp_path / "data" / "state.db")) as database,
    ):
        programs = {"qBit": qbittorrent, "qBit-two": second}
        clients = {
            name: QbittorrentClient(Access(name, one.url, one.username, one.password), NoGuard())
            for name, one in programs.items()
        }
        made: list[Household] = []

        def passed() -> float:
            return made[0].passed if made else 0.0

        clock = Clock(wall=lambda: _now(tmp_path) + passed(), monotonic=passed)
        report = SimpleNamespace(operation=lambda *_: _Nothing(), concerned=lambda *_: None)
        context: Any = SimpleNamespace(
            config=config,
            services=SimpleNamespace(qbittorrents=clients),
            database=database,
            report=report,
            clock=clock,
        )
        made.append(Household(OrphanWatch(context), database, programs))
        yield made[0]
        for client in clients.values():
            await client.close()


class _Nothing:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _now(folder: Path) -> float:
    return folder.stat().st_ctime


async def seeded(on: QbittorrentNox, tracker: Tracker, folder: Path, name: str, **options: str) -> str:
    torrent = make_torrent(folder, name, FILES, announce=tracker.url)
    await on.add(torrent.data, savepath=str(folder), **options)
    await on.wait_for_state(torrent.infohash, "stalledUP", "uploading")
    return torrent.infohash


async def test_a_file_beside_the_data_of_a_torrent_is_moved_aside_restored_and_what_torrents_have_stays(
    tracker: Tracker, at: Household
) -> None:
    folder = at.one.downloads / "movies"
    await at.one.create_category("movies", folder)
    elsewhere = at.two.downloads / "other"
    await seeded(at.one, tracker, folder, "Movie", category="movies")
    await seeded(at.two, tracker, elsewhere, "Other")
    # a torrent that another client knows, and a download that gets nothing
    await seeded(at.two, tracker, folder, "Shared")
    half = make_torrent(folder, "Half", {"half.mkv": 400_000}, announce=tracker.url)
    complete = (folder / "Half" / "half.mkv").read_bytes()
    (folder / "Half" / "half.mkv").write_bytes(complete[:200_000] + bytes(200_000))
    await at.one.add(half.data, category="movies", savepath=str(folder))
    await at.one.wait_for(half.infohash, lambda row: 0 < row["progress"] < 1)
    (folder / "old.mkv").write_bytes(b"x" * 5_000)
    (folder / "Gone").mkdir()
    (folder / "Gone" / "part.mkv.!qB").write_bytes(b"x" * 5_000)
    (folder / "Movie" / "mine.nfo").write_text("in the folder of a torrent")

    assert await at.after(0) == {"old.mkv": "found", "Gone/part.mkv.!qB": "found"}
    assert await at.after(13.9) == {"old.mkv": "found", "Gone/part.mkv.!qB": "found"}
    assert await at.after(0.2) == {"old.mkv": "aside", "Gone/part.mkv.!qB": "aside"}
    assert not (folder / "Gone").exists()
    for path in ("Movie/movie.mkv", "Movie/Subs/en.srt", "Movie/mine.nfo", "Shared/movie.mkv", "Half/half.mkv"):
        assert (folder / path).exists(), path

    (old,) = [row.orphan for row in await stored.page(at.database, (), 10, None) if row.orphan.path == "old.mkv"]
    at.watch.answer(ipc.AnswerOrphans((old.id,), "restore"))
    assert await at.after(1) == {"old.mkv": "restored", "Gone/part.mkv.!qB": "aside"}
    assert (folder / "old.mkv").read_bytes() == b"x" * 5_000
    assert await at.after(40) == {"old.mkv": "restored", "Gone/part.mkv.!qB": "purged"}
    assert list(folder.glob(f"{ASIDE}/*")) == []


async def test_a_client_that_is_silent_or_has_forgotten_its_torrents_keeps_everything(
    tracker: Tracker, at: Household
) -> None:
    folder = at.one.downloads / "movies"
    await at.one.create_category("movies", folder)
    await seeded(at.one, tracker, folder, "Movie", category="movies")
    infohash = await seeded(at.two, tracker, folder, "Shared")
    (folder / "old.mkv").write_bytes(b"x" * 5_000)
    assert await at.after(0) == {"old.mkv": "found"}
    await at.two.stop()
    assert await at.after(100) == {"old.mkv": "found"}
    assert "qBit-two" in await at.refusals()
    await at.two.start()
    await at.two.wait_for_state(infohash, "stalledUP", "uploading")
    assert await at.after(0.01) == {"old.mkv": "found"}
    await at.two.post("torrents/delete", hashes=infohash, deleteFiles="false")
    await at.two.wait_until_gone(infohash)
    assert await at.after(100) == {"old.mkv": "found"}
    assert "lists no torrent" in await at.refusals()
    assert (folder / "Shared" / "movie.mkv").exists()


async def test_a_download_into_another_folder_covers_it_and_its_place(tracker: Tracker, at: Household) -> None:
    folder, incomplete = at.one.downloads / "movies", at.one.downloads / "movies" / "incomplete"
    preferences = f'{{"temp_path_enabled": true, "temp_path": "{incomplete}", "incomplete_files_ext": true}}'
    await at.one.post("app/setPreferences", json=preferences)
    await at.one.create_category("movies", folder)
    await seeded(at.one, tracker, folder, "Movie", category="movies")
    await seeded(at.two, tracker, at.two.downloads / "other", "Other")
    torrent = make_torrent(folder, "Half", {"half.mkv": 400_000}, announce=tracker.url)
    (incomplete / "Half").mkdir(parents=True)
    data = (folder / "Half" / "half.mkv").read_bytes()
    (folder / "Half" / "half.mkv").unlink()
    (incomplete / "Half" / "half.mkv.!qB").write_bytes(data[:200_000] + bytes(200_000))
    await at.one.add(torrent.data, category="movies", savepath=str(folder))
    await at.one.wait_for(torrent.infohash, lambda row: row["state"] in ("stalledDL", "downloading"))
    # where it will lie is its own already
    (folder / "Half" / "leftover.mkv").write_bytes(b"x" * 1_000)
    (incomplete / "stray").write_bytes(b"x" * 1_000)
    assert await at.after(0) == {}
    assert await at.after(400) == {}


async def command(daemon: Daemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `qbitrr` on the data folder of a daemon."""
    words = [sys.executable, "-P", "-m", "qbitrr", "--data-dir", str(daemon.folder), *arguments]
    return await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, timeout=60, check=False)


async def test_a_daemon_lists_files_once_its_arr_has_said_where_its_library_is(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
) -> None:
    folder = qbittorrent.downloads / "radarr-hd"
    await qbittorrent.create_category("radarr-hd", folder)
    await seeded(qbittorrent, tracker, folder, "Movie", category="radarr-hd")
    (folder / "old.mkv").write_bytes(b"x" * 5_000)
    async with Sandbox([RADARR], has_past=False, middlewares=judged) as sandbox:
        login = {"UserName": qbittorrent.username, "Password": qbittorrent.password}
        config = sandbox.config_toml(
            {
                "Settings": {"Orphans": {"Mode": "ask"}},
                "qBit": {"Host": "127.0.0.1", "Port": qbittorrent.web_port, **login},
            }
        )
        async with Daemon(tmp_path / "data", config) as daemon:

            async def listed() -> Any:
                return (await daemon.get("/web/orphans"))["orphans"]

            (found,) = await until(listed, 60, "the file is listed")
            report = await daemon.get("/web/orphans")
            printed = await command(daemon, "orphans")
            refused = await command(daemon, "orphans", "--restore", str(found["id"]))
    assert (found["folder"], found["path"], found["state"], found["due"]) == (str(folder), "old.mkv", "found", False)
    assert printed.stdout == f"{found['id']}: found, 4.9 KiB, {folder}/old.mkv\n"
    assert refused.returncode != 0
    assert "it is found" in refused.stderr
    assert report["clients"] == {"qBit": 1}
    assert report["refusals"] == []
    assert [one["refusal"] for one in report["folders"]] == [""]
    assert (folder / "old.mkv").exists()
