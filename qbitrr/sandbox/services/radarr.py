"""A Radarr (API v3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from qbitrr.sandbox.media import names
from qbitrr.sandbox.media.quality import BY_ID, below_cutoff
from qbitrr.sandbox.services.answers import lean, many, one
from qbitrr.sandbox.services.arr_answers import problem
from qbitrr.sandbox.services.arr_api import ArrStandIn
from qbitrr.sandbox.services.arr_query import number, numbers, path_id
from qbitrr.sandbox.services.resources import ENGLISH, custom_formats, image, iso, maybe_iso, quality_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aiohttp import web

    from qbitrr.sandbox.life.decisions import Decision
    from qbitrr.sandbox.life.records import QueueRecord
    from qbitrr.sandbox.media.movies import Movie
    from qbitrr.sandbox.services.arr_api import Message
    from qbitrr.sandbox.services.resources import Resource

ROOT = "/library/movies"
_SAME_FOR_ALL = {
    "originalLanguage": ENGLISH,
    "alternateTitles": [],
    "secondaryYear": 0,
    "secondaryYearSourceId": 0,
    "website": "",
    "youTubeTrailerId": "",
    "studio": "Invented Pictures",
    "rootFolderPath": ROOT,
    "certification": "PG",
    "keywords": [],
}


class RadarrStandIn(ArrStandIn):
    """Answers for the movies of one Arr."""

    kind = "radarr"
    newest = "6.1.0.10357"
    root = ROOT
    event_types = (
        "unknown",
        "grabbed",
        "unknown",
        "downloadFolderImported",
        "downloadFailed",
        "unknown",
        "movieFileDeleted",
        "movieFolderImported",
        "movieFileRenamed",
        "downloadIgnored",
    )
    unknown_items = "includeUnknownMovieItems"
    history_of = "movieIds"
    item_name = parent_name = "movie"
    sort_keys: ClassVar = {
        "queue": "timeleft",
        "history": "date",
        "blocklist": "date",
        "wanted/missing": "movieMetadata.sortTitle",
        "wanted/cutoff": "movieMetadata.sortTitle",
    }

    @property
    def parents(self) -> Mapping[int, Any]:
        """What has the quality profiles."""
        return self.arr.collection.items

    def item_ids(self, item_id: int | None) -> Resource:
        """The movie."""
        return {} if item_id is None else {"movieId": item_id}

    def queue_fields(self, record: QueueRecord) -> Resource:
        """The movie."""
        return self.item_ids(record.item_id)

    def blocked_ids(self, item_ids: list[int]) -> Resource:
        """The movie, with all of it but its file."""
        movie = self.arr.collection.items.get(item_ids[0] if item_ids else 0)
        return {"movieId": 0} if movie is None else {"movieId": movie.id, "movie": self._without_file(movie)}

    def parent(self, parent_id: int) -> Resource:
        """A movie."""
        return self.item(self.arr.collection.items[parent_id])

    def edited_parent(self, parent_id: int) -> Resource:
        """A movie without anything of its file."""
        return self._without_file(self.arr.collection.items[parent_id])

    def wanted_item(self, item: Movie) -> Resource:
        """A movie without its file and root folder."""
        return {name: value for name, value in self.item(item).items() if name not in ("movieFile", "rootFolderPath")}

    def manual_import_fields(self, decision: Decision) -> Resource:
        """The movie."""
        movies = [self.arr.collection.items[one] for one in decision.item_ids]
        return {"movie": self._without_file(movies[0])} if movies else {}

    def grabbed_messages(self, item: Movie) -> Iterable[Message]:
        """The movie in every list that shows it."""
        resource = self.wanted_item(item) | {"grabbed": True}
        return [(name, "updated", resource) for name in ("wanted/cutoff", "wanted/missing", "movie")]

    def imported_messages(self, item: Movie) -> Iterable[Message]:
        """The file, then the movie in every list that shows it."""
        resource = self.wanted_item(item) | {"movieFile": self._scored_file(item)}
        yield "moviefile", "updated", self._scored_file(item)
        for name in ("wanted/cutoff", "wanted/missing", "movie"):
            yield name, "updated", resource

    def _without_file(self, movie: Movie) -> Resource:
        absent = ("movieFile", "rootFolderPath", "statistics", "hasFile", "sizeOnDisk")
        return {name: value for name, value in self.item(movie).items() if name not in absent}

    def own_routes(self) -> dict[str, Callable[[web.Request], Any]]:
        """Movies and their files."""
        return {
            "movie": self.get_movies,
            "movie/{id}": self.get_movie,
            "moviefile": self.get_files,
            "moviefile/{id}": self.get_file,
        }

    async def get_movies(self, request: web.Request) -> web.Response:
        """All movies, each with its file but without the file's custom format score."""
        chosen = number(request, "tmdbId")
        movies = self.arr.collection.items.values()
        return many(self.item(movie) for movie in movies if chosen in (None, tmdb_id(movie)))

    async def get_movie(self, request: web.Request) -> web.Response:
        """One movie."""
        movie = self.arr.collection.items.get(path_id(request))
        return problem() if movie is None else one(self.item(movie))

    async def get_files(self, request: web.Request) -> web.Response:
        """The files of the named movies, with custom format scores."""
        movie_ids, file_ids = numbers(request, "movieId"), set(numbers(request, "movieFileIds"))
        items = self.arr.collection.items
        movies = [items[movie_id] for movie_id in movie_ids if movie_id in items]
        if file_ids:
            movies += [movie for movie in items.values() if movie.file is not None and movie.file.id in file_ids]
        return many(self._scored_file(movie) for movie in movies if movie.file is not None)

    async def get_file(self, request: web.Request) -> web.Response:
        """One file."""
        file_id = path_id(request)
        for movie in self.arr.collection.items.values():
            if movie.file is not None and movie.file.id == file_id:
                return one(self._scored_file(movie))
        return problem()

    def item(self, item: Movie) -> Resource:
        """`GET movie/{id}`."""
        now, title = self.arr.now, item.title
        folder = f"{title} ({item.year})".replace(":", "")
        size = item.file.size if item.file else 0
        groups = [names.group(item.id)] if item.file else []
        return lean(
            {
                **_SAME_FOR_ALL,
                "title": title,
                "originalTitle": title,
                "sortTitle": title.lower().removeprefix("the "),
                "sizeOnDisk": size,
                "status": item.status(now),
                "overview": f"What became of {title}.",
                "inCinemas": iso(item.in_cinemas),
                "physicalRelease": maybe_iso(item.physical),
                "digitalRelease": maybe_iso(item.digital),
                "releaseDate": iso(item.release_date),
                "images": [image("poster", "radarr", item.id), image("fanart", "radarr", item.id)],
                "year": item.year,
                "path": f"{ROOT}/{folder}",
                "qualityProfileId": item.profile_id,
                "hasFile": item.file is not None,
                "movieFileId": item.file.id if item.file else 0,
                "monitored": item.monitored,
                "minimumAvailability": item.minimum_availability,
                "isAvailable": item.is_available(now),
                "folderName": f"{ROOT}/{folder}",
                "runtime": 80 + item.id % 70,
                "cleanTitle": names.slug(title).replace("-", ""),
                "imdbId": f"tt{90_000_000 + item.id}",
                "tmdbId": tmdb_id(item),
                "titleSlug": str(tmdb_id(item)),
                "genres": [names.genre(item.id), names.genre(item.id + 3)],
                "tags": list(item.tags),
                "added": iso(item.added),
                "ratings": {"tmdb": {"votes": item.id % 4000, "value": 4 + item.id % 50 / 10, "type": "user"}},
                "movieFile": self._file(item) if item.file else None,
                "popularity": item.id % 300 / 10,
                "lastSearchTime": maybe_iso(item.last_search),
                "statistics": {"movieFileCount": len(groups), "sizeOnDisk": size, "releaseGroups": groups},
                "id": item.id,
            }
        )

    def _scored_file(self, movie: Movie) -> Resource:
        assert movie.file is not None
        return self._file(movie) | {
            "customFormats": custom_formats(movie.file.formats),
            "customFormatScore": movie.file.score,
        }

    def _file(self, movie: Movie) -> Resource:
        file = movie.file
        assert file is not None
        quality = BY_ID["radarr"][file.quality]
        name = f"{names.dotted(movie.title)}.{movie.year}.{quality.name}-{names.group(movie.id)}"
        return {
            "movieId": movie.id,
            "relativePath": f"{name}.mkv",
            "path": f"{ROOT}/{movie.title} ({movie.year})/{name}.mkv",
            "size": file.size,
            "dateAdded": iso(file.added),
            "sceneName": name,
            "releaseGroup": names.group(movie.id),
            "edition": "",
            "languages": [ENGLISH],
            "quality": quality_model("radarr", file.quality),
            "indexerFlags": 0,
            "mediaInfo": media_info(quality.resolution),
            "originalFilePath": f"{name}.mkv",
            "qualityCutoffNotMet": below_cutoff("radarr", self.arr.collection.profile_of(movie), file),
            "id": file.id,
        }


def tmdb_id(movie: Movie) -> int:
    """Its id at TMDB."""
    return 9_000_000 + movie.id


def media_info(lines: int) -> Resource:
    """What is in a video file."""
    return {
        "audioBitrate": 640_000,
        "audioChannels": 5.1,
        "audioCodec": "EAC3",
        "audioLanguages": "eng",
        "audioStreamCount": 1,
        "videoBitDepth": 8,
        "videoBitrate": 8_000_000,
        "videoCodec": "x264",
        "videoFps": 23.976,
        "videoDynamicRange": "",
        "videoDynamicRangeType": "",
        "resolution": f"{lines * 16 // 9}x{lines}",
        "runTime": "1:43:20",
        "scanType": "Progressive",
        "subtitles": "eng",
    }
