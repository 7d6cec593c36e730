"""A first full sync, relative to receiving and decoding the same answers in the same run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.processes import config_of, start
from qbitrr.arr import library
from qbitrr.arr.models import Album, Artist, Movie, Series
from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.data_dir import STATE_FILE
from qbitrr.state import migrate
from qbitrr.state.database import open_writer
from qbitrr.state.logins import LoginRegister
from qbitrr.worker.config import worker_configs
from qbitrr.worker.library.fetch import full_sync
from qbitrr.worker.services import connect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.report import Report
    from qbitrr.arr.client import ArrClient
    from qbitrr.state.database import Database
    from qbitrr.worker.config import WorkerConfig

TIMES = 4
PROMISE_TIMES = 1.3
SERIES_AT_ONCE = 4
DECODING = "receiving and decoding the same answers"
LIBRARIES = {"radarr": "10,000 movies", "sonarr": "30,000 episodes", "lidarr": "1,000 artists"}


class Seconds(NamedTuple):
    """Of time, and of CPU of this process."""

    passed: float
    cpu: float


def run(report: Report) -> None:
    report.heading("First full syncs")
    services = start([sys.executable, "-m", "benchmarks.large_services"], subprocess.PIPE)
    try:
        config = load_text(config_of(services), {}).config
        runnable = [one for one in worker_configs(config, "", None) if one.arr_section is not None]
        of_kind: dict[str, WorkerConfig] = {one.arr.kind: one for one in runnable}
        for kind, what in LIBRARIES.items():
            decoding, sync = asyncio.run(_measured(of_kind[kind]))
            report.line(f"{what}, in step with the Arr", sync.passed, "s")
            ratio = sync.passed / decoding.passed
            report.line(f"{what}, relative", ratio, "times", PROMISE_TIMES, of=DECODING)
            report.line(f"{what}, CPU, relative", sync.cpu / decoding.cpu, "times", of=DECODING)
    finally:
        services.terminate()
        services.wait()


async def _measured(config: WorkerConfig) -> tuple[Seconds, Seconds]:
    """The least of decoding alone and of a sync into an empty state, in turns: nothing makes either of them faster."""
    rounds = [(await _seconds(config, _decode), await _seconds(config, _sync)) for _ in range(TIMES)]
    decoding, syncs = ([one[place] for one in rounds] for place in (0, 1))
    return _least(decoding), _least(syncs)


def _least(seconds: list[Seconds]) -> Seconds:
    return Seconds(*(min(numbers) for numbers in zip(*seconds, strict=True)))


async def _seconds(config: WorkerConfig, work: Callable[[ArrClient, Database, str], Awaitable[object]]) -> Seconds:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        migrate.prepare(folder / STATE_FILE)
        database = await stack.enter_async_context(open_writer(folder / STATE_FILE))
        register = LoginRegister(database, folder / "lock", Clock())
        clients = await stack.enter_async_context(connect(config, register, database, Clock()))
        started, cpu = time.perf_counter(), time.process_time()
        await work(clients.arr, database, config.arr.category)
        return Seconds(time.perf_counter() - started, time.process_time() - cpu)


async def _sync(client: ArrClient, database: Database, category: str) -> None:
    await full_sync(client, database, category, "http://arr", Clock())


async def _decode(client: ArrClient, _database: Database, _category: str) -> None:
    """Ask as a sync does; long lists are decoded whole, as nothing else is to be done with them."""
    match client.kind.name:
        case "radarr":
            movies = await client.get("movie", list[Movie], excludeLocalCovers=True)
            unscored = [one.id for one in movies if one.movie_file and one.movie_file.custom_format_score is None]
            for first in range(0, len(unscored), library.FILES_PER_REQUEST):
                await library.movie_files(client, unscored[first : first + library.FILES_PER_REQUEST])
        case "sonarr":
            slots = asyncio.Semaphore(SERIES_AT_ONCE)

            async def decode_episodes(series: Series) -> None:
                async with slots:
                    await library.episodes(client, series)

            listed = await client.get("series", list[Series], includeSeasonImages=False)
            await asyncio.gather(*map(decode_episodes, listed))
        case _:
            await client.get("artist", list[Artist])
            await client.get("album", list[Album])
