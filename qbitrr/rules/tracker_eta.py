"""The longest time a download may take: `Torrent.MaximumETA`, or `MaximumETA` of its tracker's row."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from qbitrr.rules.facts import Policy


def maximum_eta_seconds(announce_url: str, policy: Policy) -> int:
    """Seconds; 0 or less for no limit. Of several matching rows the first counts, as they are ordered by priority."""
    if policy.tracker_etas and (host := _host(announce_url)):
        for row in policy.tracker_etas:
            if host == row.host or host.endswith(f".{row.host}"):
                return row.maximum_seconds
    return policy.maximum_eta_seconds


def _host(announce_url: str) -> str:
    try:
        return (urlsplit(announce_url).hostname or "").lower()
    except ValueError:  # what a tracker calls itself is not in our hands
        return ""
