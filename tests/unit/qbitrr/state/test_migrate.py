import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from qbitrr.clock import Clock
from qbitrr.daemon import prepare_state
from qbitrr.errors import StateError, StateTooNewError
from qbitrr.http import progress
from qbitrr.state import (
    backup,
    catalogue,
    free_space,
    integrity,
    ledger,
    listing,
    migrate,
    retry_after,
    searches,
    shadow,
    torrents,
)
from qbitrr.state.database import open_writer
from qbitrr.state.torrents import StoredFileCheck, StoredRefusals, StoredSeedingTime, StoredStrikes, StoredTorrent
from tests.unit.qbitrr.state.entries import plan

HASH = "a" * 40

FIRST = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);"
SECOND = "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;"


def read(path, sql="SELECT * FROM a"):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_a_new_file_is_created_and_only_its_owner_may_read_it(tmp_path):
    path = tmp_path / "state.db"
    assert migrate.prepare(path) == 0
    assert migrate.prepare(path) == len(migrate.migrations())
    assert path.stat().st_mode & 0o777 == 0o600


def transactions(path):
    return int.from_bytes(path.read_bytes()[24:28])  # the file change counter of SQLite's file format


def test_all_migrations_of_a_file_are_one_transaction(tmp_path):
    one, all_of_them = tmp_path / "one.db", tmp_path / "all.db"
    migrate.prepare(one, [FIRST])
    migrate.prepare(all_of_them)
    assert transactions(all_of_them) == transactions(one)


def test_a_new_file_whose_migration_fails_holds_nothing_of_it(tmp_path):
    path = tmp_path / "state.db"
    with pytest.raises(StateError, match="no such table: missing"):
        migrate.prepare(path, [FIRST, "DELETE FROM missing;"])
    assert read(path, "SELECT name FROM sqlite_schema") == []
    assert migrate.prepare(path, [FIRST]) == 0


def test_a_migration_is_due_for_an_older_file_only(tmp_path):
    path = tmp_path / "state.db"
    assert not migrate.is_due(path, [FIRST])
    migrate.prepare(path, [FIRST])
    assert not migrate.is_due(path, [FIRST])
    assert migrate.is_due(path, [FIRST, SECOND])


def test_rows_survive_a_migration(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, [FIRST])
    assert migrate.prepare(path, [FIRST, SECOND]) == 1
    assert read(path) == [(1, 2)]
    assert {p.name for p in tmp_path.iterdir()} == {"state.db"}


def test_what_is_still_in_the_write_ahead_log_is_migrated_too(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, [FIRST])
    with closing(sqlite3.connect(path, isolation_level=None)) as crashed:
        crashed.execute("PRAGMA journal_mode = WAL")
        crashed.execute("INSERT INTO a VALUES (5)")
        assert migrate.prepare(path, [FIRST, SECOND]) == 1
    assert read(path) == [(1, 2), (5, 6)]


class Killed(BaseException):
    """The end of the process."""


def killed(*_):
    raise Killed


@pytest.mark.parametrize("old", [False, True])
def test_what_another_program_keeps_in_the_log_is_not_lost_by_a_kill(tmp_path, monkeypatch, old):
    """`old`: it reads what was there before the last commit, which cannot be written to the file meanwhile."""
    path = tmp_path / "state.db"
    migrate.prepare(path, [FIRST])
    monkeypatch.setattr(migrate, "BUSY_SECONDS", 0.0)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as writer,
        closing(sqlite3.connect(path, isolation_level=None)) as reader,
    ):
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO a VALUES (2)")
        if old:
            reader.execute("BEGIN").execute("SELECT * FROM a").fetchall()
        writer.execute("INSERT INTO a VALUES (5)")
        if not old:
            reader.execute("BEGIN").execute("SELECT * FROM a").fetchall()
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", killed)
            with pytest.raises(StateError if old else Killed, match=r"another program|^$"):
                migrate.prepare(path, [FIRST, SECOND])
        assert read(path) == [(1,), (2,), (5,)]
    assert migrate.prepare(path, [FIRST, SECOND]) == 1
    assert read(path) == [(1, 2), (2, 3), (5, 6)]
    assert {p.name for p in tmp_path.iterdir()} == {"state.db"}


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, [FIRST])
    with pytest.raises(StateError, match="no such table: missing"):
        migrate.prepare(path, [FIRST, SECOND + "DELETE FROM missing;"])
    assert read(path) == [(1,)]
    assert read(path, "PRAGMA user_version") == [(1,)]
    assert {p.name for p in tmp_path.iterdir()} == {"state.db"}


def test_a_file_of_a_newer_version_is_refused_and_untouched(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, [FIRST, SECOND])
    with pytest.raises(StateTooNewError, match="install the newer version"):
        migrate.prepare(path, [FIRST])
    assert read(path) == [(1, 2)]


def test_what_is_no_database_is_refused_and_untouched(tmp_path):
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StateError):
        migrate.prepare(path)
    assert path.read_bytes().startswith(b"not a database")


BEFORE_STATES = 9  # the last version in which an action that came to nothing was `held`


def old_file(path, statements):
    migrate.prepare(path, migrate.migrations()[:BEFORE_STATES])
    with closing(sqlite3.connect(path)) as connection, connection:
        for sql, *rows in statements:
            connection.executemany(sql, rows)


def entry(number, action, state, step, outcome=None):
    return (number, f"{number:040}", action, state, step, outcome)


OLD_LEDGER = (
    "INSERT INTO ledger VALUES (?, 'movies', 'qBit', ?, 'A', 1.5, ?, 'r', 'b', '{\"x\": 1}', ?, ?, '{}', ?, 2, 3)"
)


def test_states_and_actions_of_the_ledger_get_their_names(tmp_path):
    path = tmp_path / "state.db"
    old = [
        (entry(1, "fail", "planned", "awaiting approval"), ("fail", "awaiting_approval", "planned")),
        (entry(2, "fail", "planned", "planned"), ("fail", "planned", "planned")),
        (entry(3, "remove", "planned", "quarantined"), ("remove", "planned", "quarantined")),
        (entry(4, "fail", "held", "awaiting approval", "no"), ("fail", "cancelled", "planned")),
        (entry(5, "import", "held", "sent", "no"), ("import", "cancelled", "sent")),
        (entry(6, "hold", "done", "planned", "stopped"), ("pause", "done", "planned")),
        (entry(7, "release", "failed", "planned", "no"), ("resume", "failed", "planned")),
        (entry(9, "fail", "undone", "deleted", "yes"), ("fail", "undone", "deleted")),
    ]
    old_file(path, [(OLD_LEDGER, *(row for row, _ in old))])
    assert migrate.prepare(path) == BEFORE_STATES
    assert read(path, "SELECT action, state, step FROM ledger ORDER BY id") == [now for _, now in old]
    rows = (
        "SELECT id, infohash, name, added_at, rule, because, facts, notes, outcome, planned_at, updated_at FROM ledger"
    )
    assert read(path, f"{rows} ORDER BY id") == [
        (row[0], row[1], "A", 1.5, "r", "b", '{"x": 1}', "{}", row[5], 2, 3) for row, _ in old
    ]


async def test_the_migrated_ledger_takes_up_where_it_was(tmp_path):
    path = tmp_path / "state.db"
    old_file(path, [(OLD_LEDGER, entry(7, "fail", "planned", "awaiting approval"), entry(9, "fail", "held", "sent"))])
    migrate.prepare(path)
    async with open_writer(path) as database:
        (waiting,) = await ledger.open_entries(database, "movies")
        assert (waiting.id, waiting.state, waiting.facts) == (7, "awaiting_approval", {"x": 1})
        assert await plan(database, infohash=waiting.infohash) is None
        assert (await plan(database)).id == 10
        with pytest.raises(sqlite3.IntegrityError):
            await database.write("UPDATE ledger SET state = 'held'")


async def test_what_was_stored_of_torrents_is_kept_under_the_new_names(tmp_path):
    path = tmp_path / "state.db"
    old_file(
        path,
        [
            ("INSERT INTO torrents VALUES ('tv', 'qBit', ?, 1.5, 'tv/anime', 'seen')", (HASH,)),
            ("INSERT INTO clocks VALUES ('tv', 'qBit', ?, 'stalled', 1.5, 60.5, 3, 500)", (HASH,)),
            ("INSERT INTO refusals VALUES ('tv', 'qBit', ?, 'host', 'listed', 1.5, 2, 3.0, 4.0)", (HASH,)),
            ("INSERT INTO seeding_times VALUES ('tv', 'qBit', ?, 1.5, 99.0)", (HASH,)),
            ("INSERT INTO would VALUES (1, 'tv', 'qBit', ?, 'A', 1.5, 'fail', 'r', 'b', '{}', 2.0, NULL)", (HASH,)),
            ("INSERT INTO holds VALUES ('qBit', ?, 1.5, 2.0)", (HASH,)),
            ("INSERT INTO quiet_times VALUES ('tv', 600.0, 1000.0, 50.0)", ()),
            ("INSERT INTO activity VALUES ('tv', 'Show S01: missing', 5.0)", ()),
        ],
    )
    migrate.prepare(path)
    key = ("qBit", HASH)
    async with open_writer(path) as database:
        assert await torrents.read(database, "tv", StoredTorrent) == [StoredTorrent(*key, 1.5, "tv/anime")]
        assert await torrents.read(database, "tv", StoredFileCheck) == [StoredFileCheck(*key, 1.5, "seen")]
        assert await torrents.read(database, "tv", StoredStrikes) == [StoredStrikes(*key, "stalled", 1.5, 60.5, 3, 500)]
        refusals = [StoredRefusals(*key, "host", "listed", 1.5, 2, 3.0, 4.0)]
        assert await torrents.read(database, "tv", StoredRefusals) == refusals
        assert await torrents.read(database, "tv", StoredSeedingTime) == [StoredSeedingTime(*key, 1.5, 99.0)]
        (kept,) = await shadow.page(database, 9, ledger.LedgerFilter())
        assert (kept.id, kept.key, kept.decided_at, kept.gone_at) == (1, key, 2.0, None)
        assert not await shadow.record(database, kept, 9.0)  # each once
        assert await free_space.paused(database, "qBit") == {HASH: 1.5}
        assert await retry_after.seconds_left(database, "tv", Clock(lambda: 1000.0, lambda: 50.0)) == 600
        assert await searches.last(database, "tv") == ("Show S01: missing", 5.0)


async def test_movies_series_and_artists_are_compared_as_before(tmp_path):
    path = tmp_path / "state.db"
    catalogue_of = "INSERT INTO catalogue (category, kind, source, synced_at) VALUES ('c', ?, 'http://arr', 1.0)"
    movies = """INSERT INTO movies (category, id, title, sort_title, year, tmdb_id, monitored, released, has_file,
                    quality_met, custom_format_met, upgrade, is_request, quality_profile, mark)
                VALUES ('c', ?, 'A', 'a', 1, 1, 1, 1, 1, 1, 1, 0, 0, 'HD', ?)"""
    series = """INSERT INTO series (category, id, title, sort_title, year, tvdb_id, monitored, mark)
                VALUES ('c', 1, 'A', 'a', 1, 1, 1, ?)"""
    artists = """INSERT INTO artists (category, id, title, sort_title, monitored, mark)
                 VALUES ('c', 1, 'A', 'a', 1, ?)"""
    rows = [(catalogue_of, ("radarr",)), (movies, (1, 77), (2, -5)), (series, (8,)), (artists, (9,))]
    old_file(path, rows)
    migrate.prepare(path)
    async with open_writer(path) as database:
        assert await catalogue.fingerprints(database, "c", "radarr", [1, 2]) == {1: 77, 2: -5}
        assert await catalogue.fingerprints(database, "c", "sonarr", [1]) == {1: 8}
        assert await catalogue.fingerprints(database, "c", "lidarr", [1]) == {1: 9}
        found = await listing.movies(database, "c", "a", listing.MovieFilter(), listing.PageRange(0, 9))
        assert [row.id for row in found.rows] == [1, 2]


BEFORE_FILES_OF_ARTISTS = 10


def test_series_have_no_seasons_and_artists_no_files_until_they_are_read_again(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, migrate.migrations()[:BEFORE_FILES_OF_ARTISTS])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO series (category, id, title, sort_title, year, tvdb_id, monitored)"
            " VALUES ('tv', 1, 'Show', 'show', 2020, 7, 1)"
        )
        connection.execute(
            "INSERT INTO artists (category, id, title, sort_title, monitored, fingerprint)"
            " VALUES ('music', 2, 'Band', 'band', 1, 99)"
        )
    assert migrate.prepare(path) == BEFORE_FILES_OF_ARTISTS
    assert read(path, "SELECT id, title, unmonitored_seasons FROM series") == [(1, "Show", "")]
    assert read(path, "SELECT id, fingerprint FROM artists") == [(2, 99)]
    assert read(path, "SELECT * FROM artist_files") == []


BEFORE_TOTALS = 12


def test_what_was_done_before_is_counted_and_comes_before_what_changes_from_now_on(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, migrate.migrations()[:BEFORE_TOTALS])
    columns = (
        "category, instance, infohash, name, added_at, action, rule, because, facts, state, step, notes, "
        "planned_at, updated_at"
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        for infohash, state in (("a", "done"), ("b", "done"), ("c", "planned")):
            connection.execute(
                f"INSERT INTO ledger ({columns}) VALUES "
                f"('movies', 'qBit', '{infohash}', 'A', 1, 'fail', 'stalled', '', '{{}}', '{state}', '', '{{}}', 2, 3)"
            )
    migrate.prepare(path)
    totals = [("movies", "fail", "stalled", "done", 2), ("movies", "fail", "stalled", "planned", 1)]
    assert read(path, "SELECT * FROM ledger_totals ORDER BY state") == totals
    assert read(path, "SELECT number FROM ledger_changes") == [(3,)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE ledger SET state = 'done' WHERE infohash = 'c'")
    assert read(path, "SELECT change FROM ledger WHERE infohash = 'c'") == [(4,)]


BEFORE_WHAT_IS_MISSING = 21


def test_what_is_missing_of_series_and_artists_is_counted(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, migrate.migrations()[:BEFORE_WHAT_IS_MISSING])
    parts = [(1, 1, 1, 0), (1, 1, 1, 0), (1, 1, 1, 1), (1, 0, 1, 0), (1, 1, 0, 0), (2, 1, 1, 1)]
    with closing(sqlite3.connect(path)) as connection, connection:
        for number in (1, 2):
            connection.execute(
                "INSERT INTO series (category, id, title, sort_title, year, tvdb_id, monitored)"
                " VALUES ('tv', ?, 'Show', 'show', 2020, 7, 1)",
                (number,),
            )
            connection.execute(
                "INSERT INTO artists (category, id, title, sort_title, monitored, fingerprint)"
                " VALUES ('music', ?, 'Band', 'band', 1, 99)",
                (number,),
            )
        connection.executemany(
            "INSERT INTO episodes (category, id, series_id, season_number, episode_number, title, monitored, released,"
            " has_file, quality_met, custom_format_met, upgrade, is_request)"
            " VALUES ('tv', ?, ?, 1, 1, '', ?, ?, ?, 0, 0, 0, 0)",
            [(number, *part) for number, part in enumerate(parts)],
        )
        connection.executemany(
            "INSERT INTO albums (category, id, artist_id, title, monitored, released, has_file, track_count,"
            " track_file_count, quality_met, upgrade, is_request)"
            " VALUES ('music', ?, ?, '', ?, ?, ?, 1, 0, 0, 0, 0)",
            [(number, *part) for number, part in enumerate(parts)],
        )
    assert migrate.prepare(path) == BEFORE_WHAT_IS_MISSING
    assert read(path, "SELECT id, missing FROM series ORDER BY id") == [(1, 2), (2, 0)]
    assert read(path, "SELECT id, missing FROM artists ORDER BY id") == [(1, 2), (2, 0)]


BEFORE_TAGS = 26


def test_tags_are_not_known_until_the_library_is_read_again(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, migrate.migrations()[:BEFORE_TAGS])
    rows = {
        "movies": "title, sort_title, year, tmdb_id, monitored, released, has_file, quality_met, custom_format_met,"
        " upgrade, is_request) VALUES ('cat', 1, 'A', 'a', 2020, 7, 1, 1, 0, 0, 0, 0, 0)",
        "series": "title, sort_title, year, tvdb_id, monitored) VALUES ('cat', 1, 'A', 'a', 2020, 7, 1)",
        "artists": "title, sort_title, monitored) VALUES ('cat', 1, 'A', 'a', 1)",
    }
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, row in rows.items():
            connection.execute(f"INSERT INTO {table} (category, id, {row}")
    assert migrate.prepare(path) == BEFORE_TAGS
    for table in rows:
        assert read(path, f"SELECT title, tags FROM {table}") == [("A", None)]


BEFORE_SEARCHING = 27


def test_a_search_of_before_is_repeated_as_it_would_have_been(tmp_path):
    path = tmp_path / "state.db"
    migrate.prepare(path, migrate.migrations()[:BEFORE_SEARCHING])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO searches VALUES ('cat', 7, 1000.0, 3, 900.0)")
    assert migrate.prepare(path) == BEFORE_SEARCHING
    assert read(path, "SELECT * FROM searches") == [("cat", 7, 1000.0, 3, 900.0, None)]
    assert read(path, "SELECT * FROM season_searches") == read(path, "SELECT * FROM indexer_outages") == []


def test_departures_from_before_say_that_it_is_not_known_what_was_seen_last(tmp_path):
    path = tmp_path / "state.db"
    scripts = migrate.migrations()
    before = next(n for n, script in enumerate(scripts) if "ALTER TABLE departures" in script)
    migrate.prepare(path, scripts[:before])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO departures (category, instance, infohash, name, added_at, left_at)"
            " VALUES ('movies', 'qBit', 'a', 'A', 1.0, 2.0)"
        )
    assert migrate.prepare(path) == before
    assert read(path, "SELECT infohash, left_at, seen_at, state, moved_to, rule FROM departures") == [
        ("a", 2.0, None, "", None, None)
    ]


def test_every_migration_has_a_number_of_its_own():
    names = sorted(path.name for path in (Path(migrate.__file__).parent / "migrations").glob("*.sql"))
    assert [name.partition("_")[0] for name in names] == [f"{number:03}" for number in range(1, len(names) + 1)]


@pytest.mark.parametrize("module", [integrity, backup, migrate])
def test_each_part_of_a_preparation_reports_that_it_got_further(tmp_path, monkeypatch, module):
    """By that a service manager is asked for more time: large files on slow disks take long."""
    for other in (integrity, backup, migrate):
        monkeypatch.setattr(other, "STEPS_AT_ONCE", 10 if other is module else 10**9)
    monkeypatch.setattr(migrate, "_PAGES_AT_ONCE", 10 if module is migrate else -1)
    path = tmp_path / "state.db"
    migrate.prepare(path, migrate.migrations()[:-1])
    reports = []
    with progress.observed(lambda: reports.append(module)):
        prepare_state(path)
    assert len(reports) > 10
