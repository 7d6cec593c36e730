"""`qbitrr side-by-side`: what Shadow would have done to torrents beside what others did."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from qbitrr.clock import to_iso
from qbitrr.printable import printable
from qbitrr.rules.side_by_side import Class, Compared, compare
from qbitrr.state import side_by_side
from qbitrr.state.database import open_for_command
from qbitrr.state.side_by_side import Span

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.state.side_by_side import SideBySide

_MOST = 1000
_EVER = 1e12
_WORDS = {
    Class.AGREE: "both ended it",
    Class.ONLY_THEIRS: "only the others ended it",
    Class.ONLY_OURS: "only Shadow would have ended it",
    Class.EARLIER: "Shadow would have been earlier",
    Class.LATER: "Shadow would have been later",
    Class.NOT_KNOWN: "not known",
}


async def report(state_file: Path, category: str | None, now: float) -> str | None:
    """Report as text at `now` (epoch seconds), newest first; None without any torrent. Raises StateError."""
    async with open_for_command(state_file) as database:
        rows = (await side_by_side.page(database, _MOST, Span(0.0, _EVER, category or ""))).rows
    if not rows:
        return None
    found = [(row, compare(row.ours, row.theirs, now)) for row in rows]
    counts = Counter(one.kind for _, one in found)
    lines = [f"{counts[kind]:>6}  {_WORDS[kind]}" for kind in Class if counts[kind]]
    lines.append("")
    for row, one in found:
        lines += _lines(row, one)
    return "\n".join(lines)


def _lines(row: SideBySide, found: Compared) -> list[str]:
    where = ", ".join(filter(None, (row.instance, row.category)))
    apart = "" if found.seconds is None else f" ({timedelta(seconds=round(found.seconds))})"
    because = f": {found.because}" if found.because else ""
    return [
        f"{to_iso(row.place.at)} {printable(row.name)} ({where}): {_WORDS[found.kind]}{apart}{because}",
        f"    here:   {_ours(row)}",
        f"    others: {_theirs(row)}",
    ]


def _ours(row: SideBySide) -> str:
    if row.opinion is None:
        return "nothing is known"
    reason = f"by {row.opinion.rule}: {row.opinion.because}"
    if row.removes_at is not None:
        return f"{to_iso(row.removes_at)} would {row.opinion.action} it {reason}"
    expected = "" if row.expected_at is None else f"; at {to_iso(row.expected_at)} it would have been removed"
    return f"{reason}{expected}"


def _theirs(row: SideBySide) -> str:
    did = []
    if row.removed_at is not None:
        what = "it left its client" if row.moved_to is None else f"it was moved to the category '{row.moved_to}'"
        seen = "" if row.seen_at is None else f", seen last at {to_iso(row.seen_at)}"
        state = f" as {row.state}" if row.state else ""
        did.append(f"{to_iso(row.removed_at)} {what}{seen}{state}")
    did += [
        f"{to_iso(at)} it was {how} in the Arr"
        for how, at in (("blocklisted", row.blocklisted_at), ("ignored", row.ignored_at))
        if at is not None
    ]
    if row.paused_at is not None:
        did.append(f"{to_iso(row.paused_at)} it was stopped")
    if row.tagged_at is not None:
        did.append(f"{to_iso(row.tagged_at)} it was tagged {', '.join(row.tags)}")
    return "; ".join(did) or "nothing so far"
