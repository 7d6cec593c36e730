"""When something is due in local time, also on the two days in a year on which clocks jump."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import croniter  # noqa: F401  # it starts a program to learn about the platform, here and not in a test
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.clock import Clock
from supervisor import cron as timetable
from supervisor.cron import due_after
from tests.support.polling import until

BERLIN = ZoneInfo("Europe/Berlin")


def at(text, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


@pytest.mark.parametrize(
    ("cron", "moment", "expected"),
    [
        ("0 3 * * 0", at("2026-11-25T12:00"), at("2026-11-29T03:00")),
        ("0 3 * * *", at("2026-11-25T03:00"), at("2026-11-26T03:00")),
        # in spring there is no 02:30: it comes when the clock goes on
        ("30 2 * * *", at("2026-03-28T12:00"), at("2026-03-29T03:30")),
        ("30 2 * * *", at("2026-03-29T03:30"), at("2026-03-30T02:30")),
        ("0 3 * * *", at("2026-03-28T12:00"), at("2026-03-29T03:00")),
        # in autumn 02:30 is there twice, and counts once
        ("30 2 * * *", at("2026-10-24T12:00"), at("2026-10-25T02:30")),
        ("30 2 * * *", at("2026-10-25T02:30"), at("2026-10-26T02:30")),
        ("30 2 * * *", at("2026-10-25T02:30", fold=1), at("2026-10-26T02:30")),
        ("0 3 * * *", at("2026-10-25T02:30", fold=1), at("2026-10-25T03:00")),
    ],
)
def test_when_it_is_due(cron, moment, expected):
    assert due_after(cron, moment, BERLIN) == expected


@given(st.floats(1_700_000_000, 1_900_000_000), st.sampled_from(["30 2 * * *", "*/15 * * * *", "0 3 * * 0"]))
def test_it_is_always_later_and_comes_to_an_end(moment, cron):
    due = due_after(cron, moment, BERLIN)
    assert moment < due <= moment + 8 * 86400


async def test_it_acts_when_it_is_due_again_while_it_cannot_and_never_when_it_is_off(monkeypatch):
    monkeypatch.setattr(timetable, "_JITTER_SECONDS", 0.0)
    monkeypatch.setattr(timetable, "_POLL_SECONDS", 0.001)
    now = [at("2026-11-25T02:59:59")]
    wanted = [None]
    answers, acted = [False, False, True], []
    checks = [0]

    async def act():
        acted.append(now[0])
        return answers[len(acted) - 1]

    def wall():
        checks[0] += 1
        return now[0]

    async def turn():
        enough = checks[0] + 6
        await until(lambda: checks[0] >= enough, 10, "it is not checked any more")

    task = asyncio.create_task(timetable.keep(lambda: wanted[0], act, Clock(wall=wall)))
    await turn()
    wanted[0] = "* * * * *"
    await turn()
    assert acted == []
    now[0] += 60
    await turn()
    assert len(acted) == 3, "twice in vain, then done"
    wanted[0] = None
    now[0] += 3600
    await turn()
    assert len(acted) == 3
    task.cancel()


class Machine:
    """Time that passes by hand; `turn` waits until the schedule was checked some times.

    The wall clock is ahead of it by `ahead`.
    """

    def __init__(self, now):
        self.now = now
        self.ahead = 0
        self.checks = 0

    def wall(self):
        self.checks += 1
        return self.now + self.ahead

    @property
    def clock(self):
        return Clock(wall=self.wall, monotonic=lambda: self.now)

    async def turn(self):
        enough = self.checks + 6
        await until(lambda: self.checks >= enough, 10, "it is not checked any more")


@pytest.mark.parametrize("jump_seconds", [3600, -3600, 3 * 86400, -3 * 86400])
async def test_a_clock_that_jumps_and_is_corrected_neither_stops_nor_repeats_the_schedule(monkeypatch, jump_seconds):
    monkeypatch.setattr(timetable, "_JITTER_SECONDS", 0.0)
    monkeypatch.setattr(timetable, "_POLL_SECONDS", 0.001)
    machine, acted = Machine(datetime.fromisoformat("2026-11-25T12:00").timestamp()), []

    async def act():
        acted.append(machine.now)
        return True

    async def days(number):
        before = len(acted)
        for _ in range(number * 4):
            machine.now += 6 * 3600
            await machine.turn()
        return len(acted) - before

    task = asyncio.create_task(timetable.keep(lambda: "30 2 * * *", act, machine.clock))
    await machine.turn()
    assert await days(1) == 1
    machine.ahead = jump_seconds
    await machine.turn()
    assert await days(1) == 1, "by the time that it shows"
    machine.ahead = 0
    await machine.turn()
    assert await days(2) == 2
    task.cancel()


async def test_what_a_clock_that_was_ahead_has_brought_forward_is_not_done_again_at_its_time(monkeypatch):
    monkeypatch.setattr(timetable, "_JITTER_SECONDS", 0.0)
    monkeypatch.setattr(timetable, "_POLL_SECONDS", 0.001)
    machine, acted = Machine(datetime.fromisoformat("2026-11-25T02:00").timestamp()), []

    async def act():
        acted.append(machine.now)
        return True

    async def after(hours):
        machine.now += hours * 3600
        await machine.turn()
        return len(acted)

    task = asyncio.create_task(timetable.keep(lambda: "30 2 * * *", act, machine.clock))
    await machine.turn()
    machine.ahead = 3600
    await machine.turn()
    assert await after(0.1) == 1
    machine.ahead = 0
    await machine.turn()
    assert await after(1) == 1, "half an hour later it is the time at which it was done"
    assert await after(23) == 1
    assert await after(1) == 2
    task.cancel()
