"""What others changed of a torrent between two sights of it: a stop, and tags. Under Shadow none of it is ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qbitrr.rules.states import DOWNLOADING, QUEUED, STALLED, STOPPED_INCOMPLETE

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts

_STARTED = frozenset({DOWNLOADING, STALLED, QUEUED, "forcedDL"})
"""From which a download stops only when it is asked to; a stop condition ends a check or the wait for metadata."""


class Sight(NamedTuple):
    """What is kept of a torrent from one sight to the next."""

    state: str
    tags: frozenset[str]

    @classmethod
    def of(cls, torrent: TorrentFacts) -> Sight:
        """What there is to keep of a torrent."""
        return cls(torrent.state, torrent.tags)


def was_stopped(before: Sight, now: Sight) -> bool:
    """Whether a download that was started, and is not complete, was stopped."""
    return before.state in _STARTED and now.state == STOPPED_INCOMPLETE


def new_tags(before: Sight, now: Sight) -> list[str]:
    """List the tags that were added, in their order."""
    return sorted(now.tags - before.tags)
