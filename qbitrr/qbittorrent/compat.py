"""Differences of qBittorrent 4.x and 5.x, as seen on 4.5.2 (API 2.8.19), 5.1.0 (2.11.4) and 5.3.0 (2.16.2)."""

from __future__ import annotations

OLDEST_API = (2, 8, 2)  # qBittorrent 4.3.9
_STOP_START_API = (2, 11, 0)  # qBittorrent 5.0 renamed pause/resume and the states that follow from them

_NEW_STATE_NAMES = {"pausedDL": "stoppedDL", "pausedUP": "stoppedUP"}

ApiVersion = tuple[int, ...]


def parse_api_version(text: str) -> ApiVersion:
    """Parse `2.11.4`; what follows a number within a part is ignored. Raises ValueError."""
    parts = text.strip().split(".")
    numbers = tuple(int(digits) for part in parts if (digits := "".join(filter(str.isdigit, part))))
    if not numbers or len(numbers) != len(parts):
        raise ValueError(f"not a version: {text[:40]!r}")
    return numbers


def state_name(state: str) -> str:
    """Return the 5.x name of a torrent state."""
    return _NEW_STATE_NAMES.get(state, state)


def stop_path(api: ApiVersion) -> str:
    """Return the path of the call that stops torrents."""
    return "torrents/stop" if api >= _STOP_START_API else "torrents/pause"


def start_after_recheck(api: ApiVersion) -> bool:
    """Whether a torrent that had missing files has to be started before it is checked."""
    return api < _STOP_START_API


def start_path(api: ApiVersion) -> str:
    """Return the path of the call that starts stopped torrents."""
    return "torrents/start" if api >= _STOP_START_API else "torrents/resume"
