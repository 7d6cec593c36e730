"""Speed of downloads: whether something other than the torrent keeps it down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts

_REACHED = 0.8
"""Share of a limit from which on it is the limit that keeps the speed down: it is reached on average only."""


class ClientSpeed(Struct, frozen=True, gc=False):
    """Limit and speed of all downloads of a client together, in bytes per second; None while it does not say.

    `limit` is the one that counts now, 0 for none. `alternative`: it is that of the alternative speed limits.
    """

    alternative: bool | None = None
    limit: int | None = None
    total: int | None = None


def limit_on_all(client: ClientSpeed) -> str:
    """Say what limits all downloads of a client, as a clause; empty when nothing does."""
    if client.alternative is None or client.limit is None or client.total is None:
        return "it is not known whether qBittorrent limits it"
    if client.alternative:
        return "the alternative speed limits of qBittorrent are on"
    return "qBittorrent downloads as fast as its limit allows" if _is_reached(client.limit, client.total) else ""


def limit_on(torrent: TorrentFacts, client: ClientSpeed, minimum: int = 0) -> str:
    """Say which limit keeps a download slow that is to have a `minimum`, as a clause; empty when none does."""
    if clause := limit_on_all(client):
        return clause
    own = torrent.seeding.download_limit
    if _is_reached(own, torrent.speed):
        return "it downloads as fast as its own limit allows"
    if any(0 < limit <= minimum for limit in (own, client.limit or 0)):
        return "a download limit is not above MinimumSpeed"
    return ""


def _is_reached(limit: int, speed: int) -> bool:
    return limit > 0 and speed >= limit * _REACHED
