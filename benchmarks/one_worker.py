"""The torrent loop of a worker, in this process."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.data_dir import STATE_FILE
from qbitrr.state import migrate
from qbitrr.state.database import open_writer
from qbitrr.state.logins import LoginRegister
from qbitrr.worker.channel import Channel
from qbitrr.worker.config import worker_configs
from qbitrr.worker.context import WorkerContext
from qbitrr.worker.report import Report
from qbitrr.worker.services import connect
from qbitrr.worker.torrents.loop import TorrentLoop

if TYPE_CHECKING:
    from contextlib import AsyncExitStack


async def opened(stack: AsyncExitStack, text: str) -> TorrentLoop:
    """A torrent loop by the configuration in `text`, ready for its first pass."""
    logs.configure("INFO", None, logs.MAIN_FILE, str)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    migrate.prepare(folder / STATE_FILE)
    config = worker_configs(load_text(text, {}).config, str(folder / STATE_FILE), None)[0]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stack.callback(theirs.close)
    ours.setblocking(False)
    channel = Channel(ours)
    stack.callback(channel.close)
    database = await stack.enter_async_context(open_writer(folder / STATE_FILE))
    register = LoginRegister(database, folder / "lock", Clock())
    clients = await stack.enter_async_context(connect(config, register, database, Clock()))
    loop = TorrentLoop(WorkerContext(config, clients, database, Report(channel), Clock()))
    stack.push_async_callback(loop.close)
    await loop.load()
    return loop
