"""Walk through a folder for files that no torrent knows, some entries at a time, as a folder may have a million.

No link is followed, no other file system or mount is entered, nor what belongs to a torrent. Blocking: each step is run
in a thread.
"""

from __future__ import annotations

import os
import stat
import time
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr.rules.orphan_folders import UNWANTED, fold, is_never_entered
from qbitrr.rules.orphans import FileFacts

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Iterable, Iterator

    from qbitrr.rules.orphan_folders import KnownPaths

    Identity = tuple[int, int]  # device and inode

_STEP_SECONDS = 0.2
_CHECKED_AT_ONCE = 100  # entries, between two readings of the clock


class Aliases:
    """The names that clients have for folders, which may be others than ours, as by a link or a second mount.

    Blocking: made and used in a thread. Raises OSError when the disk fails.
    """

    def __init__(self, places: Iterable[str]) -> None:
        self._names: dict[Identity, set[str]] = {}
        for place in places:
            if (identity := _identity(place)) is not None:
                self._names.setdefault(identity, set()).add(fold(place))

    def at(self, identity: Identity) -> set[str]:
        """The folded names of a folder itself."""
        return self._names.get(identity, set())

    def of(self, folder: str) -> set[str]:
        """All folded names of a folder, an absolute path: its own, and those by names of the folders around it."""
        names = folder.strip("/").split("/")
        found = {fold(folder)}
        for number in range(len(names) + 1):
            identity = _identity("/" + "/".join(names[:number]))
            rest = fold("/".join(names[number:])).rstrip("/")
            found.update(f"{name.rstrip('/')}{rest}" for name in (self.at(identity) if identity else ()))
        return found


def is_covered(known: KnownPaths, folder: str, path: str) -> bool:
    """Whether a torrent has a relative path below a folder, under any of its names. Raises OSError."""
    inner, _, name = f"{folder.rstrip('/')}/{path}".rpartition("/")
    return any(known.cover(f"{one}/{name}") for one in Aliases(known.places).of(inner))


def _identity(folder: str) -> Identity | None:
    """Device and inode of a folder; None when it is not there."""
    try:
        status = Path(folder).stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError, ValueError):
        return None
    return status.st_dev, status.st_ino


class Walk:
    """A walk through one folder, an absolute path; the counters are those of what was walked so far.

    `identities` are devices and inodes of the data of torrents, `excluded` folded paths that are left out. `left_out`
    counts folders that are not entered for another file system or a missing permission. `spared` matches folded paths
    below the folder, and names, that are left out too.
    """

    def __init__(
        self,
        folder: str,
        known: KnownPaths,
        identities: Collection[Identity],
        excluded: Collection[str],
        spared: re.Pattern[str] | None = None,
    ) -> None:
        self.folder = folder
        self._spared = spared
        self.files = 0
        self.size_bytes = 0
        self.entries = 0
        self.left_out = 0
        self.names_unreadable = 0
        self._known = known
        self._identities = identities
        self._excluded = excluded
        self._found: list[tuple[str, FileFacts]] = []
        self._steps = self._walk()

    def step(self) -> list[tuple[str, FileFacts]] | None:
        """Walk on for a moment; returns the files that were found with their relative paths, None after the end.

        Raises OSError when the disk fails; a folder that is not there, or that may not be read, is no failure.
        """
        until = time.monotonic() + _STEP_SECONDS
        for _ in self._steps:
            if time.monotonic() >= until:
                break
        else:
            if not self._found:
                return None
        found, self._found = self._found, []
        return found

    def _walk(self) -> Iterator[None]:
        try:
            device = Path(self.folder).stat().st_dev
        except FileNotFoundError:  # qBittorrent makes it with its first download
            return
        mounts, real = _mount_points(), os.path.realpath(self.folder)
        self._aliases = Aliases(self._known.places)
        all_names = self._aliases.of(self.folder)
        if any(map(self._known.cover, all_names)):  # it is the folder of a torrent
            return
        pending = [("", all_names)]
        while pending:
            relative, names = pending.pop()
            try:
                entries = os.scandir(f"{self.folder}/{relative}")
            except PermissionError:
                self.left_out += 1
                continue
            except (FileNotFoundError, NotADirectoryError):  # it went meanwhile
                continue
            with entries:
                for entry in entries:
                    self.entries += 1
                    if self.entries % _CHECKED_AT_ONCE == 0:
                        yield
                    path = f"{relative}/{entry.name}" if relative else entry.name
                    name = _folded_name(entry.name)
                    below = self._visit(entry, path, {f"{one}/{name}" for one in names}, device)
                    if below is None:
                        continue
                    if f"{real}/{path}" in mounts:
                        self.left_out += 1
                    else:
                        pending.append((path, names if entry.name == UNWANTED else below))
        yield

    def _visit(self, entry: os.DirEntry[str], path: str, names: set[str], device: int) -> set[str] | None:
        """Note one entry, given by its folded names; returns those of a folder to enter."""
        if not _is_text(entry.name):
            self.names_unreadable += 1
            return None
        if is_never_entered(entry.name) or self._is_spared(path):
            return None
        if any(self._known.has(one) or one in self._excluded for one in names):
            return None
        with suppress(FileNotFoundError, PermissionError):
            status = entry.stat(follow_symlinks=False)
            if (status.st_dev, status.st_ino) not in self._identities:
                return self._note(status, path, names, device)
        return None

    def _is_spared(self, path: str) -> bool:
        if self._spared is None:
            return False
        folded = _folded_name(path)
        return bool(self._spared.match(folded) or self._spared.match(folded.rpartition("/")[2]))

    def _note(self, status: os.stat_result, path: str, names: set[str], device: int) -> set[str] | None:
        if stat.S_ISDIR(status.st_mode):
            if status.st_dev == device:
                return names | self._aliases.at((status.st_dev, status.st_ino))
            self.left_out += 1
        elif stat.S_ISREG(status.st_mode):
            self.files += 1
            self.size_bytes += status.st_size
            self._found.append((path, facts_of(status)))
        return None


def facts_of(status: os.stat_result) -> FileFacts:
    """Translate what the file system says of a plain file."""
    return FileFacts(status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_nlink)


def _folded_name(name: str) -> str:
    return (name if name.isascii() else unicodedata.normalize("NFC", name)).casefold()


def _is_text(name: str) -> bool:
    """Whether a name can be written down as it is: others are no UTF-8."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _mount_points() -> frozenset[str]:
    """The mount points of this machine (proc_pid_mountinfo(5)), which may be of the same file system."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return frozenset(line.split(" ")[4].replace("\\040", " ").replace("\\011", "\t") for line in lines)


class Sight:
    """What this machine sees of the data of torrents, at paths of its own.

    `wanted` are paths, each with the size that a plain file has to have, None for any; `seen` those that are there, and
    `identities` their devices and inodes.
    """

    def __init__(self, wanted: dict[str, int | None]) -> None:
        self.seen: set[str] = set()
        self.identities: set[Identity] = set()
        self._pending = list(wanted.items())

    def step(self) -> bool:
        """Check some paths; returns whether there are more. Raises OSError when the disk fails."""
        until = time.monotonic() + _STEP_SECONDS
        while self._pending and time.monotonic() < until:
            path, size = self._pending.pop()
            for written in (path, f"{path}.!qB"):
                try:
                    status = Path(written).stat()
                except (FileNotFoundError, NotADirectoryError, PermissionError, ValueError):
                    continue
                self.identities.add((status.st_dev, status.st_ino))
                if not stat.S_ISREG(status.st_mode) or size in (None, status.st_size):
                    self.seen.add(path)
        return bool(self._pending)
