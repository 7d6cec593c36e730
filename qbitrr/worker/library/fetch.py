"""Reading the library of an Arr into the catalogue, in a few requests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr.arr import library
from qbitrr.arr.models import Album, Artist, Movie, QualityProfile, Series
from qbitrr.clock import from_iso
from qbitrr.errors import GoneError
from qbitrr.rules.library import items
from qbitrr.rules.library.quality import UNKNOWN_PROFILE, FileFacts, Profile
from qbitrr.state import catalogue
from qbitrr.worker.library.fingerprint import fingerprint_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from qbitrr.arr.client import ArrClient
    from qbitrr.arr.models import AlbumStatistics, Episode, File, Track
    from qbitrr.clock import Clock
    from qbitrr.state.catalogue import Generation, SyncChanges
    from qbitrr.state.database import Database

    Rows = Mapping[str, Sequence[items.Row]]
    Profiles = Mapping[int, QualityProfile]

_SERIES_AT_ONCE = 4


async def full_sync(client: ArrClient, database: Database, category: str, source: str, clock: Clock) -> SyncChanges:
    """Replace the catalogue of a category by the Arr's present library, as one generation.

    `source` is the Arr's address. Raises a ServiceError; the catalogue is then as it was.
    """
    await client.status()
    profiles = await client.quality_profiles()
    generation = catalogue.Generation(database, category, client.kind.name)
    await generation.start(source)
    stage = {"radarr": _stage_movies, "sonarr": _stage_series, "lidarr": _stage_artists}[client.kind.name]
    await stage(client, generation, profiles, clock.wall())
    return await generation.commit(clock.wall())


async def sync_changes(
    client: ArrClient,
    database: Database,
    category: str,
    parents: Mapping[int, int | None],
    profiles: Profiles,
    clock: Clock,
) -> None:
    """Read some movies, series or artists again, with all that belongs to them; those that are gone are dropped.

    Parents are given with their fingerprint in the Arr's list, None when it is not known. Raises a ServiceError; what
    was read before it stays.
    """
    kind = client.kind.name
    read = {"radarr": _one_movie, "sonarr": _one_series, "lidarr": _one_artist}[kind]
    for parent, fingerprint in sorted(parents.items()):
        try:
            rows = await read(client, parent, profiles, fingerprint, clock.wall())
        except GoneError:
            rows = {}
        await catalogue.replace_parent(database, category, kind, parent, rows)


def _profile(profiles: Profiles, number: int) -> Profile:
    found = profiles.get(number)
    if found is None:
        return UNKNOWN_PROFILE
    return Profile(found.name or "", found.upgrade_allowed, found.min_format_score, found.cutoff_format_score)


async def sync_tracks(client: ArrClient, database: Database, category: str) -> None:
    """Read the tracks of artists whose albums changed, one request for each, one after the other.

    Raises a ServiceError; what was read before it stays.
    """
    await catalogue.drop_orphaned_tracks(database, category)
    for artist_id in await catalogue.artists_with_other_tracks(database, category):
        tracks = await library.tracks(client, artist_id)
        await catalogue.replace_tracks(database, category, artist_id, [_track_row(artist_id, t) for t in tracks])


# -- Radarr -----------------------------------------------------------------------------------------------------


async def _stage_movies(client: ArrClient, generation: Generation, profiles: Profiles, _now: float) -> None:
    async for movies in _batches(library.movies(client), library.FILES_PER_REQUEST):
        scores = await _scores(client, [m for m in movies if m.movie_file and m.movie_file.custom_format_score is None])
        await generation.add("movies", [_movie_row(movie, scores, profiles) for movie in movies])


async def _one_movie(
    client: ArrClient, movie_id: int, profiles: Profiles, fingerprint: int | None, _now: float
) -> Rows:
    movie = await client.get(f"movie/{movie_id}", Movie)
    file = movie.movie_file
    scores = await _scores(client, [movie] if file and file.custom_format_score is None else [])
    return {"movies": [_movie_row(movie, scores, profiles, fingerprint)]}


async def _scores(client: ArrClient, movies: list[Movie]) -> dict[int, int | None]:
    """Read custom format scores by file id, of movies whose list lacks them."""
    if not movies:
        return {}
    return {file.id: file.custom_format_score for file in await library.movie_files(client, [m.id for m in movies])}


def _movie_row(
    movie: Movie, scores: dict[int, int | None], profiles: Profiles, fingerprint: int | None = None
) -> items.MovieRow:
    return items.movie(
        id=movie.id,
        title=movie.title or "",
        year=movie.year,
        tmdb_id=movie.tmdb_id,
        imdb_id=movie.imdb_id,
        monitored=movie.monitored,
        available=movie.is_available,
        file=_file_facts(movie.movie_file, scores, has_file=bool(movie.has_file)),
        profile=_profile(profiles, movie.quality_profile_id),
        released_at=from_iso(movie.digital_release or movie.physical_release or movie.in_cinemas),
        fingerprint=fingerprint_of(movie, profiles) if fingerprint is None else fingerprint,
    )


async def _batches(parts: AsyncIterator[list[Movie]], size: int) -> AsyncIterator[list[Movie]]:
    """Regroup movies into lists of `size`."""
    batch: list[Movie] = []
    async for part in parts:
        batch += part
        while len(batch) >= size:
            yield batch[:size]
            batch = batch[size:]
    if batch:
        yield batch


# -- Sonarr -----------------------------------------------------------------------------------------------------


async def _stage_series(client: ArrClient, generation: Generation, profiles: Profiles, now: float) -> None:
    slots = asyncio.Semaphore(_SERIES_AT_ONCE)

    async def stage_episodes(series: Series) -> None:
        async with slots:
            await generation.add("episodes", await _episodes(client, series, profiles, now))

    try:
        async with asyncio.TaskGroup() as tasks:
            async for some in library.series(client):
                for series in some:
                    tasks.create_task(stage_episodes(series))
                await generation.add("series", [_series_row(s, profiles) for s in some])
    except BaseExceptionGroup as group:  # one failed request ends the sync with its error
        raise group.exceptions[0] from group


async def _one_series(
    client: ArrClient, series_id: int, profiles: Profiles, fingerprint: int | None, now: float
) -> Rows:
    series = await client.get(f"series/{series_id}", Series)
    return {
        "series": [_series_row(series, profiles, fingerprint)],
        "episodes": await _episodes(client, series, profiles, now),
    }


async def _episodes(client: ArrClient, series: Series, profiles: Profiles, now: float) -> list[items.EpisodeRow]:
    monitored = {s.season_number for s in series.seasons or [] if s.monitored and series.monitored}
    profile = _profile(profiles, series.quality_profile_id)
    return [_episode_row(episode, monitored, profile, now) for episode in await library.episodes(client, series.id)]


def _series_row(series: Series, profiles: Profiles, fingerprint: int | None = None) -> items.SeriesRow:
    title = series.title or ""
    return items.SeriesRow(
        id=series.id,
        title=title,
        sort_title=items.sort_key(title),
        year=series.year,
        tvdb_id=series.tvdb_id,
        tmdb_id=series.tmdb_id,
        imdb_id=series.imdb_id or None,
        monitored=series.monitored,
        quality_profile=_profile(profiles, series.quality_profile_id).name,
        fingerprint=fingerprint_of(series, profiles) if fingerprint is None else fingerprint,
    )


def _episode_row(episode: Episode, monitored_seasons: set[int], profile: Profile, now: float) -> items.EpisodeRow:
    return items.episode(
        id=episode.id,
        series_id=episode.series_id,
        season_number=episode.season_number,
        episode_number=episode.episode_number,
        title=episode.title or "",
        airs_at=from_iso(episode.air_date_utc),
        monitored=episode.monitored and episode.season_number in monitored_seasons,
        file=_file_facts(episode.episode_file, {}, has_file=episode.has_file),
        profile=profile,
        now=now,
    )


# -- Lidarr -----------------------------------------------------------------------------------------------------


async def _stage_artists(client: ArrClient, generation: Generation, profiles: Profiles, now: float) -> None:
    monitored: set[int] = set()
    profile_of: dict[int, Profile] = {}
    async for artists in library.artists(client):
        rows = []
        for artist in artists:
            profile = profile_of[artist.id] = _profile(profiles, artist.quality_profile_id)
            if artist.monitored:
                monitored.add(artist.id)
            rows.append(_artist_row(artist, profile, fingerprint_of(artist, profiles)))
        await generation.add("artists", rows)
    below_cutoff = await library.below_cutoff(client)
    async for albums in library.albums(client):
        await generation.add(
            "albums",
            [
                _album_row(
                    album,
                    monitored=album.monitored and album.artist_id in monitored,
                    below_cutoff=album.id in below_cutoff,
                    profile=profile_of.get(album.artist_id, UNKNOWN_PROFILE),
                    now=now,
                )
                for album in albums
            ],
        )


async def _one_artist(
    client: ArrClient, artist_id: int, profiles: Profiles, fingerprint: int | None, now: float
) -> Rows:
    artist = await client.get(f"artist/{artist_id}", Artist)
    profile = _profile(profiles, artist.quality_profile_id)
    below_cutoff = await library.below_cutoff(client)
    albums = [
        _album_row(
            album,
            monitored=album.monitored and artist.monitored,
            below_cutoff=album.id in below_cutoff,
            profile=profile,
            now=now,
        )
        for album in await client.get("album", list[Album], artistId=artist_id)
    ]
    known = fingerprint_of(artist, profiles) if fingerprint is None else fingerprint
    return {"artists": [_artist_row(artist, profile, known)], "albums": albums}


def _artist_row(artist: Artist, profile: Profile, fingerprint: int) -> items.ArtistRow:
    name = artist.artist_name or ""
    return items.ArtistRow(
        id=artist.id,
        title=name,
        sort_title=items.sort_key(name),
        disambiguation=artist.disambiguation or None,
        monitored=artist.monitored,
        quality_profile=profile.name,
        fingerprint=fingerprint,
    )


def _album_row(album: Album, *, monitored: bool, below_cutoff: bool, profile: Profile, now: float) -> items.AlbumRow:
    counts: AlbumStatistics | None = album.statistics
    return items.album(
        id=album.id,
        artist_id=album.artist_id,
        title=album.title or "",
        released_at=from_iso(album.release_date),
        monitored=monitored,
        track_count=counts.total_track_count if counts else 0,
        track_file_count=counts.track_file_count if counts else 0,
        below_cutoff=below_cutoff,
        profile=profile,
        now=now,
    )


def _track_row(artist_id: int, track: Track) -> items.TrackRow:
    return items.TrackRow(
        artist_id=artist_id,
        album_id=track.album_id,
        track_number=track.absolute_track_number,
        id=track.id,
        title=track.title or "",
        duration_seconds=track.duration // 1000,
        has_file=track.has_file,
    )


def _file_facts(file: File | None, scores: dict[int, int | None], *, has_file: bool) -> FileFacts | None:
    """Describe an item's file. Whether there is one is up to the Arr, also when it does not describe it."""
    if not has_file:
        return None
    if file is None:
        return FileFacts(file_id=0, cutoff_not_met=False, custom_format_score=None)
    score = file.custom_format_score if file.custom_format_score is not None else scores.get(file.id)
    return FileFacts(file.id, file.quality_cutoff_not_met, score)
