"""Settings > Download Clients of an Arr, and what its health page says of the clients and of the indexers.

Source: recordings `config-downloadclient`, `downloadclient`, `remotepathmapping*`, `health*`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life.client_item import ClientAwayError
from qbitrr.sandbox.life.settings import localize
from qbitrr.sandbox.services.answers import lean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.sandbox.life.arr_state import Connection
    from qbitrr.sandbox.life.settings import ArrSettings, IndexerSettings
    from qbitrr.sandbox.services.resources import Resource

_CATEGORY = {"radarr": "movie", "sonarr": "tv", "lidarr": "music"}
_PRIORITY = [{"value": 0, "name": "Last", "order": 0}, {"value": 1, "name": "First", "order": 1}]
_INITIAL_STATE = [
    {"value": 0, "name": "Started", "order": 7, "hint": "(0)"},
    {"value": 1, "name": "Force Started", "order": 10, "hint": "(1)"},
    {"value": 2, "name": "Stopped", "order": 13, "hint": "(2)"},
]
_LAYOUT = [
    {"value": 0, "name": "Default", "order": 0},
    {"value": 1, "name": "Original", "order": 1},
    {"value": 2, "name": "Subfolder", "order": 2},
]


def download_settings(kind: str, settings: ArrSettings) -> Resource:
    """`GET config/downloadclient`."""
    resource: Resource = {
        "downloadClientWorkingFolders": "_UNPACK_|_FAILED_",
        "enableCompletedDownloadHandling": settings.completed_download_handling,
        "autoRedownloadFailed": settings.redownload_failed,
        "autoRedownloadFailedFromInteractiveSearch": settings.redownload_failed_from_interactive_search,
        "id": 1,
    }
    return resource | ({"checkForFinishedDownloadInterval": 1} if kind == "radarr" else {})


def path_mappings(settings: ArrSettings) -> list[Resource]:
    """`GET remotepathmapping`."""
    return [
        {"host": one.host, "remotePath": one.remote, "localPath": one.local, "id": number}
        for number, one in enumerate(settings.path_mappings, 1)
    ]


def root_folders(kind: str, path: str, *, total: bool) -> list[Resource]:
    """`GET rootfolder`; newer versions say the `total` space too."""
    folder: Resource = {"path": path, "accessible": True, "freeSpace": 83337105408, "id": 1}
    if total:
        folder["totalSpace"] = 270553174016
    if kind != "lidarr":
        return [folder | {"unmappedFolders": []}]
    defaults = {"defaultMetadataProfileId": 1, "defaultQualityProfileId": 1, "defaultTags": []}
    monitoring = {"defaultMonitorOption": "all", "defaultNewItemMonitorOption": "all"}
    return [{"name": "music", **folder, **defaults, **monitoring}]


def download_client(kind: str, connection: Connection) -> Resource:
    """One of `GET downloadclient`. Only Sonarr has a field for an API key of qBittorrent."""
    settings, media = connection.settings, _CATEGORY[kind]
    capital = media.capitalize()
    fields = [
        _field("host", "Host", settings.host),
        _field("port", "Port", settings.port),
        _field("useSsl", "Use SSL", False, "checkbox", helpText="Use a secure connection."),
        _field("urlBase", "URL Base", None, advanced=True, helpText="Adds a prefix to the qBittorrent url"),
        *([_field("apiKey", "API Key", None, privacy="apiKey")] if kind == "sonarr" else []),
        _field("username", "Username", "admin", privacy="userName"),
        _field("password", "Password", "********", "password", privacy="password"),
        _field(f"{media}Category", "Category", settings.category, helpText="Adding a category avoids conflicts"),
        _field(
            f"{media}ImportedCategory",
            "Post-Import Category",
            settings.imported_category or None,
            advanced=True,
            helpText="Leave blank to keep same category.",
        ),
        _field(f"recent{capital}Priority", "Recent Priority", 0, "select", helpText="Recent", selectOptions=_PRIORITY),
        _field(f"older{capital}Priority", "Older Priority", 0, "select", helpText="Older", selectOptions=_PRIORITY),
        _field("initialState", "Initial State", 0, "select", helpText="Initial", selectOptions=_INITIAL_STATE),
        _field("sequentialOrder", "Sequential Order", False, "checkbox", helpText="Download in sequential order"),
        _field("firstAndLast", "First and Last First", False, "checkbox", helpText="First and last pieces first"),
        _field("contentLayout", "Content Layout", 0, "select", helpText="Content layout", selectOptions=_LAYOUT),
    ]
    if kind == "radarr":
        for field in fields:
            field |= {"selectOptions": [one | {"dividerAfter": False} for one in field.get("selectOptions", [])]}
    return {
        "enable": True,
        "protocol": "torrent",
        "priority": 1,
        "removeCompletedDownloads": settings.remove_completed,
        "removeFailedDownloads": settings.remove_failed,
        "name": settings.name,
        "fields": [{"order": order} | field for order, field in enumerate(fields)],
        "implementationName": "qBittorrent",
        "implementation": "QBittorrent",
        "configContract": "QBittorrentSettings",
        "infoLink": f"https://wiki.servarr.com/{kind}/supported#qbittorrent",
        "tags": [],
        "id": settings.id,
    }


def indexer(kind: str, settings: IndexerSettings, number: int) -> Resource:
    """One of `GET indexer`. Prowlarr adds those that it has by an address of its own."""
    own = settings.number_in_prowlarr
    address = (
        f"https://{settings.name.lower().replace(' ', '-')}.example" if own is None else f"http://prowlarr:9696/{own}/"
    )
    fields = [
        _field("baseUrl", "URL", address),
        _field("apiPath", "API Path", "/api", advanced=True),
        _field("apiKey", "API Key", "********", privacy="apiKey"),
    ]
    return {
        "enableRss": True,
        "enableAutomaticSearch": settings.is_searched,
        "enableInteractiveSearch": True,
        "supportsRss": True,
        "supportsSearch": True,
        "protocol": "torrent",
        "priority": 25,
        "downloadClientId": 0,
        "name": settings.name if own is None else f"{settings.name} (Prowlarr)",
        "fields": [{"order": order} | field for order, field in enumerate(fields)],
        "implementationName": "Torznab",
        "implementation": "Torznab",
        "configContract": "TorznabSettings",
        "infoLink": f"https://wiki.servarr.com/{kind}/supported#torznab",
        "tags": [],
        "id": number,
    }


def _field(
    name: str,
    label: str,
    value: Any,
    type_: str = "textbox",
    *,
    advanced: bool = False,
    privacy: str = "normal",
    **more: Any,
) -> Resource:
    resource = {"name": name, "label": label, "value": value, "type": type_, "advanced": advanced, "privacy": privacy}
    return lean({**resource, **more, "isFloat": False})


def health(kind: str, connections: Iterable[Connection], settings: ArrSettings, now: float) -> list[Resource]:
    """`GET health`, as far as download clients and indexers go.

    Clients that do not answer, those that are not asked for now, and those whose folders are not seen.
    """
    listed = list(connections)
    found = _without_indexers(kind) if settings.indexers_away else []
    if settings.an_indexer_away and not settings.indexers_away:
        text, page = "Indexers unavailable due to failures: Second", "indexers-are-unavailable-due-to-failures"
        found.append(_check(kind, "IndexerStatusCheck", text, page, "warning"))
    found += [_unreachable(kind, one) for one in listed if not _answers(one)]
    found += [_unseen(kind, one, folder) for one in listed if (folder := _unseen_folder(one, settings))]
    waiting = [one.settings.name for one in listed if now < one.blocked_until]
    if waiting:
        all_wait = len(waiting) == len(listed)
        text = (
            "All download clients are unavailable due to failures"
            if all_wait
            else f"Download clients unavailable due to failures: {', '.join(waiting)}"
        )
        page = "download-clients-are-unavailable-due-to-failures"
        found.append(_check(kind, "DownloadClientStatusCheck", text, page, "error" if all_wait else "warning"))
    return found


def _unseen_folder(connection: Connection, settings: ArrSettings) -> str | None:
    """A folder of a client's downloads that is not where the Arr believes it to be."""
    if not settings.mounts or not _answers(connection):
        return None
    folders = {localize(one.save_path, settings.path_mappings): one.save_path for one in connection.client.on_disk()}
    return next((seen for seen, real in folders.items() if seen != localize(real, settings.mounts)), None)


def _unseen(kind: str, connection: Connection, folder: str) -> Resource:
    text = (
        f"Remote download client {connection.settings.name} places downloads in {folder} but this directory does not"
        " appear to exist. Likely missing or incorrect remote path mapping."
    )
    return _check(kind, "RemotePathMappingCheck", text, "remote-path-mapping-check-local-folder-missing")


def _answers(connection: Connection) -> bool:
    try:
        connection.client.items(connection.settings.category)
    except ClientAwayError:
        return False
    return True


def _unreachable(kind: str, connection: Connection) -> Resource:
    settings = connection.settings
    reason = f"Failed to connect to {settings.name}, please check your settings."
    if kind == "radarr":
        reason = f"Connection refused ({settings.host}:{settings.port})"
    text, page = f"Unable to communicate with {settings.name}. {reason}", "unable-to-communicate-with-download-client"
    return _check(kind, "DownloadClientCheck", text, page)


def _without_indexers(kind: str) -> list[Resource]:
    page, text = (
        "indexers-are-unavailable-due-to-failures",
        "capable indexers are temporarily unavailable due to recent",
    )
    return [
        _check(kind, "IndexerRssCheck", f"All rss-{text} indexer errors", page, "warning"),
        _check(kind, "IndexerStatusCheck", "All indexers are unavailable due to failures", page),
        _check(kind, "IndexerSearchCheck", f"All search-{text} indexer errors", page, "warning"),
    ]


def _check(kind: str, source: str, text: str, page: str, level: str = "error") -> Resource:
    return {
        "source": source,
        "type": level,
        "message": text,
        "wikiUrl": f"https://wiki.servarr.com/{kind}/system#{page}",
    }
