"""The services of a worker, on a thread whose CPU time is not counted."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.sandbox import Sandbox, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = 1_790_000_000.0


@contextmanager
def services(
    add_torrents: Callable[[Sandbox], None],
    changes: dict[str, Any],
    *,
    items: int = 10,
    clock: Callable[[], float] = lambda: NOW,
) -> Iterator[tuple[Sandbox, str]]:
    """A Radarr of `items` movies and a qBittorrent, and the text of a configuration that contains `changes`.

    By default their time does not move: real programs report no change when torrents only get older.
    """
    ready: Future[tuple[Sandbox, str]] = Future()
    loop, end = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        arr = Section("Radarr-HD", "radarr", items)
        async with Sandbox([arr], has_past=False, clock=clock, qbittorrent_version="5.3.0") as sandbox:
            add_torrents(sandbox)
            ready.set_result((sandbox, sandbox.config_toml(changes)))
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    try:
        yield ready.result(60)
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
