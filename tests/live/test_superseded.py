"""Torrents whose files a later import replaced, on a real qBittorrent."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr.sandbox.life.searching import release_named
from qbitrr.sandbox.media.quality import RANKS
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.real_arr import grabbed, real
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.typedefs import Middleware

    from tests.support.qbittorrent import QbittorrentNox
    from tests.support.tracker import Tracker

RADARR = Section("Radarr-HD", "radarr", 20, has_client=False)
CATEGORY = "radarr-hd"
WORST = min(RANKS["radarr"], key=RANKS["radarr"].__getitem__)


async def test_what_a_later_import_replaced_goes_with_its_files_unless_another_torrent_has_them(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    folder = qbittorrent.downloads / CATEGORY
    await qbittorrent.create_category(CATEGORY, folder)
    files = {name: {"movie.mkv": 1_000_000 + number} for number, name in enumerate(("A", "B", "C", "D"))}
    torrents = {name: make_torrent(folder, name, some, announce=tracker.url) for name, some in files.items()}
    cross_seed = make_torrent(folder, "C", files["C"], announce=tracker.url, piece_bytes=32_768)
    assert cross_seed.infohash != torrents["C"].infohash
    await qbittorrent.add(cross_seed.data, savepath=str(folder))
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox([RADARR], has_past=False, middlewares=judged))
        radarr = sandbox.world.arrs["Radarr-HD"]
        radarr.connect(await stack.enter_async_context(real(qbittorrent)))
        login = {"UserName": qbittorrent.username, "Password": qbittorrent.password}
        config = sandbox.config_toml(
            {
                "qBit": {"Host": "127.0.0.1", "Port": qbittorrent.web_port, **login},
                "Radarr-HD": {
                    "Torrent": {"IgnoreTorrentsYoungerThan": 0, "VerifyMedia": False, "RemoveSuperseded": "replaced"}
                },
            }
        )
        async with Daemon(tmp_path / "data", config) as daemon:

            async def imported(name: str) -> None:
                await qbittorrent.add(torrents[name].data, category=CATEGORY, savepath=str(folder))
                await qbittorrent.wait_for(torrents[name].infohash, lambda row: "qBitrr-imported" in row["tags"], 60)

            for number, name in ((1, "A"), (2, "C")):
                grabbed(radarr, number, name, torrents[name].infohash)
                await imported(name)
            for number, name in ((1, "B"), (2, "D")):
                movie = radarr.collection.items[number]
                assert movie.file is not None
                movie.file = replace(movie.file, quality=WORST)
                radarr.note_grab([number], release_named("radarr", name, torrents[name].infohash))
                await imported(name)
            for name in ("A", "C"):
                await qbittorrent.wait_until_gone(torrents[name].infohash, 60)
            removed = [d for d in await daemon.decisions() if d["action"] == "remove"]

            async def have_ended() -> bool:
                nonlocal removed
                removed = [d for d in await daemon.decisions() if d["action"] == "remove"]
                return [d["state"] for d in removed] == ["done", "done"]

            await until(have_ended, 30, "two removals that have ended")
        assert {d["rule"] for d in removed} == {"superseded"}
        assert {d["hash"] for d in removed} == {torrents["A"].infohash, torrents["C"].infohash}
        assert not (folder / "A").exists()
        assert (folder / "C" / "movie.mkv").exists()
        for name in ("B", "D"):
            assert await qbittorrent.torrent(torrents[name].infohash) is not None
        assert await qbittorrent.torrent(cross_seed.infohash) is not None
