import pytest

from qbitrr.rules.verdict import Decision
from qbitrr.state import shadow
from qbitrr.state.ledger import LedgerFilter
from tests.unit.qbitrr.state.entries import decision


async def record(database, now=10.0, **changes):
    return await shadow.record(database, decision(**changes), now)


async def test_it_is_read_back_whole(database):
    assert await record(database, name="Some.Release", facts={"strikes": 3, "tags": ["a"]})
    (entry,) = await shadow.page(database, 10, LedgerFilter())
    kept = Decision(*(getattr(entry, field) for field in Decision.__struct_fields__))
    assert kept == decision(name="Some.Release", facts={"strikes": 3, "tags": ["a"]})
    assert (entry.decided_at, entry.gone_at) == (10.0, None)


async def test_the_same_is_written_down_once(database):
    assert await record(database)
    assert not await record(database, now=99.0, because="in other words")
    for other in (
        {"rule": "slow"},
        {"action": "recheck"},
        {"added_at": 2.0},
        {"instance": "qBit-2"},
        {"category": "tv"},
        {"infohash": "b" * 40},
    ):
        assert await record(database, **other)
    assert len(await shadow.page(database, 10, LedgerFilter())) == 7


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (LedgerFilter(), "cba"),
        (LedgerFilter(categories=["tv"]), "c"),
        (LedgerFilter(categories=["tv", "movies"]), "cba"),
        (LedgerFilter(categories=[]), ""),
        (LedgerFilter(action="recheck"), "b"),
        (LedgerFilter(rule="stalled"), "ca"),
        (LedgerFilter(since=20.0), "cb"),
        (LedgerFilter(until=20.0), "a"),
        (LedgerFilter(since=20.0, until=30.0), "b"),
        (LedgerFilter(before=3), "ba"),
        (LedgerFilter(rule="stalled", before=3), "a"),
    ],
)
async def test_the_newest_that_match_come_first(database, chosen, expected):
    await record(database, 10.0, infohash="a" * 40)
    await record(database, 20.0, infohash="b" * 40, action="recheck", rule="in_error")
    await record(database, 30.0, infohash="c" * 40, category="tv")
    found = await shadow.page(database, 10, chosen)
    assert "".join(entry.infohash[0] for entry in found) == expected
    assert await shadow.page(database, 1, chosen) == found[:1]
