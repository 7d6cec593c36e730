"""Defaults that depend on the kind of Arr, on its section name, or on `[Settings]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.config.extensions import AUDIO, CUE_SHEETS, INCOMPLETE, SUBTITLES, VIDEO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.config.model import Settings
    from qbitrr.config.model.key import ArrKind

SAMPLE_ARRS: Mapping[str, ArrKind] = {
    "Radarr-1080": "radarr",
    "Radarr-4K": "radarr",
    "Sonarr-TV": "sonarr",
    "Sonarr-Anime": "sonarr",
    "Lidarr-Music": "lidarr",
}
"""The Arr sections of a first configuration."""

# beginnings of messages in the Arrs' queues on downloads that they will never import
_FAILED_DOWNLOAD_MESSAGES = (
    "Not an upgrade for existing",
    "Not a Custom Format upgrade for existing",
    "Not a quality revision upgrade for existing",
    "Caution: Found executable file",
    "Caution: Found potentially dangerous file",
)

_VIDEO_FOLDERS = (
    r"\bextras?\b",
    r"\bfeaturettes?\b",
    r"\bsamples?\b",
    r"\bscreens?\b",
    r"\bnc(?:ed|op)?\d*\b",
)
_ANIME_FOLDERS = (r"\bspecials?\b", r"\bova\b")
_MUSIC_FOLDERS = (r"\bextras?\b", r"\bsamples?\b", r"\bscreens?\b")

_VIDEO_FILES = (
    r"\bncop\d*\b",
    r"\bnced\d*\b",
    r"\bsample\b",
    r"brarbg\.com\b",
    r"\btrailer\b",
    r"music video",
    r"comandotorrents\.com",
)
_MUSIC_FILES = (r"\bsample\b", r"brarbg\.com\b", r"\btrailer\b", r"comandotorrents\.com")

_VIDEO_EXTENSIONS = (*sorted(VIDEO), *SUBTITLES, *INCOMPLETE)
_MUSIC_EXTENSIONS = (*sorted(AUDIO), *CUE_SHEETS, *INCOMPLETE)


def arr_defaults(section: str, kind: ArrKind, settings: Settings) -> dict[str, Any]:
    """Internal values for the Arr `section`, by key name; sub-tables are nested."""
    name = section.lower()
    music = kind == "lidarr"
    anime = _ANIME_FOLDERS if "anime" in name else ()
    return {
        "Category": name,
        "ArrErrorCodesToBlocklist": _FAILED_DOWNLOAD_MESSAGES,
        "EntrySearch": {
            "SearchByYear": not music,
            "Overseerr": {"Is4K": "radarr-4k" in name},
        },
        "Torrent": {
            "FolderExclusionRegex": _MUSIC_FOLDERS if music else _VIDEO_FOLDERS + anime,
            "FileNameExclusionRegex": _MUSIC_FILES if music else _VIDEO_FILES,
            "FileExtensionAllowlist": _MUSIC_EXTENSIONS if music else _VIDEO_EXTENSIONS,
            "IgnoreTorrentsYoungerThan": settings.ignore_torrents_younger_than_seconds,
        },
    }


def qbit_defaults(settings: Settings) -> dict[str, Any]:
    """Internal values for every qBittorrent section, by key name."""
    return {"CategorySeeding": {"IgnoreTorrentsYoungerThan": settings.ignore_torrents_younger_than_seconds}}
