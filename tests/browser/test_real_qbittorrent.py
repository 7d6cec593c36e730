"""What the user decides on the page reaches the torrents of a real qBittorrent: an approval, and an undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from qbitrr.rules.tags import TAG_QUARANTINE
from tests.browser.opening import opened_page, show
from tests.live.test_decisions import dead, scene
from tests.support.polling import until
from tests.support.qbittorrent import QbittorrentNox
from tests.support.real_arr import grabbed
from tests.support.tracker import Tracker

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

GUARDED = {"MaxDestructiveActions": 1, "Quarantine": "1h"}


async def test_held_removals_are_approved_and_a_quarantine_is_undone(
    browser: Browser, qbittorrent_binary: Path, tmp_path: Path
):
    async with (
        Tracker() as tracker,
        QbittorrentNox(qbittorrent_binary, tmp_path / "qbittorrent") as client,
        scene(tmp_path, [], {"qBit": client}, GUARDED) as on,
        opened_page(browser) as page,
    ):

        async def in_quarantine() -> set[str]:
            rows = [await client.torrent(torrent.infohash) or {} for torrent in torrents]
            return {row["hash"] for row in rows if TAG_QUARANTINE in row["tags"] and row["state"].startswith("stopped")}

        async def all_in_quarantine() -> bool:
            return len(await in_quarantine()) == len(torrents)

        torrents = [await dead(client, tmp_path, f"Dead.{number}", tracker) for number in range(3)]
        for number, torrent in enumerate(torrents, 1):
            grabbed(on.radarr, number, torrent.name, torrent.infohash)
        await show(page, on.daemon, "overview")
        card = page.locator(".inbox .card", has_text="removal").first
        await expect(card).to_be_visible(timeout=30_000)
        assert len(await in_quarantine()) < len(torrents)
        await card.get_by_role("button", name="Remove them").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove them").click()
        await until(all_in_quarantine, 30, "every torrent stopped, with the tag")

        kept = torrents[-1]
        await show(page, on.daemon, f"activity?state=planned&q={kept.name}")
        row = page.locator(".entry", has_text=kept.name)
        await row.get_by_role("button", name="Undo").click()
        await page.get_by_role("dialog").get_by_role("button", name="Undo").click()
        await client.wait_for(
            kept.infohash, lambda row: TAG_QUARANTINE not in row["tags"] and row["state"] == "stalledDL", 30
        )
        await expect(row.locator(".chip")).to_contain_text("Undone")
        assert await in_quarantine() == {torrent.infohash for torrent in torrents[:-1]}
