import pytest

from qbitrr.state import shadow
from qbitrr.state.ledger import LedgerFilter

TORRENT = {"category": "movies", "instance": "qBit", "infohash": "a" * 40, "name": "Some.Release", "added_at": 1.0}


async def record(database, now=10.0, **changes):
    said = {"action": "fail", "rule": "stalled", "because": "it is stalled", "facts": {"strikes": 3, "tags": ["a"]}}
    return await shadow.record(database, **{**TORRENT, **said, **changes}, now=now)


async def test_it_is_read_back_whole(database):
    assert await record(database)
    (entry,) = await shadow.page(database, 10, LedgerFilter())
    assert (entry.name, entry.added_at, entry.facts) == ("Some.Release", 1.0, {"strikes": 3, "tags": ["a"]})
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


async def test_when_it_left_is_noted_once_and_only_of_what_was_there(database):
    await record(database)
    await record(database, instance="qBit-2")
    await record(database, category="tv")
    await shadow.left(database, "movies", [("qBit", "a" * 40), ("qBit", "unknown")], 50.0)
    await record(database, added_at=60.0)  # it came again
    await shadow.left(database, "movies", [("qBit", "a" * 40)], 70.0)
    found = {(e.category, e.instance, e.added_at): e.gone_at for e in await shadow.page(database, 10, LedgerFilter())}
    assert found == {
        ("movies", "qBit", 1.0): 50.0,
        ("movies", "qBit-2", 1.0): None,
        ("tv", "qBit", 1.0): None,
        ("movies", "qBit", 60.0): 70.0,
    }


@pytest.mark.parametrize(
    ("wanted", "expected"),
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
async def test_the_newest_of_the_wanted_come_first(database, wanted, expected):
    await record(database, 10.0, infohash="a" * 40)
    await record(database, 20.0, infohash="b" * 40, action="recheck", rule="in_error")
    await record(database, 30.0, infohash="c" * 40, category="tv")
    found = await shadow.page(database, 10, wanted)
    assert "".join(entry.infohash[0] for entry in found) == expected
    assert await shadow.page(database, 1, wanted) == found[:1]
