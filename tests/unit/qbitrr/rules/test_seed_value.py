"""The order in which seeds go for space, what never goes, and that nothing goes for nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.seed_value import (
    ELSEWHERE,
    KEPT_NUMBER,
    KEPT_SIZE,
    MAY_GO,
    NOT_ENOUGH,
    NOT_NEEDED,
    NOTHING_FREED,
    Floor,
    RoomNeed,
    Seed,
    SeedNumbers,
    in_question,
    kept_by_floor,
    plan,
    upload_per_day,
)

NOW = 1_700_000_000.0
DAY = 86_400.0
GIB = 2**30
NO_FLOOR = Floor()


def seed(name="a", *, age_days=100.0, others=1, uploaded=100 * 100 * 2**20, **changes):
    """A seed of one GiB, with one other seeder and 100 MiB of upload a day."""
    made = Seed(
        key=TorrentKey("qBit", name),
        name=name,
        added_at=1.0,
        completed_at=NOW - age_days * DAY,
        disk="d",
        size_bytes=GIB,
        numbers=SeedNumbers(others, uploaded),
    )
    return replace(made, **changes)


def order(*seeds):
    return [row.seed.name for row in plan(seeds, RoomNeed("d", 10**15), NO_FLOOR, NOW)]


def going(seeds, lacks, floor=NO_FLOOR, disk="d"):
    return [row.seed.name for row in plan(seeds, RoomNeed(disk, lacks), floor, NOW) if row.goes]


def reasons(seeds, lacks, floor=NO_FLOOR):
    return {row.seed.name: row.because for row in plan(seeds, RoomNeed("d", lacks), floor, NOW)}


def test_what_is_superseded_goes_first_then_what_many_seed_then_little_upload_then_the_old():
    superseded = seed("superseded", superseded=True, others=None, uploaded=None, age_days=1)
    many = seed("many", others=64, uploaded=10**15, age_days=1)
    idle = seed("idle", uploaded=0, age_days=1)
    old, young = seed("old", age_days=101), seed("young")
    assert order(young, old, idle, many, superseded) == ["superseded", "many", "idle", "old", "young"]


@pytest.mark.parametrize(
    ("others", "goes_first"), [(None, False), (0, False), (7, False), (8, False), (15, False), (16, True), (1000, True)]
)
def test_other_seeders_count_in_steps_of_twice_as_many(others, goes_first):
    """What has 8 to 15 others is next by its upload, which is more."""
    compared = seed("a", others=others, uploaded=10**12)
    assert (order(compared, seed("b", others=8))[0] == "a") is goes_first


@pytest.mark.parametrize(("uploaded", "goes_first"), [(0, True), (63, True), (64, False), (127, False), (None, False)])
def test_upload_counts_in_steps_of_twice_as_much(uploaded, goes_first):
    mib_a_day = None if uploaded is None else uploaded * 100 * 2**20
    young = seed("a", age_days=100, uploaded=mib_a_day)
    assert (order(young, seed("b", age_days=100.001, uploaded=100 * 100 * 2**20))[0] == "a") is goes_first


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 100 * 2**20),
        ({"uploaded": None}, None),
        ({"size_bytes": 0}, None),
        ({"size_bytes": 2 * GIB}, 50 * 2**20),
        ({"age_days": 0.1, "uploaded": GIB}, GIB),
        ({"age_days": -5.0, "uploaded": GIB}, GIB),  # by a clock that was ahead
    ],
)
def test_upload_per_gib_and_day(changes, expected):
    found = upload_per_day(seed(**changes), NOW)
    assert found == expected or found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lacks", "expected"), [(1, "a"), (GIB, "a"), (GIB + 1, "ab"), (2 * GIB, "ab"), (3 * GIB, "abc")]
)
def test_no_more_goes_than_is_needed(lacks, expected):
    seeds = [seed(name, age_days=age) for name, age in (("c", 1), ("b", 2), ("a", 3))]
    assert "".join(going(seeds, lacks)) == expected
    assert reasons(seeds, 1) == {"a": MAY_GO, "b": NOT_NEEDED, "c": NOT_NEEDED}


def test_nothing_goes_when_all_together_is_not_enough():
    seeds = [seed("a"), seed("b"), seed("c", stays="it is protected")]
    assert going(seeds, 2 * GIB) == ["a", "b"]
    assert going(seeds, 2 * GIB + 1) == []
    assert reasons(seeds, 2 * GIB + 1) == {"a": NOT_ENOUGH, "b": NOT_ENOUGH, "c": "it is protected"}


def test_nothing_is_needed_and_nothing_goes():
    assert going([seed()], 0) == []


@pytest.mark.parametrize(("kept", "expected"), [(0, "ab"), (1, "a"), (2, "")])
def test_so_many_seeds_stay(kept, expected):
    seeds = [seed("a", age_days=200), seed("b")]
    assert "".join(going(seeds, GIB * max(1, len(expected)), Floor(seeds=kept))) == expected
    assert reasons(seeds, GIB, Floor(seeds=2)) == {"a": KEPT_NUMBER, "b": KEPT_NUMBER}


@pytest.mark.parametrize(("kept", "expected"), [(0, "ab"), (1, "a"), (GIB, "a"), (GIB + 1, "")])
def test_so_many_bytes_of_seeds_stay(kept, expected):
    seeds = [seed("a", age_days=200), seed("b")]
    assert "".join(going(seeds, GIB * max(1, len(expected)), Floor(bytes=kept))) == expected
    assert reasons(seeds, GIB, Floor(bytes=2 * GIB)) == {"a": KEPT_SIZE, "b": KEPT_SIZE}


def test_what_stays_counts_for_the_floor_and_comes_last():
    kept = seed("kept", superseded=True, stays="it is young")
    rows = plan([kept, seed("a")], RoomNeed("d", GIB), Floor(seeds=1, bytes=GIB), NOW)
    found = [(row.seed.name, row.goes, row.because) for row in rows]
    assert found == [("a", True, MAY_GO), ("kept", False, "it is young")]


def test_the_floor_of_one_seed():
    sizes = [GIB, 3 * GIB]
    assert kept_by_floor(sizes, 3 * GIB, Floor(seeds=1, bytes=GIB)) is None
    assert kept_by_floor(sizes, 3 * GIB, Floor(seeds=2)) == KEPT_NUMBER
    assert kept_by_floor(sizes, 3 * GIB, Floor(bytes=GIB + 1)) == KEPT_SIZE


@pytest.mark.parametrize(
    ("disk", "need", "goes"), [("d", "d", True), ("e", "d", False), ("", "d", False), ("e", "", True)]
)
def test_only_what_is_on_the_same_file_system_goes(disk, need, goes):
    seeds = [seed(disk=disk)]
    assert going(seeds, 1, disk=need) == (["a"] if goes else [])
    if not goes:
        assert reasons(seeds, 1) == {"a": ELSEWHERE}


@pytest.mark.parametrize(
    ("frees", "goes"), [(None, True), (GIB, True), (GIB // 2, True), (GIB // 2 - 1, False), (0, False), (-1, False)]
)
def test_what_frees_little_or_nothing_stays(frees, goes):
    seeds = [seed(frees_bytes=frees)]
    assert going(seeds, 1) == (["a"] if goes else [])
    if not goes:
        assert reasons(seeds, 1) == {"a": NOTHING_FREED}


def test_what_is_in_question_when_it_is_not_enough_below_the_floor():
    """What frees nothing leaves its place below the floor to another one."""
    seeds = [seed("a", age_days=200), seed("b"), seed("c", stays="it is protected")]

    def questions(lacks, floor):
        return [one.name for one in in_question(plan(seeds, RoomNeed("d", lacks), floor, NOW))]

    assert questions(GIB, Floor(seeds=2)) == ["a"]
    assert questions(GIB + 1, Floor(seeds=2)) == ["a"]
    assert questions(GIB + 1, Floor(bytes=2 * GIB)) == ["a"]
    assert questions(2 * GIB, NO_FLOOR) == ["a", "b"]
    assert questions(2 * GIB + 1, NO_FLOOR) == [], "no answer makes it enough"


def test_what_is_freed_counts_and_not_the_size():
    seeds = [seed("a", age_days=200, frees_bytes=GIB // 2), seed("b", frees_bytes=GIB)]
    assert going(seeds, GIB // 2) == ["a"]
    assert going(seeds, GIB) == ["a", "b"]


SEEDS = st.lists(
    st.builds(
        Seed,
        key=st.builds(TorrentKey, st.just("qBit"), st.text("abcdef", min_size=3, max_size=3)),
        name=st.just("x"),
        added_at=st.just(1.0),
        completed_at=st.floats(0, NOW + DAY),
        disk=st.sampled_from(["", "d", "e"]),
        size_bytes=st.integers(0, 9),
        frees_bytes=st.none() | st.integers(0, 9),
        superseded=st.booleans(),
        numbers=st.builds(SeedNumbers, st.none() | st.integers(0, 99), st.none() | st.integers(0, 10**12)),
        stays=st.sampled_from(["", "", "it is protected"]),
    ),
    max_size=12,
    unique_by=lambda one: one.key,
)


@given(seeds=SEEDS, lacks=st.integers(0, 40), floor=st.builds(Floor, st.integers(0, 5), st.integers(0, 40)))
def test_whatever_there_is_nothing_goes_in_vain_and_the_floor_stays(seeds, lacks, floor):
    rows = plan(seeds, RoomNeed("d", lacks), floor, NOW)
    goes = [row.seed for row in rows if row.goes]
    assert sorted(row.seed.key for row in rows) == sorted(one.key for one in seeds)
    assert all(not one.stays and one.disk == "d" and one.may_free_bytes > 0 for one in goes)
    if goes:
        freed = sum(one.may_free_bytes for one in goes)
        assert freed >= lacks > freed - goes[-1].may_free_bytes
        assert len(seeds) - len(goes) >= floor.seeds
        assert sum(one.size_bytes for one in seeds) - sum(one.size_bytes for one in goes) >= floor.bytes
    assert plan(list(reversed(seeds)), RoomNeed("d", lacks), floor, NOW) == rows
