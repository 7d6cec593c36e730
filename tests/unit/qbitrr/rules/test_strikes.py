import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.config.model import TrackerRow
from qbitrr.rules.imports import QueueState
from qbitrr.rules.speed import ClientSpeed
from qbitrr.rules.strikes import NOT_SEEN, Course, Elapsed, Observed, StrikeKind, count, course
from tests.factories import UNLIMITED, completed, policy, seeding, torrent
from tests.unit.qbitrr.rules.anything import ANY_STATE

QUICK = policy(maximum_eta_seconds=3600, minimum_speed=100)


def runs(trouble, mark=None, by=QUICK, client=UNLIMITED, queue=None, **changes):
    return course(trouble, Observed(torrent(**changes), client, queue), by, mark)


# -- counting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "delay", "needed", "made"),
    [
        (NOT_SEEN, 900, 3, 0),
        (Elapsed(299.9, 99), 900, 3, 0),
        (Elapsed(300, 99), 900, 3, 1),
        (Elapsed(900, 99), 900, 3, 3),
        (Elapsed(10**9, 99), 900, 3, 3),
        (Elapsed(900, 2), 900, 3, 2),
        (Elapsed(0, 5), 0, 3, 3),
        (Elapsed(0, 2), 0, 3, 2),
        (Elapsed(0, 5), -1, 3, 3),
    ],
)
def test_a_strike_needs_its_part_of_the_delay_and_an_observation(seen, delay, needed, made):
    strikes = count(seen, delay, needed)
    assert (strikes.made, strikes.out) == (made, made == needed)


@pytest.mark.parametrize(("seconds", "left"), [(0, 900), (899.5, 0.5), (900, 0), (1000, 0)])
def test_what_is_left_of_the_delay(seconds, left):
    assert count(Elapsed(seconds, 9), 900, 3).left_seconds == left


@given(st.floats(0, 10**7), st.integers(0, 100), st.integers(-1, 10**6), st.integers(1, 20), st.floats(0, 10**6))
def test_no_rule_acts_before_its_delay_or_with_too_few_observations(seconds, observations, delay, needed, more):
    strikes = count(Elapsed(seconds, observations), delay, needed)
    assert 0 <= strikes.made <= min(needed, observations)
    if strikes.out:
        assert seconds >= delay * (1 - 1e-9)
    assert count(Elapsed(seconds + more, observations), delay, needed).made >= strikes.made


# -- what a clock does ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("stalledDL", Course.RUN),
        ("metaDL", Course.RUN),
        ("downloading", Course.STAND),
        ("queuedDL", Course.STAND),
        ("stoppedDL", Course.STAND),
        ("forcedDL", Course.STAND),
        ("forcedMetaDL", Course.STAND),
        ("checkingDL", Course.STAND),
        ("missingFiles", Course.STAND),
        ("ofALaterVersion", Course.STAND),
    ],
)
def test_only_what_tries_in_vain_is_stalled(state, expected):
    assert runs(StrikeKind.STALLED, state=state) is expected
    assert runs(StrikeKind.STALLED, torrent().left_bytes, state=state) is expected


@pytest.mark.parametrize("trouble", [StrikeKind.STALLED, StrikeKind.UNAVAILABLE])
@pytest.mark.parametrize(("left", "reset"), [(499, True), (500, False), (501, True)])
def test_progress_resets_the_timer_also_when_a_check_found_less(trouble, left, reset):
    """Whatever its state is by now: what arrived between two looks is seen by what is left."""
    for state in ("stalledDL", "downloading", "stoppedDL"):
        found = runs(trouble, 500, state=state, left_bytes=left, availability=0.5)
        assert (found is Course.RESET) is reset


@pytest.mark.parametrize(
    ("state", "eta", "expected"),
    [
        ("downloading", 3600, Course.RESET),
        ("downloading", 3601, Course.RUN),
        ("downloading", 8_640_000, Course.RUN),
        ("stalledDL", 8_640_000, Course.STAND),
        ("stoppedDL", 8_640_000, Course.STAND),
        ("forcedDL", 8_640_000, Course.STAND),
    ],
)
def test_slow_is_what_downloads_and_would_take_too_long(state, eta, expected):
    assert runs(StrikeKind.SLOW, state=state, eta_seconds=eta) is expected


@pytest.mark.parametrize("maximum", [0, -1])
def test_without_a_maximum_slowness_is_not_timed(maximum):
    assert runs(StrikeKind.SLOW, by=policy(maximum_eta_seconds=maximum), eta_seconds=8_640_000) is Course.RESET


def test_slowness_is_measured_by_the_row_of_the_tracker():
    rows = (TrackerRow(uri="patient.example", maximum_eta_seconds=7200),)
    by = policy(maximum_eta_seconds=60, eta_rows={"qBit": rows})
    assert runs(StrikeKind.SLOW, by=by, eta_seconds=7200, tracker="https://patient.example/a") is Course.RESET
    assert runs(StrikeKind.SLOW, by=by, eta_seconds=7201, tracker="https://patient.example/a") is Course.RUN


def test_a_slow_download_may_get_on_and_stays_slow():
    assert runs(StrikeKind.SLOW, 500, eta_seconds=8_640_000, left_bytes=400) is Course.RUN


@pytest.mark.parametrize(
    ("state", "speed", "expected"),
    [
        ("downloading", 99, Course.RUN),
        ("downloading", 0, Course.RUN),
        ("downloading", 100, Course.RESET),
        ("downloading", -1, Course.STAND),
        ("stalledDL", 0, Course.STAND),
        ("forcedDL", 0, Course.STAND),
        ("queuedDL", 0, Course.STAND),
    ],
)
def test_below_the_minimum_speed_is_what_downloads_and_does_not_reach_it(state, speed, expected):
    assert runs(StrikeKind.BELOW_SPEED, state=state, speed=speed) is expected
    assert runs(StrikeKind.BELOW_SPEED, by=policy(), state="downloading", speed=max(speed, 0)) is Course.RESET


@pytest.mark.parametrize("trouble", [StrikeKind.SLOW, StrikeKind.BELOW_SPEED])
@pytest.mark.parametrize(
    ("client", "limit", "expected"),
    [
        (UNLIMITED, 0, Course.RUN),
        (ClientSpeed(alternative=True, limit=0, total=0), 0, Course.STAND),
        (ClientSpeed(alternative=False, limit=1000, total=800), 0, Course.STAND),
        (ClientSpeed(alternative=False, limit=1000, total=799), 0, Course.RUN),
        (ClientSpeed(), 0, Course.STAND),
        (UNLIMITED, 120, Course.RUN),
        (UNLIMITED, 62, Course.STAND),
    ],
)
def test_no_slowness_is_timed_while_a_limit_slows_it(trouble, client, limit, expected):
    found = runs(trouble, client=client, speed=50, eta_seconds=8_640_000, seeding=seeding(download_limit=limit))
    assert found is expected


@pytest.mark.parametrize("limit", [50, 100])
def test_a_limit_that_does_not_allow_the_minimum_speed_slows_it(limit):
    for client, own in ((ClientSpeed(alternative=False, limit=limit, total=0), 0), (UNLIMITED, limit)):
        found = runs(StrikeKind.BELOW_SPEED, client=client, speed=1, seeding=seeding(download_limit=own))
        assert found is Course.STAND


@pytest.mark.parametrize(
    ("state", "availability", "expected"),
    [
        ("downloading", 0.999, Course.RUN),
        ("downloading", 1.0, Course.RESET),
        ("stalledDL", 0.0, Course.RUN),
        ("stalledDL", -1.0, Course.STAND),
        ("metaDL", 0.0, Course.STAND),
        ("stoppedDL", 0.0, Course.STAND),
        ("stoppedDL", 5.0, Course.STAND),
        ("queuedDL", 0.0, Course.STAND),
    ],
)
def test_unavailable_is_what_no_peer_has_in_full(state, availability, expected):
    assert runs(StrikeKind.UNAVAILABLE, state=state, availability=availability) is expected


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        (QueueState.REFUSED, Course.RUN),
        (None, Course.STAND),
        (QueueState.NOT_LISTED, Course.STAND),
        (QueueState.IMPORTING, Course.RESET),
        (QueueState.NEEDS_USER, Course.RESET),
        (QueueState.DOWNLOADING, Course.RESET),
    ],
)
def test_a_refusal_is_timed_while_the_arr_lists_the_complete_download_as_refused(queue, expected):
    """An empty or missing answer of the Arr neither goes on nor forgets what was counted."""
    done = completed()
    facts = {name: getattr(done, name) for name in ("state", "left_bytes", "completed_at", "progress")}
    assert runs(StrikeKind.REFUSED, queue=queue, **facts) is expected
    assert runs(StrikeKind.REFUSED, queue=queue) is Course.STAND


@given(ANY_STATE, st.sampled_from(list(StrikeKind)), st.none() | st.integers(0, 3), st.integers(0, 3))
def test_no_timer_runs_in_a_state_in_which_a_torrent_does_not_try(state, trouble, mark, left):
    found = runs(trouble, mark, state=state, left_bytes=left, eta_seconds=8_640_000, availability=0.1, speed=1)
    if state not in {"downloading", "stalledDL", "metaDL"}:
        assert found is not Course.RUN
