"""docs/household.md: what a household did in its days, by the numbers of the run."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomlkit

from qbitrr import __version__
from qbitrr.clock import from_iso
from qbitrr.rules.verdict import DESTRUCTIVE, OPEN
from tests.support.days import DAY
from tests.support.household import CONFIGURATION, DISK_BYTES, KEPT_SEEDS, LEAPS, SECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.support.household import Household

    Entry = dict[str, Any]

_LONGEST_FACTS = 200  # characters
PAGE = Path(__file__).parents[2] / "docs" / "household.md"
_TEXT = """# A household in {days} days

Made by `make household`: the daemon as it is, version {version}, on a qBittorrent, a Radarr, a Sonarr and a Lidarr that
are stand-ins with a life of their own, in {days} days that passed in {leaps} leaps each. Between two leaps every worker
sees what the hours brought, and has a few seconds to act. The numbers are those of one run; searches and downloads are
invented, a third of what is grabbed is dead or slow. `tests/support/household.py` has all of it.

## The household

{sections}, and a disk of {disk} GB.
Every day its users ask for something. Now and then one deletes a movie, or the file of one because it is broken, or
removes a torrent from qBittorrent and leaves its file behind; an Arr does not answer for hours, indexers are away,
other data fills the disk, and the machine of qbitrr is restarted. What is imported is copied to another disk. In the
evening one of them reads [the inbox](needs-you.md) and answers what is asked, a question of a rule for good. That is
all that they do.

What differs from the defaults, besides addresses; the other Arrs have the same as Radarr:

```toml
{configuration}
```

## Day by day

Searches that qbitrr asked for, downloads that the Arrs grabbed and imported, downloads that failed, torrents that were
removed because they had done their part or for the space of others, downloads that waited for room, questions; at the
end of the day the GB that are free, what the Arrs still look for, and the torrents in qBittorrent.

{by_day}

## What was removed, and why

{removed}

Each one has its reason and its facts in the ledger ([rules.md](rules.md)). The newest of each rule:

{examples}

{cancelled}

## What went for space

While the disk is full, [the seed of least value](seeding.md#space-by-value) goes for a download that waits, one after
the other, and {kept_seeds} of each Arr stay. GB that were freed and that were lacking, days of seeding, others that
seed it:

{room}

## Files without a torrent

What someone left behind in the folder of a category is [moved aside](orphans.md) after a day, and deleted 8 hours
later. The disk goes by the clock of the machine, for which all of this took minutes, so that `unchanged_seconds` are
more than there were; what counts is for how long a file was seen:

{orphans}

## What was asked

{asked}

## At the end

{end}

## What the run has to show

`tests/process/test_household.py` fails when one of these does not hold:

* nothing is in the inbox at the end, no download is incomplete or not imported for two days, no action open for as
  long;
* every torrent that is gone was removed by an action in the ledger with its reason and facts, none of them twice, and
  the reason was true of the torrent;
* what went for space was imported and met its minimums, was needed as the disk was full, and never went below the
  floor;
* what was deleted as a file without a torrent is what was left behind, all of it, in its time; the files of all
  torrents are there;
* there were at most {most_asked} questions.
"""


def page(household: Household, decisions: Sequence[Entry], orphans: Sequence[Entry], most_asked: int) -> str:
    """The page about a household that has lived."""
    done = [one for one in decisions if one["state"] == "done"]
    removals = [one for one in done if one["action"] in DESTRUCTIVE]
    return _TEXT.format(
        days=len(household.counted),
        version=__version__,
        leaps=LEAPS,
        sections=", ".join(_section(one.kind, one.items, one.episodes) for one in SECTIONS),
        disk=DISK_BYTES // 10**9,
        configuration=tomlkit.dumps({one: CONFIGURATION[one] for one in ("Settings", SECTIONS[0].name)}).strip(),
        by_day=_by_day(household, done),
        removed=_table(
            ("Action", "Rule", "Number"), _counted(removals, lambda one: (one["action"], f"`{one['rule']}`"))
        ),
        examples=_table(
            ("Rule", "Torrent", "Because", "Facts"),
            ((f"`{one['rule']}`", one["name"], one["because"], _facts(one)) for one in _newest(removals)),
        ),
        cancelled=_cancelled(decisions),
        kept_seeds=KEPT_SEEDS,
        room=_room(household, removals),
        orphans=_orphans(household, orphans),
        asked=_table(
            ("Day", "What", "About", "Answer"),
            ((one.day, one.what, one.about, one.answer) for one in household.asked),
        )
        if household.asked
        else "Nothing.",
        end=_end(household, decisions),
        most_asked=most_asked,
    )


def _section(kind: str, items: int, episodes: int) -> str:
    words = {"radarr": f"{items} movies", "sonarr": f"{items} series with {episodes} episodes"}
    return words.get(kind, f"{items} artists")


def _by_day(household: Household, done: Iterable[Entry]) -> str:
    ledger: dict[int, Counter[str]] = {number: Counter() for number in household.counted}
    for one in done:
        number = household.day_of(from_iso(one["updatedAt"]) or 0.0)
        ledger.setdefault(number, Counter())[one["action"]] += 1
    asked = Counter(one.day for one in household.asked)
    events: dict[int, list[str]] = {}
    for event in household.events:
        events.setdefault(event.day, []).append(event.text)
    rows = (
        (
            number, counted["searched"], counted["grabbed"], counted["imported"], ledger[number]["fail"],
            ledger[number]["remove"], ledger[number]["pause"], asked[number], counted["free"], counted["missing"],
            counted["torrents"],
            "; ".join(events.get(number, [])),
        )
        for number, counted in household.counted.items()
    )  # fmt: skip
    total = sum(household.counted.values(), Counter())
    of_all = sum(ledger.values(), Counter())
    last = (
        "all", total["searched"], total["grabbed"], total["imported"], of_all["fail"], of_all["remove"],
        of_all["pause"], len(household.asked), "", "", "", "",
    )  # fmt: skip
    heads = (
        "Day", "Searched", "Grabbed", "Imported", "Failed", "Removed", "Paused", "Asked", "Free", "Missing", "Torrents"
    )  # fmt: skip
    return _table((*heads, "What happened"), (*rows, last))


def _newest(removals: Iterable[Entry]) -> Iterable[Entry]:
    """The newest removal of each rule; the ledger has the newest first."""
    newest: dict[str, Entry] = {}
    for one in removals:
        newest.setdefault(one["rule"], one)
    return (newest[rule] for rule in sorted(newest))


def _facts(decision: Entry) -> str:
    """The facts of a decision, cut."""
    text = json.dumps(decision["facts"], ensure_ascii=False)
    return f"`{text if len(text) <= _LONGEST_FACTS else text[:_LONGEST_FACTS] + '…'}`"


def _cancelled(decisions: Iterable[Entry]) -> str:
    cancelled = [one for one in decisions if one["state"] == "cancelled"]
    if not cancelled:
        return "No action was cancelled."
    rows = _counted(cancelled, lambda one: (one["action"], f"`{one['rule']}`", one["outcome"]))
    return "Cancelled, as they were judged again:\n\n" + _table(("Action", "Rule", "Because", "Number"), rows)


def _room(household: Household, removals: Sequence[Entry]) -> str:
    """Removals for space, the oldest first."""
    rows = (
        (
            household.day_of(from_iso(one["updatedAt"]) or 0.0), one["name"], _gigabytes(facts["frees_bytes"]),
            facts["for"], _gigabytes(facts["lacks_bytes"]), f"{facts['seeding_seconds'] / DAY:.1f}",
            facts["other_seeders"],
        )
        for one in reversed(removals)
        if one["rule"] == "room_needed" and (facts := one["facts"])
    )  # fmt: skip
    return _table(("Day", "Torrent", "Freed", "For", "Lacking", "Seeded", "Others"), list(rows))


def _orphans(household: Household, orphans: Sequence[Entry]) -> str:
    """What became of each file, in the order in which they were left."""
    rows = (
        (
            household.day_of(from_iso(one["firstSeenAt"]) or 0.0), household.day_of(from_iso(one["movedAt"]) or 0.0),
            household.day_of(from_iso(one["updatedAt"]) or 0.0), one["path"], _gigabytes(one["sizeBytes"]),
            f"`{json.dumps(one['proof'])}`",
        )
        for one in sorted(orphans, key=lambda one: str(one["firstSeenAt"]))
    )  # fmt: skip
    return _table(("Found on day", "Moved", "Deleted", "File", "GB", "Facts"), list(rows))


def _gigabytes(size: int) -> str:
    return f"{size / 10**9:.1f}"


def _end(household: Household, decisions: Iterable[Entry]) -> str:
    torrents = household.sandbox.world.client.torrents.values()
    complete = sum(one.complete for one in torrents)
    waiting = Counter(one["rule"] for one in decisions if one["state"] in OPEN)
    wait = ", ".join(f"{number} by `{rule}`" for rule, number in sorted(waiting.items())) or "none"
    return (
        f"{complete} torrents seed, {len(torrents) - complete} are being downloaded. Removals that wait for the end of"
        f" their quarantine: {wait}. {household.missing()} of what is asked for is missing: it is searched again, and"
        " what no indexer has, or what is not out yet, waits. The inbox is empty."
    )


def _counted(entries: Iterable[Entry], key: Callable[[Entry], tuple[str, ...]]) -> Iterable[tuple[object, ...]]:
    """Rows of what entries have in common, with their number, the most frequent first."""
    return ((*common, number) for common, number in Counter(map(key, entries)).most_common())


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = (heads, ["---"] * len(heads), *rows)
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)
