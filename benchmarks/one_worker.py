"""A worker's rooms put together in this process, with services on a thread of their own whose cost is not counted."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.sandbox.serve import Sandbox, Section
from qbitrr.state import migrate
from qbitrr.state.database import FILE_NAME, open_writer
from qbitrr.state.logins import LoginRegister
from qbitrr.worker.configuration import worker_configs
from qbitrr.worker.link import Link
from qbitrr.worker.report import Report
from qbitrr.worker.services import connect
from qbitrr.worker.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = 1_790_000_000.0  # it stands still: real programs are silent about torrents that only get older


@contextmanager
def services(add_torrents: Callable[[Sandbox], None], changes: dict[str, Any]) -> Iterator[tuple[Sandbox, str]]:
    """A Radarr and a qBittorrent, and the text of a configuration with `changes` laid over it."""
    ready: Future[tuple[Sandbox, str]] = Future()
    loop, end = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        arr = Section("Radarr-HD", "radarr", 10)
        async with Sandbox([arr], has_past=False, clock=lambda: NOW, qbittorrent_version="5.3.0") as sandbox:
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


async def opened(stack: AsyncExitStack, text: str) -> Watch:
    """The torrents' part of a worker, ready for its first pass."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    migrate.prepare(folder / FILE_NAME)
    config = worker_configs(load_text(text, {}).config, str(folder / FILE_NAME), None)[0]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stack.callback(theirs.close)
    ours.setblocking(False)
    link = Link(ours)
    stack.callback(link.close)
    database = await stack.enter_async_context(open_writer(folder / FILE_NAME))
    clients = await stack.enter_async_context(connect(config, LoginRegister(database, folder / "lock", Clock())))
    watch = Watch(config, clients, database, Report(link), Clock())
    stack.push_async_callback(watch.close)
    await watch.begin()
    return watch
