"""Libraries of the Arrs: movies, series and artists with their parts, in as few requests as each API allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.arr.models import Album, Artist, Episode, File, Movie, Series, Track, WantedPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from qbitrr.arr.client import ArrClient

FILES_PER_REQUEST = 400
"""Radarr's web server accepts 8 KiB of request line; one `movieId=1234567&` needs 16 bytes."""
_PAGE_SIZE = 1000
_MOST_PAGES = 1000


def movies(client: ArrClient) -> AsyncIterator[list[Movie]]:
    """Yield all movies, with their files but without the files' custom format scores."""
    return client.items("movie", Movie, excludeLocalCovers=True)


async def movie_files(client: ArrClient, movie_ids: Sequence[int]) -> list[File]:
    """Ask for the files of at most FILES_PER_REQUEST movies, with custom format scores."""
    return await client.get("moviefile", list[File], movieId=list(movie_ids))


def series(client: ArrClient) -> AsyncIterator[list[Series]]:
    """Yield all series with their seasons."""
    return client.items("series", Series, includeSeasonImages=False)


async def episodes(client: ArrClient, series_id: int) -> list[Episode]:
    """Ask for the episodes of one series, each with its file, cutoff and custom format score."""
    return await client.get("episode", list[Episode], seriesId=series_id, includeEpisodeFile=True)


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


async def below_cutoff(client: ArrClient) -> set[int]:
    """Ask for the ids of the albums whose files miss the quality cutoff, monitored or not."""
    found: set[int] = set()
    for monitored in (True, False):
        for page in range(1, _MOST_PAGES + 1):
            answer = await client.get(
                "wanted/cutoff", WantedPage, page=page, pageSize=_PAGE_SIZE, includeArtist=False, monitored=monitored
            )
            found.update(album.id for album in answer.records)
            if page * _PAGE_SIZE >= answer.total_records or not answer.records:
                break
    return found


async def tracks(client: ArrClient, artist_id: int) -> list[Track]:
    """Ask for all tracks of one artist."""
    return await client.get("track", list[Track], artistId=artist_id)
