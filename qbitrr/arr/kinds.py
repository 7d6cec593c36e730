"""Differences between Radarr, Sonarr and Lidarr in the calls that they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from qbitrr.rules.imports import EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.arr.models import CommandBody, HistoryRecord, QueueRecord


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of Arr. An *item* is what is searched for: a movie, an episode, an album."""

    name: str
    app_name: str
    api: str
    scan_command: str
    search_command: str
    search_ids: str
    """Field of the search command that lists item ids."""
    history_of: str
    """Query parameter that limits the history to an item."""
    unknown_items: str
    """Query parameter that makes the queue include downloads the Arr cannot match."""
    events: Mapping[str, EventKind]
    """History event types that say something of an import."""
    of_files: frozenset[EventKind]
    """Of these, the grabs and the imports of single files."""
    parent: str
    """The resource that has a quality profile: movie, series or artist."""
    item: str
    """The resource of an item."""
    covers: str
    """The resource that has the pictures of a movie, a series or an artist."""

    def item_of(self, record: QueueRecord | HistoryRecord) -> int | None:
        """Return the item of a record of queue or history."""
        return {"radarr": record.movie_id, "sonarr": record.episode_id, "lidarr": record.album_id}[self.name]

    def page_of(self, uri: str, slug: str) -> str | None:
        """Return where a browser finds a movie, a series or an artist in the Arr at `uri`; None without its slug.

        The slug is what the Arr's own page addresses it by: of a movie its id at TMDb, of a series its `titleSlug`, of
        an artist its `foreignArtistId`. A login in `uri` is left out.
        """
        if not slug:
            return None
        root = urlsplit(uri)
        host = root.netloc.rpartition("@")[2]
        return f"{root.scheme}://{host}{root.path.rstrip('/')}/{self.parent}/{quote(slug, safe='')}"

    def searched(self, body: CommandBody) -> list[int]:
        """Return the items that a search command was sent for."""
        ids = {"radarr": body.movie_ids, "sonarr": body.episode_ids, "lidarr": body.album_ids}[self.name]
        return ids or []


GRABBED, FAILED, IGNORED = "grabbed", "downloadFailed", "downloadIgnored"
"""History event types of a grab, of a release that was blocklisted, and of a download that the user has ignored."""
_ALWAYS = {
    GRABBED: EventKind.GRABBED,
    FAILED: EventKind.FAILED,
    IGNORED: EventKind.IGNORED,
    "downloadFolderImported": EventKind.IMPORTED,
}
_FILES = frozenset({EventKind.GRABBED, EventKind.IMPORTED})

RADARR = Kind(
    name="radarr",
    app_name="Radarr",
    api="api/v3",
    scan_command="DownloadedMoviesScan",
    search_command="MoviesSearch",
    search_ids="movieIds",
    history_of="movieIds",
    unknown_items="includeUnknownMovieItems",
    events={**_ALWAYS, "movieFolderImported": EventKind.IMPORTED},
    of_files=_FILES,
    parent="movie",
    item="movie",
    covers="mediacover",
)
SONARR = Kind(
    name="sonarr",
    app_name="Sonarr",
    api="api/v3",
    scan_command="DownloadedEpisodesScan",
    search_command="EpisodeSearch",
    search_ids="episodeIds",
    history_of="episodeId",
    unknown_items="includeUnknownSeriesItems",
    events={**_ALWAYS, "seriesFolderImported": EventKind.IMPORTED},
    of_files=_FILES,
    parent="series",
    item="episode",
    covers="mediacover",
)
LIDARR = Kind(
    name="lidarr",
    app_name="Lidarr",
    api="api/v1",
    scan_command="DownloadedAlbumsScan",
    search_command="AlbumSearch",
    search_ids="albumIds",
    history_of="albumId",
    unknown_items="includeUnknownArtistItems",
    events={
        **_ALWAYS,
        "trackFileImported": EventKind.PART,
        "downloadImported": EventKind.IMPORTED,
        "artistFolderImported": EventKind.IMPORTED,
        "albumImportIncomplete": EventKind.INCOMPLETE,
    },
    of_files=frozenset({EventKind.GRABBED, EventKind.PART}),
    parent="artist",
    item="album",
    covers="mediacover/artist",
)
KINDS = {kind.name: kind for kind in (RADARR, SONARR, LIDARR)}
