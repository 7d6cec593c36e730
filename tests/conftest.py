"""Tiers, and fixtures that any test may ask for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

# The reader's own settings must not reach a test; these two only name folders with material for tests.
_MATERIAL = {"QBITRR_TEST_CACHE", "QBITRR_OPENAPI_DIR"}
for _name in [name for name in os.environ if name.startswith("QBITRR_") and name not in _MATERIAL]:
    del os.environ[_name]

# The same examples in every run of the same tests; `pytest --hypothesis-profile=explore` looks for new ones. The time
# that examples take depends on the machine, not on what is tested.
_SLOW_IS_NO_FAULT = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=_SLOW_IS_NO_FAULT)
hypothesis.settings.register_profile(
    "explore", deadline=None, max_examples=1_000, suppress_health_check=_SLOW_IS_NO_FAULT
)
hypothesis.settings.load_profile("same")

from tests.contract.fixtures import judge, judged  # noqa: E402, F401  # after the environment is clean
from tests.support import versions  # noqa: E402
from tests.support.qbittorrent import QbittorrentNox  # noqa: E402
from tests.support.state import migrated  # noqa: E402
from tests.support.tracker import Tracker  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

TESTS = Path(__file__).parent
LONGEST = 6_000
"""Characters that a failed test may print, and each of its captured outputs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its tier, which is its folder."""
    for item in items:
        tier = item.path.relative_to(TESTS).parts[0]
        item.add_marker(tier)
        if tier == "chaos":
            item.add_marker("serial")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shorten what a failed test prints, so that many failures can be read: a daemon's log is long."""
    report = yield
    if report.failed and len(report.longreprtext) > LONGEST:
        report.longrepr = _shortened(report.longreprtext)
    report.sections = [(title, _shortened(text)) for title, text in report.sections]
    return report


def _shortened(text: str) -> str:
    """Both ends of a text, when it is too long."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]}\n[...]\n{text[-half:]}"


@pytest.fixture(scope="session", params=[versions.NEWEST])
def qbittorrent_binary(request: pytest.FixtureRequest) -> Path:
    """The qbittorrent-nox of the newest version, or of each with `versions.each`.

    A missing one fails the test: a skipped test looks like a passed one.
    """
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


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    """An empty state file of the present schema."""
    return migrated(tmp_path / "state.db")
