"""The counts that the lists of series and of artists share."""

from msgspec import Struct

from qbitrr.state import pages


class Counts(Struct, frozen=True):
    """Of all episodes or albums of the category. What is not released yet counts only when it is there."""

    available: int
    monitored: int
    missing: int


def counts_view(counts: pages.Counts) -> Counts:
    """As the lists show them."""
    return Counts(counts.available, counts.monitored, counts.missing)


def tally(parts: list[pages.Episode] | list[pages.Album]) -> tuple[int, int]:
    """How many of some episodes or albums are monitored and how many of these are there, counted like the whole."""
    monitored = sum(part.monitored and (part.released or part.has_file) for part in parts)
    return monitored, sum(part.monitored and part.has_file for part in parts)
