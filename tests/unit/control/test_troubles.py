"""Troubles of workers: what is another one, when one is over, and that none is reported again and again."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING

import pytest

from control.handlers.processes import ProcessView
from control.troubles import Troubles, pattern_of
from qbitrr.clock import Clock
from supervisor.lifecycle import Phase

if TYPE_CHECKING:
    from control.announced import Trouble

HOUR, DAY = 3600.0, 86_400.0


class Seen:
    """Troubles of one worker, with a clock that a test sets. `messages` are those that are reported."""

    def __init__(self, stored: dict[str, Trouble] | None = None) -> None:
        self.now = 0.0
        self.messages: list[str] = []
        self.stored: dict[str, Trouble] = {} if stored is None else stored
        self.troubles = Troubles(self.stored, Clock(lambda: self.now, lambda: self.now))

    def is_(self, phase: Phase, error: str = "", waiting_for: str | None = None, for_seconds: float = 0.0) -> None:
        """The worker gets into a phase and stays there for a time, of which only the end is seen."""
        values = dict.fromkeys(ProcessView.__struct_fields__)
        given = {"category": "movies", "phase": phase, "last_error": error, "waiting_for": waiting_for}
        if self.troubles.observe(ProcessView(**{**values, **given})):  # type: ignore[arg-type]
            self.messages.append(error or str(waiting_for))
        self.now += for_seconds
        self.messages += ["it runs again"] * len(self.troubles.ended())

    def is_degraded(self, error: str) -> None:
        """The worker is degraded, and tried again after some minutes."""
        self.is_(Phase.DEGRADED, error, for_seconds=450.0)
        self.is_(Phase.STARTING, error, for_seconds=5.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cannot connect to host nas:8080", "Cannot connect to host nas:8081"),
        ("connect call failed ('127.0.0.1', 41234)", "connect call failed ('10.0.0.7', 41235)"),
        ("no heartbeat in time; under way: 3 of 7", "no heartbeat in time; under way: 4 of 7"),
        ("killed at 2026-11-30T15:00:01Z with 0x7ffd10", "killed at 2026-12-01T03:12:59Z with 0x7ffe40"),
        ('it cannot open "a b"', 'it cannot open "c"'),
        ("fe80::1%eth0 refused", "192.168.1.2 refused"),
    ],
)
def test_what_varies_in_a_text_is_no_other_cause(one: str, other: str) -> None:
    assert pattern_of(one) == pattern_of(other)


def test_another_cause_is_one() -> None:
    assert pattern_of("the process ended unexpectedly: signal SIGKILL") != pattern_of("it was not ready within 60 s")


def test_a_degraded_worker_is_reported_once_and_its_end_once() -> None:
    seen = Seen()
    for number in range(100):
        seen.is_degraded(f"exit code {number}")
    seen.is_(Phase.RUNNING, for_seconds=599.0)
    assert seen.messages == ["exit code 0"]
    seen.is_(Phase.RUNNING, for_seconds=1.0)
    assert seen.messages == ["exit code 0", "it runs again"]
    seen.is_(Phase.RUNNING, for_seconds=DAY)
    assert seen.messages == ["exit code 0", "it runs again"]
    assert seen.stored == {}


def test_causes_that_alternate_are_reported_once_each_and_four_at_most() -> None:
    seen = Seen()
    for error in islice(cycle("abc"), 100):
        seen.is_degraded(error)
    assert seen.messages == ["a", "b", "c"]
    for error in islice(cycle("defgh"), 100):
        seen.is_degraded(error)
    assert seen.messages == ["a", "b", "c", "d"]


def test_what_needs_the_user_is_reported_beyond_that_also_when_it_replaces_something_else() -> None:
    seen = Seen()
    for error in "abcdef":
        seen.is_degraded(error)
    seen.is_(Phase.HELD, waiting_for="Radarr")
    seen.is_(Phase.HELD, waiting_for="approval")
    seen.is_(Phase.HELD, "another text", waiting_for="Radarr")
    assert seen.messages == ["a", "b", "c", "d", "Radarr", "approval"]


def test_a_worker_that_gets_ready_and_ends_again_within_minutes_is_in_the_same_trouble() -> None:
    seen = Seen()
    for _ in range(100):
        seen.is_degraded("a")
        seen.is_(Phase.RUNNING, for_seconds=300.0)
        seen.is_(Phase.WAITING, for_seconds=200.0)
    assert seen.messages == ["a"]


def test_a_worker_that_waits_for_a_service_runs_again_once_it_does() -> None:
    seen = Seen()
    seen.is_degraded("a")
    seen.is_(Phase.WAITING, for_seconds=DAY)
    assert seen.messages == ["a"]
    seen.is_(Phase.RUNNING, for_seconds=600.0)
    assert seen.messages == ["a", "it runs again"]


def test_a_trouble_that_comes_back_again_and_again_is_reported_ever_more_seldom() -> None:
    seen = Seen()
    for _ in range(7 * 24):
        seen.is_degraded("a")
        seen.is_(Phase.RUNNING, for_seconds=HOUR)
    assert seen.messages == ["a", "it runs again"] * 3 + ["a"], "10, 20 and 40 minutes"
    seen.is_(Phase.RUNNING, for_seconds=DAY)
    seen.is_degraded("a")
    seen.is_(Phase.RUNNING, for_seconds=600.0)
    assert seen.messages[7:] == ["it runs again", "a", "it runs again"], "a day without it"


def test_a_trouble_that_is_reported_is_so_after_a_restart_of_the_daemon() -> None:
    seen = Seen()
    seen.is_degraded("a")
    again = Seen(seen.stored)
    again.is_(Phase.STARTING, for_seconds=HOUR)
    again.is_degraded("a")
    assert again.messages == []
    again.is_(Phase.RUNNING, for_seconds=600.0)
    assert again.messages == ["it runs again"]


def test_a_worker_that_is_gone_is_forgotten() -> None:
    seen = Seen()
    seen.is_degraded("a")
    seen.is_(Phase.RUNNING)
    seen.troubles.forget("movies")
    seen.now += DAY
    assert seen.troubles.ended() == []
    assert seen.stored == {}
    seen.is_degraded("a")
    assert seen.messages == ["a", "a"]
