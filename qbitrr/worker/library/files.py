"""Tracks of Lidarr and the quality of its files: read artist by artist, after the rest of the library.

Lidarr needs a fraction of a second for each, and minutes for all of them at once (`wanted/cutoff`). Between two artists
it is left alone for as long as the first one took.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qbitrr.arr import library
from qbitrr.rules.library import items
from qbitrr.state import catalogue

if TYPE_CHECKING:
    from qbitrr.arr.client import ArrClient
    from qbitrr.arr.models import Track
    from qbitrr.state.catalogue import StoredArtist
    from qbitrr.state.database import Database


async def sync_files(client: ArrClient, database: Database, category: str, reading: asyncio.Lock) -> None:
    """Read the tracks of artists whose albums changed, and the quality of the files of artists that changed.

    `reading` is held for one artist at a time. Raises a ServiceError; what was read before it stays.
    """
    await catalogue.drop_orphaned_tracks(database, category)
    tracks = set(await catalogue.artists_with_other_tracks(database, category))
    files = await catalogue.artists_with_other_files(database, category)
    allowed = await _names_with_upgrades(client) if files else set()
    now = asyncio.get_running_loop().time
    for artist_id in sorted(tracks | files.keys()):
        started_at = now()
        async with reading:
            if artist_id in tracks:
                rows = [_track_row(artist_id, track) for track in await library.tracks(client, artist_id)]
                await catalogue.replace_tracks(database, category, artist_id, rows)
            if artist_id in files:
                await _read_quality(client, database, category, files[artist_id], allowed)
        await asyncio.sleep(now() - started_at)


async def _names_with_upgrades(client: ArrClient) -> set[str]:
    """Ask for the names of the quality profiles that allow upgrades."""
    profiles = await client.quality_profiles()
    return {profile.name or "" for profile in profiles.values() if profile.upgrade_allowed}


async def _read_quality(
    client: ArrClient, database: Database, category: str, artist: StoredArtist, with_upgrades: set[str]
) -> None:
    below, upgrade_allowed = await library.below_cutoff(client, artist.id), artist.quality_profile in with_upgrades
    albums = await catalogue.albums_of(database, category, artist.id)
    measured = [items.with_cutoff(one, below_cutoff=one.id in below, upgrade_allowed=upgrade_allowed) for one in albums]
    changed = [now for before, now in zip(albums, measured, strict=True) if now != before]
    await catalogue.store_quality(database, category, artist, changed)


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
