"""Metrics: what Prometheus reads, and that docs and dashboard name nothing else."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from qbitrr import ipc
from qbitrr.rules.facts import TorrentKey
from qbitrr.state import room, torrents, verdicts
from qbitrr.state.database import open_reader, open_writer
from qbitrr.state.room import SpaceNeed
from qbitrr.state.torrents import LastSeen, StoredTorrent
from qbitrr.state.verdicts import StoredVerdict
from supervisor.lifecycle import Phase
from supervisor.worker_process import LastReport
from tests.integration.control.asking import post
from tests.integration.control.sample import NOW, fake_process

DOCS = Path(__file__).parents[4] / "docs"


async def families(client):
    async with client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain")
        text = await response.text()
    return {family.name: family.samples for family in text_string_to_metric_families(text)}


def value(samples, **labels):
    (found,) = [sample.value for sample in samples if labels.items() <= sample.labels.items()]
    return found


async def test_workers_actions_and_catalogues_have_metrics(client, context):
    report = LastReport(
        beat_at=NOW - 3,
        queue_count=7,
        category_count=9,
        errors=2,
        counters=ipc.Counters({"Radarr-4K": (5, 1, 2.5)}, first_byte_seconds={"movie": 26.5}),
    )
    processes = context.workers.processes
    processes["movies"] = fake_process(
        processes["movies"].config.arr, last_report=report, restarts=4, phase=Phase.DEGRADED
    )
    found = await families(client)
    assert value(found["qbitrr_worker_state"], category="movies", state="degraded") == 1
    assert value(found["qbitrr_worker_state"], category="movies", state="running") == 0
    assert value(found["qbitrr_worker_restarts"], category="movies") == 4
    assert value(found["qbitrr_worker_beat_age_seconds"], category="movies") == 3
    assert value(found["qbitrr_service_requests"], category="movies", service="Radarr-4K") == 5
    assert value(found["qbitrr_service_requests_failed"], category="movies") == 1
    assert value(found["qbitrr_service_requests_seconds"], category="movies") == 2.5
    assert value(found["qbitrr_list_first_byte_seconds"], category="movies", list="movie") == 26.5
    assert value(found["qbitrr_actions"], category="movies", rule="stalled", state="done") == 2
    assert value(found["qbitrr_catalogue_items"], category="movies", kind="radarr") == 7
    assert value(found["qbitrr_loop_lag_seconds"]) == 0.001


async def test_a_removed_section_is_forgotten(client, context):
    del context.workers.processes["movies"]
    found = await families(client)
    reported = {name for name, samples in found.items() for one in samples if one.labels.get("category") == "movies"}
    assert reported == set()
    assert value(found["qbitrr_actions"], category="tv/anime", rule="stalled", state="planned") == 1


async def test_what_is_left_of_the_search_budgets_has_a_metric(client):
    found = await families(client)
    left, per_hour = found["qbitrr_search_budget"], found["qbitrr_search_budget_per_hour"]
    # ten minutes later, at the rate that remains besides the five at once
    assert value(left, category="movies") == pytest.approx(-2 + 600 * (30 - 5 + 1) / 3600)
    assert value(left, category="music") == 5
    assert value(left, category="") == 10
    assert value(per_hour, category="music") == 30
    assert value(per_hour, category="") == 60


async def test_what_waits_for_space_has_metrics_while_it_is_known(make_context_over, connect, tmp_path, filled_state):
    path = tmp_path / "state.db"
    path.write_bytes(filled_state.read_bytes())
    need = SpaceNeed("qBit", "1" * 40, 1.0, "8:1", 0, 100, 5, NOW)
    needs = [need, msgspec.structs.replace(need, disk="8:2", lacks_bytes=20)]
    async with open_writer(path) as database:
        await room.publish(database, "qBit", needs)
        await room.publish(database, "qBit-old", [msgspec.structs.replace(need, instance="qBit-old", at=NOW - 61)])
    async with open_reader(path) as database, connect(make_context_over(database)) as client:
        found = await families(client)
    assert value(found["qbitrr_space_waiting_downloads"], instance="qBit") == 1
    assert value(found["qbitrr_space_lacking_bytes"], instance="qBit") == 120
    assert [one.labels["instance"] for one in found["qbitrr_space_lacking_bytes"]] == ["qBit"]


@pytest.mark.parametrize(("ago", "number"), [(86400, 1), (86401, 0)])
async def test_what_left_without_us_within_a_day_has_metrics(
    make_context_over, connect, tmp_path, filled_state, ago, number
):
    path = tmp_path / "state.db"
    path.write_bytes(filled_state.read_bytes())
    key = TorrentKey("qBit", "9" * 40)
    async with open_writer(path) as database:
        verdict = StoredVerdict("movies", *key, "A.Film", "nothing", "young", "it is young", [], NOW - 90000)
        await torrents.save(database, "movies", StoredTorrent, [StoredTorrent(*key, NOW - 90000, "movies")])
        await verdicts.store(database, [verdict])
        await torrents.forget(database, "movies", [key], NOW - ago, {key: LastSeen(NOW - ago - 5, "uploading")})
    async with open_reader(path) as database, connect(make_context_over(database)) as client:
        found = await families(client)
    assert value(found["qbitrr_torrents_left_without_us"], category="movies") == number
    assert value(found["qbitrr_torrents_left_without_us"], category="music") == 0
    assert value(found["qbitrr_compared_torrents"], category="movies", kind="only_theirs") == number


async def test_messages_and_calls_of_assistants_are_counted(client, context):
    context.messages.count("mailto", "failed")
    context.messages.count("mailto", "sent")
    for arguments in ({}, {"category": "nothing"}):
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "explain_worker_ends"}}
        message["params"]["arguments"] = {"category": "movies", **arguments}
        await post(client, "/web/mcp", json=message)
    found = await families(client)
    assert value(found["qbitrr_notifications"], kind="mailto", outcome="sent") == 1
    assert value(found["qbitrr_notifications"], kind="mailto", outcome="failed") == 1
    assert value(found["qbitrr_assistant_calls"], tool="explain_worker_ends") == 2
    assert value(found["qbitrr_assistant_calls_failed"], tool="explain_worker_ends") == 1


async def test_dashboard_and_alerts_speak_of_metrics_that_exist(client):
    known = set()
    for name, samples in (await families(client)).items():
        known |= {name, *(sample.name for sample in samples), f"{name}_total"}
    for file in ("monitoring/grafana-dashboard.json", "monitoring/alerts.yml"):
        text = (DOCS / file).read_text()
        named = set(re.findall(r"qbitrr_\w+", text))
        assert named, file
        assert named <= known, file
    json.loads((DOCS / "monitoring/grafana-dashboard.json").read_text())


async def test_every_metric_is_in_the_docs(client):
    documented = set(re.findall(r"`(qbitrr_\w+)`", (DOCS / "metrics.md").read_text()))
    assert documented == set(await families(client))


async def test_queries_of_indexers_have_a_metric_with_their_limit(client):
    found = await families(client)
    assert value(found["qbitrr_search_indexer_queries"], category="movies", indexer="One") == 60
    assert value(found["qbitrr_search_indexer_query_limit"], category="movies", indexer="One") == 100
    assert value(found["qbitrr_search_items_again"], category="movies") == 0
