"""The restart policy as a pure function: every event in every phase, and what holds for all histories."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from supervisor import lifecycle
from supervisor.lifecycle import Effect, Phase, RestartPolicy, State

LIMITS = RestartPolicy(restart=True, most_restarts=5, window_seconds=300, delay_seconds=5, start_seconds=30)
NOW = 1000.0


def step(state, event, now=NOW, limits=LIMITS, rng=lambda: 1.0):
    return lifecycle.step(state, event, now, limits, rng)


def running(**changes):
    return replace(State(phase=Phase.RUNNING, since=NOW, alive=True, ready_at=NOW), **changes)


def history(times, limits=LIMITS, rng=lambda: 1.0, *, ready=True):
    """A worker that ends at these times, once it was ready or before; every state and effect on the way."""
    state, seen = running() if ready else step(State(), lifecycle.Start())[0], []
    for now in times:
        if state.phase in (Phase.BACKOFF, Phase.DEGRADED):
            state, _ = step(state, lifecycle.Tick(), state.timer_at, limits, rng)
        if ready and state.phase is Phase.STARTING:
            state, _ = step(state, lifecycle.Ready(), now, limits, rng)
        state, effects = step(state, lifecycle.Ended(), now, limits, rng)
        seen.append((state, effects))
    return seen


def ends(times, limits=LIMITS, rng=lambda: 1.0, *, ready=True):
    return history(times, limits, rng, ready=ready)[-1][0]


def test_a_worker_starts_gets_ready_and_runs():
    state, effects = step(State(), lifecycle.Start())
    assert (state.phase, effects) == (Phase.STARTING, (Effect.SPAWN,))
    assert step(state, lifecycle.Ready())[0].phase is Phase.RUNNING


def test_the_first_end_restarts_at_once():
    state, effects = step(running(), lifecycle.Ended())
    assert (state.phase, effects) == (Phase.STARTING, (Effect.SPAWN,))


@pytest.mark.parametrize(("number", "delay"), [(2, 5), (3, 10), (4, 20), (5, 40)])
def test_further_ends_wait_longer_and_longer(number, delay):
    times = [NOW + i for i in range(number)]
    state = ends(times)
    assert state.phase is Phase.BACKOFF
    assert state.timer_at == times[-1] + delay


def test_without_a_delay_every_restart_is_at_once():
    limits = replace(LIMITS, delay_seconds=0, most_restarts=100)
    assert ends([NOW + i / 10 for i in range(50)], limits).phase is Phase.STARTING


@pytest.mark.parametrize(("number", "phase"), [(4, Phase.BACKOFF), (5, Phase.BACKOFF), (6, Phase.DEGRADED)])
def test_the_restart_intensity_just_below_at_and_above_its_limit(number, phase):
    assert ends([NOW + i for i in range(number)]).phase is phase


@pytest.mark.parametrize(("sixth", "phase"), [(299.9, Phase.DEGRADED), (300, Phase.BACKOFF)])
def test_the_window_slides(sixth, phase):
    """Five ends at the beginning of a window, and one that falls into it or just not."""
    times = [NOW, NOW + 100, NOW + 101, NOW + 102, NOW + 103]
    state = ends([*times, NOW + sixth], replace(LIMITS, delay_seconds=1))
    assert state.phase is phase


def test_ends_that_left_the_window_do_not_count():
    assert ends([NOW + 301 * i for i in range(50)]).phase is Phase.STARTING


@pytest.mark.parametrize(("luck", "minutes"), [(0.0, 5), (1.0, 10)])
def test_a_degraded_worker_is_tried_every_five_to_ten_minutes(luck, minutes):
    state = ends([NOW + i for i in range(6)], rng=lambda: luck)
    assert state.timer_at == NOW + 5 + minutes * 60
    state, effects = step(state, lifecycle.Tick(), state.timer_at)
    assert (state.phase, effects) == (Phase.STARTING, (Effect.SPAWN,))


def test_a_degraded_worker_is_announced_once_and_stays_degraded_when_a_try_fails():
    times = [NOW + 700 * i if i > 5 else NOW + i for i in range(9)]
    seen = history(times)
    assert [state.phase for state, _ in seen[5:]] == [Phase.DEGRADED] * 4
    assert [Effect.ANNOUNCE in effects for _, effects in seen] == [False] * 5 + [True] + [False] * 3


def test_running_for_the_length_of_the_window_makes_a_degraded_worker_good_again():
    degraded = ends([NOW + i for i in range(6)])
    state, _ = step(degraded, lifecycle.Tick(), degraded.timer_at)
    ready_at = state.since + 1
    state, _ = step(state, lifecycle.Ready(), ready_at)
    too_soon, _ = step(state, lifecycle.Ended(), ready_at + 299)
    assert too_soon.phase is Phase.DEGRADED
    state, effects = step(state, lifecycle.Ended(), ready_at + 300)
    assert (state.phase, state.troubled, effects) == (Phase.STARTING, False, (Effect.SPAWN,))


def test_failures_to_start_are_counted_apart_from_failures_to_run():
    state = replace(running(), run_failures=tuple(NOW - i for i in range(4, -1, -1)))
    starting = replace(state, phase=Phase.STARTING, ready_at=None)
    assert step(starting, lifecycle.Ended(), NOW + 1)[0].phase is Phase.STARTING
    assert step(state, lifecycle.Ended(), NOW + 1)[0].phase is Phase.DEGRADED


def test_what_cannot_start_is_not_tried_in_a_tight_loop():
    limits = replace(LIMITS, delay_seconds=0, most_restarts=100)
    state = ends([NOW, NOW + 0.1], limits, ready=False)
    assert (state.phase, state.timer_at) == (Phase.BACKOFF, NOW + 0.1 + limits.least_start_delay_seconds)


def test_a_worker_that_cannot_use_its_configuration_is_held_until_it_changes():
    state, effects = step(running(), lifecycle.Ended(unusable=True))
    assert (state.phase, state.alive, effects) == (Phase.HELD, False, ())
    assert lifecycle.next_timer(state) is None
    assert step(state, lifecycle.Restart())[1] == (Effect.SPAWN,)
    assert step(state, lifecycle.Stop())[0].phase is Phase.STOPPED


def test_an_asked_for_restart_forgets_earlier_ends():
    state, effects = step(ends([NOW + i for i in range(6)]), lifecycle.Restart(), NOW + 7)
    assert (state.phase, effects) == (Phase.STARTING, (Effect.SPAWN,))
    assert step(state, lifecycle.Ended(), NOW + 8)[0].phase is Phase.STARTING


def test_restarting_a_running_worker_ends_it_first():
    state, effects = step(running(), lifecycle.Restart())
    assert (state.phase, effects) == (Phase.STOPPING, (Effect.TERMINATE,))
    state, effects = step(state, lifecycle.Ended())
    assert (state.phase, effects) == (Phase.STARTING, (Effect.SPAWN,))


def test_a_worker_that_does_not_end_within_the_grace_is_killed():
    for event in (lifecycle.Stop(), lifecycle.Restart()):
        state, _ = step(running(), event)
        state, _ = step(state, lifecycle.Stopping(), NOW + 3)
        assert step(state, lifecycle.Tick(), NOW + 9.9)[1] == ()
        assert step(state, lifecycle.Tick(), NOW + 10)[1] == (Effect.KILL,)


def test_a_worker_that_does_not_answer_that_it_ends_is_killed_before_those_that_may_wait_for_it():
    for event in (lifecycle.Stop(), lifecycle.Restart()):
        state, _ = step(running(), event)
        assert step(state, lifecycle.Tick(), NOW + 4.9)[1] == ()
        assert step(state, lifecycle.Tick(), NOW + 5)[1] == (Effect.KILL,)


def test_a_worker_that_others_asked_to_end_is_not_being_stopped():
    state, effects = step(running(), lifecycle.Stopping())
    assert (state, effects) == (running(), ())


def test_a_stop_wins_over_a_restart_under_way():
    state, _ = step(running(), lifecycle.Restart())
    state, _ = step(state, lifecycle.Stop())
    assert step(state, lifecycle.Ended())[0].phase is Phase.STOPPED


HANGS = (Effect.DUMP, Effect.TERMINATE)


def test_a_worker_that_does_not_get_ready_in_time_is_ended():
    state, _ = step(State(), lifecycle.Start())
    assert step(state, lifecycle.Tick(), NOW + 29)[1] == ()
    assert step(state, lifecycle.Tick(), NOW + 30)[1] == HANGS


def test_a_worker_that_falls_silent_is_dumped_asked_to_end_and_killed():
    state, _ = step(running(), lifecycle.Heartbeat(15))
    assert step(state, lifecycle.Tick(), NOW + 14)[1] == ()
    hanging, effects = step(state, lifecycle.Tick(), NOW + 15)
    assert (hanging.phase, effects) == (Phase.HANGING, HANGS)
    assert step(hanging, lifecycle.Tick(), NOW + 16.9)[1] == ()
    assert step(hanging, lifecycle.Tick(), NOW + 17)[1] == (Effect.KILL,)
    ended, effects = step(hanging, lifecycle.Ended(), NOW + 17)
    assert (ended.phase, effects) == (Phase.STARTING, (Effect.SPAWN,))
    assert len(ended.run_failures) == 1


@pytest.mark.parametrize(
    "state",
    [
        replace(running(), beat_due_at=NOW),
        replace(running(), phase=Phase.STARTING, timer_at=NOW),
        replace(running(), phase=Phase.HANGING, timer_at=NOW),
        replace(running(), phase=Phase.STOPPING, timer_at=NOW),
    ],
)
def test_a_pause_of_all_processes_makes_no_worker_hang(state):
    """As by `docker pause`: after an hour the first tick comes before the first heartbeat can."""
    resumed, effects = step(state, lifecycle.Tick(), NOW + 3600)
    assert (resumed.phase, effects) == (state.phase, ())
    due = lifecycle.next_timer(resumed)
    assert due == NOW + 3610
    assert step(resumed, lifecycle.Tick(), due)[1] != (), "one that is silent after it hangs"


def test_a_worker_that_beats_in_time_does_not_hang():
    state, _ = step(running(), lifecycle.Heartbeat(15))
    state, _ = step(state, lifecycle.Heartbeat(15), NOW + 14)
    assert step(state, lifecycle.Tick(), NOW + 15)[1] == ()


def test_a_beat_that_comes_too_late_does_not_save_a_hanging_worker():
    hanging, _ = step(replace(running(), beat_due_at=NOW), lifecycle.Tick())
    state, _ = step(hanging, lifecycle.Heartbeat(15))
    assert state == hanging


def test_a_worker_that_never_beats_after_it_was_ready_hangs():
    state, _ = step(replace(State(), phase=Phase.STARTING, alive=True), lifecycle.Ready())
    assert step(state, lifecycle.Tick(), NOW + 30)[1] == HANGS


def test_a_kill_without_an_end_is_repeated():
    state, _ = step(replace(running(), beat_due_at=NOW), lifecycle.Tick())
    state, _ = step(state, lifecycle.Tick(), NOW + 2)
    assert step(state, lifecycle.Tick(), NOW + 12)[1] == (Effect.KILL,)


def test_thousands_of_ends_without_a_delay_overflow_nothing():
    limits = replace(LIMITS, delay_seconds=0, most_restarts=10**6)
    state = replace(running(), run_failures=tuple(NOW - 1 for _ in range(5000)))
    assert step(state, lifecycle.Ended(), limits=limits)[0].phase is Phase.STARTING


def test_waiting_and_held_are_different_and_end():
    waiting, _ = step(running(), lifecycle.Blocked(waits=True, needs_attention=False))
    held, _ = step(waiting, lifecycle.Blocked(waits=True, needs_attention=True))
    assert (waiting.phase, held.phase) == (Phase.WAITING, Phase.HELD)
    assert step(held, lifecycle.Blocked(waits=False, needs_attention=False))[0].phase is Phase.RUNNING


def test_without_automatic_restarts_a_worker_that_ended_needs_the_user():
    """It is no worker that was stopped, which is not reported."""
    state, effects = step(running(), lifecycle.Ended(), limits=replace(LIMITS, restart=False))
    assert (state.phase, effects) == (Phase.HELD, ())
    assert step(state, lifecycle.Restart())[1] == (Effect.SPAWN,)


EVENTS = st.sampled_from(
    [
        lifecycle.Start(),
        lifecycle.Ready(),
        lifecycle.Blocked(waits=True, needs_attention=False),
        lifecycle.Blocked(waits=True, needs_attention=True),
        lifecycle.Blocked(waits=False, needs_attention=False),
        lifecycle.Heartbeat(15.0),
        lifecycle.Stopping(),
        lifecycle.Tick(),
        lifecycle.Restart(),
        lifecycle.Stop(),
    ]
)
HISTORIES = st.lists(st.tuples(EVENTS | st.just(lifecycle.Ended()), st.floats(0, 400)), max_size=60)


@given(HISTORIES, st.floats(0, 1))
def test_there_is_never_more_than_one_process_and_never_a_worker_forgotten(history, luck):
    """Ended only comes while there is a process, as from the kernel."""
    state, now, alive, wanted = State(), 0.0, False, False
    for event, seconds in history:
        now += seconds
        if isinstance(event, lifecycle.Ended) and not alive:
            continue
        if isinstance(event, lifecycle.Ended):
            alive = False
        state, effects = lifecycle.step(state, event, now, LIMITS, lambda: luck)
        if isinstance(event, lifecycle.Start | lifecycle.Restart) and state.phase is not Phase.STOPPED:
            wanted = True
        if isinstance(event, lifecycle.Stop):
            wanted = False
        if Effect.SPAWN in effects:
            assert not alive
            alive = True
        assert alive == state.alive
        if wanted and not alive:
            assert lifecycle.next_timer(state) is not None


@given(HISTORIES)
def test_a_stop_always_ends_in_stopped(history):
    state, now = State(), 0.0
    for event, seconds in history:
        now += seconds
        state, _ = lifecycle.step(state, event, now, LIMITS, lambda: 0.5)
    state, _ = lifecycle.step(state, lifecycle.Stop(), now, LIMITS, lambda: 0.5)
    if state.phase is Phase.STOPPING:
        due = lifecycle.next_timer(state)
        assert due <= now + 10
        state, effects = lifecycle.step(state, lifecycle.Tick(), due, LIMITS, lambda: 0.5)
        assert effects == (Effect.KILL,)
        state, _ = lifecycle.step(state, lifecycle.Ended(), due + 1, LIMITS, lambda: 0.5)
    assert state.phase is Phase.STOPPED
