"""The search plan, and a search on request."""

import asyncio

import pytest

from control.handlers import searches as handler
from qbitrr import ipc
from qbitrr.state import searches
from qbitrr.state.database import open_writer
from qbitrr.state.searches import StoredPause
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, NOW, PLAN, TOKEN, fake_process


async def test_the_plan_of_a_category_is_shown(client):
    plan = await get(client, "/web/arr/Radarr-4K/search-plan")
    assert (plan["due"], plan["perHour"], plan["throughAt"]) == (40, 30, "2023-11-14T22:13:20Z")
    assert plan["searches"][0]["itemIds"] == [3]
    assert plan["restingSeasons"] == []
    assert plan["queryLimits"] == [{"name": "One", "limit": 100, "windowSeconds": 86400.0, "used": 60}]
    assert plan["leftOut"] == {"with a tag of ExcludeTags": 2}
    assert (plan["pausedAt"], plan["pausedBy"]) == (None, None)


async def test_the_budget_that_is_left_is_shown(client):
    """Overdrawn by two; ten minutes have passed since by the clock that counts, which fill four and a third."""
    assert (await get(client, "/web/arr/Radarr-4K/search-plan"))["left"] == 2


async def test_without_a_plan_it_says_so(client):
    assert (await get(client, "/web/arr/music/search-plan", 503))["code"] == "NOT_READY"
    assert (await get(client, "/web/arr/nothing/search-plan", 404))["code"] == "UNKNOWN_CATEGORY"


async def test_items_are_searched_by_the_worker(client, context):
    arr = context.workers.processes["movies"].config.arr
    worker = context.workers.processes["movies"] = fake_process(arr)
    await post(client, "/web/arr/movies/search", json={"ids": [1, 2]})
    assert worker.sent == [ipc.SearchNow((1, 2))]


@pytest.mark.parametrize("ids", [[], [0], ["a"], list(range(1, 102))])
async def test_unusable_ids_are_refused(client, ids):
    await post(client, "/web/arr/movies/search", 400, json={"ids": ids})


@pytest.fixture
async def stored(make_context_over, filled_state, tmp_path):
    """A context over a state file that the worker of `movies` writes to, and that worker."""
    path = tmp_path / "own" / "state.db"
    path.parent.mkdir()
    path.write_bytes(filled_state.read_bytes())
    async with open_writer(path) as database:
        context = make_context_over(database)
        tasks = []

        def send(message):
            pause = StoredPause(NOW, message.by) if message.paused else None
            tasks.append(asyncio.ensure_future(searches.store_pause(database, "movies", pause)))
            return True

        context.workers.processes["movies"] = fake_process(context.workers.processes["movies"].config.arr, send=send)
        yield context
        await asyncio.gather(*tasks)


async def test_searches_are_paused_and_resumed(stored, connect):
    async with connect(stored) as client:
        answer = await post(client, "/web/arr/movies/search-pause", json={"paused": True})
        assert answer["message"] == "Searches of movies are paused"
        plan = await get(client, "/web/arr/movies/search-plan")
        assert plan["pausedAt"] == "2023-11-14T22:13:20Z"
        assert plan["pausedBy"]
        await post(client, "/web/arr/movies/search-pause", json={"paused": False})
        assert (await get(client, "/web/arr/movies/search-plan"))["pausedAt"] is None
        audit = await get(client, "/api/audit", headers={"X-API-Token": TOKEN})
        assert [entry["subject"] for entry in audit["entries"][:2]] == ["resume", "pause"]


async def test_a_pause_that_no_worker_stores_is_no_success(client, context, monkeypatch):
    monkeypatch.setattr(handler, "_PATIENCE_SECONDS", -1.0)
    answer = await post(client, "/web/arr/movies/search-pause", 503, json={"paused": True})
    assert answer["code"] == "NOT_READY"
    assert context.workers.processes["movies"].sent[0].paused
    await post(client, "/web/arr/movies/search-pause", 400, json={})


@pytest.fixture
async def searched_in_vain(make_context_over, filled_state, tmp_path):
    """A context whose clock the test moves, over a state file with a season that was searched in vain."""
    path = tmp_path / "own" / "state.db"
    path.parent.mkdir()
    path.write_bytes(filled_state.read_bytes())
    async with open_writer(path) as database:
        ((series, season),) = await database.rows(
            "SELECT series_id, season_number FROM episodes WHERE category = 'tv/anime' AND monitored AND released"
            " AND NOT has_file LIMIT 1"
        )
        row = ("tv/anime", series, season, None, None, NOW - 86400.0)
        await database.write("INSERT INTO season_searches VALUES (?, ?, ?, ?, ?, ?)", row)
        yield make_context_over(database), season


async def test_seasons_that_rest_are_listed_until_they_are_searched_again(searched_in_vain, connect):
    context, season = searched_in_vain
    await searches.store_plan(context.database, "tv/anime", PLAN)
    async with connect(context) as client:
        (resting,) = (await get(client, "/web/arr/Sonarr-TV/search-plan"))["restingSeasons"]
        assert resting["season"] == season
        assert resting["until"] == "2023-11-27T22:13:20Z"  # 13 days later
        async with client.get("/metrics") as response:
            assert 'qbitrr_search_seasons_resting{category="tv/anime"} 1.0' in await response.text()
        await context.database.write("UPDATE season_searches SET empty_at = ?", (NOW - 14 * 86400.0,))
        assert (await get(client, "/web/arr/Sonarr-TV/search-plan"))["restingSeasons"] == []


async def test_a_neighbour_in_the_network_pauses_nothing(make_context, connect):
    context = make_context('[WebUI]\nTrustedProxies = ["127.0.0.1"]\n' + CONFIG)
    async with connect(context) as client:
        stranger = {"X-Forwarded-For": "192.168.1.9"}
        await post(client, "/web/arr/movies/search-pause", 403, json={"paused": True}, headers=stranger)
