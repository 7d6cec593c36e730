import sqlite3
from contextlib import closing

import pytest

from qbitrr.errors import StateError
from qbitrr.rules import quarantine
from qbitrr.rules.other_tools import ForeignAct, ForeignKind
from qbitrr.state import catalogue, foreign_acts, ledger, retention, shadow, shadow_searches, torrents, watch_periods
from qbitrr.state.schema import BY_CATEGORY
from qbitrr.state.shadow_searches import ShadowSearch
from qbitrr.state.torrents import StoredTorrent
from tests.unit.qbitrr.state.entries import decision, newest, plan
from tests.unit.qbitrr.state.test_catalogue import movie, sync

# of columns whose values are checked, or numbered
NUMBERED = ("shadow", "shadow_searches", "departures", "foreign_acts", "watch_periods")
VALUES = {"kind": {"catalogue": "radarr", "tracker_refusals": "listed"}, "id": dict.fromkeys(NUMBERED)}


def fill(state_file, category):
    """One row of a category in every table."""
    with closing(sqlite3.connect(state_file)) as connection, connection:
        for table in BY_CATEGORY:
            columns = [row[1:3] for row in connection.execute(f"SELECT * FROM pragma_table_info('{table}')")]
            row = {name: "{}" if kind == "TEXT" else 1 for name, kind in columns}
            row |= {name: by_table[table] for name, by_table in VALUES.items() if table in by_table}
            row["category"] = category
            names, places = ", ".join(row), ", ".join("?" * len(row))
            connection.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({places})", tuple(row.values()))


def filled(state_file, category):
    """The tables that have rows of a category."""
    with closing(sqlite3.connect(state_file)) as connection:
        has = "SELECT EXISTS (SELECT 1 FROM {} WHERE category = ?)"
        tables = (*BY_CATEGORY, "titles")
        return {table for table in tables if connection.execute(has.format(table), (category,)).fetchone()[0]}


def drop(state_file, working, configured, *, days=0.0, ahead=0.0):
    """What the supervisor does once a day, on that day; `ahead` is by how many days the clock is wrong."""
    return retention.drop_absent_categories(state_file, working, configured, 1e9 + (days + ahead) * 86400)


def test_a_removed_category_leaves_nothing_after_a_week_and_the_others_stay(state_file):
    for category in ("gone", "off", "working", ""):
        fill(state_file, category)
    everything = {*BY_CATEGORY, "titles"}
    for days in (*range(7), 6.9):
        drop(state_file, {"working"}, {"working", "off"}, days=days)
        assert filled(state_file, "gone") == everything - {"verdicts"}
    drop(state_file, {"working"}, {"working", "off"}, days=7)
    assert filled(state_file, "gone") == set()
    assert filled(state_file, "working") == everything
    assert "search_budgets" in filled(state_file, "")  # the one that all share


def test_what_is_only_switched_off_loses_its_verdicts_and_nothing_else(state_file):
    fill(state_file, "off")
    for days in range(100):
        drop(state_file, set(), {"off"}, days=days)
        assert filled(state_file, "off") == {*BY_CATEGORY, "titles"} - {"verdicts"}


def test_a_category_that_comes_back_in_time_has_a_whole_week_again(state_file):
    fill(state_file, "movies")
    for days in range(6):
        drop(state_file, set(), set(), days=days)
    drop(state_file, {"movies"}, {"movies"}, days=6)
    for days in range(7, 14):
        drop(state_file, set(), set(), days=days)
    assert filled(state_file, "movies") == {*BY_CATEGORY, "titles"} - {"verdicts"}
    drop(state_file, set(), set(), days=14)
    assert filled(state_file, "movies") == set()


@pytest.mark.parametrize("ahead", [400, 3, 1 / 24, -1 / 24, -3])
def test_a_clock_that_is_wrong_when_a_category_goes_neither_shortens_nor_stops_the_week(state_file, ahead):
    fill(state_file, "movies")
    drop(state_file, set(), set(), ahead=ahead)
    for days in range(6):
        drop(state_file, set(), set(), days=days)
        assert "movies" in filled(state_file, "movies")
    for days in (6, 7):
        drop(state_file, set(), set(), days=days)
    assert filled(state_file, "movies") == set()


@pytest.mark.parametrize("ahead", [400, 3, 1 / 24, -1 / 24, -3])
def test_a_clock_that_is_wrong_for_a_day_takes_a_day_of_the_week_at_most(state_file, ahead):
    fill(state_file, "movies")
    for days in range(7):
        drop(state_file, set(), set(), days=days, ahead=ahead if days == 3 else 0)
        if days < 6:
            assert "movies" in filled(state_file, "movies")
    for days in (7, 8):
        drop(state_file, set(), set(), days=days)
    assert filled(state_file, "movies") == set()


def test_weeks_without_qbitrr_are_no_weeks_without_a_worker(state_file):
    fill(state_file, "movies")
    drop(state_file, set(), set())
    drop(state_file, set(), set(), days=60)
    assert "movies" in filled(state_file, "movies")


async def test_open_actions_without_a_worker_wait_a_week_and_the_ledger_stays(state_file, database):
    for number, category in enumerate(("gone", "off", "kept")):
        await plan(database, category=category, infohash=f"{number}" * 40, step=quarantine.INSIDE)
        await plan(database, category=category, infohash=f"{number}" * 39 + "a", state="awaiting_approval")
        done = await plan(database, category=category, infohash=f"{number}" * 39 + "b")
        await ledger.close(database, done, "done", "removed", 1.0)
    for days in range(7):
        assert drop(state_file, {"kept"}, {"kept", "off"}, days=days) == 0
    assert drop(state_file, {"kept"}, {"kept", "off"}, days=7) == 4
    found = sorted((entry.category, entry.state) for entry in await newest(database, 20))
    assert found == [
        ("gone", "cancelled"),
        ("gone", "cancelled"),
        ("gone", "done"),
        ("kept", "awaiting_approval"),
        ("kept", "done"),
        ("kept", "planned"),
        ("off", "cancelled"),
        ("off", "cancelled"),
        ("off", "done"),
    ]


async def test_the_catalogue_of_a_removed_category_is_not_listed_any_more(state_file, database):
    await sync(database, "radarr", {"movies": [movie(1), movie(2)]})
    await sync(database, "radarr", {"movies": [movie(1)]}, category="kept")
    for days in range(8):
        drop(state_file, {"kept"}, {"kept"}, days=days)
    assert await catalogue.synced_at(database, "cat") is None
    assert filled(state_file, "cat") == set()
    assert {"movies", "movie_counts", "titles"} <= filled(state_file, "kept")


def test_a_file_that_cannot_be_written_is_an_error_with_its_name(tmp_path):
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StateError, match=r"state\.db"):
        retention.drop_absent_categories(path, set(), set(), 1.0)


async def ended(database, number, *, at=1.0):
    entry = await plan(database, infohash=f"{number:040x}", now=at)
    await ledger.close(database, entry, "done", "removed", at)
    return entry.id


async def test_decisions_on_torrents_that_are_gone_are_dropped_with_age_and_their_totals_stay(
    state_file, database, monkeypatch
):
    monkeypatch.setattr(retention, "NEWEST_KEPT", 1)
    old, present, last = await ended(database, 1), await ended(database, 2), await ended(database, 3)
    still_open = await plan(database, infohash="f" * 40, now=1.0)
    latest = await ended(database, 4)
    await torrents.save(database, "movies", StoredTorrent, [StoredTorrent("qBit", f"{2:040x}", 1.0, "movies")])
    await shadow.record(database, decision(), 1.0)
    await shadow.record(database, decision(infohash="b" * 40), 1.0)
    for number in (7, 8):
        await torrents.save(database, "tv", StoredTorrent, [StoredTorrent("qBit", f"{number:040x}", 1.0, "tv")])
        await torrents.forget(database, "tv", [("qBit", f"{number:040x}")], 1.0)
    acts = [ForeignAct(ForeignKind.SEARCH, "MoviesSearch", at) for at in (1.0, 1.0)]
    await foreign_acts.record(database, "movies", acts)
    for at in (1.0, 5000.0):
        await watch_periods.extend(database, "movies", {"qBit": at})
    for at in (1.0, 1.0):
        await shadow_searches.record(database, ShadowSearch("movies", at, "A", "missing", (1,)))
    totals = await ledger.totals(database)
    found = retention.old_decisions(state_file, 100.0)
    assert found == {
        "ledger": [old, last],
        "shadow": [1],
        "departures": [1],
        "foreign_acts": [1],
        "shadow_searches": [1],
        "watch_periods": [1],
    }
    for table, ids in found.items():
        retention.drop_decisions(state_file, table, ids)
    assert {entry.id for entry in await newest(database, 9)} == {present, still_open.id, latest}
    assert await ledger.totals(database) == totals
    assert not any(retention.old_decisions(state_file, 100.0).values())


async def test_what_is_younger_or_among_the_newest_thousand_stays(state_file, database):
    await ended(database, 1, at=50.0)
    assert not any(retention.old_decisions(state_file, 100.0).values())


async def test_pages_of_dropped_rows_go_back_to_the_file_system(state_file, database, monkeypatch):
    monkeypatch.setattr(retention, "NEWEST_KEPT", 1)
    for number in range(400):
        await ended(database, number)
    await database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    before = state_file.stat().st_size
    retention.drop_decisions(state_file, "ledger", retention.old_decisions(state_file, 100.0)["ledger"])
    retention.return_pages(state_file)
    await database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    assert state_file.stat().st_size < before
