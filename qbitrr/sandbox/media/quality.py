"""Qualities from worst to best, quality profiles, custom formats, and which file is better than which.

Ids and names are the Arrs' own (`GET qualitydefinition`).
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from qbitrr.sandbox.media import names


class Quality(NamedTuple):
    """One quality. `source` is the Arr's name for it, empty where it has none; resolution is in lines."""

    id: int
    name: str
    source: str = ""
    resolution: int = 0


_MOVIE_QUALITIES = (
    Quality(1, "SDTV", "tv", 480),
    Quality(2, "DVD", "dvd", 480),
    Quality(8, "WEBDL-480p", "webdl", 480),
    Quality(4, "HDTV-720p", "tv", 720),
    Quality(5, "WEBDL-720p", "webdl", 720),
    Quality(6, "Bluray-720p", "bluray", 720),
    Quality(9, "HDTV-1080p", "tv", 1080),
    Quality(3, "WEBDL-1080p", "webdl", 1080),
    Quality(7, "Bluray-1080p", "bluray", 1080),
    Quality(18, "WEBDL-2160p", "webdl", 2160),
    Quality(19, "Bluray-2160p", "bluray", 2160),
)
_SONARR_SOURCES = {"tv": "television", "webdl": "web"}
QUALITIES = {
    "radarr": _MOVIE_QUALITIES,
    "sonarr": tuple(q._replace(source=_SONARR_SOURCES.get(q.source, q.source)) for q in _MOVIE_QUALITIES),
    "lidarr": (
        Quality(1, "MP3-192"),
        Quality(3, "MP3-256"),
        Quality(4, "MP3-320"),
        Quality(2, "MP3-VBR-V0"),
        Quality(6, "FLAC"),
        Quality(21, "FLAC 24bit"),
    ),
}
RANKS = {kind: {quality.id: rank for rank, quality in enumerate(ladder)} for kind, ladder in QUALITIES.items()}
BY_ID = {kind: {quality.id: quality for quality in ladder} for kind, ladder in QUALITIES.items()}


class Format(NamedTuple):
    """A custom format, the score that every profile gives it, and how a release's name shows it."""

    id: int
    name: str
    score: int
    mark: str


FORMATS = (
    Format(1, "Trusted group", 60, "PROPER"),
    Format(2, "Preferred sound", 40, "Atmos"),
    Format(3, "Re-encoded", -20, "HEVC"),
)
FORMAT_SETS = tuple(tuple(f for bit, f in enumerate(FORMATS) if mask >> bit & 1) for mask in range(8))
SCORES = tuple(sum(f.score for f in formats) for formats in FORMAT_SETS)


class Profile(Struct, frozen=True, gc=False):
    """A quality profile. `allowed` and `cutoff` are quality ids, from worst to best; scores are of custom formats."""

    id: int
    name: str
    allowed: tuple[int, ...]
    cutoff: int
    upgrade_allowed: bool = True
    min_format_score: int = 0
    cutoff_format_score: int = 100


PROFILES = {
    "radarr": (
        Profile(1, "Any", (1, 2, 8, 4, 5, 6, 9, 3, 7), cutoff=5, upgrade_allowed=False, cutoff_format_score=0),
        Profile(4, "HD-1080p", (9, 3, 7), cutoff=7),
        Profile(5, "Ultra-HD", (18, 19), cutoff=19, min_format_score=40),
        Profile(6, "HD - 720p/1080p", (4, 5, 6, 9, 3, 7), cutoff=3, cutoff_format_score=60),
    ),
    "sonarr": (
        Profile(1, "Any", (1, 2, 8, 4, 5, 6, 9, 3, 7), cutoff=5, upgrade_allowed=False, cutoff_format_score=0),
        Profile(4, "HD-1080p", (9, 3, 7), cutoff=3),
        Profile(6, "HD - 720p/1080p", (4, 5, 6, 9, 3, 7), cutoff=3, min_format_score=20, cutoff_format_score=60),
    ),
    "lidarr": (
        Profile(1, "Any", (1, 3, 4, 2, 6, 21), cutoff=4, upgrade_allowed=False, cutoff_format_score=0),
        Profile(2, "Lossless", (6, 21), cutoff=6),
        Profile(3, "Standard", (3, 4, 2), cutoff=4, cutoff_format_score=40),
    ),
}


class File(Struct, gc=False):
    """A file of the library, or what a release would become. `formats` is an index of FORMAT_SETS; size in bytes."""

    id: int
    quality: int
    formats: int
    size: int
    added: int

    @property
    def score(self) -> int:
        """The custom format score."""
        return SCORES[self.formats]


def below_cutoff(kind: str, profile: Profile, file: File) -> bool:
    """The Arrs' `qualityCutoffNotMet`: without upgrades the worst allowed quality is enough."""
    cutoff = profile.cutoff if profile.upgrade_allowed else profile.allowed[0]
    return RANKS[kind][file.quality] < RANKS[kind][cutoff]


def is_wanted(kind: str, profile: Profile, present: File | None, quality: int, score: int) -> bool:
    """Whether an Arr would grab a release of this quality and score, given what it has."""
    if quality not in profile.allowed or score < profile.min_format_score:
        return False
    if present is None:
        return True
    if not profile.upgrade_allowed:
        return False
    ranks = RANKS[kind]
    if ranks[quality] != ranks[present.quality]:
        return below_cutoff(kind, profile, present) and ranks[quality] > ranks[present.quality]
    return score > present.score and present.score < profile.cutoff_format_score


_MOVIE_MEGABYTES = {480: 900, 720: 2_500, 1080: 8_000, 2160: 30_000}


def size_of(kind: str, quality: int, luck: float) -> int:
    """Bytes of an item of this quality, up to a fifth more or less by `luck` (0 to 1)."""
    movie = _MOVIE_MEGABYTES.get(BY_ID[kind][quality].resolution, 0)
    megabytes = {"radarr": movie, "sonarr": movie / 4, "lidarr": 350}[kind]
    return int(megabytes * (0.8 + 0.4 * luck) * 1_000_000)


def quality_in(kind: str, release: str) -> int:
    """The quality that a release's name shows; the worst one when it shows none."""
    shown = f".{names.dotted(release)}.".lower()
    found = (one.id for one in reversed(QUALITIES[kind]) if f".{names.dotted(one.name)}.".lower() in shown)
    return next(found, QUALITIES[kind][0].id)


def formats_in(release: str) -> int:
    """The custom formats that a release's name shows, as an index of FORMAT_SETS."""
    shown = names.dotted(release).split(".")
    return sum(1 << bit for bit, one in enumerate(FORMATS) if one.mark in shown)
