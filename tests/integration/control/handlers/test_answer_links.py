"""Links in messages: they answer without a login, once, what they are for and nothing else, under all guards."""

import asyncio
from collections import Counter

import msgspec
import pytest

from control.auth import answer_links, throttle
from control.auth.answer_links import fingerprint
from qbitrr import ipc
from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.state import breakers, ledger
from qbitrr.state.database import open_reader, open_writer
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, NOW, TOKEN, UNDOABLE, waiting_for_approval

LOCKED = f'{CONFIG}[WebUI]\nWebAccess = "token"\nPublicURL = "https://qbitrr.example.org/q"\n'
OUTSIDE = {"Host": "qbitrr.example.org", "X-Forwarded-For": "203.0.113.9"}


@pytest.fixture
async def asking(monkeypatch, database):
    """Has the ledger know the sample action as one that a rule asks about."""
    entry = await ledger.get(database, UNDOABLE)

    async def get_asked(_database, _id):
        return msgspec.structs.replace(entry, state="awaiting_approval", notes={"asked": True, "tracker": "t.example"})

    def ask():
        monkeypatch.setattr(ledger, "get", get_asked)

    return ask


@pytest.fixture
def locked(make_context):
    return make_context(LOCKED)


@pytest.fixture
async def outside(locked, connect):
    """A client without a credential, from outside, as a phone is."""
    async with connect(locked) as client:
        client.session.headers.update(OUTSIDE)
        yield client


def link_of(context, purpose="undo", subject=str(UNDOABLE)):
    (link,) = context.answer_links.issue((subject,), [purpose])
    return link


def sent(context):
    return context.workers.processes["movies"].sent


async def test_a_link_undoes_once_without_a_login(outside, locked):
    await get(outside, "/web/status", 401)
    link = link_of(locked)
    assert await post(outside, "/answer", json={"link": link}) == {"message": f"Undoing action {UNDOABLE} on Torrent 5"}
    assert "answered" in (await post(outside, "/answer", 409, json={"link": link}))["error"]
    assert "answered" in (await post(outside, "/answer/read", 409, json={"link": link}))["error"]
    assert sent(locked) == [ipc.Undo(UNDOABLE)]
    await get(outside, "/web/status", 401)  # it logs no one in


@pytest.mark.parametrize(("purpose", "do"), [("do", True), ("leave", False)])
async def test_a_link_gives_the_answer_that_it_is_for_and_no_other(outside, locked, asking, purpose, do):
    asking()
    do_link, leave_link = locked.answer_links.issue((str(UNDOABLE),), ["do", "leave"])
    given, other = (do_link, leave_link) if do else (leave_link, do_link)
    body = {"link": given, "purpose": "undo", "answer": "leave" if do else "do", "always": True, "id": "2"}
    await post(outside, "/answer", json=body)
    await post(outside, "/answer", 409, json={"link": other})
    assert sent(locked) == [ipc.Decide(UNDOABLE, do)]


async def test_what_is_read_is_what_it_is_for_and_nothing_is_done(outside, locked):
    link = link_of(locked)
    for _ in range(3):
        read = await post(outside, "/answer/read", json={"link": link})
    assert read == {
        "purpose": "undo",
        "action": "fail",
        "name": "Torrent 5",
        "category": "movies",
        "because": "it is stalled",
        "endsAt": "2023-11-17T22:13:20Z",
        "number": 0,
    }
    assert sent(locked) == []


async def test_a_program_that_previews_links_changes_nothing_and_learns_nothing(outside, locked):
    """It opens the address, which is all that it gets: what follows the # stays in the browser. It may also guess."""
    link = link_of(locked)
    for method, path in (
        ("GET", "/ui/answer.html"),
        ("HEAD", "/ui/answer.html"),
        ("GET", f"/ui/answer.html?link={link}"),
        ("GET", f"/answer?link={link}"),
        ("HEAD", "/answer"),
        ("GET", "/answer/read"),
    ):
        async with outside.request(method, path) as response:
            body = await response.text()
            assert response.status == (200 if path.startswith("/ui/") else 405), path
            assert response.headers["Content-Security-Policy"].startswith("default-src 'self'; base-uri 'none';")
            assert "Torrent 5" not in body
    assert sent(locked) == []
    await post(outside, "/answer", json={"link": link})


async def test_two_clicks_at_once_are_one_answer(outside, locked):
    link = link_of(locked)

    async def click():
        async with outside.post("/answer", json={"link": link}) as response:
            return response.status

    assert Counter(await asyncio.gather(*(click() for _ in range(6)))) == {200: 1, 409: 5}
    assert sent(locked) == [ipc.Undo(UNDOABLE)]


async def test_an_expired_link_answers_nothing(make_context, connect):
    now = NOW
    context = make_context(LOCKED, clock=Clock(wall=lambda: now, monotonic=lambda: 0.0))
    link = link_of(context)
    now += answer_links.LIFETIME_SECONDS
    async with connect(context) as client:
        for path in ("/answer", "/answer/read"):
            assert "expired" in (await post(client, path, 409, json={"link": link}))["error"]
    assert sent(context) == []


async def test_a_link_that_was_changed_answers_nothing_and_is_counted_as_a_guess(outside, locked):
    link = link_of(locked)
    changed = ("b" if link[0] == "a" else "a") + link[1:]
    for number in range(throttle.MOST):
        answer = await post(outside, ("/answer", "/answer/read")[number % 2], 401, json={"link": changed})
        assert answer["code"] == "UNAUTHORIZED"
    for path in ("/answer", "/answer/read"):
        assert (await post(outside, path, 429, json={"link": link}))["code"] == "TOO_MANY_ATTEMPTS"
    assert sent(locked) == []


@pytest.mark.parametrize("body", [{}, {"link": 7}, {"link": None}, {"link": "a" * 1001}])
async def test_what_is_no_link_is_no_request(outside, body):
    await post(outside, "/answer", 400, json=body)


async def test_answers_by_links_are_limited(outside, locked):
    links = [link_of(locked) for _ in range(throttle.MOST_REQUESTS + 1)]
    for link in links[:-1]:
        await post(outside, "/answer", json={"link": link})
    assert (await post(outside, "/answer", 429, json={"link": links[-1]}))["code"] == "TOO_MANY_REQUESTS"
    assert len(sent(locked)) == throttle.MOST_REQUESTS


async def test_all_guards_of_an_undo_count_and_the_link_stays_good_until_it_is_done(make_context, connect):
    context = make_context(LOCKED.replace("[Settings]", "[Settings]\nShadow = true"))
    async with connect(context) as client:
        link = link_of(context)
        assert "Shadow is on" in (await post(client, "/answer", 409, json={"link": link}))["error"]
        context.config_reload.loaded = load_text(LOCKED, {})
        context.self_update.on_probation = True
        assert "prove itself" in (await post(client, "/answer", 409, json={"link": link}))["error"]
        context.self_update.on_probation = False
        running = context.workers.processes["movies"].send
        context.workers.processes["movies"].send = lambda _: False
        assert (await post(client, "/answer", 503, json={"link": link}))["code"] == "NOT_READY"
        context.workers.processes["movies"].send = running
        assert sent(context) == []
        await post(client, "/answer", json={"link": link})
        assert sent(context) == [ipc.Undo(UNDOABLE)]


@pytest.mark.parametrize("purpose", ["do", "leave"])
async def test_what_asks_no_more_takes_no_answer(outside, locked, purpose):
    assert "does not wait" in (await post(outside, "/answer", 409, json={"link": link_of(locked, purpose)}))["error"]
    assert sent(locked) == []


async def test_held_removals_are_kept_while_they_are_those_of_the_message(
    filled_state, tmp_path, make_context_over, connect
):
    copy = tmp_path / "copy.db"
    copy.write_bytes(filled_state.read_bytes())
    why = "11 deletions in an hour"
    async with open_writer(copy) as writer, open_reader(copy) as reader:
        await breakers.write(writer, "movies", why, NOW)
        context = make_context_over(reader, LOCKED)
        waiting_for_approval(context)
        first, second = (context.answer_links.issue(("movies", fingerprint(why)), ["discard"])[0] for _ in range(2))
        async with connect(context) as client:
            read = await post(client, "/answer/read", json={"link": first})
            assert (read["purpose"], read["category"], read["because"], read["number"]) == ("discard", "movies", why, 0)
            assert sent(context) == []
            await post(client, "/answer", json={"link": first})
            assert sent(context) == [ipc.Discard()]
            for other in (None, "12 deletions in an hour"):
                await breakers.write(writer, "movies", other, NOW)
                for path in ("/answer", "/answer/read"):
                    assert "decided already" in (await post(client, path, 409, json={"link": second}))["error"]
        assert sent(context) == [ipc.Discard()]


async def test_what_is_gone_is_not_found(outside, locked):
    for path in ("/answer", "/answer/read"):
        await post(outside, path, 404, json={"link": link_of(locked, subject="99")})


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}],
)
async def test_another_site_gives_no_answer_with_a_link(outside, locked, headers):
    await post(outside, "/answer", 403, json={"link": link_of(locked)}, headers=headers)
    assert sent(locked) == []


async def test_the_audit_trail_has_the_answer_and_not_the_link(outside, locked):
    link = link_of(locked)
    await post(outside, "/answer", json={"link": link})
    await post(outside, "/answer", 409, json={"link": link})
    entries = (await get(outside, "/api/audit", headers={"Authorization": f"Bearer {TOKEN}"}))["entries"]
    assert [(one["action"], one["subject"], one["proof"], one["outcome"]) for one in entries] == [
        ("POST /answer", "undo, 1", "link in a message", "CONFLICT"),
        ("POST /answer", "undo, 1", "link in a message", "done"),
    ]
    assert link not in str(entries)
