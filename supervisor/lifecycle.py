"""Lifecycle of a worker: when it is started, restarted, degraded and stopped. Pure: `step(state, event, now)`.

`now` is the monotonic clock in seconds; the wall clock may jump. A worker is restarted at once the first time, then
after growing delays; over the restart intensity it is degraded, which means tried every five to ten minutes and
announced once. Ends before it was ready are counted apart from those after. Running for the length of the window
resets the counts, and so does a restart on command.

    starting ──ready──> running <──> waiting (for a service; held: until the user acts)
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
    """Phase of a worker, as the process list shows it."""

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
    """The configuration keys that govern processes of workers; seconds, and bytes."""

    restart: bool  # AutoRestartProcesses
    most_restarts: int  # MaxProcessRestarts
    window_seconds: float  # ProcessRestartWindow
    delay_seconds: float  # ProcessRestartDelay
    start_seconds: float  # ProcessSpawnTimeoutSeconds
    memory_high_bytes: int = -1  # WorkerMemoryHigh
    grace_seconds: float = 10.0  # between SIGTERM and SIGKILL when it is stopped
    silence_seconds: float = 5.0  # the same when it does not even answer: others may wait for a lock that it holds
    hang_grace_seconds: float = 2.0  # the same when it hangs
    late_seconds: float = 5.0  # beyond which a tick is too late: the supervisor itself did not run, nor did the worker
    least_start_delay_seconds: float = 1.0  # a worker that cannot start is not tried in a tight loop
    longest_delay_seconds: float = 60.0
    degraded_seconds: tuple[float, float] = (300.0, 600.0)


class State(Struct, frozen=True):
    """State of one worker.

    `alive` while it has a process. `ready_at` is when this process got ready. `start_failures` and `run_failures` are
    the ends inside of the window, before and after a process was ready. `troubled` from the first time it is degraded
    until it ran long enough. `timer_at` and `beat_due_at` are when Tick is due.
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
    restart_after_stop: bool = False


# -- events -----------------------------------------------------------------------------------------------------


class Start(Struct, frozen=True):
    """The worker is to run; a wait for the next try ends."""


class Ready(Struct, frozen=True):
    """The worker reported that it is ready."""


class Blocked(Struct, frozen=True):
    """A service blocks the worker, or none any more. `needs_attention`: retrying cannot help, the user must act."""

    waits: bool
    needs_attention: bool


class Heartbeat(Struct, frozen=True):
    """A heartbeat arrived; the next one is due within `within_seconds`."""

    within_seconds: float


class Stopping(Struct, frozen=True):
    """It was asked to end and answered so: it does not hang."""


class Ended(Struct, frozen=True):
    """The process ended, or could not be started. `unusable`: because of its configuration."""

    unusable: bool = False


class Tick(Struct, frozen=True):
    """The timer is due."""


class Restart(Struct, frozen=True):
    """The process is to be replaced now."""


class Stop(Struct, frozen=True):
    """The worker is to end."""


Event = Start | Ready | Blocked | Heartbeat | Stopping | Ended | Tick | Restart | Stop


class Effect(StrEnum):
    """What the caller has to do."""

    SPAWN = "spawn"
    DUMP = "dump"
    TERMINATE = "terminate"
    KILL = "kill"
    ANNOUNCE = "announce"


Result = tuple[State, tuple[Effect, ...]]

READY = frozenset({Phase.RUNNING, Phase.WAITING, Phase.HELD})
"""Phases of a worker that got ready, whether its services answer or not."""


def step(state: State, event: Event, now: float, policy: RestartPolicy, rng: Callable[[], float]) -> Result:  # noqa: PLR0911
    """The state after an event, and the effects to carry out. `rng` returns 0 to 1, for the jitter."""
    match event:
        case Start():
            return _start(state, now, policy)
        case Ready():
            return _ready(state, now, policy)
        case Blocked():
            return _blocked(state, event, now)
        case Heartbeat():
            return _heartbeat(state, event, now)
        case Stopping():
            return _stopping(state, policy)
        case Ended():
            return _ended(state, event, now, policy, rng)
        case Tick():
            return _tick(state, now, policy)
        case Restart():
            return _restart(state, now, policy)
        case Stop():
            return _stop(state, now, policy)


def next_timer(state: State) -> float | None:
    """When Tick is due, on the monotonic clock; None without a timer."""
    return min((at for at in (state.timer_at, state.beat_due_at) if at is not None), default=None)


def is_ready(state: State) -> bool:
    """Whether there is a process that got ready."""
    return state.alive and state.phase in READY


def is_lost(state: State) -> bool:
    """Whether there is no process, and none will be started soon."""
    return not state.alive and state.phase in (Phase.DEGRADED, Phase.HELD, Phase.STOPPED)


def _enter(state: State, phase: Phase, now: float, timer_at: float | None = None) -> State:
    since = state.since if phase == state.phase else now
    return replace(state, phase=phase, since=since, timer_at=timer_at, beat_due_at=None)


def _spawn(state: State, now: float, policy: RestartPolicy) -> Result:
    starting = replace(state, alive=True, ready_at=None, restart_after_stop=False)
    return _enter(starting, Phase.STARTING, now, now + policy.start_seconds), (Effect.SPAWN,)


def _start(state: State, now: float, policy: RestartPolicy) -> Result:
    if not state.alive:
        return _spawn(state, now, policy)
    if state.phase is Phase.STOPPING:
        return replace(state, restart_after_stop=True), ()
    return state, ()


def _ready(state: State, now: float, policy: RestartPolicy) -> Result:
    if state.phase is not Phase.STARTING:
        return state, ()
    running = _enter(state, Phase.RUNNING, now)
    return replace(running, ready_at=now, beat_due_at=now + policy.start_seconds), ()


def _blocked(state: State, event: Blocked, now: float) -> Result:
    if not state.alive or state.phase not in READY:
        return state, ()
    phase = Phase.HELD if event.needs_attention else Phase.WAITING if event.waits else Phase.RUNNING
    since = state.since if phase == state.phase else now
    return replace(state, phase=phase, since=since), ()


def _heartbeat(state: State, event: Heartbeat, now: float) -> Result:
    if not state.alive or state.phase not in (*READY, Phase.STARTING):
        return state, ()
    return replace(state, beat_due_at=now + event.within_seconds), ()


def _stopping(state: State, policy: RestartPolicy) -> Result:
    if state.phase is not Phase.STOPPING:
        return state, ()
    return replace(state, timer_at=state.since + policy.grace_seconds), ()


def _ended(state: State, event: Ended, now: float, policy: RestartPolicy, rng: Callable[[], float]) -> Result:
    was_ready_at = state.ready_at
    state = replace(state, alive=False, ready_at=None)
    if state.phase is Phase.STOPPING:
        return _spawn(state, now, policy) if state.restart_after_stop else (_enter(state, Phase.STOPPED, now), ())
    if event.unusable or not policy.restart:
        return _enter(state, Phase.HELD, now), ()
    if was_ready_at is not None and now - was_ready_at >= policy.window_seconds:
        state = replace(state, start_failures=(), run_failures=(), troubled=False)
    return _after_failure(state, now, policy, rng, started=was_ready_at is not None)


def _after_failure(
    state: State, now: float, policy: RestartPolicy, rng: Callable[[], float], *, started: bool
) -> Result:
    before = state.run_failures if started else state.start_failures
    recent = (*(at for at in before if at > now - policy.window_seconds), now)[-policy.most_restarts - 1 :]
    state = replace(state, run_failures=recent) if started else replace(state, start_failures=recent)
    if state.troubled or len(recent) > policy.most_restarts:
        shortest, longest = policy.degraded_seconds
        degraded = _enter(state, Phase.DEGRADED, now, now + shortest + (longest - shortest) * rng())
        return replace(degraded, troubled=True), () if state.troubled else (Effect.ANNOUNCE,)
    delay = _delay(len(recent), policy.delay_seconds if started else _start_delay(policy), policy, rng)
    if delay == 0:
        return _spawn(state, now, policy)
    return _enter(state, Phase.BACKOFF, now, now + delay), ()


def _start_delay(policy: RestartPolicy) -> float:
    return max(policy.delay_seconds, policy.least_start_delay_seconds)


def _delay(failures: int, first: float, policy: RestartPolicy, rng: Callable[[], float]) -> float:
    """No delay the first time, then `first` seconds, doubled with each further failure."""
    if failures == 1:
        return 0.0
    full = min(policy.longest_delay_seconds, first * 2.0 ** min(failures - 2, 64))
    return full * (0.75 + rng() / 4)


def _tick(state: State, now: float, policy: RestartPolicy) -> Result:
    due = next_timer(state)
    if due is None or now < due:
        return state, ()
    if state.alive and now > due + policy.late_seconds:
        return _put_off(state, now + policy.grace_seconds), ()
    match state.phase:
        case Phase.BACKOFF | Phase.DEGRADED:
            return _spawn(state, now, policy)
        case Phase.STARTING | Phase.RUNNING | Phase.WAITING | Phase.HELD if state.alive:
            # too slow to start, or the heartbeat is overdue
            hanging = _enter(state, Phase.HANGING, now, now + policy.hang_grace_seconds)
            return hanging, (Effect.DUMP, Effect.TERMINATE)
        case Phase.HANGING | Phase.STOPPING:
            # SIGTERM did not end it. Its end is an event of its own; without one, as while it is still being forked,
            # it is killed again
            return replace(state, timer_at=now + policy.grace_seconds, beat_due_at=None), (Effect.KILL,)
        case _:
            return replace(state, timer_at=None, beat_due_at=None), ()


def _put_off(state: State, until: float) -> State:
    """Wait again, for what could not happen while all processes were paused."""
    timer_at = None if state.timer_at is None else max(state.timer_at, until)
    beat_due_at = None if state.beat_due_at is None else max(state.beat_due_at, until)
    return replace(state, timer_at=timer_at, beat_due_at=beat_due_at)


def _restart(state: State, now: float, policy: RestartPolicy) -> Result:
    """A restart on command resets the counts."""
    state = replace(state, start_failures=(), run_failures=(), troubled=False)
    if state.alive and state.phase is not Phase.STOPPING:
        return replace(_terminate(state, now, policy), restart_after_stop=True), (Effect.TERMINATE,)
    return _start(state, now, policy)


def _stop(state: State, now: float, policy: RestartPolicy) -> Result:
    if not state.alive:
        return _enter(state, Phase.STOPPED, now), ()
    if state.phase is Phase.STOPPING:
        return replace(state, restart_after_stop=False), ()
    return replace(_terminate(state, now, policy), restart_after_stop=False), (Effect.TERMINATE,)


def _terminate(state: State, now: float, policy: RestartPolicy) -> State:
    return _enter(state, Phase.STOPPING, now, now + min(policy.silence_seconds, policy.grace_seconds))
