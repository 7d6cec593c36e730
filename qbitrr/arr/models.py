"""Answers of the Arrs, as far as they are used, with their own field names.

Source: the OpenAPI descriptions published by Radarr v3, Sonarr v3 and Lidarr v1. What may be null there is optional
here. Times are ISO 8601 text as sent; sizes are bytes.
"""

from __future__ import annotations

import re

from msgspec import Struct

_IN_PROWLARR = re.compile(r"/(\d{1,9})(?:/api)?/?$")


class Answer(Struct, rename="camel", frozen=True, gc=False):
    """Base of all answers: snake_case here, camelCase on the wire."""


class SystemStatus(Answer, frozen=True):
    """`GET system/status`."""

    app_name: str | None = None
    version: str | None = None


class Tag(Answer, frozen=True):
    """`GET tag`. The Arrs write labels in lower case."""

    id: int
    label: str | None = None


class WithId(Answer, frozen=True):
    """Anything that the Arr has."""

    id: int


class ProfileItem(Answer, frozen=True):
    """A quality of a profile, or a group of them."""

    quality: WithId | None = None
    items: list[ProfileItem] | None = None
    allowed: bool = False


class FormatItem(Answer, frozen=True):
    """The score that a profile gives a custom format."""

    format: int
    score: int = 0


class QualityProfile(Answer, frozen=True):
    """`GET qualityprofile`; scores are custom format scores.

    `items`, from worst to best, and `format_items` decide how good a file is, so that they count when profiles are
    compared.
    """

    id: int
    name: str | None = None
    upgrade_allowed: bool = False
    cutoff: int = 0  # the id of a quality
    min_format_score: int = 0
    cutoff_format_score: int = 0
    items: list[ProfileItem] | None = None
    format_items: list[FormatItem] | None = None


class WithProfile(Answer, frozen=True):
    """Quality profile of a movie, series or artist."""

    id: int
    quality_profile_id: int = 0


class File(Answer, frozen=True):
    """A movie or episode file."""

    id: int
    custom_format_score: int | None = None
    quality_cutoff_not_met: bool = False


class Movie(Answer, frozen=True):
    """`GET movie` of Radarr."""

    id: int
    title: str | None = None
    year: int = 0
    tmdb_id: int = 0
    imdb_id: str | None = None
    monitored: bool = False
    is_available: bool = False
    has_file: bool | None = None
    quality_profile_id: int = 0
    minimum_availability: str | None = None
    release_date: str | None = None  # not sent by older versions
    in_cinemas: str | None = None
    physical_release: str | None = None
    digital_release: str | None = None
    movie_file: File | None = None
    tags: list[int] | None = None


class ItemWithFile(Answer, frozen=True):
    """`GET movie/{id}`, `episode/{id}` or `album/{id}`; an album lists its files elsewhere."""

    id: int
    has_file: bool | None = None
    movie_file: WithId | None = None
    episode_file_id: int = 0


class SeriesStatistics(Answer, frozen=True):
    """Counts of a series or season; `episode_count` are the episodes that have a file or are missing.

    Only a season has `next_airing`, of its monitored episodes: one that is put off changes nothing else of the list.
    """

    episode_file_count: int = 0
    episode_count: int = 0
    total_episode_count: int = 0
    size_on_disk: int = 0
    next_airing: str | None = None


class Season(Answer, frozen=True):
    """One season of a series."""

    season_number: int
    monitored: bool = False
    statistics: SeriesStatistics | None = None


class Series(Answer, frozen=True):
    """`GET series` of Sonarr."""

    id: int
    title: str | None = None
    year: int = 0
    tvdb_id: int = 0
    tmdb_id: int = 0  # not sent by older versions
    imdb_id: str | None = None
    title_slug: str | None = None
    monitored: bool = False
    quality_profile_id: int = 0
    seasons: list[Season] | None = None
    statistics: SeriesStatistics | None = None
    tags: list[int] | None = None


class Episode(Answer, frozen=True):
    """`GET episode?seriesId=` of Sonarr; the file is there with `includeEpisodeFile=true`."""

    id: int
    series_id: int
    season_number: int = 0
    episode_number: int = 0
    title: str | None = None
    air_date_utc: str | None = None
    monitored: bool = False
    has_file: bool = False
    episode_file_id: int = 0
    episode_file: File | None = None


class ArtistStatistics(Answer, frozen=True):
    """Counts of an artist; `track_count` are the tracks that have a file or are monitored."""

    album_count: int = 0
    track_file_count: int = 0
    track_count: int = 0
    total_track_count: int = 0
    size_on_disk: int = 0


class Artist(Answer, frozen=True):
    """`GET artist` of Lidarr."""

    id: int
    artist_name: str | None = None
    foreign_artist_id: str | None = None
    disambiguation: str | None = None
    monitored: bool = False
    quality_profile_id: int = 0
    statistics: ArtistStatistics | None = None
    tags: list[int] | None = None


class AlbumStatistics(Answer, frozen=True):
    """Counts of an album."""

    track_file_count: int = 0
    total_track_count: int = 0  # track_count lacks those neither monitored nor present


class Album(Answer, frozen=True):
    """`GET album` of Lidarr; without an artist id, the albums of all artists."""

    id: int
    artist_id: int
    title: str | None = None
    release_date: str | None = None
    monitored: bool = False
    statistics: AlbumStatistics | None = None


class TrackFile(Answer, frozen=True):
    """`GET trackfile?artistId=` or `albumId=` of Lidarr."""

    album_id: int
    id: int = 0
    quality_cutoff_not_met: bool = False


class Track(Answer, frozen=True):
    """`GET track?artistId=` of Lidarr."""

    id: int
    album_id: int
    title: str | None = None
    track_number: str | None = None
    absolute_track_number: int = 0
    duration: int = 0  # milliseconds
    has_file: bool = False


class StatusMessage(Answer, frozen=True):
    """Reasons against an import, as Activity > Queue shows them."""

    title: str | None = None
    messages: list[str] | None = None


class QueueRecord(Answer, frozen=True):
    """One row of Activity > Queue. A season pack has one for each episode, with the same download id."""

    id: int
    download_id: str | None = None
    status: str | None = None
    tracked_download_state: str | None = None
    tracked_download_status: str | None = None
    error_message: str | None = None  # of the download client, at the Arr's last look
    added: str | None = None  # not sent by older versions
    sizeleft: float = 0  # bytes
    status_messages: list[StatusMessage] | None = None
    output_path: str | None = None  # as the Arr sees it, its remote path mappings applied; once it is complete
    movie_id: int | None = None
    episode_id: int | None = None
    album_id: int | None = None


class HistoryData(Answer, frozen=True):
    """Details of an event; all of them are texts on the wire."""

    custom_format_score: str | None = None
    release_source: str | None = None  # Rss, Search, InteractiveSearch, …
    file_id: str | None = None  # of the file that was imported


class HistoryRecord(Answer, frozen=True):
    """One row of Activity > History. `event_type` is a number when the Arr has no name for it any more."""

    id: int
    event_type: str | int
    date: str
    download_id: str | None = None
    movie_id: int | None = None
    series_id: int | None = None
    episode_id: int | None = None
    artist_id: int | None = None
    album_id: int | None = None
    track_id: int = 0
    data: HistoryData | None = None
    source_title: str | None = None


class BlocklistRecord(Answer, frozen=True):
    """One row of Activity > Blocklist."""

    id: int
    date: str
    source_title: str | None = None


class BlocklistPage(Answer, frozen=True):
    """A page of the blocklist."""

    records: list[BlocklistRecord]


class CommandFile(Answer, frozen=True):
    """A file of a manual import."""

    download_id: str | None = None


class CommandBody(Answer, frozen=True):
    """Parameters of a command, as far as they distinguish it from others."""

    name: str | None = None
    path: str | None = None
    download_client_id: str | None = None
    movie_ids: list[int] | None = None
    episode_ids: list[int] | None = None
    album_ids: list[int] | None = None
    series_id: int | None = None
    season_number: int | None = None
    files: list[CommandFile | int] | None = None  # numbers in the commands that rename or retag files

    @property
    def imported_downloads(self) -> set[str]:
        """The ids, in upper case, of the downloads whose files a manual import names."""
        ids = (file.download_id for file in self.files or () if isinstance(file, CommandFile))
        return {download_id.upper() for download_id in ids if download_id}


class Command(Answer, frozen=True):
    """A command on the Arr's task queue."""

    id: int
    name: str | None = None
    status: str | None = None
    result: str | None = None
    queued: str | None = None
    trigger: str | None = None  # `manual` for the API and the Arr's page
    body: CommandBody | None = None

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.status not in ("queued", "started")

    @property
    def succeeded(self) -> bool:
        """Whether it ended with success; older versions report no result."""
        return self.status == "completed" and self.result in (None, "successful", "unknown")


class QueuePage(Answer, frozen=True):
    """A page of `GET queue`."""

    records: list[QueueRecord]
    total_records: int


class HistoryPage(Answer, frozen=True):
    """A page of `GET history`."""

    records: list[HistoryRecord]
    total_records: int = 0


class DownloadSettings(Answer, frozen=True):
    """`GET config/downloadclient`. Older versions have one setting for all downloads that failed."""

    enable_completed_download_handling: bool = True
    auto_redownload_failed: bool = False
    auto_redownload_failed_from_interactive_search: bool = True

    def searches_again(self, *, interactive: bool) -> bool:
        """Whether the Arr itself searches after a download failed; `interactive`: the user had chosen its release."""
        return self.auto_redownload_failed and (not interactive or self.auto_redownload_failed_from_interactive_search)


class ClientField(Answer, frozen=True):
    """One field of a download client. Which ones there are depends on its implementation."""

    name: str | None = None
    value: object = None


class Indexer(Answer, frozen=True):
    """One of `GET indexer`. Those that Prowlarr adds end in its id there: `http://prowlarr:9696/7/`."""

    id: int
    name: str | None = None
    enable_automatic_search: bool = True
    fields: list[ClientField] = []

    @property
    def number_in_prowlarr(self) -> int | None:
        """Its id in Prowlarr, if it is one of those."""
        address = next((one.value for one in self.fields if one.name == "baseUrl"), None)
        found = _IN_PROWLARR.search(address) if isinstance(address, str) else None
        return int(found[1]) if found else None


class DownloadClient(Answer, frozen=True):
    """One of `GET downloadclient`."""

    id: int
    name: str | None = None
    enable: bool = True
    implementation: str | None = None
    remove_completed_downloads: bool = False
    remove_failed_downloads: bool = False
    fields: list[ClientField] = []

    @property
    def host(self) -> str:
        """Host of the client, as it stands in path mappings too."""
        return str(self._value("host") or "")

    @property
    def port(self) -> int:
        """Port of the client; 0 when it has none."""
        port = self._value("port")
        return port if isinstance(port, int) else 0

    @property
    def category(self) -> str:
        """Category of its downloads: `movieCategory`, `tvCategory` or `musicCategory`."""
        return self._ending_with("Category", but_not="ImportedCategory")

    @property
    def imported_category(self) -> str:
        """Category that a torrent gets after its import; empty when it keeps its own."""
        return self._ending_with("ImportedCategory")

    def _ending_with(self, suffix: str, but_not: str = " ") -> str:
        names = (one.name or "" for one in self.fields)
        name = next((name for name in names if name.endswith(suffix) and not name.endswith(but_not)), "")
        return str(self._value(name) or "")

    def _value(self, name: str) -> object:
        return next((one.value for one in self.fields if one.name == name), None)


class RemotePathMapping(Answer, frozen=True):
    """One of `GET remotepathmapping`."""

    host: str | None = None
    remote_path: str | None = None
    local_path: str | None = None


class RootFolder(Answer, frozen=True):
    """One of `GET rootfolder`."""

    path: str | None = None


class ImportRejection(Answer, frozen=True):
    """What the Arr's own import has against a file."""

    reason: str | None = None


class ManualImportFile(Answer, frozen=True):
    """One of `GET manualimport`: a file of a download. What is an `object` is sent back as it came.

    Source: ManualImportResource of Radarr 6.0, Sonarr 4.0 and 5, and Lidarr 3.0.
    """

    path: str | None = None
    folder_name: str | None = None
    download_id: str | None = None
    movie: WithId | None = None
    series: WithId | None = None
    episodes: list[WithId] | None = None
    artist: WithId | None = None
    album: WithId | None = None
    album_release_id: int = 0
    tracks: list[WithId] | None = None
    additional_file: bool = False
    quality: dict[str, object] | None = None
    languages: list[object] | None = None
    release_group: str | None = None
    release_type: str | None = None
    indexer_flags: int = 0
    rejections: list[ImportRejection] | None = None


class HealthCheck(Answer, frozen=True):
    """One of `GET health`: something that the Arr finds wrong with its surroundings."""

    source: str | None = None
    type: str | None = None  # notice, warning or error
    message: str | None = None
    wiki_url: str | None = None
