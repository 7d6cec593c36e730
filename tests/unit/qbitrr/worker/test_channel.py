import asyncio
import sqlite3

import pytest

from qbitrr import ipc
from qbitrr.worker.channel import Channel
from qbitrr.worker.report import Report
from tests.support.polling import until


@pytest.fixture
async def ends():
    ours, theirs = ipc.channel()
    link = Channel(theirs)
    yield link, ours
    link.close()
    ours.close()


def received(channel):
    messages = []
    while True:
        try:
            messages.append(ipc.decode_from_worker(channel.recv(ipc.LONGEST_MESSAGE_BYTES)))
        except BlockingIOError:
            return messages


def besides_beats(channel):
    return [message for message in received(channel) if not isinstance(message, ipc.Heartbeat)]


async def test_a_supervisor_that_does_not_read_never_makes_the_worker_wait(ends):
    link, supervisor = ends
    for number in range(5000):
        link.send(ipc.Metrics(number, 0))
        link.send(ipc.Activity("idle", "x" * 100, number))
    got = received(supervisor)
    await until(lambda: got.extend(received(supervisor)) or (len(got) and ipc.Metrics(4999, 0) in got), 5, "the latest")
    assert [m for m in got if isinstance(m, ipc.Activity)][-1].search_at == 4999
    assert len(got) < 10000


async def test_messages_of_the_supervisor_come_in_order_until_it_ends_and_nonsense_is_dropped(ends):
    link, supervisor = ends
    for packet in (ipc.encode(ipc.Rebuild()), b"nonsense", ipc.encode(ipc.Rebuild())):
        supervisor.send(packet)
    supervisor.close()
    async with asyncio.timeout(5):
        assert [message async for message in link.messages()] == [ipc.Rebuild(), ipc.Rebuild()]


async def test_sending_to_a_supervisor_that_is_gone_harms_nothing(ends):
    link, supervisor = ends
    supervisor.close()
    link.send(ipc.Ready())


async def test_a_report_says_only_what_changed(ends):
    link, supervisor = ends
    report = Report(link)
    for _ in range(3):
        report.counted(5, 7)
    assert received(supervisor) == [ipc.Metrics(5, 7)]
    for _ in range(3):
        report.send_beat()
    assert {type(one) for one in received(supervisor)} == {ipc.Heartbeat}
    report.searched("a movie", 1.0)
    assert received(supervisor) == [ipc.Activity("idle", "a movie", 1.0)]


async def test_what_a_pass_changes_and_changes_back_is_not_sent(ends):
    link, supervisor = ends
    report = Report(link)
    states = (ipc.ClientState("qBit", "v5.1.0", "connected", 1, 2, 3, 4),)
    for _ in range(100):
        with report.operation("torrents", "health"):
            report.saw_clients(states)
    assert received(supervisor) == []
    report.send_beat()
    report.send_beat()
    assert besides_beats(supervisor) == [ipc.ClientStates(states)]


async def test_an_activity_is_sent_when_it_is_the_same_at_two_heartbeats(ends):
    link, supervisor = ends
    report = Report(link)
    for _ in range(3):
        with report.operation("torrents", "health"):
            report.send_beat()
        report.send_beat()
    assert besides_beats(supervisor) == []
    with report.operation("torrents", "health"):
        for _ in range(3):
            report.send_beat()
        assert besides_beats(supervisor) == [ipc.Activity("health")]
    for _ in range(3):
        report.send_beat()
    assert besides_beats(supervisor) == [ipc.Activity("idle")]


async def test_what_changed_is_sent_together_with_the_heartbeat(ends, monkeypatch):
    monkeypatch.setattr("qbitrr.worker.report._HEARTBEAT_SECONDS", 0.01)
    link, supervisor = ends
    report = Report(link)
    beats = asyncio.create_task(report.beat())
    report.saw_clients((ipc.ClientState("qBit", "v5.1.0", "connected", 1, 2, 3, 4),))
    found = await until(lambda: received(supervisor), 5, "nothing was sent")
    beats.cancel()
    assert [type(one) for one in found[:2]] == [ipc.Heartbeat, ipc.ClientStates]


async def test_writes_to_the_state_file_are_reported_once_for_many(ends):
    link, supervisor = ends
    report = Report(link)
    for _ in range(100):
        report.wrote(None)
    assert received(supervisor) == []
    assert await until(lambda: received(supervisor), 5, "nothing was sent") == [ipc.Wrote()]
    report.wrote(sqlite3.OperationalError("disk full"))
    assert report._wrote_due is None
    assert [type(one) for one in received(supervisor)] == [ipc.Waiting]


async def test_waiting_is_told_until_every_service_is_back(ends):
    link, supervisor = ends
    report = Report(link)
    report.waits("torrents", "qBit", "down", needs_attention=False)
    report.waits("torrents", "Radarr", "down too", needs_attention=False)
    assert received(supervisor) == [ipc.Waiting("qBit", "down")]
    report.goes_on("torrents", "qBit")
    assert received(supervisor) == [ipc.Waiting("Radarr", "down too")]
    report.goes_on("torrents", "Radarr")
    report.goes_on("torrents", "Radarr")
    assert received(supervisor) == [ipc.Waiting("", "")]


async def test_a_wait_that_needs_a_person_is_told_first_and_other_tasks_do_not_end_it(ends):
    link, supervisor = ends
    report = Report(link)
    report.waits("torrents", "qBit", "down", needs_attention=False)
    report.waits("library", "Radarr", "refused", needs_attention=True)
    assert received(supervisor)[-1] == ipc.Waiting("Radarr", "refused", needs_attention=True)
    report.goes_on("torrents", "Radarr")
    assert received(supervisor) == []


async def test_beats_tell_the_operation_under_way_and_the_errors(ends):
    link, supervisor = ends
    report = Report(link)
    report.failed()
    with report.operation("library", "health"):
        beating = asyncio.create_task(report.beat())
        beats = await until(lambda: [m for m in received(supervisor) if isinstance(m, ipc.Heartbeat)], 5, "no beat")
        beating.cancel()
    assert (beats[0].operation, beats[0].errors) == ("library", 1)
