"""How downloads are removed from the queue, and fail."""

import pytest

from qbitrr.sandbox.life import texts
from qbitrr.sandbox.life.failing import NotGrabbedError
from tests.unit.qbitrr.sandbox.life.worlds import (
    STUCK,
    add,
    contents,
    grab,
    make,
    missing,
    of,
    pack,
    records,
    refresh,
    run,
    wait,
    words,
)


def remove(arr, torrent, **how):
    options = {"from_client": False, "blocklist": True, "skip_redownload": True} | how
    return arr.remove(records(arr, torrent)[0].id, **options)


@pytest.mark.parametrize("kind", ["radarr", "sonarr", "lidarr"])
def test_all_records_go_at_once_and_every_item_of_the_grab_has_failed(kind):
    world, arr = make(kind)
    items = missing(arr) if kind == "radarr" else pack(arr)
    torrent = grab(world, arr, items, STUCK)
    refresh(world, arr)
    ids = [record.id for record in records(arr, torrent)]
    assert remove(arr, torrent)
    assert arr.queue == {}
    assert [arr.remove(one, from_client=False, blocklist=True, skip_redownload=True) for one in ids] == [False] * len(
        ids
    )
    failed = of(arr, torrent, "downloadFailed")
    assert [event.item_id for event in failed] == [item.id for item in items]
    assert {event.data["message"] for event in failed} == {texts.MARKED_FAILED}
    (entry,) = arr.blocklist
    assert (entry.release.infohash, entry.item_ids) == (torrent.infohash, [item.id for item in items])
    refresh(world, arr)
    assert records(arr, torrent) == []
    assert torrent.infohash in world.client.torrents


def test_what_was_imported_of_a_pack_has_failed_too():
    world, arr = make("sonarr")
    episodes = pack(arr)
    files = contents(arr, episodes)[:3]
    torrent = grab(world, arr, episodes, files=files)
    refresh(world, arr)
    assert len(of(arr, torrent, "downloadFolderImported")) == 3
    remove(arr, torrent)
    assert len(of(arr, torrent, "downloadFailed")) == len(episodes)


def test_without_a_grab_nothing_is_blocklisted_and_the_next_refresh_finds_it_again():
    world, arr = make("radarr")
    torrent = add(world, arr, missing(arr), STUCK)
    refresh(world, arr)
    assert remove(arr, torrent)
    assert (arr.queue, arr.blocklist, of(arr, torrent)) == ({}, [], [])
    refresh(world, arr)
    assert records(arr, torrent)


def test_where_a_grab_is_needed_the_record_stays():
    world, arr = make("sonarr")
    torrent = add(world, arr, missing(arr), STUCK)
    refresh(world, arr)
    with pytest.raises(NotGrabbedError, match="no grabbed history available"):
        remove(arr, torrent, needs_grab=True)
    assert records(arr, torrent)
    assert remove(arr, torrent, needs_grab=True, blocklist=False)


def test_removing_without_blocklist_and_client_ignores_it():
    world, arr = make("radarr")
    torrent = grab(world, arr, missing(arr), STUCK)
    refresh(world, arr)
    assert remove(arr, torrent, blocklist=False)
    assert words(arr, torrent) == ["grabbed", "downloadIgnored"]
    refresh(world, arr)
    assert records(arr, torrent) == []


def test_removing_from_the_client_deletes_the_torrent_and_the_release_may_be_grabbed_again():
    world, arr = make("radarr")
    (movie,) = missing(arr)
    run(world, arr, "MoviesSearch", movieIds=[movie.id])
    (torrent,) = world.client.torrents.values()
    refresh(world, arr)
    assert remove(arr, torrent, from_client=True, blocklist=False)
    wait(world, 2)
    assert (world.client.torrents, torrent.gone_with_files) == ({}, True)
    run(world, arr, "MoviesSearch", movieIds=[movie.id])
    assert list(world.client.torrents) == [torrent.infohash]


@pytest.mark.parametrize(
    ("completed", "failed", "gone"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_failing_what_has_stopped_at_its_limit_removes_it_with_its_data(completed, failed, gone):
    world, arr = make("radarr")
    arr.imports_by_itself = False
    settings = arr.connections[0].settings
    settings.remove_completed, settings.remove_failed = completed, failed
    torrent = grab(world, arr, missing(arr))
    torrent.stopped, torrent.ratio_limit = True, 0
    refresh(world, arr)
    remove(arr, torrent)
    wait(world, 2)
    assert (torrent.infohash not in world.client.torrents) is gone


@pytest.mark.parametrize("skip", [True, False])
def test_a_failed_download_is_searched_again_by_the_arr_itself_unless_it_is_asked_not_to(skip):
    world, arr = make("radarr")
    torrent = grab(world, arr, missing(arr), STUCK)
    refresh(world, arr)
    remove(arr, torrent, skip_redownload=skip)
    wait(world, 2)
    assert (len(world.client.torrents) == 2) is not skip


def searches(arr):
    return [(one.name, one.body) for one in arr.commands.commands.values() if one.name.endswith("Search")]


def test_a_failed_season_is_searched_by_one_search_and_a_part_of_it_by_its_episodes():
    world, arr = make("sonarr")
    episodes = pack(arr)
    torrent = grab(world, arr, episodes, STUCK)
    refresh(world, arr)
    remove(arr, torrent, skip_redownload=False)
    first = episodes[0]
    assert searches(arr) == [("SeasonSearch", {"seriesId": first.series_id, "seasonNumber": first.season})]
    assert arr.collection.search_again([first.id]) == ("EpisodeSearch", {"episodeIds": [first.id]})
    some = [one.id for one in episodes[:2]]
    assert arr.collection.search_again(some) == ("EpisodeSearch", {"episodeIds": some})


@pytest.mark.parametrize(
    ("any_grab", "interactive", "source", "searched"),
    [
        (True, True, "Search", True),
        (False, True, "Search", False),
        (True, False, "Search", True),
        (True, False, "InteractiveSearch", False),
        (True, True, "InteractiveSearch", True),
    ],
)
def test_a_download_can_be_failed_from_the_history(any_grab, interactive, source, searched):
    world, arr = make("radarr")
    arr.settings.redownload_failed = any_grab
    arr.settings.redownload_failed_from_interactive_search = interactive
    (movie,) = missing(arr)
    release = arr.offer([movie])
    arr.note_grab([movie.id], release, source=source)
    torrent = arr.add_torrent([movie], release, STUCK)
    refresh(world, arr)
    (grabbed,) = of(arr, torrent)
    assert arr.mark_failed(grabbed.id)
    assert words(arr, torrent) == ["grabbed", "downloadFailed"]
    assert records(arr, torrent) == []
    assert bool(searches(arr)) is searched
    assert not arr.mark_failed(999_999)
    assert not arr.mark_failed(arr.history[-1].id)
