"""What needs the user is answered on the page: a download that its Arr does not import."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.browser.opening import show
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]
SETTINGS = {"Radarr-HD": {"Torrent": {"IgnoreTorrentsYoungerThan": 0}}}


def stuck(sandbox: Sandbox, name: str) -> Any:
    """Have the Arr hold a complete download that is called otherwise than its movie; the movie."""
    arr = sandbox.world.arrs["Radarr-HD"]
    item = next(one for one in arr.collection.items.values() if one.file is not None)
    item.file = None
    release = arr.offer([item], attempt=name)
    arr.note_grab([item.id], release, by_id=True)
    torrent = arr.add_torrent([item], release, Fate(Destiny.STALLED, 1e12, until=0.4), name=name)
    torrent.progress, torrent.completion_on, torrent.download_rate = 1.0, time.time(), 0.0
    arr.refresh_now()
    return item


async def test_a_download_that_waits_for_the_user_is_imported_by_hand_and_another_one_is_left(
    page: Page, tmp_path: Path
) -> None:
    sections = (Section("Radarr-HD", "radarr", 60),)
    async with Sandbox(sections) as sandbox, Daemon(tmp_path / "data", sandbox.config_toml(SETTINGS)) as daemon:
        movie = stuck(sandbox, "Ein.anderer.Name.1080p")
        stuck(sandbox, "Noch.ein.Name.1080p")
        await show(page, daemon, "overview")
        card = page.locator(".inbox .card", has_text="Ein.anderer.Name")
        await expect(card).to_be_visible(timeout=60_000)  # it comes by the stream
        await expect(card).to_contain_text("Manual Import required")
        await card.get_by_role("button", name="Import what is certain").click()
        await page.get_by_role("dialog").get_by_role("button", name="Import what is certain").click()
        await until(lambda: movie.file is not None, 30, "the movie was imported")
        await expect(card).to_have_count(0, timeout=30_000)

        other = page.locator(".inbox .card", has_text="Noch.ein.Name")
        await other.get_by_role("button", name="Leave it").click()
        await page.get_by_role("dialog").get_by_role("button", name="Leave it").click()
        await expect(other).to_have_count(0, timeout=30_000)

        async def by_hand() -> list[dict[str, Any]]:
            return [one for one in await daemon.decisions() if one["action"] == "manual_import"]

        async def done() -> bool:
            return any(one["state"] == "done" for one in await by_hand())

        await until(done, 20, "the import by hand in the ledger")
        (entry,) = await by_hand()
        assert "imported by hand" in entry["outcome"]
