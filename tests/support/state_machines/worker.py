"""The phases of a worker: every state of `supervisor.lifecycle` that can be reached, put through every event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgspec
from msgspec.structs import replace

from supervisor import lifecycle
from supervisor.lifecycle import Phase, RestartPolicy, State
from tests.support.state_machines.drawing import Transition, diagram, in_order, table

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS: dict[str, lifecycle.Event] = {
    "start": lifecycle.Start(),
    "ready": lifecycle.Ready(),
    "heartbeat": lifecycle.Heartbeat(within_seconds=30.0),
    "blocked by a service": lifecycle.Blocked(waits=True, needs_attention=False),
    "blocked until the configuration changes": lifecycle.Blocked(waits=True, needs_attention=True),
    "unblocked": lifecycle.Blocked(waits=False, needs_attention=False),
    "tick": lifecycle.Tick(),
    "answered that it stops": lifecycle.Stopping(),
    "ended": lifecycle.Ended(),
    "ended as its configuration is unusable": lifecycle.Ended(unusable=True),
    "restart": lifecycle.Restart(),
    "stop": lifecycle.Stop(),
}
_BY_A_PROCESS = (lifecycle.Ready, lifecycle.Heartbeat, lifecycle.Blocked, lifecycle.Stopping, lifecycle.Ended)
_POLICY = RestartPolicy(restart=True, most_restarts=2, window_seconds=300, delay_seconds=5, start_seconds=30)
_WITHOUT_RESTARTS = " (AutoRestartProcesses off)"
_MOMENT_SECONDS = 1.0

_TEXT = """\
## Workers

The phases of `supervisor/lifecycle.py`; [operations.md](operations.md#workers) says what each means. A worker that
ended is restarted at once the first time, then after growing delays (`backoff`); over `MaxProcessRestarts` it is
`degraded`. A *tick* is a deadline that has passed: of a start, of a heartbeat, of the time to end, of a delay."""


def section() -> str:
    """The part of the page on workers."""
    found = transitions()
    return "\n\n".join((_TEXT, diagram(found, str(State().phase)), table(found, "Effects")))


def transitions() -> list[Transition]:
    """Every change of phase, and every event that has an effect without one."""
    always = set(_explore(_POLICY))
    without = set(_explore(replace(_POLICY, restart=False))) - always
    shown = always | {replace(one, event=one.event + _WITHOUT_RESTARTS) for one in without}
    return in_order(
        (one for one in shown if one.before != one.after or one.effect),
        [str(phase) for phase in Phase],
        [*EVENTS, *(name + _WITHOUT_RESTARTS for name in EVENTS)],
    )


def uncovered() -> set[type]:
    """Kinds of events of the life cycle that have no example here."""
    return set(get_args(lifecycle.Event)) - {type(event) for event in EVENTS.values()}


def _explore(policy: RestartPolicy) -> Iterator[Transition]:
    """Go from the first state to every other; states that differ only in when they came about count as one."""
    unexplored, seen = [(State(), 0.0)], {_kind(State())}
    while unexplored:
        state, before = unexplored.pop()
        for name, event in EVENTS.items():
            for now in _moments(state, event, before, policy):
                after, effects = lifecycle.step(state, event, now, policy, lambda: 0.5)
                yield Transition(str(state.phase), name, str(after.phase), ", ".join(effects))
                if _kind(after) not in seen:
                    seen.add(_kind(after))
                    unexplored.append((after, now))


def _moments(state: State, event: lifecycle.Event, before: float, policy: RestartPolicy) -> Iterator[float]:
    """When an event may happen: a tick when it is due, what a process does while there is one, soon or late."""
    if isinstance(event, lifecycle.Tick):
        due = lifecycle.next_timer(state)
        if due is not None:
            yield due
    elif state.alive or not isinstance(event, _BY_A_PROCESS):
        yield before + _MOMENT_SECONDS
        yield before + policy.window_seconds


def _kind(state: State) -> tuple[Any, ...]:
    """A state without its times: only whether they are set, and how many failures there were."""
    return tuple(_without_time(value) for value in msgspec.structs.astuple(state))


def _without_time(value: object) -> object:
    return len(value) if isinstance(value, tuple) else "a time" if isinstance(value, float) else value
