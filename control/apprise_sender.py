"""Sending through Apprise, in a process of its own for each message."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from control.apprise_process import Message, Sent
from qbitrr import logs
from qbitrr.config.address import kind_of
from qbitrr.process import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from control.message_text import Body

_log = logs.get(__name__)


async def send_by_apprise(urls: Sequence[str], title: str, body: Body) -> bool:
    """Send a message to all addresses; returns whether all were reached. Raises OSError as `deliver` does."""
    return (await deliver(urls, title, body)).reached


async def deliver(urls: Sequence[str], title: str, body: Body) -> Sent:
    """Send a message to all addresses in a process of its own, which is killed when this is cancelled.

    Returns what came of it, nothing when the process failed. Raises OSError when it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "control.apprise_process",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )  # fmt: skip
    try:
        output, _ = await process.communicate(msgspec.json.encode(Message(tuple(urls), title, body.plain, body.html)))
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        sent = msgspec.json.decode(output, type=Sent)
    except msgspec.MsgspecError:
        _log.error("notification was not sent", because=f"its process ended with code {process.returncode}")
        return Sent()
    if sent.is_missing:
        _log.error("notification was not sent", remedy="install qbitrrd[notify]")
    for position in sent.rejected:
        _log.error("notification address was rejected by Apprise", kind=kind_of(urls[position]), position=position)
    for position in sent.missed:
        _log.warning("notification address was not reached", kind=kind_of(urls[position]), position=position)
    return sent
