"""Reading the library of an Arr into the catalogue, in a few requests."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from qbitrr.arr import library
from qbitrr.arr.models import Album, Artist, Movie, QualityProfile, Series
from qbitrr.clock import from_iso
from qbitrr.errors import GoneError
from qbitrr.rules.library import items
from qbitrr.rules.library.quality import UNKNOWN_PROFILE, FileFacts, Profile
from qbitrr.state import catalogue
from qbitrr.worker.library.fingerprint import fingerprint_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from qbitrr.arr.client import ArrClient
    from qbitrr.arr.models import AlbumStatistics, Episode, File
    from qbitrr.clock import Clock
    from qbitrr.state.catalogue import Generation, SyncChanges
    from qbitrr.state.database import Database

    Rows = Mapping[str, Sequence[items.Row]]
    Profiles = Mapping[int, QualityProfile]

_SERIES_AT_ONCE = 4
_SCORES_AT_ONCE = 2  # besides the list of movies, which goes on arriving


class Source(NamedTuple):
    """An Arr and what is needed to make rows of its answers; `now` in epoch seconds.

    `below_cutoff` are the albums whose files were found to miss the quality cutoff (`qbitrr.worker.library.files`).
    """

    client: ArrClient
    profiles: Profiles
    below_cutoff: AbstractSet[int]
    now: float


async def full_sync(client: ArrClient, database: Database, category: str, source: str, clock: Clock) -> SyncChanges:
    """Replace the catalogue of a category by the Arr's present library, as one generation.

    `source` is the Arr's address. Raises a ServiceError; the catalogue is then as it was.
    """
    await client.status()
    profiles = await client.quality_profiles()
    generation = catalogue.Generation(database, category, client.kind.name)
    await generation.start(source)
    stage = {"radarr": _stage_movies, "sonarr": _stage_series, "lidarr": _stage_artists}[client.kind.name]
    await stage(await _source(client, database, category, profiles, clock), generation)
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
    source = await _source(client, database, category, profiles, clock)
    for parent, fingerprint in sorted(parents.items()):
        try:
            rows = await read(source, parent, fingerprint)
        except GoneError:
            await client.status()  # else something in between answers in its place
            rows = {}
        await catalogue.replace_parent(database, category, kind, parent, rows)


async def _source(client: ArrClient, database: Database, category: str, profiles: Profiles, clock: Clock) -> Source:
    below_cutoff = await catalogue.albums_below_cutoff(database, category) if client.kind.name == "lidarr" else set()
    return Source(client, profiles, below_cutoff, clock.wall())


def _profile(profiles: Profiles, number: int) -> Profile:
    found = profiles.get(number)
    if found is None:
        return UNKNOWN_PROFILE
    return Profile(found.name or "", found.upgrade_allowed, found.min_format_score, found.cutoff_format_score)


# -- Radarr -----------------------------------------------------------------------------------------------------


async def _stage_movies(source: Source, generation: Generation) -> None:
    client, profiles = source.client, source.profiles
    slots = asyncio.Semaphore(_SCORES_AT_ONCE)

    async def stage(movies: list[Movie]) -> None:
        unscored = [one for one in movies if one.movie_file and one.movie_file.custom_format_score is None]
        scores = await _scores(client, unscored)
        await generation.add("movies", [_movie_row(movie, scores, profiles) for movie in movies])
        slots.release()

    with _first_error():
        async with asyncio.TaskGroup() as tasks:
            async for movies in _batches(library.movies(client), library.FILES_PER_REQUEST):
                await slots.acquire()  # no more of a long list is in memory
                tasks.create_task(stage(movies))


async def _one_movie(source: Source, movie_id: int, fingerprint: int | None) -> Rows:
    movie = await source.client.get(f"movie/{movie_id}", Movie)
    file = movie.movie_file
    scores = await _scores(source.client, [movie] if file and file.custom_format_score is None else [])
    return {"movies": [_movie_row(movie, scores, source.profiles, fingerprint)]}


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
        released_at=items.movie_released_at(
            release_date=from_iso(movie.release_date),
            minimum_availability=movie.minimum_availability or "",
            in_cinemas=from_iso(movie.in_cinemas),
            physical=from_iso(movie.physical_release),
            digital=from_iso(movie.digital_release),
        ),
        fingerprint=fingerprint_of(movie, profiles) if fingerprint is None else fingerprint,
        tags=items.tag_list(movie.tags),
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


async def _stage_series(source: Source, generation: Generation) -> None:
    slots = asyncio.Semaphore(_SERIES_AT_ONCE)

    async def stage_episodes(series: Series) -> None:
        async with slots:
            await generation.add("episodes", await _episodes(source, series))

    with _first_error():
        async with asyncio.TaskGroup() as tasks:
            async for some in library.series(source.client):
                for series in some:
                    tasks.create_task(stage_episodes(series))
                await generation.add("series", [_series_row(s, source.profiles) for s in some])


async def _one_series(source: Source, series_id: int, fingerprint: int | None) -> Rows:
    series = await source.client.get(f"series/{series_id}", Series)
    return {
        "series": [_series_row(series, source.profiles, fingerprint)],
        "episodes": await _episodes(source, series),
    }


async def _episodes(source: Source, series: Series) -> list[items.EpisodeRow]:
    profile = _profile(source.profiles, series.quality_profile_id)
    listed = await library.episodes(source.client, series)
    return [_episode_row(episode, profile, monitored=series.monitored, now=source.now) for episode in listed]


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
        unmonitored_seasons=" ".join(str(s.season_number) for s in series.seasons or [] if not s.monitored),
        title_slug=series.title_slug or "",
        tags=items.tag_list(series.tags),
    )


def _episode_row(episode: Episode, profile: Profile, *, monitored: bool, now: float) -> items.EpisodeRow:
    return items.episode(
        id=episode.id,
        series_id=episode.series_id,
        season_number=episode.season_number,
        episode_number=episode.episode_number,
        title=episode.title or "",
        airs_at=from_iso(episode.air_date_utc),
        monitored=episode.monitored and monitored,
        file=_file_facts(episode.episode_file, {}, has_file=episode.has_file),
        profile=profile,
        now=now,
    )


# -- Lidarr -----------------------------------------------------------------------------------------------------


async def _stage_artists(source: Source, generation: Generation) -> None:
    monitored: set[int] = set()
    profile_of: dict[int, Profile] = {}
    async for artists in library.artists(source.client):
        rows = []
        for artist in artists:
            profile = profile_of[artist.id] = _profile(source.profiles, artist.quality_profile_id)
            if artist.monitored:
                monitored.add(artist.id)
            rows.append(_artist_row(artist, profile, fingerprint_of(artist, source.profiles)))
        await generation.add("artists", rows)
    async for albums in library.albums(source.client):
        await generation.add(
            "albums",
            [
                _album_row(
                    album,
                    source,
                    monitored=album.monitored and album.artist_id in monitored,
                    profile=profile_of.get(album.artist_id, UNKNOWN_PROFILE),
                )
                for album in albums
            ],
        )


async def _one_artist(source: Source, artist_id: int, fingerprint: int | None) -> Rows:
    artist = await source.client.get(f"artist/{artist_id}", Artist)
    profile = _profile(source.profiles, artist.quality_profile_id)
    albums = [
        _album_row(album, source, monitored=album.monitored and artist.monitored, profile=profile)
        for album in await library.albums_of(source.client, artist_id)
    ]
    known = fingerprint_of(artist, source.profiles) if fingerprint is None else fingerprint
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
        foreign_id=artist.foreign_artist_id or "",
        tags=items.tag_list(artist.tags),
    )


def _album_row(album: Album, source: Source, *, monitored: bool, profile: Profile) -> items.AlbumRow:
    counts: AlbumStatistics | None = album.statistics
    return items.album(
        id=album.id,
        artist_id=album.artist_id,
        title=album.title or "",
        released_at=from_iso(album.release_date),
        monitored=monitored,
        track_count=counts.total_track_count if counts else 0,
        track_file_count=counts.track_file_count if counts else 0,
        below_cutoff=album.id in source.below_cutoff,
        profile=profile,
        now=source.now,
    )


@contextmanager
def _first_error() -> Iterator[None]:
    """Have one failed request end the sync with its own error, not with that of a group of tasks."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group


def _file_facts(file: File | None, scores: dict[int, int | None], *, has_file: bool) -> FileFacts | None:
    """Describe an item's file. Whether there is one is up to the Arr, also when it does not describe it."""
    if not has_file:
        return None
    if file is None:
        return FileFacts(file_id=0, cutoff_not_met=False, custom_format_score=None)
    score = file.custom_format_score if file.custom_format_score is not None else scores.get(file.id)
    return FileFacts(file.id, file.quality_cutoff_not_met, score)
