"""A Lidarr (API v1)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from qbitrr.sandbox.life.searching import infohash_of
from qbitrr.sandbox.media import names
from qbitrr.sandbox.media.music import TRACK_IDS_PER_ALBUM, Music
from qbitrr.sandbox.media.quality import below_cutoff
from qbitrr.sandbox.services.answers import lean, many, one
from qbitrr.sandbox.services.arr_answers import problem
from qbitrr.sandbox.services.arr_api import ArrStandIn
from qbitrr.sandbox.services.arr_query import number, numbers, path_id
from qbitrr.sandbox.services.resources import custom_formats, image, iso, maybe_iso, quality_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aiohttp import web

    from qbitrr.sandbox.life.arr import Arr
    from qbitrr.sandbox.life.decisions import Decision
    from qbitrr.sandbox.life.records import QueueRecord
    from qbitrr.sandbox.media.music import Album, Artist, Track
    from qbitrr.sandbox.services.arr_api import Message
    from qbitrr.sandbox.services.resources import Resource

ROOT = "/library/music"


class LidarrStandIn(ArrStandIn):
    """Answers for the artists of one Arr."""

    kind = "lidarr"
    api = "api/v1"
    newest = "2.14.5.4836"
    root = ROOT
    event_types = (
        "unknown",
        "grabbed",
        "artistFolderImported",
        "trackFileImported",
        "downloadFailed",
        "trackFileDeleted",
        "trackFileRenamed",
        "albumImportIncomplete",
        "downloadImported",
        "trackFileRetagged",
        "downloadIgnored",
    )
    unknown_items = "includeUnknownArtistItems"
    history_of = "albumId"
    item_name, parent_name = "album", "artist"
    sort_keys: ClassVar = {
        "queue": "timeleft",
        "history": "date",
        "blocklist": "date",
        "wanted/missing": "releaseDate",
        "wanted/cutoff": "Albums.Id",
    }

    def __init__(self, arr: Arr, **options: Any) -> None:
        super().__init__(arr, **options)
        self._cached: set[int] = set()
        """Artists whose statistics are known; none after a start."""

    async def restart(self, starting_seconds: float = 0.0) -> None:
        """What was computed is forgotten."""
        self._cached.clear()
        await super().restart(starting_seconds)

    async def compute_statistics(self, items: Sequence[Album]) -> None:
        """One query for each artist of a page that is not cached, which lasts the longer the more artists there are.

        Source: recording `sizes-and-times`.
        """
        artists = {album.artist_id for album in items} - self._cached
        tempo = self.arr.tempo
        await asyncio.sleep(tempo.seconds(tempo.album_statistics * len(artists) * len(self.music.artists)))
        self._cached |= artists

    @property
    def music(self) -> Music:
        """The library."""
        assert isinstance(self.arr.collection, Music)
        return self.arr.collection

    @property
    def parents(self) -> Mapping[int, Any]:
        """What has the quality profiles."""
        return self.music.artists

    def item_ids(self, item_id: int | None) -> Resource:
        """The album and its artist."""
        album = self.music.items.get(item_id or 0)
        return {} if album is None else {"artistId": album.artist_id, "albumId": album.id}

    def queue_fields(self, record: QueueRecord) -> Resource:
        """The album, and how much of it there is now."""
        album = self.music.items.get(record.item_id or 0)
        return self.item_ids(record.item_id) | {
            "trackFileCount": album.track_count if album else 0,
            "trackHasFileCount": album.present if album else 0,
            "downloadForced": False,
        }

    def blocked_ids(self, item_ids: list[int]) -> Resource:
        """The albums and their artist."""
        artist_id = self.music.items[item_ids[0]].artist_id if item_ids else 0
        return {"artistId": artist_id, "albumIds": item_ids}

    def parent(self, parent_id: int) -> Resource:
        """An artist."""
        return self._artist(self.music.artists[parent_id])

    def edited_parent(self, parent_id: int) -> Resource:
        """An artist without anything of files."""
        artist = self._artist(self.music.artists[parent_id])
        return {name: value for name, value in artist.items() if name not in ("statistics", "rootFolderPath")}

    def manual_import_fields(self, decision: Decision) -> Resource:
        """The album, its artist and the tracks."""
        albums = [self.music.items[one] for one in decision.item_ids]
        resource: Resource = {"audioTags": {}, "tracks": [], "additionalFile": False, "replaceExistingFiles": False}
        if albums:
            found = self._find(decision.track_id)
            resource |= {
                "artist": self._plain_artist(self.music.artists[albums[0].artist_id]),
                "album": self.item(albums[0]),
                "albumReleaseId": albums[0].id,
                "tracks": [self._track(*found)] if found else [],
                "disableReleaseSwitching": False,
            }
        return resource

    def grabbed_messages(self, item: Album) -> Iterable[Message]:
        """The album."""
        yield "album", "updated", self._without_statistics(item) | {"grabbed": True}

    def imported_messages(self, item: Album) -> Iterable[Message]:
        """Artist and album before and after, in between each file, and each track with its album."""
        artist = self.music.artists[item.artist_id]
        self._cached.discard(artist.id)
        yield "artist", "updated", self._artist(artist)
        yield "album", "updated", self.item(item)
        for track in item.tracks():
            yield "trackfile", "updated", self._file(item, track)
        for track in item.tracks():
            more = {"trackFile": self._file(item, track), "artist": self._plain_artist(artist)}
            yield "track", "updated", self._track(item, track) | more
            yield "album", "updated", self._without_statistics(item)
        yield "artist", "updated", self._artist(artist)
        yield "album", "updated", self.item(item)

    def _without_statistics(self, album: Album) -> Resource:
        return {name: value for name, value in self.item(album).items() if name != "statistics"}

    def own_routes(self) -> dict[str, Callable[[web.Request], Any]]:
        """Artists, albums, tracks and their files."""
        return {
            "artist": self.get_artists,
            "artist/{id}": self.get_artist,
            "album": self.get_albums,
            "album/{id}": self.get_album,
            "track": self.get_tracks,
            "track/{id}": self.get_track,
            "trackfile": self.get_files,
            "trackfile/{id}": self.get_file,
        }

    async def get_artists(self, request: web.Request) -> web.Response:
        """All artists."""
        mb_id = request.query.get("mbId")
        artists = self.music.artists.values()
        return many(self._artist(one) for one in artists if mb_id in (None, _uuid("artist", one.id)))

    async def get_artist(self, request: web.Request) -> web.Response:
        """One artist."""
        artist = self.music.artists.get(path_id(request))
        return problem() if artist is None else one(self._artist(artist))

    async def get_albums(self, request: web.Request) -> web.Response:
        """The albums of one artist or of all, or those named."""
        artist_id, named = number(request, "artistId"), set(numbers(request, "albumIds"))
        return many(
            self.item(album)
            for album in self.music.items.values()
            if artist_id in (None, album.artist_id) and (not named or album.id in named)
        )

    async def get_album(self, request: web.Request) -> web.Response:
        """One album."""
        album = self.music.items.get(path_id(request))
        return problem() if album is None else one(self.item(album))

    async def get_tracks(self, request: web.Request) -> web.Response:
        """The tracks of an artist or album, or those named."""
        if not request.query.keys() & {"artistId", "albumId", "albumReleaseId", "trackIds"}:
            return bad_request("One of artistId, albumId, albumReleaseId or trackIds must be provided")
        tracks = self._tracks(request, "trackIds")
        return many(self._track(album, track) for album, track in tracks)

    async def get_track(self, request: web.Request) -> web.Response:
        """One track."""
        found = self._find(path_id(request))
        return problem() if found is None else one(self._track(*found))

    async def get_files(self, request: web.Request) -> web.Response:
        """The track files of an artist or album, or those named."""
        if not request.query.keys() & {"artistId", "albumId", "trackFileIds", "unmapped"}:
            return bad_request("artistId, albumId, trackFileIds or unmapped must be provided")
        tracks = self._tracks(request, "trackFileIds")
        return many(self._file(album, track) for album, track in tracks if track.file is not None)

    async def get_file(self, request: web.Request) -> web.Response:
        """One track file."""
        found = self._find(path_id(request))
        return problem() if found is None or found[1].file is None else one(self._file(*found))

    def _tracks(self, request: web.Request, ids: str) -> Iterable[tuple[Album, Track]]:
        artist = self.music.artists.get(number(request, "artistId") or 0)
        albums = [self.music.items[i] for i in numbers(request, "albumId") if i in self.music.items]
        for album in artist.albums if artist else albums:
            for track in album.tracks():
                yield album, track
        for chosen in numbers(request, ids):
            if found := self._find(chosen):
                yield found

    def _find(self, track_id: int) -> tuple[Album, Track] | None:
        album = self.music.items.get(track_id // TRACK_IDS_PER_ALBUM)
        place = track_id % TRACK_IDS_PER_ALBUM
        return (album, album.track(place)) if album and 1 <= place <= album.track_count else None

    def _artist(self, artist: Artist) -> Resource:
        albums = [album for album in artist.albums if album.monitored]
        present, count = sum(album.present for album in albums), sum(album.track_count for album in albums)
        dated = [album for album in artist.albums if album.released is not None]
        past = [album for album in dated if (album.released or 0) <= self.arr.now]
        last = max(past, key=lambda album: album.released or 0, default=None)
        following = min((one for one in dated if one not in past), key=lambda album: album.released or 0, default=None)
        return {
            **self._plain_artist(artist),
            "nextAlbum": None if following is None else self._without_statistics(following),
            "lastAlbum": None if last is None else self._without_statistics(last),
            "rootFolderPath": ROOT,
            "statistics": {
                "albumCount": len(albums),
                "trackFileCount": present,
                "trackCount": count,
                "totalTrackCount": sum(album.track_count for album in artist.albums),
                "sizeOnDisk": sum(album.file.size for album in artist.albums if album.file),
                "percentOfTracks": 100 * present / count if count else 0.0,
            },
        }

    def _plain_artist(self, artist: Artist) -> Resource:
        """An artist as it is within other resources. What is null is sent, unlike everywhere else."""
        return {
            "status": "ended" if artist.ended else "continuing",
            "ended": artist.ended,
            "artistName": artist.name,
            "foreignArtistId": _uuid("artist", artist.id),
            "tadbId": 0,
            "discogsId": 0,
            "overview": f"They have never played in {names.genre(artist.id)}.",
            "artistType": "Group",
            "disambiguation": "",
            "links": [],
            "nextAlbum": None,
            "lastAlbum": None,
            "images": [image("poster", "lidarr", artist.id)],
            "path": f"{ROOT}/{artist.name}",
            "qualityProfileId": artist.profile_id,
            "metadataProfileId": 1,
            "monitored": artist.monitored,
            "monitorNewItems": "all",
            "genres": [names.genre(artist.id)],
            "cleanName": names.slug(artist.name).replace("-", ""),
            "sortName": artist.name.lower(),
            "tags": list(artist.tags),
            "added": iso(artist.added),
            "ratings": {"votes": artist.id % 4000, "value": 4 + artist.id % 50 / 10},
            "id": artist.id,
        }

    def item(self, item: Album) -> Resource:
        """An album with its artist."""
        medium = {"mediumNumber": 1, "mediumName": "", "mediumFormat": "CD"}
        duration = sum(track.milliseconds for track in item.tracks())
        artist = self.music.artists[item.artist_id]
        # what is neither missing nor there does not count
        is_expected = item.monitored and self.music.is_out(item, self.arr.now)
        expected = item.track_count if is_expected else item.present
        return lean(
            {
                "title": item.title,
                "disambiguation": "",
                "overview": "",
                "artistId": item.artist_id,
                "foreignAlbumId": _uuid("album", item.id),
                "monitored": item.monitored,
                "anyReleaseOk": True,
                "profileId": artist.profile_id,
                "duration": duration,
                "albumType": "Album",
                "secondaryTypes": [],
                "mediumCount": 1,
                "ratings": {"votes": item.id % 400, "value": 4 + item.id % 50 / 10},
                "releaseDate": maybe_iso(item.released),
                "releases": [self._release(item, duration, medium)],
                "genres": [names.genre(item.id)],
                "media": [medium],
                "artist": self._plain_artist(artist),
                "images": [image("cover", "lidarr", item.id)],
                "links": [],
                "lastSearchTime": maybe_iso(item.last_search),
                "statistics": None
                if not item.track_count  # before its tracks are known there are none
                else {
                    "trackFileCount": item.present,
                    "trackCount": expected,
                    "totalTrackCount": item.track_count,
                    "sizeOnDisk": item.file.size if item.file else 0,
                    "percentOfTracks": 100 * item.present / expected if expected else 0,
                },
                "id": item.id,
            }
        )

    def _release(self, album: Album, duration: int, medium: Resource) -> Resource:
        return {
            "id": album.id,
            "albumId": album.id,
            "foreignReleaseId": _uuid("release", album.id),
            "title": album.title,
            "status": "Official",
            "duration": duration,
            "trackCount": album.track_count,
            "media": [medium],
            "mediumCount": 1,
            "disambiguation": "",
            "country": ["Worldwide"],
            "label": ["Invented Records"],
            "format": "CD",
            "monitored": True,
        }

    def _track(self, album: Album, track: Track) -> Resource:
        return {
            "artistId": album.artist_id,
            "foreignTrackId": _uuid("track", track.id),
            "foreignRecordingId": _uuid("recording", track.id),
            "trackFileId": track.file.id if track.file else 0,
            "albumId": album.id,
            "explicit": False,
            "absoluteTrackNumber": track.number,
            "trackNumber": str(track.number),
            "title": track.title,
            "duration": track.milliseconds,
            "mediumNumber": 1,
            "hasFile": track.file is not None,
            "ratings": {"votes": 0, "value": 0.0},
            "id": track.id,
        }

    def _file(self, album: Album, track: Track) -> Resource:
        file = track.file
        assert file is not None
        artist = self.music.artists[album.artist_id]
        return {
            "artistId": album.artist_id,
            "albumId": album.id,
            "path": f"{ROOT}/{artist.name}/{album.title}/{track.number:02} {track.title}.flac",
            "size": file.size,
            "dateAdded": iso(file.added),
            "sceneName": names.dotted(album.title),
            "releaseGroup": names.group(album.id),
            "quality": quality_model("lidarr", file.quality),
            "qualityWeight": 20,
            "customFormats": custom_formats(file.formats),
            "customFormatScore": file.score,
            "indexerFlags": 0,
            "mediaInfo": {
                "audioChannels": 2,
                "audioBitRate": "900 kbps",
                "audioCodec": "FLAC",
                "audioBits": "16bit",
                "audioSampleRate": "44.1kHz",
            },
            "qualityCutoffNotMet": below_cutoff("lidarr", self.music.profile_of(album), file),
            "id": file.id,
        }


def bad_request(text: str) -> web.Response:
    """A request without what it needs."""
    return one({"message": f"BadRequest: {text}", "content": text}, status=400)


def _uuid(what: str, number: int) -> str:
    """An id as MusicBrainz gives them, for something it does not know."""
    digits = infohash_of(what, number)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
