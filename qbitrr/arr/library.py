"""Libraries of the Arrs: movies, series and artists with their parts, in as few requests as each API allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr.arr.models import Album, Artist, Episode, File, ItemWithFile, Movie, Series, Track, TrackFile
from qbitrr.errors import GoneError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from qbitrr.arr.client import ArrClient

FILES_PER_REQUEST = 400
"""Radarr's web server accepts 8 KiB of request line; one `movieId=1234567&` needs 16 bytes."""
_FILES_WITH_EPISODES = 5
"""Up to so many files of a series come with its episodes, for which Sonarr reads each of them singly."""


def movies(client: ArrClient) -> AsyncIterator[list[Movie]]:
    """Yield all movies, with their files but without the files' custom format scores."""
    return client.items("movie", Movie, excludeLocalCovers=True)


async def movie_files(client: ArrClient, movie_ids: Sequence[int]) -> list[File]:
    """Ask for the files of at most FILES_PER_REQUEST movies, with custom format scores."""
    return await client.get_list("moviefile", File, movieId=list(movie_ids))


def series(client: ArrClient) -> AsyncIterator[list[Series]]:
    """Yield all series with their seasons."""
    return client.items("series", Series, includeSeasonImages=False)


async def episodes(client: ArrClient, series: Series) -> list[Episode]:
    """Ask for the episodes of one series, each with its file, cutoff and custom format score."""
    files = series.statistics.episode_file_count if series.statistics is not None else _FILES_WITH_EPISODES + 1
    if files <= _FILES_WITH_EPISODES:
        return await client.get_list("episode", Episode, seriesId=series.id, includeEpisodeFile=True)
    by_id = {file.id: file for file in await client.get_list("episodefile", File, seriesId=series.id)}
    listed = await client.get_list("episode", Episode, seriesId=series.id)
    return [replace(episode, episode_file=by_id.get(episode.episode_file_id)) for episode in listed]


async def series_of_episode(client: ArrClient, episode_id: int) -> int:
    """Ask for the series of one episode; GoneError when there is no such episode any more."""
    return (await client.get(f"episode/{episode_id}", Episode)).series_id


async def seasons_of_episodes(client: ArrClient, series_id: int) -> dict[int, int]:
    """Ask for the seasons of all episodes of one series, by episode id."""
    return {one.id: one.season_number for one in await client.get("episode", list[Episode], seriesId=series_id)}


async def unmonitored_seasons(client: ArrClient, series_id: int) -> set[int]:
    """Ask for the seasons of one series that are not monitored, which a search of the series leaves out."""
    found = await client.get(f"series/{series_id}", Series)
    return {season.season_number for season in found.seasons or [] if not season.monitored}


def artists(client: ArrClient) -> AsyncIterator[list[Artist]]:
    """Yield all artists."""
    return client.items("artist", Artist)


def albums(client: ArrClient) -> AsyncIterator[list[Album]]:
    """Yield all albums of all artists, with statistics."""
    return client.items("album", Album)


async def albums_of(client: ArrClient, artist_id: int) -> list[Album]:
    """Ask for all albums of one artist, with statistics."""
    return await client.get_list("album", Album, artistId=artist_id)


async def below_cutoff(client: ArrClient, artist_id: int) -> set[int]:
    """Ask for the albums of one artist that have a file below the quality cutoff.

    `wanted/cutoff` says the same of all artists and takes minutes for it.
    """
    files = await client.get_list("trackfile", TrackFile, artistId=artist_id)
    return {file.album_id for file in files if file.quality_cutoff_not_met}


async def tracks(client: ArrClient, artist_id: int) -> list[Track]:
    """Ask for all tracks of one artist."""
    return await client.get_list("track", Track, artistId=artist_id)


async def files_of(client: ArrClient, item_id: int) -> frozenset[int] | None:
    """Ask for the numbers of the files that a movie, an episode or an album has now; None when the Arr has it no more.

    A file without a number raises UnexpectedAnswerError, and so does something else that answers in the Arr's place.
    """
    try:
        item = await client.get(f"{client.kind.item}/{item_id}", ItemWithFile)
    except GoneError:
        await client.status()
        return None
    if client.kind.name == "lidarr":
        files = [file.id for file in await client.get_list("trackfile", TrackFile, albumId=item_id)]
    elif item.has_file:
        files = [item.episode_file_id or (item.movie_file.id if item.movie_file is not None else 0)]
    else:
        files = []
    if 0 in files:
        raise UnexpectedAnswerError(client.section, f"{client.kind.item} {item_id} has a file without a number")
    return frozenset(files)
