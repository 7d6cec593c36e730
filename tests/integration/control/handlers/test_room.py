"""The dry run of what goes for space, as its worker answers it."""

import pytest
from msgspec.structs import replace

from qbitrr import ipc
from qbitrr.clock import to_iso
from tests.integration.control.asking import get
from tests.integration.control.sample import HASH, NOW, answering, fake_process

SEED = ipc.RoomSeed("qBit", HASH, "Some.Movie", True, "it may go", 9, 8, True, 11, 0.5, NOW)
KEPT = replace(SEED, infohash="b" * 40, goes=False, because="its ratio is below MinSeedRatio", frees_bytes=None)
UNKNOWN = replace(KEPT, other_seeders=None, upload_per_day=None)
PLAN = ipc.RoomPlan(1, True, "", "Other.Movie", 5, 8, 3, 27, True, (SEED, KEPT, UNKNOWN))


def worker(context, *answers):
    arr = context.workers.processes["movies"].config.arr
    ask = answering(*answers)
    context.workers.processes["movies"] = fake_process(arr, **({"ask": ask} if answers else {}))
    return ask.asked


async def test_rows_are_those_of_the_worker_and_not_known_is_null(client, context):
    asked = worker(context, PLAN)
    found = await get(client, "/web/arr/Radarr-4K/room")
    assert asked == [ipc.PlanRoom(1, 0)]
    first, kept, unknown = found["rows"]
    assert first == {
        "hash": HASH,
        "instance": "qBit",
        "name": "Some.Movie",
        "goes": True,
        "because": "it may go",
        "sizeBytes": 9,
        "freesBytes": 8,
        "superseded": True,
        "otherSeeders": 11,
        "uploadPerDay": 0.5,
        "completedAt": to_iso(NOW)[:19] + "Z",
    }
    assert (kept["goes"], kept["because"], kept["freesBytes"]) == (False, "its ratio is below MinSeedRatio", None)
    assert (unknown["otherSeeders"], unknown["uploadPerDay"]) == (None, None)
    assert (found["category"], found["download"], found["lacksBytes"], found["freesBytes"]) == (
        "movies",
        "Other.Movie",
        5,
        8,
    )
    assert (found["enabled"], found["stopped"], found["lookedUp"]) == (True, "", True)
    assert (found["seeds"], found["sizeBytes"]) == (3, 27)


@pytest.mark.parametrize(
    ("query", "size"), [("", 0), ("?bytes=0", 0), ("?bytes=1", 1), (f"?bytes={2**53 - 1}", 2**53 - 1)]
)
async def test_it_is_for_so_many_bytes(client, context, query, size):
    asked = worker(context, PLAN)
    await get(client, f"/web/arr/movies/room{query}")
    assert asked == [ipc.PlanRoom(1, size)]


@pytest.mark.parametrize(
    ("size", "constraint"),
    [
        ("-1", "Must be at least 0"),
        (str(2**53), "Must be at most 9007199254740991"),
        ("1.5", "Must be an integer"),
        ("x", "Must be an integer"),
    ],
)
async def test_what_is_no_size_is_refused(client, context, size, constraint):
    asked = worker(context, PLAN)
    answer = await get(client, f"/web/arr/movies/room?bytes={size}", 400)
    assert answer["details"] == {"parameter": "bytes", "value": size, "constraint": constraint}
    assert asked == []


async def test_a_worker_that_has_no_plan_says_why(client, context):
    worker(context, ipc.RoomPlan(1, True, error="qBit does not answer"))
    answer = await get(client, "/web/arr/movies/room", 503)
    assert (answer["code"], answer["error"]) == ("NOT_READY", "qBit does not answer")
    worker(context)
    assert (await get(client, "/web/arr/movies/room", 503))["error"] == "The worker of movies did not answer in time"
    assert (await get(client, "/web/arr/nothing/room", 404))["code"] == "UNKNOWN_CATEGORY"
