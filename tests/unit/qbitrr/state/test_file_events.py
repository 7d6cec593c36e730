"""Grabs and imports of an Arr's history in the state file."""

import math

import pytest

from qbitrr.rules.supersession import FileEvent, HistoryReading, Witness
from qbitrr.state import file_events, torrents
from qbitrr.state.torrents import StoredTorrent

OLD, NEW = "A" * 40, "B" * 40
DAY = 86400.0
READ = HistoryReading(newest=9, page=2, reached=1.0, witnesses=(Witness(9, 9.0),))


def imported(number, item, download, file, at=0.0):
    return FileEvent(number, at or float(number), download, item, 0, file)


def grab(number, item, download):
    return FileEvent(number, float(number), download, item)


async def present(database, *downloads):
    found = [StoredTorrent("qBit", one.lower(), 5.0 + n, "movies") for n, one in enumerate(downloads)]
    await torrents.save(database, "movies", StoredTorrent, found)


async def stored(database, *events, category="movies"):
    await file_events.store(database, category, READ, events)


async def suspects(database, *, deleted=False, kind="radarr"):
    return await file_events.suspects(database, "movies", kind, deleted=deleted)


async def test_how_far_the_history_was_read_comes_back_as_it_was(database):
    assert await file_events.reading(database, "movies") == HistoryReading()
    for reading in (READ, HistoryReading(newest=3, reached=math.inf), HistoryReading(reached=0.0)):
        await file_events.store(database, "movies", reading, ())
        assert await file_events.reading(database, "movies") == reading
    assert await file_events.reading(database, "others") == HistoryReading()


async def test_events_come_back_as_they_were_and_one_that_is_stored_again_replaces_itself(database):
    event = FileEvent(4, 4.25, OLD, 1, 7, 11)
    await stored(database, event, grab(3, 1, OLD))
    await stored(database, event)
    await stored(database, imported(4, 1, OLD, 99), category="others")
    assert await file_events.of_download(database, "movies", OLD) == [grab(3, 1, OLD), event]
    assert await file_events.of_items(database, "movies", {1}) == [grab(3, 1, OLD), event]
    assert await file_events.of_items(database, "movies", {2}) == []


async def test_many_items_are_read_in_parts(database):
    await stored(database, *(imported(n, n, OLD, n) for n in range(1, 1202)))
    assert len(await file_events.of_items(database, "movies", range(1, 1202))) == 1201


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ([], set()),
        ([grab(3, 1, NEW)], set()),  # it may never be imported
        ([grab(3, 1, NEW), imported(4, 1, NEW, 11)], {OLD}),
        ([imported(4, 1, NEW, -1)], set()),
        ([imported(4, 1, "", 11)], set()),
        ([imported(4, 2, NEW, 11)], set()),
        ([imported(4, 1, OLD, 11)], set()),
    ],
)
async def test_a_suspect_is_a_torrent_that_is_there_whose_item_a_later_download_brought(database, more, found):
    await present(database, OLD)
    await stored(database, grab(1, 1, OLD), imported(2, 1, OLD, 10), *more)
    assert await suspects(database) == found


async def test_only_torrents_that_are_there_are_suspects_and_only_when_all_items_are(database):
    await stored(database, imported(1, 1, OLD, 10), imported(2, 2, OLD, 20), imported(3, 1, NEW, 11))
    assert await suspects(database) == set()
    await present(database, OLD)
    assert await suspects(database) == set()
    await stored(database, imported(4, 2, NEW, 21))
    assert await suspects(database) == {OLD}


async def test_what_the_library_lacks_counts_only_when_asked_for_and_when_it_was_read(database):
    await present(database, OLD)
    await stored(database, imported(1, 7, OLD, 10))
    assert await suspects(database, deleted=True) == set()
    await database.write(
        "INSERT INTO catalogue (category, kind, source, synced_at) VALUES ('movies', 'radarr', '', 1.0)"
    )
    assert await suspects(database, deleted=True) == {OLD}
    assert await suspects(database, deleted=False) == set()


@pytest.mark.parametrize("kind", ["radarr", "sonarr", "lidarr"])
async def test_suspects_are_found_by_the_events_of_each_item_and_not_by_all_of_them(database, kind):
    plan = await database.rows(f"EXPLAIN QUERY PLAN {file_events.suspects_sql(kind)}", ("movies", True))
    steps = [row[3] for row in plan]
    assert "SEARCH later USING INDEX file_events_by_item (category=? AND item=? AND id>?)" in steps
    assert not [step for step in steps if step.startswith("SCAN file_events")]


async def test_what_is_about_no_torrent_goes_after_a_month(database):
    await present(database, OLD)
    await stored(database, imported(1, 1, OLD, 10), imported(2, 1, NEW, 11), imported(3, 2, NEW, 12, at=2.0))
    await file_events.drop_old(database, "movies", 2.0 + file_events.KEPT_SECONDS)
    assert len(await file_events.of_items(database, "movies", {1, 2})) == 3
    await file_events.drop_old(database, "movies", 2.5 + file_events.KEPT_SECONDS)
    assert [event.id for event in await file_events.of_items(database, "movies", {1, 2})] == [1, 2]


async def test_only_some_of_what_is_old_goes_at_a_time(database, monkeypatch):
    monkeypatch.setattr(file_events, "_DROPPED_AT_ONCE", 2)
    await stored(database, *(imported(n, n, NEW, n) for n in (1, 2, 3)))
    for left in (1, 0):
        await file_events.drop_old(database, "movies", 9.0 + file_events.KEPT_SECONDS)
        assert len(await file_events.of_items(database, "movies", {1, 2, 3})) == left


async def test_the_oldest_go_when_there_are_too_many(database, monkeypatch):
    monkeypatch.setattr(file_events, "MOST_EVENTS", 2)
    await present(database, OLD)
    await stored(database, *(imported(n, 1, OLD, n) for n in (1, 2)))
    await file_events.drop_old(database, "movies", 0.0)
    assert len(await file_events.of_items(database, "movies", {1})) == 2
    await stored(database, imported(3, 1, OLD, 3))
    await file_events.drop_old(database, "movies", 0.0)
    assert [event.id for event in await file_events.of_items(database, "movies", {1})] == [2, 3]


async def test_what_came_after_an_event_is_dropped_of_this_category(database):
    await stored(database, imported(1, 1, OLD, 10), imported(2, 1, OLD, 11), imported(3, 1, OLD, 12))
    await stored(database, imported(3, 1, OLD, 10), category="others")
    await file_events.drop_after(database, "movies", 2)
    assert [event.id for event in await file_events.of_items(database, "movies", {1})] == [1, 2]
    await file_events.drop_after(database, "movies", 0)
    assert await file_events.of_items(database, "movies", {1}) == []
    assert len(await file_events.of_items(database, "others", {1})) == 1


async def test_the_oldest_torrent_is_known(database):
    assert await file_events.oldest_torrent(database, "movies") is None
    await present(database, OLD, NEW)
    assert await file_events.oldest_torrent(database, "movies") == 5.0
