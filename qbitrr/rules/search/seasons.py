"""Whole seasons or their episodes: which is searched follows from what the last search for the season came to.

One that ended without a grab is followed by searches for its episodes. The season as a whole rests for
`SeasonSearchRest`, and is searched once more after it.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class SeasonStage(Enum):
    """How a season is searched."""

    NORMAL = "normal"
    """As a whole when enough of it is missing."""
    RESTING = "resting"
    """By its episodes."""
    RETURNING = "returning"
    """As a whole again, as soon as one of its episodes is due."""


class SearchEvidence(Struct, frozen=True):
    """What Sonarr says after the end of a search for a season or a series.

    `completed`: its command succeeded. `failed_indexers`: some indexer failed of late by its health, so that not all
    were searched. `grabbed`: the history has a grab of the series since the command was queued. `queued`: the queue has
    one of the episodes, perhaps as a release that the download client could not accept.
    """

    completed: bool
    failed_indexers: bool
    grabbed: bool
    queued: bool


def found_nothing(evidence: SearchEvidence) -> bool:
    """Whether it is proven that a search found nothing to grab."""
    obstacles = (evidence.failed_indexers, evidence.grabbed, evidence.queued)
    return evidence.completed and not any(obstacles)


def stage(empty_at: float | None, rest_seconds: float, now: float) -> SeasonStage:
    """Find the stage of a season of which the last search as a whole was found to be in vain at `empty_at`.

    A season does not rest when the clock is before that.
    """
    if empty_at is None or not rest_seconds or now < empty_at:
        return SeasonStage.NORMAL
    return SeasonStage.RESTING if now < empty_at + rest_seconds else SeasonStage.RETURNING
