"""The page while the daemon is away, and how soon it notices that the daemon is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.browser.opening import show
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Route

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

SECTIONS = (Section("Radarr-HD", "radarr", 5),)
ATTEMPTS = 6  # of a pause that was doubled each time, the next one would be half a minute
BACK_WITHIN_MS = 15_000  # a few seconds on an idle machine


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    folder = tmp_path_factory.mktemp("daemon") / "data"
    async with Sandbox(SECTIONS) as sandbox, Daemon(folder, sandbox.config_toml()) as running:
        yield running


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


@pytest.mark.parametrize(("view", "path"), [("config", "web/config"), ("login", "login"), ("logs", "web/logs")])
async def test_what_could_not_be_read_is_read_once_the_daemon_is_back(page, daemon, view, path):
    await page.route("**/web/events*", refuse)
    await page.route(f"**/{path}", refuse)
    await page.goto(f"{daemon.url}/ui#/{view}")
    await expect(page.locator("main [role=alert]")).to_be_visible()
    await page.unroute_all()
    await expect(page.locator(".connection")).to_have_text("Live", timeout=BACK_WITHIN_MS)
    await expect(page.locator("main [role=alert]")).to_have_count(0)
    await expect(page.locator("main").get_by_text("Loading")).to_have_count(0)


async def test_a_log_whose_stream_was_refused_is_followed_once_the_daemon_is_back(page, daemon):
    await page.route("**/web/events*", refuse)
    await page.route("**/web/logs/*/stream*", refuse)
    await show(page, daemon, "logs/Main.log")
    await expect(page.locator(".log")).to_contain_text("Nothing is written in it yet")
    await page.unroute_all()
    await expect(page.locator(".log")).to_contain_text("daemon was started", timeout=BACK_WITHIN_MS)


async def test_a_log_that_is_paused_stays_while_the_daemon_is_started_again(page, daemon):
    await show(page, daemon, "logs/Main.log")
    await expect(page.locator(".log")).to_contain_text("daemon was started")
    await page.get_by_role("button", name="Pause").click()
    shown = await page.locator(".log").inner_text()
    await daemon.stop()
    async with page.expect_response("**/web/logs/Main.log/stream*", timeout=60_000):
        await daemon.start()
    await expect(page.locator(".connection")).to_have_text("Live", timeout=BACK_WITHIN_MS)
    assert await page.locator(".log").inner_text() == shown
    await page.get_by_role("button", name="Follow").click()
    await expect(page.locator(".log")).not_to_have_text(shown)


async def test_a_login_that_ended_is_asked_for_although_nothing_is_done(page, daemon):
    """What the stream is answered is of the test."""
    await page.route("**/web/events*", lambda route: route.abort())
    await show(page, daemon, "about")
    await expect(page.locator(".connection")).to_contain_text("Disconnected since")
    await page.route("**/web/**", lambda route: route.fulfill(status=401, json={"error": "Unauthorized"}))
    await expect(page.get_by_label("Token")).to_be_visible(timeout=BACK_WITHIN_MS)


async def test_a_tab_that_was_hidden_loads_another_version(page, daemon):
    loads: list[str] = []

    async def another(route: Route) -> None:
        await (
            route.fulfill(body="<p>another version</p>")
            if route.request.resource_type == "fetch"
            else route.continue_()
        )

    await page.clock.install()
    await show(page, daemon, "about")
    await expect(page.locator(".connection")).to_have_text("Live")
    await page.evaluate(HIDE, True)
    await page.clock.fast_forward(61_000)
    await page.route("**/ui", another)
    page.on("domcontentloaded", lambda _: loads.append(page.url))
    await page.evaluate(HIDE, False)
    await until(lambda: len(loads) == 1, 20, "the other version")


HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def refuse(route: Route) -> None:
    """As a proxy answers while the daemon is away."""
    await route.fulfill(status=502, body="Bad Gateway")
