"""What is stored of files that no torrent knows: bounds, steps, and answers that come too late."""

import pytest
from msgspec.structs import replace

from qbitrr.rules.orphan_folders import ArrFolders
from qbitrr.rules.orphans import FileFacts, Orphan, OrphanState
from qbitrr.rules.paths import PathMapping
from qbitrr.state import orphans
from qbitrr.state.database import open_writer
from tests.support.state import migrated

NOW = 1_700_000_000.0
FOLDER = "/downloads/movies"


@pytest.fixture
async def database(tmp_path):
    async with open_writer(migrated(tmp_path / "state.db")) as opened:
        yield opened


def found(number, **changes):
    return replace(Orphan(FOLDER, f"{number}.mkv", FileFacts(number, 2**64 - 1, 2, 3), NOW), **changes)


async def stored(database, *made):
    await orphans.store_listing(database, [(one, False) for one in made], [], NOW)
    return await orphans.in_states(database, OrphanState)


async def test_a_file_is_read_as_it_was_stored(database):
    (one,) = await stored(database, found(5, seen_seconds=7.0, listings=3))
    assert one == found(5, seen_seconds=7.0, listings=3, id=one.id)  # also with an inode beyond a signed number


async def test_of_what_ended_the_newest_are_kept(database, monkeypatch):
    monkeypatch.setattr(orphans, "MOST_ENDED", 3)
    for one in await stored(database, *map(found, range(8))):
        if one.file.size_bytes < 6:
            await orphans.change(database, replace(one, state=OrphanState.PURGED), NOW)
    await orphans.drop_ended(database)
    rows = [(one.file.size_bytes, str(one.state)) for one in await orphans.in_states(database, OrphanState)]
    assert rows == [(3, "purged"), (4, "purged"), (5, "purged"), (6, "found"), (7, "found")]


async def test_only_what_lies_in_place_is_dropped_with_a_listing(database):
    one, other = await stored(database, found(1), found(2))
    await orphans.change(database, replace(one, state=OrphanState.ASIDE, aside="x/1.mkv", aside_at=NOW), NOW)
    await orphans.store_listing(database, [], [one.id, other.id], NOW)
    assert [left.id for left in await orphans.in_states(database, OrphanState)] == [one.id]


async def test_a_proof_stays_until_there_is_another(database):
    (one,) = await stored(database, found(1))
    await orphans.change(database, one, NOW, because="x", proof={"listings": 2})
    await orphans.change(database, one, NOW + 1, problem="the disk is full")
    (row,) = await orphans.page(database, (), 5, None)
    assert (row.proof, row.problem, row.updated_at) == ({"listings": 2}, "the disk is full", NOW + 1)


async def test_pages_of_one_size_differ_by_their_ids(database):
    await stored(database, *(found(1, path=f"{number}.mkv") for number in range(5)))
    first = await orphans.page(database, ["found"], 2, None)
    last = first[-1].orphan
    second = await orphans.page(database, ["found"], 5, (last.file.size_bytes, last.id))
    assert len({row.orphan.id for row in (*first, *second)}) == 5


async def test_pages_are_read_by_an_index(database):
    for states, index in ((("found",), "orphans_by_state"), ((), "orphans_by_size")):
        where = (
            "WHERE state IN ('found') AND (size_bytes, id) < (5, 5)" if states else "WHERE (size_bytes, id) < (5, 5)"
        )
        plan = await database.rows(
            f"EXPLAIN QUERY PLAN SELECT id FROM orphans {where} ORDER BY size_bytes DESC, id DESC LIMIT 50"
        )
        assert index in plan[0][-1]
        assert not any("TEMP B-TREE" in row[-1] for row in plan)


async def test_where_the_library_of_an_arr_is(database):
    folders = ArrFolders(("/media",), (PathMapping("nas", "/downloads/", "/data/"),), ("nas",))
    await orphans.store_arr_folders(database, "movies", folders, NOW)
    await orphans.store_arr_folders(database, "movies", folders, NOW + 5)
    assert await orphans.arr_folders(database) == {"movies": (folders, NOW + 5)}
