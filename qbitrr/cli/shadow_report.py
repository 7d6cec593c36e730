"""`qbitrr shadow-report`: what would have been done while Shadow was on, and what was done."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qbitrr.clock import to_iso
from qbitrr.printable import printable
from qbitrr.state import ledger, shadow
from qbitrr.state.database import open_for_command

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.state.ledger import Entry
    from qbitrr.state.shadow import ShadowEntry

_MOST = 1000


async def report(state_file: Path, category: str | None) -> str | None:
    """Report as text, newest first; None when nothing was recorded. Raises StateError."""
    of_category = ledger.LedgerFilter(categories=[category] if category else None)
    async with open_for_command(state_file) as database:
        entries = await shadow.page(database, _MOST, of_category)
        done = {entry.infohash: await ledger.of_torrent(database, entry.infohash) for entry in entries}
    if not entries:
        return None
    counts = Counter((entry.category, entry.action, entry.rule) for entry in entries)
    lines = [f"{number:>6}  {action} by {rule} in {name}" for (name, action, rule), number in sorted(counts.items())]
    lines.append("")
    for entry in entries:
        lines += _lines(entry, done[entry.infohash])
    return "\n".join(lines)


def _lines(entry: ShadowEntry, history: list[Entry]) -> list[str]:
    what = (
        f"{to_iso(entry.decided_at)} would {entry.action} {printable(entry.name)} ({entry.instance}, {entry.category})"
    )
    since = [past for past in history if past.instance == entry.instance and past.planned_at >= entry.decided_at]
    lines = [what, f"    by {entry.rule}: {entry.because}"]
    lines += [f"    {to_iso(past.planned_at)} {past.action} by {past.rule}: {past.state}" for past in since]
    if entry.gone_at is not None:
        lines.append(f"    {to_iso(entry.gone_at)} it left its client")
    elif not since:
        lines.append("    nothing was done so far")
    return lines
