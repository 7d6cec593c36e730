"""Answers about a complete download that its Arr does not import."""

from contextlib import asynccontextmanager

import pytest

from control.auth.answer_links import fingerprint
from qbitrr import ipc
from qbitrr.rules.torrents.completed import LEFT_BY_USER
from qbitrr.state import verdicts
from qbitrr.state.database import open_reader, open_writer
from tests.integration.control.asking import get, post
from tests.integration.control.sample import NOW, waiting_for_approval

TORRENT = "9" * 40
REFUSED = 'it is complete, but the Arr refuses it: "Sample"'


@pytest.fixture
def judged(filled_state, tmp_path, make_context_over, connect):
    """Opens a client of a daemon that has judged a torrent, with its context."""

    @asynccontextmanager
    async def opened(rule="arr_refuses_it", because=REFUSED):
        copy = tmp_path / "copy.db"
        copy.write_bytes(filled_state.read_bytes())
        stored = verdicts.StoredVerdict("movies", "qBit", TORRENT, "A.Movie", "nothing", rule, because, [], NOW)
        async with open_writer(copy) as database:
            await verdicts.store(database, [stored])
        async with open_reader(copy) as database:
            context = make_context_over(database)
            waiting_for_approval(context)
            async with connect(context) as client:
                client.links = context.answer_links
                yield client, context.workers.processes["movies"].sent

    return opened


def answer(choice="import", because=REFUSED, **changes):
    return {"section": "movies", "instance": "qBit", "hash": TORRENT, "answer": choice, "because": because} | changes


@pytest.mark.parametrize("choice", ["import", "blocklist", "leave"])
async def test_an_answer_goes_to_the_worker_with_the_reason_it_is_about(judged, choice):
    async with judged() as (client, sent):
        (entry,) = (one for one in (await get(client, "/web/inbox"))["entries"] if one["matter"] == "import")
        assert (entry["answers"], entry["instance"]) == (["import", "blocklist", "leave"], "qBit")
        await post(client, "/web/imports/answer", json=answer(choice, entry["text"]))
        assert sent == [ipc.AnswerImport("qBit", TORRENT, choice, REFUSED)]


@pytest.mark.parametrize(
    ("purpose", "choice"), [("import", "import"), ("blocklist", "blocklist"), ("leave_import", "leave")]
)
async def test_a_link_in_a_message_answers_about_the_reason_that_it_had(judged, purpose, choice):
    async with judged() as (client, sent):
        about = ("movies", "qBit", TORRENT, fingerprint(REFUSED))
        first, other = client.links.issue(about, [purpose, "leave_import"])
        read = await post(client, "/answer/read", json={"link": first})
        assert (read["name"], read["action"], read["because"]) == ("A.Movie", "", REFUSED)
        assert sent == []
        await post(client, "/answer", json={"link": first})
        await post(client, "/answer", 409, json={"link": other})
        assert sent == [ipc.AnswerImport("qBit", TORRENT, choice, REFUSED)]


@pytest.mark.parametrize(
    ("about", "status"),
    [
        (("movies", "qBit", TORRENT, fingerprint("another reason")), 409),
        (("new", "qBit", TORRENT, fingerprint(REFUSED)), 404),
        (("movies", "qBit-nas", TORRENT, fingerprint(REFUSED)), 404),
        (("movies", "qBit", "8" * 40, fingerprint(REFUSED)), 404),
    ],
)
async def test_a_link_about_what_is_judged_otherwise_by_now_answers_nothing(judged, about, status):
    async with judged() as (client, sent):
        (link,) = client.links.issue(about, ["blocklist"])
        await post(client, "/answer/read", status, json={"link": link})
        await post(client, "/answer", status, json={"link": link})
        assert sent == []


async def test_a_link_gives_no_answer_that_the_reason_does_not_allow(judged):
    unknown = "it is complete, but the Arr does not know it"
    async with judged("not_in_queue", unknown) as (client, sent):
        (link,) = client.links.issue(("movies", "qBit", TORRENT, fingerprint(unknown)), ["blocklist"])
        await post(client, "/answer", 409, json={"link": link})
        assert sent == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (answer(because="something else"), 409, "CONFLICT"),
        (answer(hash="8" * 40), 404, "NOT_FOUND"),
        (answer(instance="qBit-nas"), 404, "NOT_FOUND"),
        (answer(section="nothing"), 404, "UNKNOWN_CATEGORY"),
        (answer("delete"), 400, "VALIDATION_ERROR"),
        (answer(hash="../x"), 400, "VALIDATION_ERROR"),
    ],
)
async def test_what_is_no_answer(judged, body, status, code):
    async with judged() as (client, sent):
        assert (await post(client, "/web/imports/answer", status, json=body))["code"] == code
        assert sent == []


@pytest.mark.parametrize(
    ("rule", "because", "allowed"),
    [
        ("arr_refuses_the_rest", 'the Arr imported a part of it, and leaves the rest to the user: "x"', 3),
        ("arr_has_it", 'it is complete, but the Arr waits for the user: "x"', 3),
        ("arr_has_it", "the Arr is importing it", 0),
        ("not_in_queue", "it is complete, but the Arr counts the download as failed", 1),
        ("imported", "it has the tag of an imported one, but the Arr has not imported it: remove the tag", 0),
        ("imported", "it has been imported", 0),
        ("answered_by_user", LEFT_BY_USER, 3),
        ("answered_by_user", "the user answered to blocklist it, but another qBittorrent holds the same torrent", 0),
        ("stalled", "no byte came", 0),
    ],
)
async def test_only_safe_answers_are_taken(judged, rule, because, allowed):
    choices = ("leave", "import", "blocklist")
    async with judged(rule, because) as (client, sent):
        for at, choice in enumerate(choices):
            status = 200 if at < allowed else 409
            await post(client, "/web/imports/answer", status, json=answer(choice, because))
        assert [one.choice for one in sent] == list(choices[:allowed])


async def test_what_was_left_is_not_in_the_inbox(judged):
    async with judged("answered_by_user", LEFT_BY_USER) as (client, _):
        assert [one for one in (await get(client, "/web/inbox"))["entries"] if one["matter"] == "import"] == []
