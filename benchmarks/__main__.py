"""Runs the benchmarks: without names all of them, and keeps the result; with names those, and keeps nothing."""

from __future__ import annotations

import compileall
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import (
    chaos,
    control_plane,
    decisions,
    first_sync,
    footprint,
    hammered,
    household,
    imports,
    large_library,
    long_ledger,
    million_episodes,
    open_pages,
    page,
    removals,
    replacement,
    results,
    seeding,
    slow_readers,
)
from benchmarks.machine import this_machine
from benchmarks.report import Report
from qbitrr import __version__

PACKAGES = ("qbitrr", "supervisor", "control")

if TYPE_CHECKING:
    from types import ModuleType

BENCHMARKS = (
    decisions,
    seeding,
    control_plane,
    page,
    footprint,
    household,
    first_sync,
    hammered,
    removals,
    replacement,
    chaos,
    large_library,
    million_episodes,
    long_ledger,
    open_pages,
    slow_readers,
    imports,
)


def main(names: list[str]) -> int:
    """Run the benchmarks and return the exit code: 1 when one of them failed, 2 for a name that there is not."""
    known = {module.__name__.rpartition(".")[2]: module for module in BENCHMARKS}
    if unknown := set(names) - set(known):
        print(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    for package in PACKAGES:  # as an installation is, also where Python itself writes no bytecode
        compileall.compile_dir(Path(package), quiet=1)
    report, started = Report(), time.monotonic()
    completed = [_run(name, known[name], report) for name in names or known]
    minutes = (time.monotonic() - started) / 60
    broken = [one.name for section in report.sections for one in section.measurements if one.is_broken]
    print(f"\n{minutes:.1f} minutes, {len(broken)} promises broken")
    if not names:
        today = datetime.now(UTC).date().isoformat()
        result = results.Result(__version__, today, round(minutes, 1), this_machine(), report.sections)
        text = results.FILE.read_text() if results.FILE.exists() else ""
        results.FILE.write_text(results.with_result(text, result))
        print(f"kept in {results.FILE}; `make docs` renews the page of it")
    return 0 if all(completed) else 1


def _run(name: str, module: ModuleType, report: Report) -> bool:
    """Run a benchmark; its error does not cost the numbers of the others. False when it failed."""
    started = time.monotonic()
    try:
        module.run(report)
    except Exception as error:  # noqa: BLE001 - printed whole, and the run fails for it in the end
        traceback.print_exc()
        report.missing(f"the rest of {name}", f"it failed with {type(error).__name__}")
        return False
    print(f"  ({time.monotonic() - started:.0f} s)")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
