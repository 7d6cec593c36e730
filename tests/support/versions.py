"""The qBittorrent programs that the tests run against, and where they are.

python -m tests.support.versions      fetches those that are missing (Debian only)
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Debian's suites span the versions in use: before 5.0 (pause/resume), after it, and with API keys.
SUITES = {"4.5.2": "bookworm", "5.1.0": "trixie", "5.3.0": "trixie-backports"}
NEWEST = "5.3.0"

each = pytest.mark.parametrize("qbittorrent_binary", list(SUITES), indirect=True, scope="session")
"""For tests of what differs between versions; all others run on the newest one only."""

CHECKOUT = Path(__file__).parents[2]
GET = Path(__file__).with_name("get-qbittorrent.sh")


def program(version: str) -> Path:
    """Where the qbittorrent-nox of this version is or should be; `QBITRR_TEST_CACHE` replaces `.cache`."""
    cache = Path(os.environ.get("QBITRR_TEST_CACHE") or CHECKOUT / ".cache")
    return cache / "qbittorrent" / version / "qbittorrent-nox"


def how_to_get(version: str) -> str:
    """The remedy for a missing `program` of this version."""
    path = program(version)
    return f"no {path}: `make test` fetches it, or: {GET} {SUITES[version]} {path.parent}"


def fetch(version: str) -> None:
    """Fetch the program of this version unless it is there. CalledProcessError when that is not possible."""
    suite, path = SUITES[version], program(version)
    subprocess.run([GET, suite, path.parent], check=True)
    answer = subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout
    found = answer.strip().removeprefix("qBittorrent v")
    if found != version:  # a suite can move on; tests that do not hold for its next version fail
        print(f"note: Debian {suite} now has qBittorrent {found}, no longer {version}", file=sys.stderr)


if __name__ == "__main__":
    try:
        for version in SUITES:
            fetch(version)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
