"""When a worker is started, restarted, given up for a while, and stopped. Pure: `step(state, event, now)`.

`now` is the monotonic clock in seconds; the wall clock may jump. A worker is restarted at once the first time, then
after growing delays; over the restart intensity it is degraded, which means tried every five to ten minutes, never
forgotten, and announced once. Ends before it was ready are counted apart from those after. Running for the length of
the window makes everything good again, and so does a restart that a person asks for.

    starting ──ready──> running <──> waiting (for a service; held: until the configuration changes)
       ^                   │
       │                   ├──silent──> hanging (its stacks are dumped, it is asked to end, it is killed)
       │<────ended─────────┤  backoff, when the delay is not zero
       │                   └──too often──> degraded ──after minutes──> starting
    stopping ──ended──> stopped
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable


class Phase(StrEnum):
    """What a worker is, as the process list shows it."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    HANGING = "hanging"
    BACKOFF = "backoff"
    DEGRADED = "degraded"
    HELD = "held"
    STOPPING = "stopping"
    STOPPED = "stopped"


class RestartPolicy(Struct, frozen=True):
    """The configuration keys that govern restarts; seconds."""

    restart: bool  # AutoRestartProcesses
    most_restarts: int  # MaxProcessRestarts
    window_seconds: float  # ProcessRestartWindow
    delay_seconds: float  # ProcessRestartDelay
    start_seconds: float  # ProcessSpawnTimeoutSeconds
    grace_seconds: float = 10.0  # between SIGTERM and SIGKILL when it is asked to end
    hang_grace_seconds: float = 2.0  # the same when it hangs
    least_start_delay_seconds: float = 1.0  # what cannot start must not be tried in a tight loop
    longest_delay_seconds: float = 60.0
    degraded_seconds: tuple[float, float] = (300.0, 600.0)


class State(Struct, frozen=True):
    """One worker.

    `alive` while it has a process. `ready_at` is when this process got ready. `start_failures` and `run_failures` are
    the ends inside of the window, before and after a process was ready. `troubled` from the first time it is degraded
    until it ran long enough. `timer_at` is when Tick is due.
    """

    phase: Phase = Phase.STOPPED
    since: float = 0.0
    alive: bool = False
    ready_at: float | None = None
    start_failures: tuple[float, ...] = ()
    run_failures: tuple[float, ...] = ()
    troubled: bool = False
    timer_at: float | None = None
    beat_due_at: float | None = None
    restart_wanted: bool = False


# -- events -----------------------------------------------------------------------------------------------------


class Start(Struct, frozen=True):
    """Somebody wants it to run; also ends a wait for the next try."""


class Ready(Struct, frozen=True):
    """It said that it is ready."""


class Blocked(Struct, frozen=True):
    """It said that it waits for a service, or not any more; `needs_attention` when only the user can help."""

    waits: bool
    needs_attention: bool


class Heartbeat(Struct, frozen=True):
    """It gave a sign of life and promised the next one."""

    within_seconds: float


class Ended(Struct, frozen=True):
    """The process is gone, or could not be started; `unusable` when its configuration is why."""

    unusable: bool = False


class Tick(Struct, frozen=True):
    """The timer ran off."""


class Restart(Struct, frozen=True):
    """Somebody wants a fresh process, now."""


class Stop(Struct, frozen=True):
    """It is to end."""


Event = Start | Ready | Blocked | Heartbeat | Ended | Tick | Restart | Stop


class Effect(StrEnum):
    """What is to be done."""

    SPAWN = "spawn"
    DUMP = "dump"
    TERMINATE = "terminate"
    KILL = "kill"
    ANNOUNCE = "announce"


Result = tuple[State, tuple[Effect, ...]]

READY = frozenset({Phase.RUNNING, Phase.WAITING, Phase.HELD})
"""It said that it is ready itself; whether the services answer it is another question."""


def step(state: State, event: Event, now: float, limits: RestartPolicy, rng: Callable[[], float]) -> Result:  # noqa: PLR0911
    """The state after an event and what is to be done. `rng` gives 0 to 1, for the jitter."""
    match event:
        case Start():
            return _start(state, now, limits)
        case Ready():
            return _ready(state, now, limits)
        case Blocked():
            return _waits(state, event, now)
        case Heartbeat():
            return _beaten(state, event, now)
        case Ended():
            return _ended(state, event, now, limits, rng)
        case Tick():
            return _tick(state, now, limits)
        case Restart():
            return _restart(state, now, limits)
        case Stop():
            return _stop(state, now, limits)


def next_timer(state: State) -> float | None:
    """When Tick is due at the latest, on the monotonic clock."""
    return min((at for at in (state.timer_at, state.beat_due_at) if at is not None), default=None)


def is_ready(state: State) -> bool:
    """Whether there is a process that said it is ready."""
    return state.alive and state.phase in READY


def is_lost(state: State) -> bool:
    """Whether there is no process and none to come soon."""
    return not state.alive and state.phase in (Phase.DEGRADED, Phase.HELD, Phase.STOPPED)


def _become(state: State, phase: Phase, now: float, timer_at: float | None = None) -> State:
    since = state.since if phase == state.phase else now
    return replace(state, phase=phase, since=since, timer_at=timer_at, beat_due_at=None)


def _spawn(state: State, now: float, limits: RestartPolicy) -> Result:
    fresh = replace(state, alive=True, ready_at=None, restart_wanted=False)
    return _become(fresh, Phase.STARTING, now, now + limits.start_seconds), (Effect.SPAWN,)


def _start(state: State, now: float, limits: RestartPolicy) -> Result:
    if not state.alive:
        return _spawn(state, now, limits)
    if state.phase is Phase.STOPPING:
        return replace(state, restart_wanted=True), ()
    return state, ()


def _ready(state: State, now: float, limits: RestartPolicy) -> Result:
    if state.phase is not Phase.STARTING:
        return state, ()
    running = _become(state, Phase.RUNNING, now)
    return replace(running, ready_at=now, beat_due_at=now + limits.start_seconds), ()


def _waits(state: State, event: Blocked, now: float) -> Result:
    if not state.alive or state.phase not in READY:
        return state, ()
    phase = Phase.HELD if event.needs_attention else Phase.WAITING if event.waits else Phase.RUNNING
    since = state.since if phase == state.phase else now
    return replace(state, phase=phase, since=since), ()


def _beaten(state: State, event: Heartbeat, now: float) -> Result:
    if not state.alive or state.phase not in (*READY, Phase.STARTING):
        return state, ()
    return replace(state, beat_due_at=now + event.within_seconds), ()


def _ended(state: State, event: Ended, now: float, limits: RestartPolicy, rng: Callable[[], float]) -> Result:
    was_ready_at = state.ready_at
    state = replace(state, alive=False, ready_at=None)
    if state.phase is Phase.STOPPING:
        return _spawn(state, now, limits) if state.restart_wanted else (_become(state, Phase.STOPPED, now), ())
    if event.unusable:
        return _become(state, Phase.HELD, now), ()
    if not limits.restart:
        return _become(state, Phase.STOPPED, now), ()
    if was_ready_at is not None and now - was_ready_at >= limits.window_seconds:
        state = replace(state, start_failures=(), run_failures=(), troubled=False)
    return _after_failure(state, now, limits, rng, started=was_ready_at is not None)


def _after_failure(
    state: State, now: float, limits: RestartPolicy, rng: Callable[[], float], *, started: bool
) -> Result:
    before = state.run_failures if started else state.start_failures
    recent = (*(at for at in before if at > now - limits.window_seconds), now)[-limits.most_restarts - 1 :]
    state = replace(state, run_failures=recent) if started else replace(state, start_failures=recent)
    if state.troubled or len(recent) > limits.most_restarts:
        shortest, longest = limits.degraded_seconds
        degraded = _become(state, Phase.DEGRADED, now, now + shortest + (longest - shortest) * rng())
        return replace(degraded, troubled=True), () if state.troubled else (Effect.ANNOUNCE,)
    delay = _delay(len(recent), limits.delay_seconds if started else _start_delay(limits), limits, rng)
    if delay == 0:
        return _spawn(state, now, limits)
    return _become(state, Phase.BACKOFF, now, now + delay), ()


def _start_delay(limits: RestartPolicy) -> float:
    return max(limits.delay_seconds, limits.least_start_delay_seconds)


def _delay(failures: int, first: float, limits: RestartPolicy, rng: Callable[[], float]) -> float:
    """No delay the first time, then `first` seconds, doubled with each further failure."""
    if failures == 1:
        return 0.0
    full = min(limits.longest_delay_seconds, first * 2.0 ** min(failures - 2, 64))
    return full * (0.75 + rng() / 4)


def _tick(state: State, now: float, limits: RestartPolicy) -> Result:
    due = next_timer(state)
    if due is None or now < due:
        return state, ()
    match state.phase:
        case Phase.BACKOFF | Phase.DEGRADED:
            return _spawn(state, now, limits)
        case Phase.STARTING | Phase.RUNNING | Phase.WAITING | Phase.HELD if state.alive:
            # too slow to start, or silent for too long
            hanging = _become(state, Phase.HANGING, now, now + limits.hang_grace_seconds)
            return hanging, (Effect.DUMP, Effect.TERMINATE)
        case Phase.HANGING | Phase.STOPPING:
            # deaf to SIGTERM; its end is an event of its own, and should it not come, as while it is still being
            # forked, it is killed again
            return replace(state, timer_at=now + limits.grace_seconds, beat_due_at=None), (Effect.KILL,)
        case _:
            return replace(state, timer_at=None, beat_due_at=None), ()


def _restart(state: State, now: float, limits: RestartPolicy) -> Result:
    """A restart that somebody asked for forgets earlier ends."""
    state = replace(state, start_failures=(), run_failures=(), troubled=False)
    if state.alive and state.phase is not Phase.STOPPING:
        stopping = _become(state, Phase.STOPPING, now, now + limits.grace_seconds)
        return replace(stopping, restart_wanted=True), (Effect.TERMINATE,)
    return _start(state, now, limits)


def _stop(state: State, now: float, limits: RestartPolicy) -> Result:
    if not state.alive:
        return _become(state, Phase.STOPPED, now), ()
    if state.phase is Phase.STOPPING:
        return replace(state, restart_wanted=False), ()
    stopping = _become(state, Phase.STOPPING, now, now + limits.grace_seconds)
    return replace(stopping, restart_wanted=False), (Effect.TERMINATE,)
