"""When a file that no torrent knows is moved aside, asked about and purged."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.config.model import Orphans
from qbitrr.rules.orphans import (
    DAY,
    Allowance,
    FileFacts,
    Orphan,
    OrphanState,
    age_seconds,
    allowance,
    is_to_move,
    is_to_purge,
    listed,
    not_due,
    settled,
    share_of,
    too_much,
)

NOW = 1_700_000_000.0
ACT = Orphans(mode="act", minimum_age_seconds=int(14 * DAY), kept_seconds=int(30 * DAY))
OLD = int((NOW - 14 * DAY) * 1e9)
FILE = FileFacts(1000, 7, OLD, OLD)
DUE = Orphan("/downloads/movies", "x.mkv", FILE, NOW - 20 * DAY, seen_seconds=14 * DAY, listings=2)
ASIDE = replace(DUE, state=OrphanState.ASIDE, aside="1/x.mkv", aside_at=NOW - 30 * DAY, aside_seconds=30 * DAY)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({}, None),
        ({"listings": 1}, "one listing"),
        ({"seen_seconds": 14 * DAY - 1}, "long enough"),
        ({"file": replace(FILE, modified_ns=OLD + 1_000_000_000)}, "changed lately"),
        ({"file": replace(FILE, changed_ns=OLD + 1_000_000_000)}, "changed lately"),
        ({"file": replace(FILE, changed_ns=int((NOW + DAY) * 1e9))}, "changed lately"),
    ],
)
def test_when_a_file_is_due(changes, because):
    found = not_due(replace(DUE, **changes), ACT, NOW)
    assert found is None if because is None else because in found


@pytest.mark.parametrize(
    ("mode", "approved", "moves"),
    [
        ("off", True, False),
        ("shadow", True, False),
        ("ask", False, False),
        ("ask", True, True),
        ("act", False, True),
    ],
)
def test_modes(mode, approved, moves):
    policy, orphan = replace(ACT, mode=mode), replace(DUE, approved=approved)
    assert is_to_move(orphan, policy, NOW) is moves


@pytest.mark.parametrize("state", [state for state in OrphanState if state is not OrphanState.FOUND])
def test_only_what_lies_where_it_was_found_is_moved(state):
    assert not is_to_move(replace(DUE, state=state, approved=True), ACT, NOW)


def test_time_counts_between_listings_only_and_from_zero_for_a_file_that_changed():
    first = listed(None, "/d", "x", FILE, 0.0, NOW)
    assert (first.listings, first.seen_seconds, first.first_seen_at) == (1, 0.0, NOW)
    second = listed(first, "/d", "x", FILE, 60.0, NOW + 1e9)
    assert (second.listings, second.seen_seconds, second.first_seen_at) == (2, 60.0, NOW)
    assert listed(second, "/d", "x", FILE, -5.0, NOW).seen_seconds == 60.0
    for changed in (
        replace(FILE, size_bytes=1001),
        replace(FILE, inode=8),
        replace(FILE, modified_ns=OLD + 1),
        replace(FILE, changed_ns=OLD + 1),
    ):
        again = listed(replace(second, approved=True), "/d", "x", changed, 60.0, NOW + 99)
        assert (again.listings, again.seen_seconds, again.approved) == (1, 0.0, False)


@pytest.mark.parametrize("state", [OrphanState.LEFT, OrphanState.RESTORED])
def test_what_the_user_decided_stays_while_the_file_is_the_same(state):
    decided = replace(DUE, state=state)
    moved_back = replace(FILE, changed_ns=OLD + 5, links=2)
    assert listed(decided, "/d", "x", moved_back, 60.0, NOW).state is state
    assert listed(decided, "/d", "x", replace(FILE, size_bytes=5), 60.0, NOW).state is OrphanState.FOUND


@pytest.mark.parametrize(
    ("changes", "policy", "purged"),
    [
        ({}, {}, True),
        ({"aside_seconds": 30 * DAY - 1}, {}, False),  # a wrong clock
        ({"aside_at": NOW - 30 * DAY + 1}, {}, False),
        ({"aside_at": NOW + DAY}, {}, False),
        ({"aside_at": None}, {}, False),
        ({"state": OrphanState.FOUND}, {}, False),
        ({"state": OrphanState.RESTORED}, {}, False),
        ({}, {"mode": "ask"}, True),
        ({}, {"mode": "shadow"}, False),
        ({}, {"mode": "off"}, False),
        ({}, {"kept_seconds": -1}, False),
    ],
)
def test_when_a_file_is_purged(changes, policy, purged):
    assert is_to_purge(replace(ASIDE, **changes), replace(ACT, **policy), NOW) is purged


def test_the_files_and_bytes_of_a_day():
    policy = replace(ACT, files_per_day=2, bytes_per_day=1000)
    assert allowance(policy, [400]) == Allowance(1, 600)
    assert Allowance(1, 600).after(600) == Allowance(0, 0)
    assert Allowance(1, 600).after(601) is None
    assert Allowance(0, 600).after(1) is None
    assert allowance(policy, [1, 1]).after(0) is None
    assert allowance(policy, [5000]).after(0) is None


@pytest.mark.parametrize(("unknown", "known", "share"), [(0, 0, 0.0), (1, 0, 1.0), (1, 9, 0.1), (0, 9, 0.0)])
def test_the_share_of_a_folder(unknown, known, share):
    assert math.isclose(share_of(unknown, known), share)


def test_too_large_a_share_is_refused():
    assert too_much(10, 90, ACT) is None
    assert "MaxShare" in too_much(11, 89, ACT)
    assert "MaxShare" in too_much(1, 0, ACT)
    assert too_much(1, 0, replace(ACT, share=1.0)) is None


OTHER = replace(FILE, inode=99)


@pytest.mark.parametrize(
    ("state", "in_place", "in_aside", "after"),
    [
        ("moving", FILE, None, "found"),
        ("moving", None, FILE, "aside"),
        ("moving", OTHER, FILE, "aside"),
        ("moving", OTHER, None, "gone"),
        ("moving", None, None, "gone"),
        ("restoring", FILE, None, "restored"),
        ("restoring", FILE, FILE, "restoring"),
        ("restoring", OTHER, FILE, "aside"),
        ("restoring", None, None, "gone"),
        ("purging", None, FILE, "aside"),
        ("purging", None, None, "purged"),
        ("purging", None, OTHER, "purged"),
    ],
)
def test_steps_are_settled_by_what_lies_there(state, in_place, in_aside, after):
    orphan = replace(DUE, state=OrphanState(state), aside="1/x.mkv")
    assert settled(orphan, in_place, in_aside) == after


@given(
    wall=st.lists(st.floats(-(10**9), 10**9), min_size=1, max_size=20),
    elapsed=st.floats(0, 3600),
)
def test_no_leap_of_the_wall_clock_makes_a_file_due_before_its_time(wall, elapsed):
    orphan, seconds = None, 0.0
    for leap in wall:
        seconds += 0.0 if orphan is None else elapsed
        orphan = listed(orphan, "/d", "x", FILE, elapsed, NOW + leap)
        if not_due(orphan, ACT, NOW + leap) is None:
            assert seconds >= ACT.minimum_age_seconds
    assert age_seconds(FILE, NOW) == pytest.approx(14 * DAY)
