import math

from qbitrr.sandbox.life.schedule import Schedule


def test_actions_run_in_the_order_of_their_times_and_see_their_moment():
    schedule, seen = Schedule(100.0), []
    for seconds in (3, 1, 2):
        schedule.after(seconds, lambda: seen.append(schedule.now))
    assert schedule.next_due == 101
    schedule.advance(102.5)
    assert (seen, schedule.now) == ([101, 102], 102.5)
    schedule.advance(200)
    assert seen == [101, 102, 103]
    assert schedule.next_due == math.inf


def test_what_an_action_adds_is_run_when_it_is_due_within_the_same_advance():
    schedule, seen = Schedule(0.0), []
    schedule.after(1, lambda: schedule.after(1, lambda: seen.append(schedule.now)))
    schedule.advance(10)
    assert seen == [2]


def test_one_of_a_name_is_due_at_a_time():
    schedule, seen = Schedule(0.0), []
    for seconds in (5, 1):
        schedule.after(seconds, lambda: seen.append(schedule.now), "refresh")
    schedule.advance(10)
    assert seen == [5]
    schedule.after(1, lambda: seen.append(schedule.now), "refresh")
    schedule.advance(20)
    assert seen == [5, 11]


def test_nothing_runs_after_it_was_cleared():
    schedule, seen = Schedule(0.0), []
    schedule.after(1, lambda: seen.append(1), "refresh")
    schedule.clear()
    schedule.after(1, lambda: seen.append(2), "refresh")
    schedule.advance(5)
    assert seen == [2]
