"""The whole suite in two passes: four at a time, then alone what measures time. One closing line for both.

python -m tests.support.passes      exit code 0 when all tests passed
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import timedelta
from pathlib import Path

PASSES = {
    # a file stays in one process, with what its tests share; the slow folders come first
    "parallel": ["-n", "4", "--dist", "loadfile", "--no-loadscope-reorder", "-m", "not serial"],
    "serial": ["-m", "serial"],
}
BOUNDED = ["--tb=short", "--maxfail=50"]
WIDTH = 80


def main() -> int:
    """Run both passes, also when the first one fails, and print the sum in the manner of pytest."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        results = {name: _run(arguments, Path(folder) / f"{name}.xml") for name, arguments in PASSES.items()}
    for name, (code, _) in results.items():
        if code:
            print(f"the {name} pass ended with exit code {code}")
    counts = sum((counts for _, counts in results.values()), Counter())
    print(closing_line(counts, time.monotonic() - began))
    return max(code for code, _ in results.values())


def _run(arguments: list[str], report: Path) -> tuple[int, Counter[str]]:
    """Run one pass; returns its exit code and how many tests ended how. Without a report that is one error."""
    command = [sys.executable, "-m", "pytest", "-q", *BOUNDED, f"--junit-xml={report}", *arguments]
    code = subprocess.run(command, check=False).returncode
    if not report.exists():
        return code or 1, Counter(errors=1)
    counts: Counter[str] = Counter()
    for suite in ET.parse(report).iter("testsuite"):
        numbers = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
        failed, errors, skipped = numbers["failures"], numbers["errors"], numbers["skipped"]
        counts += Counter(failed=failed, errors=errors, skipped=skipped)
        counts["passed"] += numbers["tests"] - failed - errors - skipped
    return code, counts


def closing_line(counts: Counter[str], seconds: float) -> str:
    """Format the sum, as `===== 1 failed, 4116 passed in 812.34s (0:13:32) =====`."""
    errors = "error" if counts["errors"] == 1 else "errors"
    names = {"failed": "failed", "passed": "passed", "skipped": "skipped", "errors": errors}
    parts = ", ".join(f"{counts[kind]} {name}" for kind, name in names.items() if counts[kind]) or "no tests ran"
    text = f" {parts} in {seconds:.2f}s ({timedelta(seconds=int(seconds))}) "
    return text.center(WIDTH, "=")


if __name__ == "__main__":
    sys.exit(main())
