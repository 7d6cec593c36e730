"""Rows of what Shadow would have done beside what others did, at the same cost however many there are."""

import pytest

from qbitrr.rules.other_tools import ForeignAct, ForeignKind
from qbitrr.state import foreign_acts, ledger, shadow, side_by_side, torrents, verdicts, watch_periods
from qbitrr.state.side_by_side import Opinion, Span
from qbitrr.state.torrents import LastSeen, StoredTorrent
from qbitrr.state.verdicts import Forecast, StoredVerdict
from tests.unit.qbitrr.state.entries import decision

EVER = Span(0.0, 1e12)
KEPT = Opinion("nothing", "stalled", "it is young")
REMOVED = Opinion("fail", "stalled", "it was stalled")


class Household:
    """Torrents of one category, by a letter."""

    def __init__(self, database, category="movies"):
        self.database, self.category = database, category

    def key(self, letter):
        return ("qBit", letter * 40)

    async def present(self, letter, **verdict):
        """A torrent that was added at second 5, with the verdict that keeps it."""
        await torrents.save(
            self.database, self.category, StoredTorrent, [StoredTorrent(*self.key(letter), 5.0, self.category)]
        )
        fields = {"action": KEPT.action, "rule": KEPT.rule, "because": KEPT.because, "trace": [], "since": 6.0}
        stored = StoredVerdict(self.category, *self.key(letter), f"Name.{letter}", **{**fields, **verdict})
        await verdicts.store(self.database, [stored])

    async def removes(self, letter, at, **changes):
        fields = {"category": self.category, "added_at": 5.0, "action": "fail", "name": f"Name.{letter}"}
        fields |= {"rule": REMOVED.rule, "because": REMOVED.because}
        await shadow.record(self.database, decision(infohash=letter * 40, **{**fields, **changes}), at)

    async def leaves(self, letter, at, **seen):
        gone = {self.key(letter): LastSeen(**{"at": at - 1.0, "state": "stalledDL", **seen})}
        await torrents.forget(self.database, self.category, gone, at, gone)

    async def ended(self, letter, at, kind=ForeignKind.BLOCKLISTING):
        act = ForeignAct(kind, f"Title.{letter}", at, letter * 40)
        await foreign_acts.record(self.database, self.category, [act])

    async def rows(self, span=EVER, limit=50):
        return (await side_by_side.page(self.database, limit, span)).rows


@pytest.fixture
def household(database):
    return Household(database)


async def test_what_left_without_us_comes_with_the_verdict_and_what_was_seen_last(household):
    forecast = Forecast("fail", "stalled", "it was stalled")
    await household.present("a", revisit_at=900.0, forecast=forecast)
    await household.leaves("a", 50.0)
    (row,) = await household.rows()
    assert (row.place.at, row.infohash, row.name, row.opinion) == (50.0, "a" * 40, "Name.a", KEPT)
    assert (row.removes_at, row.expected_at) == (None, 900.0)
    assert (row.removed_at, row.seen_at, row.state, row.moved_to) == (50.0, 49.0, "stalledDL", None)
    assert (row.ours.judged, row.theirs.moved) == (True, False)


@pytest.mark.parametrize("forecast", [None, Forecast("nothing", "seeding", "it seeds")])
async def test_only_a_removal_is_expected(household, forecast):
    await household.present("a", revisit_at=900.0, forecast=forecast)
    await household.leaves("a", 50.0, moved_to="")
    (row,) = await household.rows()
    assert (row.expected_at, row.theirs.moved) == (None, True)


async def test_what_both_removed_is_one_row_with_the_first_decision(household):
    await household.present("a")
    await household.removes("a", 30.0, action="remove", rule="slow")
    await household.removes("a", 20.0)
    await household.removes("a", 10.0, action="recheck")
    await household.leaves("a", 50.0)
    (row,) = await household.rows()
    assert (row.opinion, row.removes_at, row.removed_at) == (REMOVED, 20.0, 50.0)


async def test_what_others_leave_comes_with_when_it_was_seen(household):
    await household.present("a")
    await household.removes("a", 20.0)
    await household.removes("a", 30.0, rule="slow")
    await watch_periods.extend(household.database, "movies", {"qBit": 70.0, "qBit-2": 99.0})
    (row,) = await household.rows()
    assert (row.place.at, row.opinion, row.removes_at, row.removed_at, row.seen_at) == (20.0, REMOVED, 20.0, None, 70.0)


async def test_what_we_removed_ourselves_has_no_row(household):
    await household.present("a")
    await household.removes("a", 20.0)
    entry = await ledger.plan(household.database, decision(infohash="a" * 40, action="remove", added_at=5.0), {}, 30.0)
    await ledger.close(household.database, entry, "done", "removed", 31.0)
    await household.leaves("a", 50.0)
    assert await household.rows() == []


@pytest.mark.parametrize("kind", [ForeignKind.BLOCKLISTING, ForeignKind.IGNORING])
async def test_what_ended_in_the_arr_alone_is_a_row_at_that_time(household, kind):
    await household.present("a")
    await household.ended("a", 40.0, kind)
    await household.ended("a", 45.0, kind)
    (row,) = await household.rows()
    assert (row.place.at, row.name, row.instance, row.opinion) == (40.0, "Name.a", "qBit", KEPT)
    assert (row.blocklisted_at, row.ignored_at) == ((40.0, None) if kind is ForeignKind.BLOCKLISTING else (None, 40.0))
    assert row.removed_at is None


async def test_what_ended_in_the_arr_and_was_never_judged_has_no_opinion(household):
    await household.ended("a", 40.0)
    (row,) = await household.rows()
    assert (row.name, row.opinion, row.ours.judged) == ("Title.a", None, False)


@pytest.mark.parametrize(("at", "counts"), [(4.0, False), (5.0, True), (50.0 + 3600.0, True), (50.0 + 3601.0, False)])
async def test_the_end_in_the_arr_belongs_to_the_torrent_of_its_time(household, at, counts):
    await household.present("a")
    await household.ended("a", at)
    await household.leaves("a", 50.0)
    left = [row for row in await household.rows() if row.removed_at is not None]
    assert [row.blocklisted_at for row in left] == [at if counts else None]


async def test_a_torrent_with_a_removal_of_ours_has_no_second_row_for_its_end_in_the_arr(household):
    await household.present("a")
    await household.removes("a", 20.0)
    await household.ended("a", 40.0)
    (row,) = await household.rows()
    assert (row.removes_at, row.blocklisted_at) == (20.0, 40.0)


async def test_stops_and_tags_come_with_the_row_and_make_none(household):
    for kind, at, name in (
        (ForeignKind.PAUSING, 4.0, "before it was added"),
        (ForeignKind.PAUSING, 30.0, "Name.a"),
        (ForeignKind.TAGGING, 31.0, "Obsolete"),
        (ForeignKind.TAGGING, 32.0, "more"),
        (ForeignKind.TAGGING, 33.0, "Obsolete"),
    ):
        await foreign_acts.record(household.database, "movies", [ForeignAct(kind, name, at, "a" * 40)])
    assert await household.rows() == []
    await household.present("a")
    await household.removes("a", 20.0)
    (row,) = await household.rows()
    assert (row.paused_at, row.tagged_at, sorted(row.tags)) == (30.0, 31.0, ["Obsolete", "more"])
    await household.leaves("a", 50.0)
    (row,) = await household.rows()
    assert (row.paused_at, row.tagged_at, sorted(row.tags)) == (30.0, 31.0, ["Obsolete", "more"])


async def test_searches_are_no_rows(household):
    await household.ended("a", 40.0, ForeignKind.SEARCH)
    assert await household.rows() == []


async def test_pages_go_on_where_the_one_before_ended(database):
    movies, tv = Household(database), Household(database, "tv")
    for number, letter in enumerate("abcdef"):
        for household in (movies, tv):
            await household.present(letter)
            if number % 3 == 0:
                await household.leaves(letter, 50.0)
            elif number % 3 == 1:
                await household.removes(letter, 50.0)
            else:
                await household.ended(letter, 50.0)
    whole = await movies.rows()
    assert len(whole) == 12
    assert len(await movies.rows(Span(0.0, 1e12, "tv"))) == 6
    assert len(await movies.rows(Span(50.0, 51.0))) == 12
    assert await movies.rows(Span(0.0, 50.0)) == await movies.rows(Span(51.0, 99.0)) == []
    for size in (1, 5, 12):
        page = await side_by_side.page(database, size, EVER)
        read = page.rows
        while page.next is not None:
            page = await side_by_side.page(database, size, EVER, page.next)
            read += page.rows
        assert read == whole


async def test_events_without_a_row_of_their_own_take_their_place_in_a_page(household):
    for letter in "abc":
        await household.present(letter)
        await household.ended(letter, 40.0)
        await household.leaves(letter, 30.0)
    first = await side_by_side.page(household.database, 3, EVER)
    assert (first.rows, first.next.at) == ([], 40.0)
    second = await side_by_side.page(household.database, 3, EVER, first.next)
    assert (len(second.rows), second.next) == (3, None)


@pytest.mark.parametrize("category", ["", "movies"])
@pytest.mark.parametrize("after", [None, side_by_side.Place(5.0, 1, 3)])
@pytest.mark.parametrize(
    ("source", "index"), [(0, "foreign_ends"), (1, "shadow_removals"), (2, "departures")], ids=["arr", "here", "left"]
)
async def test_rows_are_walked_by_time_and_everything_else_is_found_by_its_torrent(
    database, source, index, after, category
):
    sql, values = side_by_side.query(source, 50, Span(1.0, 9.0, category), after)
    plan = [row[3] for row in await database.rows(f"EXPLAIN QUERY PLAN {sql}", values)]
    walk, *found = [step for step in plan if step.startswith(("SEARCH", "SCAN"))]
    assert f"USING INDEX {index}" in walk
    assert (">? AND" in walk, "(category=?" in walk) == (True, bool(category))
    assert not any(step.startswith("SCAN") for step in found)
    for step in found:
        assert any(key in step for key in ("infohash=?", "rowid=?", "watch_periods_of_instance")), step


async def test_a_page_costs_the_same_among_a_hundred_thousand_rows(database):
    """Counted in steps of SQLite's machine, not in seconds."""
    household = Household(database)

    async def steps():
        counted = 0

        def count():
            nonlocal counted
            counted += 1
            return 0

        await database._connection.set_progress_handler(count, 100)
        await household.rows(limit=50)
        await side_by_side.page(database, 50, EVER, side_by_side.Place(500.0, 2, 30))
        await database._connection.set_progress_handler(None, 0)
        return counted

    async def fill(number):
        async with database.transaction() as transaction:
            for table, columns, values in (
                (
                    "foreign_acts",
                    "category, kind, at, infohash, name, items",
                    "'movies','blocklisting',n,hex(n),'N','[]'",
                ),
                (
                    "departures",
                    "category, instance, infohash, name, added_at, left_at",
                    "'movies','qBit',hex(n),'N',1,n",
                ),
                (
                    "shadow",
                    "category, instance, infohash, name, added_at, action, rule, because, facts, decided_at, gone_at",
                    "'movies','qBit',hex(n),'N',1,'fail','stalled','x','{}',n, CASE n % 9 WHEN 0 THEN NULL ELSE n END",
                ),
            ):
                await transaction.execute(f"DELETE FROM {table}")
                await transaction.execute(
                    f"""INSERT INTO {table} ({columns}) WITH RECURSIVE numbers (n) AS (
                        VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) SELECT {values} FROM numbers""",
                    (number,),
                )

    await fill(1_000)
    few = await steps()
    await fill(100_000)
    assert await steps() <= few * 1.5
