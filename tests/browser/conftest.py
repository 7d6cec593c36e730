"""Chromium, what checks the page (fetched once by .ci/test-material), and a daemon of a small home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright, expect

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.browser.opening import opened_page
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

TOOLS = Path(__file__).parents[2] / "packaging" / "page"
CHROMIUM = "/usr/bin/chromium"
PATIENCE_MS = 20_000
"""For everything that is expected of the page: several tests may share few cores."""
expect.set_options(timeout=PATIENCE_MS)
SECTIONS = (
    Section("Radarr-HD", "radarr", 400),
    Section("Sonarr-TV", "sonarr", 3, episodes=20),
    Section("Lidarr-Music", "lidarr", 3),
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder with what checks the page."""
    assert (TOOLS / "node_modules").is_dir(), "run .ci/test-material"
    return TOOLS


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with opened_page(browser) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    """One that has decided something already; modules that need another one have their own."""
    folder = tmp_path_factory.mktemp("daemon") / "data"
    async with Sandbox(SECTIONS) as sandbox, Daemon(folder, sandbox.config_toml()) as running:
        await running.all_running()

        async def settled() -> bool:
            return len(await running.decisions()) > 5

        await until(settled, 60, "decisions")
        yield running
