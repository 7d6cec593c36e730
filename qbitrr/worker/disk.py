"""Looking at paths of torrents on disks that may be slow, gone or somewhere else altogether."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

_SECONDS = 5.0


async def on_disk(otherwise: T, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do something that may hang for ever, as on a lost network disk, in a thread of its own.

    Returns `otherwise` when it did not end within five seconds, or when the disk or the path was at fault (OSError,
    ValueError). Any other exception is raised.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(tell: Callable[[Any], None], said: object) -> None:
        if not answer.done():
            tell(said)

    def run() -> None:
        tell: Callable[[Any], None] = answer.set_result
        said: object
        try:
            said = work(*args, **kwargs)
        except (OSError, ValueError):  # nothing is known then, which is what `otherwise` stands for
            said = otherwise
        except Exception as error:  # noqa: BLE001 - raised where the answer is awaited
            tell, said = answer.set_exception, error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, tell, said)

    threading.Thread(target=run, daemon=True).start()  # not one of a pool, which would wait for it at the end
    try:
        async with asyncio.timeout(_SECONDS):
            return await answer
    except TimeoutError:
        return otherwise


def has_content(path: str) -> bool:
    """Whether a file, or a folder that is not empty, is seen from here."""
    if not os.path.isabs(path):  # noqa: PTH117 - a text of another machine, not yet a path of ours
        return False
    place = Path(path)
    return any(place.iterdir()) if place.is_dir() else place.exists()


def existing_below(folder: str, relative: list[str]) -> list[str]:
    """Those of the relative paths that are plain files below a folder and are reached over no link and no `..`."""
    root = Path(folder)
    return [path for path in dict.fromkeys(relative) if _is_straight(root, path) and (root / path).is_file()]


def delete_below(folder: str, relative: list[str]) -> int:
    """Delete plain files below a folder, and the folders that got empty by that; returns the number of files."""
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
