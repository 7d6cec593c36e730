"""What is stored of torrents follows the name of their qBittorrent."""

import sqlite3
from contextlib import closing

import pytest

from qbitrr.errors import StateError
from qbitrr.state.instances import follow_names, renames
from tests.support.state import migrated

NOW = 1_700_000_000.0
HOME, NAS = "http://localhost:8080", "http://nas:8080"


@pytest.fixture
def path(tmp_path):
    return migrated(tmp_path / "state.db")


def run(path, sql, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(sql, values).fetchall()


def done(path, instance, state, infohash="a", category="movies"):
    run(
        path,
        "INSERT INTO ledger (category, instance, infohash, name, added_at, action, rule, because, facts, state, step,"
        " notes, planned_at, updated_at)"
        " VALUES (?, ?, ?, 'Some', 1.0, 'import', 'finished', '', '{}', ?, '', '{}', 1, 1)",
        category,
        instance,
        infohash,
        state,
    )


def stored(path, instance, infohash="a", category="movies"):
    run(
        path,
        "INSERT INTO torrents (category, instance, infohash, added_at, qbit_category) VALUES (?, ?, ?, 1.0, 'movies')",
        category,
        instance,
        infohash,
    )


@pytest.mark.parametrize(
    ("known", "present", "found"),
    [
        ({"qBit": HOME}, {"qBit-nas": HOME}, {"qBit": "qBit-nas"}),
        ({"qBit": HOME}, {"qBit": HOME}, {}),
        ({"qBit": HOME}, {"qBit": NAS}, {}),
        ({"qBit": HOME}, {"qBit-nas": NAS}, {}),
        ({"qBit": HOME}, {}, {}),
        ({"qBit": ""}, {"qBit-nas": ""}, {}),
        ({"qBit": HOME}, {"qBit": "", "qBit-nas": HOME}, {}),
        ({}, {"qBit": HOME}, {}),
        ({"qBit": HOME}, {"qBit": HOME, "qBit-nas": HOME}, {}),
        ({"qBit": HOME}, {"qBit-a": HOME, "qBit-b": HOME}, {}),
        ({"qBit-a": HOME, "qBit-b": HOME}, {"qBit": HOME}, {}),
        ({"qBit": HOME, "qBit-nas": NAS}, {"qBit-a": NAS, "qBit-b": HOME}, {"qBit": "qBit-b", "qBit-nas": "qBit-a"}),
        ({"qBit": HOME, "qBit-nas": NAS}, {"qBit": NAS, "qBit-nas": HOME}, {}),
    ],
)
def test_only_what_is_gone_and_what_is_new_at_the_same_address_are_the_same(known, present, found):
    assert renames(known, present) == found


def test_everything_of_a_qbittorrent_follows_its_name_and_returns(path):
    assert follow_names(path, {"qBit": HOME, "qBit-nas": NAS}, NOW) == {}
    for instance in ("qBit", "qBit-nas"):
        done(path, instance, "planned")
        stored(path, instance)
    stored(path, "qBit", category="qBit")  # of its own worker
    run(path, "INSERT INTO breakers (category, counted_since) VALUES ('qBit', 1.0)")
    run(path, "INSERT INTO paused_downloads VALUES ('qBit', 'a', 1.0, 1.0)")
    whole = {
        table: run(path, f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in ("ledger", "torrents", "breakers")
    }

    assert follow_names(path, {"qBit-desk": HOME, "qBit-nas": NAS}, NOW) == {"qBit": "qBit-desk"}
    assert run(path, "SELECT instance, state FROM ledger ORDER BY id") == [
        ("qBit-desk", "planned"),
        ("qBit-nas", "planned"),
    ]
    assert run(path, "SELECT category, instance FROM torrents ORDER BY 1, 2") == [
        ("movies", "qBit-desk"),
        ("movies", "qBit-nas"),
        ("qBit-desk", "qBit-desk"),
    ]
    assert run(path, "SELECT category FROM breakers") == [("qBit-desk",)]
    assert run(path, "SELECT instance FROM paused_downloads") == [("qBit-desk",)]

    assert follow_names(path, {"qBit": HOME, "qBit-nas": NAS}, NOW) == {"qBit-desk": "qBit"}
    for table, rows in whole.items():
        assert run(path, f"SELECT * FROM {table} ORDER BY 1, 2, 3") == rows


def test_a_section_that_was_away_for_a_while_is_known_by_its_address(path):
    follow_names(path, {"qBit": HOME}, NOW)
    stored(path, "qBit")
    assert follow_names(path, {}, NOW) == {}
    assert follow_names(path, {"qBit-desk": HOME}, NOW) == {"qBit": "qBit-desk"}
    assert run(path, "SELECT instance FROM torrents") == [("qBit-desk",)]
    assert follow_names(path, {"qBit-desk": HOME}, NOW) == {}


def test_a_section_is_forgotten_once_nothing_is_stored_of_its_torrents(path):
    follow_names(path, {"qBit": HOME, "qBit-nas": NAS}, NOW)
    stored(path, "qBit-nas")
    follow_names(path, {}, NOW)
    assert run(path, "SELECT instance FROM instances") == [("qBit-nas",)]


def test_an_address_that_is_not_known_at_the_moment_stays(path):
    follow_names(path, {"qBit": HOME}, NOW)
    stored(path, "qBit")
    follow_names(path, {"qBit": ""}, NOW)
    assert follow_names(path, {"qBit-desk": HOME}, NOW) == {"qBit": "qBit-desk"}


def test_another_address_is_only_noted(path):
    follow_names(path, {"qBit": HOME}, NOW)
    follow_names(path, {"qBit": NAS}, NOW)
    stored(path, "qBit")
    assert follow_names(path, {"qBit-desk": HOME}, NOW) == {}
    assert run(path, "SELECT instance FROM torrents") == [("qBit",)]


def test_what_an_earlier_section_of_that_name_left_makes_way(path):
    follow_names(path, {"qBit": HOME}, NOW)
    done(path, "qBit-desk", "planned")  # of a section that was removed
    stored(path, "qBit-desk")
    done(path, "qBit", "awaiting_approval")
    stored(path, "qBit")
    follow_names(path, {"qBit-desk": HOME}, NOW)
    assert run(path, "SELECT state FROM ledger ORDER BY id") == [("cancelled",), ("awaiting_approval",)]
    assert run(path, "SELECT count(*) FROM torrents") == [(1,)]


def test_a_file_that_cannot_be_written_is_named_and_left_alone(path):
    follow_names(path, {"qBit": HOME}, NOW)
    stored(path, "qBit")
    run(path, "CREATE TRIGGER broken BEFORE UPDATE ON torrents BEGIN SELECT raise(ABORT, 'disk'); END")
    done(path, "qBit", "done")
    with pytest.raises(StateError, match=r"state\.db cannot be followed"):
        follow_names(path, {"qBit-desk": HOME}, NOW)
    assert run(path, "SELECT instance FROM ledger") == [("qBit",)]
    assert run(path, "SELECT instance FROM instances") == [("qBit",)]
