"""Media requests on real workers: found by their own timer, searched before everything else, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Status, WrongCredentials
from qbitrr.sandbox.services.media_requests import UserRequest
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

SECTIONS = (Section("Radarr-HD", "radarr", 60), Section("Sonarr-TV", "sonarr", 4, episodes=120))
QUICK = {"EntrySearch": {"SearchRequestsEvery": 1}}
SOON = {"Settings": {"SearchLoopDelay": 1}}  # a round that comes before the library is there is repeated soon


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS, with_requests=True, has_past=False) as running:
        running.requests.clear()
        yield running


def a_request(sandbox: Sandbox, section: str, number: int = 1) -> UserRequest:
    """A request for the last item that an Arr misses, which is late in the plan."""
    arr = sandbox.world.arrs[section]
    items: list[Any] = sorted(arr.collection.wanted(sandbox.world.now), key=lambda item: item.id)
    if section == "Radarr-HD":
        return UserRequest(number, arr, items[-1].id)
    return UserRequest(number, arr, items[-1].series_id, (items[-1].season,))


async def marked(daemon: Daemon, **query: str) -> list[Any]:
    """The titles of the movies that are requests."""
    answer = await daemon.get("/web/radarr/radarr-hd/movies", **query)
    return [movie["title"] for movie in answer["movies"] if movie["isRequest"]]


def searched(sandbox: Sandbox, section: str) -> list[list[int]]:
    """The searches of the Arr, in order."""
    requests = sandbox.stand_ins[section].requests
    bodies = [seen.body for seen in requests if seen.method == "POST" and seen.path.endswith("/command")]
    names = ("movieIds", "episodeIds")
    return [next((body[name] for name in names if name in body), [body]) for body in bodies if "Search" in body["name"]]


async def first_search(sandbox: Sandbox, daemon: Daemon, section: str) -> list[Any]:
    return (await until(lambda: searched(sandbox, section), 20, daemon.log))[0]


async def test_a_requested_movie_is_searched_first_and_its_reason_is_reported(sandbox: Sandbox, tmp_path: Path):
    request = a_request(sandbox, "Radarr-HD")
    sandbox.requests.append(request)
    config = sandbox.config_toml({**SOON, "Radarr-HD": QUICK, "Sonarr-TV": QUICK})
    async with Daemon(tmp_path / "data", config) as daemon:
        assert await first_search(sandbox, daemon, "Radarr-HD") == [request.parent_id]
        assert "requested" in daemon.log()
        title = sandbox.world.arrs["Radarr-HD"].collection.items[request.parent_id].title
        assert await marked(daemon, page_size="100") == [title]
        assert await marked(daemon, is_request="true") == [title]


async def test_only_the_season_that_was_asked_for_is_a_request(sandbox: Sandbox, tmp_path: Path):
    request = a_request(sandbox, "Sonarr-TV")
    sandbox.requests.append(request)
    async with Daemon(tmp_path / "data", sandbox.config_toml({"Sonarr-TV": QUICK})) as daemon:
        expected = {episode.id for episode in request.items()}

        async def found() -> set[int]:
            answer = await daemon.get("/web/sonarr/sonarr-tv/series", page_size="100")
            return set(_requests(answer["series"]))

        await until(found, 20, daemon.log)
        assert await found() == expected


def _requests(series: Iterable[dict[str, Any]]) -> Iterable[int]:
    for one in series:
        for season in one["seasons"].values():
            yield from (episode["id"] for episode in season["episodes"] if episode["isRequest"])


async def test_requests_that_come_later_are_found_by_the_timer_and_withdrawn_ones_disappear(
    sandbox: Sandbox, tmp_path: Path
):
    async with Daemon(tmp_path / "data", sandbox.config_toml({"Radarr-HD": QUICK})) as daemon:
        await daemon.all_running()
        request = a_request(sandbox, "Radarr-HD")
        sandbox.requests.append(request)
        await until(lambda: marked(daemon, is_request="true"), 10, daemon.log)
        request.approved = False

        async def none() -> bool:
            return not await marked(daemon, is_request="true")

        await until(none, 10, daemon.log)


async def test_ombi_is_asked_when_it_is_what_is_configured(sandbox: Sandbox, tmp_path: Path):
    request = a_request(sandbox, "Radarr-HD")
    sandbox.requests.append(request)
    table = {"SearchOmbiRequests": True, "OmbiURI": sandbox.ombi.url, "OmbiAPIKey": sandbox.ombi.api_key}
    off = {"Overseerr": {"SearchOverseerrRequests": False}}
    search = {**QUICK["EntrySearch"], **off, "Ombi": table}
    config = sandbox.config_toml({**SOON, "Radarr-HD": {"EntrySearch": search}, "Sonarr-TV": {"EntrySearch": off}})
    async with Daemon(tmp_path / "data", config) as daemon:
        assert await first_search(sandbox, daemon, "Radarr-HD") == [request.parent_id]
        assert sandbox.ombi.counts["GET /api/v1/Request/movie"]
        assert not sandbox.overseerr.counts


async def test_of_a_series_the_requested_season_is_searched_first(sandbox: Sandbox, tmp_path: Path):
    request = a_request(sandbox, "Sonarr-TV")
    sandbox.requests.append(request)
    expected = {episode.id for episode in request.items()}
    one_by_one = {"EntrySearch": {**QUICK["EntrySearch"], "SearchBySeries": "false"}}
    async with Daemon(tmp_path / "data", sandbox.config_toml({**SOON, "Sonarr-TV": one_by_one})) as daemon:
        assert set(await first_search(sandbox, daemon, "Sonarr-TV")) <= expected


async def test_a_refused_key_is_sent_once_and_blocks_nothing_else(sandbox: Sandbox, tmp_path: Path):
    await sandbox.overseerr.fail(WrongCredentials())
    sonarr_off = {"EntrySearch": {"Overseerr": {"SearchOverseerrRequests": False}}}
    config = sandbox.config_toml({**SOON, "Radarr-HD": QUICK, "Sonarr-TV": sonarr_off})
    async with Daemon(tmp_path / "data", config) as daemon:
        await first_search(sandbox, daemon, "Radarr-HD")
        worker = (await daemon.workers())["radarr-hd"]
        assert worker["waitingFor"] == "Overseerr of Radarr-HD"
        assert sandbox.overseerr.counts["GET /api/v1/request"] == 1
        assert sandbox.overseerr.api_key not in daemon.log()


async def test_what_was_asked_for_stays_while_the_source_is_down(sandbox: Sandbox, tmp_path: Path):
    sandbox.requests.append(a_request(sandbox, "Radarr-HD"))
    async with Daemon(tmp_path / "data", sandbox.config_toml({"Radarr-HD": QUICK})) as daemon:
        await until(lambda: marked(daemon, is_request="true"), 20, daemon.log)
        await sandbox.overseerr.fail(Status(502))
        count = sandbox.overseerr.counts["GET /api/v1/request"]
        await until(lambda: sandbox.overseerr.counts["GET /api/v1/request"] > count, 10, daemon.log)
        assert await marked(daemon, is_request="true")
