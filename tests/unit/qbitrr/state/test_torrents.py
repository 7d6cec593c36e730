import pytest

from qbitrr.rules.facts import TorrentKey
from qbitrr.state import ledger, shadow, torrents, verdicts
from qbitrr.state.ledger import LedgerFilter
from qbitrr.state.torrents import (
    LastSeen,
    StoredFileCheck,
    StoredImportAnswer,
    StoredRefusals,
    StoredSeedingTime,
    StoredStrikes,
    StoredTorrent,
)
from qbitrr.state.verdicts import StoredVerdict
from tests.unit.qbitrr.state.entries import decision

A = ("qBit", "a" * 40)
TWIN = ("qBit-2", "a" * 40)
ROWS = {
    StoredTorrent: StoredTorrent(*A, 1_700_000_000.25, "tv/anime"),
    StoredFileCheck: StoredFileCheck(*A, 1_700_000_000.25, "0123456789abcdef complete"),
    StoredStrikes: StoredStrikes(*A, "stalled", 1_700_000_000.25, 12.5, 3, 500),
    StoredSeedingTime: StoredSeedingTime(*A, 1_700_000_000.25, 99.5),
    StoredRefusals: StoredRefusals(*A, "tracker.example", "unregistered", 1_700_000_000.25, 3, 5.0, 6.0),
    StoredImportAnswer: StoredImportAnswer(*A, 1_700_000_000.25, "leave", "Manual Import required.", 5.0),
}
CHANGES = {
    StoredTorrent: {"added_at": 9.0, "qbit_category": "tv"},
    StoredFileCheck: {"rules": "fedcba9876543210"},
    StoredStrikes: {"seconds": 99.0, "observations": 4},
    StoredSeedingTime: {"seconds": 100.0},
    StoredRefusals: {"times": 4, "last_at": 7.0},
    StoredImportAnswer: {"choice": "import", "words": "else", "answered_at": 9.0},
}
OTHER_PARTS = {  # rows of the same torrent
    StoredTorrent: [],
    StoredFileCheck: [],
    StoredStrikes: [{"kind": "slow"}],
    StoredSeedingTime: [],
    StoredRefusals: [{"host": "other.example"}, {"kind": "listed"}],
    StoredImportAnswer: [],
}


@pytest.mark.parametrize("kind", ROWS)
class TestEachKind:
    async def test_is_read_back_whole(self, database, kind):
        row, twin = ROWS[kind], ROWS[kind]._replace(instance="qBit-2")
        await torrents.save(database, "tv", kind, [row, twin])
        await torrents.save(database, "movies", kind, [row])
        assert await torrents.read(database, "tv", kind) == [row, twin]
        assert await torrents.read(database, "movies", kind) == [row]
        assert await torrents.read(database, "other", kind) == []

    async def test_replaces_the_row_with_the_same_key(self, database, kind):
        row, twin = ROWS[kind], ROWS[kind]._replace(instance="qBit-2")
        others = [row._replace(**part) for part in OTHER_PARTS[kind]]
        await torrents.save(database, "tv", kind, [row, twin, *others])
        changed = row._replace(**CHANGES[kind])
        await torrents.save(database, "tv", kind, [changed])
        assert sorted(await torrents.read(database, "tv", kind)) == sorted([changed, twin, *others])

    async def test_drops_rows_by_their_keys_and_no_others(self, database, kind):
        row, twin = ROWS[kind], ROWS[kind]._replace(instance="qBit-2")
        others = [row._replace(**part) for part in OTHER_PARTS[kind]]
        await torrents.save(database, "tv", kind, [row, twin, *others])
        await torrents.save(database, "movies", kind, [row])
        width = {StoredStrikes: 3, StoredRefusals: 4}.get(kind, 2)
        await torrents.save(database, "tv", kind, [], [row[:width], ("qBit", *["unknown"] * (width - 1))])
        assert sorted(await torrents.read(database, "tv", kind)) == sorted([twin, *others])
        assert await torrents.read(database, "movies", kind) == [row]

    async def test_keeps_a_row_that_is_dropped_and_saved_at_once(self, database, kind):
        row = ROWS[kind]
        await torrents.save(database, "tv", kind, [row])
        changed = row._replace(**CHANGES[kind])
        width = {StoredStrikes: 3, StoredRefusals: 4}.get(kind, 2)
        await torrents.save(database, "tv", kind, [changed], [row[:width]])
        assert await torrents.read(database, "tv", kind) == [changed]

    async def test_nothing_to_save_is_no_error(self, database, kind):
        await torrents.save(database, "tv", kind, [])
        assert await torrents.read(database, "tv", kind) == []


def verdict(category, instance, infohash):
    return StoredVerdict(category, instance, infohash, "A.Torrent", "nothing", "stalled", "it is young", [], 1.0)


async def fill(database, category, instance="qBit"):
    for kind, row in ROWS.items():
        parts = [row._replace(**part) for part in OTHER_PARTS[kind]]
        await torrents.save(database, category, kind, [one._replace(instance=instance) for one in (row, *parts)])
    await verdicts.store(database, [verdict(category, instance, A[1])])
    await shadow.record(database, decision(category=category, instance=instance), 10.0)


async def known(database, category):
    return [(row.instance, row.infohash) for kind in ROWS for row in await torrents.read(database, category, kind)] + [
        (v.instance, v.infohash) for v in await verdicts.of_torrent(database, A[1]) if v.category == category
    ]


async def test_a_torrent_that_is_gone_is_forgotten_whole_but_not_its_twins(database):
    await fill(database, "tv")
    await fill(database, "tv", "qBit-2")
    await fill(database, "movies")
    before = await known(database, "tv"), await known(database, "movies")
    await torrents.forget(database, "tv", [A, ("qBit", "unknown")], 50.0)
    assert await known(database, "tv") == [key for key in before[0] if key != A]
    assert await known(database, "movies") == before[1]
    assert await torrents.keys(database, "tv") == {TorrentKey(*TWIN)}
    await torrents.forget(database, "tv", [], 60.0)


async def test_shadow_notes_when_a_torrent_left_once_and_only_of_what_was_there(database):
    await shadow.record(database, decision(), 10.0)
    await shadow.record(database, decision(instance="qBit-2"), 10.0)
    await shadow.record(database, decision(category="tv"), 10.0)
    await torrents.forget(database, "movies", [A, ("qBit", "unknown")], 50.0)
    await shadow.record(database, decision(added_at=60.0), 10.0)  # it came again
    await torrents.forget(database, "movies", [A], 70.0)
    found = {(e.category, e.instance, e.added_at): e.gone_at for e in await shadow.page(database, 10, LedgerFilter())}
    assert found == {
        ("movies", "qBit", 1.0): 50.0,
        ("movies", "qBit-2", 1.0): None,
        ("tv", "qBit", 1.0): None,
        ("movies", "qBit", 60.0): 70.0,
    }


@pytest.mark.parametrize("kind", ROWS)
async def test_whatever_is_stored_of_a_torrent_makes_it_known(database, kind):
    await torrents.save(database, "tv", kind, [ROWS[kind]])
    assert await torrents.keys(database, "tv") == {TorrentKey(*A)}
    assert await torrents.keys(database, "movies") == set()


async def test_a_verdict_alone_makes_a_torrent_known(database):
    await verdicts.store(database, [verdict("tv", *TWIN)])
    assert await torrents.keys(database, "tv") == {TorrentKey(*TWIN)}


async def test_it_is_forgotten_in_one_transaction(database, monkeypatch):
    await fill(database, "tv")
    before = await known(database, "tv")
    monkeypatch.setattr(torrents, "BY_TORRENT", (*torrents.BY_TORRENT, "no_such_table"))
    with pytest.raises(Exception, match="no_such_table"):
        await torrents.forget(database, "tv", [A], 50.0)
    assert await known(database, "tv") == before


async def test_what_leaves_without_us_is_stored_as_departed(database):
    row = StoredTorrent(*A, 5.0, "tv")
    await torrents.save(database, "tv", StoredTorrent, [row, row._replace(instance="qBit-2")])
    await torrents.forget(database, "tv", [A], 77.0)
    assert [(one.category, one.instance, one.left_at) for one in await torrents.departures(database, A[1])] == [
        ("tv", "qBit", 77.0)
    ]
    await torrents.forget(database, "tv", [A], 78.0)
    assert len(await torrents.departures(database, A[1])) == 1


@pytest.mark.parametrize(("state", "departs"), [("planned", False), ("done", False), ("failed", True)])
async def test_what_we_removed_is_no_departure(database, state, departs):
    entry = await ledger.plan(database, decision(infohash=A[1], action="remove", added_at=5.0), {}, 6.0)
    if state != "planned":
        await ledger.close(database, entry, state, "it was so", 7.0)
    await torrents.save(database, "tv", StoredTorrent, [StoredTorrent(*A, 5.0, "tv")])
    await torrents.forget(database, "tv", [A], 77.0)
    assert bool(await torrents.departures(database, A[1])) is departs


async def test_what_left_without_us_and_was_never_imported(database):
    first = await ledger.plan(database, decision(infohash="f" * 40, action="recheck", added_at=1.0), {}, 4.0)
    await ledger.close(database, first, "done", "x", 4.0)
    names = {letter: letter * 40 for letter in "abc"}
    for letter, added_at in (("a", 5.0), ("b", 5.0), ("c", 3.0)):
        row = StoredTorrent("qBit", names[letter], added_at, "movies")
        await torrents.save(database, "movies", StoredTorrent, [row])
    done = await ledger.plan(database, decision(infohash=names["b"], action="import", added_at=5.0), {}, 6.0)
    await ledger.close(database, done, "done", "imported", 7.0)
    await torrents.forget(database, "movies", [("qBit", name) for name in names.values()], 77.0)
    assert [one.left_at for one in await torrents.left_unimported(database, "movies", 76.0)] == [77.0]
    assert await torrents.left_unimported(database, "movies", 77.0) == []
    assert await torrents.left_unimported(database, "tv", 0.0) == []


async def test_a_departure_keeps_the_verdict_and_what_was_seen_last(database):
    await torrents.save(database, "tv", StoredTorrent, [StoredTorrent(*A, 5.0, "tv"), StoredTorrent(*TWIN, 5.0, "tv")])
    await verdicts.store(database, [verdict("tv", *A)])
    await torrents.forget(database, "tv", [A, TWIN], 77.0, {A: LastSeen(70.0, "stalledDL", "other")})
    columns = "instance, left_at, seen_at, state, moved_to, action, rule, because"
    assert await database.rows(f"SELECT {columns} FROM departures ORDER BY instance") == [
        ("qBit", 77.0, 70.0, "stalledDL", "other", "nothing", "stalled", "it is young"),
        ("qBit-2", 77.0, None, "", None, None, None, None),
    ]
