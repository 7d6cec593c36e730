"""What others did to a torrent beside what Shadow would have done, and whether both come to the same.

Nothing follows from it but a report. What is compared is the end of a torrent: a removal by Shadow, and by others its
removal from the client or a download that was blocklisted or ignored in the Arr. Others are another program, the Arr,
qBittorrent itself or the user. When something happened is known as well as the client was seen: a torrent that left
while it was not seen left at any time in between, and its class is known if it is the same at both ends.
"""

from __future__ import annotations

import math
from enum import StrEnum

from msgspec import Struct

TOGETHER_SECONDS = 3600.0
"""Within which two programs do the same: each polls in steps of minutes, some once an hour."""
UNSEEN_SECONDS = 600.0
"""For which a client that did not answer counts as seen: verdicts change in steps of minutes."""


class Class(StrEnum):
    """How ours and theirs compare."""

    AGREE = "agree"
    ONLY_THEIRS = "only_theirs"
    """They ended what Shadow would have kept."""
    ONLY_OURS = "only_ours"
    """They keep what Shadow would have ended."""
    EARLIER = "earlier"
    """Both ended it, Shadow earlier."""
    LATER = "later"
    """Both ended it, or Shadow was about to, and they were earlier."""
    NOT_KNOWN = "not_known"
    """It was not seen, or it is too early to say."""


class Ours(Struct, frozen=True):
    """What Shadow made of a torrent, in epoch seconds: when it would have removed it first, None for never.

    `expected_at`: when time alone was to bring that, according to the last verdict; None when it was not. `judged`:
    whether a verdict is known at all.
    """

    judged: bool
    removes_at: float | None = None
    expected_at: float | None = None


class Theirs(Struct, frozen=True):
    """What others did to a torrent, in epoch seconds.

    `removed_at` is when it was missed and `seen_at` when it was there last, None when that is not known. `moved`: it is
    in another category now, and not removed.
    """

    removed_at: float | None = None
    seen_at: float | None = None
    moved: bool = False
    blocklisted_at: float | None = None
    ignored_at: float | None = None


class Compared(Struct, frozen=True):
    """Class of one torrent, and between the two sides the least difference that is known, in seconds.

    For `only_ours` it is how long they have left it. `because` says why it is not known.
    """

    kind: Class
    seconds: float | None = None
    because: str = ""


def compare(ours: Ours, theirs: Theirs, now: float) -> Compared:
    """Compare what both sides did to a torrent, at `now` (epoch seconds)."""
    in_arr = min((at for at in (theirs.blocklisted_at, theirs.ignored_at) if at is not None), default=None)
    if theirs.removed_at is not None and (in_arr is None or in_arr > theirs.removed_at):
        return _when_removed(ours, theirs, theirs.removed_at)
    if in_arr is not None:
        return _at(ours, in_arr) if _is_known(ours) else _not_known("it was not judged")
    return _when_left(ours, theirs, now)


def _when_removed(ours: Ours, theirs: Theirs, latest: float) -> Compared:
    """Compare with a torrent that left."""
    if theirs.moved:
        return _not_known("it was moved to another category, where it is not seen")
    if not _is_known(ours):
        return _not_known("it was not judged before it left")
    earliest = -math.inf if theirs.seen_at is None else min(theirs.seen_at, latest)
    found = _at(ours, latest)
    if latest - earliest <= UNSEEN_SECONDS:
        return found
    before = _at(ours, earliest)
    if before.kind is not found.kind or found.kind is Class.ONLY_THEIRS:  # it was not judged either
        return _not_known(_unseen(latest - earliest))
    return found if found.kind is Class.AGREE else min(before, found, key=_difference)


def _when_left(ours: Ours, theirs: Theirs, now: float) -> Compared:
    """Compare with a torrent that is there, as far as it was seen."""
    if ours.removes_at is None:
        return _not_known("neither side did anything")
    left_for = -math.inf if theirs.seen_at is None else theirs.seen_at - ours.removes_at
    if left_for >= TOGETHER_SECONDS:
        return Compared(Class.ONLY_OURS, left_for)
    if now - ours.removes_at < TOGETHER_SECONDS:
        return _not_known("the others may still follow")
    return _not_known("its qBittorrent was not seen for long enough since")


def _at(ours: Ours, moment: float) -> Compared:
    """Compare with what they did at a moment."""
    if ours.removes_at is not None:
        difference = moment - ours.removes_at
        if abs(difference) <= TOGETHER_SECONDS:
            return Compared(Class.AGREE, abs(difference))
        return Compared(Class.EARLIER if difference > 0 else Class.LATER, abs(difference))
    if ours.expected_at is not None and ours.expected_at > moment:
        return Compared(Class.LATER, ours.expected_at - moment)
    return Compared(Class.ONLY_THEIRS)


def _is_known(ours: Ours) -> bool:
    return ours.judged or ours.removes_at is not None


def _difference(found: Compared) -> float:
    return math.inf if found.seconds is None else found.seconds


def _not_known(because: str) -> Compared:
    return Compared(Class.NOT_KNOWN, because=because)


def _unseen(seconds: float) -> str:
    if seconds == math.inf:
        return "it is not known when it was there last"
    return f"it was not seen for {seconds / 60.0:,.0f} minutes before it was missed"
