"""Kinds of fault that were seen with real programs: torrents of two clients, west and east of Greenwich, in one daemon.

All of them are there before the first test, which waits for what becomes of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.qbittorrent.facts import torrent_files
from qbitrr.qbittorrent.mirror import Mirror
from qbitrr.qbittorrent.session import Access
from qbitrr.rules.files import compile_rules, deletable
from qbitrr.sandbox.life.searching import release_named
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.live.test_client import NoGuard
from tests.support import versions
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.qbittorrent import QbittorrentNox
from tests.support.real_arr import grabbed, real
from tests.support.torrents import make_torrent
from tests.support.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.torrents import Torrent

pytestmark = [versions.each, pytest.mark.asyncio(loop_scope="module")]

ZONES = {"qBit": "America/Los_Angeles", "qBit-east": "Asia/Tokyo"}
each_zone = pytest.mark.parametrize("zone", list(ZONES))

FILMS, EPISODES, BOOKS = "radarr-hd", "sonarr-tv", "books"
RADARR = Section("Radarr-HD", "radarr", 60, has_client=False)
SONARR = Section("Sonarr-TV", "sonarr", 6, episodes=120, has_client=False)
PIECE = 16_384
THREE_YEARS = 3 * 365 * 86_400
TWO_WEEKS = 14 * 86_400
TORRENTS = {
    "StalledDelay": "3s", "Strikes": 2, "IgnoreTorrentsYoungerThan": 0, "VerifyMedia": False,
}  # fmt: skip


class Cases:
    """The torrents of one client, and what the Arrs know of them."""

    def __init__(self, zone: str, client: QbittorrentNox, sandbox: Sandbox, tracker: Tracker, elsewhere: Path) -> None:
        self.zone, self.client = zone, client
        self.torrents: dict[str, Torrent] = {}
        self.episodes: list[Any] = []
        self.spoiled = ""
        self.folders = {name: client.downloads / name for name in (FILMS, EPISODES, BOOKS)}
        self._radarr, self._sonarr = sandbox.world.arrs["Radarr-HD"], sandbox.world.arrs["Sonarr-TV"]
        self._tracker, self._elsewhere = tracker, elsewhere
        self._owed = tracker.url.replace("127.0.0.1", "localhost")  # there is a minimum of this one
        self._number = list(ZONES).index(zone)  # what has one name and size on two clients may be the same data

    async def add(
        self,
        name: str,
        files: dict[str, int],
        *,
        category: str = FILMS,
        title: str = "",
        there: bool = True,
        announce: str = "",
        **how: Any,
    ) -> Torrent:
        """Add a torrent, complete if its files are `there`; `title` is its name."""
        folder = self.folders[category]
        sizes = {path.format(title=title): size for path, size in files.items()}
        torrent = make_torrent(
            folder if there else self._elsewhere, title or f"{name}.{self.zone}", sizes,
            announce=announce or self._tracker.url, seed=self._number,
        )  # fmt: skip
        if how.get("contentLayout") == "NoSubfolder":
            for path in (folder / torrent.name).iterdir():
                path.rename(folder / path.name)
            (folder / torrent.name).rmdir()
        await self.client.add(torrent.data, category=category, savepath=str(folder), **how)
        self.torrents[name] = torrent
        return torrent

    async def all_complete(self, *names: str) -> None:
        for name in names:
            await self.client.wait_for(self.torrents[name].infohash, lambda row: row["state"] in SEEDING)

    async def prepare(self) -> None:
        """Add everything, and restart the client over what was changed on its disk meanwhile."""
        for category, folder in self.folders.items():
            folder.mkdir()
            await self.client.create_category(category, folder)
        extra = self._number  # bytes
        pack = await self._pack()
        at_once = {"skip_checking": "true"}
        await self.add(
            "rootless", {"one.mkv": 70_000 + extra, "two.mkv": 60_000}, contentLayout="NoSubfolder", **at_once
        )
        await self.add("lost", {"movie.mkv": 200_000 + extra}, **at_once)
        await self.add("rest", {"movie.mkv": 210_000 + extra, "info.txt": 700})
        await self.add("years", {"book.pdf": 220_000 + extra}, category=BOOKS, announce=self._owed, **at_once)
        await self.add("avi", {"{title}.avi": 230_000 + extra}, title=f"Old.Movie.1999.DVDRip.{self.zone}", **at_once)
        title = f"Trailer.Park.Boys.1999.1080p.{self.zone}"
        await self.add("title", {"{title}.mkv": 240_000 + extra}, title=title, **at_once)
        await self.add("refused", {"movie.mkv": 250_000 + extra}, title=self._poor(), **at_once)
        await self.add("sharing", {"movie.mkv": 6 * PIECE + 5 + extra, "sample.mkv": 2 * PIECE}, **at_once)
        await self.add("apart", {"movie.mkv": 7 * PIECE, "sample.mkv": 2 * PIECE + extra}, **at_once)
        names = list(self.torrents)
        await self.all_complete(*names)
        await self.client.stop()
        (self.folders[FILMS] / self.torrents["rest"].name / "movie.mkv").unlink()
        self._let_it_seed_for_years()
        await self.client.start()
        await self.all_complete(*(name for name in names if name != "rest"))
        await self.client.wait_for_state(self.torrents["rest"].infohash, "missingFiles")
        await self._lose()
        await self.add("dead", {"movie.mkv": 260_000 + extra}, there=False)
        self._grab(pack)

    async def _pack(self) -> Torrent:
        """A season, of which one file is no media."""
        collection = self._sonarr.collection
        series = list(collection.series.values())[self._number]
        self.episodes = [episode for episode in series.episodes if episode.season == 1]
        assert len(self.episodes) > 2
        title = self._sonarr.offer(self.episodes).title
        paths = [path.partition("/")[2] for path in collection.contents(self.episodes, title)]
        media = [path for path in paths if path.endswith(".mkv")]
        self.spoiled = media[0].rpartition("/")[2]
        return await self.add("pack", dict.fromkeys(media, 30_000), category=EPISODES, title=title)

    def _poor(self) -> str:
        """The title of a release that is no upgrade of a film that the library has."""
        films = [film for film in self._radarr.collection.items.values() if film.file is not None and film.id > 30]
        self._has_film = films[self._number]
        title: str = self._radarr.offer([self._has_film]).title
        return re.sub(r"2160p|1080p|720p", "480p", title)

    def _let_it_seed_for_years(self) -> None:
        infohash = self.torrents["years"].infohash
        (path,) = self.client.folder.rglob(f"{infohash}.fastresume")
        data = path.read_bytes()
        for key in (b"finished_time", b"seeding_time", b"active_time"):
            named = b"%d:%bi" % (len(key), key)
            data, number = re.subn(re.escape(named) + rb"\d+e", b"%b%de" % (named, THREE_YEARS), data)
            assert number == 1
        path.write_bytes(data)

    async def _lose(self) -> None:
        """Put something in the place of a file; to read it is an error then."""
        lost = self.torrents["lost"]
        file = self.folders[FILMS] / lost.name / "movie.mkv"
        shutil.move(file, self._elsewhere / f"{lost.infohash}.mkv")
        file.mkdir()
        await self.client.post("torrents/recheck", hashes=lost.infohash)
        await self.client.wait_for_state(lost.infohash, "error")

    def find_what_was_lost(self) -> None:
        """Put it back in its place."""
        lost = self.torrents["lost"]
        file = self.folders[FILMS] / lost.name / "movie.mkv"
        file.rmdir()
        shutil.move(self._elsewhere / f"{lost.infohash}.mkv", file)

    def _grab(self, pack: Torrent) -> None:
        """Have the Arrs know the torrents as their own grabs."""
        others = [name for name in self.torrents if name not in ("pack", "years", "refused", "sharing", "apart")]
        for number, name in enumerate(others, 1 + self._number * 15):
            grabbed(self._radarr, number, self.torrents[name].name, self.torrents[name].infohash)
        for arr, items, torrent in (
            (self._radarr, [self._has_film], self.torrents["refused"]),
            (self._sonarr, self.episodes, pack),
        ):
            arr.note_grab([item.id for item in items], release_named(arr.kind, torrent.name, torrent.infohash))
        for episode in self.episodes:
            episode.file = None


SEEDING = ("stalledUP", "uploading")
RULES = compile_rules([], [r"\bsample\b"], [], "radarr", case_sensitive=False)


class Stage:
    """The daemon, and the cases of both clients."""

    def __init__(self, daemon: Daemon, sandbox: Sandbox, cases: dict[str, Cases]) -> None:
        self.daemon, self.sandbox, self.cases = daemon, sandbox, cases

    async def history(self, torrent: Torrent) -> list[dict[str, Any]]:
        """What was done to a torrent, oldest first."""
        return [one for one in reversed(await self.daemon.decisions()) if one["hash"] == torrent.infohash]

    async def ended(self, torrent: Torrent, action: str, state: str = "done") -> dict[str, Any]:
        """Wait until an action on a torrent has ended so; returns it."""
        last: list[Any] = []

        async def found() -> dict[str, Any]:
            nonlocal last
            last = [(one["action"], one["state"], one["outcome"]) for one in await self.history(torrent)]
            last.append(await self.verdict(torrent))
            some = [one for one in await self.history(torrent) if (one["action"], one["state"]) == (action, state)]
            return some[0] if some else {}

        return await until(found, 25, lambda: f"{action} of {torrent.name} {state}; its history is {last}")

    async def decided(self, torrent: Torrent, rule: str) -> dict[str, Any]:
        """Wait for a verdict by a rule; returns it."""
        last: dict[str, Any] = {}

        async def found() -> dict[str, Any]:
            nonlocal last
            last = await self.verdict(torrent)
            return last if last.get("rule") == rule else {}

        return await until(found, 25, lambda: f"a verdict by {rule}; the last one is {last}")

    async def verdict(self, torrent: Torrent) -> dict[str, Any]:
        """The present verdict on a torrent; empty without one."""
        async with self.daemon._session.get(f"{self.daemon.url}/web/torrents/{torrent.infohash}/explain") as answer:
            found: dict[str, Any] = next(iter((await answer.json()).get("torrents", ())), {})
        return {key: found[key] for key in ("rule", "action", "because")} if found else {}

    def scans(self) -> list[dict[str, Any]]:
        """What the Arrs were asked to scan."""
        bodies = [one.body for arr in self.sandbox.arrs.values() for one in arr.requests if isinstance(one.body, dict)]
        return [body for body in bodies if str(body.get("name", "")).endswith("Scan")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(qbittorrent_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("cases")
    async with AsyncExitStack() as stack:
        tracker = await stack.enter_async_context(Tracker())
        sandbox = await stack.enter_async_context(Sandbox([RADARR, SONARR], has_past=False))
        cases = {}
        for zone, timezone in ZONES.items():
            (folder / zone / "elsewhere").mkdir(parents=True)
            client = await stack.enter_async_context(QbittorrentNox(qbittorrent_binary, folder / zone, timezone))
            cases[zone] = Cases(zone, client, sandbox, tracker, folder / zone / "elsewhere")
        await asyncio.gather(*(one.prepare() for one in cases.values()))
        for one in cases.values():
            connection = await stack.enter_async_context(real(one.client))
            connection.unplayable.add(one.spoiled)
            for arr in sandbox.world.arrs.values():
                arr.connect(connection)
        daemon = await stack.enter_async_context(Daemon(folder / "data", _config(sandbox, cases)))
        await daemon.all_running()
        yield Stage(daemon, sandbox, cases)


def _config(sandbox: Sandbox, cases: dict[str, Cases]) -> str:
    owed = {"HitAndRunMode": "and", "MinSeedRatio": 0.0, "MinSeedingTimeDays": 10}
    sections: dict[str, Any] = {
        "Settings": {"LoopSleepTimer": 1, "MaxDestructiveActions": 100, "MaxDestructiveShare": 1.0},
        "Radarr-HD": {
            "EntrySearch": {"SearchMissing": False}, "Torrent": TORRENTS,
            "ArrErrorCodesToBlocklist": ["Not an upgrade for existing movie file(s)"],
        },
        "Sonarr-TV": {"EntrySearch": {"SearchMissing": False}, "Torrent": TORRENTS},
    }  # fmt: skip
    for zone, one in cases.items():
        login = {"UserName": one.client.username, "Password": one.client.password}
        seeding = {"RemoveTorrent": 2, "MaxSeedingTime": TWO_WEEKS}
        sections[zone] = {
            "Host": "127.0.0.1", "Port": one.client.web_port, **login, "ManagedCategories": [BOOKS],
            "CategorySeeding": seeding, "Trackers": [{"URI": "localhost", **owed}],
        }  # fmt: skip
    return sandbox.config_toml(sections)


@asynccontextmanager
async def ours(client: QbittorrentNox) -> AsyncIterator[QbittorrentClient]:
    """The client of qbitrr on a program."""
    made = QbittorrentClient(Access("qBit", client.url, client.username, client.password), NoGuard())
    try:
        yield made
    finally:
        await made.close()


@each_zone
async def test_a_download_without_peers_is_judged_in_every_time_zone_and_takes_its_files_along(stage: Stage, zone: str):
    """Neither the offset of a time zone as a completion time nor a torrent without a folder beside it keeps it."""
    one = stage.cases[zone]
    done = await stage.ended(one.torrents["dead"], "fail")
    assert "its files are deleted" in done["outcome"]
    assert not (one.folders[FILMS] / one.torrents["dead"].name).exists()
    assert (one.folders[FILMS] / "one.mkv").exists()


@each_zone
async def test_the_folder_of_a_category_is_not_scanned_for_a_torrent_without_a_folder(stage: Stage, zone: str):
    one = stage.cases[zone]
    await stage.ended(one.torrents["rootless"], "import", "failed")
    assert str(one.folders[FILMS]) not in [body["path"].rstrip("/") for body in stage.scans()]
    assert await one.client.torrent(one.torrents["rootless"].infohash) is not None


@each_zone
async def test_an_error_without_its_data_is_nothing_and_ends_by_a_recheck_when_it_is_back(stage: Stage, zone: str):
    one = stage.cases[zone]
    lost = one.torrents["lost"]
    verdict = await stage.decided(lost, "in_error")
    assert verdict["action"] == "nothing"
    await stage.ended(one.torrents["dead"], "fail")  # several passes later
    assert await stage.history(lost) == []
    assert (await one.client.torrent(lost.infohash) or {})["state"] == "error"
    one.find_what_was_lost()
    async with ours(one.client) as client:  # the daemon does so too, some seconds later
        await client.recheck(lost.infohash)
    await one.client.wait_for(lost.infohash, lambda row: row["amount_left"] == 0)


@each_zone
async def test_a_rest_of_a_folder_is_not_its_data(stage: Stage, zone: str):
    one = stage.cases[zone]
    rest = one.torrents["rest"]
    assert (await stage.decided(rest, "files_are_missing"))["action"] == "nothing"
    await stage.ended(one.torrents["dead"], "fail")
    assert await stage.history(rest) == []
    assert (await one.client.torrent(rest.infohash) or {})["state"] == "missingFiles"


@each_zone
async def test_a_seeding_time_that_cannot_be_removes_nothing(stage: Stage, zone: str):
    one = stage.cases[zone]
    years = one.torrents["years"]
    row = await one.client.wait_for(years.infohash, lambda row: row["state"] in SEEDING)
    assert row["seeding_time"] >= THREE_YEARS
    assert (await stage.decided(years, "seeding_is_over"))["action"] == "nothing"
    await stage.ended(one.torrents["dead"], "fail")
    assert await one.client.torrent(years.infohash) is not None
    assert await stage.history(years) == []


@each_zone
@pytest.mark.parametrize("name", ["avi", "title"])
async def test_what_was_asked_for_is_imported_whatever_its_name_and_extension(stage: Stage, zone: str, name: str):
    one = stage.cases[zone]
    await stage.ended(one.torrents[name], "import")
    assert [entry["action"] for entry in await stage.history(one.torrents[name])] == ["import"]
    assert await one.client.torrent(one.torrents[name].infohash) is not None


@each_zone
async def test_a_message_of_the_arr_that_begins_as_configured_fails_the_torrent(stage: Stage, zone: str):
    refused = stage.cases[zone].torrents["refused"]
    done = await stage.ended(refused, "fail")
    assert (done["rule"], "Existing quality" in done["because"]) == ("arr_refuses_it", True)
    assert stage.scans() == []


@each_zone
async def test_a_pack_of_which_most_is_imported_stays(stage: Stage, zone: str):
    one = stage.cases[zone]
    good = [episode for episode in one.episodes if episode.file is not None]

    def all_but_one() -> bool:
        return sum(episode.file is not None for episode in one.episodes) == len(one.episodes) - 1

    await until(all_but_one, 25, lambda: f"only {len(good)} are imported")
    await stage.ended(one.torrents["dead"], "fail")
    assert {entry["action"] for entry in await stage.history(one.torrents["pack"])} <= {"import"}
    assert await one.client.torrent(one.torrents["pack"].infohash) is not None
    searches = [one.body for one in stage.sandbox.arrs["Sonarr-TV"].requests if isinstance(one.body, dict)]
    assert not [body for body in searches if body.get("name") == "EpisodeSearch"]


@each_zone
async def test_an_excluded_file_of_which_the_torrent_seeds_a_piece_is_not_to_be_deleted(stage: Stage, zone: str):
    one = stage.cases[zone]
    async with ours(one.client) as client:
        for name, deleted in (("sharing", []), ("apart", ["sample.mkv"])):
            torrent = one.torrents[name]
            await client.skip_files(torrent.infohash, [1])

            async def is_skipped(infohash: str = torrent.infohash) -> bool:
                return (await client.files(infohash))[1].priority == 0

            await until(is_skipped, 5, "a file that is not selected")
            files = deletable(torrent_files(await client.files(torrent.infohash)), RULES, torrent.name)
            assert [file.path.rpartition("/")[2] for file in files] == deleted


async def test_a_free_space_that_is_not_known_is_no_full_disk(stage: Stage, tmp_path: Path):
    client = stage.cases["qBit"].client
    nowhere = tmp_path / "nowhere" / "downloads"
    await client.post("app/setPreferences", json=json.dumps({"save_path": str(nowhere)}))
    await client.stop()
    shutil.rmtree(tmp_path / "nowhere", ignore_errors=True)
    await client.start()

    async def reported() -> int:
        state = (await client.get("sync/maindata"))["server_state"]
        return int(state["free_space_on_disk"])

    await until(reported, 10, "a free space")  # 4.5 reports 0 until it has checked
    # from 5.3 on it is that of the folder around it
    assert (await reported() < 0) is (not client.version.startswith("5.3"))
    async with ours(client) as mine:
        mirror = Mirror(lambda category: True)
        mirror.apply(await mine.maindata(0))
    assert mirror.free_bytes is None or mirror.free_bytes > 0
