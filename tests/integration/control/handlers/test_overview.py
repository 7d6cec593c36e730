"""What the overview shows: what waits for the user, every qBittorrent, counts per day; and the list of torrents."""

from datetime import UTC, datetime
from types import SimpleNamespace

import msgspec
import pytest

from qbitrr import ipc
from qbitrr.clock import Clock
from qbitrr.state import breakers, free_space, ledger, verdicts
from qbitrr.state.database import open_reader, open_writer
from qbitrr.worker.report import STATE_FILE
from supervisor.lifecycle import Phase, State
from supervisor.worker_process import LastReport
from tests.integration.control.asking import get
from tests.integration.control.sample import CONFIG, HASH, NOW, FakeChecker, decision


def worker(context, category, phase=Phase.RUNNING, since=NOW, **report):
    process = context.workers.processes[category]
    process.state = State(phase=phase)
    process.phase_since = since
    process.last_report = LastReport(**report)
    return process


# -- inbox --------------------------------------------------------------------------------------------------------


async def test_nothing_waits_for_the_user(client):
    assert await get(client, "/web/inbox") == {"entries": []}


async def test_workers_in_trouble_and_services_that_are_away(make_context, connect):
    context = make_context()
    worker(context, "movies", Phase.DEGRADED, last_error="it was killed")
    worker(context, "tv/anime", Phase.WAITING, NOW - 61, waiting_for="Sonarr-TV", last_error="refused")
    worker(context, "music", Phase.WAITING, NOW - 59, waiting_for="Lidarr", last_error="refused")
    async with connect(context) as client:
        entries = (await get(client, "/web/inbox"))["entries"]
    assert [(entry["matter"], entry["category"], entry["text"]) for entry in entries] == [
        ("worker", "movies", "it was killed"),
        ("service", "tv/anime", "refused"),
    ]
    assert entries[1]["name"] == "Sonarr-TV"


async def test_a_refused_key_is_to_be_corrected(make_context, connect):
    context = make_context()
    worker(context, "movies", Phase.HELD, waiting_for="Radarr-4K", last_error="the API key was not accepted")
    worker(context, "music", Phase.HELD, waiting_for="qBit", last_error="the password was not accepted")
    worker(context, "tv/anime", Phase.HELD, waiting_for="Sonarr-TV.EntrySearch", last_error="no such profile")
    async with connect(context) as client:
        entries = (await get(client, "/web/inbox"))["entries"]
    assert [(entry["matter"], entry["category"], entry["name"]) for entry in entries] == [
        ("credentials", "movies", "Radarr-4K"),
        ("worker", "tv/anime", "held"),
        ("credentials", "music", "qBit"),
    ]
    assert entries[0]["remedy"] == "Correct APIKey of Radarr-4K"
    assert "Password" in entries[2]["remedy"]


async def test_a_refused_key_of_prowlarr_is_to_be_corrected(make_context, connect):
    context = make_context()
    worker(context, "movies", Phase.HELD, waiting_for="Prowlarr", last_error="the API key was not accepted")
    async with connect(context) as client:
        (entry,) = (await get(client, "/web/inbox"))["entries"]
    assert (entry["matter"], entry["remedy"]) == ("credentials", "Correct APIKey of Prowlarr")


async def test_disks_that_cannot_be_read_or_written(make_context, connect):
    context = make_context()
    worker(context, "movies", Phase.WAITING, NOW - 61, waiting_for=STATE_FILE, last_error="disk is full")
    worker(context, "music", concerns=(ipc.Concern("disk", "qBit", "It cannot be read", "Let it be read"),))
    async with connect(context) as client:
        entries = (await get(client, "/web/inbox"))["entries"]
    assert [(entry["matter"], entry["category"], entry["text"]) for entry in entries] == [
        ("disk", "movies", "disk is full"),
        ("disk", "music", "It cannot be read"),
    ]
    assert "Make room" in entries[0]["remedy"]


async def test_downloads_that_wait_for_room(filled_state, tmp_path, make_context_over, connect):
    copy = tmp_path / "copy.db"
    copy.write_bytes(filled_state.read_bytes())
    async with open_writer(copy) as database:
        await free_space.record_paused(database, "qBit", [("1" * 40, 1.0), ("2" * 40, 1.0)], NOW)
        await free_space.record_paused(database, "qBit-gone", [("3" * 40, 1.0)], NOW)
    async with open_reader(copy) as database:
        guarded = make_context_over(database, CONFIG.replace("[Settings]", '[Settings]\nFreeSpace = "50G"'))
        async with connect(guarded) as client:
            (entry,) = (one for one in (await get(client, "/web/inbox"))["entries"] if one["matter"] == "space")
        async with connect(make_context_over(database)) as client:
            unguarded = (await get(client, "/web/inbox"))["entries"]
    assert (entry["name"], entry["number"]) == ("qBit", 2)
    assert "50G" in entry["text"]
    assert [one["matter"] for one in unguarded] == [], "without FreeSpace they start again at once"


async def test_contradictions_and_what_is_to_be_filled_in_and_an_update(make_context, connect):
    config = CONFIG + '[Radarr-More]\nURI = "CHANGE_ME"\nAPIKey = "k5"\n'
    checker = FakeChecker(available=SimpleNamespace(version="9.9"))
    context = make_context(config, checker=checker)
    found = ipc.Contradiction("completed", "It removes completed downloads", "Turn it off")
    worker(context, "movies", contradictions=(found,))
    async with connect(context) as client:
        entries = (await get(client, "/web/inbox"))["entries"]
    assert [entry["matter"] for entry in entries] == ["setting", "configuration", "update"]
    assert (entries[0]["text"], entries[0]["remedy"]) == ("It removes completed downloads", "Turn it off")
    assert entries[1]["name"] == "Radarr-More.URI"
    assert entries[2]["name"] == "v9.9"


async def test_held_removals_and_imports_that_the_arr_refuses(filled_state, tmp_path, make_context_over, connect):
    copy = tmp_path / "copy.db"
    copy.write_bytes(filled_state.read_bytes())
    async with open_writer(copy) as database:
        await breakers.write(database, "movies", "7 removals within an hour", NOW)
        words = 'it is complete, but the Arr refuses it: "Sample"'
        stored = verdicts.StoredVerdict(
            "movies", "qBit", "9" * 40, "A.Movie", "nothing", "arr_refuses_it", words, [], NOW
        )
        await verdicts.store(database, [stored])
    async with open_reader(copy) as database, connect(make_context_over(database)) as client:
        entries = (await get(client, "/web/inbox"))["entries"]
    assert [(entry["matter"], entry["category"]) for entry in entries] == [("approval", "movies"), ("import", "movies")]
    assert entries[0]["text"] == "7 removals within an hour"
    assert (entries[1]["name"], entries[1]["text"], entries[1]["hash"]) == ("A.Movie", words, "9" * 40)


async def test_what_a_rule_asks_about_is_in_the_inbox_and_no_removal_of_the_breaker(
    filled_state, tmp_path, make_context_over, connect
):
    copy = tmp_path / "copy.db"
    copy.write_bytes(filled_state.read_bytes())
    async with open_writer(copy) as database:
        asking = decision("movies", "9" * 40, {})
        asked = await ledger.plan(database, asking, {"asked": True}, NOW, state="awaiting_approval")
        held = decision("movies", "8" * 40, {})
        await ledger.plan(database, held, {}, NOW, state="awaiting_approval")
        assert await ledger.awaiting_approval(database) == {"movies": 1}
        await ledger.approve(database, "movies", NOW)
        assert [entry.id for entry in await ledger.asked(database, 9)] == [asked.id]
    async with open_reader(copy) as database, connect(make_context_over(database)) as client:
        (entry,) = (await get(client, "/web/inbox"))["entries"]
    assert (entry["matter"], entry["action"], entry["number"]) == ("ask", "fail", asked.id)


# -- qBittorrents -------------------------------------------------------------------------------------------------


def state(instance="qBit", connection="connected", rate=5, torrents=1):
    known = bool(connection)
    return ipc.ClientState(
        instance, "v5.1.0", connection, rate if known else None, 0 if known else None, 100 if known else None, torrents
    )


async def test_a_qbittorrent_that_no_worker_has_seen(client):
    (one,) = (await get(client, "/web/qbittorrents"))["qbittorrents"]
    assert (one["section"], one["connection"], one["freeBytes"], one["version"]) == ("qBit", "unknown", None, None)


async def test_a_worker_that_is_answered_says_more_than_others(make_context, connect):
    context = make_context()
    worker(context, "movies", clients=(state(connection="", torrents=3),))
    worker(context, "music", clients=(state(torrents=4), state("qBit-gone")))
    async with connect(context) as client:
        (one,) = (await get(client, "/web/qbittorrents"))["qbittorrents"]
    assert one == {
        "section": "qBit",
        "version": "v5.1.0",
        "connection": "connected",
        "downloadRate": 5,
        "uploadRate": 0,
        "freeBytes": 100,
        "torrents": 7,
    }


# -- counts per day -----------------------------------------------------------------------------------------------


async def test_counts_per_day(client):
    answer = await get(client, "/web/activity", params={"days": "2"})
    today = datetime.fromtimestamp(NOW, UTC).date()
    assert answer["last"] == today.isoformat()
    assert answer["counts"] == [{"day": today.isoformat(), "category": "movies", "action": "fail", "number": 2}]


async def test_a_zone_moves_the_days(client):
    answer = await get(client, "/web/activity", params={"offset_minutes": "120"})
    assert answer["last"] == datetime.fromtimestamp(NOW + 7200, UTC).date().isoformat()
    assert sum(count["number"] for count in answer["counts"]) == 2


# -- numbers for dashboards ---------------------------------------------------------------------------------------


async def test_numbers_for_a_dashboard(make_context, connect):
    context = make_context()
    worker(context, "movies", clients=(state(torrents=3),))
    worker(context, "tv/anime", Phase.DEGRADED, clients=(state(rate=7, torrents=1),))
    async with connect(context) as client:
        found = await get(client, "/web/stats")
    others = len(context.workers.processes) - 2
    assert found["workers"] == 2 + others
    assert (found["qbittorrents"], found["qbittorrentsConnected"], found["torrents"]) == (1, 1, 4)
    assert (found["downloadRate"], found["needsYou"]) == (5, 1)
    assert (found["failed"], found["removed"], found["imported"]) == (2, 0, 0)
    assert all(isinstance(number, int) for number in found.values())


async def test_what_was_done_more_than_a_day_ago_is_no_number_of_today(make_context, connect):
    context = make_context(clock=Clock(wall=lambda: NOW + 86_401 + 3600))
    async with connect(context) as client:
        assert (await get(client, "/web/stats"))["failed"] == 0


# -- torrents -----------------------------------------------------------------------------------------------------

ROW = ipc.TorrentRow("qBit", HASH, "downloading", 0.5, 10, 5, 60, 1.5, 0.0, -1.0, NOW, ("a",), "tracker.example")


async def test_the_list_of_torrents_has_what_the_worker_answers(make_context, connect):
    asked = []

    async def torrents(keys, within_seconds):
        asked.append((keys, within_seconds))
        return (ROW,)

    context = make_context()
    context.workers.processes["movies"].torrents = torrents
    async with connect(context) as client:
        answer = await get(client, "/web/torrents")
    assert asked == [([("qBit", HASH), ("qBit-nas", HASH)], 1.0)]
    first, second = answer["torrents"]
    assert (first["instance"], first["rule"], first["action"], first["forecast"]["rule"]) == (
        "qBit", "stalled", "fail", "seeding",
    )  # fmt: skip
    assert first["live"]["progress"] == 0.5
    assert first["live"]["tracker"] == "tracker.example"
    assert second["live"] is None
    assert answer["next"] is None
    assert sum(kind["number"] for kind in answer["kinds"]) == 2


async def test_a_worker_that_does_not_answer_leaves_the_verdicts(make_context, connect):
    async def torrents(_keys, _within_seconds):
        raise TimeoutError

    context = make_context()
    context.workers.processes["movies"].torrents = torrents
    async with connect(context) as client:
        answer = await get(client, "/web/torrents")
    assert [one["live"] for one in answer["torrents"]] == [None, None]


async def test_pages_of_torrents(client):
    first = await get(client, "/web/torrents", params={"limit": "1"})
    second = await get(client, "/web/torrents", params={"limit": "1", "after": first["next"]})
    assert [one["instance"] for one in (*first["torrents"], *second["torrents"])] == ["qBit", "qBit-nas"]
    assert second["kinds"] == []


@pytest.mark.parametrize("query", [{"sort": "size"}, {"after": "nothing"}, {"after": '["a"]'}])
async def test_what_no_list_has(client, query):
    assert (await get(client, "/web/torrents", 400, params=query))["code"] == "VALIDATION_ERROR"


async def test_conditions_on_torrents(client):
    assert len((await get(client, "/web/torrents", params={"q": "some", "instance": "qBit"}))["torrents"]) == 1
    assert (await get(client, "/web/torrents", params={"rule": "seeding"}))["torrents"] == []


# -- the schema of the configuration ------------------------------------------------------------------------------


async def test_forms_say_what_can_only_be_changed_in_the_file(client):
    sections = (await get(client, "/web/config/schema"))["sections"]
    fixed = {key["name"] for keys in sections.values() for key in keys if not key["changeable"]}
    assert fixed == {"AutoUpdateChannel", "UpdateIndex", "UpdateKey"}


async def test_states_of_qbittorrents_are_published_and_not_kept(make_context):
    from control.change_feed import ChangeFeed

    context = make_context()
    with context.events.follow() as follower:
        feed = ChangeFeed(context)
        worker(context, "movies", clients=(state(),))
        feed.poll_clients()
        feed.poll_clients()
        event = await follower.next(1.0)
        assert (event.id, event.kind) == ("", "qbittorrent")
        assert msgspec.json.decode(event.data)["qbittorrents"][0]["downloadRate"] == 5
        with pytest.raises(TimeoutError):
            await follower.next(0.01)
