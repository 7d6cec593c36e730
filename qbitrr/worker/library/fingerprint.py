"""Changes found by the Arr's list of movies, series or artists: one request, of which the ids are kept.

The list has all of a movie, and of a series or an artist how many episodes or tracks there are, are monitored and have
a file. A fingerprint of each entry that differs from the stored one shows a change.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from qbitrr.arr import library
from qbitrr.arr.models import Artist, Movie, QualityProfile, Series
from qbitrr.state import catalogue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from qbitrr.arr.client import ArrClient
    from qbitrr.state.database import Database

Parent = Movie | Series | Artist


def fingerprint_of(parent: Parent, profiles: Mapping[int, QualityProfile]) -> int:
    """Hash an entry of the list and its quality profile."""
    file = parent.movie_file if isinstance(parent, Movie) else None
    if file is not None and file.custom_format_score is not None:  # which lists lack
        parent = replace(parent, movie_file=replace(file, custom_format_score=None))
    content = msgspec.json.encode((parent, profiles.get(parent.quality_profile_id)))
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), signed=True)


async def compare(
    client: ArrClient, database: Database, category: str, profiles: Mapping[int, QualityProfile], limit: int
) -> dict[int, int | None]:
    """Find parents that are not as they are stored, with their present fingerprint, None for those that are gone.

    At most `limit`. An empty list is no evidence, and left to a full sync. Raises a ServiceError.
    """
    comparison = catalogue.Comparison(database, category, client.kind.name)
    async for some in _parents(client):
        await comparison.add((parent.id, fingerprint_of(parent, profiles)) for parent in some)
    return await comparison.differences(limit)


def _parents(client: ArrClient) -> AsyncIterator[Sequence[Parent]]:
    match client.kind.name:
        case "radarr":
            return library.movies(client)
        case "sonarr":
            return library.series(client)
        case _:
            return library.artists(client)
