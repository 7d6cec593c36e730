"""Radarr's library in a handful of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.arr.models import File, Movie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from qbitrr.arr.client import ArrClient

# Radarr's web server accepts 8 KiB of request line; one `movieId=1234567&` takes 16 bytes.
FILES_PER_REQUEST = 400


def movies(client: ArrClient) -> AsyncIterator[list[Movie]]:
    """All movies, with their files but without the files' custom format scores."""
    return client.items("movie", Movie, excludeLocalCovers=True)


async def movie_files(client: ArrClient, movie_ids: Sequence[int]) -> list[File]:
    """The files of at most FILES_PER_REQUEST movies, with custom format scores."""
    return await client.get("moviefile", list[File], movieId=list(movie_ids))
