"""How downloads come into the library, and what is said of those that do not."""

import pytest

from qbitrr.sandbox.life import texts
from qbitrr.sandbox.life.settings import PathMapping
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.sandbox.media.names import dotted
from qbitrr.sandbox.media.quality import QUALITIES, File, quality_in
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
    run,
    said,
    scan,
    states,
    wait,
    words,
)

ARRS = ["radarr", "sonarr", "lidarr"]
IMPORTED = {
    "radarr": ["grabbed", "downloadFolderImported"],
    "sonarr": ["grabbed", "downloadFolderImported"],
    "lidarr": ["grabbed", "trackFileImported", "downloadImported"],
}


def is_there(item):
    return item.file is not None


@pytest.mark.parametrize("kind", ARRS)
def test_a_refresh_imports_what_is_complete_within_a_second(kind):
    world, arr = make(kind)
    (item,) = missing(arr)
    torrent = grab(world, arr, [item])
    arr.commands.post("RefreshMonitoredDownloads", {})
    wait(world, 0.7)
    assert is_there(item)
    assert (item.file.quality, arr.queue) == (arr.offer([item]).quality, {})
    assert words(arr, torrent) == IMPORTED[kind]
    assert torrent.state in ("uploading", "stalledUP")


def test_the_history_has_it_before_the_queue_has_not():
    world, arr = make("radarr")
    torrent = grab(world, arr, missing(arr))
    arr.commands.post("RefreshMonitoredDownloads", {})
    wait(world, 0.45)
    assert words(arr, torrent) == IMPORTED["radarr"]
    assert states(arr, torrent) == {("completed", "importPending", "ok")}


def test_what_is_complete_is_imported_by_itself_within_a_minute():
    world, arr = make("radarr")
    (movie,) = missing(arr)
    grab(world, arr, [movie], STUCK).fate = QUICK
    wait(world, 66)
    assert is_there(movie)


def test_a_pack_is_imported_in_little_more_time_and_each_episode_has_its_event():
    world, arr = make("sonarr")
    episodes = pack(arr)
    torrent = grab(world, arr, episodes)
    arr.commands.post("RefreshMonitoredDownloads", {})
    wait(world, 0.9)
    assert all(map(is_there, episodes))
    assert [event.item_id for event in of(arr, torrent, "downloadFolderImported")] == [one.id for one in episodes]


def test_an_album_is_imported_track_by_track_and_then_as_a_whole():
    world, arr = make("lidarr")
    (album,) = missing(arr)
    torrent = grab(world, arr, [album])
    refresh(world, arr)
    assert album.present == album.track_count
    tracks = of(arr, torrent, "trackFileImported")
    assert [event.track_id for event in tracks] == [track.id for track in album.tracks()]
    assert [event.track_id for event in of(arr, torrent, "downloadImported")] == [0]


@pytest.mark.parametrize(("kind", "deleted"), [("radarr", "movieFileDeleted"), ("sonarr", "episodeFileDeleted")])
def test_an_upgrade_replaces_the_file(kind, deleted):
    world, arr = make(kind)
    item = next(arr.collection.below_cutoff())
    before = item.file
    grab(world, arr, [item])
    refresh(world, arr)
    assert item.file is not before
    (event,) = [one for one in arr.history if one.event_type == deleted]
    assert (event.item_id, event.data["reason"], event.download_id) == (item.id, "Upgrade", None)


# --- refused ---


def other_files(world, arr, *names, **how):
    items = missing(arr)
    title = arr.offer(items).title
    torrent = grab(world, arr, items, files=[TorrentFile(f"{title}/{name}", 900) for name in names], **how)
    refresh(world, arr)
    return torrent


@pytest.mark.parametrize("kind", ARRS)
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("a.exe",), texts.executable(".exe")),
        (("a.lnk",), texts.dangerous(".lnk")),
        (("a.rar", "a.r00"), texts.ARCHIVE),
        (("sample.mkv", "sample.flac", "a.nfo"), "No files found are eligible for import in "),
    ],
)
def test_a_download_without_media_stays_pending_with_a_warning(kind, names, expected):
    world, arr = make(kind)
    torrent = other_files(world, arr, *names)
    assert states(arr, torrent) == {("completed", "importPending", "warning")}
    assert said(arr, torrent)[0].startswith(expected)
    assert records(arr, torrent)[0].messages[0].title == torrent.name


def downgrade(world, arr, put=grab):
    """A download of a lower quality than what is there."""
    item = missing(arr)[0]
    best, worst = QUALITIES[arr.kind][-1], QUALITIES[arr.kind][0]
    item.file = File(item.id, best.id, 7, 900, int(arr.now))
    title = arr.offer([item], attempt="by hand" if put is grab else "added").title
    shown = next(one.name for one in QUALITIES[arr.kind] if one.id == quality_in(arr.kind, title))
    torrent = put(world, arr, [item], name=title.replace(dotted(shown), dotted(worst.name)))
    refresh(world, arr)
    return torrent, texts.not_an_upgrade(arr.kind, best.name, worst.name)


@pytest.mark.parametrize("kind", ["radarr", "sonarr"])
def test_one_file_that_is_no_upgrade_stays_pending_when_it_was_grabbed(kind):
    world, arr = make(kind)
    torrent, text = downgrade(world, arr)
    assert states(arr, torrent) == {("completed", "importPending", "warning")}
    assert said(arr, torrent) == [text]
    assert words(arr, torrent) == ["grabbed"]


@pytest.mark.parametrize("kind", ["radarr", "sonarr"])
def test_and_is_blocked_when_it_was_not(kind):
    world, arr = make(kind)
    torrent, text = downgrade(world, arr, add)
    assert states(arr, torrent) == {("completed", "importBlocked", "warning")}
    first, second = records(arr, torrent)[0].messages
    assert (first.title, first.messages) == (texts.NOT_ALL_IMPORTED[kind], ())
    assert (second.title.endswith(".mkv"), second.messages) == (True, (text,))


def test_lidarr_fails_what_is_no_upgrade():
    world, arr = make("lidarr")
    torrent, text = downgrade(world, arr)
    assert states(arr, torrent) == {("completed", "importFailed", "warning")}
    assert set(said(arr, torrent)) == {text}


def test_what_scores_less_at_the_same_quality_is_no_upgrade():
    world, arr = make("radarr")
    (movie,) = missing(arr)
    release = arr.offer([movie])
    movie.file = File(1, release.quality, 3, 900, int(arr.now))
    torrent = grab(world, arr, [movie], name=release.title.replace(".Atmos", ""))
    refresh(world, arr)
    (text,) = said(arr, torrent)
    assert text.startswith("Not a Custom Format upgrade for existing movie file(s). New: [Trusted group] (60) do not")
    assert text.endswith(" improve on Existing: [Trusted group, Preferred sound] (100)")


def short_pack(world, arr):
    """Three of the files of a pack; the second is no media."""
    episodes = pack(arr)
    files = contents(arr, episodes)[:3]
    files[1].playable = False
    return episodes, grab(world, arr, episodes, files=files)


def test_of_a_pack_the_good_files_are_imported_and_every_record_stays():
    world, arr = make("sonarr")
    episodes, torrent = short_pack(world, arr)
    refresh(world, arr)
    assert [is_there(episode) for episode in episodes[:3]] == [True, False, True]
    assert len(of(arr, torrent, "downloadFolderImported")) == 2
    assert len(records(arr, torrent)) == len(episodes)
    assert states(arr, torrent) == {("completed", "importBlocked", "warning")}
    assert said(arr, torrent) == [texts.SAMPLE_UNCLEAR]


def test_each_further_refresh_turns_it_to_pending_and_back_and_imports_nothing_twice():
    world, arr = make("sonarr")
    _, torrent = short_pack(world, arr)
    refresh(world, arr)
    seen = []
    arr.commands.post("RefreshMonitoredDownloads", {})
    for _ in range(100):
        wait(world, 0.01)
        ((_, state, status),) = states(arr, torrent)
        if [(state, status)] != seen[-1:]:
            seen.append((state, status))
    assert seen == [("importBlocked", "warning"), ("importPending", "warning"), ("importBlocked", "warning")]
    assert len(of(arr, torrent, "downloadFolderImported")) == 2
    assert [text.partition(" at ")[0] for text in said(arr, torrent)] == [
        "Episode file already imported",
        texts.SAMPLE_UNCLEAR,
        "Episode file already imported",
    ]


def test_a_scan_of_a_part_that_was_imported_imports_nothing():
    world, arr = make("sonarr")
    _, torrent = short_pack(world, arr)
    refresh(world, arr)
    command = scan(world, arr, torrent)
    assert (command.status, command.result, command.message) == ("completed", "unsuccessful", "Failed to import")
    assert len(of(arr, torrent, "downloadFolderImported")) == 2


# --- scans ---


@pytest.mark.parametrize("kind", ARRS)
def test_without_completed_download_handling_a_scan_with_the_id_imports_and_the_data_stays(kind):
    world, arr = make(kind)
    arr.settings.completed_download_handling = False
    (item,) = missing(arr)
    torrent = grab(world, arr, [item])
    refresh(world, arr)
    assert not is_there(item)
    command = scan(world, arr, torrent)
    assert (command.status, command.result) == ("completed", "successful")
    assert is_there(item)
    assert words(arr, torrent) == IMPORTED[kind]
    assert not torrent.moved_away


def test_a_second_scan_is_unsuccessful_and_says_once_more_that_the_album_was_imported():
    world, arr = make("lidarr")
    arr.settings.completed_download_handling = False
    torrent = grab(world, arr, missing(arr))
    refresh(world, arr)
    assert [scan(world, arr, torrent).result for _ in range(2)] == ["successful", "unsuccessful"]
    assert len(of(arr, torrent, "downloadImported")) == 2


def test_a_record_outlives_a_scan_until_the_next_refresh():
    world, arr = make("radarr")
    arr.imports_by_itself = False
    torrent = grab(world, arr, missing(arr))
    refresh(world, arr)
    command = scan(world, arr, torrent)
    assert command.result == "successful"
    assert words(arr, torrent) == IMPORTED["radarr"]
    assert states(arr, torrent) == {("completed", "importPending", "ok")}
    wait(world, 6)
    assert records(arr, torrent) == []


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/downloads/radarr/Something.Else"])
def test_a_scan_of_a_path_that_is_not_there_leaves_no_trace_in_the_queue(path):
    world, arr = make("radarr")
    arr.imports_by_itself = False
    torrent = grab(world, arr, missing(arr))
    refresh(world, arr)
    before = records(arr, torrent)
    command = scan(world, arr, torrent, path=path)
    assert (command.status, command.result) == ("completed", "unsuccessful")
    assert records(arr, torrent) == before


def test_a_path_is_there_for_the_arr_where_its_mounts_are_whatever_is_mapped():
    world, arr = make("radarr")
    arr.settings.mounts.append(PathMapping("/downloads/", "/data/"))
    (movie,) = missing(arr)
    torrent = grab(world, arr, [movie])
    refresh(world, arr)
    assert said(arr, torrent) == [texts.nothing_eligible(torrent.content_path)]
    assert scan(world, arr, torrent).result == "unsuccessful"
    assert scan(world, arr, torrent, path=torrent.content_path.replace("/downloads/", "/data/")).result == "successful"
    assert is_there(movie)


def test_with_the_right_mapping_the_arr_imports_by_itself():
    world, arr = make("radarr")
    arr.settings.mounts.append(PathMapping("/downloads/", "/data/"))
    arr.settings.path_mappings.append(PathMapping("/downloads/", "/data/"))
    (movie,) = missing(arr)
    torrent = grab(world, arr, [movie])
    refresh(world, arr)
    assert is_there(movie)
    assert of(arr, torrent)[-1].data["droppedPath"].startswith("/data/radarr/")


def test_what_is_not_complete_or_lost_is_not_imported():
    world, arr = make("radarr")
    first, second = missing(arr, 2)
    unfinished, lost = grab(world, arr, [first], STUCK), grab(world, arr, [second])
    world.client.lose_data(lost.infohash)
    refresh(world, arr)
    assert [scan(world, arr, torrent).result for torrent in (unfinished, lost)] == ["unsuccessful"] * 2
    assert not is_there(first)
    assert not is_there(second)


def test_a_scan_of_a_download_that_is_for_nothing_fails():
    world, arr = make("radarr")
    torrent = add(world, arr, missing(arr), name="What.Is.This", files=[TorrentFile("What.Is.This/a.mkv", 5)])
    refresh(world, arr)
    command = scan(world, arr, torrent)
    assert (command.status, command.result) == ("failed", "unknown")
    assert command.exception


@pytest.mark.parametrize(("mode", "moved"), [("Auto", False), ("Copy", False), ("Move", True)])
def test_the_mode_of_a_scan_with_a_known_id(mode, moved):
    world, arr = make("radarr")
    arr.imports_by_itself = False
    torrent = grab(world, arr, missing(arr))
    refresh(world, arr)
    assert scan(world, arr, torrent, mode).result == "successful"
    assert torrent.moved_away is moved
    assert torrent.state in ("uploading", "stalledUP")  # the client does not notice


def test_auto_moves_what_has_stopped_at_its_limit():
    world, arr = make("radarr")
    arr.imports_by_itself = False
    torrent = grab(world, arr, missing(arr))
    torrent.stopped, torrent.ratio_limit = True, 0
    refresh(world, arr)
    scan(world, arr, torrent)
    assert torrent.moved_away


@pytest.mark.parametrize(("mode", "moved"), [("Auto", True), ("Copy", False), ("Move", True)])
def test_a_scan_with_an_unknown_id_goes_by_the_folders_name_and_auto_moves(mode, moved):
    world, arr = make("radarr")
    (movie,) = missing(arr)
    torrent = grab(world, arr, [movie])
    arr.restart()
    assert scan(world, arr, torrent, mode).result == "successful"
    assert is_there(movie)
    assert torrent.moved_away is moved
    assert torrent.state in ("uploading", "stalledUP")
    assert words(arr, torrent) == ["grabbed"]  # what it imported belongs to no download
    assert arr.history[-1].event_type == "downloadFolderImported"


def test_a_scan_that_waited_over_a_restart_runs_before_the_first_refresh():
    world, arr = make("radarr")
    (movie,) = missing(arr)
    torrent = grab(world, arr, [movie])
    body = {"path": torrent.content_path, "downloadClientId": torrent.infohash.upper(), "importMode": "Auto"}
    command = arr.commands.post("DownloadedMoviesScan", body)
    arr.restart()
    wait(world, 1)
    assert command.result == "successful"
    assert torrent.moved_away


def test_a_folder_whose_name_tells_nothing_is_not_imported():
    world, arr = make("radarr")
    torrent = grab(world, arr, missing(arr))
    assert run(world, arr, "DownloadedMoviesScan", path=torrent.save_path).result == "unsuccessful"


# --- other torrents' files ---


def rootless(world, arr, items, file):
    """A torrent whose content path is the save path."""
    torrent = grab(world, arr, items, files=[file, TorrentFile("readme.txt", 10)])
    refresh(world, arr)
    return torrent


def test_a_scan_of_the_save_path_imports_another_torrents_movie():
    world, arr = make("radarr")
    arr.imports_by_itself = False
    first, second = missing(arr, 2)
    grab(world, arr, [second])
    torrent = rootless(world, arr, [first], TorrentFile("a.mkv", 900))
    assert scan(world, arr, torrent).result == "successful"
    assert is_there(first)
    (event,) = of(arr, torrent, "downloadFolderImported")
    assert arr.offer([second]).title in event.data["droppedPath"]


def test_a_scan_of_the_save_path_maps_other_series_numbers_onto_what_was_grabbed():
    world, arr = make("sonarr")
    arr.imports_by_itself = False
    first = missing(arr)[0]
    other = next(
        one
        for one in arr.collection.items.values()
        if (one.season, one.number) == (first.season, first.number) and one.series_id != first.series_id
    )
    grab(world, arr, [other])
    torrent = rootless(world, arr, [first], TorrentFile("a.txt", 900))
    assert scan(world, arr, torrent).result == "successful"
    assert is_there(first)


def test_a_scan_of_the_save_path_takes_another_album_of_the_same_artist_only():
    world, arr = make("lidarr")
    arr.imports_by_itself = False
    first, second = pack(arr)
    stranger = next(one for one in arr.collection.wanted(arr.now) if one.artist_id != first.artist_id)
    for album in (second, stranger):
        grab(world, arr, [album])
    torrent = rootless(world, arr, [first], TorrentFile("a.txt", 900))
    scan(world, arr, torrent)
    assert is_there(second)
    assert not is_there(stranger)


# --- Lidarr's parts ---


def two_albums(world, arr):
    """The second of them lacks a track."""
    albums = pack(arr)
    torrent = grab(world, arr, albums, files=contents(arr, albums)[:-1])
    refresh(world, arr)
    return albums, torrent


def test_of_two_albums_the_whole_one_is_imported_and_both_are_said_to_be_incomplete():
    world, arr = make("lidarr")
    (whole, short), torrent = two_albums(world, arr)
    assert is_there(whole)
    assert not is_there(short)
    assert states(arr, torrent) == {("completed", "importFailed", "warning")}
    assert len(records(arr, torrent)) == 2
    assert {event.item_id for event in of(arr, torrent, "albumImportIncomplete")} == {whole.id, short.id}
    assert of(arr, torrent, "downloadImported") == []


def test_an_import_that_failed_is_not_tried_again_by_itself():
    world, arr = make("lidarr")
    _, torrent = two_albums(world, arr)
    before = len(arr.history)
    wait(world, 600)
    assert len(arr.history) == before
    assert states(arr, torrent) == {("completed", "importFailed", "warning")}


def test_each_scan_of_it_deletes_what_was_imported_and_imports_it_again():
    world, arr = make("lidarr")
    (whole, _), torrent = two_albums(world, arr)
    ids = [whole.track(1).file.id]
    for _ in range(2):
        before = len(arr.history)
        assert scan(world, arr, torrent).result == "successful"
        new = [event.event_type for event in arr.history[before:]]
        assert new == ["trackFileDeleted"] * 2 * whole.track_count + ["trackFileImported"] * whole.track_count
        assert all(event.download_id is None for event in arr.history[before:] if "Deleted" in event.event_type)
        ids.append(whole.track(1).file.id)
    assert len(set(ids)) == 3


def test_a_scan_of_one_short_album_changes_nothing():
    world, arr = make("lidarr")
    albums = missing(arr)
    torrent = grab(world, arr, albums, files=contents(arr, albums)[:-1])
    refresh(world, arr)
    assert scan(world, arr, torrent).result == "unsuccessful"
    assert words(arr, torrent) == ["grabbed", "albumImportIncomplete"]


def test_a_broken_file_makes_an_album_short():
    world, arr = make("lidarr")
    albums = missing(arr)
    files = contents(arr, albums)
    files[1].playable = False
    torrent = grab(world, arr, albums, files=files)
    refresh(world, arr)
    assert states(arr, torrent) == {("completed", "importFailed", "warning")}
    assert set(said(arr, torrent)) == {
        texts.MISSING_TRACKS,
        texts.no_similar_album(torrent.content_path),
    }


def test_what_was_failed_is_imported_again_by_a_scan():
    world, arr = make("lidarr")
    (whole, _), torrent = two_albums(world, arr)
    arr.remove(records(arr, torrent)[0].id, from_client=False, blocklist=True, skip_redownload=True)
    refresh(world, arr)
    before = whole.file
    assert scan(world, arr, torrent).result == "successful"
    assert whole.file is not before


# --- after the import ---


def test_an_imported_torrent_gets_the_category_that_is_set_for_it():
    world, arr = make("radarr")
    arr.connections[0].settings.imported_category = "done"
    torrent = grab(world, arr, missing(arr), STUCK)
    refresh(world, arr)
    assert records(arr, torrent)[0].has_imported_category
    torrent.fate = QUICK
    wait(world, 0.1)
    refresh(world, arr)
    assert torrent.category == "done"
    assert "done" in world.client.categories


@pytest.mark.parametrize("removes", [True, False])
def test_what_was_imported_and_has_stopped_at_its_limit_is_removed_with_its_data(removes):
    world, arr = make("radarr")
    arr.connections[0].settings.remove_completed = removes
    torrent = grab(world, arr, missing(arr))
    refresh(world, arr)
    torrent.stopped, torrent.ratio_limit = True, 0
    wait(world, 70)
    assert (torrent.infohash not in world.client.torrents) is removes
    assert torrent.gone_with_files is removes


def test_what_was_not_imported_is_not_removed():
    world, arr = make("radarr")
    torrent, _ = downgrade(world, arr)
    torrent.stopped, torrent.ratio_limit = True, 0
    wait(world, 130)
    assert torrent.infohash in world.client.torrents


# --- by hand ---


def test_a_manual_import_takes_what_was_blocked():
    world, arr = make("sonarr")
    episodes, torrent = short_pack(world, arr)
    refresh(world, arr)
    download_id = torrent.infohash.upper()
    candidates = arr.import_candidates(download_id)
    assert [decision.item_ids for decision, _ in candidates] == [[one.id] for one in episodes[:3]]
    refused = next(decision for decision, _ in candidates if decision.rejections == [texts.SAMPLE_UNCLEAR])
    files = [{"path": refused.file.path, "episodeIds": refused.item_ids, "downloadId": download_id}]
    command = run(world, arr, "ManualImport", files=files, importMode="copy")
    assert command.result == "successful"
    assert is_there(episodes[1])
    assert of(arr, torrent)[-1].item_id == episodes[1].id


def test_a_manual_import_of_the_last_part_ends_the_download():
    world, arr = make("radarr")
    torrent, _ = downgrade(world, arr)
    (record,) = records(arr, torrent)
    files = [{"path": torrent.content_path, "movieId": record.item_id, "downloadId": record.download_id}]
    if torrent.content_path.endswith(".mkv") is False:
        files[0]["path"] = arr.import_candidates(record.download_id)[0][0].file.path
    assert run(world, arr, "ManualImport", files=files).result == "successful"
    wait(world, 6)
    assert records(arr, torrent) == []


def test_there_is_nothing_to_choose_of_a_download_that_is_not_tracked():
    _, arr = make("radarr")
    assert arr.import_candidates("F" * 40) == []
