"""What the user of an Arr has set there, as far as downloads go (Settings, Download Clients)."""

from __future__ import annotations

from msgspec import Struct, field


class PathMapping(Struct):
    """A folder of a download client's `host` and where it is for the Arr. Both end with a slash."""

    remote: str
    local: str
    host: str = "127.0.0.1"

    def localize(self, path: str) -> str | None:
        """`path` as the Arr sees it; None when it is not below `remote`."""
        if f"{path}/" == self.remote:
            return self.local.rstrip("/")
        return self.local + path.removeprefix(self.remote) if path.startswith(self.remote) else None


def localize(path: str, mappings: list[PathMapping]) -> str:
    """`path` by the first mapping that covers it, else as it is."""
    return next((local for mapping in mappings if (local := mapping.localize(path)) is not None), path)


class ClientSettings(Struct):
    """One download client. `imported_category` is empty when torrents keep their category after an import."""

    category: str
    id: int = 1
    name: str = "qBittorrent"
    host: str = "127.0.0.1"
    port: int = 8080
    imported_category: str = ""
    remove_completed: bool = True
    remove_failed: bool = True


class IndexerSettings(Struct):
    """One indexer; `number_in_prowlarr` when Prowlarr has added it."""

    name: str
    number_in_prowlarr: int | None = None
    is_searched: bool = True


class ArrSettings(Struct):
    """The rest. They may be changed at any time.

    `mounts` is where the clients' folders really are for the Arr; `path_mappings` are what the user has entered.
    """

    completed_download_handling: bool = True
    redownload_failed: bool = True
    redownload_failed_from_interactive_search: bool = True
    path_mappings: list[PathMapping] = field(default_factory=list)
    mounts: list[PathMapping] = field(default_factory=list)
    indexers_away: bool = False
    """No indexer answers any more."""
    an_indexer_away: bool = False
    """One of several does not, since a moment ago."""
    indexers: list[IndexerSettings] = field(default_factory=lambda: [IndexerSettings("Nyaa Street")])
    """Settings > Indexers."""
    tags: dict[int, str] = field(default_factory=dict)
    """Settings > Tags: the labels by id."""
