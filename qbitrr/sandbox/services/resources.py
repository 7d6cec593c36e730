"""Parts of the Arrs' resources that all three have.

Field names and types: the OpenAPI descriptions of Radarr v3, Sonarr v3 and Lidarr v1. What is None is left out, as
the Arrs do.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qbitrr.clock import to_iso
from qbitrr.sandbox.life.commands import uses_disk
from qbitrr.sandbox.media.quality import BY_ID, FORMAT_SETS, FORMATS, QUALITIES, SCORES
from qbitrr.sandbox.services.answers import lean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.sandbox.life.records import BlocklistEntry, Command, HistoryEvent, QueueRecord
    from qbitrr.sandbox.media.quality import Profile

Resource = dict[str, Any]

ENGLISH = {"id": 1, "name": "English"}
_STARTED = "2026-01-05T06:30:00Z"


def iso(moment: float) -> str:
    """A time on the wire."""
    return str(to_iso(moment))


def maybe_iso(moment: float | None) -> str | None:
    """A time on the wire, if there is one."""
    return None if moment is None else to_iso(moment)


def stable_id(key: str) -> int:
    """The same number of 31 bits for the same key."""
    return zlib.crc32(key.encode()) & 0x7FFF_FFFF


def time_span(seconds: float) -> str:
    """`01:02:03`, as .NET writes it."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}"


@lru_cache(maxsize=64)
def quality_model(kind: str, quality: int) -> Resource:
    """A quality with its revision."""
    return {
        "quality": _quality(kind, quality),
        "revision": {"version": 1, "real": 0, "isRepack": False},
    }


def _quality(kind: str, number: int) -> Resource:
    quality = BY_ID[kind][number]
    resource: Resource = {"id": quality.id, "name": quality.name}
    if kind != "lidarr":
        resource |= {"source": quality.source, "resolution": quality.resolution}
    if kind == "radarr":
        resource["modifier"] = "none"
    return resource


@lru_cache(maxsize=16)
def custom_formats(formats: int) -> list[Resource]:
    """The custom formats of a file or release."""
    return [{"id": one.id, "name": one.name} for one in FORMAT_SETS[formats]]


def quality_profile(kind: str, profile: Profile) -> Resource:
    """`GET qualityprofile`."""
    resource: Resource = {
        "name": profile.name,
        "upgradeAllowed": profile.upgrade_allowed,
        "cutoff": profile.cutoff,
        "items": [
            {"quality": _quality(kind, quality.id), "items": [], "allowed": quality.id in profile.allowed}
            for quality in QUALITIES[kind]
        ],
        "minFormatScore": profile.min_format_score,
        "cutoffFormatScore": profile.cutoff_format_score,
        "formatItems": [{"format": one.id, "name": one.name, "score": one.score} for one in FORMATS],
        "id": profile.id,
    }
    if kind != "lidarr":
        resource["minUpgradeFormatScore"] = 1
    if kind == "radarr":
        resource["language"] = ENGLISH
    return resource


def system_status(app_name: str, instance_name: str, version: str) -> Resource:
    """`GET system/status`."""
    resource: Resource = {
        "appName": app_name,
        "instanceName": instance_name,
        "version": version,
        "buildTime": "2025-11-02T10:00:00Z",
        "isDebug": False,
        "isProduction": True,
        "isAdmin": False,
        "isUserInteractive": False,
        "startupPath": f"/app/{app_name.lower()}/bin",
        "appData": "/config",
        "osName": "debian",
        "osVersion": "12",
        "isNetCore": True,
        "isLinux": True,
        "isOsx": False,
        "isWindows": False,
        "isDocker": True,
        "mode": "console",
        "branch": "master",
        "databaseType": "sqLite",
        "databaseVersion": "3.46.1",
        "authentication": "forms",
        "migrationVersion": 240,
        "urlBase": "",
        "runtimeVersion": "6.0.36",
        "runtimeName": ".NET",
        "startTime": _STARTED,
        "packageUpdateMechanism": "docker",
    }
    return resource


def command(kind: str, made: Command) -> Resource:
    """`GET command/{id}`."""
    duration = None if made.ended is None or made.started is None else f"{time_span(made.ended - made.started)}.0000000"
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", made.name)
    changed = made.ended or made.started
    exclusive = {} if kind == "sonarr" else {"isTypeExclusive": False}
    return lean(
        {
            "name": made.name,
            "commandName": words,
            "message": made.message,
            "body": {
                "sendUpdatesToClient": made.updates_client,
                "updateScheduledTask": True,
                "requiresDiskAccess": uses_disk(made.name),
                "isExclusive": False,
                **exclusive,
                "isLongRunning": uses_disk(made.name),
                "name": made.name,
                "trigger": made.trigger,
                "suppressMessages": made.trigger == "manual" and not made.name.endswith("Search"),
                **{name: value.lower() if name == "importMode" else value for name, value in made.body.items()},
            },
            "priority": made.priority,
            "status": made.status,
            "result": made.result,
            "queued": iso(made.queued),
            "started": maybe_iso(made.started),
            "ended": maybe_iso(made.ended),
            "duration": duration,
            "exception": made.exception,
            "trigger": made.trigger,
            "stateChangeTime": maybe_iso(changed),
            "sendUpdatesToClient": made.updates_client,
            "updateScheduledTask": True,
            "id": made.id,
        }
    )


def queue_record(kind: str, record: QueueRecord, now: float) -> Resource:
    """`GET queue`, without the ids of what it is for."""
    left = record.seconds_left
    resource: Resource = {
        "quality": quality_model(kind, record.quality),
        "customFormats": custom_formats(record.formats),
        "customFormatScore": SCORES[record.formats],
        "size": record.size,
        "title": record.title,
        "sizeleft": record.size_left,
        "timeleft": None if left is None else time_span(left),
        "estimatedCompletionTime": None if left is None else to_iso(now + left),
        "added": maybe_iso(record.added),
        "status": record.status,
        "trackedDownloadStatus": record.tracked_status,
        "trackedDownloadState": record.tracked_state,
        "statusMessages": [{"title": title, "messages": list(texts)} for title, texts in record.messages],
        "errorMessage": record.error,
        "downloadId": record.download_id,
        "protocol": "torrent",
        "downloadClient": record.client,
        "downloadClientHasPostImportCategory": record.has_imported_category,
        "indexer": record.indexer,
        "outputPath": record.output_path,
        "id": record.id,
    }
    if kind != "lidarr":
        resource["languages"] = [ENGLISH]
    return lean(resource)


def queue_status(records: Iterable[QueueRecord]) -> Resource:
    """`GET queue/status`."""
    listed = list(records)
    unknown = [record for record in listed if record.item_id is None]
    known = [record for record in listed if record.item_id is not None]
    return {
        "totalCount": len(listed),
        "count": len(known),
        "unknownCount": len(unknown),
        "errors": False,
        "warnings": any(record.tracked_status == "warning" for record in known),
        "unknownErrors": False,
        "unknownWarnings": any(record.tracked_status == "warning" for record in unknown),
    }


def history_event(kind: str, event: HistoryEvent) -> Resource:
    """`GET history`, without the ids of what it is about."""
    resource: Resource = {
        "sourceTitle": event.title,
        "quality": quality_model(kind, event.quality),
        "customFormats": custom_formats(event.formats),
        "customFormatScore": SCORES[event.formats],
        "qualityCutoffNotMet": False,
        "date": iso(event.date),
        "downloadId": event.download_id,
        "eventType": event.event_type,
        "data": event.data,
        "id": event.id,
    }
    if kind != "lidarr":
        resource["languages"] = [ENGLISH]
    return lean(resource)


def blocklist_entry(kind: str, entry: BlocklistEntry) -> Resource:
    """`GET blocklist`, without the ids of what it is about."""
    resource: Resource = {
        "sourceTitle": entry.release.title,
        "quality": quality_model(kind, entry.release.quality),
        "customFormats": custom_formats(entry.release.formats),
        "date": iso(entry.date),
        "protocol": "torrent",
        "indexer": entry.release.indexer,
        "message": entry.message,
        "id": entry.id,
    }
    if kind != "lidarr":
        resource["languages"] = [ENGLISH]
    return resource


def image(cover_type: str, kind: str, number: int) -> Resource:
    """A cover as the Arr links to it."""
    path = f"/MediaCover/{number}/{cover_type}.jpg"
    return {
        "coverType": cover_type,
        "url": f"{path}?lastWrite=638900000000000000",
        "remoteUrl": f"https://{kind}-images.example/{number}/{cover_type}.jpg",
    }
