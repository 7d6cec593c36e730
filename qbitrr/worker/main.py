"""The life of a worker process: hello, configuration, work until it is stopped or its supervisor is gone."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from qbitrr import ipc, logs, process
from qbitrr.config.redact import redact_text
from qbitrr.errors import StateError
from qbitrr.state import title_index
from qbitrr.state.integrity import is_damage
from qbitrr.worker import config as configuration
from qbitrr.worker.channel import Channel
from qbitrr.worker.run import work

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

    from qbitrr.worker.config import WorkerConfig

_log = logs.get(__name__)


UNUSABLE = 78
"""Exit code of a worker that cannot use its configuration (EX_CONFIG of sysexits.h)."""
DAMAGED = 65
"""Exit code of a worker that found the state file damaged (EX_DATAERR)."""
STACKS_SIGNAL = signal.SIGUSR1
"""Signal for writing the stacks of all threads, also of a worker that holds the interpreter or waits for a lock."""


def main(channel: socket.socket, stacks: int) -> int:
    """Run on one end of a channel; `stacks` is the descriptor of the file for the stacks of all threads.

    Returns the exit code: 0 when asked to end, 1 after an error, UNUSABLE, or DAMAGED.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the supervisor too, which stops its workers
    process.die_with_parent()
    faulthandler.enable(stacks)
    faulthandler.register(STACKS_SIGNAL, stacks)
    channel.setblocking(False)
    return asyncio.run(_live(channel))


async def _live(channel: socket.socket) -> int:
    stop, link = asyncio.Event(), Channel(channel)

    def on_stop() -> None:
        link.send(ipc.Stopping())
        stop.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, on_stop)
    link.send(ipc.Hello(ipc.PROTOCOL, os.getpid()))
    messages = link.messages()
    try:
        config = await _configured(messages, stop)
    except msgspec.MsgspecError as error:
        link.send(ipc.Goodbye(f"its configuration cannot be used: {error}"))
        return UNUSABLE
    if config is None:
        return 0
    _set_up(config)
    code = 0
    try:
        reason = await work(config, link, messages, stop)
    except Exception as error:  # noqa: BLE001 - the outermost handler of the process
        _log.exception("worker failed")
        reason, code = await _failure(error, Path(config.state_file))
    link.send(ipc.Goodbye(reason))
    link.close()
    return code


async def _failure(error: Exception, state_file: Path) -> tuple[str, int]:
    """Return why the worker ends, and its exit code. The index of titles is mended, so that the next process goes on.

    A damaged state file is left to the supervisor.
    """
    if not is_damage(error):
        return "an unexpected error", 1
    try:
        damage = await asyncio.to_thread(title_index.mend, state_file)
    except StateError as left:
        _log.error("index of titles could not be mended", error=str(left))
        damage = None
    if damage is None:
        return "the state file is damaged", DAMAGED
    _log.error("index of titles was damaged", damage=damage, remedy="it was built again from the titles")
    return "the index of titles was damaged", 1


async def _configured(messages: AsyncIterator[ipc.ToWorker], stop: asyncio.Event) -> WorkerConfig | None:
    """Wait for the first Configure; None when the worker is stopped before."""

    async def first() -> WorkerConfig | None:
        async for message in messages:
            if isinstance(message, ipc.Configure):
                return configuration.decode(message.config)
        return None

    waiting = {asyncio.ensure_future(first()), asyncio.ensure_future(stop.wait())}
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    found = done.pop().result()
    return found if isinstance(found, configuration.WorkerConfig) else None


def _set_up(config: WorkerConfig) -> None:
    category = config.name
    process.set_process_name(f"qb {category}")
    folder = Path(config.log_folder) if config.log_folder else None
    hide = partial(redact_text, secrets=config.secrets)
    logs.configure(config.settings.console_level, folder, logs.file_name(category), hide)
    logs.bind(category=category)
