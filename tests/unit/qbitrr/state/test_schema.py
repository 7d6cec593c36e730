"""The tables that retention and the store of torrents go through are all there are."""

import sqlite3
from contextlib import closing

import pytest

from qbitrr.state.schema import BY_CATEGORY, BY_TORRENT
from tests.support.state import migrated

NOT_BY_CATEGORY = {
    "ledger": "what was done stays known",
    "ledger_totals": "how much was done stays known",
    "absent_categories": "for how long one has had no worker",
    "titles": "triggers keep it in step with movies, series and artists",
}
NOT_BY_TORRENT = {
    "ledger": "what was done stays known",
    "shadow": "what Shadow kept from being done stays known, with the time when the torrent left",
    "departures": "that a torrent left without us stays known",
    "foreign_acts": "what others did to a torrent stays known",
    "paused_downloads": "the guard of the qBittorrent keeps it, which may have no category",
    "space_needs": "the guard of the qBittorrent keeps it, which may have no category",
}


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    path = migrated(tmp_path_factory.mktemp("schema") / "state.db")
    with closing(sqlite3.connect(path)) as opened:
        yield opened


def tables_with(connection, *columns):
    named = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {
        table
        for table in named
        if {row[1] for row in connection.execute(f"SELECT * FROM pragma_table_info('{table}')")}.issuperset(columns)
    }


def test_every_table_with_a_category_is_listed_or_a_known_exception(connection):
    assert tables_with(connection, "category") == {*BY_CATEGORY, *NOT_BY_CATEGORY}
    assert not NOT_BY_CATEGORY.keys() & set(BY_CATEGORY)


def test_every_table_with_a_torrent_is_listed_or_a_known_exception(connection):
    assert tables_with(connection, "infohash") == {*BY_TORRENT, *NOT_BY_TORRENT}
    assert not NOT_BY_TORRENT.keys() & set(BY_TORRENT)


@pytest.mark.parametrize("table", BY_CATEGORY)
def test_the_rows_of_a_category_are_found_by_an_index(connection, table):
    (plan,) = connection.execute(f"EXPLAIN QUERY PLAN DELETE FROM {table} WHERE category = 'x'")
    assert "(category=?" in plan[-1]


@pytest.mark.parametrize("table", BY_TORRENT)
def test_the_rows_of_a_torrent_are_found_by_an_index(connection, table):
    sql = f"EXPLAIN QUERY PLAN DELETE FROM {table} WHERE category = 'x' AND instance = 'y' AND infohash = 'z'"
    (plan,) = connection.execute(sql)
    assert "(category=? AND instance=? AND infohash=?" in plan[-1]
