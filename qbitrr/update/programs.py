"""Programs that an update runs: pip, venv and the new version, each with a time limit and an environment of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from qbitrr.errors import UpdateFailedError
from qbitrr.process import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    OnLine = Callable[[str], None]

REQUIREMENTS = "requirements.txt"
"""The file of a folder of wheels that lists all of them with their hashes."""

CODE_UMASK = 0o022
"""What is installed is for every user: the commands may be run by another one than the daemon."""

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_KEPT_LINES = 12
_LONGEST_LINE = 2_000  # characters


def clean_environ(**more: str) -> dict[str, str]:
    """The environment of a program that needs nothing of ours: no secrets, and no configuration of pip or Python."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    quiet = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}
    return {**kept, **quiet, "PIP_NO_INPUT": "1", **more}


def python(interpreter: str, *arguments: str) -> list[str]:
    """The command of an isolated Python: neither the working folder nor the user's packages can be imported."""
    return [interpreter, "-I", *arguments]


def installing(interpreter: str, wheels: Path) -> list[str]:
    """The command that installs exactly the wheels of a folder: no index, no other bytes, no code of a build."""
    return python(
        interpreter, "-m", "pip", "install", "--no-index", "--no-deps", "--require-hashes", "--only-binary", ":all:",
        "--find-links", str(wheels), "--requirement", str(wheels / REQUIREMENTS),
    )  # fmt: skip


async def run(what: str, command: Sequence[str], environ: Mapping[str, str], seconds: float, on_line: OnLine) -> str:
    """Run a program; its last output as one text. Raises UpdateFailedError, which names `what`.

    When it does not end in time, everything that it started is killed with it.
    """
    process = await asyncio.create_subprocess_exec(
        *command, env=dict(environ), limit=1 << 20, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        preexec_fn=die_with_parent, umask=CODE_UMASK,
    )  # fmt: skip
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    ended = False
    try:
        async with asyncio.timeout(seconds):
            await follow(process, lines, on_line)
            code = await process.wait()
        ended = True
    except TimeoutError:
        raise UpdateFailedError(f"{what} did not end within {seconds:g} s") from None
    finally:
        if not ended:
            _kill_group(process.pid)
            await process.wait()
    if code != 0:
        raise UpdateFailedError(f"{what} failed: {joined(lines) or f'exit code {code}'}")
    return joined(lines)


def run_blocking(what: str, command: Sequence[str], environ: Mapping[str, str], seconds: float) -> None:
    """Run a program where no event loop runs any more; as `run`."""
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, umask=CODE_UMASK,
    ) as process:  # fmt: skip
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise UpdateFailedError(f"{what} did not end within {seconds:g} s") from None
        finally:
            if process.returncode is None:
                _kill_group(process.pid)
    if process.returncode != 0:
        raise UpdateFailedError(f"{what} failed: {output.decode(errors='replace')[-500:].strip()}")


async def follow(process: asyncio.subprocess.Process, lines: deque[str], on_line: OnLine) -> None:
    """Keep the last output lines of a process and pass each to `on_line`, until it closes its output."""
    assert process.stdout is not None
    async for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip()[:_LONGEST_LINE]
        if line:
            lines.append(line)
            on_line(line)


def joined(lines: deque[str]) -> str:
    """Join lines to one text."""
    return "; ".join(lines)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
