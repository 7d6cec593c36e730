"""When an Arr refreshes its downloads, and what its queue says of them in between."""

import pytest

from qbitrr.sandbox.life import texts
from qbitrr.sandbox.life.client_item import ClientAwayError
from qbitrr.sandbox.life.settings import ClientSettings, PathMapping
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.life.torrent import TorrentFile
from tests.unit.qbitrr.sandbox.life.worlds import (
    QUICK,
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
    said,
    scan,
    states,
    wait,
)

ARRS = ["radarr", "sonarr", "lidarr"]


@pytest.mark.parametrize("kind", ARRS)
def test_a_record_appears_five_seconds_after_the_grab(kind):
    world, arr = make(kind)
    torrent = grab(world, arr, missing(arr), STUCK)
    wait(world, 4.9)
    assert records(arr, torrent) == []
    wait(world, 0.3)
    (record,) = records(arr, torrent)
    assert (record.item_id, record.title, record.size) == (missing(arr)[0].id, torrent.name, torrent.selected_size)
    assert record.size_left == pytest.approx(record.size * 0.6, abs=1)
    assert states(arr, torrent) == {("warning", "downloading", "ok")}
    assert record.error == texts.STALLED
    assert record.added == of(arr, torrent)[0].date


def test_between_two_refreshes_nothing_of_a_torrent_reaches_the_queue():
    world, arr = make("radarr")
    torrent = grab(world, arr, missing(arr), STUCK)
    wait(world, 6)
    (before,) = records(arr, torrent)
    torrent.fate = QUICK
    wait(world, 50)
    assert torrent.complete
    assert records(arr, torrent) == [before]
    assert (before.status, before.output_path) == ("warning", None)
    wait(world, 20)
    assert records(arr, torrent) == []
    assert missing(arr)[0].id != before.item_id


def test_the_next_refresh_comes_a_minute_after_the_last_one_whoever_asked_for_it():
    world, arr = make("radarr")
    moments = []
    arr.on_change = lambda change: moments.append(arr.now) if change.what == "queue" else None
    wait(world, 30)
    refresh(world, arr)
    asked = moments[0]
    wait(world, 125)
    # each refresh is followed by the import, which publishes the queue once more
    refreshes = [moment for number, moment in enumerate(moments) if number % 2 == 0]
    assert [moment - asked for moment in refreshes] == pytest.approx([0, 60, 120], abs=0.5)


def test_several_grabs_are_followed_by_one_refresh():
    world, arr = make("radarr")
    first, second = missing(arr, 2)
    torrents = [grab(world, arr, [first], STUCK)]
    wait(world, 3)
    torrents.append(grab(world, arr, [second], STUCK))
    wait(world, 2.2)
    assert all(records(arr, torrent) for torrent in torrents)


def test_a_complete_download_has_its_path_by_the_mappings_that_were_entered():
    world, arr = make("radarr")
    arr.imports_by_itself = False
    arr.settings.path_mappings.append(PathMapping("/downloads/", "/data/torrents/"))
    torrent = grab(world, arr, missing(arr))
    refresh(world, arr)
    (record,) = records(arr, torrent)
    assert states(arr, torrent) == {("completed", "importPending", "ok")}
    assert record.output_path == torrent.content_path.replace("/downloads/", "/data/torrents/")
    assert (record.size_left, record.seconds_left) == (0, 0)


@pytest.mark.parametrize("kind", ARRS)
def test_content_without_a_folder_of_its_own_is_never_imported(kind):
    world, arr = make(kind)
    items = missing(arr)
    files = [TorrentFile(file.path.rpartition("/")[2], file.size) for file in contents(arr, items)]
    torrent = grab(world, arr, items, files=[*files, TorrentFile("readme.txt", 10)])
    assert torrent.content_path == torrent.save_path
    refresh(world, arr)
    wait(world, 600)
    (record,) = records(arr, torrent)
    assert (record.status, record.tracked_state, record.tracked_status) == ("warning", "downloading", "ok")
    assert (record.error, record.output_path) == (texts.BASE_DIRECTORY, None)
    assert items[0].file is None


def test_what_is_at_no_path_of_the_machine_is_never_imported():
    world, arr = make("radarr")
    arr.settings.path_mappings.append(PathMapping("/downloads/", "D:\\downloads\\"))
    (item,) = missing(arr)
    torrent = grab(world, arr, [item])
    refresh(world, arr)
    wait(world, 600)
    (record,) = records(arr, torrent)
    assert (record.status, record.tracked_state, record.tracked_status) == ("completed", "downloading", "warning")
    assert record.messages[0].messages == (texts.not_local(record.output_path),)
    assert item.file is None


def test_without_completed_download_handling_what_is_complete_is_not_listed():
    world, arr = make("radarr")
    arr.settings.completed_download_handling = False
    loading, torrent = grab(world, arr, missing(arr, 2)[1:], STUCK), grab(world, arr, missing(arr))
    refresh(world, arr)
    assert records(arr, torrent) == []
    assert records(arr, loading)
    wait(world, 600)
    assert [event.event_type for event in of(arr, torrent)] == ["grabbed"]


def test_what_has_left_the_client_or_the_category_leaves_the_queue_without_having_failed():
    world, arr = make("radarr")
    gone, moved = (grab(world, arr, [movie], STUCK) for movie in missing(arr, 2))
    refresh(world, arr)
    world.client.delete([gone.infohash], with_files=True)
    moved.category = "elsewhere"
    wait(world, 2)
    assert len(arr.queue) == 2
    refresh(world, arr)
    assert arr.queue == {}
    assert {event.event_type for event in arr.history} == {"grabbed"}


def test_a_pack_has_a_record_for_each_item_with_ids_of_their_own_that_stay():
    world, arr = make("sonarr")
    episodes = pack(arr)
    torrent = grab(world, arr, episodes, STUCK)
    refresh(world, arr)
    ids = [record.id for record in records(arr, torrent)]
    assert len(set(ids)) == len(episodes)
    assert [record.item_id for record in records(arr, torrent)] == [episode.id for episode in episodes]
    arr.restart()
    refresh(world, arr)
    assert [record.id for record in records(arr, torrent)] == ids


def test_a_torrent_that_nobody_grabbed_is_matched_by_its_name_and_imported():
    world, arr = make("radarr")
    (movie,) = missing(arr)
    torrent = add(world, arr, [movie], STUCK)
    refresh(world, arr)
    (record,) = records(arr, torrent)
    assert (record.item_id, record.added, record.indexer) == (movie.id, None, None)
    torrent.fate = QUICK
    wait(world, 120)
    assert movie.file is not None


@pytest.mark.parametrize("kind", ARRS)
def test_a_torrent_that_nothing_matches_is_blocked(kind):
    world, arr = make(kind)
    torrent = add(world, arr, missing(arr), name="What.Is.This", files=[TorrentFile("What.Is.This/a.mkv", 5)])
    refresh(world, arr)
    assert states(arr, torrent) == {("completed", "importBlocked", "warning")}
    assert records(arr, torrent)[0].item_id is None
    assert said(arr, torrent) == [texts.NO_MATCH[kind]]


@pytest.mark.parametrize("kind", ["radarr", "sonarr"])
def test_what_was_matched_by_id_is_left_to_its_user_unless_the_user_chose_it(kind):
    world, arr = make(kind)
    for number, (source, imported) in enumerate((("Search", False), ("InteractiveSearch", True))):
        item = missing(arr)[0]
        release = arr.offer([item], attempt=str(number))
        arr.note_grab([item.id], release, by_id=True, source=source)
        name = "Ein.ganz.anderer.Name.S01E01.1080p"
        files = [TorrentFile(f"{name}/{file.path.rpartition('/')[2]}", 900) for file in contents(arr, [item])]
        torrent = arr.add_torrent([item], release, QUICK, files, name)
        wait(world, 0.01)
        refresh(world, arr)
        assert (item.file is not None) is imported
        if not imported:
            assert states(arr, torrent) == {("completed", "importBlocked", "warning")}
            assert said(arr, torrent) == [texts.MATCHED_BY_ID[kind]]
            world.client.remove(torrent.infohash)


def test_two_clients_of_one_qbittorrent_list_a_download_twice_until_it_is_complete():
    world, arr = make("radarr")
    arr.imports_by_itself = False
    arr.connect(world.client, ClientSettings("radarr", id=7, name="second"))
    torrent = grab(world, arr, missing(arr), STUCK)
    refresh(world, arr)
    assert len(records(arr, torrent)) == 2
    torrent.fate = QUICK
    wait(world, 0.1)
    refresh(world, arr)
    (record,) = records(arr, torrent)
    assert record.client == "second"


def test_an_arr_backs_off_from_a_client_that_was_away_and_lists_and_grabs_nothing_meanwhile():
    world, arr = make("radarr")
    torrent = grab(world, arr, missing(arr, 2)[1:], STUCK)
    refresh(world, arr)
    world.client.is_away = True
    refresh(world, arr)
    assert arr.queue == {}
    world.client.is_away = False
    with pytest.raises(ClientAwayError):
        arr.connections[0].items(world.now, arr.tempo)
    refresh(world, arr)
    arr.search([[missing(arr)[0]]])
    wait(world, 30)
    assert arr.queue == {}
    assert len(world.client.torrents) == 1
    wait(world, 60)
    assert records(arr, torrent)


def test_a_client_that_stays_away_is_asked_ever_less_often():
    world, arr = make("radarr")
    world.client.is_away = True
    (connection,) = arr.connections
    pauses = []
    for _ in range(4):
        wait(world, max(0.0, connection.blocked_until - world.now) + 61)
        pauses.append(connection.failures)
    assert pauses == [1, 2, 3, 4]


def test_after_a_restart_the_queue_is_empty_until_the_first_refresh():
    world, arr = make("radarr")
    torrent = grab(world, arr, missing(arr), STUCK)
    refresh(world, arr)
    arr.restart()
    wait(world, 39)
    assert arr.queue == {}
    wait(world, 2)
    assert records(arr, torrent)


def test_after_a_restart_a_refresh_can_be_asked_for_at_once():
    world, arr = make("radarr")
    torrent = grab(world, arr, missing(arr), STUCK)
    arr.restart()
    refresh(world, arr)
    assert records(arr, torrent)


def test_what_was_imported_or_failed_is_not_listed_after_a_restart():
    world, arr = make("radarr")
    first, second = missing(arr, 2)
    imported, failed = grab(world, arr, [first]), grab(world, arr, [second], STUCK)
    refresh(world, arr)
    arr.remove(records(arr, failed)[0].id, from_client=False, blocklist=True, skip_redownload=True)
    arr.restart()
    refresh(world, arr)
    assert records(arr, imported) == records(arr, failed) == []


def test_an_import_of_lidarr_that_failed_stays_so_over_a_restart_with_what_was_said():
    world, arr = make("lidarr")
    albums = missing(arr)
    torrent = grab(world, arr, albums, files=contents(arr, albums)[:-1])
    refresh(world, arr)
    before = records(arr, torrent)[0]
    arr.restart()
    refresh(world, arr)
    after = records(arr, torrent)[0]
    assert (after.tracked_state, after.messages) == ("importFailed", before.messages)
    assert texts.MISSING_TRACKS in said(arr, torrent)


def test_the_score_is_that_of_the_torrents_name_not_of_the_release():
    world, arr = make("radarr")
    (movie,) = missing(arr)
    title = arr.offer([movie]).title
    torrent = grab(world, arr, [movie], STUCK, name=title.replace(".PROPER.Atmos", ""))
    refresh(world, arr)
    assert of(arr, torrent)[0].formats == 3
    assert records(arr, torrent)[0].formats == 0


def test_at_ten_times_the_speed_everything_takes_a_tenth():
    world, arr = make("radarr")
    arr.tempo = Tempo(speed=10)
    torrent = grab(world, arr, missing(arr), STUCK)
    wait(world, 0.6)
    assert records(arr, torrent)
    torrent.fate = QUICK
    wait(world, 6.5)
    assert records(arr, torrent) == []
    assert scan(world, arr, torrent).result == "unsuccessful"


def test_a_release_that_waits_for_its_delay_profile_is_listed_without_a_download():
    world, arr = make("radarr")
    (movie,) = missing(arr)
    arr.delay([movie.id], arr.offer([movie]))
    (record,) = arr.queue.values()
    assert (record.item_id, record.status, record.download_id, record.tracked_state) == (movie.id, "delay", None, None)
    refresh(world, arr)
    assert list(arr.queue.values()) == [record]
    assert arr.search([[movie]]) == 0
    assert arr.remove(record.id, from_client=False, blocklist=False, skip_redownload=True)
    assert arr.queue == {}
