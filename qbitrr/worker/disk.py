"""Looking at paths of torrents on disks that may be slow, gone or somewhere else altogether."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

_SECONDS = 5.0


async def on_disk(otherwise: T, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do something that may hang for ever, as on a lost network disk, in a thread of its own.

    Returns `otherwise` when it did not end within five seconds, or raised an OSError.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def tell(value: T, fault: Exception | None) -> None:
        if answer.done():
            return
        if fault is None:
            answer.set_result(value)
        else:
            answer.set_exception(fault)

    def run() -> None:
        value, fault = otherwise, cast("Exception | None", None)
        try:
            value = work(*args, **kwargs)
        except OSError:  # nothing is known then, which is what `otherwise` stands for
            pass
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            fault = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, value, fault)

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
    """Those of the relative paths that are plain files below a folder, links and ways out of it left aside."""
    root = Path(folder)
    return [path for path in relative if _is_inside(root, path) and (root / path).is_file()]


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


def _is_inside(root: Path, relative: str) -> bool:
    """Whether a path leads below the folder without a link or a step back on its way."""
    real = root.resolve()
    place = real / relative
    return place.is_relative_to(real) and place.resolve() == place
