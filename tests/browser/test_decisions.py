"""What the user decides on the page: held removals, an undo, the first run; and where it is served."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from qbitrr.config.example import render
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.browser.opening import opened_page, show
from tests.support.daemon import TOKEN, Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

SECTIONS = (Section("Radarr-HD", "radarr", 60), Section("Radarr-4K", "radarr", 60))
FIRST = re.sub(r'^(Token|Port) = (""|6969)$|# (?=WebAccess = "auto"$)', "", render(), flags=re.MULTILINE)
"""What the first start writes; port and token of the test come in their places, and access as without a container."""
GUARDED = {"Settings": {"MaxDestructiveActions": 2, "Quarantine": "1h"}, "WebUI": {"UrlBase": "/qbitrr"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    """One whose breakers trip early, with a quarantine, below a prefix."""
    folder = tmp_path_factory.mktemp("daemon") / "data"
    async with Sandbox(SECTIONS) as sandbox, Daemon(folder, sandbox.config_toml(GUARDED)) as running:
        yield running


async def held(daemon: Daemon, category: str) -> int:
    found = await daemon.get("/web/decisions", state="awaiting_approval", category=category)
    return len(found["decisions"])


async def test_held_removals_need_the_user_and_are_kept(page, daemon):
    await show(page, daemon, "overview", "/qbitrr")
    card = page.locator(".inbox .card", has_text="removal").filter(has_text="radarr-4k").first
    await expect(card).to_be_visible(timeout=60_000)  # it comes by the stream
    await card.get_by_role("button", name="Keep them").click()
    await page.get_by_role("dialog").get_by_role("button", name="Keep them").click()
    await expect(page.locator(".toasts")).to_contain_text("dropped")
    await until(lambda: _none_held(daemon, "radarr-4k"), 20, "no removal that waits")


async def _none_held(daemon: Daemon, category: str) -> bool:
    return await held(daemon, category) == 0


async def test_held_removals_are_approved(page, daemon):
    await show(page, daemon, "overview", "/qbitrr")
    card = page.locator(".inbox .card", has_text="removal").filter(has_text="radarr-hd").first
    await expect(card).to_be_visible(timeout=60_000)
    await card.get_by_role("link", name="Show them").click()
    await expect(page).to_have_url(re.compile("state=awaiting_approval"))
    await expect(page.locator(".entry .chip").first).to_contain_text("Waits for you")
    waiting = {one["id"] for one in await daemon.decisions() if one["state"] == "awaiting_approval"}
    await page.go_back()
    await card.get_by_role("button", name="Remove them").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove them").click()
    await expect(page.locator(".toasts")).to_contain_text("go on")

    async def gone_on() -> bool:
        states = {one["id"]: one["state"] for one in await daemon.decisions()}
        return any(states.get(number) != "awaiting_approval" for number in waiting)

    await until(gone_on, 20, "removals that go on")


async def test_a_quarantine_is_undone(page, daemon):
    async def quarantined() -> list[dict]:
        return [one for one in await daemon.decisions() if one["state"] == "planned" and one["notes"].get("until")]

    (entry, *_) = await until(quarantined, 60, "a torrent in quarantine")
    await show(page, daemon, "activity?state=planned", "/qbitrr")
    row = page.locator(".entry", has_text=entry["name"])
    await row.get_by_role("button", name="Undo").click()
    await page.get_by_role("dialog").get_by_role("button", name="Undo").click()

    async def undone() -> bool:
        return any(one["id"] == entry["id"] and one["state"] == "undone" for one in await daemon.decisions())

    await until(undone, 30, "the torrent as it was")
    await expect(row.locator(".chip")).to_contain_text("Undone")


async def test_a_login_from_another_network(page, daemon):
    """As through a proxy: the address that it names proves nothing."""
    await page.set_extra_http_headers({"X-Forwarded-For": "203.0.113.7"})
    await page.goto(f"{daemon.url}/qbitrr/ui#/about")
    await page.get_by_label("Token", exact=True).fill(TOKEN)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("#/about"))
    await page.get_by_role("button", name="Read the libraries again").click()
    await expect(page.locator(".toasts")).to_contain_text("Rebuild triggered")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Token", exact=True)).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Token", exact=True)).to_be_visible()


async def test_the_link_for_the_first_login_is_used_where_the_page_is_open_already(page, daemon):
    """That the link is valid, once, is of the test: it logs in by the token."""
    used: list[str] = []

    async def log_in(route) -> None:
        if route.request.method != "POST":
            await route.continue_()
            return
        used.append(route.request.post_data_json["link"])
        token = TOKEN if len(used) == 1 else "wrong"
        await route.continue_(post_data=json.dumps({"token": token}))

    await page.set_extra_http_headers({"X-Forwarded-For": "203.0.113.7"})
    await page.route("**/qbitrr/login", log_in)
    await page.goto(f"{daemon.url}/qbitrr/ui#/about")
    await expect(page.get_by_label("Token", exact=True)).to_be_visible()
    for number in (1, 2):
        await page.goto(f"{daemon.url}/qbitrr/ui#login=the-key")
        await expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
        await expect(page.locator(".connection")).to_have_text("Live")
        await expect(page.get_by_text("The link for the first login is not valid any more")).to_have_count(number - 1)
        await expect(page).not_to_have_url(re.compile("the-key"))
    assert used == ["the-key"] * 2


async def test_a_log_out_leaves_nothing_that_was_read_in_any_tab(page, daemon):
    await page.context.set_extra_http_headers({"X-Forwarded-For": "203.0.113.7"})
    await page.goto(f"{daemon.url}/qbitrr/ui#/config/Settings")
    await page.get_by_label("Token", exact=True).fill(TOKEN)
    await page.keyboard.press("Enter")
    await page.locator("#field-Settings_LoopSleepTimer").fill("77")
    other = await page.context.new_page()
    await show(other, daemon, "torrents", "/qbitrr")
    await other.locator(".torrent-row button").first.click()
    await expect(other.get_by_role("dialog").get_by_role("heading", name="What happened")).to_be_visible()
    await page.get_by_role("link", name="About").click()
    await expect(page.get_by_role("button", name="Check now")).to_be_visible()
    for tab in (page, other):
        await tab.evaluate("window.known = true")
    await page.get_by_role("button", name="Log out").click()
    for tab in (page, other):
        await expect(tab.get_by_label("Token", exact=True)).to_be_visible()
        await expect(tab.get_by_role("dialog")).to_have_count(0)
        assert not await tab.evaluate("window.known || sessionStorage.length")
        await tab.go_back()
        await expect(tab.get_by_label("Token", exact=True)).to_be_visible()
        await expect(tab.locator(".torrent-row, .changelog, .field")).to_have_count(0)


async def test_the_way_back_from_a_login_shows_nothing_that_was_read_before(page, daemon):
    """The login ends by itself: what is answered from then on is of the test, and comes late."""
    await show(page, daemon, "torrents", "/qbitrr")
    await expect(page.locator(".torrent-row").first).to_be_visible()
    await page.get_by_role("link", name="About").click()
    await page.route("**/web/**", lambda route: route.fulfill(status=401, json={"error": "Unauthorized"}))
    await page.get_by_role("link", name="Logs").click()
    await expect(page.get_by_label("Token", exact=True)).to_be_visible()
    await page.unroute_all()
    await page.route("**/web/**", lambda route: None)  # not answered
    await page.evaluate("location.hash = '#/torrents'")
    await expect(page.get_by_role("heading", level=1, name="Torrents")).to_be_visible()
    await expect(page.locator(".torrent-row")).to_have_count(0)
    await page.unroute_all(behavior="ignoreErrors")


async def test_from_nothing_to_the_first_imported_torrent(browser, tmp_path):
    async with (
        Sandbox(SECTIONS) as sandbox,
        Daemon(tmp_path / "data", FIRST) as daemon,
        opened_page(browser) as page,
    ):
        await show(page, daemon, "overview")
        await page.get_by_role("link", name="Set up").click()
        client = page.get_by_role("region", name="qBittorrent")
        await client.get_by_label("Address").fill(f"127.0.0.1:{sandbox.qbittorrent.port}")
        await client.get_by_label("User name").fill(sandbox.qbittorrent.logins.user)
        await client.get_by_label("Password").fill(sandbox.qbittorrent.logins.password)
        await expect(client.locator(".note[data-kind=good]")).to_contain_text("answers")
        arr = page.get_by_role("region", name="radarr")
        await arr.get_by_label("Name").fill("Films")
        await arr.get_by_label("Address").fill(sandbox.arrs["Radarr-HD"].url)
        await arr.get_by_label("API key").fill("wrong")
        await expect(arr.locator(".note[data-kind=bad]")).to_be_visible()
        await arr.get_by_label("API key").fill(sandbox.arrs["Radarr-HD"].api_key)
        await expect(arr.locator(".note[data-kind=good]")).to_contain_text("Radarr")
        await expect(arr.get_by_label("Category")).to_have_value("radarr-hd")  # as the Arr's download client says
        await page.get_by_label("Folder of finished downloads").fill("/downloads")
        await page.get_by_label("Only show what would be done").uncheck()
        await page.get_by_role("button", name="Start").click()
        await expect(page.locator(".worker", has_text="radarr-hd")).to_contain_text("Running", timeout=30_000)

        async def imported() -> bool:
            return any(one["action"] == "import" and one["state"] == "done" for one in await daemon.decisions())

        await until(imported, 60, "an import")
        await expect(page.locator(".entry", has_text="Imported").first).to_be_visible()
        sections = (await daemon.get("/web/config")).keys()
        assert {name for name in sections if name.startswith(("Radarr", "Sonarr", "Lidarr"))} == {"Radarr-Films"}
