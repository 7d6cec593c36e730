"""How an Arr finds releases and sends them to its download client."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life.commands import Outcome, failed
from qbitrr.sandbox.life.download_client import DownloadClient
from qbitrr.sandbox.life.fate import Odds
from qbitrr.sandbox.life.history import GRABBED
from qbitrr.sandbox.life.records import Change
from qbitrr.sandbox.life.searching import find, infohash_of, make_release
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile
from qbitrr.sandbox.media.draw import rng
from qbitrr.sandbox.media.quality import RANKS, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qbitrr.sandbox.life.arr_state import ArrState
    from qbitrr.sandbox.life.commands import Work
    from qbitrr.sandbox.life.fate import Fate
    from qbitrr.sandbox.life.records import Release
    from qbitrr.sandbox.life.tracking import Tracking

RSS_GRABS = 2
_IDS = {
    "MoviesSearch": ("movieIds", "Movie"),
    "EpisodeSearch": ("episodeIds", "Episode"),
    "AlbumSearch": ("albumIds", "Album"),
}
_GONE = "NzbDrone.Core.Datastore.ModelNotFoundException: {} with ID {} does not exist"
_TOO_FEW = "System.ApplicationException: Expected query to return {} rows but returned {}"


class Grabber:
    """Searches and grabs for one Arr. `odds` may be changed at any time; `queries` counts those to each indexer."""

    def __init__(self, state: ArrState, tracking: Tracking) -> None:
        self.odds = Odds()
        self.queries = 0
        self._arr = state
        self._tracking = tracking
        self._rss_syncs = 0

    # --- commands ---

    def search_for(self, name: str, body: Mapping[str, Any]) -> Work:
        """What a search command does. One id that does not exist fails all of Radarr's, the rest of another one's."""
        arr = self._arr
        yield arr.tempo.seconds(arr.tempo.search)
        key, noun = _IDS.get(name, ("", ""))
        ids: list[int] = body.get(key) or []
        known = [one for one in ids if one in arr.collection.items]
        if arr.kind == "radarr" and len(known) < len(ids):
            return failed(_TOO_FEW.format(len(ids), len(known)))
        gone = next((one for one in ids if one not in arr.collection.items), None)
        if gone is not None:
            ids = ids[: ids.index(gone)]
            body = {key: ids}
        # each item of a list is asked for alone, a season or what else has a name of its own at once
        self.queries += len(ids) if key else 1
        grabbed = self.search(arr.collection.searched_by(name, body, arr.now))
        if gone is not None:
            return failed(_GONE.format(noun, gone))
        return Outcome(f"Search completed. {grabbed} reports downloaded.")

    def sync_rss(self) -> Work:
        """What RssSync does: find some of what is missing."""
        arr = self._arr
        yield arr.tempo.seconds(arr.tempo.search)
        self._rss_syncs += 1
        unavailable = self._unavailable()
        missing = [item for item in arr.collection.wanted(arr.now) if item.id not in unavailable]
        rng(arr.key, "rss", self._rss_syncs).shuffle(missing)
        return Outcome(f"RSS sync completed, {self.search([item] for item in missing[:RSS_GRABS])} reports grabbed")

    # --- what they are made of ---

    def search(self, groups: Iterable[Sequence[Any]]) -> int:
        """Search for groups of items, each as one release; returns how many were grabbed."""
        grabbed, unavailable = 0, self._unavailable()
        for items in groups:
            for item in items:
                item.last_search = int(self._arr.now)
            if (
                self._arr.settings.indexers_away
                or self._client() is None
                or not unavailable.isdisjoint(item.id for item in items)
            ):
                continue
            if found := find(self._arr.key, self._arr.collection, items, self.odds, self._is_barred):
                self.grab(items, *found)
                unavailable.update(item.id for item in items)
                grabbed += 1
        return grabbed

    def offer(self, items: Sequence[Any], *, attempt: str = "by hand") -> Release:
        """A release of these items in the best quality, as if an indexer had it."""
        arr = self._arr
        ids, ranks = "+".join(str(item.id) for item in items), RANKS[arr.kind]
        quality = max(arr.collection.profile_of(items[0]).allowed, key=ranks.__getitem__)
        size = size_of(arr.kind, quality, 0.5) * len(items)
        return make_release(arr.collection, items, infohash_of(arr.key, ids, attempt), quality, 3, size)

    def grab(
        self, items: Sequence[Any], release: Release, fate: Fate, files: Sequence[TorrentFile] = (), name: str = ""
    ) -> Torrent:
        """Send a release to the download client. `files` are in it instead of the media, `name` is the torrent's."""
        self.note_grab([item.id for item in items], release)
        return self.add(items, release, fate, files, name)

    def add(
        self, items: Sequence[Any], release: Release, fate: Fate, files: Sequence[TorrentFile] = (), name: str = ""
    ) -> Torrent:
        """Add a torrent to the category without a grab, as its user may do."""
        client = self._client()
        assert client is not None
        category = self._arr.connections[0].settings.category
        torrent = Torrent(
            infohash=release.infohash,
            name=name or release.title,
            category=category,
            save_path=client.save_path(category),
            files=list(files) or self._files(items, release, name or release.title),
            fate=fate,
            added_on=self._arr.now,
            last_activity=self._arr.now,
            tracker=f"https://{release.indexer.lower().replace(' ', '-')}.example/announce",
            clock=self._arr.now,
        )
        client.add(torrent)
        return torrent

    def note_grab(
        self, item_ids: Sequence[int], release: Release, *, by_id: bool = False, source: str = "Search"
    ) -> None:
        """Write down that a release was sent to the client; `by_id`: its name does not show what it is."""
        arr = self._arr
        for item_id in item_ids:
            arr.history.note(
                GRABBED,
                arr.now,
                item_id,
                release.title,
                release.quality,
                release.formats,
                download_id=release.infohash.upper(),
                data=_grab_data(arr.kind, release, by_id=by_id, source=source),
            )
            arr.on_change(Change("grabbed", "updated", item_id))
        self._tracking.refresh_soon()

    def _client(self) -> DownloadClient | None:
        """The client that torrents can be added to; none while the Arr does not ask it."""
        for connection in self._arr.connections:
            if self._arr.now >= connection.blocked_until and isinstance(connection.client, DownloadClient):
                return connection.client
        return None

    def _unavailable(self) -> set[int | None]:
        """The items of the queue, and of what was grabbed since the last refresh."""
        events = takewhile(lambda event: event.date > self._tracking.refreshed, reversed(self._arr.history.events))
        return {
            *(record.item_id for record in self._tracking.queue.values()),
            *(event.item_id for event in events if event.event_type == GRABBED),
        }

    def _is_barred(self, infohash: str) -> bool:
        client = self._client()
        blocked = any(entry.release.infohash == infohash for entry in self._arr.blocklist)
        return blocked or (client is not None and client.get(infohash) is not None)

    def _files(self, items: Sequence[Any], release: Release, name: str) -> list[TorrentFile]:
        paths = self._arr.collection.contents(items, name)
        media = [path for path in paths if not path.endswith(".nfo")]
        return [TorrentFile(path, release.size // len(media) if path in media else 4_000) for path in paths]


def _grab_data(kind: str, release: Release, *, by_id: bool, source: str) -> dict[str, str | None]:
    url = f"https://indexer.example/{release.infohash}.torrent"
    data: dict[str, str | None] = {
        "indexer": release.indexer,
        "nzbInfoUrl": None,
        "releaseGroup": release.group,
        "age": "0",
        "ageHours": "0.0002759450277777778",
        "ageMinutes": "0.016556951666666667",
        "publishedDate": "2026-01-05T06:30:00Z",
        "downloadClient": "qBittorrent",
        "size": str(release.size),
        "downloadUrl": url,
        "guid": url,
        "protocol": "2",
        "customFormatScore": "0",
        "releaseSource": source,
        "indexerFlags": "0",
        "torrentInfoHash": release.infohash.upper(),
    }
    match = "Id" if by_id else "Title"
    match kind:
        case "radarr":
            data |= {"downloadClientName": "qBittorrent", "tmdbId": "0", "imdbId": "0", "movieMatchType": match}
            data |= {"indexerId": "1"}
        case "sonarr":
            data |= {"downloadClientName": "qBittorrent", "tvdbId": "0", "tvRageId": "0", "imdbId": None}
            data |= {"seriesMatchType": match, "releaseType": "SingleEpisode"}
        case _:
            data |= {"downloadForced": "False"}
    return data
