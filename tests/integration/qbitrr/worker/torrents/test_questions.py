"""Questions of the supervisor, answered by a worker on a living client."""

import asyncio

import pytest
from msgspec import Raw
from msgspec.structs import replace

from qbitrr import ipc
from qbitrr.arr.models import HistoryRecord
from qbitrr.sandbox.services.faults import Down, Hang
from qbitrr.worker.config import encode
from qbitrr.worker.torrents import questions
from qbitrr.worker.torrents.questions import Questions
from tests.integration.qbitrr.worker.torrents.scenes import only, stalled
from tests.support.polling import until


class Answers:
    """A report that keeps the answers."""

    def __init__(self):
        self.given = []
        self.failures = 0

    def answer(self, answer):
        self.given.append(answer)

    def failed(self):
        self.failures += 1


@pytest.fixture
def asking(bench):
    """Asks one question of a worker that has polled once."""

    async def ask(opened, question):
        answers = Answers()
        context = opened.context
        asked = Questions(context, opened.loop.poll, opened.loop.judge, None)
        asked._report = answers
        asked.ask(question)
        try:
            await until(lambda: answers.given or not asked._tasks, 20, "an answer")
        finally:
            await asked.close()
        assert answers.failures == 0
        return answers.given[0] if answers.given else None

    return ask


async def polled(opened):
    await opened.loop.load()
    await opened.loop.poll.changes()
    await opened.loop.observer.update(opened.loop.poll.present())


async def test_the_files_of_a_torrent_are_listed(sandbox, bench, asking):
    infohash, torrent = next(iter(sandbox.world.client.torrents.items()))
    async with bench() as opened:
        await polled(opened)
        answer = await asking(opened, ipc.ReadFiles(7, infohash))
        assert (answer.request, answer.name, answer.complete, answer.error) == (7, torrent.name, True, "")
        assert sum(file.size_bytes for file in answer.files) > 0
        assert "no qBittorrent" in (await asking(opened, ipc.ReadFiles(8, "f" * 40))).error
        await sandbox.qbittorrent.fail(Down())
        assert (await asking(opened, ipc.ReadFiles(9, infohash))).error


async def test_a_long_list_of_files_is_cut_to_one_message(sandbox, bench, asking, monkeypatch):
    infohash = next(iter(sandbox.world.client.torrents))
    monkeypatch.setattr(questions, "_MOST_FILE_BYTES", 10)
    async with bench() as opened:
        await polled(opened)
        answer = await asking(opened, ipc.ReadFiles(7, infohash))
    assert (answer.files, answer.complete) == ((), False)


async def test_the_events_of_arr_and_client_are_listed(sandbox, bench, asking):
    queue = sandbox.world.arrs["Radarr-HD"].queue.values()
    infohash = next(record.download_id for record in queue).lower()
    async with bench() as opened:
        await polled(opened)
        answer = await asking(opened, ipc.ReadEvents(7, infohash))
        assert {("arr", "grabbed"), ("qbittorrent", "added")} <= {(one.actor, one.kind) for one in answer.events}
        assert [one.at for one in answer.events] == sorted(one.at for one in answer.events)
        assert answer.error == ""
        await sandbox.arrs["Radarr-HD"].fail(Down())
        answer = await asking(opened, ipc.ReadEvents(8, infohash))
        assert {one.actor for one in answer.events} == {"qbittorrent"}
        assert answer.error


async def test_the_events_of_an_item_are_those_of_its_downloads(sandbox, bench, asking):
    arr = sandbox.world.arrs["Radarr-HD"]
    record = next(one for one in arr.queue.values() if one.item_id is not None)
    infohash = record.download_id.lower()
    async with bench() as opened:
        await polled(opened)
        answer = await asking(opened, ipc.ReadItemEvents(7, record.item_id))
        assert {("arr", "grabbed"), ("qbittorrent", "added")} <= {
            (one.actor, one.kind) for one in answer.events if one.infohash == infohash
        }
        about = {one.download_id.lower() for one in arr.history if one.item_id == record.item_id and one.download_id}
        assert {one.infohash for one in answer.events} - {""} <= about
        assert [one.at for one in answer.events] == sorted(one.at for one in answer.events)
        assert (await asking(opened, ipc.ReadItemEvents(8, 10**9))).events == ()
        await sandbox.arrs["Radarr-HD"].fail(Down())
        assert (await asking(opened, ipc.ReadItemEvents(9, record.item_id))).error


async def test_another_delay_is_compared_with_the_present_one(sandbox, bench, asking):
    """What stalls would be removed after a second, and is not by the present rules."""
    only(sandbox.world, stalled(sandbox.world))
    async with bench(StalledDelay="30d") as opened:
        await polled(opened)
        await opened.loop.one_pass()
        (key,) = opened.loop.poll.present()
        timers = opened.loop.observer._timers
        facts = opened.loop.poll.facts(key)

        async def counted():
            await opened.loop.one_pass()
            return opened.loop.observer.context(facts).stalled.observations > 5

        await until(counted, 30, "some observations")
        assert timers is opened.loop.observer._timers
        config = opened.config
        torrent = replace(config.arr.torrent, stalled_delay_seconds=1)
        other = replace(config, arr_section=replace(config.arr, torrent=torrent))
        answer = await asking(opened, ipc.Compare(7, Raw(encode(other))))
        assert (answer.judged, answer.removed, answer.spared, answer.unknown) == (1, 1, 0, ())
        (one,) = answer.others
        assert (one.before[0], one.after[0]) == ("nothing", "fail")
        same = await asking(opened, ipc.Compare(8, Raw(encode(config))))
        assert (same.judged, same.removed, same.spared, same.others) == (1, 0, 0, ())


async def test_what_is_measured_only_afterwards_is_named(bench, asking):
    async with bench() as opened:
        await polled(opened)
        config = opened.config
        torrent = replace(config.arr.torrent, file_name_exclusion_regex=("sample",), maximum_eta_seconds=3600)
        search = replace(config.arr.entry_search, custom_format_unmet_search=True)
        other = replace(config, arr_section=replace(config.arr, torrent=torrent, entry_search=search))
        answer = await asking(opened, ipc.Compare(7, Raw(encode(other))))
    assert answer.unknown == ("files", "scores", "slowness")


async def test_a_question_too_many_is_dropped_and_one_that_hangs_ends(sandbox, bench, monkeypatch):
    monkeypatch.setattr(questions, "_SECONDS", 0.3)
    infohash = next(iter(sandbox.world.client.torrents))
    async with bench() as opened:
        await polled(opened)
        await sandbox.qbittorrent.fail(Hang())
        asked = Questions(opened.context, opened.loop.poll, opened.loop.judge, None)
        for number in range(9):
            asked.ask(ipc.ReadFiles(number, infohash))
        await asyncio.sleep(0)
        assert len(asked._tasks) == questions._MOST_AT_ONCE
        await until(lambda: not asked._tasks, 10, "the end of all")
        await sandbox.qbittorrent.heal()


async def test_an_event_without_a_readable_date_is_left_out(sandbox, bench, asking, monkeypatch):
    infohash = next(infohash for infohash in sandbox.world.client.torrents)

    async def history(_download_id):
        return [HistoryRecord(id=number, event_type="grabbed", date=date) for number, date in enumerate(("soon", ""))]

    async with bench() as opened:
        await polled(opened)
        monkeypatch.setattr(opened.context.services.arr_client, "history", history)
        answer = await asking(opened, ipc.ReadEvents(1, infohash))
    assert {event.actor for event in answer.events} == {"qbittorrent"}
