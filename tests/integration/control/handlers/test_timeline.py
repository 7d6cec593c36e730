"""All that happened to a torrent, whoever did it, in one order."""

import pytest

from control.auth.roles import Author, Caller
from qbitrr import ipc
from qbitrr.clock import to_iso
from qbitrr.errors import ConflictError
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.history import DISCARDED
from qbitrr.state import ledger, torrents, verdicts
from qbitrr.state.database import open_writer
from qbitrr.state.torrents import LastSeen, StoredTorrent
from qbitrr.state.verdicts import StoredVerdict
from tests.integration.control.asking import get
from tests.integration.control.sample import HASH, NOW, answering, decision, fake_process

EVENTS = (
    ipc.TorrentEvent("arr", "grabbed", NOW - 3600, text="Some.Movie"),
    ipc.TorrentEvent("qbittorrent", "added", NOW - 3599, "qBit"),
    ipc.TorrentEvent("qbittorrent", "completed", NOW - 60, "qBit"),
    ipc.TorrentEvent("arr", "downloadFolderImported", NOW + 11, text="Some.Movie"),
)


def answers_with(context, *answers):
    arr = context.workers.processes["movies"].config.arr
    context.workers.processes["movies"] = fake_process(arr, ask=answering(*answers))


@pytest.mark.parametrize("spelling", [HASH, HASH.upper()])
async def test_what_all_three_did_comes_in_the_order_of_time(client, context, spelling):
    answers_with(context, ipc.TorrentEvents(1, EVENTS))
    timeline = await get(client, f"/web/torrents/{spelling}/timeline")
    assert [(event["actor"], event["kind"]) for event in timeline["events"]] == [
        ("arr", "grabbed"),
        ("qbittorrent", "added"),
        ("qbittorrent", "completed"),
        ("qbitrr", "fail"),
        ("arr", "downloadFolderImported"),
    ]
    ours = timeline["events"][3]
    assert (ours["decision"]["rule"], ours["text"]) == ("stalled", "it is stalled")
    assert ours["at"] == to_iso(NOW + 10)[:19] + "Z"
    assert timeline["missing"] == []


async def test_what_is_missing_is_said(client, context):
    answers_with(context, ipc.TorrentEvents(1, (), "Radarr-4K does not answer"))
    timeline = await get(client, f"/web/torrents/{HASH}/timeline")
    assert timeline["missing"] == [{"category": "movies", "error": "Radarr-4K does not answer"}]
    assert [event["actor"] for event in timeline["events"]] == ["qbitrr"]
    context.workers.processes["movies"] = fake_process(context.workers.processes["movies"].config.arr)
    timeline = await get(client, f"/web/torrents/{HASH}/timeline")
    assert timeline["missing"][0]["error"] == "its worker did not answer in time"


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (LastSeen(), "A.Film"),
        (LastSeen(NOW - 5, "stalledDL"), "A.Film, seen last as stalledDL"),
        (LastSeen(NOW - 5, "stalledDL", "tv"), "A.Film, seen last as stalledDL, moved to the category 'tv'"),
    ],
)
async def test_one_that_left_without_us_says_so(make_context_over, connect, tmp_path, filled_state, seen, text):
    path = tmp_path / "state.db"
    path.write_bytes(filled_state.read_bytes())
    infohash = "9" * 40
    async with open_writer(path) as database:
        await torrents.save(database, "movies", StoredTorrent, [StoredTorrent("qBit", infohash, NOW - 500, "movies")])
        await verdicts.store(
            database, [StoredVerdict("movies", "qBit", infohash, "A.Film", "nothing", "young", "it is young", [], NOW)]
        )
        key = TorrentKey("qBit", infohash)
        await torrents.forget(database, "movies", [key], NOW, {key: seen})
        assert await ledger.of_torrent(database, infohash) == []
        context = make_context_over(database)
        answers_with(context, ipc.TorrentEvents(1))
        async with connect(context) as client:
            timeline = await get(client, f"/web/torrents/{infohash}/timeline")
            explained = await get(client, f"/web/torrents/{infohash}/explain")
    assert (explained["torrents"], explained["history"]) == ([], [])
    (event,) = timeline["events"]
    assert (event["actor"], event["kind"], event["instance"]) == ("qbittorrent", "left", "qBit")
    assert event["text"] == text


@pytest.mark.parametrize(
    ("action", "subject", "kind"),
    [
        ("POST /web/actions/{id}/undo", "", "undo"),
        ("POST /api/actions/{id}/answer", "do, always", "do"),
        ("POST /answer", "undo, {id}", "undo"),
        ("POST /web/imports/answer", f"import, {HASH.upper()}", "import"),
        ("POST /answer", f"leave_import, movies, qBit, {HASH}, abc", "leave"),
    ],
)
async def test_what_the_user_answered_is_in_it(client, context, action, subject, kind):
    answers_with(context, ipc.TorrentEvents(1))
    (entry,) = await ledger.of_torrent(context.database, HASH)
    author = Author("192.0.2.7", Caller.CREDENTIAL, "token")
    async with context.audit.entry(author, action.format(id=entry.id), subject.format(id=entry.id)):
        pass
    events = (await get(client, f"/web/torrents/{HASH}/timeline"))["events"]
    assert [(one["actor"], one["kind"], one["hash"]) for one in events if one["actor"] == "user"] == [
        ("user", kind, HASH)
    ]
    assert "192.0.2.7" not in str(events)


async def test_what_was_approved_or_discarded_is_in_it(make_context_over, connect, tmp_path, filled_state):
    path = tmp_path / "state.db"
    path.write_bytes(filled_state.read_bytes())
    hashes = {"approve": "9" * 40, "discard": "8" * 40, "leave": "7" * 40}
    async with open_writer(path) as database:
        for infohash in hashes.values():
            await ledger.plan(database, decision("books", infohash, {}), {}, NOW - 50, state="awaiting_approval")
        (dropped,), (left,) = [await ledger.of_torrent(database, hashes[one]) for one in ("discard", "leave")]
        await ledger.close(database, dropped, "cancelled", DISCARDED, NOW - 20)
        await ledger.close(database, left, "cancelled", "it is too young", NOW - 20)
        await ledger.approve(database, "books", NOW - 10)
        async with connect(make_context_over(database)) as client:
            found = {
                one: (await get(client, f"/web/torrents/{each}/timeline"))["events"] for one, each in hashes.items()
            }
    by_user = {one: [event["kind"] for event in events if event["actor"] == "user"] for one, events in found.items()}
    assert by_user == {"approve": ["approve"], "discard": ["discard"], "leave": []}
    assert [one["at"] for one in found["approve"]] == [to_iso(NOW - 50)[:19] + "Z", to_iso(NOW - 10)[:19] + "Z"]


@pytest.mark.parametrize(
    ("action", "subject"),
    [
        ("POST /web/actions/{id}0/undo", ""),
        ("POST /web/imports/answer", f"import, {'5' * 40}"),
        ("POST /web/orphans/answer", "leave, {id}"),
        ("POST /answer", "discard, movies, abc"),
    ],
)
async def test_what_was_answered_about_something_else_is_not(client, context, action, subject):
    answers_with(context, ipc.TorrentEvents(1))
    (entry,) = await ledger.of_torrent(context.database, HASH)
    author = Author("192.0.2.7", Caller.CREDENTIAL, "token")
    async with context.audit.entry(author, action.format(id=entry.id), subject.format(id=entry.id)):
        pass
    assert [one["actor"] for one in (await get(client, f"/web/torrents/{HASH}/timeline"))["events"]] == ["qbitrr"]


async def test_an_answer_that_was_refused_is_not(client, context):
    answers_with(context, ipc.TorrentEvents(1))
    (entry,) = await ledger.of_torrent(context.database, HASH)
    with pytest.raises(ConflictError):
        async with context.audit.entry(
            Author("192.0.2.7", Caller.CREDENTIAL, "token"), f"POST /web/actions/{entry.id}/undo"
        ):
            raise ConflictError("nothing to undo")
    assert [one["actor"] for one in (await get(client, f"/web/torrents/{HASH}/timeline"))["events"]] == ["qbitrr"]


async def test_all_downloads_of_an_item_are_in_its_timeline(make_context_over, connect, tmp_path, filled_state):
    """What the Arr names, what only our ledger knows, what left without us, and a deleted file; nothing of others."""
    path = tmp_path / "state.db"
    path.write_bytes(filled_state.read_bytes())
    left, known, other = ("9" * 40, "8" * 40, "7" * 40)
    async with open_writer(path) as database:
        for infohash, items in ((known, [7]), (other, [8])):
            await ledger.plan(database, decision("movies", infohash, {}), {"item_ids": items}, NOW - 50)
        await torrents.save(database, "movies", StoredTorrent, [StoredTorrent("qBit", left, NOW - 500, "movies")])
        await verdicts.store(
            database, [StoredVerdict("movies", "qBit", left, "A.Film", "nothing", "young", "it is young", [], NOW)]
        )
        await torrents.forget(database, "movies", [TorrentKey("qBit", left)], NOW - 20, {})
        context = make_context_over(database)
        answers_with(
            context,
            ipc.TorrentEvents(
                1,
                (
                    ipc.TorrentEvent("arr", "grabbed", NOW - 400, infohash=left),
                    ipc.TorrentEvent("qbittorrent", "added", NOW - 399, "qBit", infohash=left),
                    ipc.TorrentEvent("arr", "movieFileDeleted", NOW - 10, text="a.mkv"),
                ),
            ),
        )
        async with connect(context) as client:
            timeline = await get(client, "/web/arr/movies/items/7/timeline")
    assert [(one["actor"], one["kind"], one["hash"][:1]) for one in timeline["events"]] == [
        ("arr", "grabbed", "9"),
        ("qbittorrent", "added", "9"),
        ("qbitrr", "fail", "8"),
        ("qbittorrent", "left", "9"),
        ("arr", "movieFileDeleted", ""),
    ]
    assert timeline["missing"] == []


async def test_the_timeline_of_an_item_says_what_is_missing(client, context):
    answers_with(context, ipc.TorrentEvents(1, error="Radarr-4K does not answer"))
    timeline = await get(client, "/web/arr/movies/items/999/timeline")
    assert timeline == {"events": [], "missing": [{"category": "movies", "error": "Radarr-4K does not answer"}]}
    await get(client, "/web/arr/nothing/items/7/timeline", 404)
    await get(client, "/web/arr/movies/items/x/timeline", 400)


async def test_an_unknown_torrent(client):
    assert (await get(client, "/web/torrents/beef/timeline", 404))["code"] == "NOT_FOUND"
