import pytest

from qbitrr.sandbox.life.commands import KEPT_SECONDS, LISTED_SECONDS, CommandQueue, Outcome
from qbitrr.sandbox.life.schedule import Schedule

SCAN = "DownloadedMoviesScan"


class Commands:
    """A queue whose commands take three seconds each."""

    def __init__(self):
        self.changes, self.schedule = [], Schedule(0.0)
        self.queue = CommandQueue(self.schedule, self.work, self.changes.append)

    def work(self, command):
        yield 1.0
        yield 2.0
        return Outcome(f"did {command.name}")

    def post(self, name, **body):
        return self.queue.post(name, body)


@pytest.fixture
def commands():
    return Commands()


def test_a_command_is_queued_then_started_then_completed(commands):
    command = commands.post("RssSync")
    seen = [command.status]
    for moment in (0.1, 2.9, 3.0):
        commands.schedule.advance(moment)
        seen.append(command.status)
    assert seen == ["queued", "started", "started", "completed"]
    assert (command.started, command.ended, command.message, command.result) == (0, 3, "did RssSync", "successful")


def test_the_same_command_is_not_lined_up_twice_while_it_waits_or_runs(commands):
    first = commands.post("MoviesSearch", movieIds=[1])
    assert commands.post("MoviesSearch", movieIds=[1]) is first
    assert commands.post("MoviesSearch", movieIds=[2]) is not first
    commands.schedule.advance(1)
    assert commands.post("MoviesSearch", movieIds=[1]) is first
    commands.schedule.advance(4)
    assert commands.post("MoviesSearch", movieIds=[1]) is not first


def test_only_one_at_a_time_uses_the_disk_and_what_is_urgent_goes_first(commands):
    first, second = commands.post(SCAN, path="/a"), commands.post(SCAN, path="/b")
    search = commands.post("MoviesSearch", movieIds=[1])
    urgent = commands.queue.post("ProcessMonitoredDownloads", {}, priority="high")
    commands.schedule.advance(2)
    assert [one.status for one in (first, second, search, urgent)] == ["queued", "queued", "started", "started"]
    commands.schedule.advance(20)
    assert (urgent.started, first.started, second.started) == (0, 3, 6)


def test_a_command_is_listed_for_five_minutes_and_known_for_a_day_without_its_result(commands):
    command = commands.post("RssSync")
    commands.schedule.advance(3 + LISTED_SECONDS)
    assert (commands.queue.listed(), commands.queue.get(command.id).result) == ([command], "successful")
    commands.schedule.advance(4 + LISTED_SECONDS)
    assert commands.queue.listed() == []
    later = commands.queue.get(command.id)
    assert (later.status, later.result) == ("completed", "unknown")
    commands.schedule.advance(4 + KEPT_SECONDS)
    commands.post("RssSync")
    commands.schedule.advance(8 + KEPT_SECONDS)
    assert commands.queue.get(command.id) is None


def test_a_cancelled_command_stays_queued_by_its_id_and_never_runs(commands):
    commands.post(SCAN, path="/a")
    command = commands.post(SCAN, path="/b")
    commands.queue.cancel(command.id)
    commands.schedule.advance(60)
    assert commands.queue.get(command.id).status == "queued"
    assert command not in commands.queue.listed()
    assert commands.post(SCAN, path="/b") is not command


def test_a_restart_orphans_what_runs_and_runs_what_waited(commands):
    running, waiting = commands.post(SCAN, path="/a"), commands.post(SCAN, path="/b")
    commands.schedule.advance(1)
    commands.schedule.clear()
    commands.queue.restart()
    commands.schedule.advance(10)
    assert (running.status, waiting.status) == ("orphaned", "completed")


def test_the_end_of_a_command_is_announced_unless_the_arr_started_it_itself(commands):
    by_hand = commands.post("RssSync")
    commands.queue.post("RefreshMonitoredDownloads", {}, trigger="scheduled")
    commands.schedule.advance(5)
    assert [(change.what, change.id) for change in commands.changes] == [
        ("system/task", 0),
        ("command", by_hand.id),
        ("system/task", 0),
    ]
