"""Which files of a torrent are not wanted, and whether anything playable would remain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VIDEO = frozenset({".3gp", ".asf", ".avi", ".divx", ".f4v", ".flv", ".m2ts", ".m4v", ".mk3d", ".mkv", ".mov", ".mp4"})
VIDEO |= {".mpeg", ".mpg", ".mts", ".ogm", ".ogv", ".rm", ".rmvb", ".ts", ".webm", ".wmv", ".wtv"}
VIDEO |= {".avc", ".bivx", ".dv", ".dvr-ms", ".fli", ".m2v", ".nsv", ".nuv", ".pva", ".qt", ".ty", ".viv", ".vob"}
VIDEO |= {".xvid"}
AUDIO = frozenset({".aac", ".aif", ".aiff", ".alac", ".ape", ".dsf", ".flac", ".m4a", ".m4b", ".mka", ".mp2", ".mp3"})
AUDIO |= {".aifc", ".dff", ".m4p", ".mpc", ".oga", ".ogg", ".opus", ".tta", ".wav", ".wma", ".wv"}
PLAYABLE = {"radarr": VIDEO, "sonarr": VIDEO, "lidarr": AUDIO}

_INCOMPLETE = ".!qb"  # what qBittorrent may append while a file is not there in full
_ARCHIVE = re.compile(r"\.(?:rar|zip|7z|tar|gz|bz2|xz|r\d\d|s\d\d|\d{3}|part\d+)$", re.IGNORECASE)
_IMAGE = re.compile(r"\.(?:iso|img|nrg|mdf|bin)$", re.IGNORECASE)
_DISC_FOLDERS = frozenset({"bdmv", "video_ts", "hvdvd_ts", "audio_ts"})


class TorrentFile(Struct, frozen=True, gc=False):
    """One file: `path` below the save path with `/`, size in bytes, `priority` 0 when it is not fetched."""

    index: int
    path: str
    size_bytes: int
    priority: int = 1


class Unwanted(Struct, frozen=True, gc=False):
    """A file that is not wanted, and why."""

    index: int
    path: str
    because: str


class Selection(Struct, frozen=True, gc=False):
    """What a file list says.

    `unwanted` are still to be excluded, `playable` counts the files that an Arr can import and that remain.
    `foreign` says why a release is not to be judged by what can be played in it; empty for all others.
    `left_on_disk` are paths of excluded files that were found there, after the torrent was `complete`.
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
        """Whether there is a rule at all."""
        return bool(self.folders or self.names or self.extensions)


def compile_rules(
    folders: Iterable[str], names: Iterable[str], extensions: Iterable[str], kind: str, *, case_sensitive: bool
) -> FileRules:
    """The rules of one Arr of a kind (radarr, sonarr, lidarr). The patterns were checked with the configuration."""
    flags = re.DOTALL if case_sensitive else re.DOTALL | re.IGNORECASE
    return FileRules(
        folders=tuple(re.compile(pattern, flags) for pattern in folders),
        names=tuple(re.compile(pattern, flags) for pattern in names),
        extensions=tuple(extension.lower() for extension in extensions),
        playable=PLAYABLE[kind],
    )


def select(files: Sequence[TorrentFile], rules: FileRules) -> Selection:
    """Look at a torrent's files. What is excluded already counts neither as unwanted nor as remaining."""
    root = _root(files)
    foreign = _foreign(files, root)
    if foreign:
        return Selection(foreign=foreign)
    wanted = [file for file in files if file.priority]
    unwanted = tuple(
        Unwanted(file.index, file.path, because) for file in wanted if (because := why_unwanted(file.path, root, rules))
    )
    out = {file.index for file in unwanted}
    playable = sum(file.index not in out and _is_playable(file, rules) for file in wanted)
    if not playable and any(_is_playable(file, rules) for file in _deselected(files, root, rules)):
        return Selection(foreign="a person deselected what can be played in it")
    return Selection(unwanted, playable)


def excluded(files: Sequence[TorrentFile], rules: FileRules) -> list[TorrentFile]:
    """The files that are not fetched and that the rules exclude: what a person deselected is not among them."""
    root = _root(files)
    return [file for file in files if not file.priority and why_unwanted(file.path, root, rules)]


def media(files: Sequence[TorrentFile], kind: str) -> list[TorrentFile]:
    """The files to be played, as far as they are fetched."""
    return [file for file in files if file.priority and extension(file.path) in PLAYABLE[kind]]


def why_unwanted(path: str, root: str, rules: FileRules) -> str:
    """Which rule excludes a file, empty for none; `root` is the torrent's own folder, which is never matched."""
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
    """The extension in lower case with its dot, as the file is called when it is complete."""
    name = _as_complete(path.rpartition("/")[2])
    stem, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and stem else ""


def _deselected(files: Sequence[TorrentFile], root: str, rules: FileRules) -> list[TorrentFile]:
    """The files that are not fetched although no rule excludes them."""
    return [file for file in files if not file.priority and not why_unwanted(file.path, root, rules)]


def _as_complete(name: str) -> str:
    return name[: -len(_INCOMPLETE)] if name.lower().endswith(_INCOMPLETE) else name


def _root(files: Sequence[TorrentFile]) -> str:
    """The folder that all files share at the top; empty when there is none."""
    tops = {file.path.partition("/")[0] for file in files}
    nested = all("/" in file.path for file in files)
    return next(iter(tops)) if len(tops) == 1 and nested else ""


def _below(path: str, root: str) -> str:
    return path[len(root) + 1 :] if root else path


def _is_playable(file: TorrentFile, rules: FileRules) -> bool:
    return file.size_bytes > 0 and extension(file.path) in rules.playable


def _foreign(files: Sequence[TorrentFile], root: str) -> str:
    """Discs, disc images and archives are unpacked or remuxed by others before an Arr can take them."""
    folders = {folder.lower() for file in files for folder in _below(file.path, root).split("/")[:-1]}
    if root.lower() in _DISC_FOLDERS or folders & _DISC_FOLDERS:
        return "it is a disc"
    total = sum(file.size_bytes for file in files)
    for pattern, what in ((_ARCHIVE, "an archive"), (_IMAGE, "a disc image")):
        size = sum(file.size_bytes for file in files if pattern.search(_as_complete(file.path)))
        if size * 2 > total:
            return f"it is {what}"
    return ""
