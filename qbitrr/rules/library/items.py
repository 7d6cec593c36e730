"""The rows of the catalogue, field by column, and how they are made.

A `mark` stands for what the Arr's list says of a parent: another mark, another content.

An item counts as wanted only when it and its parents are monitored; it can be missing only once it is released.
"""

from __future__ import annotations

from typing import NamedTuple

from qbitrr.rules.library.quality import UNKNOWN_PROFILE, FileFacts, Profile, judge, reason


class MovieRow(NamedTuple):
    """One movie."""

    id: int
    title: str
    sort_title: str
    year: int
    tmdb_id: int
    imdb_id: str | None
    monitored: bool
    released: bool
    has_file: bool
    file_id: int | None
    quality_met: bool
    custom_format_score: int | None
    min_custom_format_score: int
    custom_format_met: bool
    upgrade: bool
    is_request: bool
    reason: str | None
    quality_profile: str
    released_at: float | None
    mark: int = 0


class SeriesRow(NamedTuple):
    """One series."""

    id: int
    title: str
    sort_title: str
    year: int
    tvdb_id: int
    imdb_id: str | None
    monitored: bool
    quality_profile: str
    tmdb_id: int = 0
    mark: int = 0


class EpisodeRow(NamedTuple):
    """One episode; `released_at` is when it airs, None when nobody knows."""

    series_id: int
    season_number: int
    episode_number: int
    id: int
    title: str
    released_at: float | None
    monitored: bool
    released: bool
    has_file: bool
    file_id: int | None
    quality_met: bool
    custom_format_score: int | None
    min_custom_format_score: int
    custom_format_met: bool
    upgrade: bool
    is_request: bool
    reason: str | None


class ArtistRow(NamedTuple):
    """One artist."""

    id: int
    title: str
    sort_title: str
    disambiguation: str | None
    monitored: bool
    quality_profile: str
    mark: int = 0


class AlbumRow(NamedTuple):
    """One album; it has its file when all of its tracks have."""

    artist_id: int
    id: int
    title: str
    released_at: float | None
    monitored: bool
    released: bool
    has_file: bool
    track_count: int
    track_file_count: int
    quality_met: bool
    upgrade: bool
    is_request: bool
    reason: str | None


class TrackRow(NamedTuple):
    """One track."""

    artist_id: int
    album_id: int
    track_number: int
    id: int
    title: str
    duration_seconds: int
    has_file: bool


def sort_key(title: str) -> str:
    """Titles compare without case."""
    return title.casefold()


def movie(
    *,
    id: int,  # noqa: A002 - the field's name
    title: str,
    year: int,
    tmdb_id: int,
    imdb_id: str | None,
    monitored: bool,
    available: bool,
    file: FileFacts | None,
    profile: Profile = UNKNOWN_PROFILE,
    released_at: float | None = None,
    mark: int = 0,
) -> MovieRow:
    """A movie; `available` is Radarr's own word, which honours minimum availability and delay."""
    quality = judge(file, profile)
    has_file = file is not None
    return MovieRow(
        id=id,
        title=title,
        sort_title=sort_key(title),
        year=year,
        tmdb_id=tmdb_id,
        imdb_id=imdb_id or None,
        monitored=monitored,
        released=available,
        has_file=has_file,
        file_id=file.file_id if file else None,
        **quality._asdict(),
        is_request=False,
        reason=reason(monitored=monitored, released=available, has_file=has_file, quality=quality),
        quality_profile=profile.name,
        released_at=released_at,
        mark=mark,
    )


def episode(
    *,
    id: int,  # noqa: A002 - the field's name
    series_id: int,
    season_number: int,
    episode_number: int,
    title: str,
    airs_at: float | None,
    monitored: bool,
    file: FileFacts | None,
    profile: Profile,
    now: float,
) -> EpisodeRow:
    """An episode; `monitored` is true only when series, season and episode are."""
    quality = judge(file, profile)
    released = airs_at is not None and airs_at <= now
    has_file = file is not None
    return EpisodeRow(
        series_id=series_id,
        season_number=season_number,
        episode_number=episode_number,
        id=id,
        title=title,
        released_at=airs_at,
        monitored=monitored,
        released=released,
        has_file=has_file,
        file_id=file.file_id if file else None,
        **quality._asdict(),
        is_request=False,
        reason=reason(monitored=monitored, released=released, has_file=has_file, quality=quality),
    )


def album(
    *,
    id: int,  # noqa: A002 - the field's name
    artist_id: int,
    title: str,
    released_at: float | None,
    monitored: bool,
    track_count: int,
    track_file_count: int,
    below_cutoff: bool,
    profile: Profile,
    now: float,
) -> AlbumRow:
    """An album; `monitored` is true only when artist and album are.

    Without a date it is not released, as in Lidarr's own list of what is missing.
    """
    has_file = 0 < track_count <= track_file_count
    released = released_at is not None and released_at <= now
    quality = judge(FileFacts(0, below_cutoff, None) if has_file else None, profile)
    return AlbumRow(
        artist_id=artist_id,
        id=id,
        title=title,
        released_at=released_at,
        monitored=monitored,
        released=released,
        has_file=has_file,
        track_count=track_count,
        track_file_count=track_file_count,
        quality_met=quality.quality_met,
        upgrade=quality.upgrade,
        is_request=False,
        reason=reason(monitored=monitored, released=released, has_file=has_file, quality=quality),
    )
