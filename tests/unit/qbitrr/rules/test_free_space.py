"""The free-space guard, on one disk, on several, and over days."""

from collections import Counter
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.rules.free_space import (
    Disk,
    Download,
    SpaceMove,
    bytes_to_move,
    bytes_to_write,
    confirmed,
    guard,
    lacking,
    resume_all,
    to_write,
    trusted_until,
)
from tests.factories import torrent

ONE = Download(
    instance="qBit",
    infohash="a",
    state="downloading",
    left_bytes=100,
    size_bytes=100,
    added_at=0,
    position=1,
    disk="d",
    paused=False,
)
PAUSED = replace(ONE, state="stoppedDL", paused=True)


def moves(downloads, free, kept=0):
    steps = guard(downloads, {"d": Disk(free_bytes=free, kept_bytes=kept)})
    return {step.download.infohash: step.move for step in steps}


@pytest.mark.parametrize(
    ("free", "kept", "paused"), [(101, 0, False), (100, 0, True), (151, 50, False), (150, 50, True)]
)
def test_what_does_not_fit_beside_the_kept_space_is_paused(free, kept, paused):
    assert moves([ONE], free, kept) == ({"a": SpaceMove.PAUSE} if paused else {})


@pytest.mark.parametrize(
    ("free", "kept", "expected"),
    [
        (103, 0, []),  # 100 bytes and 2 to spare
        (102, 0, [("d", 1)]),
        (3, 0, [("d", 100)]),
        (303, 200, [("d", 8)]),  # of what is kept a twentieth is spare
    ],
)
def test_a_paused_download_lacks_what_it_takes_to_be_resumed(free, kept, expected):
    disks = {"d": Disk(free, kept)}
    steps = guard([PAUSED], disks)
    assert [(one.disk, one.lacks_bytes) for one in lacking([PAUSED], disks, steps)] == expected
    assert bool(steps) is not bool(expected)
    for disk, lacks in expected:
        assert guard([PAUSED], {disk: Disk(free + lacks, kept)})
        assert not guard([PAUSED], {disk: Disk(free + lacks - 1, kept)})


def test_each_paused_download_lacks_for_itself_beside_those_that_run():
    second = replace(PAUSED, infohash="b", position=2, left_bytes=50, size_bytes=50)
    running = replace(ONE, infohash="r", position=9, left_bytes=10)
    disks = {"d": Disk(11, 0)}
    downloads = [second, PAUSED, running]
    found = lacking(downloads, disks, guard(downloads, disks))
    assert [(one.download.infohash, one.lacks_bytes) for one in found] == [("a", 102), ("b", 51)]


@pytest.mark.parametrize(
    "other", [{"mine": False}, {"paused": False}, {"state": "downloading"}, {"state": "stoppedUP"}, {"disk": "unknown"}]
)
def test_what_the_guard_did_not_pause_or_cannot_measure_lacks_nothing(other):
    one = replace(PAUSED, **other)
    disks = {"d": Disk(1, 0)}
    assert lacking([one], disks, guard([one], disks)) == []


def test_what_is_moved_once_complete_may_lack_on_both_disks():
    one = replace(PAUSED, moves_to="e", moved_bytes=70)
    disks = {"d": Disk(3, 0), "e": Disk(13, 0)}
    found = lacking([one], disks, guard([one], disks))
    assert [(lack.disk, lack.lacks_bytes) for lack in found] == [("d", 100), ("e", 60)]


def test_the_budget_goes_in_the_order_of_the_queue():
    second = replace(ONE, infohash="b", position=2)
    small = replace(ONE, infohash="c", position=3, left_bytes=20)
    unplaced = replace(ONE, infohash="z", position=0, left_bytes=20)
    assert moves([unplaced, small, second, ONE], 150) == {"b": SpaceMove.PAUSE}
    assert moves([unplaced, small, second, ONE], 130) == {"b": SpaceMove.PAUSE, "z": SpaceMove.PAUSE}


def test_what_fitted_is_paused_only_when_it_does_not_fit_for_some_seconds():
    both = [ONE, replace(ONE, infohash="b", position=2)]
    trusted = trusted_until(both, guard(both, {"d": Disk(201, 0)}), {}, 1000.0)
    too_much = guard(both, {"d": Disk(101, 0)})  # 100 bytes of the first are written, but it does not tell so yet
    for now, paused in ((1001.0, []), (1002.0, []), (1004.9, []), (1005.0, ["b"]), (1006.0, ["b"])):
        trusted = trusted_until(both, too_much, trusted, now)
        assert [step.download.infohash for step in confirmed(too_much, trusted, now)] == paused


def test_a_moment_in_which_it_fits_restarts_the_delay():
    fits, short = guard([ONE], {"d": Disk(101, 0)}), guard([ONE], {"d": Disk(10, 0)})
    trusted = trusted_until([ONE], fits, {}, 0.0)
    trusted = trusted_until([ONE], short, trusted, 1.0)
    trusted = trusted_until([ONE], fits, trusted, 4.0)
    trusted = trusted_until([ONE], short, trusted, 6.0)
    assert confirmed(short, trusted, 9.9) == []
    assert confirmed(short, trusted, 10.0) == short


def test_nothing_is_released_into_the_space_of_what_may_still_fit():
    running, small = replace(ONE, infohash="r"), replace(PAUSED, infohash="s", left_bytes=10, size_bytes=10)
    elsewhere = replace(small, infohash="e", disk="other")
    done = replace(PAUSED, infohash="u", state="stoppedUP", left_bytes=0)
    downloads = [running, small, elsewhere, done]
    disks = {"d": Disk(50, 0), "other": Disk(50, 0)}
    steps = guard(downloads, disks)
    trusted = trusted_until(downloads, steps, {running.key: inf}, 1.0)
    resumed = {"e": SpaceMove.RESUME, "u": SpaceMove.RESUME}
    assert {step.download.infohash: step.move for step in confirmed(steps, trusted, 1.0)} == resumed
    paused = {"r": SpaceMove.PAUSE, "s": SpaceMove.RESUME, **resumed}
    assert {step.download.infohash: step.move for step in confirmed(steps, trusted, 5.0)} == paused


def test_a_download_that_is_new_is_paused_at_once_and_nothing_else_waits():
    steps = guard([ONE], {"d": Disk(10, 0)})
    assert confirmed(steps, trusted_until([ONE], steps, {}, 5.0), 5.0) == steps
    resumed = guard([PAUSED], {"d": Disk(1000, 0)})
    assert confirmed(resumed, {PAUSED.key: 9.0}, 5.0) == resumed


def test_what_a_user_stopped_is_left_alone_and_does_not_count():
    stopped = replace(ONE, infohash="s", state="stoppedDL", position=1)
    assert moves([stopped, replace(ONE, position=2)], 101) == {}


@pytest.mark.parametrize("state", ["forcedDL", "checkingDL", "moving"])
def test_what_is_forced_or_busy_counts_first_and_is_not_stopped(state):
    forced = replace(ONE, infohash="f", state=state, position=9)
    assert moves([forced], 10) == {}
    assert moves([ONE, forced], 150) == {"a": SpaceMove.PAUSE}


def test_what_is_not_mine_counts_and_is_not_touched():
    other = replace(ONE, infohash="o", mine=False)
    assert moves([other], 10) == {}
    assert moves([other, replace(ONE, position=2)], 150) == {"a": SpaceMove.PAUSE}
    assert moves([replace(PAUSED, mine=False)], 10_000) == {}


@pytest.mark.parametrize("state", ["metaDL", "stalledDL", "queuedDL"])
def test_every_kind_of_download_is_paused_when_nothing_is_left(state):
    assert moves([replace(ONE, state=state, left_bytes=0)], 10, 10) == {"a": SpaceMove.PAUSE}


@pytest.mark.parametrize(("free", "resumed"), [(103, True), (102, False)])
def test_what_is_paused_goes_on_when_it_fits_with_room_to_spare(free, resumed):
    assert moves([PAUSED], free) == ({"a": SpaceMove.RESUME} if resumed else {})


@pytest.mark.parametrize(("free", "resumed"), [(1151, True), (1150, False)])
def test_the_room_to_spare_grows_with_the_kept_space(free, resumed):
    assert moves([PAUSED], free, 1000) == ({"a": SpaceMove.RESUME} if resumed else {})


def test_releasing_one_never_stops_another():
    running = replace(ONE, infohash="r", position=2, left_bytes=60)
    assert moves([PAUSED, running], 110) == {}
    assert moves([PAUSED, running], 170) == {"a": SpaceMove.RESUME}


@pytest.mark.parametrize("state", ["downloading", "uploading", "stalledUP", "forcedDL"])
def test_what_goes_on_although_it_has_the_tag_loses_it(state):
    left = 0 if state.endswith(("UP", "uploading")) else 100
    assert moves([replace(ONE, state=state, paused=True, left_bytes=left)], 500) == {"a": SpaceMove.UNTAG}


def test_what_the_user_started_is_paused_again_while_it_does_not_fit():
    assert moves([replace(ONE, paused=True)], 50) == {"a": SpaceMove.PAUSE}


def test_what_got_complete_while_it_was_paused_goes_on():
    assert moves([replace(PAUSED, state="stoppedUP", left_bytes=0)], 0, 10) == {"a": SpaceMove.RESUME}


@pytest.mark.parametrize("state", ["error", "missingFiles", "unknown", "checkingDL"])
def test_what_is_in_trouble_or_busy_keeps_the_tag(state):
    assert moves([replace(ONE, state=state, paused=True)], 500) == {}
    assert resume_all([replace(ONE, state=state, paused=True)]) == []


def test_nothing_happens_on_a_disk_that_could_not_be_measured():
    assert guard([ONE, PAUSED], {"other": Disk(0, 10)}) == []


def test_disks_are_budgeted_by_themselves():
    other = replace(ONE, infohash="b", disk="e")
    steps = guard([ONE, other], {"d": Disk(1000, 0), "e": Disk(50, 0)})
    assert [(step.download.infohash, step.move) for step in steps] == [("b", SpaceMove.PAUSE)]


@pytest.mark.parametrize(("free", "moved"), [(1001, {}), (1000, {"a": SpaceMove.PAUSE})])
def test_a_download_that_is_moved_once_complete_has_to_fit_there_too(free, moved):
    one = replace(ONE, moves_to="e", moved_bytes=1000)
    steps = guard([one], {"d": Disk(200, 0), "e": Disk(free, 0)})
    assert {step.download.infohash: step.move for step in steps} == moved
    assert to_write([one], steps) == ({} if moved else {"d": 100, "e": 1000})


def test_what_is_moved_takes_the_space_of_what_is_saved_there():
    one, other = replace(ONE, moves_to="e", moved_bytes=1000), replace(ONE, infohash="b", position=2, disk="e")
    steps = guard([one, other], {"d": Disk(200, 0), "e": Disk(1050, 0)})
    assert [(step.download.infohash, step.move) for step in steps] == [("b", SpaceMove.PAUSE)]
    paused = replace(PAUSED, moves_to="e", moved_bytes=1000, size_bytes=1000)
    for free, resumed in ((1021, True), (1020, False)):
        assert bool(guard([paused], {"d": Disk(200, 0), "e": Disk(free, 0)})) is resumed


@pytest.mark.parametrize("changes", [{"moves_to": "d"}, {"moves_to": "unknown"}, {"moves_to": "e", "moved_bytes": 0}])
def test_a_download_that_is_not_moved_needs_its_space_once(changes):
    one = replace(ONE, **{"moved_bytes": 1000} | changes)
    assert guard([one], {"d": Disk(101, 0), "e": Disk(0, 0)}) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, 1000), ({"state": "checkingDL"}, 0), ({"state": "stoppedDL", "completed_at": 1.0}, 0)],
)
def test_what_is_moved_is_all_of_it_unless_it_was_complete(changes, expected):
    assert bytes_to_move(torrent(size_bytes=1000, **changes)) == expected


@pytest.mark.parametrize(
    ("state", "move"), [("stoppedDL", "resume"), ("stoppedUP", "resume"), ("downloading", "untag"), ("error", None)]
)
def test_what_was_paused_in_a_category_that_is_removed_goes_on_though_it_does_not_fit(state, move):
    one = replace(PAUSED, state=state, mine=False, abandoned=True)
    for steps in (guard([one], {"d": Disk(0, 10)}), guard([one], {}), resume_all([one])):
        assert [step.move for step in steps] == ([move] if move else [])
    assert guard([replace(one, paused=False)], {"d": Disk(0, 10)}) == []


def test_without_a_guard_everything_it_paused_goes_on_and_nothing_else():
    stopped = replace(ONE, infohash="s", state="stoppedDL")
    running = replace(ONE, infohash="r", paused=True)
    steps = resume_all([PAUSED, stopped, running, ONE])
    assert {step.download.infohash: step.move for step in steps} == {"a": SpaceMove.RESUME, "r": SpaceMove.UNTAG}
    assert resume_all([replace(PAUSED, mine=False)]) == []


def test_what_is_still_to_be_written_counts_what_goes_on():
    paused, resumed = replace(ONE, infohash="h"), replace(PAUSED, infohash="r")
    steps = guard([ONE, paused, resumed], {"d": Disk(101, 0)})
    assert to_write([ONE, paused, resumed], steps) == {"d": 100}
    assert to_write([resumed], guard([resumed], {"d": Disk(500, 0)})) == {"d": 100}


states = st.sampled_from(
    ["downloading", "stalledDL", "queuedDL", "metaDL", "forcedDL", "checkingDL", "stoppedDL", "stoppedUP", "uploading"]
)
downloads = st.lists(
    st.builds(
        lambda state, left, paused, position, mine, disk, moves_to: replace(
            ONE,
            state=state,
            left_bytes=0 if state in ("uploading", "stoppedUP") else left,
            size_bytes=200,
            paused=paused,
            position=position,
            mine=mine,
            disk=disk,
            moves_to=moves_to,
            moved_bytes=200,
        ),
        states,
        st.integers(1, 200),
        st.booleans(),
        st.integers(0, 5),
        st.booleans(),
        st.sampled_from("de"),
        st.sampled_from(["", "d", "e", "not measured"]),
    ),
    max_size=6,
).map(lambda some: [replace(one, infohash=str(at)) for at, one in enumerate(some)])
disks = st.fixed_dictionaries(
    {name: st.builds(Disk, st.integers(0, 600), st.sampled_from([0, 50, 200])) for name in "de"}
)


def taken(downloads, steps):
    """The torrents once qBittorrent has done what it was asked for."""
    by_key = {step.download.key: step.move for step in steps}

    def after(one):
        match by_key.get(one.key):
            case SpaceMove.PAUSE:
                return replace(one, state="stoppedDL", paused=True)
            case SpaceMove.RESUME:
                return replace(one, state="uploading" if one.state == "stoppedUP" else "downloading", paused=False)
            case SpaceMove.UNTAG:
                return replace(one, paused=False)
        return one

    return [after(one) for one in downloads]


@given(downloads, disks)
def test_a_second_pass_changes_nothing(downloads, disks):
    after = taken(downloads, guard(downloads, disks))
    assert guard(after, disks) == []


@given(downloads, disks)
def test_what_goes_on_fits_and_only_what_is_mine_is_touched(downloads, disks):
    steps = guard(downloads, disks)
    assert all(step.download.mine for step in steps)
    after = taken(downloads, steps)
    for name, disk in disks.items():
        mine = [one for one in after if name in one.needs and one.mine and one.state in ("downloading", "stalledDL")]
        if mine:
            assert to_write(after, []).get(name, 0) < disk.free_bytes - disk.kept_bytes
    before_by_user = [one for one in downloads if one.state.startswith("stopped") and not one.paused]
    assert all(one in after for one in before_by_user)


@given(downloads)
def test_resuming_all_leaves_nothing_paused(downloads):
    after = taken(downloads, resume_all(downloads))
    assert not [one for one in after if one.paused and one.mine and one.state != "checkingDL"]


@settings(max_examples=40)
@given(
    sizes=st.lists(st.integers(50, 400), min_size=1, max_size=8),
    free=st.integers(100, 1500),
    noise=st.lists(st.integers(-4, 4), min_size=20, max_size=60),
)
def test_over_days_nothing_is_stopped_and_started_again_and_again(sizes, free, noise):
    """Downloads write, other programs write and delete a little: each torrent is paused and resumed once at most."""
    kept = 100
    downloads = [
        replace(ONE, infohash=str(at), left_bytes=size, size_bytes=size, position=at + 1)
        for at, size in enumerate(sizes)
    ]
    changes = dict.fromkeys((one.infohash for one in downloads), 0)
    written = 0
    for wobble in noise:
        disk = Disk(free_bytes=free - written + wobble // 2, kept_bytes=kept)
        steps = guard(downloads, {"d": disk})
        for step in steps:
            changes[step.download.infohash] += step.move in (SpaceMove.PAUSE, SpaceMove.RESUME)
        downloads = taken(downloads, steps)
        written += sum(min(30, one.left_bytes) for one in downloads if one.state == "downloading")
        downloads = [
            replace(one, left_bytes=one.left_bytes - min(30, one.left_bytes)) if one.state == "downloading" else one
            for one in downloads
        ]
        downloads = [
            replace(one, state="uploading") if one.state == "downloading" and one.left_bytes == 0 else one
            for one in downloads
        ]
        assert free - written >= kept - 4
    assert max(changes.values()) <= 2


@settings(max_examples=40)
@given(
    sizes=st.lists(st.integers(50, 400), min_size=1, max_size=6),
    days=st.lists(st.tuples(st.integers(-400, 600), st.lists(st.integers(-2, 2), min_size=5, max_size=15)), max_size=5),
)
def test_no_change_of_the_disk_moves_a_torrent_to_and_fro(sizes, days):
    """Every day something large is written or deleted, and in between a little: only the former counts.

    A large download that just does not fit any more makes room for a small one: that moves twice, and no more.
    """
    downloads = [
        replace(ONE, infohash=str(at), left_bytes=size, size_bytes=size, position=at + 1)
        for at, size in enumerate(sizes)
    ]
    free = 500
    for large, small in days:
        free = max(0, free + large)
        moved = []
        for wobble in small:
            steps = guard(downloads, {"d": Disk(free_bytes=max(0, free + wobble), kept_bytes=100)})
            moved += [step.download.infohash for step in steps if step.move is not SpaceMove.UNTAG]
            downloads = taken(downloads, steps)
        assert max(Counter(moved).values(), default=0) <= 2


@pytest.mark.parametrize(
    ("changes", "preallocated", "expected"),
    [
        ({}, False, 500),
        ({"state": "checkingDL"}, False, 0),
        ({"state": "checkingUP", "completed_at": 1.0}, False, 0),
        ({"state": "checkingResumeData"}, False, 0),
        ({"state": "moving"}, False, 500),
        ({"state": "stoppedDL", "completed_at": 1.0}, False, 0),
        ({"state": "downloading", "completed_at": 1.0}, False, 500),
        ({}, True, 0),
        ({"progress": 0.0, "left_bytes": 1000}, True, 1000),
    ],
)
def test_what_is_still_to_be_written(changes, preallocated, expected):
    assert bytes_to_write(torrent(**changes), preallocated=preallocated) == expected
