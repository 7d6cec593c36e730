"""Queue, history and settings of an Arr as facts for the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.arr.kinds import GRABBED
from qbitrr.clock import from_iso
from qbitrr.rules.arr_settings import ClientSettings, HealthIssue
from qbitrr.rules.facts import QueueFacts, Refusal
from qbitrr.rules.imports import EventKind, ImportEvent
from qbitrr.rules.orphan_folders import ArrFolders
from qbitrr.rules.paths import PathMapping
from qbitrr.rules.stuck_imports import Candidate
from qbitrr.rules.supersession import UNREADABLE, FileEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.arr.kinds import Kind
    from qbitrr.arr.models import (
        DownloadClient,
        HealthCheck,
        HistoryRecord,
        ManualImportFile,
        QueueRecord,
        RemotePathMapping,
        RootFolder,
    )

_INTERACTIVE = "InteractiveSearch"
_QBITTORRENT = "QBittorrent"


def queue_facts(records: Iterable[QueueRecord], kind: Kind) -> dict[str, QueueFacts]:
    """Group the queue by download id, which is upper-case."""
    by_download: dict[str, list[QueueRecord]] = {}
    for record in records:
        if record.download_id:
            by_download.setdefault(record.download_id.upper(), []).append(record)
    return {download_id: _queue_facts(some, kind) for download_id, some in by_download.items()}


def _queue_facts(records: list[QueueRecord], kind: Kind) -> QueueFacts:
    items = (kind.item_of(record) for record in records)
    # a pack is as far as its least imported record
    states = [record.tracked_download_state or "" for record in records]
    added = [at for record in records if (at := from_iso(record.added)) is not None]
    return QueueFacts(
        record_ids=tuple(record.id for record in records),
        item_ids=tuple(dict.fromkeys(item for item in items if item)),
        tracked_state=next((state for state in states if state != "imported"), "imported"),
        refusals=_refusals(records),
        status=next((record.status for record in records if record.status), ""),
        added_at=max(added, default=None),
        output_path=next((record.output_path for record in records if record.output_path), ""),
        tracked_status=next((record.tracked_download_status or "" for record in records), ""),
        error_message=next((record.error_message for record in records if record.error_message), ""),
    )


def _refusals(records: list[QueueRecord]) -> tuple[Refusal, ...]:
    """List what stands in the way of an import. All records of a download say the same.

    The title of an entry without messages is a headline for those after it; without any of them it is the message.
    """
    entries = [entry for record in records for entry in record.status_messages or []]
    detailed = [Refusal(entry.title or "", tuple(entry.messages)) for entry in entries if entry.messages]
    headlines = [Refusal("", (entry.title,)) for entry in entries if entry.title and not entry.messages]
    return tuple(dict.fromkeys(detailed or headlines))


def import_events(records: Iterable[HistoryRecord], kind: Kind) -> list[ImportEvent]:
    """List what the history says of the items of a download."""
    found = []
    for record in records:
        event, item = kind.events.get(str(record.event_type)), kind.item_of(record)
        if event is not None and item:
            found.append(ImportEvent(record.id, event, item))
    return found


def file_events(records: Iterable[HistoryRecord], kind: Kind) -> list[FileEvent]:
    """List the grabs and the imports of single files, without those whose time or item cannot be read."""
    found = []
    for record in records:
        event, item, at = kind.events.get(str(record.event_type)), kind.item_of(record), from_iso(record.date)
        if event not in kind.of_files or not item or at is None:
            continue
        file = 0 if event is EventKind.GRABBED else _file_number(record)
        found.append(FileEvent(record.id, at, (record.download_id or "").upper(), item, record.track_id, file))
    return found


def _file_number(record: HistoryRecord) -> int:
    text = record.data.file_id if record.data is not None else None
    number = int(text) if text is not None and text.isascii() and text.isdigit() else UNREADABLE
    return number if number > 0 else UNREADABLE


def grabs(records: Iterable[HistoryRecord]) -> list[HistoryRecord]:
    """List the grabs of a download, newest first; a pack has one for each item."""
    found = (record for record in records if record.event_type == GRABBED)
    return sorted(found, key=lambda record: record.id, reverse=True)


def is_interactive(grab: HistoryRecord) -> bool:
    """Whether the user had chosen the release among those that a search found."""
    return grab.data is not None and grab.data.release_source == _INTERACTIVE


def grabbed_score(records: Iterable[HistoryRecord]) -> int | None:
    """Return the custom format score that the Arr gave a release when it grabbed it; None when it is not known.

    The score of a queue record is another: it is that of the torrent's name.
    """
    newest = next(iter(grabs(records)), None)
    text = newest.data.custom_format_score if newest is not None and newest.data is not None else None
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def candidate(file: ManualImportFile) -> Candidate:
    """Translate a file that is offered for a manual import. What the Arr could not match has no items."""
    tracks = tuple(track.id for track in file.tracks or ())
    if file.movie is not None:
        items: tuple[int, ...] = (file.movie.id,)
    elif file.series is not None:
        items = tuple(episode.id for episode in file.episodes or ())
    elif file.album is not None and file.artist is not None and file.album_release_id and tracks:
        items = (file.album.id,)
    else:
        items = ()
    return Candidate(
        path=file.path or "",
        items=tuple(item for item in items if item > 0),
        tracks=tracks,
        has_quality=_quality_id(file.quality) > 0,
        rejections=tuple(one.reason for one in file.rejections or () if one.reason),
    )


def _quality_id(model: dict[str, object] | None) -> int:
    """The id in a QualityModel: 0 is Unknown."""
    quality = (model or {}).get("quality")
    found = quality.get("id") if isinstance(quality, dict) else None
    return found if isinstance(found, int) else 0


def import_order(file: ManualImportFile, kind: Kind) -> dict[str, object]:
    """Make what a manual import is sent about a file (ManualImportFile of the Arr): everything as it was offered."""
    order: dict[str, object] = {
        "path": file.path,
        "downloadId": file.download_id,
        "quality": file.quality,
        "indexerFlags": file.indexer_flags,
    }
    if kind.name == "lidarr":
        assert file.artist is not None and file.album is not None  # noqa: PT018 - it is a candidate with items
        return order | {
            "artistId": file.artist.id,
            "albumId": file.album.id,
            "albumReleaseId": file.album_release_id,
            "trackIds": [track.id for track in file.tracks or ()],
            "disableReleaseSwitching": False,
        }
    order |= {"folderName": file.folder_name, "languages": file.languages, "releaseGroup": file.release_group}
    if kind.name == "radarr":
        assert file.movie is not None
        return order | {"movieId": file.movie.id}
    assert file.series is not None
    episodes = [episode.id for episode in file.episodes or ()]
    return order | {"seriesId": file.series.id, "episodeIds": episodes, "releaseType": file.release_type or "unknown"}


def path_mappings(mappings: Iterable[RemotePathMapping]) -> tuple[PathMapping, ...]:
    """Translate remote path mappings, without those that are not complete."""
    return tuple(
        PathMapping(one.host, one.remote_path, one.local_path)
        for one in mappings
        if one.host and one.remote_path and one.local_path
    )


def client_settings(clients: Iterable[DownloadClient]) -> tuple[ClientSettings, ...]:
    """Translate the download clients that are qBittorrents and enabled."""
    return tuple(
        ClientSettings(
            name=one.name or "",
            host=one.host,
            port=one.port,
            category=one.category,
            imported_category=one.imported_category,
            removes_completed=one.remove_completed_downloads,
            removes_failed=one.remove_failed_downloads,
        )
        for one in clients
        if one.enable and one.implementation == _QBITTORRENT
    )


def health_issues(checks: Iterable[HealthCheck]) -> tuple[HealthIssue, ...]:
    """Translate what the Arr finds wrong."""
    return tuple(HealthIssue(one.source or "", one.message or "", one.type or "", one.wiki_url or "") for one in checks)


def arr_folders(
    roots: Iterable[RootFolder], mappings: Iterable[RemotePathMapping], clients: Iterable[DownloadClient]
) -> ArrFolders:
    """Translate where the library is, and how paths of download clients are found, also of those switched off."""
    hosts = tuple(dict.fromkeys(one.host for one in clients if one.host))
    return ArrFolders(tuple(one.path for one in roots if one.path), path_mappings(mappings), hosts)
