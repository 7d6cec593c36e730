"""Paths of torrents on disks that may be slow, gone or on another machine."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

P = ParamSpec("P")
T = TypeVar("T")

_SECONDS = 5.0
_MOST_HANGING = 4
"""Threads for one kind of work that did not end in time: nothing can end them, and they are limited for a service."""

_late: defaultdict[str, list[threading.Thread]] = defaultdict(list)


async def on_disk(otherwise: T, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work`, which may never end, as on a lost network disk, in a thread of its own.

    Returns `otherwise` when it did not end within five seconds, or when the disk or the path was at fault (OSError,
    ValueError); at once while the same work was asked for several times and still has not ended. Any other exception
    is raised.
    """
    late = _late[getattr(work, "__qualname__", type(work).__qualname__)]
    late[:] = filter(threading.Thread.is_alive, late)
    if len(late) >= _MOST_HANGING:
        return otherwise
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(how: Callable[[Any], None], outcome: object) -> None:
        if not answer.done():
            how(outcome)

    def run() -> None:
        how: Callable[[Any], None] = answer.set_result
        outcome: object
        try:
            outcome = work(*args, **kwargs)
        except (OSError, ValueError):  # nothing is known then, which is what `otherwise` stands for
            outcome = otherwise
        except Exception as error:  # noqa: BLE001 - raised where the answer is awaited
            how, outcome = answer.set_exception, error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, how, outcome)

    thread = threading.Thread(target=run, daemon=True)  # a pool waits for its threads at the exit of the process
    thread.start()
    try:
        async with asyncio.timeout(_SECONDS):
            return await answer
    except TimeoutError:
        return otherwise
    finally:
        if answer.cancelled():
            late.append(thread)


def has_content(path: str) -> bool:
    """Whether a path leads to a file, or to a folder that is not empty, on this machine."""
    if not os.path.isabs(path):  # noqa: PTH117 - text of another machine, not yet a path of this one
        return False
    place = Path(path)
    return any(place.iterdir()) if place.is_dir() else place.exists()


def has_files(folder: str, sizes: Mapping[str, int]) -> bool:
    """Whether all files below a folder are there in full; `sizes` are in bytes, by relative path."""
    root = Path(folder)
    return root.is_absolute() and all((root / path).stat().st_size == size for path, size in sizes.items())


def existing_below(folder: str, relative: list[str]) -> list[str]:
    """Find the relative paths that are plain files below a folder, reached over no link and no `..`."""
    root = Path(folder)
    return [path for path in dict.fromkeys(relative) if _is_straight(root, path) and (root / path).is_file()]


def delete_below(folder: str, relative: list[str]) -> int:
    """Delete plain files below a folder, and folders that became empty by that; returns the number of files."""
    root = Path(folder)
    paths = existing_below(folder, relative)
    for path in paths:
        place = root / path
        place.unlink()
        parent = place.parent
        while parent != root and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent
    return len(paths)


def _is_straight(root: Path, relative: str) -> bool:
    return os.path.realpath(root / relative) == f"{os.path.realpath(root)}/{relative}"
