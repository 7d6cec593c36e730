"""Several daemons on one page: numbers and links of those that answer, and why others do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.browser.opening import opened_page, serious_problems, show
from tests.support.daemon import HOST, Daemon

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

SECTIONS = (Section("Radarr-HD", "radarr", 20), Section("Sonarr-TV", "sonarr", 2, episodes=5))


async def test_another_daemon_is_shown_and_opened(browser: Browser, tools: Path, tmp_path: Path) -> None:
    async with Sandbox(SECTIONS) as sandbox:
        attic = Daemon(tmp_path / "attic", sandbox.config_toml().replace("[WebUI]\n", '[WebUI]\nReadToken = "reads"\n'))
        peers = [f"http://{name}:reads@{HOST}:{port}" for name, port in (("attic", attic.port), ("gone", 1))]
        async with attic, Daemon(tmp_path / "cellar", f"[WebUI]\nPeers = {peers}\n") as cellar:
            await attic.all_running()
            async with opened_page(browser) as page:
                await show(page, cellar, "overview")
                cards = page.locator("qb-peers .card")
                await expect(cards).to_have_count(2)
                await expect(cards.nth(0)).to_contain_text("Answers")
                await expect(cards.nth(0)).to_contain_text("of 2 workers well")
                await expect(cards.nth(1)).to_contain_text("No answer")
                assert await serious_problems(page, tools) == []
                assert "reads" not in await page.content()
                await cards.nth(0).get_by_role("link", name="attic").click()
                await expect(page.locator("qb-workers")).to_contain_text("Radarr HD")
                assert page.url.startswith(attic.url)
