"""Parts of the Arrs' resources that all three have.

Field names and types: the OpenAPI descriptions of Radarr v3, Sonarr v3 and Lidarr v1. What is None is left out, as
the Arrs do.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qbitrr.clock import to_iso
from qbitrr.sandbox.media.quality import BY_ID, FORMAT_SETS, FORMATS, QUALITIES, SCORES
from qbitrr.sandbox.services.answers import lean

if TYPE_CHECKING:
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
    return {
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


def command(made: Command) -> Resource:
    """`GET command/{id}`."""
    duration = None if made.ended is None or made.started is None else time_span(made.ended - made.started)
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", made.name)
    return lean(
        {
            "name": made.name,
            "commandName": words,
            "message": made.message,
            "body": {
                "sendUpdatesToClient": True,
                "updateScheduledTask": True,
                "completionMessage": "Completed",
                "requiresDiskAccess": made.name.startswith("Downloaded"),
                "isExclusive": False,
                "isLongRunning": False,
                "trigger": made.trigger,
                "suppressMessages": False,
                **made.body,
            },
            "priority": "normal",
            "status": made.status,
            "result": made.result,
            "queued": iso(made.queued),
            "started": maybe_iso(made.started),
            "ended": maybe_iso(made.ended),
            "duration": duration,
            "trigger": made.trigger,
            "stateChangeTime": iso(made.ended or made.started or made.queued),
            "sendUpdatesToClient": True,
            "updateScheduledTask": True,
            "id": made.id,
        }
    )


def download_settings(kind: str, *, searches_by_itself: bool) -> Resource:
    """`GET config/downloadclient`."""
    resource: Resource = {
        "downloadClientWorkingFolders": "_UNPACK_|_FAILED_",
        "enableCompletedDownloadHandling": True,
        "autoRedownloadFailed": searches_by_itself,
        "autoRedownloadFailedFromInteractiveSearch": searches_by_itself,
        "id": 1,
    }
    return resource | ({"checkForFinishedDownloadInterval": 1} if kind == "radarr" else {})


def queue_record(kind: str, record: QueueRecord, now: float) -> Resource:
    """`GET queue`, without the ids of what it is for."""
    left = record.seconds_left
    messages = [{"title": record.release.title, "messages": record.messages}] if record.messages else []
    resource: Resource = {
        "quality": quality_model(kind, record.release.quality),
        "customFormats": custom_formats(record.release.formats),
        "customFormatScore": SCORES[record.release.formats],
        "size": float(record.release.size),
        "title": record.release.title,
        "sizeleft": record.size_left,
        "timeleft": None if left is None else time_span(left),
        "estimatedCompletionTime": None if left is None else to_iso(now + left),
        "added": iso(record.added),
        "status": record.status,
        "trackedDownloadStatus": record.tracked_status,
        "trackedDownloadState": record.tracked_state,
        "statusMessages": messages,
        "errorMessage": record.error,
        "downloadId": record.download_id,
        "protocol": "torrent",
        "downloadClient": "qBittorrent",
        "downloadClientHasPostImportCategory": False,
        "indexer": record.release.indexer,
        "outputPath": record.output_path or None,
        "id": record.id,
    }
    if kind != "lidarr":
        resource["languages"] = [ENGLISH]
    return lean(resource)


def history_event(kind: str, event: HistoryEvent) -> Resource:
    """`GET history`, without the ids of what it is about."""
    resource: Resource = {
        "sourceTitle": event.release.title,
        "quality": quality_model(kind, event.release.quality),
        "customFormats": custom_formats(event.release.formats),
        "customFormatScore": SCORES[event.release.formats],
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
