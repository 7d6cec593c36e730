"""Running a program of an update: its lines are told as they come, and its last ones are the reason when it fails."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from qbitrr.errors import UpdateFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Say = Callable[[str], None]

_KEPT_LINES = 12
_LONGEST_LINE = 2_000


async def run(what: str, command: Sequence[str], environ: Mapping[str, str], seconds: float, say: Say) -> str:
    """The last lines of a program that ended well in time. Raises UpdateFailedError, which names `what`."""
    process = await asyncio.create_subprocess_exec(
        *command, env=dict(environ), limit=1 << 20, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    try:
        async with asyncio.timeout(seconds):
            await listen(process, lines, say)
            code = await process.wait()
    except TimeoutError:
        raise UpdateFailedError(f"{what} took longer than {seconds:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code != 0:
        raise UpdateFailedError(f"{what} failed: {told(lines) or f'exit code {code}'}")
    return told(lines)


async def listen(process: asyncio.subprocess.Process, lines: deque[str], say: Say) -> None:
    """Keep the last lines of a process until it says no more."""
    assert process.stdout is not None
    async for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip()[:_LONGEST_LINE]
        if line:
            lines.append(line)
            say(line)


def told(lines: deque[str]) -> str:
    """The lines as one text."""
    return "; ".join(lines)
