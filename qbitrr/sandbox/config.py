"""A config.toml that connects the daemon to a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomlkit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.sandbox.services.arr_api import ArrStandIn
    from qbitrr.sandbox.services.overseerr import OverseerrStandIn
    from qbitrr.sandbox.services.prowlarr import ProwlarrStandIn
    from qbitrr.sandbox.services.qbittorrent import QbittorrentStandIn


def config_text(
    qbittorrent: QbittorrentStandIn,
    arrs: Mapping[str, ArrStandIn],
    overseerr: OverseerrStandIn | None,
    prowlarr: ProwlarrStandIn | None,
    downloads: str,
    overrides: Mapping[str, Any] | None = None,
) -> str:
    """The text. `overrides` are tables by section name that are laid over it, key by key, in any depth."""
    tables: dict[str, Any] = {
        "Settings": {
            "CompletedDownloadFolder": downloads,
            "FreeSpaceFolder": downloads,
            "LoopSleepTimer": 1,
            "PingURLS": [],  # the client's connection status counts: a sandbox works without internet
        },
        "WebUI": {"Host": "127.0.0.1", "WebAccess": "auto"},  # also in a container
        "qBit": {
            "Host": "127.0.0.1",
            "Port": qbittorrent.port,
            "UserName": qbittorrent.logins.user,
            "Password": qbittorrent.logins.password,
        },
        **({} if prowlarr is None else {"Prowlarr": {"URI": prowlarr.url, "APIKey": prowlarr.api_key}}),
        **{name: _arr(arr, overseerr) for name, arr in arrs.items()},
    }
    return tomlkit.dumps(_merged(tables, overrides or {}))


def _arr(stand_in: ArrStandIn, overseerr: OverseerrStandIn | None) -> dict[str, Any]:
    search: dict[str, Any] = {"SearchMissing": True}
    if overseerr is not None and stand_in.kind != "lidarr":
        search["SearchRequestsEvery"] = 5
        search["Overseerr"] = {
            "SearchOverseerrRequests": True,
            "OverseerrURI": overseerr.url,
            "OverseerrAPIKey": overseerr.api_key,
        }
    return {
        "Managed": True,
        "URI": stand_in.url,
        "APIKey": stand_in.api_key,
        "Category": stand_in.arr.category,
        "ReSearch": True,
        "RssSyncTimer": 5,
        "RefreshDownloadsTimer": 1,
        "EntrySearch": search,
        "Torrent": {"StalledDelay": "3s", "IgnoreTorrentsYoungerThan": 180},
    }


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
