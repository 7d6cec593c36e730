"""Commands to the daemon over HTTP, and the evidence of abnormal ends."""

from datetime import UTC, datetime

import pytest

from supervisor.evidence import Ending, Evidence


@pytest.mark.parametrize(
    ("path", "call"), [("processes/restart", "renew"), ("processes/dump", "dump"), ("restart", "restart")]
)
async def test_commands_are_passed_on(client, context, path, call):
    response = await client.post(f"/web/{path}")
    assert response.status == 200
    assert (await response.json())["message"]
    assert context.commands.calls == [call]


async def test_a_reload_answers_what_it_did(client):
    response = await client.post("/web/reload")
    assert await response.json() == {
        "applied": {"started": [], "stopped": [], "restarted": [], "unchanged": ["movies"]},
        "afterRestart": ["WebUI.Port"],
    }


def ending(**changes):
    facts = {
        "category": "movies", "at": datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "pid": 4711, "how": "signal SIGKILL",
        "because": None, "phase": "running", "ran_seconds": 1.5, "operation": "torrents", "progress": 3, "errors": 0,
        "beat_seconds_ago": 0.5, "waiting_for": None, "last_error": None, "peak_bytes": 1 << 20,
        "process_state": None, "config": "abc", "version": "1",
    }  # fmt: skip
    return Ending(**{**facts, **changes})


async def test_evidence_is_found_by_category_and_by_section(client, context, tmp_path):
    stacks = tmp_path / "stacks"
    stacks.write_text("Current thread")
    with stacks.open("rb") as file:
        await Evidence(context.config_reload.files.evidence, None, str).keep(ending(), file.fileno())
    for name in ("movies", "Radarr-4K"):
        (bundle,) = (await (await client.get(f"/web/processes/{name}/evidence")).json())["evidence"]
        assert bundle["how"] == "signal SIGKILL"
        assert bundle["at"] == "2024-01-02T03:04:05Z"
        assert bundle["stack"] == "Current thread"
        assert bundle["ranSeconds"] == 1.5
    assert (await (await client.get("/web/processes/tv%2Fanime/evidence")).json()) == {"evidence": []}
    assert (await client.get("/web/processes/unknown/evidence")).status == 404
