"""The index of titles is built again when it is damaged, and nothing else is touched."""

from __future__ import annotations

import contextlib
import sqlite3
from types import SimpleNamespace

import pytest

from qbitrr.errors import StateError
from qbitrr.state import migrate, title_index
from qbitrr.state.integrity import damage_of, is_damage
from tests.support.state import migrated

TITLES = [f"{word} of {place}" for word in ("light", "shadow", "song") for place in ("brimgard", "orlen", "vasht")]
SHADOWS = {
    "structure": "UPDATE titles_by_part_data SET block = zeroblob(9) WHERE id = 10",
    "averages": "UPDATE titles_by_part_data SET block = x'ff' WHERE id = 1",
    "parts": "UPDATE titles_by_part_data SET block = randomblob(length(block)) WHERE id > 10",
    "all but the structure": "DELETE FROM titles_by_part_data WHERE id > 10",
    "all": "DELETE FROM titles_by_part_data",
    "unreadable": "UPDATE titles_by_part_data SET block = x'ffffffffffffffffff' WHERE id = 10",
    "gone": "DROP TABLE titles_by_part_data",
    "sizes": "DELETE FROM titles_by_part_docsize",
    "settings": "DELETE FROM titles_by_part_config",
}


@pytest.fixture
def state_file(tmp_path):
    path = migrated(tmp_path / "state.db")
    with opened(path) as connection:
        for number, title in enumerate(TITLES, 1):
            add(connection, number, title)
        connection.execute("INSERT INTO searches (category, id, at, tries) VALUES ('radarr', 7, 1.0, 1)")
    return path


@contextlib.contextmanager
def opened(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def add(connection, number, title):
    sql = "INSERT INTO titles (kind, category, id, sort_title) VALUES ('movies', 'radarr', ?, ?)"
    connection.execute(sql, (number, title))


def found(path, part):
    sql = "SELECT id FROM titles WHERE number IN (SELECT rowid FROM titles_by_part WHERE titles_by_part MATCH ?)"
    with opened(path) as connection:
        return [number for (number,) in connection.execute(sql, (f'"{part}"',))]


def tables(path):
    with opened(path) as connection:
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in ("titles", "searches")}


def test_a_sound_index_is_left_alone(state_file):
    before = state_file.read_bytes()
    assert title_index.mend(state_file) is None
    assert state_file.read_bytes() == before


@pytest.mark.parametrize("damage", SHADOWS)
def test_a_damaged_index_is_built_again_once_and_nothing_else_changes(state_file, damage):
    before = tables(state_file)
    with opened(state_file) as connection:
        connection.execute(SHADOWS[damage])
    assert damage_of(state_file) is None  # no reason to restore a copy, which lacks what came after it
    assert title_index.mend(state_file)
    assert title_index.mend(state_file) is None
    assert tables(state_file) == before
    assert found(state_file, "brimgard") == [1, 4, 7]
    with opened(state_file) as connection:
        add(connection, 100, "a song of brimgard")
    assert found(state_file, "song of brimgard") == [7, 100]


def test_titles_that_the_index_lacks_are_in_it_again(state_file):
    with opened(state_file) as connection:
        connection.execute("INSERT INTO titles_by_part (titles_by_part) VALUES ('delete-all')")
    assert found(state_file, "brimgard") == []
    assert title_index.mend(state_file)
    assert found(state_file, "brimgard") == [1, 4, 7]


@pytest.mark.parametrize("damage", ["structure", "unreadable", "all", "gone", "settings"])
def test_a_writer_meets_the_damage_as_that_of_the_file(state_file, damage):
    with opened(state_file) as connection:
        connection.execute(SHADOWS[damage])
    with opened(state_file) as connection, pytest.raises(sqlite3.DatabaseError) as raised:
        add(connection, 100, "another")
    assert is_damage(raised.value)


def test_a_constraint_of_the_schema_is_no_damage(state_file):
    with opened(state_file) as connection, pytest.raises(sqlite3.IntegrityError) as raised:
        add(connection, 1, TITLES[0])
    assert not is_damage(raised.value)


def test_a_file_from_before_the_index_and_one_that_is_not_there_have_no_damage(tmp_path):
    path = tmp_path / "state.db"
    assert title_index.mend(path) is None
    assert not path.exists()
    migrate.prepare(path, migrate.migrations()[:1])
    assert title_index.mend(path) is None


def test_a_file_that_cannot_be_written_is_said_so(state_file):
    with opened(state_file) as blocking:
        blocking.execute("BEGIN IMMEDIATE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(title_index, "BUSY_SECONDS", 0.01)
            with pytest.raises(StateError, match="index of titles cannot be checked or built: database is locked"):
                title_index.mend(state_file)


@pytest.mark.parametrize(
    ("found", "damage"),
    [
        ("ok", None),
        ("malformed inverted index for FTS5 table main.titles_by_part", None),
        ("unable to validate the inverted index for FTS5 table main.titles_by_part: database is locked", None),
        (
            "Tree 5 page 9: btreeInitPage() returns error code 11",
            "Tree 5 page 9: btreeInitPage() returns error code 11",
        ),
    ],
)
def test_what_newer_versions_report_of_the_index_is_no_damage_of_the_file(state_file, monkeypatch, found, damage):
    class Connection:
        def set_progress_handler(self, *_):
            pass

        def execute(self, sql):
            assert sql == "PRAGMA quick_check(1)"
            return SimpleNamespace(fetchone=lambda: (found,))

        def close(self):
            pass

    monkeypatch.setattr(sqlite3, "connect", lambda *_, **__: Connection())
    assert damage_of(state_file) == damage
