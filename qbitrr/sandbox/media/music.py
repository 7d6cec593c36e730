"""Lidarr's library. Tracks are derived from their album, not stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qbitrr.sandbox.media import names
from qbitrr.sandbox.media.collection import Collection, singly
from qbitrr.sandbox.media.quality import File, below_cutoff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qbitrr.sandbox.media.quality import Profile

TRACK_IDS_PER_ALBUM = 100  # a track's id is its album's times this, plus its number


class Track(Struct, frozen=True, gc=False):
    """A track."""

    id: int
    number: int
    file: File | None

    @property
    def title(self) -> str:
        """Its title."""
        return names.track_title(self.id)

    @property
    def milliseconds(self) -> int:
        """How long it plays."""
        return 120_000 + self.id * 7919 % 240_000


class Album(Struct, gc=False):
    """An album. `file` stands for all of its tracks once none is missing; before, the first `tracks_present` exist.

    Times are epoch seconds, None when not announced yet.
    """

    id: int
    artist_id: int
    monitored: bool
    released: int | None
    track_count: int
    tracks_present: int = 0
    file: File | None = None
    last_search: int | None = None

    @property
    def title(self) -> str:
        """Its title."""
        return names.album_title(self.id)

    def tracks(self) -> list[Track]:
        """Its tracks in order."""
        return [self.track(number) for number in range(1, self.track_count + 1)]

    def track(self, number: int) -> Track:
        """One track, counted from 1."""
        return Track(self.id * TRACK_IDS_PER_ALBUM + number, number, self._track_file(number))

    def _track_file(self, number: int) -> File | None:
        if self.file is not None:
            file_id, size = self.file.id * TRACK_IDS_PER_ALBUM + number, self.file.size // self.track_count
            return File(file_id, self.file.quality, self.file.formats, size, self.file.added)
        if number <= self.tracks_present:
            file_id = self.id * TRACK_IDS_PER_ALBUM + number
            return File(file_id, quality=4, formats=0, size=9_000_000, added=self.released or 0)
        return None

    @property
    def present(self) -> int:
        """How many tracks have a file."""
        return self.track_count if self.file else self.tracks_present


class Artist(Struct, gc=False):
    """An artist with all albums. `added` in epoch seconds."""

    id: int
    monitored: bool
    profile_id: int
    ended: bool
    added: int
    albums: list[Album]
    tags: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The artist's name."""
        return names.artist_name(self.id)


class Music(Collection[Album]):
    """The artists of one Lidarr; its items are the albums."""

    kind = "lidarr"

    def __init__(self, artists: Iterable[Artist]) -> None:
        self.artists = {one.id: one for one in artists}
        super().__init__(album for one in self.artists.values() for album in one.albums)

    def profile_of(self, item: Album) -> Profile:
        """Albums have that of their artist."""
        return self.profiles[self.artists[item.artist_id].profile_id]

    def parent_of(self, item: Album) -> int:
        """Its artist."""
        return item.artist_id

    def drop(self, parent_id: int) -> None:
        """An artist is gone with all albums."""
        super().drop(parent_id)
        del self.artists[parent_id]

    def is_monitored(self, item: Album) -> bool:
        """The album itself and its artist."""
        return item.monitored and self.artists[item.artist_id].monitored

    def is_missing(self, item: Album) -> bool:
        """An album whose tracks are not known yet is not missing."""
        return item.file is None and item.track_count > 0

    def is_out(self, item: Album, now: float) -> bool:
        """Released."""
        return item.released is not None and item.released <= now

    def below_cutoff(self) -> Iterator[Album]:
        """An album counts from its first file on."""
        for album in self.items.values():
            file = album.track(1).file
            if file is not None and below_cutoff(self.kind, self.profile_of(album), file):
                yield album

    def name(self, items: Sequence[Album]) -> str:
        """`Artist-Album`, or `Artist-Discography` for several."""
        artist = self.artists[items[0].artist_id]
        title = names.dotted(items[0].title) if len(items) == 1 else "Discography"
        return f"{names.dotted(artist.name)}-{title}"

    def contents(self, items: Sequence[Album], release: str) -> list[str]:
        """A folder with a file for each track, in folders of their own for several albums."""
        return [
            f"{release}/{'' if len(items) == 1 else f'{names.dotted(album.title)}/'}{name}.flac"
            for album in items
            for name, _ in self.track_names(album)
        ]

    def named_groups(self) -> Iterable[Sequence[Album]]:
        """Each album, and all albums of each artist."""
        for artist in self.artists.values():
            if len(artist.albums) > 1:
                yield artist.albums
            for album in artist.albums:
                yield [album]

    def search_again(self, item_ids: Sequence[int]) -> tuple[str, dict[str, Any]]:
        """All albums of an artist by one search, else the albums."""
        artist = self.artists[self.items[item_ids[0]].artist_id]
        if len(item_ids) > 1 and {one.id for one in artist.albums} == set(item_ids):
            return "ArtistSearch", {"artistId": artist.id}
        return "AlbumSearch", {"albumIds": list(item_ids)}

    def track_names(self, album: Album) -> Iterator[tuple[str, tuple[Album, Track]]]:
        """The names of an album's tracks as files have them, without the ending."""
        for track in album.tracks():
            yield f"{track.number:02} {names.dotted(track.title)}", (album, track)

    def searched_by(self, command: str, body: Mapping[str, Any], now: float) -> list[list[Album]]:
        """What a search command of Lidarr searches."""
        match command:
            case "AlbumSearch":
                return singly(self.existing(body.get("albumIds"), now))
            case "ArtistSearch":
                artist = self.artists.get(body.get("artistId", 0))
                albums = artist.albums if artist else []
                return singly(album for album in albums if album.monitored and self.is_out(album, now))
            case "MissingAlbumSearch":
                return singly(self.wanted(now))
            case "CutoffUnmetAlbumSearch":
                return singly(album for album in self.below_cutoff() if self.is_monitored(album))
            case _:
                return []
