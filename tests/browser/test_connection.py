"""The page while the daemon is away, and how soon it notices that the daemon is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.browser.opening import opened_page, show
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

SECTIONS = (Section("Radarr-HD", "radarr", 5),)
ATTEMPTS = 6  # of a pause that was doubled each time, the next one would be half a minute
BACK_WITHIN_MS = 15_000  # a few seconds on an idle machine


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    folder = tmp_path_factory.mktemp("daemon") / "data"
    async with Sandbox(SECTIONS) as sandbox, Daemon(folder, sandbox.config_toml()) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with opened_page(browser) as opened:
        yield opened


async def test_a_daemon_that_was_away_for_long_is_found_soon(page, daemon):
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url) if "/web/events" in request.url else None)
    await show(page, daemon, "about")
    await expect(page.locator(".connection")).to_have_text("Live")
    await daemon.stop()
    await expect(page.locator(".connection")).to_contain_text("Disconnected since")
    await until(lambda: len(failed) >= ATTEMPTS, 60, "attempts to connect")
    await daemon.start()
    await expect(page.locator(".connection")).to_have_text("Live", timeout=BACK_WITHIN_MS)


@pytest.mark.parametrize(("target", "event"), [("window", "online"), ("document", "visibilitychange")])
async def test_a_network_or_page_that_is_back_connects_at_once(page, daemon, target, event):
    """The clock of the page stands still: no pause between two attempts ends."""
    await page.clock.install()
    await show(page, daemon, "about")
    await expect(page.locator(".connection")).to_have_text("Live")
    await page.clock.pause_at(await page.evaluate("Date.now() + 60000"))
    await daemon.stop()
    await expect(page.locator(".connection")).to_contain_text("Disconnected since")
    await daemon.start()
    await page.evaluate(f"{target}.dispatchEvent(new Event('{event}'))")
    await expect(page.locator(".connection")).to_have_text("Live")
