"""What the user decides on the page reaches the torrents of a real qBittorrent: an approval, and an undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from qbitrr.rules.tags import TAG_QUARANTINE
from tests.browser.opening import VIEWS, opened_page, show
from tests.live.test_decisions import dead, scene
from tests.support.polling import until
from tests.support.qbittorrent import QbittorrentNox
from tests.support.real_arr import grabbed
from tests.support.tracker import Tracker

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

    from tests.support.torrents import Torrent

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


async def test_what_a_rule_asks_is_answered_once_or_for_good(
    browser: Browser, qbittorrent_binary: Path, tmp_path: Path
):
    async with (
        Tracker() as tracker,
        QbittorrentNox(qbittorrent_binary, tmp_path / "qbittorrent") as client,
        scene(tmp_path, [], {"qBit": client}) as on,
        opened_page(browser) as page,
    ):

        async def grab(number: int) -> Torrent:
            torrent = await dead(client, tmp_path, f"Dead.{number}", tracker)
            grabbed(on.radarr, number, torrent.name, torrent.infohash)
            return torrent

        async def answer(torrent: Torrent, word: str) -> None:
            card = page.locator(".inbox .card", has=page.get_by_role("heading", name=torrent.name))
            await expect(card).to_be_visible(timeout=30_000)
            await card.get_by_role("button", name=word, exact=True).click()
            await page.get_by_role("dialog").get_by_role("button", name=word, exact=True).click()
            await expect(card).to_have_count(0)

        asking = {"changes": {"Radarr-HD.Torrent.PublicPolicy": {"default": "ask"}}}
        await on.daemon.post_as_user("/api/config", asking)
        kept, failed, first = [await grab(number) for number in range(1, 4)]
        await show(page, on.daemon, "overview")
        await answer(kept, "Leave it")
        await answer(failed, "Do it")
        await client.wait_until_gone(failed.infohash, 30)
        await answer(first, "Always for 127.0.0.1")
        await client.wait_until_gone(first.infohash, 30)
        another = await grab(4)
        await client.wait_until_gone(another.infohash, 40)  # without being asked about
        assert (await client.torrent(kept.infohash) or {})["state"] == "stalledDL"
        assert [one for one in (await on.daemon.get("/web/inbox"))["entries"] if one["matter"] == "ask"] == []

        await show(page, on.daemon, "about")
        remembered = page.get_by_role("region", name="Answered for good")
        await expect(remembered).to_contain_text("127.0.0.1")
        await remembered.get_by_role("button", name="Ask again").click()
        await expect(remembered).to_have_count(0)
        asked = await grab(5)
        await show(page, on.daemon, "overview")
        await answer(asked, "Leave it")


async def test_the_page_of_a_torrent_shows_what_was_done_without_qbitrr(
    browser: Browser, qbittorrent_binary: Path, tmp_path: Path
):
    async with (
        Tracker() as tracker,
        QbittorrentNox(qbittorrent_binary, tmp_path / "qbittorrent") as client,
        scene(tmp_path, [], {"qBit": client}) as on,
        opened_page(browser) as page,
    ):
        torrent = await dead(client, tmp_path, "Dead.1", tracker, tags="qBitrr-ignored")
        grabbed(on.radarr, 1, torrent.name, torrent.infohash)
        await on.decided(torrent, "ignored_by_user")
        for view in VIEWS:
            await show(page, on.daemon, view)
            await expect(page.locator("main [role=alert]")).to_have_count(0)
        await show(page, on.daemon, "overview")
        await expect(page.locator(".card", has_text="v5.3.0")).to_contain_text("1 torrent")
        await show(page, on.daemon, "torrents")
        row = page.locator(".torrent-row", has_text=torrent.name)
        await expect(row).to_contain_text("(ignored by user)")
        await expect(row).to_contain_text("0 % stalled")
        await row.get_by_role("button").click()
        await expect(page.locator(".timeline [data-actor=arr]")).to_contain_text("Grabbed")
        await expect(page.locator(".timeline [data-actor=qbittorrent]")).to_contain_text("Added")
        await expect(page.locator("qb-torrent .trace").first).to_contain_text("ignored by user")

        await client.post("torrents/delete", hashes=torrent.infohash, deleteFiles="true")
        await client.wait_until_gone(torrent.infohash, 20)
        await expect(row).to_have_count(0)
        await page.reload()  # the address has the torrent still
        await expect(page.get_by_role("dialog")).to_contain_text("No qBittorrent has it any more.")
        await expect(page.locator(".timeline")).to_contain_text("Gone without qbitrr")


async def test_a_renamed_qbittorrent_keeps_its_quarantine(browser: Browser, qbittorrent_binary: Path, tmp_path: Path):
    async with (
        Tracker() as tracker,
        QbittorrentNox(qbittorrent_binary, tmp_path / "qbittorrent") as client,
        scene(tmp_path, [], {"qBit": client}, {"Quarantine": "1h"}) as on,
        opened_page(browser) as page,
    ):
        torrent = await dead(client, tmp_path, "Dead.1", tracker)
        grabbed(on.radarr, 1, torrent.name, torrent.infohash)
        await client.wait_for(torrent.infohash, lambda row: TAG_QUARANTINE in row["tags"], 40)

        await show(page, on.daemon, "config/qBit")
        await page.get_by_role("button", name="Rename").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("New name").fill("qBit-nas")
        await dialog.get_by_role("button", name="Review").click()
        await expect(dialog).to_contain_text("qBit-nas.Host")
        await expect(dialog).to_contain_text("Restarts the workers of radarr-hd")
        await dialog.get_by_role("button", name="Apply").click()
        await expect(page.get_by_role("heading", name="qBit-nas").first).to_be_visible(timeout=20_000)
        await on.daemon.all_running()
        (entry,) = await on.daemon.decisions()
        assert (entry["instance"], entry["state"]) == ("qBit-nas", "planned")

        await on.daemon.stop()  # by hand, and back
        config = on.daemon.folder / "config.toml"
        config.write_text(config.read_text().replace("[qBit-nas]", "[qBit-desk]"))
        await on.daemon.start()
        await on.daemon.all_running()
        await show(page, on.daemon, "activity")
        await expect(page.locator(".connection")).to_have_text("Live")
        row = page.locator(".entry", has_text=torrent.name)
        await row.get_by_role("button", name="Undo").click()
        await dialog.get_by_role("button", name="Undo").click()
        await client.wait_for(torrent.infohash, lambda row: TAG_QUARANTINE not in row["tags"], 30)
        await expect(row.locator(".chip")).to_contain_text("Undone")
        assert {one["instance"] for one in await on.daemon.decisions()} == {"qBit-desk"}
