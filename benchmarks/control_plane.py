"""Throughput of the control plane, as a share of a bare handler that returns the same bytes in the same run."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from benchmarks import bare_query
from benchmarks.bare_server import copy_answer
from qbitrr.data_dir import DataDir
from qbitrr.state import listing
from qbitrr.state.listing import ORDERS, PageRange

if TYPE_CHECKING:
    from benchmarks.bare_query import Reading
    from benchmarks.report import Report

PORT = 46971
CLIENTS = 16
BARE = "a bare handler with the same bytes"
SECONDS = 3.0
QUERIED_PAGES = 30
BIG = "/web/radarr/big/movies"
SHARES = {
    "/web/status": 0.7,
    "/web/processes": 0.7,
    BIG: 0.5,
    f"{BIG}?monitored=true&has_file=false&year_min=1990&year_max=2010": 0.5,
    f"{BIG}?q=matrix": 0.5,
    f"{BIG}?q=ma": 0.5,
    "/web/sonarr/tv/series?page_size=25": 0.4,
}


def run(report: Report) -> None:
    report.heading(f"Control plane: 100,000 movies, {CLIENTS} clients")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.control_server", folder, str(PORT)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            server.stdout.readline()
            asyncio.run(_measure(report, DataDir(Path(folder)).state_file))
        finally:
            server.terminate()
            server.wait()


async def _measure(report: Report, state_file: Path) -> None:
    for path, promise in SHARES.items():
        await asyncio.to_thread(copy_answer, PORT, path, PORT + 1)
        bare = await _throughput(PORT + 1, [path])
        ours = await _throughput(PORT, [path])
        report.line(f"{path}", ours, "per s")
        report.at_least(f"{path}, relative", ours / bare, "share", promise, of=BARE)
    pages = [f"{BIG}?page={number}" for number in range(2000)]
    report.line("2000 pages, each of them once", await _throughput(PORT, pages), "per s")
    # each is requested once, so that no answer comes from the cache
    plain = [f"page={number}" for number in range(19)]
    filtered = [f"monitored=true&year_min={year}&year_max={year + 20}&page_size=20" for year in range(1950, 1990)]
    for what, queries in (("page", plain), ("page with filters", filtered)):
        big, small = [await _median([f"/web/radarr/{name}/movies?{q}" for q in queries]) for name in ("big", "small")]
        report.line(f"{what} of 100,000", big / small, "times", 1.3, of="one of 1,000")
    await _queries(report, state_file)
    for column in ORDERS["movies"]:
        start, end = [await _following(f"{BIG}?sort={column}", page) for page in (0, 1985)]
        report.line(f"by {column}: a page at the end", end / start, "times", 1.5, of="one at the start")


async def _queries(report: Report, state_file: Path) -> None:
    """Pages of which no answer was kept, one at a time, beside their queries alone."""
    everything, order = listing.MovieFilter(), listing.Order("year")
    pages = range(QUERIED_PAGES)
    movies: list[Reading] = [
        partial(listing.movies, category="big", title="", chosen=everything, span=PageRange(page, 50), order=order)
        for page in pages
    ]
    series: list[Reading] = [
        partial(listing.series, category="tv", title="", span=PageRange(page, 25), order=order, missing=False)
        for page in pages
    ]
    for what, path, readings in (
        ("50 movies", f"{BIG}?sort=year&page_size=50", movies),
        ("25 series", "/web/sonarr/tv/series?sort=year&page_size=25", series),
    ):
        ours = await _median([f"{path}&page={page}" for page in pages])
        bare = await bare_query.median_seconds(state_file, readings)
        report.line(f"{what} that were not asked for before, one client", 1000 * ours, "ms")
        report.line(f"{what}, relative", ours / bare, "times", of="their queries alone")


async def _throughput(port: int, paths: list[str]) -> float:
    until = time.monotonic() + SECONDS
    in_turn = cycle(paths)
    counts = await asyncio.gather(*(_client(port, in_turn, until) for _ in range(CLIENTS)))
    return sum(counts) / SECONDS


async def _client(port: int, paths: cycle[str], until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.monotonic() < until:
        await _request(reader, writer, next(paths))
        count += 1
    writer.close()
    return count


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> bytes:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


async def _following(path: str, page: int) -> float:
    """Median seconds of the pages that go on after a page that is found by its number."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    answer = await _request(reader, writer, f"{path}&page={page}")
    took = []
    for _ in range(12):
        after = quote(json.loads(answer)["next"])
        start_time = time.perf_counter()
        answer = await _request(reader, writer, f"{path}&after={after}")
        took.append(time.perf_counter() - start_time)
    writer.close()
    return statistics.median(took)


async def _median(paths: list[str]) -> float:
    """Median seconds of an answer, with one request at a time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    took = []
    for path in paths:
        start_time = time.perf_counter()
        await _request(reader, writer, path)
        took.append(time.perf_counter() - start_time)
    writer.close()
    return statistics.median(took)
