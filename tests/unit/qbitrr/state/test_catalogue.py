from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.rules.library import items
from qbitrr.rules.library.quality import FileFacts, Profile
from qbitrr.state import catalogue
from qbitrr.state.catalogue import StoredScores
from qbitrr.state.database import open_writer
from tests.support.state import migrated

HD = Profile("HD", upgrade_allowed=True, min_format_score=0, cutoff_format_score=100)
NOW = 1_700_000_000.0


def movie(number, *, monitored=True, available=True, file=None, title=None, profile=HD):
    return items.movie(
        id=number,
        title=title or f"Movie {number}",
        year=2000,
        tmdb_id=number,
        imdb_id=None,
        monitored=monitored,
        available=available,
        file=file,
        profile=profile,
    )


def episode(number, *, series=1, season=1, airs_at=NOW - 10, monitored=True, file=None, episode_number=None):
    return items.episode(
        id=number,
        series_id=series,
        season_number=season,
        episode_number=number if episode_number is None else episode_number,
        title=f"Episode {number}",
        airs_at=airs_at,
        monitored=monitored,
        file=file,
        profile=HD,
        now=NOW,
    )


async def sync(database, kind, rows, *, category="cat", source="http://arr", now=NOW):
    generation = catalogue.Generation(database, category, kind)
    await generation.start(source)
    for table, some in rows.items():
        await generation.add(table, some)
    return await generation.commit(now)


async def ids(database, table="movies", category="cat"):
    return {row[0] for row in await database.rows(f"SELECT id FROM {table} WHERE category = ?", (category,))}


async def counts(database, category="cat"):
    sql = "SELECT monitored, available, quality_met, requests FROM catalogue WHERE category = ?"
    return await database.row(sql, (category,))


async def test_the_first_generation_is_hidden_until_it_is_whole(database):
    generation = catalogue.Generation(database, "cat", "radarr")
    await generation.start("http://arr")
    await generation.add("movies", [movie(1)])
    assert await database.row("SELECT synced_at FROM catalogue") == (None,)
    assert await generation.commit(NOW) == (1, 0)
    assert await database.row("SELECT synced_at FROM catalogue") == (NOW,)


async def test_a_generation_that_was_not_committed_changes_nothing(database):
    await sync(database, "radarr", {"movies": [movie(1), movie(2)]})
    generation = catalogue.Generation(database, "cat", "radarr")
    await generation.start("http://arr")
    await generation.add("movies", [movie(3)])
    assert await ids(database) == {1, 2}
    assert await sync(database, "radarr", {"movies": [movie(1), movie(2)]}) == (0, 0)


async def test_a_generation_changes_only_what_differs_and_only_its_category(database):
    await sync(database, "radarr", {"movies": [movie(1)]}, category="other")
    await sync(database, "radarr", {"movies": [movie(n) for n in range(10)]})
    rows = [movie(n) for n in range(1, 9)] + [movie(9, title="Renamed"), movie(10)]
    assert await sync(database, "radarr", {"movies": rows}) == (2, 1)
    assert await ids(database) == set(range(1, 11))
    assert await ids(database, category="other") == {1}


async def test_an_episode_that_changes_its_number_is_moved_not_doubled(database):
    await sync(database, "sonarr", {"episodes": [episode(1), episode(2)]})
    swapped = [episode(1, episode_number=2), episode(2, episode_number=1)]
    assert (await sync(database, "sonarr", {"episodes": swapped})).changed == 2
    assert await database.rows("SELECT id, episode_number FROM episodes ORDER BY id") == [(1, 2), (2, 1)]


async def test_another_source_starts_from_nothing(database):
    await sync(database, "radarr", {"movies": [movie(1), movie(2)]})
    generation = catalogue.Generation(database, "cat", "radarr")
    await generation.start("http://another")
    assert await database.row("SELECT synced_at FROM catalogue") == (None,)
    await generation.add("movies", [movie(7)])
    await generation.commit(NOW)
    assert await ids(database) == {7}


async def test_counts_leave_out_what_is_not_released_and_what_is_not_monitored(database):
    good, poor = FileFacts(5, cutoff_not_met=False, custom_format_score=0), FileFacts(6, True, -5)
    rows = [
        movie(1),  # missing
        movie(2, available=False),  # unreleased
        movie(3, monitored=False),
        movie(4, file=good),
        movie(5, file=poor, available=False),  # there before its time
        movie(6, file=good, monitored=False),
    ]
    await sync(database, "radarr", {"movies": rows})
    assert await counts(database) == (3, 2, 2, 0)


async def test_an_episode_becomes_missing_when_it_has_aired(database):
    episodes = [episode(1, airs_at=NOW + 60), episode(2, airs_at=None)]
    await sync(database, "sonarr", {"series": [show(1)], "episodes": episodes})
    assert await counts(database) == (0, 0, 0, 0)
    assert await database.rows("SELECT missing FROM series") == [(0,)]
    assert await catalogue.release(database, "cat", "sonarr", NOW + 59) == 0
    assert await catalogue.release(database, "cat", "sonarr", NOW + 60) == 1
    assert await counts(database) == (1, 0, 0, 0)
    assert await database.rows("SELECT missing FROM series") == [(1,)]
    assert await database.rows("SELECT id, reason FROM episodes ORDER BY id") == [(1, "Missing"), (2, "Unreleased")]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dictionaries(st.integers(1, 12), st.booleans(), max_size=12), min_size=1, max_size=4))
async def test_after_any_generations_the_catalogue_is_the_last_one(tmp_path_factory, generations):
    path = tmp_path_factory.mktemp("state") / "state.db"
    migrated(path)
    async with open_writer(path) as database:
        for generation in generations:
            await sync(database, "radarr", {"movies": [movie(n, monitored=m) for n, m in generation.items()]})
        found = dict(await database.rows("SELECT id, monitored FROM movies"))
        assert found == {n: int(m) for n, m in generations[-1].items()}
        assert await counts(database) == (sum(generations[-1].values()), 0, 0, 0)


content = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=4)  # monitored, aired, there
replacements = st.lists(st.tuples(st.integers(1, 4), st.none() | content), max_size=12)


def show(number):
    return items.SeriesRow(number, f"Show {number}", f"show {number}", 2000, number, None, True, "HD")


def episodes_of(series, facts):
    there = FileFacts(5, cutoff_not_met=False, custom_format_score=0)
    return [
        episode(
            100 * series + place,
            series=series,
            monitored=monitored,
            airs_at=NOW - 10 if aired else NOW + 10,
            file=there if has_file else None,
        )
        for place, (monitored, aired, has_file) in enumerate(facts)
    ]


@settings(max_examples=40, deadline=None)
@given(initial=st.dictionaries(st.integers(1, 4), content), changes=replacements)
async def test_after_any_replacements_the_counts_are_those_of_a_full_recount(tmp_path_factory, initial, changes):
    path = tmp_path_factory.mktemp("state") / "state.db"
    migrated(path)
    async with open_writer(path) as database:

        async def full(category):
            rows = [row for series, facts in state.items() for row in episodes_of(series, facts)]
            await sync(database, "sonarr", {"series": list(map(show, state)), "episodes": rows}, category=category)

        async def all_counts(category):
            sql = "SELECT items, monitored, available, quality_met, requests FROM catalogue WHERE category = ?"
            return await database.row(sql, (category,))

        state = dict(initial)
        await full("cat")
        for series, facts in changes:
            rows = {}
            state.pop(series, None)
            if facts is not None:
                state[series] = facts
                rows = {"series": [show(series)], "episodes": episodes_of(series, facts)}
            await catalogue.replace_parent(database, "cat", "sonarr", series, rows)
        await full("recount")
        assert await all_counts("cat") == await all_counts("recount")
        flat = [one for facts in state.values() for one in facts]
        monitored = sum(mon and (aired or there) for mon, aired, there in flat)
        available = sum(mon and there for mon, _, there in flat)
        assert (await all_counts("cat"))[:3] == (len(state), monitored, available)
        missing = {series: sum(mon and aired and not there for mon, aired, there in of) for series, of in state.items()}
        for category in ("cat", "recount"):
            counted = await database.rows("SELECT id, missing FROM series WHERE category = ?", (category,))
            assert dict(counted) == missing


@settings(max_examples=40, deadline=None)
@given(
    stored=st.dictionaries(st.integers(1, 9), st.integers(-3, 3)),
    listed=st.dictionaries(st.integers(1, 9), st.integers(-3, 3)),
)
async def test_fingerprints_that_differ_are_found(tmp_path_factory, stored, listed):
    path = tmp_path_factory.mktemp("state") / "state.db"
    migrated(path)
    async with open_writer(path) as database:
        rows = [replace(show(number), fingerprint=fingerprint) for number, fingerprint in stored.items()]
        await sync(database, "sonarr", {"series": rows, "episodes": []})
        assert await catalogue.fingerprints(database, "cat", "sonarr", list(range(1, 10))) == stored
        comparison = catalogue.Comparison(database, "cat", "sonarr")
        await comparison.add(list(listed.items()))
        other = {number: found for number, found in listed.items() if stored.get(number) != found}
        gone = dict.fromkeys(stored.keys() - listed.keys()) if listed else {}
        assert await comparison.differences(100) == other | gone


async def test_a_long_list_is_compared_without_a_write(database):
    number = 2 * catalogue.BATCH_ROWS + 1
    await sync(database, "radarr", {"movies": [movie(n) for n in range(number)]})
    stored = await catalogue.fingerprints(database, "cat", "radarr", range(number))
    gone, changed, added = {0, 2500, number - 1}, {7, 2501}, {number + 5}
    listed = {n: f for n, f in stored.items() if n not in gone} | dict.fromkeys(changed | added, -1)
    writes = []
    database.on_write = writes.append
    comparison = catalogue.Comparison(database, "cat", "radarr")
    places = list(listed.items())
    for start in range(0, len(places), 7):
        await comparison.add(places[start : start + 7])
    found = await comparison.differences(100)
    assert found == dict.fromkeys(gone) | dict.fromkeys(changed | added, -1)
    assert len(await comparison.differences(4)) == 4
    assert not writes


async def test_an_id_that_is_listed_twice_is_as_it_is_listed_last(database):
    await sync(database, "radarr", {"movies": [movie(1), movie(2)]})
    stored = await catalogue.fingerprints(database, "cat", "radarr", [1, 2])
    comparison = catalogue.Comparison(database, "cat", "radarr")
    for pairs in ([(1, -1), (2, stored[2])], [(number, -9) for number in range(10, 600)], [(1, stored[1]), (2, -1)]):
        await comparison.add(pairs)
    assert (await comparison.differences(1)).keys() <= {2, *range(10, 600)}
    found = await comparison.differences(1000)
    assert found == {2: -1} | dict.fromkeys(range(10, 600), -9)


async def test_large_first_generation_is_written_in_batches(database):
    number = catalogue.BATCH_ROWS * 2 + 1
    assert await sync(database, "radarr", {"movies": [movie(n) for n in range(number)]}) == (number, 0)
    assert len(await ids(database)) == number


async def test_rows_that_come_a_few_at_a_time_are_staged_many_together(database, monkeypatch):
    staged, write_many = [], database.write_many

    async def counted(sql, rows):
        staged.append(len(rows))
        await write_many(sql, rows)

    monkeypatch.setattr(database, "write_many", counted)
    generation = catalogue.Generation(database, "cat", "sonarr")
    await generation.start("http://arr")
    numbers = range(catalogue.BATCH_ROWS + 50)
    for number in numbers:
        await generation.add("episodes", [episode(number)])
    assert (await generation.commit(NOW)).changed == len(numbers)
    assert staged == [catalogue.BATCH_ROWS, 50]
    assert await ids(database, "episodes") == set(numbers)


def scored(score):
    return FileFacts(1, custom_format_score=score, cutoff_not_met=False)


async def test_the_score_of_the_file_and_the_least_of_the_profile(database):
    strict = HD._replace(min_format_score=-5)
    await sync(
        database,
        "radarr",
        {"movies": [movie(n, file=file, profile=strict) for n, file in ((1, scored(30)), (2, None), (3, scored(-7)))]},
    )
    found = await catalogue.scores(database, "cat", "radarr", [1, 2, 3, 3, 99])
    assert found == {1: StoredScores(30, -5), 2: StoredScores(None, -5), 3: StoredScores(-7, -5)}
    assert await catalogue.scores(database, "other", "radarr", [1]) == {}


async def test_scores_of_more_items_than_one_question_holds(database):
    await sync(database, "radarr", {"movies": [movie(n) for n in range(1, 1202)]})
    assert len(await catalogue.scores(database, "cat", "radarr", range(1, 1202))) == 1201


async def test_lidarr_tells_no_scores(database):
    assert await catalogue.scores(database, "music", "lidarr", [1]) == {}


async def test_no_items_have_no_scores(database):
    assert await catalogue.scores(database, "cat", "radarr", []) == {}


@pytest.mark.parametrize("changes", [{1: {}}, {2: {"monitored": False}}, {3: {"episode_number": 99}}])
async def test_of_a_changed_series_only_rows_that_differ_are_written(tmp_path, changes):
    async with open_writer(migrated(tmp_path / "state.db")) as database:
        await sync(database, "sonarr", {"series": [show(1)], "episodes": [episode(n) for n in range(1, 100)]})
        await database.write("CREATE TEMP TABLE written (id INTEGER)")
        for event, row in (("INSERT", "new"), ("DELETE", "old")):
            await database.write(
                f"CREATE TEMP TRIGGER on_{event} AFTER {event} ON main.episodes "
                f"BEGIN INSERT INTO written VALUES ({row}.id); END"
            )
        rows = [episode(number, **changes.get(number, {})) for number in range(1, 100)]
        await catalogue.replace_parent(database, "cat", "sonarr", 1, {"series": [show(1)], "episodes": rows})
        written = {row[0] for row in await database.rows("SELECT id FROM temp.written")}
        assert written == {number for number, change in changes.items() if change}
        stored = await database.rows("SELECT id, episode_number, monitored FROM episodes ORDER BY id")
        assert stored == [(row.id, row.episode_number, row.monitored) for row in rows]


async def work_of(database, change):
    """The instructions that SQLite runs for a change, in tens."""
    tens = 0

    def count():
        nonlocal tens
        tens += 1

    connection = database._connection
    await connection.set_progress_handler(count, 10)
    await change()
    await connection.set_progress_handler(None, 10)
    return tens


def artist(number):
    return items.ArtistRow(number, f"Artist {number}", f"artist {number}", None, True, "HD")


def album(number, artist_id):
    return items.album(
        id=number,
        artist_id=artist_id,
        title=f"Album {number}",
        released_at=NOW - 10,
        monitored=True,
        track_count=1,
        track_file_count=0,
        below_cutoff=False,
        profile=HD,
        now=NOW,
    )


LIBRARIES = {
    "radarr": lambda number: {"movies": [movie(number)]},
    "sonarr": lambda number: {"series": [show(number)], "episodes": [episode(number, series=number)]},
    "lidarr": lambda number: {"artists": [artist(number)], "albums": [album(number, number)]},
}


@pytest.mark.parametrize("kind", LIBRARIES)
async def test_a_change_costs_the_same_in_a_large_library(tmp_path, kind):
    work = []
    change = {table: [replace(row, title="Renamed") for row in rows] for table, rows in LIBRARIES[kind](5).items()}
    for size in (10, 2_000):
        async with open_writer(migrated(tmp_path / f"{size}.db")) as database:
            rows = [LIBRARIES[kind](number) for number in range(1, size + 1)]
            await sync(database, kind, {table: [row for one in rows for row in one[table]] for table in rows[0]})
            replacing = partial(catalogue.replace_parent, database, "cat", kind, 5, change)
            work.append(await work_of(database, replacing))
    assert work[1] < 2 * work[0]


async def test_pages_are_kept_in_memory_only_while_a_generation_is_written(database, monkeypatch):
    async def cached_pages():
        return await database.row("PRAGMA cache_size")

    before, fill, inside = await cached_pages(), catalogue.Generation._fill, []

    async def observed(generation, now):
        inside.append(await cached_pages())
        return await fill(generation, now)

    monkeypatch.setattr(catalogue.Generation, "_fill", observed)
    await sync(database, "radarr", {"movies": [movie(1)]})
    assert inside < [before]  # negative: in KiB
    assert await cached_pages() == before
