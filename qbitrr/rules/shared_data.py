"""Whether two torrents have data in common, by what their clients say of paths and sizes.

On one client a path is one place. Two clients may see the same disk under different paths, so that between them the
same name with the same size counts as the same data. A multi-file torrent without a folder of its own has its save
path as content path, which it has in common with others; its files are compared instead.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct

from qbitrr.rules.paths import parts, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qbitrr.rules.files import TorrentFile

    Parts = tuple[str, ...]


class Content(Struct, frozen=True, gc=False):
    """Data of one torrent: `path` of its file or folder, and the folder in which that was saved."""

    path: str
    save_path: str
    size_bytes: int

    @property
    def rootless(self) -> bool:
        """Whether it has several files and no folder of its own."""
        return same(self.path, self.save_path)


class OwnData:
    """The data of one torrent, to be compared with that of others; `files` are all of its files."""

    def __init__(self, content: Content, files: Sequence[TorrentFile]) -> None:
        inside = [(parts(f"{content.save_path}/{file.path}"), file.size_bytes) for file in files]
        self._paths = {path for path, _ in inside} if content.rootless else {parts(content.path)}
        self._above = {above for path in self._paths for above in _prefixes(path)}
        self._sizes = {(path[-1].casefold(), size) for path, size in inside if path}
        self._folders: set[str] = set()
        names = () if content.rootless else tuple(map(str.casefold, parts(content.path)))
        if names:
            self._sizes.add((names[-1], content.size_bytes))
            self._folders.update(names[:-1])

    def overlaps(self, path: str) -> bool:
        """Whether a path of the same client is that of the data, leads to it, or lies in it."""
        other = parts(path)
        return bool(other) and (other in self._above or any(above in self._paths for above in _prefixes(other)))

    def resembles(self, other: Content) -> bool:
        """Whether data of another client may be the same: by name and size, or a folder named like one around it."""
        names = parts(other.path)
        if not names:
            return False
        name = names[-1].casefold()
        return (name, other.size_bytes) in self._sizes or name in self._folders

    def resembles_file(self, file: TorrentFile) -> bool:
        """The same for one file of another client."""
        names = parts(file.path)
        return bool(names) and (names[-1].casefold(), file.size_bytes) in self._sizes


def paths_of_files(content: Content, files: Iterable[TorrentFile]) -> list[str]:
    """The paths of a torrent's files on its client."""
    return [f"{content.save_path}/{file.path}" for file in files]


def _prefixes(path: Parts) -> Iterator[Parts]:
    """The path and everything above it, but not the root."""
    return accumulate((name,) for name in path)
