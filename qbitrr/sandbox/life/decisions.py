"""What an Arr may import of the files below a path, and what it says of the others.

Source of the texts and of which file they are about: recordings `queue-*` and `manualimport-*`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct, field

from qbitrr.sandbox.life import texts
from qbitrr.sandbox.media.music import Album, Music
from qbitrr.sandbox.media.quality import BY_ID, FORMAT_SETS, RANKS, SCORES
from qbitrr.sandbox.media.series import Shows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qbitrr.sandbox.media.collection import Collection

VIDEO = {".mkv", ".mp4", ".avi", ".m4v", ".ts", ".wmv"}
AUDIO = {".flac", ".mp3", ".m4a", ".ogg", ".opus"}
ARCHIVES = {".rar", ".zip", ".7z", ".tar", ".gz"}
EXECUTABLES = {".exe", ".bat", ".cmd", ".sh"}
DANGEROUS = {".lnk", ".scr", ".ps1", ".vbs", ".arj", ".zipx"}
_EPISODE = re.compile(r"S(\d{2,})E(\d{2,})(?:-?E(\d{2,}))?", re.IGNORECASE)


class DiskFile(NamedTuple):
    """A file by its path as the Arr sees it; size in bytes. `owner` is the torrent that it belongs to."""

    path: str
    size: int
    playable: bool
    owner: str


class Decision(Struct):
    """One file: the items (and for an album the track) that it is for, and what speaks against importing it.

    `about_all` is set when the text is about the download, not about this file.
    """

    file: DiskFile
    item_ids: list[int] = field(default_factory=list)
    track_id: int = 0
    rejections: list[str] = field(default_factory=list)
    about_all: bool = False

    @property
    def name(self) -> str:
        """The file without its folder."""
        return posixpath.basename(self.file.path)


class Offer(NamedTuple):
    """What is offered to the library: a download, or a folder that none is known of.

    `item_ids` are what it is for; `expected_ids` what was grabbed, empty when nothing was. `imported` are items of the
    download that were imported before, and when. `title` is the name of the release.
    """

    path: str
    title: str
    quality: int
    formats: int
    item_ids: Sequence[int]
    expected_ids: frozenset[int] = frozenset()
    imported: Mapping[int, float] = {}


def decide(collection: Collection[Any], files: Iterable[DiskFile], offer: Offer) -> list[Decision]:
    """A decision for each media file; one about all when there is something else instead; none for nothing."""
    found = sorted(files)
    media = [one for one in found if extension(one) in (AUDIO if collection.kind == "lidarr" else VIDEO)]
    media = [one for one in media if "sample" not in posixpath.basename(one.path).lower()]
    if not media:
        return _without_media(found)
    if isinstance(collection, Music):
        decisions = _albums(collection, media, offer)
    elif isinstance(collection, Shows):
        decisions = _episodes(collection, media, offer)
    else:
        decisions = [Decision(one, list(offer.item_ids[:1])) for one in media]
    for decision in decisions:
        decision.rejections += _rejections(collection, decision, offer)
    return decisions


def extension(file: DiskFile) -> str:
    """With the dot, in lower case."""
    return posixpath.splitext(file.path)[1].lower()


def _without_media(files: Sequence[DiskFile]) -> list[Decision]:
    for one in files:
        end = extension(one)
        for extensions, text in (
            (EXECUTABLES, texts.executable(end)),
            (DANGEROUS, texts.dangerous(end)),
            (ARCHIVES, texts.ARCHIVE),
        ):
            if end in extensions:
                return [Decision(one, rejections=[text], about_all=True)]
    return []


def _episodes(shows: Shows, files: Sequence[DiskFile], offer: Offer) -> list[Decision]:
    """Episodes go by their numbers in the file's name, whatever the title there: the series is that of the offer."""
    series = shows.series[shows.items[offer.item_ids[0]].series_id]
    by_number = {(one.season, one.number): one for one in series.episodes}
    decisions = []
    for file in files:
        decision = Decision(file)
        decisions.append(decision)
        if (match := _EPISODE.search(posixpath.basename(file.path))) is None:
            decision.rejections.append("Invalid season or episode")
            continue
        season, first, last = int(match[1]), int(match[2]), int(match[3] or match[2])
        episodes = [by_number[season, number] for number in range(first, last + 1) if (season, number) in by_number]
        decision.item_ids = [one.id for one in episodes]
        if not episodes:
            decision.rejections.append("Invalid season or episode")
        elif offer.expected_ids and not offer.expected_ids.issuperset(decision.item_ids):
            decision.rejections.append(texts.not_in_release(season, first, offer.title))
    return decisions


def _albums(music: Music, files: Sequence[DiskFile], offer: Offer) -> list[Decision]:
    """Lidarr imports an album as a whole or not at all; tracks of other artists are not matched."""
    artist = music.artists[music.items[offer.item_ids[0]].artist_id]
    tracks = dict(pair for album in artist.albums for pair in music.track_names(album))
    decisions, found = [], dict[int, list[Decision]]()
    for file in files:
        decision = Decision(file)
        decisions.append(decision)
        match = tracks.get(posixpath.splitext(posixpath.basename(file.path))[0])
        if match is None or not file.playable:
            decision.rejections.append(texts.no_similar_album(posixpath.dirname(file.path)))
            continue
        album, track = match
        decision.item_ids, decision.track_id = [album.id], track.id
        found.setdefault(album.id, []).append(decision)
    for album_id, of_album in found.items():
        if len(of_album) < music.items[album_id].track_count:
            for decision in of_album:
                decision.rejections.append(texts.MISSING_TRACKS)
    return decisions


def _rejections(collection: Collection[Any], decision: Decision, offer: Offer) -> list[str]:
    kind = collection.kind
    found = [texts.already_imported(kind, offer.imported[one]) for one in decision.item_ids if one in offer.imported]
    if found:
        return found[:1]
    if not decision.file.playable and kind != "lidarr":
        return [texts.SAMPLE_UNCLEAR]
    for item_id in decision.item_ids:
        if text := _not_better(kind, collection.items[item_id], offer):
            return [text]
    return []


def _not_better(kind: str, item: Any, offer: Offer) -> str:
    """Why a file is no upgrade of what is there; an equal one is accepted."""
    present = item.track(1).file if isinstance(item, Album) else item.file
    if present is None:
        return ""
    ranks, names = RANKS[kind], BY_ID[kind]
    if ranks[offer.quality] < ranks[present.quality]:
        return texts.not_an_upgrade(kind, names[present.quality].name, names[offer.quality].name)
    if ranks[offer.quality] == ranks[present.quality] and SCORES[offer.formats] < present.score and kind != "lidarr":
        return texts.not_a_format_upgrade(kind, _formats(present.formats), _formats(offer.formats))
    return ""


def _formats(formats: int) -> tuple[str, int]:
    return ", ".join(one.name for one in FORMAT_SETS[formats]), SCORES[formats]
