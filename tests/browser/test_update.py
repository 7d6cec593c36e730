"""An update that is started on the page and followed through the restart, by real pip from an index on loopback."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.browser.opening import opened_page, show
from tests.support.daemon import Daemon
from tests.support.wheels import PackageIndex, build, install, linked, trusted_keys

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

SECTIONS = (Section("Radarr-HD", "radarr", 30),)


async def test_an_update_is_followed_through_the_restart_to_its_end(browser: Browser, tmp_path: Path):
    wheels, first = tmp_path / "wheels", tmp_path / "first"
    wheels.mkdir()
    install(build(wheels, "1.0.0"), first)
    async with Sandbox(SECTIONS) as sandbox, PackageIndex(wheels) as index:
        index.notes = {"2.0.0": "* Better"}
        found_at = {"UpdateIndex": f"{index.url}/simple", "ReleasesURL": f"{index.url}/releases"}
        config = sandbox.config_toml({"Settings": {**found_at, "UpdateKey": trusted_keys()}})
        python = linked(first, tmp_path / "opt", "1.0.0")
        async with Daemon(tmp_path / "data", config, python=python) as daemon:
            await daemon.all_running()
            build(wheels, "2.0.0")
            async with opened_page(browser) as page:
                await show(page, daemon, "about")
                await page.get_by_role("button", name="Check now").click()
                await expect(page.locator(".changelog")).to_have_text("* Better")
                await page.get_by_role("button", name="Update to v2.0.0").click()
                await page.get_by_role("dialog").get_by_role("button", name="Update to v2.0.0").click()
                present = page.locator("dl.numbers div", has_text="Version").locator("dd").first
                await expect(present).to_have_text("v2.0.0", timeout=90_000)
                await expect(page.get_by_text("The update is under way.")).to_have_count(0, timeout=30_000)
                await expect(page.get_by_role("button", name="Update to v2.0.0")).to_have_count(0)
            assert (await daemon.get("/web/meta"))["update_state"]["last_result"] == "success"
    shutil.rmtree(tmp_path / "opt")
