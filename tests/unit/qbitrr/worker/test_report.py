"""What a beat promises: the deadline of what is under way, put off by progress only."""

import sqlite3

import pytest

from qbitrr import ipc
from qbitrr.clock import Clock
from qbitrr.http import progress
from qbitrr.rules.arr_settings import Contradiction, ContradictionKind
from qbitrr.worker.report import STATE_FILE, Report


class Sent:
    """In the place of the channel."""

    def __init__(self):
        self.messages = []

    def send(self, message):
        self.messages.append(message)


class Time:
    def __init__(self):
        self.now = 100.0

    @property
    def clock(self):
        return Clock(monotonic=lambda: self.now)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def sent():
    return Sent()


@pytest.fixture
def report(sent, time):
    return Report(sent, time.clock)


async def test_an_idle_worker_promises_a_beat_within_the_time_that_a_loop_may_stand_still(report, time):
    time.now += 1e6
    assert report.heartbeat() == ipc.Heartbeat("idle", 0, 0, 15.0)


@pytest.mark.parametrize(("passed", "promised"), [(0, 15.0), (49, 15.0), (50, 14.0), (59, 5.0), (60, 0.0), (1000, 0.0)])
async def test_an_operation_that_gets_nowhere_breaks_its_promise(report, time, passed, promised):
    with report.operation("library", "health", 60.0):
        time.now += passed
        assert report.heartbeat().within_seconds == promised


async def test_progress_puts_the_deadline_off(report, time):
    with report.operation("library", "health", 60.0):
        for _ in range(100):
            time.now += 59
            progress.report()
        assert report.heartbeat() == ipc.Heartbeat("library", 100, 0, 15.0)
        time.now += 60
        assert report.heartbeat().within_seconds == 0.0


async def test_progress_of_one_operation_does_not_hide_that_another_hangs(report, time):
    with report.operation("library", "health", 60.0):
        time.now += 59
        with report.operation("torrents", "health", 60.0):
            time.now += 1
            progress.report()
            assert report.heartbeat().operation == "library"
            assert report.heartbeat().within_seconds == 0.0


async def test_progress_outside_of_any_operation_is_nobodys(report):
    progress.report()
    assert report.heartbeat().progress == 0


async def test_a_state_file_that_cannot_be_written_is_waited_for_until_it_can(report, sent):
    report.wrote(None)
    report.wrote(sqlite3.OperationalError("database or disk is full"))
    report.wrote(sqlite3.OperationalError("database or disk is full"))
    report.wrote(None)
    report.wrote(None)
    assert sent.messages == [ipc.Waiting(STATE_FILE, "database or disk is full"), ipc.Waiting("", "")]


def test_contradictions_are_reported_when_they_changed_and_are_bounded(report, sent):
    found = [Contradiction(ContradictionKind.UNAVAILABLE, "t" * 100_000, "r" * 100_000, "w" * 100_000)] * 1000
    report.contradicted(found)
    report.contradicted(found)
    report.contradicted([])
    bounded, none = sent.messages
    assert none == ipc.Contradictions(())
    assert len(bounded.found) < 100
    assert ipc.decode_from_worker(ipc.encode(bounded)) == bounded


def test_what_concerns_the_user_is_kept_by_task_and_bounded(report, sent):
    of_a_disk = ipc.Concern("disk", "qBit", "t" * 100_000, "r")
    other = ipc.Concern("other_tool", "searches", "t", "r")
    report.concerned("space", [of_a_disk] * 1000)
    report.concerned("space", [of_a_disk] * 1000)
    report.concerned("other tools", [other])
    report.concerned("space", [])
    many, both, one = sent.messages
    assert len(many.found) < 100
    assert both.found == (*many.found, other)
    assert one.found == (other,)
    assert ipc.decode_from_worker(ipc.encode(many)) == many
