from msgspec.structs import replace

from qbitrr.state import clocks, torrents
from qbitrr.state.clocks import StoredStrikes
from qbitrr.state.torrents import StoredTorrent

ONE = StoredTorrent("qBit", "a" * 40, 1_700_000_000.25, "tv/anime")
TWO = StoredTorrent("qBit-2", "a" * 40, 5.0, "tv")
CLOCK = StoredStrikes("qBit", "a" * 40, "stalled", 1_700_000_000.25, 12.5, 3, 500)


async def test_what_is_remembered_is_read_back_whole(database):
    await torrents.remember(database, "tv", [ONE, TWO])
    await torrents.remember(database, "movies", [replace(ONE, home="movies")])
    assert await torrents.of_category(database, "tv") == [ONE, TWO]
    assert await torrents.of_category(database, "other") == []


async def test_what_is_remembered_anew_replaces_what_was(database):
    await torrents.remember(database, "tv", [ONE, TWO])
    again = replace(ONE, added_at=9.0, home="tv")
    await torrents.remember(database, "tv", [again])
    assert await torrents.of_category(database, "tv") == [again, TWO]


async def test_that_files_were_seen_holds_for_the_same_torrent_wherever_it_belongs(database):
    await torrents.remember(database, "tv", [ONE, TWO])
    await torrents.saw_files(database, "tv", [(ONE.instance, ONE.infohash, ONE.added_at, "x")])
    await torrents.saw_files(database, "tv", [(TWO.instance, TWO.infohash, TWO.added_at + 1, "x")])
    moved = replace(ONE, home="tv")
    await torrents.remember(database, "tv", [moved])
    assert await torrents.of_category(database, "tv") == [replace(moved, files_seen="x"), TWO]
    again = replace(ONE, added_at=9.0)
    await torrents.remember(database, "tv", [again])
    assert await torrents.of_category(database, "tv") == [again, TWO]


async def test_with_a_torrent_its_clocks_are_forgotten_but_not_those_of_its_twins(database):
    await torrents.remember(database, "tv", [ONE, TWO])
    await torrents.remember(database, "movies", [ONE])
    twin = replace(CLOCK, instance="qBit-2")
    await clocks.save(database, "tv", [CLOCK, replace(CLOCK, trouble="slow"), twin], [])
    await clocks.save(database, "movies", [CLOCK], [])
    await torrents.forget(database, "tv", [("qBit", "a" * 40), ("qBit", "unknown")])
    assert await torrents.of_category(database, "tv") == [TWO]
    assert await clocks.of_category(database, "tv") == [twin]
    assert await torrents.of_category(database, "movies") == [ONE]
    assert await clocks.of_category(database, "movies") == [CLOCK]


async def test_nothing_to_remember_or_forget_is_no_error(database):
    await torrents.remember(database, "tv", [])
    await torrents.forget(database, "tv", [])
    await clocks.save(database, "tv", [], [])
    assert await torrents.of_category(database, "tv") == []


async def test_clocks_are_replaced_and_dropped(database):
    slow = replace(CLOCK, trouble="slow")
    await clocks.save(database, "tv", [CLOCK, slow], [])
    on = replace(CLOCK, seconds=99.0, observations=4)
    await clocks.save(database, "tv", [on], [("qBit", "a" * 40, "slow"), ("qBit", "a" * 40, "unavailable")])
    assert await clocks.of_category(database, "tv") == [on]


async def test_a_clock_that_is_dropped_and_begun_anew_at_once_is_kept(database):
    await clocks.save(database, "tv", [CLOCK], [])
    anew = replace(CLOCK, seconds=0.0, observations=1, mark=400)
    await clocks.save(database, "tv", [anew], [("qBit", "a" * 40, "stalled")])
    assert await clocks.of_category(database, "tv") == [anew]
