"""Decisions on torrents of a real qBittorrent, above all what is not done to them."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support import versions
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.qbittorrent import QbittorrentNox
from tests.support.real_arr import grabbed, real
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp.typedefs import Middleware

    from tests.support.torrents import Torrent
    from tests.support.tracker import Tracker

RADARR = Section("Radarr-HD", "radarr", 60, has_client=False)
FILES = {"movie.mkv": 200_000}
CATEGORY = "radarr-hd"
STALLED_SECONDS = 4


class Scene:
    """A daemon between an Arr and one or two qBittorrents."""

    def __init__(self, sandbox: Sandbox, daemon: Daemon, clients: dict[str, QbittorrentNox]) -> None:
        self.radarr = sandbox.world.arrs["Radarr-HD"]
        self.stand_in = sandbox.arrs["Radarr-HD"]
        self.daemon = daemon
        self.clients = clients

    async def verdict(self, torrent: Torrent, instance: str = "qBit") -> dict[str, Any]:
        """Return the present verdict on a torrent; empty when there is none."""
        async with self.daemon._session.get(f"{self.daemon.url}/web/torrents/{torrent.infohash}/explain") as response:
            explained = await response.json()
        found = [one for one in explained.get("torrents", ()) if one["instance"] == instance]
        return found[0] if found else {}

    async def decided(self, torrent: Torrent, rule: str, instance: str = "qBit", seconds: float = 20) -> dict[str, Any]:
        """Wait for a verdict of this rule and return it."""
        last: dict[str, Any] = {}

        async def by_rule() -> dict[str, Any]:
            nonlocal last
            last = await self.verdict(torrent, instance)
            return last if last.get("rule") == rule else {}

        return await until(by_rule, seconds, lambda: f"a verdict by {rule}; the last one is {last}")

    async def ended(self, torrent: Torrent, action: str, seconds: float = 20) -> dict[str, Any]:
        """Wait until this action on a torrent is done and return its entry."""

        async def done() -> dict[str, Any]:
            some = [d for d in await self.daemon.decisions() if (d["hash"], d["action"]) == (torrent.infohash, action)]
            return some[0] if some and some[0]["state"] == "done" else {}

        return await until(done, seconds, f"{action} of {torrent.name} done")


@asynccontextmanager
async def scene(
    tmp_path: Path,
    judged: list[Middleware],
    clients: dict[str, QbittorrentNox],
    settings: dict[str, Any] | None = None,
) -> AsyncIterator[Scene]:
    """Run everything while the `async with` lasts; `settings` are laid over [Settings]."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox([RADARR], has_past=False, middlewares=judged))
        for client in clients.values():
            sandbox.world.arrs["Radarr-HD"].connect(await stack.enter_async_context(real(client)))
        sections: dict[str, Any] = {
            "Settings": {
                "LoopSleepTimer": 1,
                "MaxDestructiveActions": 100,
                "MaxDestructiveShare": 1.0,
                **(settings or {}),
            },
            "Radarr-HD": {
                "EntrySearch": {"SearchMissing": False},
                "Torrent": {
                    "StalledDelay": f"{STALLED_SECONDS}s",
                    "Strikes": 2,
                    "IgnoreTorrentsYoungerThan": 0,
                    "VerifyMedia": False,
                },
            },
        }
        for name, client in clients.items():
            sections[name] = {
                "Host": "127.0.0.1",
                "Port": client.web_port,
                "UserName": client.username,
                "Password": client.password,
            }
            await with_category(client)
        daemon = await stack.enter_async_context(Daemon(tmp_path / "data", sandbox.config_toml(sections)))
        await daemon.all_running()
        yield Scene(sandbox, daemon, clients)


async def with_category(client: QbittorrentNox) -> Path:
    """Create the category unless it exists; returns its folder."""
    folder = client.downloads / CATEGORY
    if CATEGORY not in await client.get("torrents/categories"):
        await client.create_category(CATEGORY, folder)
    return folder


async def dead(client: QbittorrentNox, tmp_path: Path, name: str, tracker: Tracker, **how: str) -> Torrent:
    """Add a torrent without any peer, in the category."""
    torrent = make_torrent(tmp_path / "elsewhere", name, FILES, announce=tracker.url)
    folder = client.downloads / CATEGORY
    await client.add(torrent.data, category=CATEGORY, savepath=str(folder), **how)
    return torrent


async def test_what_is_stopped_or_forced_or_protected_stays(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    async with scene(tmp_path, judged, {"qBit": qbittorrent}, {"ProtectTags": ["keep"]}) as on:
        stopped = await dead(qbittorrent, tmp_path, "Stopped.2001", tracker, paused="true", stopped="true")
        forced = await dead(qbittorrent, tmp_path, "Forced.2002", tracker)
        kept = await dead(qbittorrent, tmp_path, "Kept.2003", tracker, tags="keep")
        stalled = await dead(qbittorrent, tmp_path, "Stalled.2004", tracker)
        for number, torrent in enumerate((stopped, forced, kept, stalled), 1):
            grabbed(on.radarr, number, torrent.name, torrent.infohash)
        await qbittorrent.post("torrents/setForceStart", hashes=forced.infohash, value="true")
        await on.decided(stopped, "stopped_by_user")
        await on.decided(forced, "queued_or_forced")
        await on.decided(kept, "ignored_by_user")
        await qbittorrent.wait_until_gone(stalled.infohash, 40)
        for torrent in (stopped, forced, kept):
            assert await qbittorrent.torrent(torrent.infohash) is not None
        state = (await qbittorrent.torrent(stopped.infohash) or {})["state"]
        assert state in ("stoppedDL", "pausedDL")
        done = await on.ended(stalled, "fail")
        assert (done["facts"]["strikes"], done["rule"]) == (2, "unavailable")  # no peer has any of it


@versions.each
async def test_missing_files_delete_nothing_and_are_checked_once_they_are_back(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    folder = await with_category(qbittorrent)
    torrent = make_torrent(folder, "Unmounted.Movie.2002", FILES, announce=tracker.url)
    await qbittorrent.add(torrent.data, category=CATEGORY, savepath=str(folder))
    await qbittorrent.wait_for(torrent.infohash, lambda row: row["completion_on"] > 0 and row["amount_left"] == 0)
    await qbittorrent.stop()
    shutil.move(folder / torrent.name, tmp_path / "unmounted")
    await qbittorrent.start()
    await qbittorrent.wait_for_state(torrent.infohash, "missingFiles")
    async with scene(tmp_path, judged, {"qBit": qbittorrent}) as on:
        grabbed(on.radarr, 1, torrent.name, torrent.infohash)
        verdict = await on.decided(torrent, "files_are_missing")
        assert verdict["action"] == "nothing"
        shutil.move(tmp_path / "unmounted", folder / torrent.name)
        done = await on.ended(torrent, "recheck", 60)
        assert done["rule"] == "files_are_missing"
        await on.ended(torrent, "import", 30)
        assert on.radarr.blocklist == []


async def test_an_error_is_repaired_by_a_recheck(
    tracker: Tracker, seeder: QbittorrentNox, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    torrent = make_torrent(seeder.downloads, "In.The.Way.2003", FILES, announce=tracker.url)
    await seeder.add(torrent.data)
    await seeder.wait_for_state(torrent.infohash, "stalledUP")
    folder = await with_category(qbittorrent)
    folder.mkdir(parents=True, exist_ok=True)
    in_the_way = folder / torrent.name  # where a folder has to be
    in_the_way.write_text("a file")
    await qbittorrent.add(torrent.data, category=CATEGORY, savepath=str(folder))
    await qbittorrent.wait_for_state(torrent.infohash, "error", "missingFiles")
    in_the_way.unlink()
    async with scene(tmp_path, judged, {"qBit": qbittorrent}) as on:
        grabbed(on.radarr, 1, torrent.name, torrent.infohash)
        done = await on.ended(torrent, "recheck", 30)
        assert done["rule"] == "in_error"
        await on.ended(torrent, "import", 30)


async def test_fifty_removals_at_once_all_happen(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    async with scene(tmp_path, judged, {"qBit": qbittorrent}) as on:
        torrents = [await dead(qbittorrent, tmp_path, f"Dead.{number:02}", tracker) for number in range(50)]
        for number, torrent in enumerate(torrents, 1):
            grabbed(on.radarr, number, torrent.name, torrent.infohash)
        await asyncio.gather(*(qbittorrent.wait_until_gone(torrent.infohash, 90) for torrent in torrents))

        async def all_closed() -> bool:
            return sum(d["state"] == "done" for d in await on.daemon.decisions()) == len(torrents)

        await until(all_closed, 30, "fifty removals in the ledger")
        assert {entry.release.infohash for entry in on.radarr.blocklist} == {t.infohash for t in torrents}
        searches = [r.body["movieIds"] for r in on.stand_in.requests if (r.body or {}).get("name") == "MoviesSearch"]
        assert sorted(searches) == [[number] for number in range(1, 51)]
        assert not any((qbittorrent.downloads / CATEGORY / torrent.name).exists() for torrent in torrents)


async def test_the_same_torrent_on_two_clients_is_two(
    qbittorrent_binary: Path, tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    async with (
        QbittorrentNox(qbittorrent_binary, tmp_path / "other") as other,
        scene(tmp_path, judged, {"qBit": qbittorrent, "qBit-b": other}) as on,
    ):
        torrent = await dead(qbittorrent, tmp_path, "Twin.2005", tracker)
        await dead(other, tmp_path, "Twin.2005", tracker)
        grabbed(on.radarr, 1, torrent.name, torrent.infohash)

        async def is_left_alone() -> bool:
            verdicts = [await on.verdict(torrent, name) for name in on.clients]
            return all("another qBittorrent" in verdict.get("because", "") for verdict in verdicts)

        await until(is_left_alone, 30, "both are left alone")
        await other.post("torrents/delete", hashes=torrent.infohash, deleteFiles="false")
        await qbittorrent.wait_until_gone(torrent.infohash, 30)
        done = await on.ended(torrent, "fail")
        assert done["instance"] == "qBit"


async def as_the_user_set_it(client: QbittorrentNox, infohash: str) -> tuple[object, ...]:
    """What is set on a torrent, its files and its trackers."""
    row = await client.torrent(infohash)
    assert row is not None
    files = await client.get("torrents/files", hash=infohash)
    trackers = await client.get("torrents/trackers", hash=infohash)
    names = ("name", "dl_limit", "up_limit", "ratio_limit", "seeding_time_limit", "seq_dl", "auto_tmm", "category")
    return (
        {name: row[name] for name in names},
        set(row["tags"].split(", ")),
        [(file["name"], file["priority"]) for file in files],
        {tracker["url"] for tracker in trackers},
    )


@versions.each
async def test_a_removal_is_undone_from_quarantine_and_after_it(
    tracker: Tracker, qbittorrent: QbittorrentNox, tmp_path: Path, judged: list[Middleware]
):
    async with scene(tmp_path, judged, {"qBit": qbittorrent}, {"Quarantine": "6s"}) as on:
        as_set = {
            "tags": "mine,weekend", "contentLayout": "NoSubfolder", "dlLimit": "5120", "upLimit": "6144",
            "ratioLimit": "2.5", "seedingTimeLimit": "300", "sequentialDownload": "true", "rename": "Mine.2006",
        }  # fmt: skip
        torrent = await dead(qbittorrent, tmp_path, "Rescued.2006", tracker, **as_set)
        await qbittorrent.wait_for(torrent.infohash, lambda row: row["state"] == "stalledDL")
        await qbittorrent.post("torrents/filePrio", hash=torrent.infohash, id="0", priority="7")
        await qbittorrent.post("torrents/addTrackers", hash=torrent.infohash, urls="http://127.0.0.1:9/announce")
        before = await as_the_user_set_it(qbittorrent, torrent.infohash)
        grabbed(on.radarr, 1, torrent.name, torrent.infohash)
        await qbittorrent.wait_for(
            torrent.infohash,
            lambda row: "qBitrr-quarantine" in row["tags"] and row["state"] in ("stoppedDL", "pausedDL"),
            30,
        )
        await qbittorrent.wait_until_gone(torrent.infohash, 30)
        done = await on.ended(torrent, "fail")
        await on.daemon.post(f"/web/actions/{done['id']}/undo")
        row = await qbittorrent.wait_for(torrent.infohash, lambda row: row["category"] == CATEGORY, 20)
        assert row["save_path"].rstrip("/") == str(qbittorrent.downloads / CATEGORY)

        async def undone() -> bool:
            return [d["state"] for d in await on.daemon.decisions()] == ["undone"]

        await until(undone, 10, "an entry of the ledger that was undone")
        assert await as_the_user_set_it(qbittorrent, torrent.infohash) == before
        await qbittorrent.wait_for(torrent.infohash, lambda row: row["state"] == "stalledDL")
