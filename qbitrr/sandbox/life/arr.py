"""One Arr at work: it searches, grabs, watches its downloads, imports and fails them.

Source of the behaviour: what Radarr, Sonarr and Lidarr show in Activity, and their API descriptions.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life.commands import SCANS, CommandQueue
from qbitrr.sandbox.life.fate import Fate, Odds
from qbitrr.sandbox.life.queue import follow
from qbitrr.sandbox.life.records import BlocklistEntry, Change, HistoryEvent, QueueRecord, Release
from qbitrr.sandbox.life.searching import find, infohash_of, make_release
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile
from qbitrr.sandbox.media.draw import rng
from qbitrr.sandbox.media.music import Album
from qbitrr.sandbox.media.quality import QUALITIES, RANKS, File, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qbitrr.sandbox.life.download_client import DownloadClient
    from qbitrr.sandbox.life.records import Command
    from qbitrr.sandbox.media.collection import Collection

REFRESH_SECONDS = 60.0
QUEUE = Change("queue", "sync")
IMPORT_SECONDS = 60.0
RSS_GRABS = 2
SEARCH_AGAIN = {
    "radarr": ("MoviesSearch", "movieIds"),
    "sonarr": ("EpisodeSearch", "episodeIds"),
    "lidarr": ("AlbumSearch", "albumIds"),
}


class Arr:
    """One Radarr, Sonarr or Lidarr; `name` is for people, `category` is what its torrents get.

    Without a `client` its downloads are somebody else's: they are told to it with `track`, and imported on request
    when `path_exists` says that the path is there; its searches find nothing. `odds`, `imports_by_itself` and
    `searches_by_itself` (after a failed download) can be changed at any time.
    """

    def __init__(
        self,
        name: str,
        collection: Collection[Any],
        *,
        category: str,
        seed: int,
        now: float,
        client: DownloadClient | None = None,
        tempo: Tempo | None = None,
    ) -> None:
        self.name = name
        self.kind = collection.kind
        self.collection = collection
        self.category = category
        self.client = client
        self.now = now
        self.odds = Odds()
        self.imports_by_itself = True
        self.searches_by_itself = True
        self.path_exists: Callable[[str], bool] = lambda _: True
        self.on_change: Callable[[Change], None] = lambda _: None
        self.queue: dict[int, QueueRecord] = {}
        self.history: list[HistoryEvent] = []
        self.blocklist: list[BlocklistEntry] = []
        self._blocked: set[str] = set()
        self.tempo = tempo or Tempo()
        self.commands = CommandQueue(self.tempo)
        self._key = f"{seed}/{name}"
        self._last_id = 1_000_000  # of records, events, files and entries alike; the library has the numbers below
        self._refreshed = now
        self._rss_syncs = 0

    # --- time ---

    def advance(self, now: float) -> None:
        """Let time pass until `now`; the download client goes first."""
        self.now = now
        for command in self.commands.advance(now):
            succeeded, command.message = self._carry_out(command)
            command.status, command.result = "completed", "successful" if succeeded else "unsuccessful"
            self.on_change(Change("command", "updated", command.id))
        if now - self._refreshed >= self.tempo.seconds(REFRESH_SECONDS):
            self.refresh()
        if self.imports_by_itself:
            self._import_what_is_due()

    def _carry_out(self, command: Command) -> tuple[bool, str]:
        body = command.body
        match command.name:
            case "RefreshMonitoredDownloads":
                self.refresh()
            case "RssSync":
                self._rss_syncs += 1
                queued = self._queued()
                wanted = [item for item in self.collection.wanted(self.now) if item.id not in queued]
                rng(self._key, "rss", self._rss_syncs).shuffle(wanted)
                return True, f"{self.search([item] for item in wanted[:RSS_GRABS])} grabbed"
            case name if name == SCANS[self.kind]:
                download_id, path = str(body.get("downloadClientId", "")), str(body.get("path", ""))
                if not self.import_download(download_id, path, str(body.get("importMode", "Auto"))):
                    return False, "Failed to import"
            case name if name.endswith("Search"):
                groups = self.collection.asked_for(name, body, self.now)
                return True, f"Searched, {self.search(groups)} grabbed"
        return True, "Completed"

    # --- finding ---

    def search(self, groups: Iterable[Sequence[Any]]) -> int:
        """Search for groups of items, each as one release; returns how many were grabbed."""
        grabbed, queued = 0, self._queued()
        for items in groups:
            for item in items:
                item.last_search = int(self.now)
            if self.client is None or not queued.isdisjoint(item.id for item in items):
                continue
            if found := find(self._key, self.collection, items, self.odds, self._is_barred):
                self.grab(items, *found)
                queued.update(item.id for item in items)
                grabbed += 1
        return grabbed

    def _queued(self) -> set[int | None]:
        return {record.item_id for record in self.queue.values()}

    def _is_barred(self, infohash: str) -> bool:
        return infohash in self._blocked or (self.client is not None and self.client.get(infohash) is not None)

    def offer(self, items: Sequence[Any], *, attempt: str = "by hand") -> Release:
        """A release of these items in the best quality, as if an indexer had it."""
        ids = "+".join(str(item.id) for item in items)
        ladder = RANKS[self.kind]
        quality = max(self.collection.profile_of(items[0]).allowed, key=ladder.__getitem__)
        size = size_of(self.kind, quality, 0.5) * len(items)
        return make_release(self.collection, items, infohash_of(self._key, ids, attempt), quality, 3, size)

    def grab(self, items: Sequence[Any], release: Release, fate: Fate) -> list[QueueRecord]:
        """Send a release to the download client and keep an eye on it."""
        data = {
            "indexer": release.indexer,
            "releaseGroup": release.group,
            "downloadClient": "qBittorrent",
            "size": str(release.size),
            "protocol": "2",
        }
        self._note("grabbed", [item.id for item in items], release, data)
        records = [self._record(item.id, release) for item in items]
        if self.client is not None:
            torrent = self._torrent(items, release, fate, self.client.save_path(self.category))
            self.client.add(torrent)
            for record in records:
                follow(record, torrent)
        return records

    def _torrent(self, items: Sequence[Any], release: Release, fate: Fate, save_path: str) -> Torrent:
        paths = self.collection.contents(items, release.title)
        media = [path for path in paths if not path.endswith(".nfo")]
        sizes = {path: release.size // len(media) for path in media}
        return Torrent(
            infohash=release.infohash,
            name=release.title,
            category=self.category,
            save_path=save_path,
            files=[TorrentFile(path, sizes.get(path, 4_000)) for path in paths],
            fate=fate,
            added_on=self.now,
            last_activity=self.now,
            tracker=f"https://{release.indexer.lower().replace(' ', '-')}.example/announce",
            clock=self.now,
        )

    def track(self, download_id: str, item_id: int | None, title: str, output_path: str = "") -> QueueRecord:
        """Watch a download that somebody else started; several calls with one id make a season pack."""
        quality = QUALITIES[self.kind][-1].id
        size = size_of(self.kind, quality, 0.5)
        release = Release(title, download_id.lower(), quality, 0, size, indexer="Elsewhere", group="")
        record = self._record(item_id, release)
        record.status, record.output_path = "downloading", output_path
        return record

    def _record(self, item_id: int | None, release: Release) -> QueueRecord:
        record = QueueRecord(self._new_id(), item_id, release.infohash.upper(), release, self.now)
        self.queue[record.id] = record
        self.on_change(QUEUE)
        return record

    # --- what a person does ---

    def changed(self, item: Any) -> None:
        """An item was changed; say so, with the parent that shows it too."""
        self.on_change(Change("item", "updated", item.id))
        self.on_change(Change("parent", "updated", self.collection.parent_of(item)))

    def edited(self, parent_id: int) -> None:
        """A movie, series or artist was edited; say so."""
        self.on_change(Change("parent", "updated", parent_id))

    def delete(self, parent_id: int) -> None:
        """Take a movie, series or artist out of the library, with all that belongs to it."""
        self.collection.drop(parent_id)
        self.on_change(Change("parent", "deleted", parent_id))

    # --- watching and importing ---

    def refresh(self) -> None:
        """Look at the download client: what has left it leaves the queue."""
        self._refreshed = self.now
        if self.client is None:
            return
        for record in list(self.queue.values()):
            torrent = self.client.get(record.download_id.lower())
            if torrent is None or torrent.category != self.category:
                del self.queue[record.id]
                self.on_change(QUEUE)
            else:
                follow(record, torrent)

    def _import_what_is_due(self) -> None:
        if self.client is None:
            return
        for download_id in {record.download_id for record in self.queue.values()}:
            torrent = self.client.get(download_id.lower())
            if torrent is None or torrent.completion_on is None:
                continue
            if self.now - torrent.completion_on >= self.tempo.seconds(IMPORT_SECONDS):
                self.import_download(download_id, torrent.content_path)

    def import_download(self, download_id: str, path: str, mode: str = "Auto") -> bool:
        """Take the files of a finished download into the library; False when that cannot be done.

        `mode` Move takes them away from the download client.
        """
        records = [record for record in self.queue.values() if record.download_id == download_id.upper()]
        if not records or not all(self._can_import(record, path) for record in records):
            for record in records:
                record.tracked_status, record.messages = "warning", [f"Found nothing to import in {path}"]
            return False
        for record in records:
            item = self.collection.items[record.item_id or 0]
            self._replace_file(item, record)
            del self.queue[record.id]
            self.on_change(QUEUE)
        if mode == "Move" and self.client is not None:
            self.client.lose_data(download_id.lower())
        return True

    def _can_import(self, record: QueueRecord, path: str) -> bool:
        if record.item_id not in self.collection.items:
            return False
        if self.client is None:
            return _leads_to(path, record.output_path or path, "/") and self.path_exists(path)
        torrent = self.client.get(record.download_id.lower())
        ready = torrent is not None and torrent.complete and not (torrent.data_lost or torrent.errored)
        return torrent is not None and ready and _leads_to(path, torrent.content_path, torrent.save_path)

    def _replace_file(self, item: Any, record: QueueRecord) -> None:
        release = record.release
        if item.file is not None:
            deleted = {"radarr": "movieFileDeleted", "sonarr": "episodeFileDeleted", "lidarr": "trackFileDeleted"}
            self._note(deleted[self.kind], [item.id], release, {"reason": "Upgrade"})
        item.file = File(self._new_id(), release.quality, release.formats, release.size, int(self.now))
        self.changed(item)
        data = {"droppedPath": record.output_path, "importedPath": f"/library/{release.title}", "downloadClient": "qB"}
        if isinstance(item, Album):
            tracks = [track.id for track in item.tracks()]
            self._note("trackFileImported", [item.id] * len(tracks), release, data, tracks)
            self._note("downloadImported", [item.id], release, {"statusMessages": "[]"})
        else:
            self._note("downloadFolderImported", [item.id], release, data)

    # --- failing ---

    def remove(self, record_id: int, *, from_client: bool, blocklist: bool, skip_redownload: bool) -> bool:
        """`DELETE queue/{id}`: all records of the download go; False when there is no such record."""
        if (record := self.queue.get(record_id)) is None:
            return False
        same = [other for other in self.queue.values() if other.download_id == record.download_id]
        for other in same:
            del self.queue[other.id]
        self.on_change(QUEUE)
        items = [other.item_id for other in same if other.item_id is not None]
        if blocklist:
            self._fail(record.release, items, "Removed from the queue by hand", search=not skip_redownload)
        elif not from_client:
            self._note("downloadIgnored", items, record.release, {"message": "Ignored by hand"})
        if from_client and self.client is not None:
            self.client.delete([record.release.infohash], with_files=True)
        return True

    def mark_failed(self, event_id: int) -> bool:
        """`POST history/failed/{id}`: the download of a `grabbed` event has failed; False when there is none."""
        grabbed = next((one for one in self.history if one.id == event_id and one.event_type == "grabbed"), None)
        if grabbed is None:
            return False
        same = [one for one in self.history if one.event_type == "grabbed" and one.download_id == grabbed.download_id]
        for record in [one for one in self.queue.values() if one.download_id == grabbed.download_id]:
            del self.queue[record.id]
        self.on_change(QUEUE)
        items = list(dict.fromkeys(one.item_id for one in same))
        self._fail(grabbed.release, items, "Marked as failed by hand", search=self.searches_by_itself)
        return True

    def _fail(self, release: Release, items: list[int], message: str, *, search: bool) -> None:
        self._note("downloadFailed", items, release, {"message": message, "downloadClient": "qBittorrent"})
        self.blocklist.append(BlocklistEntry(self._new_id(), items, release, self.now, message))
        self._blocked.add(release.infohash)
        if search and items:
            name, field = SEARCH_AGAIN[self.kind]
            self.commands.post(name, {"name": name, field: items}, self.now, trigger="unspecified")

    # --- book-keeping ---

    def _note(
        self,
        event_type: str,
        item_ids: Sequence[int],
        release: Release,
        data: Mapping[str, str],
        track_ids: Sequence[int] = (),
    ) -> None:
        # what happens to files of the library has nothing to do with downloads any more
        download_id = None if event_type.endswith("Deleted") else release.infohash.upper()
        for item_id, track_id in zip(item_ids, track_ids or [0] * len(item_ids), strict=True):
            event = HistoryEvent(
                self._new_id(), event_type, self.now, item_id, download_id, release, dict(data), track_id
            )
            self.history.append(event)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id


def _leads_to(path: str, content_path: str, save_path: str) -> bool:
    """Whether looking into `path` finds the content: the content itself or a folder above it, not above all."""
    path = posixpath.normpath(path)
    return path == content_path or (content_path.startswith(f"{path}/") and path.startswith(save_path))
