"""What the tags of the Arr keep from being searched: `IncludeTags` and `ExcludeTags`.

A tag that is not known to be there includes nothing, and tags that are not known at all are no reason to search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NONE_EXISTS = "IncludeTags names no tag that the Arr has"
NOT_INCLUDED = "without a tag of IncludeTags"
EXCLUDED = "with a tag of ExcludeTags"
NOT_KNOWN = "of which the tags are not known yet"


class TagFilter(NamedTuple):
    """Ids of the tags that decide. `include` is None without `IncludeTags`, and empty when none of them exists."""

    include: frozenset[int] | None = None
    exclude: frozenset[int] = frozenset()


def tag_filter(include: Iterable[str], exclude: Iterable[str], ids: Mapping[str, int]) -> TagFilter:
    """Resolve the labels of the configuration; `ids` are the tags that the Arr has, by their lower-case labels."""
    included = [label.lower() for label in include]
    return TagFilter(_ids(included, ids) if included else None, _ids((label.lower() for label in exclude), ids))


def _ids(labels: Iterable[str], ids: Mapping[str, int]) -> frozenset[int]:
    return frozenset(ids[label] for label in labels if label in ids)


def missing_labels(labels: Iterable[str], known: Iterable[str]) -> list[str]:
    """Find the labels that no tag of the Arr has, in order; `known` are its lower-case ones."""
    present = frozenset(known)
    return [label for label in dict.fromkeys(labels) if label.lower() not in present]


def why_left_out(tags: str | None, chosen: TagFilter) -> str:
    """Say why something is not searched; empty when it may be.

    `tags` are the ids of a movie, series or artist with a space between, None when they are not known.
    """
    if chosen.include is None and not chosen.exclude:
        return ""
    if chosen.include is not None and not chosen.include:
        return NONE_EXISTS
    if tags is None:
        return NOT_KNOWN
    present = frozenset(map(int, tags.split()))
    if present & chosen.exclude:
        return EXCLUDED
    return NOT_INCLUDED if chosen.include is not None and not present & chosen.include else ""
