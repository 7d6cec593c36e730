"""Whose a torrent is, by its category in qBittorrent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def owner(category: str, configured: Collection[str], with_subcategories: Collection[str]) -> str | None:
    """The configured category that a torrent's category belongs to, or None.

    An exact match wins; else the longest configured parent that stands for its sub-categories too.

    >>> owner("tv/anime/old", {"tv", "tv/anime"}, {"tv", "tv/anime"})
    'tv/anime'
    """
    if category in configured:
        return category
    parent = category
    while "/" in parent:
        parent = parent.rpartition("/")[0]
        if parent in configured:
            return parent if parent in with_subcategories else None
    return None
