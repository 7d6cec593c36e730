"""How files come into the library: by the Arr itself after a refresh, by a scan command, by a manual import.

Source: recordings `timeline-import`, `command-scan-*`, `history-*`, and what was seen of running programs.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, NamedTuple

from qbitrr.sandbox.life import texts
from qbitrr.sandbox.life.commands import Outcome, failed
from qbitrr.sandbox.life.decisions import Decision, DiskFile, Offer, decide
from qbitrr.sandbox.life.history import ALBUM_IMPORTED, ALBUM_INCOMPLETE, DELETED, IMPORTED, as_json
from qbitrr.sandbox.life.records import Change, StatusMessage
from qbitrr.sandbox.life.settings import localize
from qbitrr.sandbox.media.quality import File, formats_in, quality_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qbitrr.sandbox.life.arr_state import ArrState
    from qbitrr.sandbox.life.commands import Work
    from qbitrr.sandbox.life.tracking import TrackedDownload, Tracking

_NOT_IMPORTED = Outcome("Failed to import", "unsuccessful")
_LIBRARY = {"radarr": "/library/movies", "sonarr": "/library/series", "lidarr": "/library/music"}


class NotSeenCompleteError(Exception):
    """The Arr has no path of a download that it has not seen complete, and fails (`ImportItem` is null)."""


class Source(NamedTuple):
    """Where files come from: a download of the client when `download_id` is set, else just a folder."""

    offer: Offer
    download_id: str | None = None
    client: str | None = None


class Importer:
    """Imports for one Arr."""

    def __init__(self, state: ArrState, tracking: Tracking) -> None:
        self._arr = state
        self._tracking = tracking

    # --- commands ---

    def process(self) -> Work:
        """What ProcessMonitoredDownloads does: import whatever is pending, remove what the client is done with."""
        arr = self._arr
        pending = self._tracking.pending() if arr.imports_by_itself else []
        for download in pending:
            download.state = "importing"
            decisions = self._decide(self._offer(download))
            yield arr.tempo.seconds(arr.tempo.import_download + arr.tempo.import_file * len(decisions))
            self._import(download)
            yield arr.tempo.seconds(arr.tempo.after_import)
        self._remove_imported()
        self._tracking.publish()
        for download in pending:
            if download.state == "imported":
                self._announce(download)
        return Outcome()

    def scan(self, body: Mapping[str, Any]) -> Work:
        """What a scan of a path does, for a download that is tracked or for a folder that is not."""
        arr, path = self._arr, posixpath.normpath(str(body.get("path", "")))
        yield arr.tempo.seconds(arr.tempo.import_download)
        download = self._tracking.downloads.get(str(body.get("downloadClientId", "")))
        mode = str(body.get("importMode", "Auto")).lower()
        if not self._files(path):
            return _NOT_IMPORTED
        if download is None:
            return self._scan_folder(path, mode)
        if not download.item_ids:
            return failed("System.NullReferenceException: Object reference not set to an instance of an object.")
        moves_files = mode == "move" or (mode == "auto" and download.item.at_limit)
        results = self._decide(self._offer(download, path))
        imported = self._store(results, self._source(download, path), moves_files=moves_files)
        if (results and len(imported) == len(results)) or self._is_whole(download):
            download.state = "imported"
            self._announce(download)
        return self._outcome(imported)

    def manual(self, body: Mapping[str, Any]) -> Work:
        """What a manual import does: the user has decided, so that nothing is rejected, and each file is one import.

        It ends with success whatever came of it, unless it names what does not exist. Auto moves what the client is
        done with. Source: ManualImportService.Execute of Radarr 6.0, Sonarr 4.0 and Lidarr 3.0.
        """
        arr = self._arr
        entries = body.get("files") or []
        yield arr.tempo.seconds(arr.tempo.import_download + arr.tempo.import_file * len(entries))
        mode = str(body.get("importMode", "auto")).lower()
        imported: dict[str, list[Decision]] = {}
        for entry in entries:
            download = self._tracking.downloads.get(str(entry.get("downloadId", "")))
            items = _chosen_items(entry)
            if not all(item in arr.collection.items for item in items):
                return failed("NzbDrone.Core.Datastore.ModelNotFoundException")
            if download is None and arr.kind == "lidarr":
                return failed("System.NullReferenceException: Object reference not set to an instance of an object.")
            file = next((one for one in self._files(entry["path"]) if one.path == entry["path"]), None)
            if file is None:
                continue
            moves_files = mode == "move" or (mode == "auto" and (download is None or download.item.at_limit))
            decision = Decision(file, items, (entry.get("trackIds") or [0])[0])
            stored = self._store([decision], self._source(download, file.path), moves_files=moves_files)
            if download is not None:
                imported.setdefault(download.download_id, []).extend(stored)
        for download_id, of_download in imported.items():
            download = self._tracking.downloads[download_id]
            if self._ends_by_hand(download, of_download):
                download.state = "imported"
                self._announce(download)
        return Outcome(f"Manually imported {len(entries)} files")

    def _ends_by_hand(self, download: TrackedDownload, imported: Sequence[Decision]) -> bool:
        """Whether a manual import ends a download: Sonarr counts what that command imported, Lidarr takes all as whole.

        Radarr has one movie for each download.
        """
        if self._arr.kind == "sonarr":
            return sum(len(one.item_ids) for one in imported) >= max(1, len(download.item_ids))
        return bool(imported)

    def candidates(self, download_id: str) -> list[tuple[Decision, Offer]]:
        """What a manual import of a download may choose from; NotSeenCompleteError before the Arr saw it complete."""
        download = self._tracking.downloads.get(download_id)
        if download is None:
            return []
        if download.state == "downloading" and self._arr.kind != "lidarr":
            raise NotSeenCompleteError
        offer = self._offer(download)
        return [(decision, offer) for decision in self._decide(offer)]

    # --- what is offered ---

    def _files(self, path: str) -> list[DiskFile]:
        """The files at or below a path that the Arr sees, whoever they belong to."""
        found = []
        for _, item in self._arr.on_disk():
            for file in item.files:
                local = localize(file.path, self._arr.settings.mounts)
                if local == path or local.startswith(f"{path.rstrip('/')}/"):
                    found.append(DiskFile(local, file.size, file.playable and item.complete, item.infohash))
        return found

    def _offer(self, download: TrackedDownload, path: str = "") -> Offer:
        expected = frozenset(download.item_ids) if download.is_grabbed else frozenset[int]()
        return Offer(
            path=path or self._arr.output_path(download.item),
            title=download.item.name,
            quality=download.quality,
            formats=download.formats,
            item_ids=download.item_ids,
            expected_ids=expected,
            imported=self._arr.history.imported(download.download_id),
        )

    def _decide(self, offer: Offer) -> list[Decision]:
        return decide(self._arr.collection, self._files(offer.path), offer) if offer.item_ids else []

    def _source(self, download: TrackedDownload | None, path: str) -> Source:
        if download is None:
            return Source(self._folder_offer(path))
        return Source(self._offer(download, path), download.download_id, download.connection.settings.name)

    def _folder_offer(self, path: str) -> Offer:
        title = posixpath.basename(path)
        items = self._arr.collection.parse(posixpath.splitext(title)[0]) or self._arr.collection.parse(title)
        kind = self._arr.kind
        return Offer(path, title, quality_in(kind, title), formats_in(title), [item.id for item in items])

    # --- how it goes ---

    def _scan_folder(self, path: str, mode: str) -> Outcome:
        """No download is known of: Auto moves the files, and the torrent's folder is deleted."""
        source = Source(self._folder_offer(path))
        imported = self._store(self._decide(source.offer), source, moves_files=mode in ("auto", "move"))
        return self._outcome(imported)

    def _outcome(self, imported: Sequence[Decision]) -> Outcome:
        noun = {"radarr": "movies", "sonarr": "episodes", "lidarr": "tracks"}[self._arr.kind]
        return Outcome(f"Importing {len(imported)} {noun}") if imported else _NOT_IMPORTED

    def _import(self, download: TrackedDownload) -> None:
        """Import a download whose import is pending, and say what became of it."""
        arr, source = self._arr, self._source(download, "")
        results = self._decide(source.offer)
        imported = self._store(results, source, moves_files=False)
        if not results:
            download.warn_of_all(texts.nothing_eligible(source.offer.path))
            download.state = "importPending"
        elif self._is_done(download, results, imported):
            download.state = "imported"
        elif len(results) == 1 and (results[0].about_all or (download.is_grabbed and arr.kind != "lidarr")):
            download.warn_of_all(results[0].rejections[0])
            download.state = "importPending"
        else:
            refused = [StatusMessage(one.name, tuple(one.rejections)) for one in results if one not in imported]
            download.warn(StatusMessage(texts.NOT_ALL_IMPORTED[arr.kind]), *refused)
            download.state = "importFailed" if arr.kind == "lidarr" else "importBlocked"
            if arr.kind == "lidarr":
                self._note_incomplete(download)

    def _is_done(self, download: TrackedDownload, results: Sequence[Decision], imported: Sequence[Decision]) -> bool:
        match self._arr.kind:
            case "radarr":
                return bool(imported)
            case "sonarr":
                return self._is_whole(download)
            case _:
                return len(imported) == len(results)

    def _is_whole(self, download: TrackedDownload) -> bool:
        """Whether every item of a download was imported since its grab."""
        imported = self._arr.history.imported(download.download_id)
        return bool(download.item_ids) and imported.keys() >= set(download.item_ids)

    def _announce(self, download: TrackedDownload) -> None:
        """A download was imported as a whole: Lidarr's history says so, and the torrent may get another category."""
        if self._arr.kind == "lidarr":
            for item_id in download.item_ids:
                self._note(ALBUM_IMPORTED, item_id, download, {"releaseGroup": _group(download.item.name)})
        settings = download.connection.settings
        if settings.imported_category:
            download.connection.client.set_category(download.item.infohash, settings.imported_category)

    def _note_incomplete(self, download: TrackedDownload) -> None:
        data = {"statusMessages": as_json(download.messages), "releaseGroup": _group(download.item.name)}
        for item_id in download.item_ids:
            self._note(ALBUM_INCOMPLETE, item_id, download, data | {"indexerFlags": "0"})

    def _note(self, event_type: str, item_id: int, download: TrackedDownload, data: Mapping[str, str | None]) -> None:
        self._arr.history.note(
            event_type,
            self._arr.now,
            item_id,
            download.item.name,
            download.quality,
            download.formats,
            download_id=download.download_id,
            data=data,
        )

    def _remove_imported(self) -> None:
        """Remove Completed: torrents that were imported and have stopped at their limit go with their data."""
        for download in self._tracking.downloads.values():
            settings = download.connection.settings
            removes = settings.remove_completed and not settings.imported_category
            if removes and download.state == "imported" and download.item.at_limit:
                download.connection.client.remove(download.item.infohash)

    # --- the library ---

    def _store(self, decisions: Iterable[Decision], source: Source, *, moves_files: bool) -> list[Decision]:
        """Put files that nothing speaks against into the library; returns their decisions.

        `moves_files`: their torrent's folder goes, and its client does not notice.
        """
        accepted = [one for one in decisions if one.item_ids and not one.rejections]
        if self._arr.kind == "radarr":
            accepted.sort(key=lambda one: -one.file.size)
            for other in accepted[1:]:
                other.rejections.append(texts.MOVIE_TWICE)
            accepted = accepted[:1]
        if self._arr.kind == "lidarr":
            self._store_albums(accepted, source)
        else:
            for decision in accepted:
                self._store_file(decision, source)
        if accepted:
            self._tracking.refresh_soon()
            self._arr.schedule.after(
                self._arr.tempo.seconds(self._arr.tempo.refresh_delay),
                lambda: self._arr.on_change(Change("health", "sync")),
                "health",
            )
        if moves_files:
            owners = {one.file.owner for one in accepted}
            for client, item in list(self._arr.on_disk()):
                if item.infohash in owners:
                    client.move_away(item.infohash)
        return accepted

    def _store_file(self, decision: Decision, source: Source) -> None:
        arr, offer = self._arr, source.offer
        for item_id in decision.item_ids:
            item = arr.collection.items[item_id]
            if item.file is not None:
                self._note_deleted(item_id, item.file, source)
            item.file = File(arr.new_id(), offer.quality, offer.formats, decision.file.size, int(arr.now))
            self._note_file(item_id, item.file, decision, source, {"customFormatScore": str(item.file.score)})
            arr.on_change(Change("imported", "updated", item_id))

    def _store_albums(self, decisions: Sequence[Decision], source: Source) -> None:
        """Whatever is there of an album is deleted first, even when it is the same."""
        arr, offer = self._arr, source.offer
        for item_id in dict.fromkeys(one.item_ids[0] for one in decisions):
            album, of_album = arr.collection.items[item_id], [one for one in decisions if one.item_ids[0] == item_id]
            for _ in range(2):
                for track in album.tracks():
                    if track.file is not None:
                        self._note_deleted(item_id, track.file, source, track.id)
            size = sum(one.file.size for one in of_album)
            album.file = File(arr.new_id(), offer.quality, offer.formats, size, int(arr.now))
            files = {track.id: track.file for track in album.tracks()}
            for decision in of_album:
                self._note_file(item_id, files[decision.track_id], decision, source, {})
            arr.on_change(Change("imported", "updated", item_id))

    def _note_file(
        self, item_id: int, file: File | None, decision: Decision, source: Source, more: Mapping[str, str]
    ) -> None:
        assert file is not None
        kind = self._arr.kind
        title = posixpath.splitext(decision.name)[0]
        data: dict[str, str | None] = {
            "fileId": str(file.id),
            "droppedPath": decision.file.path,
            "importedPath": f"{_LIBRARY[kind]}/{decision.name}",
            "downloadClient": source.client,
            "releaseGroup": _group(source.offer.title),
            **more,
            "size": str(decision.file.size),
            "indexerFlags": "0",
        }
        if kind != "lidarr":
            data["downloadClientName"] = source.client
        if kind == "sonarr":
            data["releaseType"] = "SingleEpisode" if len(source.offer.item_ids) == 1 else "SeasonPack"
        self._arr.history.note(
            IMPORTED[kind],
            self._arr.now,
            item_id,
            title,
            source.offer.quality,
            source.offer.formats,
            download_id=source.download_id,
            data=data,
            track_id=decision.track_id,
        )

    def _note_deleted(self, item_id: int, present: File, source: Source, track_id: int = 0) -> None:
        """What happens to files of the library has nothing to do with downloads any more."""
        kind = self._arr.kind
        item = self._arr.collection.items[item_id]
        data = {"reason": "Upgrade", "releaseGroup": _group(source.offer.title), "size": str(present.size)}
        self._arr.history.note(
            DELETED[kind],
            self._arr.now,
            item_id,
            f"{_LIBRARY[kind]}/{item.title}",
            present.quality,
            present.formats,
            download_id=None,
            data=data | {"indexerFlags": "0"},
            track_id=track_id,
        )


def _chosen_items(entry: Mapping[str, Any]) -> list[int]:
    return entry.get("episodeIds") or [entry.get("movieId") or entry.get("albumId") or 0]


def _group(title: str) -> str:
    return title.rpartition("-")[2]
