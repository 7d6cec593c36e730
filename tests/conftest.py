"""Fixtures that any test may ask for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

# The reader's own settings must not reach a test; these two only say where test material is.
_MATERIAL = {"QBITRR_TEST_CACHE", "QBITRR_OPENAPI_DIR"}
for _name in [name for name in os.environ if name.startswith("QBITRR_") and name not in _MATERIAL]:
    del os.environ[_name]

# how fast examples are made tells of the machine, not of what is tested
hypothesis.settings.register_profile("any machine", suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("any machine")

from tests.contract.fixtures import judge, judged  # noqa: E402, F401  # after the environment is clean
from tests.support import versions  # noqa: E402
from tests.support.qbittorrent import QbittorrentNox  # noqa: E402
from tests.support.tracker import Tracker  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(scope="session", params=versions.LIVE)
def qbittorrent_binary(request: pytest.FixtureRequest) -> Path:
    """The qbittorrent-nox of each version in turn. A missing one fails the test: skipped would look like passed."""
    program = versions.program(request.param)
    if not program.exists():
        pytest.fail(versions.how_to_get(request.param), pytrace=False)
    return program


@pytest.fixture
async def tracker() -> AsyncIterator[Tracker]:
    async with Tracker() as tracker:
        yield tracker


@pytest.fixture
async def seeder(qbittorrent_binary: Path, tmp_path: Path) -> AsyncIterator[QbittorrentNox]:
    """The instance that has the files already."""
    async with QbittorrentNox(qbittorrent_binary, tmp_path / "seeder") as instance:
        yield instance


@pytest.fixture
async def qbittorrent(qbittorrent_binary: Path, tmp_path: Path) -> AsyncIterator[QbittorrentNox]:
    """The instance under test."""
    async with QbittorrentNox(qbittorrent_binary, tmp_path / "qbittorrent") as instance:
        yield instance
