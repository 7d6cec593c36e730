"""Other programs that search or clean an Arr beside qbitrr: what they did, when it is more than a user does by hand.

Nothing follows from it but a report with what was seen. A command that comes by the API, or from the page of the Arr,
has the trigger `manual` (CommandController of Radarr, Sonarr and Lidarr); those of its schedule, and searches after an
item was added or a download failed, have another one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.clock import to_iso

if TYPE_CHECKING:
    from collections.abc import Iterable

WITHIN_SECONDS = 86400.0
FEWEST = 12
"""So many within a day, in so many different hours, are more than a user does by hand."""
FEWEST_HOURS = 4
_HOUR_SECONDS = 3600.0
_EXAMPLES = 5


class ForeignKind(StrEnum):
    """What another program does."""

    SEARCH = "search"
    """A search that was sent to the Arr."""
    BLOCKLISTING = "blocklisting"
    """A download that was failed in the Arr."""
    IGNORING = "ignoring"
    """A download that was dropped from the queue of the Arr and not failed."""
    PAUSING = "pausing"
    """A download that was stopped in its client. Only seen under Shadow."""
    TAGGING = "tagging"
    """A tag that a torrent got; its name is that of the tag. Only seen under Shadow."""
    REMOVAL = "removal"
    """A torrent that left its client, or the category, and was never imported."""


class ForeignAct(Struct, frozen=True):
    """Something that was done and not by qbitrr: the name of a command or a torrent, and when (epoch seconds).

    `items` are what a search was for, by their ids in the Arr; `infohash` is empty for a search.
    """

    kind: ForeignKind
    name: str
    at: float
    infohash: str = ""
    items: tuple[int, ...] = ()


class OtherTool(Struct, frozen=True):
    """What another program does, with the proof in `text`, and what helps."""

    kind: ForeignKind
    text: str
    remedy: str


_TEXTS = {
    ForeignKind.SEARCH: (
        "searches that qbitrr did not send",
        "Let one program search: two of them spend the limits of the indexers twice, and grab twice",
    ),
    ForeignKind.BLOCKLISTING: (
        "downloads that qbitrr did not fail",
        "Let one program fail downloads: two of them judge by rules that do not know of each other",
    ),
    ForeignKind.IGNORING: (
        "downloads that qbitrr did not drop from the queue of the Arr",
        "Let one program drop downloads: one that the Arr ignores is neither imported nor failed by it",
    ),
    ForeignKind.REMOVAL: (
        "torrents that were not imported and left without qbitrr",
        "Let one program remove torrents: what the other one removes is in no ledger, and in no quarantine",
    ),
}

REPORTED = tuple(_TEXTS)
"""Kinds that are reported; the others are only shown."""


def other_tools(acts: Iterable[ForeignAct], now: float) -> list[OtherTool]:
    """Report each kind of which there is more within a day, over more of its hours, than a user does by hand."""
    recent = sorted((act for act in acts if act.at > now - WITHIN_SECONDS), key=lambda act: act.at)
    found = []
    for kind, (what, remedy) in _TEXTS.items():
        of_kind = [act for act in recent if act.kind is kind]
        hours = {int(act.at // _HOUR_SECONDS) for act in of_kind}
        if len(of_kind) >= FEWEST and len(hours) >= FEWEST_HOURS:
            last = "; ".join(f"{act.name} at {to_iso(act.at)}" for act in of_kind[-_EXAMPLES:])
            text = f"Within a day, in {len(hours)} different hours, {len(of_kind)} {what}; the last ones: {last}"
            found.append(OtherTool(kind, text, remedy))
    return found
