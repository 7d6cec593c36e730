"""Unwanted files of a torrent, and whether anything playable remains without them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.config.extensions import AUDIO, VIDEO
from qbitrr.config.patterns import is_bounded, is_plain_extension

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PLAYABLE = {"radarr": VIDEO, "sonarr": VIDEO, "lidarr": AUDIO}

_INCOMPLETE = ".!qb"  # qBittorrent may append it to the names of incomplete files
_ARCHIVE = re.compile(r"\.(?:rar|zip|7z|tar|gz|bz2|xz|r\d\d|s\d\d|\d{3}|part\d+)$", re.IGNORECASE)
_IMAGE = re.compile(r"\.(?:iso|img|nrg|mdf|bin)$", re.IGNORECASE)
_EXTRA = re.compile(
    r"extras?|featurettes?|samples?|bonus|specials?|trailers?|interviews?|behind.the.scenes", re.IGNORECASE
)
_SAMPLE = re.compile(r"(?<![a-z])samples?(?![a-z])", re.IGNORECASE)
_LARGEST_SAMPLE_BYTES = 200 * 1024**2
_DISC_FOLDERS = frozenset({"bdmv", "video_ts", "hvdvd_ts", "audio_ts"})


class TorrentFile(Struct, frozen=True, gc=False):
    """One file: `path` below the save path, with `/`; `priority` 0 when it is deselected.

    `pieces` are its first and its last one; None when that is not known.
    """

    index: int
    path: str
    size_bytes: int
    priority: int = 1
    pieces: tuple[int, int] | None = None


class Unwanted(Struct, frozen=True, gc=False):
    """A file to deselect, and the rule that says so."""

    index: int
    path: str
    because: str


class Selection(Struct, frozen=True, gc=False):
    """Result of checking a file list.

    `unwanted` files are still to be deselected, `playable` counts the remaining files that an Arr can import.
    `foreign` is why a release is not judged by its playable files; empty for all others. `by_name`: something could be
    played in it, but patterns for names and folders exclude all of that. `left_on_disk` are paths of
    excluded files found on disk after the torrent was `complete`.
    """

    unwanted: tuple[Unwanted, ...] = ()
    playable: int = 0
    foreign: str = ""
    by_name: bool = False
    complete: bool = False
    left_on_disk: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRules:
    """`Torrent.FolderExclusionRegex`, `FileNameExclusionRegex`, `FileExtensionAllowlist`, `FailArchives`, compiled."""

    folders: tuple[re.Pattern[str], ...]
    names: tuple[re.Pattern[str], ...]
    extensions: tuple[str, ...]
    playable: frozenset[str]
    extension_patterns: tuple[re.Pattern[str], ...] = ()
    archives_fail: bool = False
    """`Torrent.FailArchives`: nothing here unpacks them."""

    @property
    def exclude_anything(self) -> bool:
        """Whether there is any rule."""
        return bool(self.folders or self.names or self.extensions or self.extension_patterns)

    @property
    def by_content(self) -> FileRules:
        """The same without what excludes files: only the kind of a file counts."""
        return replace(self, folders=(), names=(), extensions=(), extension_patterns=())


def compile_rules(
    folders: Iterable[str],
    names: Iterable[str],
    extensions: Iterable[str],
    kind: str,
    *,
    case_sensitive: bool,
    archives_fail: bool = False,
) -> FileRules:
    """Compile the rules of an Arr of this kind (radarr, sonarr, lidarr); the patterns are known to be valid.

    Those that might not end in time are left out.
    """
    flags = re.DOTALL if case_sensitive else re.DOTALL | re.IGNORECASE
    extensions = tuple(extensions)
    return FileRules(
        folders=tuple(re.compile(pattern, flags) for pattern in folders if is_bounded(pattern)),
        names=tuple(re.compile(pattern, flags) for pattern in names if is_bounded(pattern)),
        extensions=tuple(entry.lower() for entry in extensions if is_plain_extension(entry)),
        extension_patterns=tuple(re.compile(entry, re.IGNORECASE) for entry in extensions if _is_pattern(entry)),
        playable=PLAYABLE[kind],
        archives_fail=archives_fail,
    )


def select(files: Sequence[TorrentFile], rules: FileRules, name: str) -> Selection:
    """Check the file list of a torrent with this name.

    What is deselected already counts neither as unwanted nor as remaining. Samples are nothing that can be imported.
    """
    root = _root(files)
    importable = [file for file in files if _is_playable(file, rules) and not _is_sample(file, root, name)]
    foreign = _foreign(files, root)
    if foreign and (importable or foreign != _AN_ARCHIVE or not rules.archives_fail):
        return Selection(foreign=foreign)
    reasons = _Reasons(files, rules, name)
    selected = (file for file in files if file.priority)
    unwanted = tuple(Unwanted(file.index, file.path, because) for file in selected if (because := reasons.of(file)))
    remaining = [file for file in importable if not reasons.of(file)]
    playable = sum(1 for file in remaining if file.priority)
    if playable:
        return Selection(unwanted, playable)
    if remaining:
        return Selection(foreign="the user deselected what can be played in it")
    return Selection(unwanted, by_name=any(reasons.by_name(file) for file in importable))


def excluded(files: Sequence[TorrentFile], rules: FileRules, name: str) -> list[TorrentFile]:
    """List the deselected files that the rules exclude, without those that only the user deselected."""
    reasons = _Reasons(files, rules, name)
    return [file for file in files if not file.priority and reasons.of(file)]


def exclusions(files: Sequence[TorrentFile], rules: FileRules, name: str) -> list[str]:
    """Name for each file the rule that excludes it, whether it is deselected or not; empty for none."""
    reasons = _Reasons(files, rules, name)
    return [reasons.of(file) for file in files]


def deletable(files: Sequence[TorrentFile], rules: FileRules, name: str) -> list[TorrentFile]:
    """List the excluded files that share no piece with a selected one, which could not be seeded without them."""
    needed = [file.pieces for file in files if file.priority]
    return [file for file in excluded(files, rules, name) if not any(_overlap(file.pieces, one) for one in needed)]


def _overlap(pieces: tuple[int, int] | None, others: tuple[int, int] | None) -> bool:
    """Whether two ranges of pieces have one in common, or may have."""
    return pieces is None or others is None or (pieces[0] <= others[1] and others[0] <= pieces[1])


def media(files: Sequence[TorrentFile], rules: FileRules, name: str) -> list[TorrentFile]:
    """List the files whose playing decides whether a release is of any use, the largest first.

    Not empty ones, extras and what else is excluded; none of a disc, a disc image or an archive.
    """
    if _foreign(files, _root(files)):
        return []
    reasons = _Reasons(files, rules, name)
    main = (file for file in files if file.priority and _is_playable(file, rules) and not reasons.of(file))
    return sorted((file for file in main if not _is_extra(file)), key=lambda file: -file.size_bytes)


def _is_sample(file: TorrentFile, root: str, title: str) -> bool:
    """Whether a video is called a sample and is as small as one, in a torrent whose title has no such word."""
    if file.size_bytes > _LARGEST_SAMPLE_BYTES or extension(file.path) not in VIDEO:
        return False
    return _SAMPLE.search(_below(file.path, root)) is not None and _SAMPLE.search(title) is None


def _is_extra(file: TorrentFile) -> bool:
    return any(_EXTRA.fullmatch(folder) for folder in file.path.split("/")[1:-1])


class _Reasons:
    """Why files of one torrent are excluded.

    A pattern that matches the torrent's name is about its title: it says nothing about its files. Nor do patterns for
    names and folders exclude the bulk, which is half of the bytes.
    """

    def __init__(self, files: Sequence[TorrentFile], rules: FileRules, name: str) -> None:
        self._rules = rules
        self._root = _root(files)
        self._total = sum(file.size_bytes for file in files)
        self._by_name: dict[int, str] = {}
        for key, patterns, matched in (
            ("FolderExclusionRegex", rules.folders, _matches_a_folder),
            ("FileNameExclusionRegex", rules.names, _matches_the_name),
        ):
            for pattern in patterns:
                if pattern.search(name):
                    continue
                hits = [file for file in files if matched(pattern, _below(file.path, self._root))]
                if not self._is_bulk(hits):
                    for file in hits:
                        self._by_name.setdefault(file.index, f"{key} {pattern.pattern}")
        if self._is_bulk([file for file in files if file.index in self._by_name]):
            self._by_name = {}

    def of(self, file: TorrentFile) -> str:
        """Name the rule that excludes a file; empty for none."""
        return self._by_name.get(file.index, "") or self._by_extension(file)

    def by_name(self, file: TorrentFile) -> bool:
        """Whether a file is excluded by a pattern for its name or a folder."""
        return file.index in self._by_name

    def _by_extension(self, file: TorrentFile) -> str:
        rules = self._rules
        if not rules.extensions and not rules.extension_patterns:
            return ""
        name = _as_complete(file.path.rpartition("/")[2]).lower()
        suffix = name[name.rfind(".") :] if "." in name else ""
        allowed = bool(rules.extensions) and name.endswith(rules.extensions)
        allowed = allowed or any(pattern.search(suffix) for pattern in rules.extension_patterns)
        return "" if allowed else "FileExtensionAllowlist"

    def _is_bulk(self, files: Sequence[TorrentFile]) -> bool:
        return bool(files) and sum(file.size_bytes for file in files) * 2 >= self._total


def _matches_a_folder(pattern: re.Pattern[str], path: str) -> bool:
    return any(pattern.search(folder) for folder in path.split("/")[:-1])


def _matches_the_name(pattern: re.Pattern[str], path: str) -> bool:
    return bool(pattern.search(_as_complete(path.rpartition("/")[2])))


def _is_pattern(entry: str) -> bool:
    """Whether an entry of `FileExtensionAllowlist` is a pattern, and one that ends in time."""
    return not is_plain_extension(entry) and is_bounded(entry)


def extension(path: str) -> str:
    """Give the extension in lower case with its dot, of the name that the complete file has."""
    name = _as_complete(path.rpartition("/")[2])
    stem, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and stem else ""


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
    for pattern, what in ((_ARCHIVE, _AN_ARCHIVE), (_IMAGE, "it is a disc image")):
        size = sum(file.size_bytes for file in files if pattern.search(_as_complete(file.path)))
        if size * 2 > total:
            return what
    return ""


_AN_ARCHIVE = "it is an archive"
