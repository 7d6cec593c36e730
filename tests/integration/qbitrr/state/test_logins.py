"""The turn to log in, when a real process dies that has it."""

import asyncio
import sys

import pytest

from qbitrr.clock import Clock
from qbitrr.state.database import open_writer
from qbitrr.state.logins import LoginRegister


async def test_the_turn_of_a_process_that_died_while_trying_is_free_at_once(state_file):
    lock = state_file.with_name("logins.lock")
    holder = f"""
import os, signal
from pathlib import Path
from qbitrr.state import logins
descriptor = os.open(Path({str(lock)!r}), os.O_RDWR | os.O_CREAT)
assert logins._lock(descriptor, "qBit")
print("holds", flush=True)
signal.pause()
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", holder, stdout=asyncio.subprocess.PIPE)
    assert await process.stdout.readline() == b"holds\n"
    async with open_writer(state_file) as database:
        register = LoginRegister(database, lock, Clock())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), register.attempt("qBit", lambda: "f"):
                pytest.fail("took a turn that is somebody else's")
        process.kill()
        await process.wait()
        async with asyncio.timeout(5), register.attempt("qBit", lambda: "f"):
            pass
