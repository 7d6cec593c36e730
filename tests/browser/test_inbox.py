"""What needs the user is answered on the page: a download that its Arr does not import."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.browser.opening import happen, show
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page, Route

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

ASKED = {"matter": "ask", "category": "radarr-hd", "instance": "qBit", "text": "it is stalled", "answers": []}
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


async def test_a_button_stays_with_its_entry_while_others_come_and_go(page: Page, daemon: Daemon) -> None:
    """The inbox is of the test."""
    entries = [{**ASKED, "name": f"Torrent {number}", "number": number, "hash": f"{number:040}"} for number in (1, 2)]
    await page.route("**/web/inbox", lambda route: route.fulfill(json={"entries": entries}))
    await show(page, daemon, "overview")
    first, second = (page.locator(".inbox .card", has_text=f"Torrent {number}") for number in (1, 2))
    await first.get_by_role("button", name="Do it").focus()
    del entries[0]
    await happen(page, "inbox", {})
    await expect(first).to_have_count(0)
    await expect(second.get_by_role("button", name="Do it")).not_to_be_focused()


async def test_removals_that_came_after_the_question_are_not_approved(page: Page, daemon: Daemon) -> None:
    """The inbox, and that an approval arrives, are of the test."""
    entry = {"matter": "approval", "category": "radarr-hd", "text": "too many at once", "number": 2, "answers": []}
    approved: list[str] = []

    async def approve(route: Route) -> None:
        approved.append(route.request.url)
        await route.fulfill(json={"message": "The removals go on"})

    await page.route("**/web/inbox", lambda route: route.fulfill(json={"entries": [entry]}))
    await page.route("**/web/arr/radarr-hd/approve", approve)
    await show(page, daemon, "overview")
    dialog = page.get_by_role("dialog")
    await page.locator(".inbox").get_by_role("button", name="Remove them").click()
    await expect(dialog.get_by_role("heading", name="Remove 2 torrents of radarr-hd?")).to_be_visible()
    entry["number"] = 3
    await dialog.get_by_role("button", name="Remove them").click()
    await expect(page.locator(".toasts")).to_contain_text("Others wait now than were asked about")
    assert approved == []
    await expect(page.locator(".inbox")).to_contain_text("3 removals")
    await page.locator(".inbox").get_by_role("button", name="Remove them").click()
    await expect(dialog.get_by_role("heading", name="Remove 3 torrents of radarr-hd?")).to_be_visible()
    await dialog.get_by_role("button", name="Remove them").click()
    await expect(page.locator(".toasts")).to_contain_text("The removals go on")
    assert len(approved) == 1


async def test_shadow_is_turned_off_for_what_the_question_names(page: Page, daemon: Daemon) -> None:
    """The configuration, and that it is changed, are of the test."""
    document = {"Radarr-HD": {"Shadow": True}, "Sonarr-TV": {"Shadow": False}}
    changed: list[dict] = []

    async def config(route: Route) -> None:
        if route.request.method == "POST":
            changed.append(route.request.post_data_json["changes"])
        await route.fulfill(json=document)

    await page.route("**/web/config", config)
    await show(page, daemon, "overview")
    card = page.get_by_role("region", name="Shadow")
    await card.get_by_role("button", name="Go live").click()
    await expect(page.get_by_role("dialog")).to_contain_text("the rules act for Radarr-HD.")
    document["Sonarr-TV"]["Shadow"] = True
    await happen(page, "config", {})
    await expect(page.locator("qb-shadow")).to_contain_text("Shadow is on for Radarr-HD, Sonarr-TV")
    await page.get_by_role("dialog").get_by_role("button", name="Go live").click()
    await expect(page.locator(".toasts")).to_contain_text("Shadow is off.")
    assert changed == [{"Radarr-HD.Shadow": False}]
