"""The feed of changes: each is published once, in the order in which it was committed."""

import asyncio
from unittest.mock import AsyncMock

import aiosqlite
import pytest

from control import change_feed
from control.announced import Announced, Trouble
from control.change_feed import ChangeFeed
from control.events import SettingContradicts, WorkerGone
from control.handlers.decisions import Decision
from control.handlers.inbox import InboxEntry, WorkerChange
from qbitrr.clock import Clock
from qbitrr.ipc import Contradiction
from qbitrr.state import breakers, verdicts
from qbitrr.state.database import open_reader, open_writer
from supervisor.lifecycle import Phase
from supervisor.worker_process import LastReport
from tests.integration.control.sample import NOW, fake_process
from tests.support.polling import until
from tests.support.state import migrated
from tests.unit.qbitrr.state.entries import plan

REMOVES = Contradiction("removes_completed", "Radarr deletes", "Switch it off")
AWAY = Contradiction("client_unavailable", "Radarr does not reach it", "Test it")


@pytest.fixture
def polled(make_context):
    """Polls once with these contradictions in the last report of `movies`; returns what was published of them."""
    context, published = make_context(), []
    feed = ChangeFeed(context, published.append)
    movies = context.workers.processes["movies"].config.arr

    def poll(found):
        context.workers.processes["movies"] = fake_process(movies, last_report=LastReport(contradictions=found))
        published.clear()
        feed.poll_contradictions()
        return [(one.category, one.kind) for one in published if isinstance(one, SettingContradicts)]

    return poll


def test_a_contradiction_is_published_once_until_it_is_resolved(polled):
    assert polled(None) == []
    assert polled((REMOVES,)) == [("movies", "removes_completed")]
    assert polled((REMOVES, AWAY)) == [("movies", "client_unavailable")]
    assert polled(None) == []  # the worker was restarted and has read nothing yet
    assert polled((REMOVES, AWAY)) == []
    assert polled((REMOVES,)) == []
    assert polled((REMOVES, AWAY)) == [("movies", "client_unavailable")]


@pytest.fixture
async def writer(tmp_path):
    async with open_writer(migrated(tmp_path / "state.db")) as opened:
        yield opened


@pytest.fixture
async def feed(writer, make_context_over, tmp_path):
    """Polls, and returns the ids of the decisions that were published."""
    published = []
    async with open_reader(tmp_path / "state.db") as reader:
        feed = ChangeFeed(make_context_over(reader), published.append)

        async def poll():
            published.clear()
            await feed.poll_state()
            return [one.id for one in published if isinstance(one, Decision)]

        await poll()
        yield poll


async def test_a_clock_that_was_ahead_holds_no_decision_up(feed, writer):
    ahead = await plan(writer, infohash="1" * 40, now=NOW + 3600)
    assert await feed() == [ahead.id]
    later = [await plan(writer, infohash=letter * 40, now=NOW) for letter in "234"]
    assert await feed() == [entry.id for entry in later]
    assert await feed() == []


async def test_more_decisions_than_one_poll_reads_are_published_by_the_next(feed, writer, monkeypatch):
    monkeypatch.setattr(change_feed, "_MOST_ENTRIES", 2)
    entries = [await plan(writer, infohash=letter * 40) for letter in "12345"]
    found = [*await feed(), *await feed(), *await feed()]
    assert found == [entry.id for entry in entries]


async def test_a_decision_that_cannot_be_shown_holds_no_other_up(feed, writer):
    poison = await plan(writer, infohash="1" * 40)
    await writer.write("UPDATE ledger SET facts = '{' WHERE id = ?", (poison.id,))
    timeless = await plan(writer, infohash="2" * 40, added_at=1e300)
    good = await plan(writer, infohash="3" * 40)
    assert await feed() == [timeless.id, good.id]


async def test_after_a_restart_it_goes_on_after_the_last_change_that_was_announced(writer, make_context_over, tmp_path):
    announced, published = Announced(), []
    async with open_reader(tmp_path / "state.db") as reader:

        async def polled_after_a_restart():
            published.clear()
            await ChangeFeed(make_context_over(reader), published.append, announced).poll_state()
            return [one.id if isinstance(one, Decision) else one.category for one in published]

        await plan(writer, infohash="1" * 40)
        assert await polled_after_a_restart() == [], "what is there at the first start is not new"
        meanwhile = [await plan(writer, infohash=letter * 40) for letter in "23"]
        await breakers.write(writer, "movies", "many", NOW)
        assert await polled_after_a_restart() == ["movies", *(entry.id for entry in meanwhile)]
        assert await polled_after_a_restart() == []
        announced.change += 1000  # the state file was restored from a backup
        assert await polled_after_a_restart() == []
        newer = await plan(writer, infohash="4" * 40)
        assert await polled_after_a_restart() == [newer.id]


def test_a_contradiction_that_was_announced_before_a_restart_is_not_again(make_context):
    announced, published = Announced(), []
    for expected in (1, 0):
        context = make_context()
        movies = context.workers.processes["movies"].config.arr
        context.workers.processes = {"movies": fake_process(movies, last_report=LastReport(contradictions=(REMOVES,)))}
        published.clear()
        ChangeFeed(context, published.append, announced).poll_contradictions()
        assert len(published) == expected


async def test_processes_are_described_only_after_a_change(make_context):
    context, published = make_context(), []
    feed = ChangeFeed(context, published.append)
    feed.poll_workers()
    assert {one.view.category for one in published} == set(context.workers.processes)
    published.clear()
    unseen, context.workers.processes = context.workers.processes, {}
    feed.poll_workers()
    assert published == []
    context.workers.processes = {
        category: fake_process(process.config.arr, phase=Phase.HELD, last_report=LastReport(waiting_for="Radarr-4K"))
        for category, process in unseen.items()
    }
    context.workers.revision += 1
    feed.poll_workers()
    assert {one.view.waiting_for for one in published} == {"Radarr-4K"}
    assert {one.view.category: one.entry.matter for one in published} == {
        "movies": "credentials",
        **dict.fromkeys(("new", "tv/anime", "music"), "worker"),
    }


async def test_workers_that_are_gone_are_reported_also_those_that_left_while_the_daemon_was_away(make_context):
    announced = Announced(contradictions={"old": []}, troubled={"older": Trouble(["held: Radarr"])})
    context, published = make_context(), []
    present, context.workers.processes, context.workers.ready = context.workers.processes, {}, False
    feed = ChangeFeed(context, published.append, announced)
    feed.poll_workers()
    assert published == [], "it is not known yet which there are"
    context.workers.processes, context.workers.ready = dict(present), True
    context.workers.revision += 1
    feed.poll_workers()
    assert {one.category for one in published if isinstance(one, WorkerGone)} == {"old", "older"}
    published.clear()
    del context.workers.processes["music"]
    context.workers.revision += 1
    announced.troubled.clear()
    feed.poll_workers()
    assert published == [WorkerGone("music")]


# -- the inbox ------------------------------------------------------------------------------------------------------

REFUSED = 'it is complete, but the Arr refuses it: "Sample"'


async def store(writer, because, letter="9"):
    found = verdicts.StoredVerdict(
        "movies", "qBit", letter * 40, "A.Movie", "nothing", "arr_refuses_it", because, [], NOW
    )
    await verdicts.store(writer, [found])


async def test_what_is_new_in_the_inbox_since_the_end_is_published_after_the_start(writer, make_context_over, tmp_path):
    published, announced = [], Announced()
    async with open_reader(tmp_path / "state.db") as reader:

        async def polled_after_a_restart():
            published.clear()
            await ChangeFeed(make_context_over(reader), published.append, announced).poll_inbox()
            return [one.hash[0] for one in published]

        await store(writer, REFUSED)
        assert await polled_after_a_restart() == []
        await store(writer, REFUSED, "8")
        assert await polled_after_a_restart() == ["8"]
        assert await polled_after_a_restart() == []


async def test_what_is_new_in_the_inbox_is_published_once(writer, make_context_over, tmp_path):
    published, seconds = [], iter(range(0, 100_000, 11))
    async with open_reader(tmp_path / "state.db") as reader:
        context = make_context_over(reader, clock=Clock(monotonic=lambda: float(next(seconds))))
        feed = ChangeFeed(context, published.append)

        async def poll():
            published.clear()
            await feed.poll_inbox()
            return [(one.matter, one.text) for one in published if isinstance(one, InboxEntry)]

        await store(writer, REFUSED)
        assert await poll() == [], "what is there at the start is not new"
        await store(writer, REFUSED, "8")
        with context.events.follow() as follower:
            assert await poll() == [("import", REFUSED)]
            kinds = {(await follower.next(1.0)).kind for _ in range(2)}
        assert kinds == {"inbox", "matter"}
        assert await poll() == []
        await store(writer, "it is being imported", "8")
        assert await poll() == []
        await store(writer, REFUSED, "8")
        assert await poll() == [], "it was gone for a moment only"
        await store(writer, 'it is complete, but the Arr refuses it: "else"', "8")
        assert await poll() == [("import", 'it is complete, but the Arr refuses it: "else"')]


async def test_what_a_worker_wrote_is_published_when_it_reports_that_also_while_nobody_follows(
    writer, make_context_over, tmp_path
):
    async with open_reader(tmp_path / "state.db") as reader:
        published, context = [], make_context_over(reader, clock=Clock())
        feed = asyncio.create_task(ChangeFeed(context, published.append).run())
        for number in (1, 2):  # the second one while it waits for what no worker reports
            context.workers.revision += 1
            await until(lambda: any(isinstance(one, WorkerChange) for one in published), 10, "the feed did not begin")
            entry = await plan(writer, infohash=str(number) * 40)
            context.workers.revision += 1
            await until(lambda last=entry.id: last in [getattr(one, "id", None) for one in published], 10, "no event")
        feed.cancel()


async def test_a_feed_that_nobody_follows_waits_for_the_workers_and_comes_back_for_the_inbox(
    writer, make_context_over, tmp_path, monkeypatch
):
    waits = []

    async def first_of(seconds, *given):
        waits.append(seconds)
        for wait in given:
            wait.close()
        await asyncio.Event().wait()

    monkeypatch.setattr(change_feed, "_first_of", first_of)
    async with open_reader(tmp_path / "state.db") as reader:
        feed = ChangeFeed(make_context_over(reader))
        for _ in range(2):  # the second time just after the inbox was read
            task = asyncio.create_task(feed.run())
            before = len(waits)
            await until(lambda before=before: len(waits) > before, 5, "it does not wait")
            task.cancel()
    assert waits == [30.0, 10.0]


async def test_a_state_file_that_could_not_be_read_is_read_again_soon(writer, make_context_over, tmp_path, monkeypatch):
    """What a worker reported at that moment is not left until something else happens."""
    waits, answers = [], iter([aiosqlite.OperationalError("database is locked"), False])

    async def first_of(seconds, *given):
        waits.append(seconds)
        for wait in given:
            wait.close()
        if len(waits) == 3:
            await asyncio.Event().wait()

    monkeypatch.setattr(change_feed, "_first_of", first_of)
    async with open_reader(tmp_path / "state.db") as reader:
        feed = ChangeFeed(make_context_over(reader))
        feed.poll_state = AsyncMock(side_effect=answers)
        task = asyncio.create_task(feed.run())
        await until(lambda: len(waits) == 3, 5, "it does not wait")
        task.cancel()
    assert waits == [2.0, 30.0, 2.0]


async def test_an_inbox_that_could_not_be_read_counts_as_not_read(writer, make_context_over, tmp_path, monkeypatch):
    async with open_reader(tmp_path / "state.db") as reader:
        context = make_context_over(reader)
        feed = ChangeFeed(context)
        read = AsyncMock(side_effect=aiosqlite.OperationalError("database is locked"))
        with monkeypatch.context() as patched:
            patched.setattr("control.handlers.inbox.read", read)
            with pytest.raises(aiosqlite.OperationalError):
                await feed.poll_inbox()
        with context.events.follow() as follower:
            await feed.poll_inbox()
            assert (await follower.next(1.0)).kind == "inbox"


async def test_what_ends_a_wait_by_an_error_is_not_hidden():
    async def fail():
        raise LookupError

    with pytest.raises(LookupError):
        await change_feed._first_of(30.0, asyncio.Event().wait(), fail())
