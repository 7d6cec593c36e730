"""All that happened to a torrent, whoever did it, in one order."""

import pytest

from qbitrr import ipc
from qbitrr.clock import to_iso
from qbitrr.rules.facts import TorrentKey
from qbitrr.state import ledger, torrents, verdicts
from qbitrr.state.database import open_writer
from qbitrr.state.torrents import LastSeen, StoredTorrent
from qbitrr.state.verdicts import StoredVerdict
from tests.integration.control.asking import get
from tests.integration.control.sample import HASH, NOW, answering, fake_process

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


async def test_an_unknown_torrent(client):
    assert (await get(client, "/web/torrents/beef/timeline", 404))["code"] == "NOT_FOUND"
