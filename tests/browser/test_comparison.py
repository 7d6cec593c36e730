"""What Shadow would have done beside what others did, on the page."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from msgspec.structs import replace
from playwright.async_api import expect

from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.verdict import Decision
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.state import shadow, torrents, verdicts
from qbitrr.state.database import open_writer
from qbitrr.state.torrents import LastSeen, StoredTorrent
from qbitrr.state.verdicts import StoredVerdict
from tests.browser.opening import opened_page, serious_problems, show
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.state import migrated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

CATEGORY = "radarr-hd"
HOUR = 3600.0
MANY = 60  # more than a page


async def fill(state_file: Path) -> None:
    """Torrents that others removed, of which Shadow would have removed one as well, and one that they left."""
    now = time.time()
    decision = Decision(
        CATEGORY, TorrentKey("qBit", "a" * 40), "Film.Both", 1.0, "fail", "stalled", "it was stalled for too long", {}
    )
    async with open_writer(state_file) as database:
        await shadow.record(database, decision, now - 3 * HOUR)
        left = replace(decision, key=TorrentKey("qBit", "b" * 40), name="Film.Ours")
        await shadow.record(database, left, now - 2 * HOUR)
        names = {"a": "Film.Both", **{f"{number:02}": f"Film.Theirs.{number}" for number in range(MANY)}}
        for start, name in names.items():
            key = TorrentKey("qBit", (start * 40)[:40])
            await torrents.save(database, CATEGORY, StoredTorrent, [StoredTorrent(*key, 1.0, CATEGORY)])
            verdict = StoredVerdict(CATEGORY, *key, name, "nothing", "seeding", "it seeds", [], 2.0)
            await verdicts.store(database, [verdict])
            at = now - 3 * HOUR + 600 if start == "a" else now - HOUR
            await torrents.forget(database, CATEGORY, [key], at, {key: LastSeen(at - 5, "stalledUP")})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    folder = tmp_path_factory.mktemp("daemon") / "data"
    async with Sandbox([Section("Radarr-HD", "radarr", 30)]) as sandbox:
        running = Daemon(folder, sandbox.config_toml({"Settings": {"Shadow": True}}))
        await fill(migrated(folder / "state.db"))
        async with running:
            await running.all_running()
            yield running


async def test_both_sides_of_a_torrent_stand_beside_each_other(page, daemon):
    await show(page, daemon, "comparison")
    row = page.locator(".entry", has_text="Film.Theirs.1").first
    await expect(row.locator(".chip")).to_have_text("Only the others")
    here, others = await row.locator(".pair > div").all()
    await expect(here).to_contain_text("Would have left it")
    await expect(here).to_contain_text("It seeds (rule seeding)")
    await expect(others).to_contain_text("Removed 1 hour ago")
    await expect(others).to_contain_text("(stalledUP)")
    one, other = await here.bounding_box(), await others.bounding_box()
    assert (one["y"], one["x"] < other["x"]) == (other["y"], True)


async def test_classes_are_counted_filtered_and_kept_in_the_address(page, daemon):
    await show(page, daemon, "comparison")
    await expect(page.locator(".bars", has_text="Only the others").locator("strong")).to_have_text(str(MANY))
    await expect(page.locator(".bars", has_text="Both").locator("strong")).to_have_text("1")
    await page.get_by_label("Comparison").select_option("Both")
    await expect(page).to_have_url(re.compile("kind=agree"))
    await expect(page.locator(".entry")).to_have_count(1)
    await expect(page.locator(".entry")).to_contain_text("Film.Both")
    await expect(page.locator(".entry")).to_contain_text("Would have removed it 3 hours ago")
    await expect(page.locator(".entry .aside")).to_contain_text("10 min")
    await page.get_by_label("Category").select_option(CATEGORY)
    await expect(page.locator(".entry")).to_have_count(1)
    await page.get_by_label("Comparison").select_option("Shadow later")
    await page.get_by_role("button", name="Clear filters").click()
    await expect(page.locator(".entry").nth(MANY // 2)).to_be_visible()


async def test_what_the_others_leave_is_only_shadows_once_it_was_seen(page, daemon):
    async def is_known() -> bool:
        async with daemon._session.get(f"{daemon.url}/web/comparison?kind=only_ours") as response:
            return bool((await response.json())["torrents"])

    await until(is_known, 60, "that its qBittorrent was seen")
    await show(page, daemon, "comparison?kind=only_ours")
    await expect(page.locator(".entry")).to_contain_text("Film.Ours")
    await expect(page.locator(".entry")).to_contain_text("Nothing so far")


async def test_a_list_goes_on_and_is_exported_whole(page, daemon):
    await show(page, daemon, "comparison?kind=only_theirs")
    await expect(page.locator(".entry")).to_have_count(50)
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator(".entry")).to_have_count(MANY)
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export CSV").click()
    lines = (await (await download.value).path()).read_text().splitlines()
    assert lines[0].startswith("at,category,instance,name,hash,kind,seconds,because,ours.action")
    assert len(lines) == MANY + 1
    assert all("only_theirs" in line and "it seeds" in line and "stalledUP" in line for line in lines[1:])
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export JSON").click()
    found = json.loads((await (await download.value).path()).read_text())
    assert {one["kind"] for one in found} == {"only_theirs"}


async def test_the_way_there_from_the_card_of_shadow_and_from_the_activity(page, daemon):
    for view in ("overview", "activity"):
        await show(page, daemon, view)
        await page.get_by_role("link", name="Side by side").click()
        await expect(page.get_by_role("heading", name="Side by side")).to_be_visible()


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
async def test_it_fits_a_phone_and_axe_finds_no_serious_problem(browser, daemon, tools, locale):
    async with opened_page(browser, viewport={"width": 360, "height": 740}, locale=locale) as page:
        await show(page, daemon, "comparison")
        await expect(page.locator(".entry").first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await serious_problems(page, tools) == []


async def test_what_is_new_waits_above_the_list_until_it_is_asked_for(page, daemon):
    await show(page, daemon, "comparison")
    await expect(page.locator(".entry").first).to_be_visible()
    async with open_writer(daemon.folder / "state.db") as database:
        key = TorrentKey("qBit", "e" * 40)
        await torrents.save(database, CATEGORY, StoredTorrent, [StoredTorrent(*key, 1.0, CATEGORY)])
        await verdicts.store(
            database, [StoredVerdict(CATEGORY, *key, "Film.New", "nothing", "seeding", "it seeds", [], 2.0)]
        )
        now = time.time()
        await torrents.forget(database, CATEGORY, [key], now, {key: LastSeen(now, "stalledUP")})
    await page.get_by_role("button", name="Show what is new").click()
    await expect(page.locator(".entry", has_text="Film.New")).to_be_visible()
    await expect(page.get_by_role("button", name="Show what is new")).to_have_count(0)
