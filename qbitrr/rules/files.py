"""Unwanted files of a torrent, and whether anything playable remains without them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.config.patterns import is_bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VIDEO = frozenset({".3gp", ".asf", ".avi", ".divx", ".f4v", ".flv", ".m2ts", ".m4v", ".mk3d", ".mkv", ".mov", ".mp4"})
VIDEO |= {".mpeg", ".mpg", ".mts", ".ogm", ".ogv", ".rm", ".rmvb", ".ts", ".webm", ".wmv", ".wtv"}
VIDEO |= {".avc", ".bivx", ".dv", ".dvr-ms", ".fli", ".m2v", ".nsv", ".nuv", ".pva", ".qt", ".ty", ".viv", ".vob"}
VIDEO |= {".xvid"}
AUDIO = frozenset({".aac", ".aif", ".aiff", ".alac", ".ape", ".dsf", ".flac", ".m4a", ".m4b", ".mka", ".mp2", ".mp3"})
AUDIO |= {".aifc", ".dff", ".m4p", ".mpc", ".oga", ".ogg", ".opus", ".tta", ".wav", ".wma", ".wv"}
PLAYABLE = {"radarr": VIDEO, "sonarr": VIDEO, "lidarr": AUDIO}

_INCOMPLETE = ".!qb"  # qBittorrent may append it to the names of incomplete files
_ARCHIVE = re.compile(r"\.(?:rar|zip|7z|tar|gz|bz2|xz|r\d\d|s\d\d|\d{3}|part\d+)$", re.IGNORECASE)
_IMAGE = re.compile(r"\.(?:iso|img|nrg|mdf|bin)$", re.IGNORECASE)
_DISC_FOLDERS = frozenset({"bdmv", "video_ts", "hvdvd_ts", "audio_ts"})


class TorrentFile(Struct, frozen=True, gc=False):
    """One file: `path` below the save path, with `/`; `priority` 0 when it is deselected."""

    index: int
    path: str
    size_bytes: int
    priority: int = 1


class Unwanted(Struct, frozen=True, gc=False):
    """A file to deselect, and the rule that says so."""

    index: int
    path: str
    because: str


class Selection(Struct, frozen=True, gc=False):
    """Result of checking a file list.

    `unwanted` files are still to be deselected, `playable` counts the remaining files that an Arr can import.
    `foreign` is why a release is not judged by its playable files; empty for all others. `left_on_disk` are paths of
    excluded files found on disk after the torrent was `complete`.
    """

    unwanted: tuple[Unwanted, ...] = ()
    playable: int = 0
    foreign: str = ""
    complete: bool = False
    left_on_disk: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRules:
    """`Torrent.FolderExclusionRegex`, `FileNameExclusionRegex`, `FileExtensionAllowlist`, compiled."""

    folders: tuple[re.Pattern[str], ...]
    names: tuple[re.Pattern[str], ...]
    extensions: tuple[str, ...]
    playable: frozenset[str]

    @property
    def exclude_anything(self) -> bool:
        """Whether there is any rule."""
        return bool(self.folders or self.names or self.extensions)


def compile_rules(
    folders: Iterable[str], names: Iterable[str], extensions: Iterable[str], kind: str, *, case_sensitive: bool
) -> FileRules:
    """Compile the rules of an Arr of this kind (radarr, sonarr, lidarr); the patterns are known to be valid.

    Those that might not end in time are left out.
    """
    flags = re.DOTALL if case_sensitive else re.DOTALL | re.IGNORECASE
    return FileRules(
        folders=tuple(re.compile(pattern, flags) for pattern in folders if is_bounded(pattern)),
        names=tuple(re.compile(pattern, flags) for pattern in names if is_bounded(pattern)),
        extensions=tuple(extension.lower() for extension in extensions),
        playable=PLAYABLE[kind],
    )


def select(files: Sequence[TorrentFile], rules: FileRules) -> Selection:
    """Check a file list. What is deselected already counts neither as unwanted nor as remaining."""
    root = _root(files)
    foreign = _foreign(files, root)
    if foreign:
        return Selection(foreign=foreign)
    selected = [file for file in files if file.priority]
    reasons = ((file, why_unwanted(file.path, root, rules)) for file in selected)
    unwanted = tuple(Unwanted(file.index, file.path, because) for file, because in reasons if because)
    excluded_indices = {file.index for file in unwanted}
    playable = sum(file.index not in excluded_indices and _is_playable(file, rules) for file in selected)
    if not playable and any(_is_playable(file, rules) for file in _deselected(files, root, rules)):
        return Selection(foreign="the user deselected what can be played in it")
    return Selection(unwanted, playable)


def excluded(files: Sequence[TorrentFile], rules: FileRules) -> list[TorrentFile]:
    """List the deselected files that the rules exclude, without those that only the user deselected."""
    root = _root(files)
    return [file for file in files if not file.priority and why_unwanted(file.path, root, rules)]


def media(files: Sequence[TorrentFile], kind: str) -> list[TorrentFile]:
    """List the playable files that are selected."""
    return [file for file in files if file.priority and extension(file.path) in PLAYABLE[kind]]


def why_unwanted(path: str, root: str, rules: FileRules) -> str:
    """Name the rule that excludes a file, empty for none; `root` is the torrent's own folder and never matched."""
    *folders, name = _below(path, root).split("/")
    name = _as_complete(name)
    for pattern in rules.folders:
        if any(pattern.search(folder) for folder in folders):
            return f"FolderExclusionRegex {pattern.pattern}"
    for pattern in rules.names:
        if pattern.search(name):
            return f"FileNameExclusionRegex {pattern.pattern}"
    if rules.extensions and not name.lower().endswith(rules.extensions):
        return "FileExtensionAllowlist"
    return ""


def extension(path: str) -> str:
    """Give the extension in lower case with its dot, of the name that the complete file has."""
    name = _as_complete(path.rpartition("/")[2])
    stem, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and stem else ""


def _deselected(files: Sequence[TorrentFile], root: str, rules: FileRules) -> list[TorrentFile]:
    """List the files that the user deselected: no rule excludes them."""
    return [file for file in files if not file.priority and not why_unwanted(file.path, root, rules)]


def _as_complete(name: str) -> str:
    return name[: -len(_INCOMPLETE)] if name.lower().endswith(_INCOMPLETE) else name


def _root(files: Sequence[TorrentFile]) -> str:
    """Find the top folder that all files share; empty without one."""
    tops = {file.path.partition("/")[0] for file in files}
    nested = all("/" in file.path for file in files)
    return next(iter(tops)) if len(tops) == 1 and nested else ""


def _below(path: str, root: str) -> str:
    return path[len(root) + 1 :] if root else path


def _is_playable(file: TorrentFile, rules: FileRules) -> bool:
    return file.size_bytes > 0 and extension(file.path) in rules.playable


def _foreign(files: Sequence[TorrentFile], root: str) -> str:
    """Recognise discs, disc images and archives, which are unpacked or remuxed before an Arr can import them."""
    folders = {folder.lower() for file in files for folder in _below(file.path, root).split("/")[:-1]}
    if root.lower() in _DISC_FOLDERS or folders & _DISC_FOLDERS:
        return "it is a disc"
    total = sum(file.size_bytes for file in files)
    for pattern, what in ((_ARCHIVE, "an archive"), (_IMAGE, "a disc image")):
        size = sum(file.size_bytes for file in files if pattern.search(_as_complete(file.path)))
        if size * 2 > total:
            return f"it is {what}"
    return ""
