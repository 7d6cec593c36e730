"""Answers of each endpoint, on both prefixes."""

import os

import msgspec
import pytest

from qbitrr import ipc
from qbitrr.clock import to_iso
from qbitrr.ipc import Contradiction
from qbitrr.state import verdicts
from supervisor.lifecycle import Phase
from supervisor.worker_process import LastReport
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, HASH, NOW, TOKEN, FakeWorkers, fake_process


@pytest.mark.parametrize("path", ["/status", "/processes", "/arr", "/logs", "/decisions", "/radarr/movies/movies"])
async def test_both_prefixes_answer_the_same(client, path):
    with_token = await get(client, f"/api{path}", headers={"X-API-Token": TOKEN})
    assert with_token == await get(client, f"/web{path}")


async def test_status(client):
    assert await get(client, "/web/status") == {
        "ready": True,
        "arrs": ["movies", "new", "tv/anime", "music"],
        "incomplete": [],
    }


async def test_status_answers_before_the_workers_are_known(make_context, connect):
    async with connect(make_context(workers=FakeWorkers(ready=False))) as client:
        assert await get(client, "/web/status") == {"ready": False, "arrs": [], "incomplete": []}


async def test_status_names_what_is_to_be_filled_in(make_context, connect):
    async with connect(make_context(CONFIG.replace('APIKey = "k1"', 'APIKey = "CHANGE_ME"'))) as client:
        (missing,) = (await get(client, "/web/status"))["incomplete"]
        assert missing["key"] == "Radarr-4K.APIKey"
        assert "Radarr" in missing["needed"]


async def test_arr(client, context):
    processes = context.workers.processes
    slow = LastReport(counters=ipc.Counters(first_byte_seconds={"artist": 26.5, "album": 90.0}))
    processes["music"] = fake_process(processes["music"].config.arr, last_report=slow)
    answer = await get(client, "/web/arr")
    assert [tuple(arr.values()) for arr in answer["arr"]] == [
        ("movies", "Radarr 4K", "radarr", 2, 30, None),
        ("new", "Radarr New", "radarr", 5, 30, None),
        ("tv/anime", "Sonarr TV", "sonarr", 5, 30, None),
        ("music", "Lidarr", "lidarr", 5, 30, 90.0),
    ]
    assert list(answer["arr"][0]) == ["category", "name", "type", "searchesLeft", "searchesPerHour", "listSeconds"]
    assert answer["ready"] is True


@pytest.mark.parametrize(
    ("phase", "state"), [(Phase.BACKOFF, "starting"), (Phase.HANGING, "stopping"), (Phase.STOPPED, "stopping")]
)
async def test_the_state_is_one_of_the_reference_and_the_phase_is_exact(client, context, phase, state):
    process = context.workers.processes["movies"]
    process.state = msgspec.structs.replace(process.state, phase=phase)
    shown = (await get(client, "/web/processes"))["processes"][0]
    assert (shown["state"], shown["phase"]) == (state, phase)


async def test_one_kind_of_process_is_restarted(client, context):
    assert await post(client, "/web/processes/movies/search/restart") == {"message": "Restart triggered for movies"}
    assert context.workers.calls == [("restart", "movies")]
    async with client.post("/web/processes/movies/nothing/restart") as answer:
        assert (answer.status, "search" in (await answer.json())["error"]) == (404, True)
    async with client.post("/web/processes/unknown/search/restart") as answer:
        assert answer.status == 404


async def test_a_process_without_a_report_has_every_field(client):
    processes = (await get(client, "/web/processes"))["processes"]
    assert processes[0] == {
        "category": "movies",
        "name": "Radarr 4K Manager",
        "kind": "idle",
        "pid": None,
        "alive": False,
        "searchSummary": None,
        "searchTimestamp": None,
        "queueCount": None,
        "categoryCount": None,
        "metricType": "category",
        "state": "running",
        "phase": "running",
        "since": "2023-11-14T22:13:20Z",
        "restarts": 0,
        "lastBeat": None,
        "rss": None,
        "waitingFor": None,
        "lastError": None,
        "contradictions": [],
    }


async def test_a_process_shows_its_last_report(make_context, connect):
    report = LastReport(
        kind="search",
        search_summary="The Matrix | 1999",
        search_at=NOW,
        queue_count=5,
        category_count=120,
        waiting_for="qBit",
        last_error="qBit: connection refused",
        beat_at=NOW + 1,
    )
    context = make_context()
    arr = context.workers.processes["movies"].config.arr
    context.workers.processes["movies"] = fake_process(
        arr, last_report=report, pid=os.getpid(), restarts=2, phase=Phase.WAITING
    )
    async with connect(context) as client:
        process = (await get(client, "/web/processes"))["processes"][0]
    assert process.pop("rss") > 1_000_000
    assert process == {
        "category": "movies",
        "name": "Radarr 4K Manager",
        "kind": "search",
        "pid": os.getpid(),
        "alive": True,
        "searchSummary": "The Matrix | 1999",
        "searchTimestamp": "2023-11-14T22:13:20Z",
        "queueCount": 5,
        "categoryCount": 120,
        "metricType": "category",
        "state": "waiting",
        "phase": "waiting",
        "since": "2023-11-14T22:13:20Z",
        "restarts": 2,
        "lastBeat": "2023-11-14T22:13:21Z",
        "waitingFor": "qBit",
        "lastError": "qBit: connection refused",
        "contradictions": [],
    }


@pytest.mark.parametrize(
    ("section", "category"),
    [("movies", "movies"), ("Radarr-4K", "movies"), ("tv%2Fanime", "tv/anime"), ("tv/anime", "tv/anime")],
)
@pytest.mark.parametrize("body", [{}, {"json": {}}, {"data": b"", "headers": {"Content-Type": "application/json"}}])
async def test_restart(client, context, section, category, body):
    answer = await post(client, f"/web/arr/{section}/restart", **body)
    assert answer == {"message": f"Restart triggered for {category}"}
    assert context.workers.calls == [("restart", category)]


async def test_the_settings_of_an_arr_are_read_again(client, context):
    await post(client, "/web/arr/Radarr-4K/read-settings")
    assert context.workers.processes["movies"].sent == [ipc.ReadSettings()]
    assert (await post(client, "/web/arr/nothing/read-settings", 404))["code"] == "UNKNOWN_CATEGORY"


async def test_restart_of_something_unknown(client, context):
    assert await post(client, "/web/arr/nothing/restart", 404) == {
        "error": "Unknown category: nothing",
        "code": "UNKNOWN_CATEGORY",
    }
    assert context.workers.calls == []


async def test_a_parameter_of_the_path_is_not_overridden_by_the_body(client, context):
    await post(client, "/web/arr/movies/restart", json={"section": "music"})
    assert context.workers.calls == [("restart", "movies")]


async def test_rebuild(client, context):
    answer = await post(client, "/web/arr/rebuild")
    assert answer == {"message": "Rebuild triggered for all Arr instances"}
    assert context.workers.calls == [("rebuild",)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/web/radarr/movies/movies"),
        ("GET", "/web/sonarr/tv/series"),
        ("GET", "/web/lidarr/music/artists"),
        ("POST", "/web/arr/movies/restart"),
        ("POST", "/web/arr/rebuild"),
    ],
)
async def test_requests_before_the_workers_are_known_say_when_to_retry(make_context, connect, method, path):
    async with (
        connect(make_context(workers=FakeWorkers(ready=False))) as client,
        client.request(method, path) as response,
    ):
        assert response.status == 503
        assert (await response.json())["code"] == "NOT_READY"
        assert response.headers["Retry-After"] == "1"


async def test_decisions_are_the_newest_first(client):
    newest, *_ = decisions = (await get(client, "/web/decisions"))["decisions"]
    assert newest == {
        "id": 5,
        "category": "movies",
        "instance": "qBit",
        "hash": HASH,
        "name": "Torrent c",
        "addedAt": "2023-11-14T22:13:20Z",
        "action": "fail",
        "rule": "stalled",
        "because": "it is stalled",
        "facts": {"inactive_seconds": 901},
        "state": "done",
        "step": "planned",
        "notes": {"record_ids": [7]},
        "outcome": "blocklisted and deleted",
        "plannedAt": "2023-11-14T22:13:30Z",
        "updatedAt": "2023-11-14T22:13:40Z",
    }
    assert [decision["id"] for decision in decisions] == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("limit=2", [5, 4]),
        ("limit=0", [5]),
        ("limit=100000", [5, 4, 3, 2, 1]),
        ("category=tv/anime", [3]),
        ("category=tv/anime&limit=1", [3]),
        ("category=nothing", []),
        ("category=", [5, 4, 3, 2, 1]),
    ],
)
async def test_decisions_are_limited(client, query, ids):
    assert [decision["id"] for decision in (await get(client, f"/web/decisions?{query}"))["decisions"]] == ids


@pytest.mark.parametrize("spelling", [HASH, HASH.upper()])
async def test_explain_has_every_instance_every_rule_and_the_history(client, spelling):
    answer = await get(client, f"/web/torrents/{spelling}/explain")
    assert answer["hash"] == HASH
    first, second = answer["torrents"]
    assert (first["instance"], second["instance"]) == ("qBit", "qBit-nas")
    del first["trace"][0]
    assert first == {
        "instance": "qBit",
        "category": "movies",
        "name": "Some.Movie",
        "action": "fail",
        "rule": "stalled",
        "because": "it is stalled",
        "since": "2023-11-14T22:13:20Z",
        "measuredAt": "2023-11-14T22:13:25Z",
        "revisitAt": "2023-11-14T22:14:20Z",
        "forecast": {"action": "nothing", "rule": "seeding", "because": "it seeds"},
        "trace": [
            {"rule": "stalled", "outcome": "act", "because": "it is stalled", "facts": {"inactive_seconds": 901}}
        ],
    }
    assert [entry["id"] for entry in answer["history"]] == [5]
    assert answer["name"] == "Some.Movie"


async def test_explain_has_its_worker_judge_now_and_gives_what_is_measured_then(client, context, monkeypatch):
    worker, read = context.workers.processes["movies"], verdicts.of_torrent

    async def measured(database, infohash):
        at = NOW + 60 if worker.sent else NOW - 60
        return [msgspec.structs.replace(one, measured_at=at) for one in await read(database, infohash)]

    monkeypatch.setattr(verdicts, "of_torrent", measured)
    (first, _) = (await get(client, f"/web/torrents/{HASH}/explain"))["torrents"]
    assert ipc.Explain(HASH) in worker.sent
    assert first["measuredAt"] == to_iso(NOW + 60)


async def test_explain_of_a_torrent_that_is_gone_has_its_history(client):
    answer = await get(client, f"/web/torrents/{'1' * 40}/explain")
    assert answer["torrents"] == []
    assert [entry["category"] for entry in answer["history"]] == ["tv/anime"]


async def test_explain_of_an_unknown_torrent(client):
    assert (await get(client, "/web/torrents/beef/explain", 404))["code"] == "NOT_FOUND"


async def test_health_names_those_in_trouble(make_context, connect):
    context = make_context()
    async with connect(context) as client:
        lag = {"contradictions": {}, "tasks": {}, "loopLagSeconds": 0.001}
        assert await get(client, "/health") == {"status": "ok", "troubled": {}, "faults": 0, **lag}
        music = context.workers.processes["music"]
        context.workers.processes["music"] = fake_process(music.config.arr, phase=Phase.DEGRADED)
        troubled = {"music": "degraded"}
        assert await get(client, "/health") == {"status": "degraded", "troubled": troubled, "faults": 0, **lag}


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "203.0.113.9"}, {"Via": "1.1 proxy"}])
async def test_probes_name_no_category_to_those_who_may_not_read(make_context, connect, headers):
    context = make_context()
    async with connect(context) as client:
        assert (await get(client, "/ready", headers=headers)) == {"ready": True, "workers": {}}
        music = context.workers.processes["music"]
        context.workers.processes["music"] = fake_process(music.config.arr, phase=Phase.DEGRADED)
        health = await get(client, "/health", headers=headers)
        assert (health["status"], health["troubled"]) == ("degraded", {})
        assert (await get(client, "/ready", 503, headers=headers))["details"] == {"workers": {}}


async def test_contradictions_have_their_remedy_for_those_who_may_read(make_context, connect):
    context = make_context()
    found = (Contradiction("removes_completed", "Radarr deletes", "Switch it off", "its words"),)
    movies = context.workers.processes["movies"]
    context.workers.processes["movies"] = fake_process(movies.config.arr, last_report=LastReport(contradictions=found))
    async with connect(context) as client:
        words = {"text": "Radarr deletes", "remedy": "Switch it off", "words": "its words"}
        shown = [{"kind": "removes_completed", **words}]
        health = await get(client, "/health")
        assert (health["status"], health["contradictions"]) == ("ok", {"movies": shown})
        assert (await get(client, "/health", headers={"Via": "1.1 proxy"}))["contradictions"] == {}
        (process, *others) = (await get(client, "/web/processes"))["processes"]
        assert process["contradictions"] == shown
        assert all(other["contradictions"] == [] for other in others)


@pytest.mark.parametrize("phase", Phase)
async def test_ready_means_that_every_worker_is(make_context, connect, phase):
    context = make_context()
    music = context.workers.processes["music"]
    context.workers.processes["music"] = fake_process(music.config.arr, phase=phase)
    async with connect(context) as client:
        if phase in {"running", "waiting", "held"}:
            answer = await get(client, "/ready")
            assert answer["ready"] is True
            workers = answer["workers"]
        else:
            answer = await get(client, "/ready", 503)
            assert answer["code"] == "NOT_READY"
            workers = answer["details"]["workers"]
    assert workers == {"movies": "running", "new": "running", "tv/anime": "running", "music": phase}


async def test_not_ready_until_the_workers_are_known_but_ready_without_workers(make_context, connect):
    async with connect(make_context(workers=FakeWorkers(ready=False))) as client:
        await get(client, "/ready", 503)
    async with connect(make_context(workers=FakeWorkers(ready=True))) as client:
        assert await get(client, "/ready") == {"ready": True, "workers": {}}


@pytest.mark.parametrize("path", ["/health", "/ready", "/web/status"])
async def test_head_requests_are_answered(client, path):
    async with client.head(path) as response:
        assert (response.status, await response.read()) == (200, b"")
