"""Rows of the catalogue, field by column, and how they are made.

What the lists show of a movie, an episode or an album is the first part of its row. An item counts as monitored only
when its series or artist is monitored too; it can be missing only once it is released. Times are epoch seconds.

`fingerprint` stands for all that the Arr's list says of a movie, a series or an artist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from qbitrr.rules.library.quality import UNKNOWN_PROFILE, FileFacts, Profile, measure, reason

if TYPE_CHECKING:
    from collections.abc import Iterable


class Movie(Struct, frozen=True, gc=False, array_like=True, rename="camel"):
    """One movie as lists show it. `reason` is why it is not finished, None when it is."""

    id: int
    title: str
    year: int
    tmdb_id: int
    monitored: bool
    released: bool
    has_file: bool
    quality_met: bool
    custom_format_score: int | None
    min_custom_format_score: int | None
    custom_format_met: bool
    upgrade: bool
    is_request: bool
    reason: str | None


class MovieRow(Movie, frozen=True):
    """One movie."""

    sort_title: str
    imdb_id: str | None
    file_id: int | None
    quality_profile: str
    released_at: float | None
    fingerprint: int = 0
    tags: str | None = None
    """Ids of its tags with a space between; None when they are not known."""


class SeriesRow(Struct, frozen=True, gc=False, array_like=True):
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
    fingerprint: int = 0
    unmonitored_seasons: str = ""
    """Their numbers with a space between."""
    title_slug: str = ""
    """By which Sonarr's own page addresses it."""
    missing: int = 0
    """How many of its episodes are missing; counted when they are stored."""
    tags: str | None = None
    """Like those of a movie."""


class Episode(Struct, frozen=True, gc=False, array_like=True, rename="camel"):
    """One episode as lists show it. `reason` is why it is not finished, None when it is."""

    id: int
    season_number: int
    episode_number: int
    title: str
    monitored: bool
    released: bool
    has_file: bool
    quality_met: bool
    custom_format_score: int | None
    min_custom_format_score: int | None
    custom_format_met: bool
    upgrade: bool
    is_request: bool
    reason: str | None


class EpisodeRow(Episode, frozen=True):
    """One episode. `released_at` is its air time, None when it is not known."""

    series_id: int
    released_at: float | None
    file_id: int | None


class ArtistRow(Struct, frozen=True, gc=False, array_like=True):
    """One artist."""

    id: int
    title: str
    sort_title: str
    disambiguation: str | None
    monitored: bool
    quality_profile: str
    fingerprint: int = 0
    foreign_id: str = ""
    """By which Lidarr's own page addresses it."""
    missing: int = 0
    """How many of its albums are missing; counted when they are stored."""
    tags: str | None = None
    """Like those of a movie."""


class Album(Struct, frozen=True, gc=False, array_like=True, rename="camel"):
    """One album as lists show it; it has its file when all of its tracks have.

    `reason` is why it is not finished, None when it is.
    """

    id: int
    title: str
    monitored: bool
    released: bool
    has_file: bool
    track_count: int
    track_file_count: int
    quality_met: bool
    upgrade: bool
    is_request: bool
    reason: str | None


class AlbumRow(Album, frozen=True):
    """One album."""

    artist_id: int
    released_at: float | None


class TrackRow(Struct, frozen=True, gc=False, array_like=True):
    """One track."""

    artist_id: int
    album_id: int
    track_number: int
    id: int
    title: str
    duration_seconds: int
    has_file: bool


_AT_HOME_SECONDS = 90 * 86400.0  # from the cinemas, when no other date is known

Row = MovieRow | SeriesRow | EpisodeRow | ArtistRow | AlbumRow | TrackRow


def sort_key(title: str) -> str:
    """Return what a title is sorted and searched by, without case."""
    return title.casefold()


def tag_list(ids: Iterable[int] | None) -> str | None:
    """Return the ids of tags as they are stored; None when they are not known."""
    return None if ids is None else " ".join(map(str, sorted(ids)))


def movie_released_at(
    release_date: float | None,
    minimum_availability: str,
    in_cinemas: float | None,
    physical: float | None,
    digital: float | None,
) -> float | None:
    """Determine when a movie is released: `releaseDate`, which older versions of Radarr do not send, else by its rule.

    Source of the rule: `Movie.GetReleaseDate` of Radarr.
    """
    if release_date is not None:
        return release_date
    if minimum_availability == "inCinemas" and in_cinemas is not None:
        return in_cinemas
    at_home = [at for at in (physical, digital) if at is not None]
    if at_home:
        return min(at_home)
    return None if in_cinemas is None else in_cinemas + _AT_HOME_SECONDS


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
    fingerprint: int = 0,
    tags: str | None = None,
) -> MovieRow:
    """Make the row of a movie; `available` is Radarr's `isAvailable`, which honours minimum availability and delay."""
    quality = measure(file, profile)
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
        fingerprint=fingerprint,
        tags=tags,
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
    """Make the row of an episode; `monitored` is true only when series and episode are, as Sonarr counts it."""
    quality = measure(file, profile)
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
    """Make the row of an album; `monitored` is true only when artist and album are.

    Without a date or known tracks it is not released, as in Lidarr's own list of what is missing.
    """
    has_file = 0 < track_count <= track_file_count
    released = released_at is not None and released_at <= now and track_count > 0
    quality = measure(FileFacts(0, below_cutoff, None) if has_file else None, profile)
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


def with_cutoff(album: AlbumRow, *, below_cutoff: bool, upgrade_allowed: bool) -> AlbumRow:
    """Return an album with the quality of its files as it was read; without all files it has none."""
    profile = UNKNOWN_PROFILE._replace(upgrade_allowed=upgrade_allowed)
    quality = measure(FileFacts(0, below_cutoff, None) if album.has_file else None, profile)
    why = reason(monitored=album.monitored, released=album.released, has_file=album.has_file, quality=quality)
    return replace(album, quality_met=quality.quality_met, upgrade=quality.upgrade, reason=why)
