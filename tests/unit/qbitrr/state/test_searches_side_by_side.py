"""Searches of others and those that Shadow kept from being sent are read by time."""

from qbitrr.rules.other_tools import ForeignAct, ForeignKind
from qbitrr.state import foreign_acts, shadow_searches
from qbitrr.state.shadow_searches import ShadowSearch


async def test_searches_of_others_come_back_whole_and_nothing_else(database):
    acts = [ForeignAct(ForeignKind.SEARCH, "MoviesSearch", at, items=(3, 4)) for at in (9.0, 10.0, 19.0, 20.0)]
    ended = ForeignAct(ForeignKind.BLOCKLISTING, "A", 15.0, "a" * 40)
    await foreign_acts.record(database, "movies", [*acts, ended])
    await foreign_acts.record(database, "movies", [])
    assert await foreign_acts.searches(database, 10.0, 20.0) == [("movies", acts[2]), ("movies", acts[1])]


async def test_searches_of_shadow_come_back_whole(database):
    found = [ShadowSearch("movies", at, "A Film", "missing", (3,)) for at in (9.0, 10.0, 19.0, 20.0)]
    for one in found:
        await shadow_searches.record(database, one)
    assert await shadow_searches.between(database, 10.0, 20.0) == [found[2], found[1]]
    assert await shadow_searches.between(database, 0.0, 99.0, "movies") == found[::-1]
    assert await shadow_searches.between(database, 0.0, 99.0, "tv") == []


async def test_both_are_found_by_their_time(database):
    asked = []

    async def recorded(sql, parameters=()):
        asked.append((sql, parameters))
        return []

    unrecorded, database.rows = database.rows, recorded
    await foreign_acts.searches(database, 1.0, 2.0)
    await shadow_searches.between(database, 1.0, 2.0)
    await shadow_searches.between(database, 1.0, 2.0, "movies")
    plans = [[row[3] for row in await unrecorded(f"EXPLAIN QUERY PLAN {sql}", values)] for sql, values in asked]
    assert plans == [
        ["SEARCH foreign_acts USING INDEX foreign_searches (at>? AND at<?)"],
        ["SEARCH shadow_searches USING INDEX shadow_searches_by_age (at>? AND at<?)"],
        ["SEARCH shadow_searches USING INDEX shadow_searches_of_category (category=? AND at>? AND at<?)"],
    ]
