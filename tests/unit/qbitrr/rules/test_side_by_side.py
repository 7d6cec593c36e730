"""What Shadow would have done and what others did come to the same, or do not, or it is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.rules.side_by_side import TOGETHER_SECONDS, UNSEEN_SECONDS, Class, Ours, Theirs, compare

NOW = 1_700_000_000.0
DAY = 86400.0


def theirs(at=None, seen_at=None, **others):
    """They removed it at a time, and it was there a moment before unless something else is said."""
    return Theirs(removed_at=at, seen_at=at - 5.0 if at is not None and seen_at is None else seen_at, **others)


def judged(ours, others, now=NOW):
    found = compare(ours, others, now)
    return found.kind, found.seconds


@pytest.mark.parametrize(
    ("removed_at", "kind", "seconds"),
    [
        (NOW - DAY, Class.AGREE, 0.0),
        (NOW - DAY + TOGETHER_SECONDS, Class.AGREE, TOGETHER_SECONDS),
        (NOW - DAY + TOGETHER_SECONDS + 1.0, Class.EARLIER, TOGETHER_SECONDS + 1.0),
        (NOW - DAY - TOGETHER_SECONDS, Class.AGREE, TOGETHER_SECONDS),
        (NOW - DAY - TOGETHER_SECONDS - 1.0, Class.LATER, TOGETHER_SECONDS + 1.0),
    ],
)
def test_both_removed_it_with_a_difference_in_time(removed_at, kind, seconds):
    ours = Ours(judged=True, removes_at=NOW - DAY)
    assert judged(ours, theirs(removed_at)) == (kind, seconds)


@pytest.mark.parametrize(
    ("others", "kind"),
    [
        (theirs(NOW), Class.ONLY_THEIRS),
        (Theirs(blocklisted_at=NOW), Class.ONLY_THEIRS),
        (Theirs(ignored_at=NOW), Class.ONLY_THEIRS),
        (theirs(NOW, moved=True), Class.NOT_KNOWN),
        (theirs(NOW, moved=True, blocklisted_at=NOW), Class.ONLY_THEIRS),
    ],
)
def test_what_we_would_have_kept(others, kind):
    assert compare(Ours(judged=True), others, NOW).kind is kind


def test_the_first_of_what_they_did_counts():
    ours = Ours(judged=True, removes_at=NOW - DAY)
    both = theirs(NOW, blocklisted_at=NOW - DAY + 10.0)
    assert judged(ours, both) == (Class.AGREE, 10.0)
    assert judged(ours, theirs(NOW - DAY + 10.0, ignored_at=NOW)) == (Class.AGREE, 10.0)


def test_what_was_never_judged_is_not_known():
    found = compare(Ours(judged=False), theirs(NOW), NOW)
    assert (found.kind, found.because) == (Class.NOT_KNOWN, "it was not judged before it left")


@pytest.mark.parametrize(
    ("gap", "kind"), [(UNSEEN_SECONDS, Class.ONLY_THEIRS), (UNSEEN_SECONDS + 1.0, Class.NOT_KNOWN)]
)
def test_what_we_would_have_done_while_it_was_not_seen_is_not_known(gap, kind):
    assert compare(Ours(judged=True), theirs(NOW, NOW - gap), NOW).kind is kind


def test_when_it_left_is_not_known_without_the_time_at_which_it_was_seen_last():
    others = Theirs(removed_at=NOW)
    assert compare(Ours(judged=True), others, NOW).kind is Class.NOT_KNOWN
    assert compare(Ours(judged=True, removes_at=NOW - DAY), others, NOW).kind is Class.NOT_KNOWN


@pytest.mark.parametrize(
    ("seen_after", "left_after", "kind", "seconds"),
    [
        (0.0, TOGETHER_SECONDS, Class.AGREE, TOGETHER_SECONDS),  # wherever it was in between
        (0.0, TOGETHER_SECONDS + 1.0, Class.NOT_KNOWN, None),
        (TOGETHER_SECONDS + 1.0, DAY, Class.EARLIER, TOGETHER_SECONDS + 1.0),  # at least
        (TOGETHER_SECONDS, DAY, Class.NOT_KNOWN, None),
    ],
)
def test_of_what_left_while_it_was_not_seen_both_ends_decide(seen_after, left_after, kind, seconds):
    decided = NOW - 2 * DAY
    ours = Ours(judged=True, removes_at=decided)
    assert judged(ours, theirs(decided + left_after, decided + seen_after)) == (kind, seconds)


@pytest.mark.parametrize(
    ("expected_after", "kind", "seconds"),
    [
        (1.0, Class.LATER, 1.0),
        (DAY, Class.LATER, DAY),
        (0.0, Class.ONLY_THEIRS, None),  # it should have been decided by then, and was not
        (-DAY, Class.ONLY_THEIRS, None),
    ],
)
def test_what_time_alone_was_to_bring_is_later(expected_after, kind, seconds):
    ours = Ours(judged=True, expected_at=NOW + expected_after)
    assert judged(ours, theirs(NOW)) == (kind, seconds)


@pytest.mark.parametrize(("expected_after", "kind"), [(1.0, Class.LATER), (-1.0, Class.NOT_KNOWN)])
def test_what_time_alone_was_to_bring_while_it_was_not_seen(expected_after, kind):
    ours = Ours(judged=True, expected_at=NOW + expected_after)
    assert compare(ours, theirs(NOW, NOW - DAY), NOW).kind is kind


@pytest.mark.parametrize(
    ("decided_ago", "seen_ago", "kind", "because"),
    [
        (TOGETHER_SECONDS, 0.0, Class.ONLY_OURS, ""),
        (TOGETHER_SECONDS - 1.0, 0.0, Class.NOT_KNOWN, "the others may still follow"),
        (DAY, DAY - TOGETHER_SECONDS, Class.ONLY_OURS, ""),
        (DAY, DAY - TOGETHER_SECONDS + 1.0, Class.NOT_KNOWN, "its qBittorrent was not seen for long enough since"),
        (DAY, None, Class.NOT_KNOWN, "its qBittorrent was not seen for long enough since"),
    ],
)
def test_what_the_others_leave(decided_ago, seen_ago, kind, because):
    seen_at = None if seen_ago is None else NOW - seen_ago
    found = compare(Ours(judged=True, removes_at=NOW - decided_ago), Theirs(seen_at=seen_at), NOW)
    assert (found.kind, found.because) == (kind, because)
    assert found.seconds == (seen_at - NOW + decided_ago if kind is Class.ONLY_OURS else None)


def test_the_reason_is_given_for_what_is_not_known_only():
    ours = Ours(judged=True, removes_at=NOW - DAY)
    assert compare(ours, theirs(NOW - DAY), NOW).because == ""
    assert "was not seen for" in compare(ours, theirs(NOW, NOW - 2 * DAY), NOW).because


times = st.floats(NOW - 9 * DAY, NOW)


@given(st.none() | times, st.none() | times, times, st.floats(0.0, 9 * DAY))
def test_what_was_not_seen_makes_no_difference_of_its_own(removes_at, expected_at, removed_at, gap):
    ours = Ours(judged=True, removes_at=removes_at, expected_at=expected_at)
    seen = compare(ours, Theirs(removed_at, removed_at), NOW).kind
    assert compare(ours, Theirs(removed_at, removed_at - gap), NOW).kind in (seen, Class.NOT_KNOWN)


@given(times, times, st.floats(UNSEEN_SECONDS + 1.0, 9 * DAY))
def test_a_difference_in_time_is_the_least_that_is_known(removes_at, removed_at, gap):
    ours = Ours(judged=True, removes_at=removes_at)
    found = compare(ours, Theirs(removed_at, removed_at - gap), NOW)
    if found.kind in (Class.EARLIER, Class.LATER):
        at_both_ends = (abs(removed_at - removes_at), abs(removed_at - gap - removes_at))
        assert found.seconds == min(at_both_ends)
