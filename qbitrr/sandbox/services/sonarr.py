"""A Sonarr (API v3), of version 4 or 5.

Version 5 pushes every change twice, for two versions of its API, and refuses to blocklist what was not grabbed.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, ClassVar

from aiohttp import web

from qbitrr.clock import to_iso
from qbitrr.sandbox.life.history import FAILED
from qbitrr.sandbox.media import names
from qbitrr.sandbox.media.quality import BY_ID, below_cutoff
from qbitrr.sandbox.media.series import Shows
from qbitrr.sandbox.services import resources
from qbitrr.sandbox.services.answers import lean, many, one
from qbitrr.sandbox.services.arr_answers import error, problem
from qbitrr.sandbox.services.arr_api import ArrStandIn
from qbitrr.sandbox.services.arr_query import flag, number, numbers, path_id
from qbitrr.sandbox.services.radarr import media_info
from qbitrr.sandbox.services.resources import ENGLISH, custom_formats, image, iso, maybe_iso, quality_model
from qbitrr.sandbox.services.sonarr_api_v5 import of_version_5

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qbitrr.sandbox.life.decisions import Decision
    from qbitrr.sandbox.life.records import HistoryEvent, QueueRecord
    from qbitrr.sandbox.media.series import Episode, Season, Series
    from qbitrr.sandbox.services.arr_api import Message
    from qbitrr.sandbox.services.resources import Resource

ROOT = "/library/series"
_SAME_FOR_ALL = {
    "alternateTitles": [],
    "network": "Invented Network",
    "airTime": "20:00",
    "originalLanguage": ENGLISH,
    "seasonFolder": True,
    "monitorNewItems": "all",
    "useSceneNumbering": False,
    "runtime": 45,
    "tvRageId": 0,
    "tvMazeId": 0,
    "tmdbId": 0,
    "seriesType": "standard",
    "rootFolderPath": ROOT,
    "certification": "TV-14",
    "languageProfileId": 1,
}


class SonarrStandIn(ArrStandIn):
    """Answers for the series of one Arr."""

    kind = "sonarr"
    newest = "4.0.19.3000"
    root = ROOT
    event_types = (
        "unknown",
        "grabbed",
        "seriesFolderImported",
        "downloadFolderImported",
        "downloadFailed",
        "episodeFileDeleted",
        "episodeFileRenamed",
        "downloadIgnored",
    )
    unknown_items = "includeUnknownSeriesItems"
    history_of = "episodeId"
    item_name, parent_name = "episode", "series"
    sort_keys: ClassVar = {
        "queue": "timeleft",
        "history": "date",
        "blocklist": "date",
        "wanted/missing": "episodes.airDateUtc",
        "wanted/cutoff": "episodes.airDateUtc",
    }

    @property
    def is_new(self) -> bool:
        """Version 5."""
        return self.version.startswith("5")

    @property
    def needs_grab(self) -> bool:
        """Since version 5."""
        return self.is_new

    @property
    def shows(self) -> Shows:
        """The library."""
        assert isinstance(self.arr.collection, Shows)
        return self.arr.collection

    @property
    def parents(self) -> Mapping[int, Any]:
        """What has the quality profiles."""
        return self.shows.series

    def item_ids(self, item_id: int | None) -> Resource:
        """The episode and its series."""
        episode = self.shows.items.get(item_id or 0)
        return {} if episode is None else {"seriesId": episode.series_id, "episodeId": episode.id}

    def queue_fields(self, record: QueueRecord) -> Resource:
        """The episode, and whether it had a file when the download was matched."""
        episode = self.shows.items.get(record.item_id or 0)
        season = None if episode is None else episode.season
        return self.item_ids(record.item_id) | {"seasonNumber": season, "episodeHasFile": record.has_file}

    def blocked_ids(self, item_ids: list[int]) -> Resource:
        """The episodes and their series."""
        series_id = self.shows.items[item_ids[0]].series_id if item_ids else 0
        return {"seriesId": series_id, "episodeIds": item_ids}

    def parent(self, parent_id: int) -> Resource:
        """A series."""
        return self._series(self.shows.series[parent_id])

    def edited_parent(self, parent_id: int) -> Resource:
        """A series without anything of its files."""
        return self._without_files(self.shows.series[parent_id])

    def manual_import_fields(self, decision: Decision) -> Resource:
        """The episodes and their series."""
        episodes = [self.shows.items[one] for one in decision.item_ids]
        folder = posixpath.basename(posixpath.dirname(decision.file.path))
        resource: Resource = {"folderName": folder, "releaseType": "singleEpisode", "episodes": []}
        if episodes:
            resource["series"] = self._without_files(self.shows.series[episodes[0].series_id])
            resource["seasonNumber"] = episodes[0].season
            resource["episodes"] = [self.item(one) for one in episodes]
        return resource

    def grabbed_messages(self, item: Episode) -> Iterable[Message]:
        """The episode in every list that shows it, and once more."""
        resource = self.item(item) | {"grabbed": True}
        for name in ("wanted/cutoff", "wanted/missing", "episode", "episode"):
            yield name, "updated", resource

    def imported_messages(self, item: Episode) -> Iterable[Message]:
        """The episode again and again, the file and the series once."""
        series = self.shows.series[item.series_id]
        resource = self._with(item, file=True, series=False)
        resource |= {"series": self._without_files(series), "images": []}
        for name in ("wanted/cutoff", "wanted/missing", "episode", "episode"):
            yield name, "updated", resource
        yield "episodefile", "updated", self._file(item)
        for name in ("wanted/cutoff", "wanted/missing"):
            yield name, "updated", resource
        yield "series", "updated", self._series(series)
        for name in ("episode", "episode"):
            yield name, "updated", resource

    def history_event(self, event: HistoryEvent) -> Resource:
        """What is said of a failure differs between the versions."""
        resource = super().history_event(event)
        if event.event_type == FAILED:
            data = dict(event.data)
            if self.is_new:
                data["source"] = None
            else:
                data.pop("indexer", None)
            resource["data"] = data
        return resource

    def push(self, messages: Sequence[Message]) -> None:
        """Version 5 sends a message for each version of its API."""
        for version in (3, 5) if self.is_new else (None,):
            for name, action, resource in messages:
                # version 5 sends an empty resource where version 3 sends none
                of_version = of_version_5(resource or {}) if version == 5 else resource
                self.hub.publish(name, action, of_version, version)

    async def get_status(self, request: web.Request) -> web.Response:
        """Which application this is."""
        response = await super().get_status(request)
        if not self.is_new:
            return response
        return one(resources.system_status("Sonarr", self.name, self.version) | {"isContainerized": True})

    def command_gone(self) -> web.Response:
        """Version 5 says nothing of it."""
        return web.Response(status=404) if self.is_new else super().command_gone()

    def command_unknown(self) -> web.Response:
        """The fault of the caller since version 5."""
        status = 400 if self.is_new else 500
        return error("Sequence contains no matching element", "System.InvalidOperationException", status)

    def own_routes(self) -> dict[str, Callable[[web.Request], Any]]:
        """Series, episodes and their files."""
        return {
            "series": self.get_all_series,
            "series/{id}": self.get_series,
            "episode": self.get_episodes,
            "episode/{id}": self.get_episode,
            "episodefile": self.get_files,
            "episodefile/{id}": self.get_file,
        }

    async def get_all_series(self, request: web.Request) -> web.Response:
        """All series with their seasons."""
        chosen = number(request, "tvdbId")
        series = self.shows.series.values()
        return many(self._series(one) for one in series if chosen in (None, tvdb_id(one)))

    async def get_series(self, request: web.Request) -> web.Response:
        """One series."""
        series = self.shows.series.get(path_id(request))
        return problem() if series is None else one(self._series(series))

    async def get_episodes(self, request: web.Request) -> web.Response:
        """The episodes of a series, of one of its seasons, or those named."""
        series = self.shows.series.get(number(request, "seriesId") or 0)
        season = number(request, "seasonNumber")
        named = numbers(request, "episodeIds")
        episodes = series.episodes if series else [self.shows.items[i] for i in named if i in self.shows.items]
        with_file, with_series = flag(request, "includeEpisodeFile"), flag(request, "includeSeries")
        return many(
            self._with(episode, file=with_file, series=with_series)
            for episode in episodes
            if season in (None, episode.season)
        )

    async def get_episode(self, request: web.Request) -> web.Response:
        """One episode with its series and file."""
        episode = self.shows.items.get(path_id(request))
        return problem() if episode is None else one(self._with(episode, file=True, series=True))

    async def get_files(self, request: web.Request) -> web.Response:
        """The files of a series, or those named."""
        series = self.shows.series.get(number(request, "seriesId") or 0)
        file_ids = set(numbers(request, "episodeFileIds"))
        episodes: Iterable[Episode] = self.shows.items.values() if file_ids else series.episodes if series else ()
        return many(
            self._file(one) for one in episodes if one.file is not None and (not file_ids or one.file.id in file_ids)
        )

    async def get_file(self, request: web.Request) -> web.Response:
        """One file."""
        file_id = path_id(request)
        for episode in self.shows.items.values():
            if episode.file is not None and episode.file.id == file_id:
                return one(self._file(episode))
        return problem()

    def item(self, item: Episode) -> Resource:
        """An episode without its series and file."""
        day = None if item.aired is None else str(to_iso(item.aired))[:10]
        return lean(
            {
                "seriesId": item.series_id,
                "tvdbId": 8_000_000 + item.id,
                "episodeFileId": item.file.id if item.file else 0,
                "seasonNumber": item.season,
                "episodeNumber": item.number,
                "title": item.title,
                "airDate": day,
                "airDateUtc": maybe_iso(item.aired),
                "lastSearchTime": maybe_iso(item.last_search),
                "runtime": 45,
                "overview": f"What happens in {item.title}.",
                "hasFile": item.file is not None,
                "monitored": item.monitored,
                "absoluteEpisodeNumber": item.number if item.season == 1 else None,
                "unverifiedSceneNumbering": False,
                "id": item.id,
            }
        )

    def _with(self, episode: Episode, *, file: bool, series: bool) -> Resource:
        resource = self.item(episode)
        if file and episode.file is not None:
            resource["episodeFile"] = self._file(episode)
        if series:
            resource["series"] = self._series(self.shows.series[episode.series_id])
        return resource

    def _file(self, episode: Episode) -> Resource:
        file = episode.file
        assert file is not None
        quality = BY_ID["sonarr"][file.quality]
        series = self.shows.series[episode.series_id]
        name = f"{self.shows.name([episode])}.{quality.name}-{names.group(episode.id)}"
        place = f"Season {episode.season}/{name}.mkv"
        return {
            "seriesId": episode.series_id,
            "seasonNumber": episode.season,
            "relativePath": place,
            "path": f"{ROOT}/{series.title}/{place}",
            "size": file.size,
            "dateAdded": iso(file.added),
            "sceneName": name,
            "releaseGroup": names.group(episode.id),
            "languages": [ENGLISH],
            "quality": quality_model("sonarr", file.quality),
            "customFormats": custom_formats(file.formats),
            "customFormatScore": file.score,
            "indexerFlags": 0,
            "releaseType": "singleEpisode",
            "mediaInfo": media_info(quality.resolution),
            "qualityCutoffNotMet": below_cutoff("sonarr", self.shows.profile_of(episode), file),
            "id": file.id,
        }

    def _series(self, series: Series) -> Resource:
        title, episodes = series.title, series.episodes
        aired = [one.aired for one in episodes if one.aired is not None]
        regular = [one for one in episodes if one.season > 0]
        return lean(
            {
                **_SAME_FOR_ALL,
                "title": title,
                "sortTitle": title.lower(),
                "status": "ended" if series.ended else "continuing",
                "ended": series.ended,
                "overview": f"Everything about {title}.",
                "previousAiring": maybe_iso(max((t for t in aired if t <= self.arr.now), default=None)),
                "nextAiring": maybe_iso(min((t for t in aired if t > self.arr.now), default=None)),
                "images": [image("poster", "sonarr", series.id), image("fanart", "sonarr", series.id)],
                "seasons": [self._season(season) for season in series.seasons],
                "year": series.year,
                "path": f"{ROOT}/{title}",
                "qualityProfileId": series.profile_id,
                "monitored": series.monitored,
                "tvdbId": tvdb_id(series),
                "firstAired": maybe_iso(min(aired, default=None)),
                "lastAired": maybe_iso(max(aired, default=None)),
                "cleanTitle": names.slug(title).replace("-", ""),
                "imdbId": f"tt{80_000_000 + series.id}",
                "titleSlug": names.slug(title),
                "genres": [names.genre(series.id)],
                "tags": list(series.tags),
                "added": iso(series.added),
                "ratings": {"votes": series.id % 4000, "value": 4 + series.id % 50 / 10},
                "statistics": {
                    "seasonCount": sum(season.number > 0 for season in series.seasons),
                    **self._counts(regular),
                },
                "id": series.id,
            }
        )

    def _without_files(self, series: Series) -> Resource:
        """A series as it is within other resources."""
        absent = ("statistics", "rootFolderPath", "alternateTitles", "previousAiring", "nextAiring", "lastAired")
        resource = {name: value for name, value in self._series(series).items() if name not in absent}
        seasons = [{"seasonNumber": one.number, "monitored": one.monitored} for one in series.seasons]
        return resource | {"seasons": seasons}

    def _season(self, season: Season) -> Resource:
        return {
            "seasonNumber": season.number,
            "monitored": season.monitored,
            "statistics": lean({"nextAiring": self._next_airing(season.episodes)}) | self._counts(season.episodes),
        }

    def _next_airing(self, episodes: list[Episode]) -> str | None:
        airings = (one.aired for one in episodes if one.monitored and one.aired is not None)
        return maybe_iso(min((aired for aired in airings if aired > self.arr.now), default=None))

    def _counts(self, episodes: list[Episode]) -> Resource:
        """An episode counts when it has a file, or is monitored and has aired."""
        files = [one.file for one in episodes if one.file is not None]
        due = sum(one.monitored and one.file is None and self.shows.is_out(one, self.arr.now) for one in episodes)
        counted = len(files) + due
        return {
            "episodeFileCount": len(files),
            "episodeCount": counted,
            "totalEpisodeCount": len(episodes),
            "sizeOnDisk": sum(file.size for file in files),
            "releaseGroups": [],
            "percentOfEpisodes": 100 * len(files) / counted if counted else 0.0,
        }


def tvdb_id(series: Series) -> int:
    """Its id at TVDB."""
    return 7_000_000 + series.id
