"""Full syncs against living stand-ins: what is stored is what the Arr has, in a handful of requests."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS
from qbitrr.arr.models import Movie
from qbitrr.clock import Clock
from qbitrr.errors import CredentialsRejectedError, ServiceError, UnexpectedAnswerError
from qbitrr.http import counters
from qbitrr.http.client import Timeouts
from qbitrr.sandbox.media.quality import below_cutoff
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Down, HalfAnswer, SlowFirstByte, Status, WrongCredentials
from qbitrr.sandbox.services.radarr import RadarrStandIn
from qbitrr.state import catalogue, searches
from qbitrr.state.database import open_writer
from qbitrr.worker.library.fetch import full_sync, sync_changes
from qbitrr.worker.library.files import sync_files
from qbitrr.worker.library.fingerprint import compare
from tests.support.polling import until
from tests.support.state import migrated

SECTIONS = {
    "radarr": Section("Arr", "radarr", 900),
    "sonarr": Section("Arr", "sonarr", 25, episodes=700),
    "lidarr": Section("Arr", "lidarr", 40),
}
TABLE = {"radarr": "movies", "sonarr": "episodes", "lidarr": "albums"}


@asynccontextmanager
async def arr_of(kind, tmp_path, *, asked_as=None, timeouts=Timeouts(attempts=1)):  # noqa: B008 - it is never changed
    migrated(tmp_path / "state.db")
    async with Sandbox([SECTIONS[kind]], has_past=False) as sandbox, open_writer(tmp_path / "state.db") as database:
        stand_in = sandbox.arrs["Arr"]
        client = ArrClient("Arr", KINDS[asked_as or kind], stand_in.url, stand_in.api_key, timeouts=timeouts)
        try:
            yield stand_in, client, database
        finally:
            await client.close()


async def sync(client, database):
    return await full_sync(client, database, "cat", "http://arr", Clock())


async def read_files(client, database):
    await sync_files(client, database, "cat", asyncio.Lock())


async def read_anew(client, database, *parents):
    profiles = await client.quality_profiles()
    await sync_changes(client, database, "cat", dict.fromkeys(parents), profiles, Clock())


@pytest.mark.parametrize(
    ("kind", "stored", "sent"),
    [
        ("radarr", "SELECT id, tmdb_id FROM movies", "titleSlug"),
        ("sonarr", "SELECT id, title_slug FROM series", "titleSlug"),
        ("lidarr", "SELECT id, foreign_id FROM artists", "foreignArtistId"),
    ],
)
async def test_what_the_arrs_own_page_addresses_them_by_is_stored(kind, stored, sent, tmp_path):
    async with arr_of(kind, tmp_path) as (stand_in, client, database):
        await sync(client, database)
        rows = {number: str(slug) for number, slug in await database.rows(stored)}
        assert rows == {number: stand_in.parent(number)[sent] for number in stand_in.parents}


@pytest.mark.parametrize("kind", SECTIONS)
async def test_what_is_stored_is_what_the_arr_has(kind, tmp_path):
    async with arr_of(kind, tmp_path) as (stand_in, client, database):
        await sync(client, database)
        if kind == "lidarr":
            await read_files(client, database)
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


@pytest.mark.parametrize(("kind", "most"), [("radarr", 3 + 3), ("sonarr", 3 + 2 * 25), ("lidarr", 2 + 2)])
async def test_a_full_sync_takes_a_handful_of_requests_and_for_sonarr_two_more_for_each_series(kind, most, tmp_path):
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


async def test_scores_are_asked_for_while_the_list_arrives_for_two_parts_of_it_at_once(tmp_path, monkeypatch):
    answer, under_way, most, two = RadarrStandIn.get_files, [], [], asyncio.Event()

    async def together(self, request):
        under_way.append(request)
        most.append(len(under_way))
        if len(under_way) == 2:
            two.set()
        async with asyncio.timeout(10):
            await two.wait()
        response = await answer(self, request)
        under_way.remove(request)
        return response

    monkeypatch.setattr(RadarrStandIn, "get_files", together)
    async with arr_of("radarr", tmp_path) as (stand_in, client, database):
        await sync(client, database)
        assert max(most) == 2
        assert await database.rows("SELECT count(*) FROM movies") == [(len(stand_in.arr.collection.items),)]


async def test_tracks_are_fetched_once_for_each_artist_and_then_only_when_albums_changed(tmp_path):
    async with arr_of("lidarr", tmp_path) as (stand_in, client, database):
        await sync(client, database)
        await read_files(client, database)
        route = "GET /api/v1/track"
        assert stand_in.counts[route] == len(await database.rows("SELECT id FROM artists"))
        (totals,) = await database.rows("SELECT sum(track_count), sum(track_file_count) FROM albums")
        assert await database.rows("SELECT count(*), sum(has_file) FROM tracks") == [totals]
        album = next(a for a in stand_in.arr.collection.items.values() if a.file)
        album.file = None
        await sync(client, database)
        before = stand_in.counts[route]
        await read_files(client, database)
        assert stand_in.counts[route] == before + 1


async def test_files_that_go_from_one_album_to_another_of_the_artist_are_seen(tmp_path):
    """As when the user puts right what Lidarr matched to the wrong album: the artist has as many as before."""
    async with arr_of("lidarr", tmp_path) as (stand_in, client, database):
        albums = stand_in.arr.collection.items.values()
        wrong = next(one for one in albums if one.file)
        right = next(one for one in albums if one.artist_id == wrong.artist_id and one is not wrong)
        right.track_count, right.file, right.tracks_present = wrong.track_count, None, 0
        await sync(client, database)
        await read_files(client, database)
        right.file, wrong.file = wrong.file, None
        await sync(client, database)
        await read_files(client, database)
        of_album = "SELECT sum(has_file) FROM tracks WHERE album_id = ?"
        assert await database.rows(of_album, (right.id,)) == [(right.track_count,)]
        assert await database.rows(of_album, (wrong.id,)) == [(0,)]


@pytest.mark.parametrize(("kind", "route"), [("radarr", "movie"), ("sonarr", "series"), ("lidarr", "artist")])
async def test_a_list_that_takes_the_arr_long_is_asked_for_once_and_hinders_nothing_else(kind, route, tmp_path):
    impatient = Timeouts(silence_seconds=0.4)
    async with arr_of(kind, tmp_path, timeouts=impatient) as (stand_in, client, database):
        await stand_in.fail(SlowFirstByte(1.5), f"GET /{stand_in.api}/{route}")
        syncing = asyncio.create_task(sync(client, database))
        await until(lambda: stand_in.counts[f"GET /{stand_in.api}/{route}"] == 1, 5, "it was not asked for")
        await client.queue()
        assert not syncing.done()
        assert (await syncing).changed
        assert stand_in.counts[f"GET /{stand_in.api}/{route}"] == 1
        assert counters.of_process.first_byte_seconds[route] >= 1.5


async def test_a_list_that_is_the_first_call_keeps_no_other_call_waiting(tmp_path):
    """Until the key is accepted calls wait for the first one: a list must not be that."""
    async with arr_of("radarr", tmp_path) as (stand_in, client, _):
        await stand_in.fail(SlowFirstByte(30), "GET /api/v3/movie")
        listing = asyncio.create_task(client.get_list("movie", Movie))
        await until(lambda: stand_in.counts["GET /api/v3/movie"] == 1, 5, "it was not asked for")
        async with asyncio.timeout(5):
            await client.queue()
        listing.cancel()
        await stand_in.heal()


async def test_lidarr_is_never_asked_for_what_it_computes_for_all_artists(tmp_path):
    async with arr_of("lidarr", tmp_path) as (stand_in, client, database):
        await sync(client, database)
        await read_files(client, database)
        await read_anew(client, database, 1)
        await read_files(client, database)
        assert not [route for route in stand_in.counts if "wanted" in route]


async def test_the_quality_of_files_is_read_once_for_each_artist_and_then_only_when_it_changed(tmp_path):
    async with arr_of("lidarr", tmp_path) as (stand_in, client, database):
        music, route = stand_in.arr.collection, "GET /api/v1/trackfile"

        async def stored():
            sql = "SELECT id, quality_met, upgrade, reason FROM albums WHERE has_file ORDER BY id"
            return await database.rows(sql)

        await sync(client, database)
        await read_files(client, database)
        with_files = {album.artist_id for album in music.items.values() if album.file}
        assert stand_in.counts[route] == len(with_files)
        quality = await stored()
        assert {met for _, met, *_ in quality} == {0, 1}
        await sync(client, database)
        await read_files(client, database)
        assert stand_in.counts[route] == len(with_files)
        assert await stored() == quality

        album = next(one for one in music.items.values() if one.file and music.is_monitored(one))
        artist = music.artists[album.artist_id]
        for profile in music.profiles:
            artist.profile_id = profile
            asked = stand_in.counts[route]
            await read_anew(client, database, artist.id)
            await read_files(client, database)
            assert stand_in.counts[route] <= asked + 1
            met = {number: bool(met) for number, met, *_ in await stored()}
            assert met[album.id] == (not below_cutoff("lidarr", music.profile_of(album), album.file))


async def test_the_quality_of_files_is_read_again_when_a_profile_allows_other_qualities(tmp_path):
    """The worst allowed quality is good enough then: `UpgradableSpecification.QualityCutoffNotMet` of Lidarr."""
    async with arr_of("lidarr", tmp_path) as (stand_in, client, database):
        music = stand_in.arr.collection
        await sync(client, database)
        await read_files(client, database)
        profile = music.profiles[1]
        assert not profile.upgrade_allowed
        music.profiles[1] = replace(profile, allowed=profile.allowed[-1:])
        await sync(client, database)
        await read_files(client, database)
        whole = [one for one in music.items.values() if one.file]
        below = {one.id for one in whole if below_cutoff("lidarr", music.profile_of(one), one.file)}
        rows = await database.rows("SELECT id FROM albums WHERE has_file AND NOT quality_met")
        assert {number for (number,) in rows} == below


async def test_the_quality_that_was_read_stays_when_the_artist_is_read_again(tmp_path):
    async with arr_of("lidarr", tmp_path) as (_, client, database):
        await sync(client, database)
        await read_files(client, database)
        everything = "SELECT * FROM albums ORDER BY id"
        before = await database.rows(everything)
        await read_anew(client, database, *range(1, 41))
        assert await database.rows(everything) == before


async def test_an_album_whose_tracks_are_not_known_is_not_missing(tmp_path):
    async with arr_of("lidarr", tmp_path) as (stand_in, client, database):
        album = next(
            one for one in stand_in.arr.collection.items.values() if not one.file and one.released and one.monitored
        )
        album.track_count = album.tracks_present = 0
        await sync(client, database)
        await catalogue.release(database, "cat", "lidarr", stand_in.arr.now + 1)
        row = await database.row("SELECT released, has_file FROM albums WHERE id = ?", (album.id,))
        assert row == (0, 0)
        missing = [
            one async for some in searches.unfinished(database, "cat", "lidarr", unmonitored=True) for one in some
        ]
        assert album.id not in {one[0] for one in missing}
        assert missing


async def test_a_monitored_episode_of_a_season_that_is_not_monitored_is_missing(tmp_path):
    """As Sonarr makes them itself: a series that is added with `Monitor: Pilot Episode`."""
    async with arr_of("sonarr", tmp_path) as (stand_in, client, database):
        shows, now = stand_in.arr.collection, stand_in.arr.now
        series = next(
            one for one in shows.series.values()
            if one.monitored and len(one.seasons) > 2 and shows.is_out(one.seasons[1].episodes[0], now)
        )  # fmt: skip
        for season in series.seasons:
            season.monitored = False
            for episode in season.episodes:
                episode.monitored, episode.file = False, None
        pilot = series.seasons[1].episodes[0]
        pilot.monitored = True
        await sync(client, database)
        rows = await database.rows("SELECT id, reason FROM episodes WHERE series_id = ? AND monitored", (series.id,))
        assert rows == [(pilot.id, "Missing")]
        (seasons,) = await database.row("SELECT unmonitored_seasons FROM series WHERE id = ?", (series.id,))
        assert seasons == " ".join(str(season.number) for season in series.seasons)


async def test_an_episode_that_is_put_off_is_a_change_of_its_series(tmp_path):
    """It changes no count: only `nextAiring` of the season (SeasonStatisticsResource of Sonarr 4.0)."""
    async with arr_of("sonarr", tmp_path) as (stand_in, client, database):
        arr = stand_in.arr
        to_come = [one for one in arr.collection.items.values() if one.monitored and (one.aired or 0) > arr.now]
        episode = min(to_come, key=lambda one: one.aired)
        await sync(client, database)
        profiles = await client.quality_profiles()
        assert await compare(client, database, "cat", profiles, 10) == {}
        episode.aired += 3600
        assert set(await compare(client, database, "cat", profiles, 10)) == {episode.series_id}


async def test_the_release_date_of_a_movie_is_that_of_radarr(tmp_path):
    async with arr_of("radarr", tmp_path) as (stand_in, client, database):
        movies = stand_in.arr.collection.items
        on_disc, in_cinemas = movies[1], movies[2]
        on_disc.minimum_availability, on_disc.physical, on_disc.digital = "released", 1_700_000_000, 1_710_000_000
        in_cinemas.minimum_availability, in_cinemas.in_cinemas = "inCinemas", 1_690_000_000
        await sync(client, database)
        dates = dict(await database.rows("SELECT id, released_at FROM movies"))
        assert (dates[1], dates[2]) == (1_700_000_000, 1_690_000_000)
        assert dates == {number: movie.release_date for number, movie in movies.items()}


async def test_files_of_a_series_with_many_of_them_are_asked_for_in_one_request(tmp_path):
    async with arr_of("sonarr", tmp_path) as (stand_in, client, database):
        await sync(client, database)
        shows = stand_in.arr.collection
        many = [one for one in shows.series.values() if stand_in.parent(one.id)["statistics"]["episodeFileCount"] > 5]
        assert many
        asked = [dict(one.query) for one in stand_in.requests if one.path.endswith("/episodefile")]
        assert sorted(int(one["seriesId"]) for one in asked) == sorted(one.id for one in many)
        singly = [dict(one.query)["seriesId"] for one in stand_in.requests if "includeEpisodeFile" in dict(one.query)]
        assert {int(one) for one in singly}.isdisjoint(one.id for one in many)
        scores = dict(await database.rows("SELECT id, custom_format_score FROM episodes WHERE has_file"))
        assert scores == {number: shows.items[number].file.score for number in scores}


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
async def test_a_change_is_read_with_its_parent_in_few_requests(kind, tmp_path):
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
        assert len(stand_in.requests) - asked <= {"radarr": 3, "sonarr": 4, "lidarr": 3}[kind]
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


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_dropped_because_a_proxy_finds_no_arr_behind_it(kind, tmp_path):
    async with arr_of(kind, tmp_path) as (stand_in, client, database):
        await sync(client, database)
        items, profiles = f"SELECT count(*) FROM {TABLE[kind]}", await client.quality_profiles()
        before = await database.rows(items)
        await stand_in.fail(Status(404))
        with pytest.raises(ServiceError, match="status 404"):
            await sync_changes(client, database, "cat", {1: None}, profiles, Clock())
        assert await database.rows(items) == before
