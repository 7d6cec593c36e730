"""The services of the benchmark of chaos, in a process of their own: `python -m benchmarks.failing_services`.

Five Radarrs of 1,000 movies, five Sonarrs of 1,000 episodes. Prints the configuration and a form feed once they listen;
for the line `fail` some of the Arrs refuse, hang, answer late or with an error, for `heal` all are well again.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from qbitrr.sandbox.__main__ import END_OF_CONFIG
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Down, Fault, Hang, SlowFirstByte, Status

SECTIONS = [
    *(Section(f"Radarr-{one}", "radarr", 1_000) for one in range(0, 10, 2)),
    *(Section(f"Sonarr-{one}", "sonarr", 20, episodes=1_000) for one in range(1, 10, 2)),
]
FAULTS: dict[str, Fault] = {
    "Radarr-6": Down(),
    "Sonarr-7": Hang(),
    "Radarr-8": SlowFirstByte(5.0),
    "Sonarr-9": Status(503, retry_after=1),
}


async def serve() -> None:
    async with Sandbox(SECTIONS, has_past=False) as sandbox:
        sys.stdout.write(f"{sandbox.config_toml({'Settings': {'LoopSleepTimer': 5}})}{END_OF_CONFIG}")
        sys.stdout.flush()
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            for name, fault in FAULTS.items():
                if line == "fail\n":
                    await sandbox.arrs[name].fail(fault)
                else:
                    await sandbox.arrs[name].heal()


if __name__ == "__main__":
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # of answers to workers that were killed meanwhile
    asyncio.run(serve())
