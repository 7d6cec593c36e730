"""Full syncs against living stand-ins: what is stored is what the Arr has, in a handful of requests."""

from contextlib import asynccontextmanager

import pytest

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS
from qbitrr.clock import Clock
from qbitrr.errors import CredentialsRejectedError, ServiceError, UnexpectedAnswerError
from qbitrr.http.client import Timeouts
from qbitrr.sandbox.media.quality import below_cutoff
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Down, HalfAnswer, Status, WrongCredentials
from qbitrr.state.database import open_writer
from qbitrr.worker.library.fetch import full_sync, sync_changes, sync_tracks
from tests.support.state import migrated

SECTIONS = {
    "radarr": Section("Arr", "radarr", 900),
    "sonarr": Section("Arr", "sonarr", 25, episodes=700),
    "lidarr": Section("Arr", "lidarr", 40),
}
TABLE = {"radarr": "movies", "sonarr": "episodes", "lidarr": "albums"}


@asynccontextmanager
async def arr_of(kind, tmp_path, *, asked_as=None):
    migrated(tmp_path / "state.db")
    async with Sandbox([SECTIONS[kind]], has_past=False) as sandbox, open_writer(tmp_path / "state.db") as database:
        stand_in = sandbox.arrs["Arr"]
        timeouts = Timeouts(attempts=1)
        client = ArrClient("Arr", KINDS[asked_as or kind], stand_in.url, stand_in.api_key, timeouts=timeouts)
        try:
            yield stand_in, client, database
        finally:
            await client.close()


async def sync(client, database):
    return await full_sync(client, database, "cat", "http://arr", Clock())


async def read_anew(client, database, *parents):
    profiles = await client.quality_profiles()
    await sync_changes(client, database, "cat", dict.fromkeys(parents), profiles, Clock())


@pytest.mark.parametrize("kind", SECTIONS)
async def test_what_is_stored_is_what_the_arr_has(kind, tmp_path):
    async with arr_of(kind, tmp_path) as (stand_in, client, database):
        await sync(client, database)
        collection, now = stand_in.arr.collection, stand_in.arr.now
        rows = await database.rows(
            f"SELECT id, monitored, released, has_file, quality_met FROM {TABLE[kind]} WHERE category = 'cat'"
        )
        expected = {
            (
                item.id,
                int(collection.is_monitored(item)),
                int(item.is_available(now) if kind == "radarr" else collection.is_out(item, now)),
                int(item.file is not None),
                int(item.file is not None and not below_cutoff(kind, collection.profile_of(item), item.file)),
            )
            for item in collection.items.values()
        }
        assert set(rows) == expected
        monitored = [row for row in expected if row[1] and (row[2] or row[3])]
        assert monitored
        (counts,) = await database.rows("SELECT monitored, available FROM catalogue")
        assert counts == (len(monitored), sum(row[3] for row in monitored))


@pytest.mark.parametrize(("kind", "most"), [("radarr", 3 + 3), ("sonarr", 3 + 25), ("lidarr", 2 + 4)])
async def test_a_full_sync_takes_a_handful_of_requests_and_for_sonarr_one_more_for_each_series(kind, most, tmp_path):
    async with arr_of(kind, tmp_path) as (stand_in, client, database):
        await sync(client, database)
        assert len(stand_in.requests) <= most


async def test_custom_format_scores_of_movies_are_fetched_in_batches(tmp_path):
    async with arr_of("radarr", tmp_path) as (stand_in, client, database):
        await sync(client, database)
        rows = dict(await database.rows("SELECT id, custom_format_score FROM movies WHERE has_file"))
        items = stand_in.arr.collection.items
        assert rows == {number: items[number].file.score for number in rows}
        assert stand_in.counts["GET /api/v3/moviefile"] == 3


async def test_tracks_are_fetched_once_for_each_artist_and_then_only_when_albums_changed(tmp_path):
    async with arr_of("lidarr", tmp_path) as (stand_in, client, database):
        await sync(client, database)
        await sync_tracks(client, database, "cat")
        route = "GET /api/v1/track"
        assert stand_in.counts[route] == len(await database.rows("SELECT id FROM artists"))
        (totals,) = await database.rows("SELECT sum(track_count), sum(track_file_count) FROM albums")
        assert await database.rows("SELECT count(*), sum(has_file) FROM tracks") == [totals]
        album = next(a for a in stand_in.arr.collection.items.values() if a.file)
        album.file = None
        await sync(client, database)
        before = stand_in.counts[route]
        await sync_tracks(client, database, "cat")
        assert stand_in.counts[route] == before + 1


@pytest.mark.parametrize("kind", SECTIONS)
async def test_a_second_sync_changes_nothing(kind, tmp_path):
    async with arr_of(kind, tmp_path) as (_, client, database):
        first = await sync(client, database)
        assert first.changed > 0
        assert await sync(client, database) == (0, 0)


async def test_what_the_arr_no_longer_has_disappears(tmp_path):
    async with arr_of("radarr", tmp_path) as (stand_in, client, database):
        await sync(client, database)
        del stand_in.arr.collection.items[1]
        assert (await sync(client, database)).removed == 1


@pytest.mark.parametrize("fault", [Down(), Status(500), HalfAnswer()])
@pytest.mark.parametrize("kind", SECTIONS)
async def test_a_sync_that_breaks_off_leaves_the_catalogue_as_it_was(kind, fault, tmp_path):
    async with arr_of(kind, tmp_path) as (stand_in, client, database):
        await sync(client, database)
        before = await database.rows(f"SELECT * FROM {TABLE[kind]}")
        stand_in.arr.collection.items.clear()
        late = {"radarr": "moviefile", "sonarr": "episode", "lidarr": "album"}[kind]
        await stand_in.fail(fault, None if isinstance(fault, Down) else f"GET /{stand_in.api}/{late}")
        if kind == "radarr" and not isinstance(fault, Down):
            await stand_in.fail(fault, "GET /api/v3/movie")
        with pytest.raises(ServiceError):
            await sync(client, database)
        assert await database.rows(f"SELECT * FROM {TABLE[kind]}") == before


async def test_a_wrong_key_is_sent_once(tmp_path):
    async with arr_of("radarr", tmp_path) as (stand_in, client, database):
        await stand_in.fail(WrongCredentials())
        for _ in range(3):
            with pytest.raises(CredentialsRejectedError):
                await sync(client, database)
        assert len(stand_in.requests) == 1


async def test_another_application_at_the_address_is_told_by_name(tmp_path):
    async with arr_of("radarr", tmp_path, asked_as="sonarr") as (_, client, database):
        with pytest.raises(UnexpectedAnswerError, match="Radarr answers where Sonarr is expected"):
            await sync(client, database)


@pytest.mark.parametrize("kind", SECTIONS)
async def test_a_change_is_read_with_its_parent_in_three_requests(kind, tmp_path):
    async with arr_of(kind, tmp_path) as (stand_in, client, database):
        await sync(client, database)
        everything = f"SELECT * FROM {TABLE[kind]} ORDER BY id"
        before = await database.rows(everything)
        items = stand_in.arr.collection.items
        changed = next(item for item in items.values() if item.file is not None)
        changed.file = None
        parent = {"radarr": "id", "sonarr": "series_id", "lidarr": "artist_id"}[kind]
        asked = len(stand_in.requests)
        await read_anew(client, database, getattr(changed, parent))
        assert len(stand_in.requests) - asked <= {"radarr": 3, "sonarr": 3, "lidarr": 5}[kind]
        after = await database.rows(everything)
        assert [new for old, new in zip(before, after, strict=True) if old != new] != []
        await sync(client, database)
        assert await database.rows(everything) == after


async def test_a_movie_that_radarr_has_no_more_is_dropped(tmp_path):
    async with arr_of("radarr", tmp_path) as (stand_in, client, database):
        await sync(client, database)
        del stand_in.arr.collection.items[7]
        await read_anew(client, database, 7)
        assert await database.rows("SELECT 1 FROM movies WHERE id = 7") == []
        assert await database.rows("SELECT items FROM catalogue") == [(899,)]
