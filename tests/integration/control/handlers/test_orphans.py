"""Files that no torrent knows: the list with its pages, and answers to the worker that finds them."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from qbitrr import ipc
from qbitrr.rules.orphans import DAY, FileFacts, FolderReport, ListingReport, Orphan, OrphanState
from qbitrr.state import orphans
from qbitrr.state.database import open_reader, open_writer
from qbitrr.worker.config import OrphanScope
from supervisor.lifecycle import Phase, State
from supervisor.worker_process import LastReport
from tests.integration.control.asking import get, post
from tests.integration.control.sample import CONFIG, NOW

FOLDER = "/downloads/movies"
REPORT = ListingReport({"qBit": 12}, (FolderReport(FOLDER, "movies", "qBit", 7, 700, 9000),), (), 2, 1, 0.5)


def found(number, **changes):
    file = FileFacts(100 * number, number, int(NOW * 1e9), int(NOW * 1e9), links=1 + number % 2)
    return replace(Orphan(FOLDER, f"{number}.mkv", file, NOW - 20 * DAY, 15 * DAY, 9), **changes)


@pytest.fixture
def at(filled_state, tmp_path, make_context_over, connect):
    """Opens a client of a daemon with files 1 to 7, of which 1 is left and 2 aside, and those from 4 on are due."""

    @asynccontextmanager
    async def opened(mode="ask", *, read_only=False):
        copy = tmp_path / "copy.db"
        copy.write_bytes(filled_state.read_bytes())
        async with open_writer(copy) as database:
            rows = [(found(number), number > 3) for number in range(1, 8)]
            await orphans.store_listing(database, rows, [], NOW)
            left, aside, *_ = await orphans.in_states(database, OrphanState)
            await orphans.change(database, replace(left, state=OrphanState.LEFT), NOW, because="you left it")
            moved = replace(aside, state=OrphanState.ASIDE, aside=".qbitrr-orphans/2-x/2.mkv", aside_at=NOW)
            await orphans.change(database, moved, NOW, because="long enough", proof={"torrents": {"qBit": 12}})
            await orphans.count_failure(database, "read_only")
            await orphans.count_failure(database, "read_only")
            await orphans.store_report(database, REPORT, NOW, complete=True)
        async with open_reader(copy) as database:
            config = CONFIG.replace("[qBit]", f'[Settings.Orphans]\nMode = "{mode}"\n[qBit]', 1)
            context = make_context_over(database, config)
            sent = []
            if mode != "off":
                scope = SimpleNamespace(
                    name="qBit", section="qBit", arr_section=None, orphans=OrphanScope((), ()), read_only=read_only
                )
                context.workers.processes["qBit"] = SimpleNamespace(
                    config=scope,
                    category="qBit",
                    pid=None,
                    restarts=0,
                    phase_since=NOW,
                    state=State(phase=Phase.RUNNING, alive=True),
                    last_report=LastReport(),
                    send=lambda message: sent.append(message) or True,
                )
            async with connect(context) as client:
                client.sent = sent
                yield client

    return opened


async def test_the_list_has_the_largest_first_and_goes_on_by_key(at):
    async with at() as client:
        first = await get(client, "/web/orphans?limit=4")
        assert [one["path"] for one in first["orphans"]] == ["7.mkv", "6.mkv", "5.mkv", "4.mkv"]
        second = await get(client, f"/web/orphans?limit=4&after={first['next']}")
        assert [one["path"] for one in second["orphans"]] == ["3.mkv", "2.mkv", "1.mkv"]
        assert second["next"] is None
        assert (first["mode"], first["clients"], first["refusals"]) == ("ask", {"qBit": 12}, [])
        assert (first["notKept"], first["namesUnreadable"], first["failures"]) == (2, 1, {"read_only": 2})
        assert first["folders"][0]["knownBytes"] == 9000
        totals = {one["state"]: (one["files"], one["sizeBytes"], one["dueFiles"]) for one in first["totals"]}
        assert totals == {"found": (5, 2500, 4), "left": (1, 100, 0), "aside": (1, 200, 0)}


async def test_what_is_aside_says_until_when_and_on_what(at):
    async with at() as client:
        (aside,) = (await get(client, "/web/orphans?state=aside"))["orphans"]
        assert aside["path"] == "2.mkv"
        assert (aside["movedAt"], aside["purgeAt"]) == ("2023-11-14T22:13:20Z", "2023-12-14T22:13:20Z")
        assert aside["proof"] == {"torrents": {"qBit": 12}}
        (left,) = (await get(client, "/web/orphans?state=left"))["orphans"]
        assert (left["because"], left["purgeAt"], left["links"]) == ("you left it", None, 2)


@pytest.mark.parametrize("after", ["x", "[1]", "[1,2,3]", "[1e400,2]", "[99999999999999999999,1]", "%ff"])
async def test_a_page_after_nothing_is_refused(at, after):
    async with at() as client:
        await get(client, f"/web/orphans?after={after}", 400)


async def test_a_state_that_there_is_not_is_refused(at):
    async with at() as client:
        await get(client, "/web/orphans?state=lost", 400)


@pytest.mark.parametrize(("choice", "number"), [("move", 7), ("leave", 3), ("reconsider", 1), ("restore", 2)])
async def test_an_answer_goes_to_the_worker(at, choice, number):
    async with at() as client:
        ids = {one["path"]: one["id"] for one in (await get(client, "/web/orphans"))["orphans"]}
        await post(client, "/web/orphans/answer", json={"answer": choice, "ids": [ids[f"{number}.mkv"]]})
        assert client.sent == [ipc.AnswerOrphans((ids[f"{number}.mkv"],), choice)]


async def test_all_that_wait_are_answered_at_once(at):
    async with at() as client:
        answered = await post(client, "/web/orphans/answer", json={"answer": "move"})
        assert answered["message"].startswith("4 files: about to be moved")
        assert [len(one.ids) for one in client.sent] == [4]
        await post(client, "/web/orphans/answer", 404, json={"answer": "restore"})


@pytest.mark.parametrize(("choice", "number"), [("move", 1), ("leave", 2), ("reconsider", 7), ("restore", 7)])
async def test_an_answer_that_does_not_fit_is_a_conflict(at, choice, number):
    async with at() as client:
        ids = {one["path"]: one["id"] for one in (await get(client, "/web/orphans"))["orphans"]}
        await post(client, "/web/orphans/answer", 409, json={"answer": choice, "ids": [ids[f"{number}.mkv"]]})
        assert client.sent == []


async def test_a_file_that_is_not_in_the_list_is_not_found(at):
    async with at() as client:
        await post(client, "/web/orphans/answer", 404, json={"answer": "leave", "ids": [4711]})


@pytest.mark.parametrize("mode", ["off", "shadow", "act"])
async def test_files_are_moved_on_an_answer_only_when_it_is_asked_for(at, mode):
    async with at(mode) as client:
        await post(client, "/web/orphans/answer", 409, json={"answer": "move"})
        assert client.sent == []


async def test_nothing_is_restored_under_shadow(at):
    async with at(read_only=True) as client:
        await post(client, "/web/orphans/answer", 409, json={"answer": "restore", "ids": [2]})


@pytest.mark.parametrize(("mode", "entries"), [("ask", 1), ("act", 0), ("shadow", 0), ("off", 0)])
async def test_the_inbox_asks_about_what_is_due(at, mode, entries):
    async with at(mode) as client:
        found = [one for one in (await get(client, "/web/inbox"))["entries"] if one["matter"] == "orphans"]
        assert len(found) == entries
        if found:
            assert (found[0]["number"], found[0]["answers"]) == (4, ["move", "leave"])


async def test_metrics_count_files_and_what_the_disk_refused(at):
    async with at() as client:
        text = await (await client.get("/metrics")).text()
        assert 'qbitrr_orphan_files{state="found"} 5.0' in text
        assert 'qbitrr_orphan_bytes{state="aside"} 200.0' in text
        assert 'qbitrr_orphan_files{state="purged"} 0.0' in text
        assert "qbitrr_orphan_due_files 4.0" in text
        assert 'qbitrr_orphan_failures_total{reason="read_only"} 2.0' in text


async def test_before_the_first_listing_nothing_is_known(client):
    nothing = await get(client, "/web/orphans")
    assert (nothing["mode"], nothing["listedAt"], nothing["orphans"], nothing["totals"]) == ("off", None, [], [])
