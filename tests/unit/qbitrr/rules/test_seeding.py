"""Limits: when seeding may end, and what is written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.config.model import SeedingMode, TrackerRow
from qbitrr.rules.facts import SeedingFacts
from qbitrr.rules.seeding import EffectiveLimits, limits_for, progress, settings_to_write
from tests.factories import seeding

DAY = 86400
DONE = seeding(ratio=1.0, seconds=DAY)


@pytest.mark.parametrize(
    ("remove", "ratio", "seconds", "reached"),
    [
        (-1, 99, 99 * DAY, False),
        (1, 1.99, 99 * DAY, False),
        (1, 2.0, 0, True),
        (2, 99, 7 * DAY - 1, False),
        (2, 0, 7 * DAY, True),
        (3, 1.99, 7 * DAY - 1, False),
        (3, 2.0, 0, True),
        (3, 0, 7 * DAY, True),
        (4, 2.0, 7 * DAY - 1, False),
        (4, 1.99, 7 * DAY, False),
        (4, 2.0, 7 * DAY, True),
        (1, math.inf, 0, True),
    ],
)
def test_seeding_ends_as_remove_torrent_says(remove, ratio, seconds, reached):
    limits = EffectiveLimits(remove=remove, ratio=2.0, seconds=7 * DAY)
    assert progress(replace(DONE, ratio=ratio, seconds=seconds), limits).reached is reached


@pytest.mark.parametrize("remove", [1, 2, 3, 4])
@pytest.mark.parametrize("unset", [-1, 0])
def test_a_limit_that_is_not_set_is_never_reached(remove, unset):
    far = replace(DONE, ratio=99, seconds=99 * DAY)
    assert not progress(far, EffectiveLimits(remove=remove, ratio=unset, seconds=unset)).reached
    assert progress(far, EffectiveLimits(remove=remove, ratio=1, seconds=unset)).reached is (remove in (1, 3))
    assert progress(far, EffectiveLimits(remove=remove, ratio=unset, seconds=1)).reached is (remove in (2, 3))


@pytest.mark.parametrize("change", [{"complete": False}, {"super_seeding": True}, {"forced": True}])
def test_what_is_incomplete_forced_or_super_seeding_goes_on(change):
    far = replace(DONE, ratio=99, seconds=99 * DAY, **change)
    assert not progress(far, EffectiveLimits(remove=3, ratio=1, seconds=1)).reached


def test_own_limits_count_as_minimums():
    torrent = replace(DONE, ratio=9, own_ratio_limit=-1, own_seconds_limit=5400)
    limits = EffectiveLimits(remove=2, seconds=60)
    assert not progress(replace(torrent, seconds=5399), limits).reached
    assert progress(replace(torrent, seconds=5400), limits).reached


def test_own_limits_keep_a_torrent_in_every_mode_and_never_remove_one():
    torrent = replace(DONE, ratio=2, seconds=9 * DAY, own_ratio_limit=5)
    assert not progress(torrent, EffectiveLimits(remove=3, ratio=1, seconds=DAY)).reached
    assert progress(replace(torrent, ratio=5), EffectiveLimits(remove=3, ratio=1, seconds=DAY)).reached
    assert not progress(replace(torrent, ratio=5), EffectiveLimits(remove=1)).reached
    either = replace(torrent, own_seconds_limit=8 * DAY)
    assert progress(either, EffectiveLimits(remove=2, seconds=DAY)).reached


@pytest.mark.parametrize("remove", [1, 2, 3, 4])
def test_no_limit_that_the_user_set_on_a_torrent_keeps_it(remove):
    far = replace(DONE, ratio=math.inf, seconds=99 * DAY, own_ratio_limit=math.inf, own_seconds_limit=math.inf)
    found = progress(far, EffectiveLimits(remove=remove, ratio=1, seconds=1))
    assert (found.reached, found.in_seconds) == (False, None)
    assert found.facts["own_ratio_limit"] == "none, as the user set it"


def test_an_endless_ratio_reaches_every_limit_and_is_shown_as_none():
    found = progress(replace(DONE, ratio=math.inf), EffectiveLimits(remove=1, ratio=2))
    assert (found.reached, found.facts["ratio"]) == (True, None)


def test_it_is_known_when_time_alone_may_end_it():
    limits = EffectiveLimits(remove=4, ratio=2, seconds=2 * DAY)
    assert progress(DONE, limits).in_seconds == DAY
    assert progress(replace(DONE, counting=False), limits).in_seconds is None
    assert progress(replace(DONE, seconds=2 * DAY), limits).in_seconds is None


CATEGORY = SeedingMode(
    download_limit_bytes_per_second=100,
    upload_limit_bytes_per_second=-1,
    max_upload_ratio=1.5,
    max_seeding_seconds=60,
    remove_torrent=4,
)


def test_limits_are_the_categorys_unless_a_row_has_them():
    assert limits_for(CATEGORY, ()) == EffectiveLimits(
        remove=4, ratio=1.5, seconds=60, download_limit=100, upload_limit=-1, super_seed=False
    )
    row = TrackerRow(uri="a.org", upload_limit_bytes_per_second=0, max_seeding_seconds=30, super_seed_mode=True)
    assert limits_for(CATEGORY, (row,)) == EffectiveLimits(
        remove=4, ratio=1.5, seconds=30, download_limit=100, upload_limit=0, super_seed=True
    )


@pytest.mark.parametrize("unset", [-1, 0])
def test_a_row_leaves_ratio_and_time_to_the_category(unset):
    row = TrackerRow(uri="a.org", max_upload_ratio=unset, max_seeding_seconds=unset)
    limits = limits_for(CATEGORY, (row,))
    assert (limits.ratio, limits.seconds) == (1.5, 60)


def test_of_several_rows_the_highest_minimum_and_the_first_rate_hold():
    first = TrackerRow(uri="a.org", priority=2, max_upload_ratio=1.0, download_limit_bytes_per_second=5)
    second = TrackerRow(uri="b.org", priority=1, max_upload_ratio=4.0, download_limit_bytes_per_second=9)
    limits = limits_for(CATEGORY, (first, second))
    assert (limits.ratio, limits.download_limit) == (4.0, 5)


def test_only_what_differs_is_written_and_minus_one_never():
    torrent = replace(DONE, download_limit=100, upload_limit=7)
    assert not settings_to_write(torrent, EffectiveLimits(download_limit=100, upload_limit=-1))
    found = settings_to_write(torrent, EffectiveLimits(download_limit=0, upload_limit=8))
    assert (found.download_limit, found.upload_limit) == (0, 8)
    assert not settings_to_write(replace(DONE, download_limit=-1), EffectiveLimits(download_limit=0, upload_limit=0))


def test_super_seeding_is_switched_on_once_it_is_complete_and_never_off():
    assert settings_to_write(DONE, EffectiveLimits(super_seed=True)).super_seed
    assert not settings_to_write(replace(DONE, complete=False), EffectiveLimits(super_seed=True))
    assert not settings_to_write(replace(DONE, super_seeding=True), EffectiveLimits(super_seed=True))
    assert not settings_to_write(replace(DONE, super_seeding=True), EffectiveLimits(super_seed=False))


ratios = st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 2.0])
times = st.sampled_from([-1, 0, 60, 3600, DAY])
torrents = st.builds(
    SeedingFacts,
    complete=st.booleans(),
    progress=st.floats(0, 1),
    ratio=st.sampled_from([0.0, 0.5, 1.0, 3.0, math.inf]),
    seconds=st.sampled_from([0, 59, 60, 3600, DAY]),
    own_ratio_limit=ratios,
    own_seconds_limit=times,
    download_limit=st.sampled_from([0, 1, 2]),
    upload_limit=st.sampled_from([0, 1, 2]),
    super_seeding=st.booleans(),
    forced=st.booleans(),
    counting=st.booleans(),
)
rates = st.sampled_from([-1, 0, 1])
limits = st.tuples(st.sampled_from([-1, 1, 2, 3, 4]), ratios, times, rates, rates, st.booleans()).map(
    lambda fields: EffectiveLimits(*fields)
)


@given(torrents, limits)
def test_nothing_is_removed_below_a_minimum(torrent, limits):
    if not progress(torrent, limits).reached:
        return
    ratio_met = limits.ratio > 0 and torrent.ratio >= max(limits.ratio, torrent.own_ratio_limit)
    time_met = limits.seconds > 0 and torrent.seconds >= max(limits.seconds, torrent.own_seconds_limit)
    allowed = {-1: False, 1: ratio_met, 2: time_met, 3: ratio_met or time_met, 4: ratio_met and time_met}
    assert allowed[limits.remove]
    assert torrent.complete
    own = [
        met
        for limit, met in (
            (torrent.own_ratio_limit, torrent.ratio >= torrent.own_ratio_limit),
            (torrent.own_seconds_limit, torrent.seconds >= torrent.own_seconds_limit),
        )
        if limit > 0
    ]
    assert not own or any(own)


@given(torrents, limits)
def test_writing_settles_and_minus_one_never_writes(torrent, limits):
    found = settings_to_write(torrent, limits)
    if limits.download_limit < 0:
        assert found.download_limit is None
    if limits.upload_limit < 0:
        assert found.upload_limit is None
    after = replace(
        torrent,
        download_limit=torrent.download_limit if found.download_limit is None else found.download_limit,
        upload_limit=torrent.upload_limit if found.upload_limit is None else found.upload_limit,
        super_seeding=torrent.super_seeding or found.super_seed,
    )
    assert not settings_to_write(after, limits)
