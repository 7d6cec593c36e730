"""How searches are sent near the query limits of indexers."""

import pytest

from qbitrr.rules.search.query_limits import DAY_SECONDS, FREE, HOUR_SECONDS, QueryLimit, limits_of, pace


def limit(used, of=100, window=DAY_SECONDS, name="One"):
    return QueryLimit(name, of, window, used)


@pytest.mark.parametrize(
    ("used", "of", "window", "spacing"),
    [
        (0, 100, DAY_SECONDS, 0),
        (49, 100, DAY_SECONDS, 0),
        (50, 100, DAY_SECONDS, 864),
        (89, 100, DAY_SECONDS, 864),
        (30, 60, HOUR_SECONDS, 60),
        (29, 60, HOUR_SECONDS, 0),
        (5, 10, DAY_SECONDS, 900),  # no further apart than a quarter of an hour
    ],
)
def test_once_half_of_a_limit_is_used_searches_are_no_faster_than_it_grows_back(used, of, window, spacing):
    found = pace([limit(used, of, window), None], pauses_at_first=False)
    assert found.obstacle == ""
    assert found.spacing_seconds == spacing
    assert bool(found.because) == bool(spacing)


@pytest.mark.parametrize(("used", "spent"), [(89, False), (90, True), (100, True), (140, True)])
def test_none_is_sent_once_all_indexers_have_no_more_than_their_reserve(used, spent):
    found = pace([limit(used), limit(95, name="Two")], pauses_at_first=False)
    assert bool(found.obstacle) == spent
    if spent:
        assert found.obstacle == (
            f"query limits in Prowlarr are near: One: {used} of 100 queries in 24 hours,"
            " Two: 95 of 100 queries in 24 hours"
        )


@pytest.mark.parametrize("other", [None, limit(0, name="Two"), limit(89, name="Two")])
def test_while_another_indexer_may_be_asked_only_pause_waits_for_one(other):
    limits = [limit(95), other]
    assert pace(limits, pauses_at_first=False).obstacle == ""
    assert pace(limits, pauses_at_first=False).spacing_seconds == 864
    assert "One: 95 of 100" in pace(limits, pauses_at_first=True).obstacle


@pytest.mark.parametrize("limits", [[], [None], [None, None], [limit(10), None]])
@pytest.mark.parametrize("pauses_at_first", [False, True])
def test_what_is_not_known_or_far_from_its_limit_is_no_reason_to_wait(limits, pauses_at_first):
    assert pace(limits, pauses_at_first=pauses_at_first) == FREE


def test_the_slowest_limit_decides_how_far_apart_they_are_sent():
    found = pace([limit(60, 100, HOUR_SECONDS), limit(60, 200, DAY_SECONDS, "Far")], pauses_at_first=False)
    assert found.spacing_seconds == 36
    found = pace([limit(60, 100, HOUR_SECONDS), limit(160, 200, DAY_SECONDS, "Far")], pauses_at_first=False)
    assert found.spacing_seconds == 432
    assert found.because == "searches are sent slowly for Far: 160 of 200 queries in 24 hours"


def test_only_the_indexers_that_the_arr_searches_count():
    known = {1: limit(95), 2: None, 3: limit(0, name="Three")}
    assert limits_of([2, None, 7, 3], known) == [None, None, None, known[3]]


def test_a_limit_of_an_hour_says_so():
    assert str(limit(3, 5, HOUR_SECONDS)) == "One: 3 of 5 queries in an hour"
