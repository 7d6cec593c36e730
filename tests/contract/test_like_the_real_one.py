"""The stand-in of qBittorrent answers as the real program does: same fields, types, statuses, texts."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support import versions
from tests.support.qbittorrent import QbittorrentNox
from tests.support.torrents import make_torrent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [versions.each, pytest.mark.asyncio(loop_scope="module")]

STALLED = "stalledDL"


class Instance:
    """A qBittorrent, real or not, with one category `radarr` and one stalled torrent with metadata."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url, self.user, self.password = url, user, password
        self.session = aiohttp.ClientSession(url, cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.infohash = ""

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.session.request(method, f"/api/v2/{path}", **options) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text())

    async def log_in(self, password: str | None = None) -> tuple[int, Any]:
        fields = {"username": self.user, "password": password or self.password}
        return await self.ask("POST", "auth/login", data=fields)

    async def find(self) -> None:
        _, rows = await self.ask("GET", "torrents/info?filter=stalled_downloading")
        self.infohash = rows[0]["hash"]


@asynccontextmanager
async def real_one(program: Path, folder: Path) -> AsyncIterator[tuple[QbittorrentNox, Instance]]:
    torrent = make_torrent(
        folder / "elsewhere", "Nobody.Has.This", {"a.mkv": 100_000}, announce="http://127.0.0.1:9/announce"
    )
    async with QbittorrentNox(program, folder / "qbittorrent") as qbittorrent:
        await qbittorrent.create_category("radarr", qbittorrent.downloads / "radarr")
        await qbittorrent.add(torrent.data, category="radarr", tags="x,y")
        await qbittorrent.wait_for_state(torrent.infohash, STALLED)
        instance = Instance(qbittorrent.url, qbittorrent.username, qbittorrent.password)
        async with instance.session:
            yield qbittorrent, instance


@asynccontextmanager
async def stand_in(version: str) -> AsyncIterator[Instance]:
    async with Sandbox([Section("Radarr", "radarr", 120)], qbittorrent_version=version) as sandbox:
        logins = sandbox.qbittorrent.logins
        instance = Instance(sandbox.qbittorrent.url, logins.user, logins.password)
        sandbox.world.client.tags.add("x")
        async with instance.session:
            yield instance


@asynccontextmanager
async def real_and_stand_in(program: Path, folder: Path) -> AsyncIterator[tuple[Instance, Instance]]:
    async with real_one(program, folder) as (qbittorrent, real), stand_in(qbittorrent.version) as other:
        for instance in (real, other):
            await instance.log_in()
            await instance.find()
        yield real, other


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(
    qbittorrent_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Instance, Instance]]:
    """Both for all tests of this module that only read."""
    async with real_and_stand_in(qbittorrent_binary, tmp_path_factory.mktemp("both")) as pair:
        yield pair


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(qbittorrent_binary: Path, tmp_path: Path) -> AsyncIterator[tuple[Instance, Instance]]:
    """Both for one test that changes something."""
    async with real_and_stand_in(qbittorrent_binary, tmp_path) as pair:
        yield pair


def shape(value: Any) -> Any:
    """The names in an answer and the JSON types of their values; whole numbers may stand for broken ones."""
    match value:
        case dict():
            return {name: shape(inner) for name, inner in value.items()}
        case bool() | None | str():
            return type(value)
        case int() | float():
            return float
        case _:
            return list


async def test_torrents_have_the_same_fields(both):
    real, standin = [
        (await instance.ask("GET", f"torrents/info?hashes={instance.infohash}"))[1][0] for instance in both
    ]
    assert shape(standin) == shape(real)


async def test_main_data_has_the_same_fields(both):
    real, standin = [(await instance.ask("GET", "sync/maindata"))[1] for instance in both]
    assert shape(standin["torrents"][both[1].infohash]) == shape(real["torrents"][both[0].infohash])
    assert shape(standin["server_state"]) == shape(real["server_state"])
    assert shape(standin["categories"]["radarr"]) == shape(real["categories"]["radarr"])
    assert set(standin) == set(real)


async def test_without_a_change_there_is_only_the_number(both):
    for instance in both:
        _, first = await instance.ask("GET", "sync/maindata")
        _, second = await instance.ask("GET", f"sync/maindata?rid={first['rid']}")
        _, repeated = await instance.ask("GET", f"sync/maindata?rid={first['rid']}")
        _, odd = await instance.ask("GET", "sync/maindata?rid=777")
        assert "full_update" not in second | repeated
        assert odd["full_update"] is True
        assert (second["rid"], repeated["rid"]) == (first["rid"] + 1, first["rid"] + 2)


@pytest.mark.parametrize("path", ["torrents/files", "torrents/trackers"])
async def test_details_have_the_same_fields(both, path):
    real, standin = [(await instance.ask("GET", f"{path}?hash={instance.infohash}"))[1] for instance in both]
    for one, other in zip(standin, real, strict=False):
        assert shape(one) == shape(other)


@pytest.mark.parametrize("path", ["torrents/categories", "torrents/tags", "transfer/info"])
async def test_the_rest_has_the_same_fields(both, path):
    real, standin = [(await instance.ask("GET", path))[1] for instance in both]
    if path == "torrents/categories":
        real, standin = real["radarr"], standin["radarr"]
    assert shape(standin) == shape(real)


async def test_versions_are_the_same(both):
    for path in ("app/version", "app/webapiVersion"):
        real, standin = [await instance.ask("GET", path) for instance in both]
        assert standin == real


REQUESTS: list[tuple[str, str, dict[str, str] | None]] = [
    ("GET", "torrents/files", None),
    ("GET", "torrents/files?hash=zz", None),
    ("GET", "torrents/trackers?hash=zz", None),
    ("GET", "torrents/info?category=nope", None),
    ("GET", "torrents/info?hashes=zz", None),
    ("GET", "torrents/info?sort=nonsense", None),
    ("GET", "torrents/delete", None),
    ("GET", "torrents/nonsense", None),
    ("GET", "auth/login", None),
    ("POST", "torrents/delete", {}),
    ("POST", "torrents/delete", {"hashes": "zz"}),
    ("POST", "torrents/delete", {"hashes": "zz", "deleteFiles": "true"}),
    ("POST", "torrents/pause", {"hashes": "zz"}),
    ("POST", "torrents/resume", {"hashes": "zz"}),
    ("POST", "torrents/stop", {"hashes": "zz"}),
    ("POST", "torrents/start", {"hashes": "zz"}),
    ("POST", "torrents/recheck", {"hashes": "zz"}),
    ("POST", "torrents/createCategory", {"category": "radarr", "savePath": ""}),
    ("POST", "torrents/createCategory", {"category": ""}),
    ("POST", "torrents/createCategory", {"category": "new"}),
    ("POST", "torrents/setCategory", {"hashes": "", "category": ""}),
    ("POST", "torrents/setCategory", {"hashes": "zz", "category": "nope"}),
    ("POST", "torrents/setCategory", {"hashes": "{hash}", "category": "nope"}),
    ("POST", "torrents/setCategory", {"hashes": "{hash}", "category": ""}),
    ("POST", "torrents/createTags", {"tags": "q"}),
    ("POST", "torrents/deleteTags", {"tags": "q"}),
    ("POST", "torrents/addTags", {"hashes": "zz", "tags": "a,b"}),
    ("POST", "torrents/addTags", {"hashes": "zz"}),
    ("POST", "torrents/removeTags", {"hashes": "zz", "tags": "a"}),
    ("POST", "torrents/removeTags", {"hashes": "zz"}),
    ("POST", "torrents/filePrio", {"hash": "{hash}", "id": "0", "priority": "0"}),
    ("POST", "torrents/filePrio", {"hash": "{hash}", "id": "70", "priority": "0"}),
    ("POST", "torrents/filePrio", {"hash": "{hash}", "id": "x", "priority": "0"}),
    ("POST", "torrents/filePrio", {"hash": "{hash}", "id": "0", "priority": "9"}),
    ("POST", "torrents/filePrio", {"hash": "zz", "id": "0", "priority": "0"}),
    ("POST", "torrents/setDownloadLimit", {"hashes": "zz", "limit": "1000"}),
    ("POST", "torrents/setUploadLimit", {"hashes": "zz", "limit": "1000"}),
    ("POST", "torrents/setUploadLimit", {"hashes": "{hash}", "limit": "0"}),
    ("POST", "torrents/addTrackers", {"hash": "zz", "urls": "http://a.example/announce"}),
    ("POST", "torrents/addTrackers", {"hash": "{hash}", "urls": "http://a.example/announce\nudp://b.example:1"}),
    ("POST", "torrents/addTrackers", {"hash": "{hash}"}),
    ("POST", "torrents/removeTrackers", {"hash": "zz", "urls": "http://a.example/announce"}),
    ("POST", "torrents/removeTrackers", {"hash": "{hash}", "urls": "http://a.example/announce|udp://b.example:1"}),
    ("POST", "torrents/removeTrackers", {"hash": "{hash}", "urls": "http://none.example/announce"}),
    ("POST", "torrents/setSuperSeeding", {"hashes": "zz", "value": "true"}),
    ("POST", "torrents/topPrio", {"hashes": "zz"}),
    ("POST", "torrents/setShareLimits", {"hashes": "zz", "ratioLimit": "2", "seedingTimeLimit": "90"}),
]


async def test_statuses_and_texts_are_the_same(fresh):
    for method, path, form in REQUESTS:
        found = []
        for instance in fresh:
            fields = form and {name: value.replace("{hash}", instance.infohash) for name, value in form.items()}
            found.append(await instance.ask(method, path, data=fields))
        assert found[1] == found[0], (method, path, form)


async def test_logging_in_and_being_banned_goes_the_same_way(fresh):
    real, standin = [await login_story(instance) for instance in fresh]
    assert standin == real


async def login_story(known: Instance) -> list[Any]:
    """Every answer to a client that is not logged in at first, logs in and out, and guesses until it is banned."""
    instance = Instance(known.url, known.user, known.password)
    async with instance.session as session, aiohttp.ClientSession(known.url) as stranger:
        story = [await instance.ask("GET", "app/version"), await instance.log_in()]
        story += [cookie.key.replace(known.url.rpartition(":")[2], "PORT") for cookie in session.cookie_jar]
        story += [await instance.ask("POST", "auth/logout"), await instance.ask("GET", "app/version")]
        await instance.log_in()
        for _ in range(7):
            async with stranger.post("/api/v2/auth/login", data={"username": "admin", "password": "x"}) as answer:
                story.append((answer.status, await answer.text()))
        return [*story, await instance.log_in()]
