"""`qbitrr explain`: the present verdict on a torrent with its reasons, and everything that was done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.clock import to_iso
from qbitrr.printable import printable
from qbitrr.rules.quarantine import INSIDE
from qbitrr.rules.torrents.protected import in_quarantine
from qbitrr.state import ledger, verdicts
from qbitrr.state.database import open_for_command

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.state.ledger import Entry
    from qbitrr.state.verdicts import StoredVerdict


async def explain(state_file: Path, infohash: str) -> str | None:
    """Report all that the state file has on a torrent; None without anything. Raises StateError.

    A running daemon has to be asked before (`qbitrr.cli.ctl.judge_now`), so that the facts are those of now.
    """
    async with open_for_command(state_file) as database:
        now = await verdicts.of_torrent(database, infohash.lower())
        history = await ledger.of_torrent(database, infohash.lower())
    if not now and not history:
        return None
    lines = [line for verdict in now for line in _verdict(verdict)]
    if not now:
        lines.append(f"{printable(history[-1].name)} is not in qBittorrent any more.")
    lines += ["", "History:"] if history else ["", "Nothing has been done to it."]
    lines += [line for entry in history for line in _entry(entry)]
    return "\n".join(lines)


def _verdict(verdict: StoredVerdict) -> list[str]:
    lines = [
        f"{printable(verdict.name)} ({verdict.instance}, category {verdict.category})",
        f"Now: {verdict.action.replace('_', ' ')}, because {verdict.because} (since {to_iso(verdict.since)})",
        _next(verdict),
        f"Rules asked, in order, by what was measured at {to_iso(verdict.measured_at)}:",
    ]
    for step in verdict.trace:
        facts = ", ".join(f"{name}={_fact(value)}" for name, value in step["facts"].items())
        lines.append(f"  {step['outcome']:<5} {step['rule']}: {step['because']}" + (f"  [{facts}]" if facts else ""))
    return lines


def _next(verdict: StoredVerdict) -> str:
    """What time alone would change."""
    if verdict.rule == in_quarantine.__name__ and verdict.revisit_at is not None:
        way_out = "start it, remove the tag or undo the action to keep it"
        return f"Next: its reason is judged again at {to_iso(verdict.revisit_at)}, and it is removed then; {way_out}"
    if verdict.revisit_at is None:
        return "Next: only a change of the torrent, of its Arr or of the configuration changes that"
    later, at = verdict.forecast, to_iso(verdict.revisit_at)
    if later is None:
        return f"Next: judged again at {at}"
    return f"Next: {later.action.replace('_', ' ')} at {at} if nothing but time changes, because {later.because}"


def _entry(entry: Entry) -> list[str]:
    ended = entry.outcome or _progress(entry)
    facts = ", ".join(f"{name}={_fact(value)}" for name, value in entry.facts.items())
    return [
        f"  {to_iso(entry.planned_at)} action {entry.id}, {entry.action} by {entry.rule}: {entry.because}"
        + (f"  [{facts}]" if facts else ""),
        f"  {to_iso(entry.updated_at)}   {entry.state}: {ended}",
    ]


def _progress(entry: Entry) -> str:
    """How far an action is that has not ended."""
    if entry.step == INSIDE:
        return f"in quarantine until {to_iso(entry.notes['until'])}"
    return f"under way, step {entry.step}"


def _fact(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) and abs(value) < 10**6 else str(value)
