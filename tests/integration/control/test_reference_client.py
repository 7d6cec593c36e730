"""The example client of the API reference works unmodified."""

import asyncio

import pytest
import requests
from aiohttp.test_utils import TestServer

from control.server import create_application
from qbitrr.update.model import Release
from tests.integration.control.reference_client import QBitrrClient
from tests.integration.control.sample import TOKEN


@pytest.fixture
async def ask(context, log_folder):
    """Call a method of the client in a thread, as it blocks."""
    (log_folder / "Main.log").write_text("".join(f"line {number}\n" for number in range(60)))
    async with TestServer(create_application(context)) as server:
        client = QBitrrClient(str(server.make_url("/")), TOKEN)

        async def ask(method, *args, **kwargs):
            return await asyncio.to_thread(getattr(client, method), *args, **kwargs)

        yield ask
        client.session.close()


async def test_status_and_processes(ask):
    assert await ask("get_status") == {"ready": True, "arrs": ["movies", "new", "tv/anime", "music"], "incomplete": []}
    assert [process["category"] for process in await ask("get_processes")] == ["movies", "new", "tv/anime", "music"]


async def test_movies_as_in_its_own_example(ask):
    movies = await ask("get_radarr_movies", "movies", has_file=False, monitored=True, year_min=1970)
    assert movies["counts"]["missing"] == 2
    assert [movie["title"] for movie in movies["movies"]] == ["Dune: Part Three", "Zardoz", "Ärger im Paradies"]


@pytest.mark.parametrize(
    "filters",
    [
        {"q": "matrix"},
        {"page": 0, "page_size": 100},
        {"year_min": 2020, "year_max": 2024},
        {"quality_met": False},
        {"is_request": True},
        {"monitored": True, "has_file": None},
    ],
)
async def test_movies_with_every_filter(ask, filters):
    movies = await ask("get_radarr_movies", "movies", **filters)
    assert movies["total"] == len(movies["movies"])


async def test_series(ask):
    series = await ask("get_sonarr_series", "tv/anime", missing=True)
    missing = {show["series"]["title"]: show["monitored"] - show["available"] for show in series["series"]}
    assert missing == {"attack on Titan": 1}
    assert (await ask("get_sonarr_series", "tv/anime", q="bebop", page=0, page_size=1))["total"] == 1


async def test_artists(ask):
    artists = await ask("get_lidarr_artists", "music", missing=True)
    assert [entry["artist"]["name"] for entry in artists["artists"]] == ["Pink Floyd"]


async def test_arrs(ask, context):
    assert [arr["type"] for arr in await ask("get_arrs")] == ["radarr", "radarr", "sonarr", "lidarr"]
    assert await ask("restart_arr", "tv/anime") == {"message": "Restart triggered for tv/anime"}
    assert await ask("rebuild_arrs") == {"message": "Rebuild triggered for all Arr instances"}
    assert context.workers.calls == [("restart", "tv/anime"), ("rebuild",)]


async def test_logs(ask):
    assert await ask("list_logs") == ["Main.log"]
    log = await ask("get_log", "Main.log", limit=50)
    assert (log["lines"], log["total_lines"], log["content"][:7]) == (50, 60, "line 0\n")
    assert (await ask("get_log", "Main.log", offset=log["lines"]))["lines"] == 10


async def test_meta_and_update(ask, context):
    assert (await ask("get_meta"))["update_available"] is False
    context.checker.available = Release("99.0.0")
    assert (await ask("get_meta", force=True))["latest_version"] == "v99.0.0"
    assert (await ask("update"))["target_version"] == "v99.0.0"
    assert (await ask("restart"))["message"] == "Restart initiated"
    assert context.commands.calls == ["restart"]


async def test_config(ask):
    assert (await ask("get_config"))["Settings"]["CompletedDownloadFolder"] == "/downloads"
    answer = await ask("update_config", {"Settings.LoopSleepTimer": 9}, ["Settings.ConsoleLevel"])
    assert answer["success"] is True
    assert (await ask("get_config"))["Settings"]["LoopSleepTimer"] == 9


async def test_its_errors_are_ours(ask):
    with pytest.raises(requests.HTTPError) as caught:
        await ask("get_radarr_movies", "invalid-category")
    assert caught.value.response.json() == {
        "error": "Unknown radarr category: invalid-category",
        "code": "UNKNOWN_CATEGORY",
    }
