"""A log that is paused on the page, while lines are written to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.opening import show
from tests.support.daemon import Daemon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

MOST_LINES = 5000
RECORDS = """
window.EventSource = class extends EventSource {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => { window.lastLine = data.split("\\n").at(-1); });
  }
};
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    async with Daemon(tmp_path_factory.mktemp("daemon") / "data", "") as running:
        yield running


async def write(page: Page, daemon: Daemon, first: int, end: int) -> list[str]:
    """Write numbered lines to a log, and wait until the page has received them; returns them."""
    lines = [f"line {number}" for number in range(first, end)]
    with (daemon.folder / "logs" / "Quiet.log").open("a") as log:
        log.write("".join(f"{line}\n" for line in lines))
    await page.wait_for_function("last => window.lastLine === last", arg=lines[-1])
    return lines


async def test_what_is_written_while_a_log_is_paused_is_shown_once_it_goes_on_the_newest_if_it_is_much(page, daemon):
    (daemon.folder / "logs" / "Quiet.log").write_text("line 0\n")
    await page.add_init_script(RECORDS)
    await show(page, daemon, "logs/Quiet.log")
    log = page.locator(".log")
    await expect(log).to_have_text("line 0")

    await page.get_by_role("button", name="Pause").click()
    written = ["line 0", *await write(page, daemon, 1, 4)]
    await expect(log).to_have_text("line 0")
    await page.get_by_role("button", name="Follow").click()
    await expect(log.locator("p")).to_have_text(written)

    await page.get_by_role("button", name="Pause").click()
    much = await write(page, daemon, 4, MOST_LINES + 1000)
    await expect(log.locator("p")).to_have_text(written)
    await page.get_by_role("button", name="Follow").click()
    await expect(log.locator("p").last).to_have_text(much[-1])
    assert await log.locator("p").all_inner_texts() == much[-MOST_LINES:]
    (another,) = await write(page, daemon, MOST_LINES + 1000, MOST_LINES + 1001)
    await expect(log.locator("p").last).to_have_text(another)
    assert await log.locator("p").count() == MOST_LINES
