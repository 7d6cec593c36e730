"""The user's decisions on removals, and the list of decisions."""

from typing import get_args

import msgspec
import pytest

from control.handlers import decisions
from qbitrr import ipc
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.verdict import ActionState
from qbitrr.state import answers, ledger
from qbitrr.state.database import open_reader, open_writer
from tests.integration.control.asking import get, post
from tests.integration.control.sample import NOW, UNDOABLE, waiting_for_approval


@pytest.mark.parametrize(("word", "message"), [("approve", ipc.Approve()), ("discard", ipc.Discard())])
@pytest.mark.parametrize("section", ["movies", "Radarr-4K"])
async def test_waiting_removals_are_decided(client, context, word, message, section):
    worker = waiting_for_approval(context)
    assert "movies" in (await post(client, f"/web/arr/{section}/{word}"))["message"]
    assert worker.sent == [message]


@pytest.mark.parametrize("word", ["approve", "discard"])
async def test_nothing_is_decided_when_no_removals_wait(client, context, word):
    assert (await post(client, f"/web/arr/movies/{word}", 409))["code"] == "CONFLICT"
    assert (await post(client, f"/web/arr/nothing/{word}", 404))["code"] == "UNKNOWN_CATEGORY"
    assert context.workers.processes["movies"].sent == []


async def test_a_worker_that_does_not_run_is_reported(client, context):
    waiting_for_approval(context).send = lambda message: False
    assert (await post(client, "/web/arr/movies/approve", 503))["code"] == "NOT_READY"


async def test_undo_is_sent_to_the_worker_of_the_action(client, context):
    answer = await post(client, f"/web/actions/{UNDOABLE}/undo")
    assert answer == {"message": f"Undoing action {UNDOABLE} on Torrent 5"}
    assert context.workers.processes["movies"].sent == [ipc.Undo(UNDOABLE)]


@pytest.mark.parametrize(
    ("action", "status", "says"), [("5", 409, "Settings.Quarantine"), ("99", 404, "no action 99"), ("x", 400, "id")]
)
async def test_what_cannot_be_undone_says_why(client, context, action, status, says):
    assert says in (await post(client, f"/web/actions/{action}/undo", status))["error"]
    assert context.workers.processes["movies"].sent == []


async def test_nothing_is_undone_while_a_new_version_has_to_prove_itself(client, context):
    """Its workers are replaced at the end of that, and forget what they could not do."""
    context.self_update.on_probation = True
    assert "prove itself" in (await post(client, f"/web/actions/{UNDOABLE}/undo", 409))["error"]
    assert context.workers.processes["movies"].sent == []


@pytest.mark.parametrize(("answer", "do"), [("do", True), ("leave", False)])
async def test_an_answer_is_sent_to_the_worker_of_the_action_that_asks(client, context, undone_entry, answer, do):
    undone_entry(state="awaiting_approval", notes={"asked": True})
    assert "Torrent 5" in (await post(client, f"/web/actions/{UNDOABLE}/answer", json={"answer": answer}))["message"]
    assert context.workers.processes["movies"].sent == [ipc.Decide(UNDOABLE, do)]


async def test_an_answer_for_good_is_about_the_tracker(client, context, undone_entry):
    undone_entry(state="awaiting_approval", notes={"asked": True, "tracker": "tracker.example"})
    body = {"answer": "leave", "always": True}
    assert "tracker.example" in (await post(client, f"/web/actions/{UNDOABLE}/answer", json=body))["message"]
    assert context.workers.processes["movies"].sent == [ipc.Decide(UNDOABLE, do=False, always=True)]


async def test_without_a_tracker_nothing_is_answered_for_good(client, context, undone_entry):
    undone_entry(state="awaiting_approval", notes={"asked": True, "tracker": ""})
    body = {"answer": "do", "always": True}
    assert (await post(client, f"/web/actions/{UNDOABLE}/answer", 409, json=body))["code"] == "CONFLICT"
    assert context.workers.processes["movies"].sent == []


async def test_answers_for_good_are_listed_and_forgotten(filled_state, tmp_path, make_context_over, connect):
    copy = tmp_path / "copy.db"
    copy.write_bytes(filled_state.read_bytes())
    async with open_writer(copy) as database:
        await answers.store(database, answers.StoredAnswer("movies", "stalled", "tracker.example", True, NOW))
    async with open_reader(copy) as database:
        context = make_context_over(database)
        async with connect(context) as client:
            (one,) = (await get(client, "/web/answers"))["answers"]
            assert (one["category"], one["rule"], one["tracker"], one["answer"]) == (
                "movies",
                "stalled",
                "tracker.example",
                "do",
            )
            which = {"section": "movies", "rule": "stalled", "tracker": "tracker.example"}
            waiting_for_approval(context)
            await post(client, "/web/answers/forget", json=which)
            assert context.workers.processes["movies"].sent == [ipc.ForgetAnswer("stalled", "tracker.example")]
            await post(client, "/web/answers/forget", 404, json=which | {"tracker": "another.example"})


@pytest.mark.parametrize("fields", [{"state": "awaiting_approval", "notes": {}}, {"notes": {"asked": True}}])
async def test_what_does_not_ask_takes_no_answer(client, context, undone_entry, fields):
    undone_entry(**fields)
    assert (await post(client, f"/web/actions/{UNDOABLE}/answer", 409, json={"answer": "do"}))["code"] == "CONFLICT"
    assert context.workers.processes["movies"].sent == []


@pytest.fixture
async def undone_entry(context, monkeypatch):
    """Has the ledger know the action that can be undone with other fields."""
    entry = await ledger.get(context.database, UNDOABLE)

    def changed(**fields):
        async def get_changed(_database, _id):
            return msgspec.structs.replace(entry, **fields)

        monkeypatch.setattr(ledger, "get", get_changed)

    return changed


IN_QUARANTINE = {"until": NOW + 60, "torrent_file": None}


@pytest.mark.parametrize("step", ["quarantining", "quarantined", "quarantine is over"])
async def test_what_is_in_quarantine_is_undone_also_without_its_file(client, context, undone_entry, step):
    undone_entry(state="planned", step=step, notes=IN_QUARANTINE)
    await post(client, f"/web/actions/{UNDOABLE}/undo")
    assert context.workers.processes["movies"].sent == [ipc.Undo(UNDOABLE)]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"state": "awaiting_approval"}, "awaiting_approval"),
        ({"state": "cancelled"}, "cancelled"),
        ({"state": "failed"}, "failed"),
        ({"state": "undone"}, "undone"),
        ({"action": "import"}, "import that is done"),
        ({"state": "planned", "step": "planned", "notes": {}}, "no quarantine"),
        ({"state": "planned", "step": "blocklisting", "notes": IN_QUARANTINE}, "being carried out"),
        ({"state": "planned", "step": "deleting", "notes": IN_QUARANTINE}, "being carried out"),
        ({"notes": IN_QUARANTINE}, "no .torrent file"),
        ({"notes": {"torrent_file": "gone.torrent"}}, "no longer kept"),
        ({"key": TorrentKey("qBit-gone", "5" * 40)}, "qBit-gone is not configured"),
    ],
)
async def test_an_undo_that_could_come_to_nothing_is_refused(client, context, undone_entry, fields, says):
    undone_entry(**fields)
    answer = await post(client, f"/web/actions/{UNDOABLE}/undo", 409)
    assert answer["code"] == "CONFLICT"
    assert says in answer["error"]
    assert context.workers.processes["movies"].sent == []


async def test_a_decision_has_the_states_of_the_ledger(client, context):
    entry = await ledger.get(context.database, UNDOABLE)
    schema = (await get(client, "/web/openapi.json"))["components"]["schemas"]["Decision"]["properties"]["state"]
    assert set(schema["enum"]) == {*get_args(ActionState), "would"}
    for state in get_args(ActionState):
        assert decisions.decision(msgspec.structs.replace(entry, state=state)).state == state


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("state=done", [5, 1]),
        ("state=planned&category=movies", [4, 2]),
        ("rule=stalled&limit=2", [5, 4]),
        ("rule=slow", []),
        ("action=fail&before=3", [2, 1]),
        ("action=import", []),
        ("since=2023-11-14T22:13:22Z", [5, 4]),
        ("until=2023-11-14T22:13:20Z", [1]),
    ],
)
async def test_decisions_are_found(client, query, ids):
    assert [decision["id"] for decision in (await get(client, f"/web/decisions?{query}"))["decisions"]] == ids


async def test_all_pages_together_are_all_decisions(client):
    ids, before = [], 1000
    while before is not None:
        page = await get(client, f"/web/decisions?limit=2&before={before}")
        ids += [decision["id"] for decision in page["decisions"]]
        before = page["next"]
    assert ids == [5, 4, 3, 2, 1]


async def test_a_text_that_is_no_time_is_refused(client):
    answer = await get(client, "/web/decisions?since=yesterday", 400)
    assert answer["details"]["parameter"] == "since"


async def test_decisions_that_shadow_kept_from_being_done(client):
    second, first = (await get(client, "/web/decisions?shadow=true&category=movies"))["decisions"]
    assert (first["state"], first["outcome"], first["facts"]) == ("would", None, {"strikes": 3})
    assert second["outcome"] == "it left its client all the same at 2023-11-14T22:14:20Z"
    assert (await get(client, "/web/decisions?shadow=true&rule=slow"))["decisions"] == []
