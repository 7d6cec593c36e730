"""Weight of the page as browsers load it, its first view in one of them, and the cost of its list of torrents."""

from __future__ import annotations

import asyncio
import posixpath
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from control.web import static_page
from qbitrr.sandbox.sandbox import Sandbox
from qbitrr.state import migrate, verdict_list, verdicts
from qbitrr.state.database import open_writer
from tests.support.daemon import CHECKOUT, Daemon

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.report import Report

FIRST_VISIT_KB = 60.0
FURTHER_VIEW_KB = 15.0
FIRST_VIEW_MS = 300.0
_FRAME = ("index.html", "tokens.css", "style.css", "favicon.svg")
_IMPORT = re.compile(r'^(?:import|export)[^"]*"(\.[^"]+)";?$', re.MULTILINE)
_MANY = 100_000
_BROWSER_PYTHON = CHECKOUT / ".venv-dev" / "bin" / "python"
_CHROMIUM = Path("/usr/bin/chromium")
_SETTLING_SECONDS = 10.0


def first_visit(page: static_page.Page) -> set[str]:
    """The files that a browser reads for the overview."""
    return _imported(page, "views/overview.js", _imported(page, "app.js", set(_FRAME)))


def further_views(page: static_page.Page) -> dict[str, float]:
    """Kilobytes that each view adds to the first visit."""
    known = first_visit(page)
    views = [name for name in page.files if name.startswith("views/")]
    return {name: kilobytes(page, _imported(page, name, set()) - known) for name in views}


def kilobytes(page: static_page.Page, names: Iterable[str]) -> float:
    """Their size as they are sent."""
    return sum(len((file.gzipped or file.plain).body) for file in (page.files[name] for name in names)) / 1000


def _imported(page: static_page.Page, name: str, known: set[str]) -> set[str]:
    """Add a module and all that it imports at once."""
    if name not in known:
        known.add(name)
        for relative in _IMPORT.findall(page.files[name].plain.body.decode()):
            _imported(page, posixpath.normpath(posixpath.join(posixpath.dirname(name), relative)), known)
    return known


def run(report: Report) -> None:
    report.heading("Page")
    started = time.perf_counter()
    page = static_page.compress(static_page.read())
    report.line("reading and compressing it", (time.perf_counter() - started) * 1000, "ms", 200)
    report.line("first visit, compressed", kilobytes(page, first_visit(page)), "kB", FIRST_VISIT_KB)
    for name, size in sorted(further_views(page).items()):
        report.line(f"{name} adds", size, "kB", FURTHER_VIEW_KB)
    asyncio.run(_torrents(report))
    asyncio.run(_first_view(report))


async def _first_view(report: Report) -> None:
    """Measure in a browser, which only the environment of the developers can steer."""
    name = "first contentful paint"
    if not (_BROWSER_PYTHON.exists() and _CHROMIUM.exists()):  # noqa: ASYNC240 - nothing else runs
        report.missing(name, "there is no .venv-dev, or no Chromium: `make test` brings both")
        return
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox() as sandbox, Daemon(Path(folder), sandbox.config_toml()) as daemon:
            await daemon.all_running()
            await asyncio.sleep(_SETTLING_SECONDS)
            command = (_BROWSER_PYTHON, "-m", "benchmarks.first_view", _CHROMIUM, f"{daemon.url}/ui#/overview")
            browser = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
            printed, _ = await browser.communicate()
    if browser.returncode:
        report.missing(name, "the browser failed")
    else:
        first, largest = map(float, printed.split())
        report.line(name, first, "ms", FIRST_VIEW_MS)
        report.line("largest contentful paint, with the cards of the workers", largest, "ms")


async def _torrents(report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        migrate.prepare(path)
        async with open_writer(path) as database:
            trace = [{"rule": "imported", "outcome": "stop", "because": "it has been imported", "facts": {}}] * 10
            for first in range(0, _MANY, 10_000):
                rows = [
                    verdicts.StoredVerdict(
                        f"cat-{number % 4}", "qBit", f"{number:040}", f"Torrent {number * 7919 % _MANY:06}", "nothing",
                        "imported", "it has been imported", trace, float(number),
                    )
                    for number in range(first, first + 10_000)
                ]  # fmt: skip
                await verdicts.store(database, rows)
            everything = verdict_list.VerdictFilter()
            middle = verdict_list.Place("Torrent 050000", "cat-0", "qBit", "")
            for order, place in (("name", None), ("name", middle), ("since", None)):
                started = time.perf_counter()
                await verdict_list.page(database, 100, order, everything, place)
                what = f"100 of 100,000 torrents by {order}{' from the middle' if place else ''}"
                report.line(what, (time.perf_counter() - started) * 1000, "ms", 50)
            started = time.perf_counter()
            await verdict_list.kinds(database)
            report.line("counts of 100,000 torrents", (time.perf_counter() - started) * 1000, "ms", 200)
