"""Imports that the Arr leaves to the user: what the user answers, and which files a manual import may take.

A manual import skips all checks of the Arr: it takes whatever it is sent, and of two files for one movie the second
replaces the first. So it is sent only what is certain. Source: `ManualImportService.Execute` and the texts of
`MediaFiles/*Import/Specifications` in Radarr 6.0, Sonarr 4.0 and 5, and Lidarr 3.0.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.rules import paths
from qbitrr.rules.imports import QueueState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qbitrr.rules.imports import ImportProof, QueueReading

_MATTERS_OF_TASTE = (
    "not an upgrade for existing",
    "not a custom format upgrade for existing",
    "not a quality revision upgrade for existing",
    "has missing tracks",
    "episode has a tba title",
    "episode does not have a title and recently aired",
    "episode does not have an absolute episode number and recently aired",
)
"""Beginnings of what the Arr has against a file although it is certain what the file is: the user may overrule it."""
_DONE_BEFORE = ("already imported at",)
_NOT_WANTED = ("sample",)


class ImportChoice(StrEnum):
    """What is to become of a complete download that the Arr does not import."""

    IMPORT = "import"
    """The Arr is sent what is certain for a manual import."""
    BLOCKLIST = "blocklist"
    """Its release is blocklisted, the torrent removed, and its items searched again."""
    LEAVE = "leave"
    """It stays as it is, and is not asked about again."""


class ImportAnswer(Struct, frozen=True, gc=False):
    """The answer of the user. It holds while the Arr says the same: `words`."""

    choice: ImportChoice
    words: str


def complaint(reading: QueueReading) -> str:
    """What the Arr has against an import, in an order that does not depend on it; empty when nothing."""
    refused = reading.state in (QueueState.REFUSED, QueueState.NEEDS_USER)
    return "; ".join(sorted(reading.words)) if refused else ""


class Candidate(Struct, frozen=True, gc=False):
    """A file that the Arr offers for a manual import of a download.

    `items` are the movie, the episodes or the album, `tracks` those of the album; empty while the Arr does not know
    what it is. `rejections` are what its own import has against the file.
    """

    path: str
    items: tuple[int, ...]
    tracks: tuple[int, ...] = ()
    has_quality: bool = True
    rejections: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name without the folder, whichever system the Arr runs on."""
        return (paths.parts(self.path) or ("",))[-1]


class ManualImport(Struct, frozen=True):
    """What a manual import may be sent: positions in the list of candidates.

    `left_out` are the others, each with the reason, but for samples and what was imported before. Nothing is chosen
    when there is an `obstacle`.
    """

    chosen: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()
    obstacle: str = ""


def choose(candidates: Sequence[Candidate], proof: ImportProof, folder: str) -> ManualImport:
    """Choose the files of which it is certain what they are, and that the download was grabbed for that.

    `folder` is where the Arr sees the download.
    """
    if not proof.grabbed:
        return ManualImport(obstacle="the Arr does not know what it is for")
    if not candidates:
        return ManualImport(obstacle="the Arr lists no file of it")
    open_ones = [(at, one) for at, one in enumerate(candidates) if not _is_settled(one)]
    targets = Counter(target for _, one in open_ones for target in _targets(one))
    chosen, left_out = [], []
    for at, one in open_ones:
        if doubt := _doubt(one, proof, folder, targets):
            left_out.append(f"{one.name}: {doubt}")
        else:
            chosen.append(at)
    if not chosen:
        return ManualImport(left_out=tuple(left_out), obstacle=next(iter(left_out), "nothing of it is left to import"))
    return ManualImport(tuple(chosen), tuple(left_out))


def _is_settled(one: Candidate) -> bool:
    """Whether nothing is to be done about a file: it was imported before, or is a sample."""
    texts = [text.casefold() for text in one.rejections]
    return any(phrase in text for text in texts for phrase in _DONE_BEFORE) or any(
        text in _NOT_WANTED for text in texts
    )


def _targets(one: Candidate) -> Iterable[tuple[str, int]]:
    """What a file becomes: of an album its tracks."""
    return (("track", track) for track in one.tracks) if one.tracks else (("item", item) for item in one.items)


def _doubt(one: Candidate, proof: ImportProof, folder: str, targets: Counter[tuple[str, int]]) -> str:
    """Say why a file is not certain; empty when it is."""
    if not one.items:
        return "; ".join(one.rejections) or "the Arr does not know what it is"
    if serious := [text for text in one.rejections if not text.casefold().startswith(_MATTERS_OF_TASTE)]:
        return "; ".join(serious)
    objections = {
        "it is for something that was not grabbed": not proof.grabbed.issuperset(one.items),
        "the Arr does not know its quality": not one.has_quality,
        "another file of it is for the same": any(targets[target] > 1 for target in _targets(one)),
        "it lies outside of the download": not folder or not paths.is_within(one.path, folder),
    }
    return next((text for text, holds in objections.items() if holds), "")
