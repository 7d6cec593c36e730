"""The search plan, and a search on request."""

import pytest

from qbitrr import ipc
from tests.integration.control.asking import get, post
from tests.integration.control.sample import fake_process


async def test_the_plan_of_a_category_is_shown(client):
    plan = await get(client, "/web/arr/Radarr-4K/search-plan")
    assert (plan["due"], plan["perHour"], plan["throughAt"]) == (40, 30, "2023-11-14T22:13:20Z")
    assert plan["searches"][0]["itemIds"] == [3]


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
