"""The clearance before every deletion."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.config.model import HitAndRun, TrackerRow
from qbitrr.rules.facts import SeedingFacts
from qbitrr.rules.hit_and_run import Announce, HitAndRunRules, clearance
from tests.factories import seeding

DAY = 86400
MINIMUM = HitAndRun(mode="and", min_seed_ratio=1.0, min_seeding_seconds=3 * DAY, tracker_update_buffer_seconds=600)
ANNOUNCE = Announce("https://tracker.private.org/key/announce")
GONE = Announce(ANNOUNCE.url, gone=True)
OPEN = Announce("udp://open.invalid:6969")
ROW = TrackerRow(uri="private.org", hit_and_run=MINIMUM)
SEEDING = seeding()


def rules(*rows, category=None):
    return HitAndRunRules(rows=rows, category=category)


def with_minimum(**changes):
    return rules(replace(ROW, hit_and_run=replace(MINIMUM, **changes)))


@pytest.mark.parametrize(
    ("mode", "ratio", "seconds", "granted"),
    [
        ("and", 1.0, 3 * DAY + 600, True),
        ("and", 0.999, 3 * DAY + 600, False),
        ("and", 1.0, 3 * DAY + 599, False),
        ("or", 1.0, 0, True),
        ("or", 0.999, 3 * DAY + 600, True),
        ("or", 0.999, 3 * DAY + 599, False),
        ("and", math.inf, 3 * DAY + 600, True),
        ("disabled", 0, 0, True),
    ],
)
def test_both_minimums_or_either(mode, ratio, seconds, granted):
    torrent = replace(SEEDING, ratio=ratio, seconds=seconds)
    assert clearance(torrent, (ANNOUNCE,), with_minimum(mode=mode)).granted is granted


@pytest.mark.parametrize("mode", ["and", "or"])
def test_of_one_minimum_only_that_counts_and_of_none_nothing(mode):
    ratio_only = with_minimum(mode=mode, min_seeding_seconds=0)
    assert clearance(replace(SEEDING, ratio=1.0), (ANNOUNCE,), ratio_only).granted
    assert not clearance(replace(SEEDING, ratio=0.9, seconds=99 * DAY), (ANNOUNCE,), ratio_only).granted
    time_only = with_minimum(mode=mode, min_seed_ratio=0)
    assert clearance(replace(SEEDING, seconds=4 * DAY), (ANNOUNCE,), time_only).granted
    assert not clearance(replace(SEEDING, ratio=99), (ANNOUNCE,), time_only).granted
    assert clearance(SEEDING, (ANNOUNCE,), with_minimum(mode=mode, min_seed_ratio=0, min_seeding_seconds=0)).granted


@pytest.mark.parametrize(
    ("progress", "ratio", "granted"), [(0.0999, 0, True), (0.1, 0, False), (0.5, 0.999, False), (0.5, 1.0, True)]
)
def test_a_part_has_its_own_minimum_ratio_from_a_progress_on(progress, ratio, granted):
    torrent = replace(SEEDING, complete=False, progress=progress, ratio=ratio, seconds=99 * DAY)
    assert clearance(torrent, (ANNOUNCE,), rules(ROW)).granted is granted


def test_what_was_complete_once_owes_all_of_it():
    torrent = replace(SEEDING, complete=False, progress=0.0)
    assert clearance(torrent, (ANNOUNCE,), rules(ROW)).granted
    assert not clearance(torrent, (ANNOUNCE,), rules(ROW), once_complete=True).granted


def test_unknown_trackers_are_no_permission():
    assert not clearance(replace(SEEDING, ratio=99, seconds=99 * DAY), None, rules(ROW)).granted
    assert clearance(SEEDING, None, rules(TrackerRow(uri="private.org"))).granted
    assert clearance(SEEDING, None, rules()).granted


def test_other_trackers_ask_for_nothing():
    assert clearance(SEEDING, (OPEN,), rules(ROW)).granted
    assert clearance(SEEDING, (), rules(ROW)).granted


def test_the_strictest_of_all_rows_and_the_category_holds():
    lax = TrackerRow(uri="private.org", priority=9, hit_and_run=HitAndRun(mode="or", min_seed_ratio=0.1))
    disabled = TrackerRow(uri="tracker.private.org", priority=99)
    half = replace(SEEDING, ratio=0.5)
    assert clearance(half, (ANNOUNCE,), rules(lax, disabled)).granted
    assert not clearance(half, (ANNOUNCE,), rules(lax, disabled, ROW)).granted
    assert not clearance(half, (ANNOUNCE,), rules(lax, category=HitAndRun(mode="and", min_seed_ratio=0.6))).granted
    assert clearance(half, (), rules(lax, category=HitAndRun(mode="and", min_seed_ratio=0.5))).granted


def test_the_minimums_of_trackers_end_once_all_of_them_forgot_the_torrent():
    other = TrackerRow(uri="other.org", hit_and_run=MINIMUM)
    assert clearance(SEEDING, (GONE, OPEN), rules(ROW)).granted
    assert not clearance(SEEDING, (GONE, Announce("http://other.org/a")), rules(ROW, other)).granted
    assert not clearance(SEEDING, (ANNOUNCE, Announce(OPEN.url, gone=True)), rules(ROW)).granted
    assert clearance(SEEDING, (GONE, Announce("http://other.org/a", gone=True)), rules(ROW, other)).granted


def test_the_minimum_of_a_category_applies_until_every_tracker_forgot_the_torrent():
    asked = rules(category=MINIMUM)
    assert not clearance(SEEDING, (GONE, OPEN), asked).granted
    assert not clearance(SEEDING, (), asked).granted
    assert clearance(SEEDING, (GONE,), asked).granted


def test_it_says_whose_minimum_and_when_time_may_be_enough():
    found = clearance(replace(SEEDING, ratio=2, seconds=DAY), (ANNOUNCE,), rules(ROW))
    assert "private.org" in found.because
    assert found.in_seconds == 2 * DAY + 600
    assert found.facts["minimum of private.org"] == "ratio 1 and 259800 seconds of seeding"
    assert clearance(replace(SEEDING, counting=False), (ANNOUNCE,), rules(ROW)).in_seconds is None


obligations = st.builds(
    HitAndRun,
    mode=st.sampled_from(["and", "or", "disabled"]),
    min_seed_ratio=st.sampled_from([0.0, 0.5, 1.0]),
    min_seeding_seconds=st.sampled_from([0, 60, DAY]),
    minimum_download_percent=st.sampled_from([0.0, 10.0, 100.0]),
    partial_seed_ratio=st.sampled_from([0.0, 1.0]),
    tracker_update_buffer_seconds=st.sampled_from([0, 600]),
)
tracker_rows = st.builds(
    TrackerRow,
    uri=st.sampled_from(["a.org", "x.a.org", "b.org"]),
    priority=st.integers(-1, 1),
    hit_and_run=obligations,
    remove_if_exists=st.booleans(),
)
announces = st.lists(
    st.builds(
        Announce, st.sampled_from(["http://a.org/", "http://x.a.org/", "http://b.org/", "udp://c.org"]), st.booleans()
    ),
    max_size=3,
).map(tuple)
torrents = st.builds(
    SeedingFacts,
    complete=st.booleans(),
    progress=st.sampled_from([0.0, 0.05, 0.1, 0.5, 1.0]),
    ratio=st.sampled_from([0.0, 0.5, 1.0, math.inf]),
    seconds=st.sampled_from([0, 60, 660, DAY, DAY + 600]),
)


@given(torrents, st.none() | announces, st.lists(tracker_rows, max_size=3), st.none() | obligations, st.booleans())
def test_nothing_below_a_minimum_is_ever_allowed(torrent, announces, rows, category, once):
    if not clearance(torrent, announces, HitAndRunRules(tuple(rows), category), once_complete=once).granted:
        return
    with_minimum = [row for row in rows if row.hit_and_run.mode != "disabled"]
    if announces is None:
        assert not with_minimum
        assert category is None or category.mode == "disabled"
        return
    hosts = {one.url.split("/")[2]: one.gone for one in announces}

    def about(row):
        return {host: gone for host, gone in hosts.items() if host == row.uri or host.endswith(f".{row.uri}")}

    listed = [about(row) for row in with_minimum]
    every_one_is_gone = all(
        gone for one in announces for gone in [one.gone] if any(one.url.split("/")[2] in found for found in listed)
    )
    asked = [] if every_one_is_gone else [row.hit_and_run for row in with_minimum if about(row)]
    if category is not None and category.mode != "disabled" and not (announces and all(one.gone for one in announces)):
        asked.append(category)
    for minimum in asked:
        if not (torrent.complete or once):
            assert (
                torrent.progress * 100 < minimum.minimum_download_percent or torrent.ratio >= minimum.partial_seed_ratio
            )
            continue
        ratio = torrent.ratio >= minimum.min_seed_ratio
        time = torrent.seconds - minimum.tracker_update_buffer_seconds >= minimum.min_seeding_seconds
        if minimum.mode == "and":
            assert ratio or minimum.min_seed_ratio == 0
            assert time or minimum.min_seeding_seconds == 0
        else:
            nothing = minimum.min_seed_ratio == 0 and minimum.min_seeding_seconds == 0
            assert nothing or (minimum.min_seed_ratio > 0 and ratio) or (minimum.min_seeding_seconds > 0 and time)
