"""Parameters that several endpoints have, with their limits and descriptions."""

from typing import Annotated

from msgspec import Meta, Struct

from qbitrr.state import listing

Category = Annotated[str, Meta(description="Category of the Arr in qBittorrent, or the name of its section.")]
Title = Annotated[str, Meta(description="Only titles with this in them, in any case.")]
Page = Annotated[int, Meta(description="Page, counted from 0.", extra={"lowest": 0})]
PageSize = Annotated[int, Meta(description="Rows of a page, 1 to 500.", extra={"lowest": 1, "highest": 500})]


class Nothing(Struct, frozen=True):
    """A request without parameters."""


class CountsView(Struct, frozen=True):
    """Of all episodes or albums of the category. What is not released yet counts only when it is there."""

    available: int
    monitored: int
    missing: int


def counts_view(counts: listing.Counts) -> CountsView:
    """As the lists show them."""
    return CountsView(counts.available, counts.monitored, counts.missing)


def tally(parts: list[listing.Episode] | list[listing.Album]) -> tuple[int, int]:
    """How many of some episodes or albums are monitored and how many of these are there, counted like the whole."""
    monitored = sum(part.monitored and (part.released or part.has_file) for part in parts)
    return monitored, sum(part.monitored and part.has_file for part in parts)
