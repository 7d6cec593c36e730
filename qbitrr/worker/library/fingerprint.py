"""Finding what changed by the Arr's own list of movies, series or artists: one request, and nothing is kept in memory.

The list tells all of a movie, and of a series or an artist how many episodes or tracks there are, are wanted and have
a file. What is said of each makes its mark; one that differs from the stored mark has changed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from qbitrr.arr import library
from qbitrr.arr import library as radarr
from qbitrr.arr import library as sonarr
from qbitrr.arr.models import Artist, Movie, QualityProfile, Series
from qbitrr.state import catalogue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from qbitrr.arr.client import ArrClient
    from qbitrr.state.database import Database

Parent = Movie | Series | Artist


def mark_of(parent: Parent, profiles: Mapping[int, QualityProfile]) -> int:
    """A number that is another when the Arr says something else of it, or of its quality profile."""
    if isinstance(parent, Movie) and parent.movie_file is not None:  # lists leave its score out
        parent = replace(parent, movie_file=replace(parent.movie_file, custom_format_score=None))
    said = msgspec.json.encode((parent, profiles.get(parent.quality_profile_id)))
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), signed=True)


async def compare(
    client: ArrClient, database: Database, category: str, profiles: Mapping[int, QualityProfile], most: int
) -> dict[int, int | None]:
    """What is not as it is stored, with its mark now, None for what the Arr has no more; at most so many.

    An Arr that lists nothing at all says nothing: that is left to a full sync. Raises a ServiceError.
    """
    comparison = catalogue.Comparison(database, category, client.kind.name)
    await comparison.begin()
    async for some in _parents(client):
        await comparison.add([(parent.id, mark_of(parent, profiles)) for parent in some])
    return await comparison.differences(most)


def _parents(client: ArrClient) -> AsyncIterator[Sequence[Parent]]:
    match client.kind.name:
        case "radarr":
            return radarr.movies(client)
        case "sonarr":
            return sonarr.series(client)
        case _:
            return library.artists(client)
