"""How the sandbox gets into the situation of each recording, and what is asked there.

A scene is a coroutine function; it returns status and body. Its name in `SCENES` is that of the recordings that it
plays, without `shape-`. `NOT_OFFERED` are those of calls that the sandbox does not answer, each with the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.sandbox.media.names import dotted
from qbitrr.sandbox.media.quality import QUALITIES, File, quality_in
from tests.contract.stage import QUICK, STUCK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qbitrr.sandbox.life.torrent import Torrent
    from tests.contract.stage import Stage

    Answer = tuple[int, Any]
    Scene = Callable[[Stage], Awaitable[Answer]]

PARENT = {"radarr": "movie", "sonarr": "series", "lidarr": "artist"}
SCAN = {"radarr": "DownloadedMoviesScan", "sonarr": "DownloadedEpisodesScan", "lidarr": "DownloadedAlbumsScan"}
UNKNOWN_ITEMS = {
    "radarr": "includeUnknownMovieItems",
    "sonarr": "includeUnknownSeriesItems",
    "lidarr": "includeUnknownArtistItems",
}


async def queue(on: Stage) -> Answer:
    """The records of the whole queue."""
    status, body = await on.ask("GET", "queue", page=1, pageSize=1000, **{UNKNOWN_ITEMS[on.kind]: "true"})
    return status, body["records"]


async def history(on: Stage, torrent: Torrent) -> Answer:
    """The events of one download, oldest first."""
    query = {"page": 1, "pageSize": 200, "sortKey": "date", "sortDirection": "ascending"}
    status, body = await on.ask("GET", "history", downloadId=torrent.infohash.upper(), **query)
    return status, body["records"]


def first_record(on: Stage) -> int:
    """The id of a record in the queue."""
    return next(iter(on.arr.queue))


def downgraded(on: Stage, title: str) -> str:
    """A release's name with the lowest quality."""
    shown = next(one.name for one in QUALITIES[on.kind] if one.id == quality_in(on.kind, title))
    return title.replace(dotted(shown), dotted(QUALITIES[on.kind][0].name))


# --- the queue ---


async def downloading(on: Stage) -> Answer:
    on.grab(on.missing[:1], STUCK)
    on.wait(5)
    return await queue(on)


async def still_downloading(on: Stage) -> Answer:
    """Complete, and not refreshed yet."""
    _, torrent = on.grab(on.missing[:1], STUCK)
    on.wait(5)
    torrent.progress, torrent.completion_on = 1.0, on.world.now
    on.wait(30)
    return await queue(on)


async def pack_downloading(on: Stage) -> Answer:
    on.grab(on.pack, STUCK)
    on.wait(5)
    return await queue(on)


async def not_grabbed(on: Stage) -> Answer:
    on.add_by_hand(on.missing[:1], STUCK)
    on.refresh()
    return await queue(on)


async def completed(on: Stage) -> Answer:
    on.arr.imports_by_itself = False
    on.grab(on.missing[:1])
    on.refresh()
    return await queue(on)


async def with_files(on: Stage, *paths: str) -> Answer:
    """A download with other files than media."""
    items = on.missing[:1]
    title = on.arr.offer(items).title
    on.grab(items, files=[TorrentFile(f"{title}/{path}", 20_000) for path in paths])
    on.refresh()
    return await queue(on)


async def archive(on: Stage) -> Answer:
    return await with_files(on, "a.rar", "a.r00")


async def executable(on: Stage) -> Answer:
    return await with_files(on, "a.exe")


async def only_a_sample(on: Stage) -> Answer:
    return await with_files(on, "sample.mkv", "a.nfo")


async def no_audio(on: Stage) -> Answer:
    items = on.missing[:1]
    title = on.arr.offer(items, attempt="added").title
    on.add_by_hand(items, files=[TorrentFile(f"{title}/{name}", 900) for name in ("a.nfo", "b.txt")])
    on.refresh()
    return await queue(on)


async def matched_by_id(on: Stage) -> Answer:
    movie = on.missing[0]
    release = on.arr.offer([movie])
    on.arr.note_grab([movie.id], release, by_id=True)
    on.arr.add_torrent([movie], release, QUICK, name="Ein.ganz.anderer.Name.1080p-LAB")
    on.wait(0.5)
    on.refresh()
    return await queue(on)


async def no_root_folder(on: Stage) -> Answer:
    items = on.missing[:1]
    on.grab(items, files=[TorrentFile("a.mkv", 50_000_000), TorrentFile("b.nfo", 500)])
    on.refresh()
    return await queue(on)


async def no_root_folder_by_hand(on: Stage) -> Answer:
    on.add_by_hand(on.missing[:1], files=[TorrentFile("a.flac", 50_000_000), TorrentFile("b.nfo", 500)])
    on.refresh()
    return await queue(on)


def present(on: Stage, quality: int) -> Any:
    """An item that was missing and has a file now."""
    item = on.missing[0]
    item.file = File(item.id, quality, 7, 900_000_000, int(on.arr.now))
    return item


async def refused_grabbed(on: Stage) -> Answer:
    item = present(on, QUALITIES[on.kind][-1].id)
    on.grab([item], name=downgraded(on, on.arr.offer([item]).title))
    on.refresh()
    return await queue(on)


async def refused_not_grabbed(on: Stage) -> Answer:
    item = present(on, QUALITIES[on.kind][-1].id)
    on.add_by_hand([item], name=downgraded(on, on.arr.offer([item], attempt="added").title))
    on.refresh()
    return await queue(on)


def grab_short_pack(on: Stage) -> Torrent:
    """A pack of which three files are there; the second one is no media."""
    episodes = on.pack
    title = on.arr.offer(episodes).title
    files = on.files_of(episodes, title)[:3]
    files[1].playable = False
    _, torrent = on.grab(episodes, files=files)
    return torrent


async def pack_partly_imported(on: Stage) -> Answer:
    grab_short_pack(on)
    on.refresh()
    return await queue(on)


async def pack_refreshed_again(on: Stage) -> Answer:
    grab_short_pack(on)
    on.refresh()
    on.refresh(20)
    return await queue(on)


def grab_without_a_track(on: Stage) -> Torrent:
    album = on.missing[0]
    title = on.arr.offer([album]).title
    _, torrent = on.grab([album], files=on.files_of([album], title)[:-1])
    return torrent


async def missing_track(on: Stage) -> Answer:
    grab_without_a_track(on)
    on.refresh()
    return await queue(on)


async def broken_file(on: Stage) -> Answer:
    album = on.missing[0]
    files = on.files_of([album], on.arr.offer([album]).title)
    files[1].playable = False
    on.grab([album], files=files)
    on.refresh()
    return await queue(on)


def grab_two_albums(on: Stage) -> Torrent:
    """The second one lacks a track."""
    albums = on.pack
    files = on.files_of(albums, on.arr.offer(albums).title)
    _, torrent = on.grab(albums, files=files[:-1])
    return torrent


async def two_albums_one_short(on: Stage) -> Answer:
    grab_two_albums(on)
    on.refresh()
    return await queue(on)


async def unknown_artist(on: Stage) -> Answer:
    album = on.missing[0]
    name = "Nobody Anyone Knows - Some Album (2015) [FLAC]"
    on.add_by_hand([album], name=name, files=[TorrentFile(f"{name}/a.flac", 80_000)])
    on.refresh()
    return await queue(on)


async def empty_queue(on: Stage) -> Answer:
    return await on.ask("GET", "queue", page=1, pageSize=1000, **{UNKNOWN_ITEMS[on.kind]: "true"})


async def beyond_the_end(on: Stage) -> Answer:
    return await on.ask("GET", "queue", page=99, pageSize=10)


async def page_of_not_grabbed(on: Stage) -> Answer:
    await not_grabbed(on)
    return await on.ask("GET", "queue", page=1, pageSize=1000)


async def queue_status(on: Stage) -> Answer:
    return await on.ask("GET", "queue/status")


async def delete_gone(on: Stage) -> Answer:
    return await on.ask("DELETE", "queue/999999", removeFromClient="false", blocklist="true")


async def delete_without_grab(on: Stage) -> Answer:
    await not_grabbed(on)
    return await on.ask("DELETE", f"queue/{first_record(on)}", removeFromClient="false", blocklist="true")


# --- history and blocklist ---


async def imported(on: Stage) -> Answer:
    _, torrent = on.grab(on.missing[:1])
    on.refresh()
    return await history(on, torrent)


async def imported_page(on: Stage) -> Answer:
    await imported(on)
    query = {"page": 1, "pageSize": 200, "sortKey": "date", "sortDirection": "ascending"}
    return await on.ask("GET", "history", **query)


async def newest_page(on: Stage) -> Answer:
    await imported(on)
    return await on.ask("GET", "history", page=1, pageSize=5)


async def imported_since(on: Stage) -> Answer:
    await imported(on)
    return await on.ask("GET", "history/since", date="2020-01-01T00:00:00Z")


async def grabbed_since(on: Stage) -> Answer:
    on.grab(on.missing[:1], STUCK)
    return await on.ask("GET", "history/since", date="2020-01-01T00:00:00Z")


async def fail_first(on: Stage) -> None:
    on.wait(5)
    query = {"removeFromClient": "false", "blocklist": "true", "skipRedownload": "true"}
    assert (await on.ask("DELETE", f"queue/{first_record(on)}", **query))[0] == 200


async def failed(on: Stage) -> Answer:
    _, torrent = on.grab(on.missing[:1], STUCK)
    await fail_first(on)
    return await history(on, torrent)


async def pack_failed(on: Stage) -> Answer:
    torrent = grab_short_pack(on)
    on.refresh()
    await fail_first(on)
    _, events = await history(on, torrent)
    return 200, [event for event in events if event["eventType"] == "downloadFailed"]


async def failed_page(on: Stage) -> Answer:
    on.grab(on.pack, STUCK)
    await fail_first(on)
    return await on.ask("GET", "history", page=1, pageSize=2)


async def blocklist(on: Stage) -> Answer:
    on.grab(on.missing[:1], STUCK)
    await fail_first(on)
    status, body = await on.ask("GET", "blocklist", page=1, pageSize=10)
    return status, body["records"]


async def without_a_track(on: Stage) -> Answer:
    torrent = grab_without_a_track(on)
    on.refresh()
    return await history(on, torrent)


async def two_albums(on: Stage) -> Answer:
    torrent = grab_two_albums(on)
    on.refresh()
    return await history(on, torrent)


async def scanned_again(on: Stage) -> Answer:
    """A second import of what is there: everything is deleted first."""
    torrent = grab_two_albums(on)
    on.refresh()
    before = len(on.arr.history)
    await scan(on, torrent)
    _, events = await on.ask("GET", "history/since", date="2020-01-01T00:00:00Z")
    return 200, events[before:][::-1]


async def tracks_page(on: Stage) -> Answer:
    torrent = grab_two_albums(on)
    on.refresh()
    status, body = await on.ask("GET", "history", page=1, pageSize=200, downloadId=torrent.infohash.upper())
    body["records"] = [event for event in body["records"] if event["eventType"] == "trackFileImported"]
    return status, body


async def fail_gone(on: Stage) -> Answer:
    return await on.ask("POST", "history/failed/999999")


# --- commands ---


async def scan(on: Stage, torrent: Torrent, path: str = "") -> Answer:
    """A scan with an id, and its end."""
    body = {
        "name": SCAN[on.kind],
        "path": path or torrent.content_path,
        "downloadClientId": torrent.infohash.upper(),
        "importMode": "Auto",
    }
    _, posted = await on.ask("POST", "command", body)
    on.wait(2)
    return await on.ask("GET", f"command/{posted['id']}")


async def scan_missing(on: Stage) -> Answer:
    torrent = grab_without_a_track(on)
    on.refresh()
    return await scan(on, torrent)


async def scan_two(on: Stage) -> Answer:
    torrent = grab_two_albums(on)
    on.refresh()
    return await scan(on, torrent)


async def post_scan_of_nothing(on: Stage) -> Answer:
    torrent = grab_without_a_track(on)
    on.refresh()
    body = {"path": "/nowhere/at/all", "downloadClientId": torrent.infohash.upper(), "importMode": "Auto"}
    return await on.ask("POST", "command", {"name": SCAN[on.kind], **body})


async def scan_of_nothing(on: Stage) -> Answer:
    torrent = grab_without_a_track(on)
    on.refresh()
    status, body = await scan(on, torrent, "/nowhere/at/all")
    return status, [body]


async def command_gone(on: Stage) -> Answer:
    return await on.ask("GET", "command/999999")


async def command_unknown(on: Stage) -> Answer:
    return await on.ask("POST", "command", {"name": "NoSuchThing"})


async def command_posted(on: Stage) -> Answer:
    return await on.ask("POST", "command", {"name": "RefreshMonitoredDownloads"})


async def commands_by_itself(on: Stage) -> Answer:
    on.grab(on.missing[:1])
    on.wait(8)
    return await on.ask("GET", "command")


async def no_commands(on: Stage) -> Answer:
    return await on.ask("GET", "command")


async def post_search_of_gone(on: Stage) -> Answer:
    ids = [on.missing[0].id, 99999]
    return await on.ask("POST", "command", {"name": "AlbumSearch", "albumIds": ids})


async def search_of_gone(on: Stage) -> Answer:
    _, posted = await post_search_of_gone(on)
    on.wait(2)
    status, body = await on.ask("GET", f"command/{posted['id']}")
    return status, [body]


# --- settings ---


async def download_settings(on: Stage) -> Answer:
    return await on.ask("GET", "config/downloadclient")


async def download_clients(on: Stage) -> Answer:
    return await on.ask("GET", "downloadclient")


async def no_path_mapping(on: Stage) -> Answer:
    return await on.ask("GET", "remotepathmapping")


async def one_path_mapping(on: Stage) -> Answer:
    from qbitrr.sandbox.life.settings import PathMapping

    on.arr.settings.path_mappings.append(PathMapping("/downloads/", "/data/torrents/"))
    return await on.ask("GET", "remotepathmapping")


async def healthy(on: Stage) -> Answer:
    return await on.ask("GET", "health")


async def client_away(on: Stage) -> Answer:
    on.world.client.is_away = True
    return await on.ask("GET", "health")


async def edit(on: Stage, ids: list[int], profile: int) -> Answer:
    kind = PARENT[on.kind]
    return await on.ask("PUT", f"{kind}/editor", {f"{kind}Ids": ids, "qualityProfileId": profile})


async def edited(on: Stage) -> Answer:
    return await edit(on, [1], 1)


async def edited_gone(on: Stage) -> Answer:
    return await edit(on, [1, 999999], 1)


async def edited_badly(on: Stage) -> Answer:
    return await edit(on, [1], 99)


async def manual_import_blocked(on: Stage) -> Answer:
    await matched_by_id(on)
    download_id = next(iter(on.arr.queue.values())).download_id
    return await on.ask("GET", "manualimport", downloadId=download_id, filterExistingFiles="false")


async def manual_import_pack(on: Stage) -> Answer:
    torrent = grab_short_pack(on)
    on.refresh()
    return await on.ask("GET", "manualimport", downloadId=torrent.infohash.upper(), filterExistingFiles="false")


# --- the library ---


def get(path: str, **query: str) -> Scene:
    """A list or an object as it is."""

    async def scene(on: Stage) -> Answer:
        return await on.ask("GET", path, **query)

    return scene


def get_item_with_file(path: str) -> Scene:
    async def scene(on: Stage) -> Answer:
        item = next(one for one in on.arr.collection.items.values() if one.file is not None)
        return await on.ask("GET", path.format(item=item, parent=on.arr.collection.parent_of(item)))

    return scene


async def wanted(on: Stage, name: str) -> Answer:
    return await on.ask("GET", f"wanted/{name}", page=1, pageSize=1000, monitored="true")


async def wanted_missing(on: Stage) -> Answer:
    return await wanted(on, "missing")


async def wanted_cutoff(on: Stage) -> Answer:
    return await wanted(on, "cutoff")


async def wrong_key(on: Stage) -> Answer:
    return await on.ask("GET", "system/status", key="wrong")


async def no_key(on: Stage) -> Answer:
    return await on.ask("GET", "system/status", key="")


async def hub_wrong_key(on: Stage) -> Answer:
    return await on.ask("GET", "/signalr/messages", key="wrong")


SCENES: dict[str, Scene] = {
    "queue-downloading": downloading,
    "queue-still-downloading": still_downloading,
    "queue-pack-downloading": pack_downloading,
    "queue-two-albums-downloading": pack_downloading,
    "queue-not-grabbed": not_grabbed,
    "queue-completed": completed,
    "queue-archive": archive,
    "queue-executable": executable,
    "queue-nothing-in-it": only_a_sample,
    "queue-no-audio": no_audio,
    "queue-matched-by-id": matched_by_id,
    "queue-no-root-folder": no_root_folder,
    "lidarr/queue-no-root-folder": no_root_folder_by_hand,
    "queue-refused-grabbed": refused_grabbed,
    "queue-refused-not-grabbed": refused_not_grabbed,
    "queue-pack-partly-imported": pack_partly_imported,
    "sonarr-5/queue-pack-partly-imported": pack_refreshed_again,
    "queue-missing-track": missing_track,
    "queue-broken-file": broken_file,
    "queue-not-an-upgrade": refused_grabbed,
    "queue-two-albums-one-short": two_albums_one_short,
    "queue-unknown-artist": unknown_artist,
    "queue": empty_queue,
    "lidarr/queue": page_of_not_grabbed,
    "queue-beyond-the-end": beyond_the_end,
    "queue-status": queue_status,
    "queue-delete-gone": delete_gone,
    "error-queue-delete-unknown": delete_gone,
    "queue-delete-without-grab": delete_without_grab,
    "history-imported": imported_page,
    "lidarr/history-imported": imported,
    "history-since": imported_since,
    "lidarr/history-since": grabbed_since,
    "history-page": newest_page,
    "sonarr-5/history-page": failed_page,
    "lidarr/history": tracks_page,
    "history-failed": failed,
    "history-after-delete": failed,
    "history-pack-failed": pack_failed,
    "history-failed-gone": fail_gone,
    "history-missing-track": without_a_track,
    "history-two-albums-one-short": two_albums,
    "history-artist-after-scans": scanned_again,
    "blocklist": blocklist,
    "command-gone": command_gone,
    "command-unknown": command_unknown,
    "command-posted": command_posted,
    "command-list": commands_by_itself,
    "sonarr-4.0/command-list": no_commands,
    "command": commands_by_itself,
    "command-scan-missing": scan_missing,
    "command-scan-two": scan_two,
    "error-scan-of-a-path-that-is-not": post_scan_of_nothing,
    "error-scan-nowhere-end": scan_of_nothing,
    "error-albumsearch-with-a-missing-id": post_search_of_gone,
    "error-albumsearch-end": search_of_gone,
    "config-downloadclient": download_settings,
    "downloadclient": download_clients,
    "remotepathmapping": no_path_mapping,
    "rootfolder": get("rootfolder"),
    "remotepathmapping-one": one_path_mapping,
    "health": healthy,
    "health-client-and-indexer-away": client_away,
    "editor": edited,
    "editor-one-gone": edited_gone,
    "editor-bad-profile": edited_badly,
    "error-artist-editor-ok": edited,
    "error-artist-editor-bad-quality-profile": edited_badly,
    "manualimport-blocked": manual_import_blocked,
    "manualimport-pack": manual_import_pack,
    "system-status": get("system/status"),
    "qualityprofile": get("qualityprofile"),
    "movie": get_item_with_file("movie/{item.id}"),
    "movie-list": get("movie"),
    "movie-gone": get("movie/999999"),
    "moviefile": get_item_with_file("moviefile?movieId={item.id}"),
    "series-list": get("series"),
    "episode-list": get("episode", seriesId="2", includeEpisodeFile="true"),
    "episodefile": get("episodefile", seriesId="2"),
    "artist": get("artist"),
    "artist-1": get("artist/1"),
    "album": get("album/1"),
    "shape-album": get("album", artistId="1"),
    "track": get("track", artistId="1"),
    "trackfile": get("trackfile", artistId="1"),
    "trackfile-cutoff-not-met": get("trackfile", artistId="1"),
    "error-track-nothing": get("track"),
    "error-trackfile-nothing": get("trackfile"),
    "error-track-of-unknown-artist": get("track", artistId="999999"),
    "wanted-missing": wanted_missing,
    "wanted-cutoff": wanted_cutoff,
    "not-found": get("nosuch"),
    "wrong-key": wrong_key,
    "error-wrong-key": wrong_key,
    "error-no-key": no_key,
    "error-signalr-wrong-key": hub_wrong_key,
}
NOT_OFFERED = {
    "sizes-and-times": "measurements",
    "error-artist-editor-bad-metadata-profile": "nothing of ours sets one",
    "error-artist-put-bad-quality-profile": "nothing of ours puts a whole artist",
    "timeline-import": "see test_sandbox_sequences",
    "hub-grab-and-import": "see test_sandbox_sequences",
}
