import pytest
from msgspec.structs import replace

from qbitrr.config.model import TrackerRow
from qbitrr.config.model.downloads import DownloadRange
from qbitrr.rules.history import History
from qbitrr.rules.speed import ClientSpeed
from qbitrr.rules.strikes import NOT_SEEN, Elapsed
from qbitrr.rules.tags import TAG_STALLED
from qbitrr.rules.verdict import Action
from tests.factories import LONG, NOW, UNLIMITED, context, policy, seeding
from tests.unit.qbitrr.rules.torrents.scenes import (
    COMPLETE,
    HOPELESS,
    decision,
    fails_by,
    left_alone_by,
    verdict,
    with_history,
)

# -- stalled ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "clock", "action"),
    [
        ("stalledDL", {"added_at": NOW - 899}, Action.NOTHING),
        ("stalledDL", {"added_at": NOW - 900}, Action.FAIL),
        ("stalledDL", {"last_activity_at": NOW}, Action.FAIL),  # an upload is no progress
        ("metaDL", {"added_at": NOW - 899, "last_activity_at": 0}, Action.NOTHING),
        ("metaDL", {"added_at": NOW - 900, "last_activity_at": NOW}, Action.FAIL),
        ("stalledDL", {"added_at": NOW - 300, "last_activity_at": 0}, Action.NOTHING),
        ("downloading", {"last_activity_at": NOW - 99999}, Action.NOTHING),
        ("forcedDL", {"last_activity_at": NOW - 99999}, Action.NOTHING),
        ("forcedMetaDL", {"added_at": NOW - 99999}, Action.NOTHING),
        ("queuedDL", {"last_activity_at": NOW - 99999}, Action.NOTHING),
    ],
)
def test_a_download_fails_after_the_stalled_delay_and_not_before(state, clock, action):
    assert verdict(state=state, **clock).action is action


def test_a_stalled_torrent_is_judged_again_when_its_delay_ends():
    assert verdict(state="stalledDL", context=context(stalled=Elapsed(100, 9))).revisit_at == NOW + 800
    both = context(stalled=Elapsed(100, 9), unavailable=Elapsed(300, 9))
    assert verdict(state="stalledDL", availability=0.9, context=both).revisit_at == NOW + 600


@pytest.mark.parametrize(("seen", "action"), [(899, Action.NOTHING), (900, Action.FAIL)])
@pytest.mark.parametrize("state", ["stalledDL", "metaDL"])
def test_only_time_counts_in_which_it_was_seen_trying(state, seen, action):
    """A torrent that was stopped, queued or offline for a day has not tried for a day."""
    found = verdict(
        context=context(stalled=Elapsed(seen, 1000)), state=state, last_activity_at=NOW - LONG, added_at=NOW - LONG
    )
    assert found.action is action
    assert found.revisit_at == (NOW + 1 if action is Action.NOTHING else None)


@pytest.mark.parametrize(
    ("delay", "tags", "action"),
    [
        (-1, (), Action.NOTHING),
        (0, (), Action.TAG_STALLED),
        (0, ("qBitrr-allowed_stalled",), Action.NOTHING),
        (1, (), Action.FAIL),
    ],
)
@pytest.mark.parametrize("state", ["stalledDL", "metaDL"])
def test_what_the_stalled_delay_means(state, delay, tags, action):
    found = verdict(
        policy=policy(stalled_delay_seconds=delay), state=state, last_activity_at=NOW - 99999, tags=frozenset(tags)
    )
    assert found.action is action


def test_nothing_is_tagged_without_tags():
    assert verdict(HOPELESS, policy=policy(stalled_delay_seconds=0, tagless=True)).action is Action.NOTHING


def test_the_reason_tells_what_was_timed():
    assert "never got its metadata" in verdict(HOPELESS, state="metaDL").last.finding.because
    assert "is stalled" in verdict(HOPELESS).last.finding.because


@pytest.mark.parametrize(
    ("strikes", "seconds", "observations", "made"),
    [
        (3, 299, 99, 0),
        (3, 300, 99, 1),
        (3, 599, 99, 1),
        (3, 600, 99, 2),
        (3, 899, 99, 2),
        (3, 900, 99, 3),
        (3, 10**9, 2, 2),
        (3, 10**9, 3, 3),
        (1, 899, 99, 0),
        (1, 900, 1, 1),
        (1, 900, 0, 0),
        (7, 900, 7, 7),
        (7, 10**9, 6, 6),
    ],
)
def test_strikes_are_spread_over_the_delay(strikes, seconds, observations, made):
    found = verdict(HOPELESS, context(stalled=Elapsed(seconds, observations)), policy(strikes=strikes))
    assert found.last.finding.facts["strikes"] == made
    assert decision(found) == (fails_by("stalled") if made == strikes else left_alone_by("stalled"))


# -- the tag of what is stalled ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("torrent", "changes", "action"),
    [
        (HOPELESS, {"state": "downloading"}, Action.UNTAG_STALLED),
        (COMPLETE, {"state": "uploading"}, Action.UNTAG_STALLED),
        (COMPLETE, {"state": "stalledUP"}, Action.UNTAG_STALLED),
        (COMPLETE, {"state": "stoppedUP"}, Action.UNTAG_STALLED),
        (HOPELESS, {"state": "stalledDL"}, Action.NOTHING),
        (HOPELESS, {"state": "metaDL"}, Action.NOTHING),
        (HOPELESS, {"state": "queuedDL"}, Action.NOTHING),
        (HOPELESS, {"state": "stoppedDL"}, Action.NOTHING),
    ],
)
def test_the_tag_is_taken_off_when_it_gets_on(torrent, changes, action):
    tagging = policy(stalled_delay_seconds=0)
    assert verdict(torrent, policy=tagging, tags=frozenset({TAG_STALLED}), **changes).action is action


def test_the_tag_is_left_where_tags_are_not_used():
    found = verdict(policy=policy(tagless=True), tags=frozenset({TAG_STALLED}))
    assert found.last.rule == "under_way"


# -- searched again ---------------------------------------------------------------------------------------------

AGAIN = policy(search_stalled_again=True, strikes=3)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (299, left_alone_by("stalled")),
        (300, (Action.SEARCH_AGAIN, "stalled_is_searched_again")),
        # it is searched again before it is removed, also after a long time without anybody looking
        (10**6, (Action.SEARCH_AGAIN, "stalled_is_searched_again")),
    ],
)
def test_a_stalled_release_is_searched_again_at_its_first_strike(seconds, expected):
    assert decision(verdict(HOPELESS, context(stalled=Elapsed(seconds, 99)), AGAIN)) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(899, left_alone_by("stalled")), (900, fails_by("stalled"))])
def test_it_stays_until_the_delay_is_over_after_it_was_searched_again(seconds, expected):
    searched = context(queue=None, stalled=Elapsed(seconds, 99), history=History(searched_again=True))
    assert decision(verdict(HOPELESS, searched, AGAIN)) == expected


def test_nothing_is_searched_again_unless_asked_for():
    assert decision(verdict(HOPELESS, context(stalled=Elapsed(300, 99)))) == left_alone_by("stalled")


@pytest.mark.parametrize("delay", [-1, 0])
def test_what_may_stall_for_ever_is_not_searched_again(delay):
    allowed = policy(search_stalled_again=True, stalled_delay_seconds=delay)
    assert verdict(HOPELESS, policy=allowed, tags=frozenset({TAG_STALLED})).last.rule == "stalling_is_allowed"


def test_searching_again_needs_what_failing_needs():
    for objection in (
        context(elsewhere=True),
        context(queue=None),
        with_history(acted_at=NOW),
        with_history(discarded_at=NOW),
    ):
        assert decision(verdict(HOPELESS, objection, AGAIN)) == left_alone_by("stalled_is_searched_again")


# -- nearly complete --------------------------------------------------------------------------------------------

SLOW = {"eta_seconds": 3601, "tracker": "https://tracker.example/announce"}
FAST_PLEASE = policy(maximum_eta_seconds=3600, keep_slow=False, strikes=3)


@pytest.mark.parametrize(
    ("progress", "most", "expected"),
    [
        (0.99, 0.99, fails_by("slow")),
        (0.9901, 0.99, left_alone_by("nearly_complete")),
        (0.0, 0.0, fails_by("slow")),
        (0.01, 0.0, left_alone_by("nearly_complete")),
        (0.9999, 1.0, fails_by("slow")),
    ],
)
def test_what_is_nearly_complete_is_not_removed_for_being_slow(progress, most, expected):
    lenient = policy(maximum_eta_seconds=3600, keep_slow=False, maximum_deletable_progress=most)
    assert decision(verdict(policy=lenient, progress=progress, **SLOW)) == expected


@pytest.mark.parametrize(
    ("progress", "expected"), [(0.99, fails_by("unavailable")), (0.995, left_alone_by("nearly_complete"))]
)
def test_what_is_nearly_complete_is_not_removed_for_being_unavailable(progress, expected):
    assert decision(verdict(progress=progress, availability=0.5)) == expected


def test_what_is_nearly_complete_may_stall_to_death():
    assert decision(verdict(HOPELESS, progress=0.999)) == fails_by("stalled")


# -- slow -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("eta", "action"),
    [(3600, Action.NOTHING), (3601, Action.FAIL), (8_640_000, Action.FAIL), (0, Action.NOTHING), (-1, Action.NOTHING)],
)
def test_what_would_take_longer_than_the_maximum_fails(eta, action):
    assert verdict(policy=FAST_PLEASE, eta_seconds=eta).action is action


@pytest.mark.parametrize("maximum", [0, -1])
def test_without_a_maximum_nothing_is_slow(maximum):
    assert verdict(policy=policy(maximum_eta_seconds=maximum, keep_slow=False), **SLOW).last.rule == "under_way"


def test_do_not_remove_slow_keeps_it_and_says_so():
    found = verdict(policy=policy(maximum_eta_seconds=3600, keep_slow=True), **SLOW)
    assert decision(found) == left_alone_by("slow")
    assert "DoNotRemoveSlow" in found.last.finding.because


@pytest.mark.parametrize("state", ["stalledDL", "metaDL", "forcedDL", "queuedDL", "stoppedDL"])
def test_only_what_downloads_is_slow(state):
    assert verdict(policy=FAST_PLEASE, state=state, **SLOW).last.rule != "slow"


@pytest.mark.parametrize(
    ("seconds", "observations", "made"),
    [(59, 99, 0), (60, 99, 1), (179, 99, 2), (180, 2, 2), (180, 3, 3), (10**6, 0, 0)],
)
def test_it_must_have_been_too_slow_for_a_while(seconds, observations, made):
    found = verdict(context=context(slow=Elapsed(seconds, observations)), policy=FAST_PLEASE, **SLOW)
    assert found.last.finding.facts["strikes"] == made
    assert decision(found) == (fails_by("slow") if made == 3 else left_alone_by("slow"))


def test_it_is_judged_again_when_it_may_have_been_slow_for_long_enough():
    assert verdict(context=context(slow=Elapsed(100, 9)), policy=FAST_PLEASE, **SLOW).revisit_at == NOW + 80


TRACKERS = policy(
    keep_slow=False,
    maximum_eta_seconds=3600,
    eta_rows={
        "qBit": (
            TrackerRow(uri="slow.example", maximum_eta_seconds=7200),
            TrackerRow(uri="tracker.example", maximum_eta_seconds=1800),
        )
    },
)


@pytest.mark.parametrize(
    ("tracker", "maximum"),
    [
        ("https://slow.example/announce", 7200),
        ("https://a.b.slow.example:443/announce", 7200),
        ("udp://SLOW.example:6969", 7200),
        ("http://tracker.example/x", 1800),
        ("https://notslow.example/announce", 3600),
        ("https://slow.example.evil.example/announce", 3600),
        ("", 3600),
        ("** [DHT] **", 3600),
    ],
)
def test_a_tracker_may_have_a_maximum_of_its_own(tracker, maximum):
    at_it = {"tracker": tracker, "policy": TRACKERS}
    assert verdict(eta_seconds=maximum, **at_it).action is Action.NOTHING
    assert decision(verdict(eta_seconds=maximum + 1, **at_it)) == fails_by("slow")


@pytest.mark.parametrize(
    ("client", "own", "words"),
    [
        (ClientSpeed(alternative=True, limit=0, total=0), 0, "alternative speed limits"),
        (ClientSpeed(alternative=False, limit=100, total=90), 0, "as fast as its limit allows"),
        (ClientSpeed(), 0, "not known"),
        (UNLIMITED, 40, "its own limit"),
    ],
)
@pytest.mark.parametrize("rule", ["slow", "slow_by_speed"])
def test_what_a_limit_slows_does_not_fail(rule, client, own, words):
    by = FAST_PLEASE if rule == "slow" else SPEEDY
    found = verdict(
        policy=by, context=context(client_speed=client), speed=50, seeding=seeding(download_limit=own), eta_seconds=3601
    )
    assert decision(found) == left_alone_by(rule)
    assert words in found.last.finding.because


# -- slow by speed ----------------------------------------------------------------------------------------------

SPEEDY = policy(minimum_speed=100, slow_delay_seconds=600, keep_slow=False, strikes=3)


@pytest.mark.parametrize(
    ("speed", "expected"),
    [
        (99, fails_by("slow_by_speed")),
        (0, fails_by("slow_by_speed")),
        (100, left_alone_by("under_way")),
        (-1, left_alone_by("under_way")),
    ],
)
def test_a_download_below_the_minimum_speed_fails(speed, expected):
    assert decision(verdict(policy=SPEEDY, speed=speed)) == expected


@pytest.mark.parametrize(
    ("seconds", "observations", "made"),
    [(199, 99, 0), (200, 99, 1), (599, 99, 2), (600, 2, 2), (600, 3, 3), (10**6, 0, 0)],
)
def test_it_must_have_been_below_it_for_the_slow_delay(seconds, observations, made):
    seen = context(below_speed=Elapsed(seconds, observations))
    found = verdict(context=seen, policy=SPEEDY, speed=1)
    assert found.last.finding.facts["strikes"] == made
    assert decision(found) == (fails_by("slow_by_speed") if made == 3 else left_alone_by("slow_by_speed"))
    assert found.revisit_at == (None if made == 3 else NOW + max(0, 600 - seconds))


def test_do_not_remove_slow_keeps_what_is_below_the_minimum_speed():
    found = verdict(policy=replace(SPEEDY, keep_slow=True), speed=1)
    assert decision(found) == left_alone_by("slow_by_speed")
    assert "DoNotRemoveSlow" in found.last.finding.because


def test_what_is_nearly_complete_or_no_download_is_not_slow_by_its_speed():
    assert verdict(policy=SPEEDY, speed=1, progress=0.991).last.rule == "nearly_complete"
    for state in ("stalledDL", "metaDL", "forcedDL", "queuedDL", "stoppedDL"):
        assert verdict(policy=SPEEDY, speed=1, state=state).last.rule != "slow_by_speed"


# -- ranges of progress and size --------------------------------------------------------------------------------

GIB = 2**30
IN_RANGES = policy(
    keep_slow=False,
    minimum_speed=100,
    ranges=(
        DownloadRange(from_size_bytes=10 * GIB, minimum_speed_bytes_per_second=0),
        DownloadRange(up_to_size_bytes=GIB, minimum_speed_bytes_per_second=500),
        DownloadRange(from_progress=0.95, stalled_delay_seconds=3 * 86400),
        DownloadRange(from_progress=0.5, up_to_progress=0.6, stalled_delay_seconds=60),
    ),
)


@pytest.mark.parametrize(
    ("size", "speed", "action"),
    [
        (GIB, 499, Action.FAIL),
        (GIB, 500, Action.NOTHING),
        (GIB + 1, 99, Action.FAIL),
        (GIB + 1, 100, Action.NOTHING),
        (10 * GIB - 1, 99, Action.FAIL),
        (10 * GIB, 0, Action.NOTHING),
    ],
)
def test_the_minimum_speed_is_that_of_the_first_range_that_has_one(size, speed, action):
    assert verdict(policy=IN_RANGES, size_bytes=size, speed=speed).action is action


@pytest.mark.parametrize(
    ("progress", "delay"), [(0.0, 900), (0.55, 900), (0.94999, 900), (0.95, 3 * 86400), (1.0, 3 * 86400)]
)
@pytest.mark.parametrize("rule", ["stalled", "unavailable"])
def test_a_download_that_is_nearly_complete_has_days(rule, progress, delay):
    """A range with a shorter delay than all others have changes nothing."""
    patient = replace(IN_RANGES, maximum_deletable_progress=1.0)
    for seconds, expected in ((delay - 1, left_alone_by("stalled")), (delay, fails_by(rule))):
        seen = Elapsed(seconds, 99)
        timed = context(**{"stalled": NOT_SEEN, "unavailable": NOT_SEEN, rule: seen})
        availability = 0.5 if rule == "unavailable" else 1.0
        found = verdict(HOPELESS, timed, patient, progress=progress, availability=availability, added_at=NOW - LONG)
        assert decision(found) == expected


@pytest.mark.parametrize("delay", [-1, 0])
def test_a_range_does_not_remove_where_stalling_is_allowed(delay):
    allowed = replace(IN_RANGES, stalled_delay_seconds=delay)
    for progress in (0.5, 0.97):
        assert verdict(HOPELESS, policy=allowed, progress=progress).last.rule == "stalling_is_allowed"


# -- unavailable ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("availability", "action"),
    [(0.0, Action.FAIL), (0.999, Action.FAIL), (1.0, Action.NOTHING), (2.5, Action.NOTHING), (-1.0, Action.NOTHING)],
)
def test_what_no_peer_has_in_full_fails(availability, action):
    assert verdict(availability=availability).action is action


@pytest.mark.parametrize("delay", [-1, 0])
def test_what_no_peer_has_stays_where_stalling_is_allowed(delay):
    found = verdict(availability=0.0, policy=policy(stalled_delay_seconds=delay))
    assert found.last.rule == "under_way"


@pytest.mark.parametrize(
    ("seconds", "observations", "made"),
    [(299, 99, 0), (300, 99, 1), (899, 99, 2), (900, 2, 2), (900, 3, 3), (10**6, 1, 1)],
)
def test_it_must_have_been_unavailable_for_the_stalled_delay(seconds, observations, made):
    found = verdict(
        context=context(unavailable=Elapsed(seconds, observations)), policy=policy(strikes=3), availability=0.5
    )
    assert found.last.finding.facts["strikes"] == made
    assert decision(found) == (fails_by("unavailable") if made == 3 else left_alone_by("unavailable"))


def test_a_swarm_without_a_seed_fails_although_uploads_keep_it_busy():
    busy = context(stalled=NOT_SEEN)
    assert decision(verdict(state="stalledDL", availability=0.97, last_activity_at=NOW, context=busy)) == fails_by(
        "unavailable"
    )
    not_yet = context(stalled=NOT_SEEN, unavailable=Elapsed(60, 9))
    assert decision(verdict(state="stalledDL", availability=0.97, context=not_yet)) == left_alone_by("stalled")


def test_each_trouble_has_its_own_timer():
    stalled_for_long = context(unavailable=NOT_SEEN, slow=NOT_SEEN)
    assert verdict(context=stalled_for_long, availability=0.5).action is Action.NOTHING
    assert verdict(context=stalled_for_long, policy=FAST_PLEASE, **SLOW).action is Action.NOTHING
    assert verdict(HOPELESS, context(stalled=NOT_SEEN)).action is Action.NOTHING
