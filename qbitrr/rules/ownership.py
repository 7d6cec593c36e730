"""The configured category that a torrent belongs to, by its category in qBittorrent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def owner(category: str, configured: Collection[str], with_subcategories: Collection[str]) -> str | None:
    """Find the configured category that a torrent's category belongs to; None without one.

    An exact match wins, then the nearest configured parent if it stands for its sub-categories too.

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
