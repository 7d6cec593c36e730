import pytest

from qbitrr.sandbox.life.arr import IMPORT_SECONDS, REFRESH_SECONDS
from qbitrr.sandbox.life.download_client import DELETE_SECONDS
from qbitrr.sandbox.life.fate import ALWAYS_HEALTHY, ALWAYS_STALLED, Destiny, Fate, Odds
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.life.world import World
from qbitrr.sandbox.media import library

NOW = 1_790_000_000.0
COMMAND_SECONDS = 1.0  # a command waits 0.2 and runs 0.8
QUICK = Fate(bytes_per_second=1e12)
STUCK = Fate(Destiny.STALLED, 1e12, until=0.4)


@pytest.fixture
def world():
    return World(1, NOW)


def radarr(world, **options):
    arr = world.add_arr("Radarr", library.movies(1, 60, NOW), "radarr", **options)
    arr.odds = ALWAYS_HEALTHY
    return arr


def sonarr(world):
    arr = world.add_arr("Sonarr", library.shows(1, 10, 300, NOW), "sonarr")
    arr.odds = ALWAYS_HEALTHY
    return arr


def lidarr(world):
    arr = world.add_arr("Lidarr", library.music(1, 20, NOW), "lidarr")
    arr.odds = ALWAYS_HEALTHY
    return arr


def pack_of(arr):
    """The episodes of a season that is missing as a whole."""
    for number in arr.collection.series:
        for group in arr.collection.asked_for("SeriesSearch", {"seriesId": number}, arr.now):
            if len(group) > 1:
                return group
    raise AssertionError("no season is missing as a whole")


def wanted_of(arr):
    return next(arr.collection.wanted(arr.now))


def run(world, arr, name, **body):
    """Post a command and let it end; the command and the time afterwards."""
    command = arr.commands.post(name, {"name": name, **body}, world.now)
    world.advance(world.now + COMMAND_SECONDS)
    assert command.status == "completed"
    return command


def events(arr, event_type):
    return [event for event in arr.history if event.event_type == event_type]


def test_a_search_grabs_one_release_with_queue_record_history_and_torrent(world):
    arr = radarr(world)
    movie = wanted_of(arr)
    run(world, arr, "MoviesSearch", movieIds=[movie.id])

    [record] = arr.queue.values()
    [grabbed] = events(arr, "grabbed")
    [torrent] = world.client.torrents.values()
    assert record.item_id == grabbed.item_id == movie.id
    assert record.download_id == grabbed.download_id == torrent.infohash.upper()
    assert torrent.infohash == torrent.infohash.lower()
    assert torrent.category == "radarr"
    assert torrent.name == record.release.title
    assert movie.last_search == int(world.now)


def test_the_same_search_in_the_same_world_finds_the_same_release():
    found = []
    for _ in range(2):
        world = World(1, NOW)
        arr = radarr(world)
        run(world, arr, "MoviesSearch", movieIds=[wanted_of(arr).id])
        found.append(list(world.client.torrents))
    assert found[0] == found[1]


def test_what_is_in_the_queue_is_not_grabbed_again(world):
    arr = radarr(world)
    movie = wanted_of(arr)
    for _ in range(2):
        run(world, arr, "MoviesSearch", movieIds=[movie.id])
    assert len(world.client.torrents) == 1


def test_what_is_not_released_is_not_found(world):
    arr = radarr(world)
    future = next(movie for movie in arr.collection.items.values() if movie.in_cinemas > NOW)
    run(world, arr, "MoviesSearch", movieIds=[future.id, 999_999])
    assert not arr.queue


def test_some_things_cannot_be_found(world):
    arr = radarr(world)
    arr.odds = Odds(found=0)
    run(world, arr, "MoviesSearch", movieIds=[wanted_of(arr).id])
    assert not arr.queue


@pytest.mark.parametrize(
    ("odds", "states"), [(ALWAYS_HEALTHY, {"stalledUP", "uploading"}), (ALWAYS_STALLED, {"stalledDL"})]
)
def test_odds_decide_what_becomes_of_downloads(world, odds, states):
    arr = radarr(world)
    arr.odds, arr.imports_by_itself = odds, False
    run(world, arr, "MissingMoviesSearch")
    world.advance(world.now + 86_400)
    assert {torrent.state for torrent in world.client.torrents.values()} <= states
    assert len(world.client.torrents) > 5


def test_a_scan_imports_a_finished_download(world):
    arr = radarr(world)
    movie = wanted_of(arr)
    release = arr.offer([movie])
    arr.grab([movie], release, QUICK)
    world.advance(NOW + 1)
    torrent = world.client.get(release.infohash)

    command = run(
        world, arr, "DownloadedMoviesScan", path=torrent.content_path, downloadClientId=release.infohash.upper()
    )

    assert command.result == "successful"
    assert not arr.queue
    assert (movie.file.quality, movie.file.size) == (release.quality, release.size)
    [imported] = events(arr, "downloadFolderImported")
    assert imported.download_id == release.infohash.upper()
    assert world.client.get(release.infohash) is torrent  # it goes on seeding


def test_a_command_is_queued_then_started_then_completed(world):
    arr = radarr(world)
    command = arr.commands.post("RefreshMonitoredDownloads", {}, NOW)
    seen = []
    for seconds in (0.0, 0.1, 0.3, 0.9, 1.1):
        world.advance(NOW + seconds)
        seen.append(command.status)
    assert seen == ["queued", "queued", "started", "started", "completed"]
    assert (command.started, command.ended) == (NOW + 0.2, NOW + 1.0)


def test_the_same_command_is_not_lined_up_twice_and_forgotten_after_a_while(world):
    arr = radarr(world)
    first = arr.commands.post("MoviesSearch", {"movieIds": [1]}, NOW)
    assert arr.commands.post("MoviesSearch", {"movieIds": [1]}, NOW) is first
    assert arr.commands.post("MoviesSearch", {"movieIds": [2]}, NOW) is not first
    world.advance(NOW + 2)
    assert arr.commands.post("MoviesSearch", {"movieIds": [1]}, NOW + 2) is not first
    world.advance(NOW + 302)
    assert first.id not in arr.commands.commands


@pytest.mark.parametrize("wrong", ["unknown id", "wrong path", "too high a path", "unfinished", "lost"])
def test_a_scan_that_does_not_fit_imports_nothing(world, wrong):
    arr = radarr(world)
    movie = wanted_of(arr)
    release = arr.offer([movie])
    arr.grab([movie], release, STUCK if wrong == "unfinished" else QUICK)
    world.advance(NOW + 1)
    path, download_id = world.client.get(release.infohash).content_path, release.infohash.upper()
    if wrong == "lost":
        world.client.lose_data(release.infohash)
    command = run(
        world,
        arr,
        "DownloadedMoviesScan",
        path={"wrong path": "/elsewhere", "too high a path": "/downloads"}.get(wrong, path),
        downloadClientId="F" * 40 if wrong == "unknown id" else download_id,
    )
    assert (command.status, command.result) == ("completed", "unsuccessful")
    assert movie.file is None
    [record] = arr.queue.values()
    assert bool(record.messages) is (wrong != "unknown id")


def test_importing_with_move_takes_the_files_away_from_the_client(world):
    arr = radarr(world)
    movie = wanted_of(arr)
    release = arr.offer([movie])
    arr.grab([movie], release, QUICK)
    world.advance(NOW + 1)
    torrent = world.client.get(release.infohash)
    assert arr.import_download(release.infohash, torrent.content_path, "Move")
    assert torrent.state == "missingFiles"


def test_the_arr_imports_by_itself_after_a_minute(world):
    arr = radarr(world)
    movie = wanted_of(arr)
    arr.grab([movie], arr.offer([movie]), QUICK)
    world.advance(NOW + 1)
    completed = next(iter(world.client.torrents.values())).completion_on
    world.advance(completed + IMPORT_SECONDS - 1)
    assert movie.file is None
    world.advance(completed + IMPORT_SECONDS)
    assert movie.file is not None
    assert not arr.queue


def test_the_arr_does_not_import_by_itself_when_told_so(world):
    arr = radarr(world)
    arr.imports_by_itself = False
    movie = wanted_of(arr)
    arr.grab([movie], arr.offer([movie]), QUICK)
    world.advance(NOW + 600)
    [record] = arr.queue.values()
    assert (record.status, record.tracked_state, record.size_left) == ("completed", "importPending", 0)


def test_the_queue_follows_the_client_every_minute_or_on_request(world):
    arr = radarr(world)
    movie = wanted_of(arr)
    [record] = arr.grab([movie], arr.offer([movie]), STUCK)
    world.advance(NOW + REFRESH_SECONDS / 2)
    assert (record.status, record.size_left) == ("downloading", record.release.size)  # as of the grab
    run(world, arr, "RefreshMonitoredDownloads")
    assert (record.status, record.tracked_status) == ("warning", "warning")
    assert record.size_left == pytest.approx(record.release.size * 0.6)


def test_what_has_left_the_client_leaves_the_queue(world):
    arr = radarr(world)
    movie = wanted_of(arr)
    release = arr.offer([movie])
    arr.grab([movie], release, STUCK)
    world.client.delete([release.infohash], with_files=True)
    world.advance(NOW + DELETE_SECONDS)
    assert arr.queue
    world.advance(NOW + REFRESH_SECONDS)
    assert not arr.queue
    assert not events(arr, "downloadFailed")


def test_a_blocklisted_release_is_replaced_by_another_one(world):
    arr = radarr(world)
    arr.odds = ALWAYS_STALLED
    movie = wanted_of(arr)
    seen = set()
    for _ in range(3):
        run(world, arr, "MoviesSearch", movieIds=[movie.id])
        [record] = arr.queue.values()
        seen.add(record.download_id)
        arr.remove(record.id, from_client=True, blocklist=True, skip_redownload=True)
        world.advance(world.now + DELETE_SECONDS)
        assert not world.client.torrents
    assert len(seen) == 3
    assert {entry.release.infohash.upper() for entry in arr.blocklist} == seen
    assert {event.download_id for event in events(arr, "downloadFailed")} == seen


def test_a_failed_download_is_searched_again_by_the_arr_itself_unless_told_not_to(world):
    arr = radarr(world)
    for skip in (True, False):
        movie = wanted_of(arr)
        [record] = arr.grab([movie], arr.offer([movie], attempt=str(skip)), STUCK)
        arr.remove(record.id, from_client=True, blocklist=True, skip_redownload=skip)
        world.advance(world.now + 2)
        assert bool(arr.queue) is not skip


def test_removing_without_blocklist_leaves_the_release_for_the_next_search(world):
    arr = radarr(world)
    movie = wanted_of(arr)
    run(world, arr, "MoviesSearch", movieIds=[movie.id])
    [record] = arr.queue.values()
    assert arr.remove(record.id, from_client=True, blocklist=False, skip_redownload=True)
    assert not arr.remove(record.id, from_client=True, blocklist=False, skip_redownload=True)
    world.advance(world.now + DELETE_SECONDS)
    run(world, arr, "MoviesSearch", movieIds=[movie.id])
    assert [again.download_id for again in arr.queue.values()] == [record.download_id]


def test_removing_without_the_client_leaves_the_torrent(world):
    arr = radarr(world)
    movie = wanted_of(arr)
    [record] = arr.grab([movie], arr.offer([movie]), STUCK)
    arr.remove(record.id, from_client=False, blocklist=True, skip_redownload=True)
    world.advance(NOW + 3600)
    assert world.client.get(record.download_id.lower())
    assert not arr.queue


def test_a_season_pack_has_a_record_for_each_episode_that_come_and_go_together(world):
    arr = sonarr(world)
    episodes = pack_of(arr)
    series_id, season = episodes[0].series_id, episodes[0].season
    run(world, arr, "SeasonSearch", seriesId=series_id, seasonNumber=season)

    assert [record.item_id for record in arr.queue.values()] == [episode.id for episode in episodes]
    [download_id] = {record.download_id for record in arr.queue.values()}
    torrent = world.client.get(download_id.lower())
    assert len(torrent.files) == len(episodes)
    assert f".S{season:02}." in torrent.name

    world.advance(world.now + 86_400)
    assert all(episode.file for episode in episodes)
    assert len(events(arr, "downloadFolderImported")) == len(episodes)
    assert not arr.queue


def test_failing_a_season_pack_searches_its_episodes_again(world):
    arr = sonarr(world)
    episodes = pack_of(arr)
    records = arr.grab(episodes, arr.offer(episodes), STUCK)
    assert arr.remove(records[0].id, from_client=True, blocklist=True, skip_redownload=False)
    assert not arr.queue
    assert arr.blocklist[0].item_ids == [episode.id for episode in episodes]
    world.advance(world.now + 2)
    assert {record.item_id for record in arr.queue.values()} == {episode.id for episode in episodes}


def test_an_album_is_imported_track_by_track(world):
    arr = lidarr(world)
    album = wanted_of(arr)
    arr.grab([album], arr.offer([album]), QUICK)
    world.advance(NOW + 1)
    world.advance(NOW + 1 + IMPORT_SECONDS)
    assert album.present == album.track_count
    tracks = events(arr, "trackFileImported")
    assert [event.track_id for event in tracks] == [track.id for track in album.tracks()]
    assert len(events(arr, "downloadImported")) == 1


def test_an_upgrade_replaces_the_file(world):
    arr = radarr(world)
    movie = next(arr.collection.below_cutoff())
    before = movie.file
    arr.grab([movie], arr.offer([movie]), QUICK)
    world.advance(NOW + 1)
    world.advance(NOW + 1 + IMPORT_SECONDS)
    assert movie.file is not before
    assert movie.file.id not in {
        other.file.id for other in arr.collection.items.values() if other.file is not movie.file and other.file
    }
    [deleted] = events(arr, "movieFileDeleted")
    assert (deleted.item_id, deleted.data["reason"], deleted.download_id) == (movie.id, "Upgrade", None)


def test_rss_sync_grabs_something_else_each_time(world):
    arr = radarr(world)
    for syncs in (1, 2):
        run(world, arr, "RssSync")
        assert len(arr.queue) == 2 * syncs


def test_an_arr_with_a_client_of_somebody_elses_imports_what_it_is_told_of(world):
    arr = radarr(world, has_client=False)
    movie = wanted_of(arr)
    record = arr.track("AB" * 20, movie.id, "Some.Release", "/data/radarr/Some.Release")
    world.advance(NOW + 3600)
    assert arr.queue == {record.id: record}

    arr.path_exists = lambda path: path == "/data/radarr/Some.Release"
    assert (
        run(world, arr, "DownloadedMoviesScan", path="/data/radarr", downloadClientId="AB" * 20).result
        == "unsuccessful"
    )
    done = run(world, arr, "DownloadedMoviesScan", path="/data/radarr/Some.Release", downloadClientId="ab" * 20)
    assert done.result == "successful"
    assert movie.file
    assert not arr.queue
    assert events(arr, "downloadFolderImported")[0].download_id == "AB" * 20


def test_an_arr_with_a_client_of_somebody_elses_finds_nothing(world):
    arr = radarr(world, has_client=False)
    movie = wanted_of(arr)
    run(world, arr, "MoviesSearch", movieIds=[movie.id])
    assert not arr.queue
    assert movie.last_search


def test_a_download_that_nothing_matches_is_not_imported(world):
    arr = radarr(world, has_client=False)
    arr.track("AB" * 20, None, "What.Is.This")
    assert run(world, arr, "DownloadedMoviesScan", path="/x", downloadClientId="AB" * 20).result == "unsuccessful"
    assert arr.queue


def test_at_ten_times_the_speed_everything_takes_a_tenth():
    world = World(1, NOW, tempo=Tempo(speed=10))
    arr = radarr(world)
    movie = wanted_of(arr)
    run_for = COMMAND_SECONDS / 10
    arr.commands.post("MoviesSearch", {"movieIds": [movie.id]}, NOW)
    world.advance(NOW + run_for)
    assert arr.queue
    arr.remove(next(iter(arr.queue)), from_client=True, blocklist=True, skip_redownload=True)
    world.advance(NOW + run_for + DELETE_SECONDS / 10)
    assert not world.client.torrents
