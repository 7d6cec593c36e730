"""`meta` and `update`: versions, and who may start an update."""

import pytest

from qbitrr import __version__
from qbitrr.update.check import WAIT_SECONDS, Known
from qbitrr.update.installation import Installation
from qbitrr.update.record import UpdateOutcome
from qbitrr.update.releases import Release
from tests.integration.control.asking import get, post
from tests.integration.control.sample import NOW


async def test_nothing_newer(client):
    assert await get(client, "/web/meta") == {
        "current_version": f"v{__version__}",
        "latest_version": f"v{__version__}",
        "update_available": False,
        "changelog": "",
        "changelog_url": "",
        "repository_url": "",
        "last_checked": "2023-11-14T22:13:20Z",
        "update_state": {"in_progress": False, "last_result": None, "last_error": None, "completed_at": None},
        "installation": "venv",
    }


async def test_a_newer_version_and_a_failed_update(client, context):
    context.checker.available = Release("99.1.0")
    context.checker.known = Known(Release("99.1.0"), "# New", "https://x.example", NOW)
    context.self_update.outcome = UpdateOutcome(last_result="failed", last_error="pip failed", completed_at=NOW)
    about = await get(client, "/web/meta?force=True")
    assert (about["latest_version"], about["update_available"], about["changelog"]) == ("v99.1.0", True, "# New")
    assert about["update_state"] == {
        "in_progress": False, "last_result": "failed", "last_error": "pip failed",
        "completed_at": "2023-11-14T22:13:20Z",
    }  # fmt: skip
    assert context.checker.forced == 1


async def test_an_index_that_does_not_answer_is_reported_without_an_error(client, context):
    context.checker.known = Known(error="no answer")
    about = await get(client, "/web/meta")
    assert (about["error"], about["last_checked"], about["update_available"]) == ("no answer", None, False)


async def test_what_is_known_is_answered_without_waiting_for_a_check(client, context):
    await get(client, "/web/meta?at_once=true")
    await get(client, "/web/meta")
    assert context.checker.waited == [0.0, WAIT_SECONDS]


async def test_an_update_is_started_once(client, context):
    assert (await post(client, "/web/update"))["message"] == "Already on latest version"
    context.checker.available = Release("99.1.0")
    assert await post(client, "/web/update") == {
        "message": "Update initiated", "current_version": f"v{__version__}", "target_version": "v99.1.0"
    }  # fmt: skip
    assert context.self_update.started == [Release("99.1.0")]
    async with client.post("/web/update") as second:
        assert second.status == 409
        assert await second.json() == {"error": "Update already in progress", "code": "UPDATE_IN_PROGRESS"}


async def test_a_release_that_is_refused_is_no_answer_that_all_is_well(client, context):
    context.checker.known = Known(error="the manifest is not signed")
    async with client.post("/web/update") as answer:
        assert answer.status == 409
        assert "the manifest is not signed" in (await answer.json())["error"]
    assert context.self_update.started == []


async def test_what_cannot_update_itself_says_what_to_do(client, context):
    context.checker.available = Release("99.1.0")
    context.self_update.installation = Installation(
        "pipx", "/x", obstacle="it was installed by pipx", command="pipx up"
    )
    async with client.post("/web/update") as answer:
        assert answer.status == 409
        error = await answer.json()
    assert error["code"] == "NOT_UPDATABLE"
    assert "pipx up" in error["error"]


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "203.0.113.9"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_outside_clients_and_foreign_pages_start_none(client, context, headers):
    context.checker.available = Release("99.1.0")
    async with client.post("/web/update", headers=headers) as answer:
        assert answer.status in (401, 403)
    assert context.self_update.started == []
