"""File systems of this machine: which one a path is on, what is free there, and what the removal of files frees."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def measure(paths: set[str], folder: str) -> Measured:
    """Find the disk of each path, and the free bytes of each. A path that is not on this machine counts as `folder`.

    So does one that may not be read. Data that is being downloaded may lie elsewhere than where it will end up, so the
    paths are those of the data.

    Raises OSError when `folder` is not there.
    """
    guarded, mounts = Path(folder), _mounts()
    by_path: dict[str, str] = {}
    free = {_disk(guarded, mounts): shutil.disk_usage(guarded).free}
    unreadable = set()
    for path in paths:
        try:
            existing = next((one for one in (Path(path), Path(path).parent) if path and one.is_dir()), guarded)
            disk = _disk(existing, mounts)
            size = free[disk] if disk in free else shutil.disk_usage(existing).free
        except OSError:
            unreadable.add(path)
            existing, disk = guarded, _disk(guarded, mounts)
            size = free[disk]
        by_path[path], free[disk] = disk, size
    return Measured(by_path, free, frozenset(unreadable))


class Measured(NamedTuple):
    """The disk of each path, the free bytes of each disk, and the paths that could not be read."""

    disks: dict[str, str]
    free: dict[str, int]
    unreadable: frozenset[str] = frozenset()


class _Mount(NamedTuple):
    """One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5))."""

    point: str
    kind: str
    source: str


def _mounts() -> list[_Mount]:
    """The mounts of this machine, the innermost first."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        place, _, device = line.partition(" - ")
        kind, source, *_ = [*device.split(" "), "", ""]
        found.append(_Mount(place.split(" ")[4].replace("\\040", " "), kind, source))
    return sorted(found, key=lambda mount: -len(mount.point))


def _disk(path: Path, mounts: Sequence[_Mount]) -> str:
    """Name the disk of a path.

    The subvolumes of a btrfs, and the data sets of a pool of ZFS, have device numbers of their own and share their
    space.
    """
    real = f"{path.resolve()}/"
    mount = next((one for one in mounts if real.startswith(f"{one.point.rstrip('/')}/")), None)
    if mount is not None and mount.kind == "btrfs":
        return f"btrfs {mount.source}"
    if mount is not None and mount.kind == "zfs":
        return f"zfs {mount.source.partition('/')[0]}"
    number = path.stat().st_dev
    return f"{os.major(number)}:{os.minor(number)}"


def disks_of(paths: Iterable[str]) -> dict[str, str]:
    """Name the disk of each path that is on this machine and may be read; the others are left out."""
    mounts = _mounts()
    found = {}
    for path in paths:
        try:
            if os.path.isabs(path) and os.path.exists(path):  # noqa: PTH117, PTH110 - thousands of them
                found[path] = _disk(Path(path), mounts)
        except OSError:
            continue
    return found


def freed_bytes(folder: str, paths: Iterable[str]) -> int:
    """Sum what the removal of files below a folder frees: nothing of a file that another name leads to as well.

    Raises OSError when one of them is not there.
    """
    found = [(Path(folder) / path).lstat() for path in paths]
    return sum(
        min(one.st_size, one.st_blocks * _BLOCK_BYTES)
        for one in found
        if stat.S_ISREG(one.st_mode) and one.st_nlink == 1
    )


_BLOCK_BYTES = 512  # of st_blocks, whatever the file system (stat(3type))
