"""Files without a torrent on the page: what is listed, why nothing is moved now, and the way back to their place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from playwright.async_api import expect

from qbitrr.rules.orphan_folders import ASIDE
from qbitrr.rules.orphans import DAY, Orphan, OrphanState
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.state import orphans as stored
from qbitrr.state.database import open_writer
from qbitrr.worker.orphans import files
from tests.browser.opening import serious_problems, show
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.state import migrated

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page, Route

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

SECTIONS = (Section("Radarr-HD", "radarr", 20),)


def on_disk(data: Path, folder: Path, now: float) -> list[Orphan]:
    """Make the folder of the data and three files, one of them aside."""
    data.mkdir()
    made = []
    for path, size in (("Old.Movie/old.mkv", 3000), ("other.mkv", 2000), (f"{ASIDE}/1-ab/gone.mkv", 1000)):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x" * size)
        file = files.facts(str(folder), path)
        assert file is not None
        made.append(Orphan(str(folder), path, file, now - 20 * DAY, 15 * DAY, 300))
    return made


async def filled(data: Path, folder: Path) -> None:
    """Write a state file with two files that are due and one that is aside; those are on the disk."""
    now = time.time()
    made = on_disk(data, folder, now)
    async with open_writer(migrated(data / "state.db")) as database:
        await stored.store_listing(database, [(one, True) for one in made], [], now)
        (aside,) = [one for one in await stored.in_states(database, OrphanState) if one.path.startswith(ASIDE)]
        await database.write("UPDATE orphans SET path = 'gone.mkv' WHERE id = ?", (aside.id,))
        moved = replace(aside, path="gone.mkv", state=OrphanState.ASIDE, aside=aside.path, aside_at=now - DAY)
        await stored.change(database, moved, now, because="no torrent has known it for long enough")


async def test_files_are_listed_left_and_restored(page: Page, tools: Path, tmp_path: Path) -> None:
    folder = tmp_path / "movies"
    await filled(tmp_path / "data", folder)
    async with Sandbox(SECTIONS, has_past=False) as sandbox:
        config = sandbox.config_toml({"Settings": {"Orphans": {"Mode": "ask"}}})
        async with Daemon(tmp_path / "data", config) as daemon:
            await show(page, daemon, "overview")
            card = page.locator(".inbox .card", has_text="2 files belong to no torrent")
            await card.get_by_role("link", name="Show them").click()
            await expect(page.get_by_role("heading", name="Files without a torrent")).to_be_visible()
            old = page.locator(".orphan-row", has_text="Old.Movie/old.mkv")
            await expect(old).to_contain_text("Due")
            # the stand-in has no preferences, so that its folders are not known
            await expect(page.get_by_text("The last listing is not complete")).to_be_visible(timeout=30_000)
            assert await serious_problems(page, tools) == []
            for width in (320, 1400):
                await page.set_viewport_size({"width": width, "height": 900})
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
            await old.get_by_role("button", name="Leave it").click()
            await expect(old).to_have_count(0, timeout=30_000)  # it is among those that were left

            await page.get_by_label("What became of them").select_option("left")
            await expect(old.get_by_role("button", name="Consider it again")).to_be_visible()
            await page.get_by_label("What became of them").select_option("aside")
            gone = page.locator(".orphan-row", has_text="gone.mkv")
            await expect(gone).to_contain_text("Aside")
            await gone.get_by_role("button", name="Restore").click()
            await until((folder / "gone.mkv").exists, 30, "the file is back")
            await page.get_by_label("What became of them").select_option("restored")
            await expect(gone).to_be_visible(timeout=30_000)
            await until(lambda: not (folder / ASIDE).exists(), 10, "the empty folder is gone")

            await page.get_by_label("What became of them").select_option("purged")
            await expect(page.get_by_text("No file is in this state.")).to_be_visible()
            await page.get_by_role("button", name="Clear filters").click()
            await expect(gone).to_be_visible()
            await page.keyboard.press("ArrowDown")
            await expect(page.locator(".orphan-row").first).to_be_focused()


async def test_all_files_are_those_that_the_question_counts(page: Page, daemon: Daemon) -> None:
    """The answers are of the test."""
    at = "2026-01-01T00:00:00Z"
    file = {"folder": "/movies", "sizeBytes": 1, "modifiedAt": at, "firstSeenAt": at, "unknownSeconds": 1, "links": 1}
    file |= {"state": "found", "due": True, "approved": False, "because": "", "problem": "", "purgeAt": None}
    files = [{**file, "id": number, "path": f"{number}.mkv"} for number in (1, 2)]
    files.append({**file, "id": 3, "path": "3.mkv", "due": False})
    answered: list[dict] = []

    async def listed(route: Route) -> None:
        total = {"state": "found", "files": len(files), "sizeBytes": 3, "dueFiles": 2, "dueBytes": 2}
        found = {"mode": "ask", "listedAt": at, "completeAt": at, "refusals": [], "folders": [], "notKept": 0}
        found |= {"namesUnreadable": 0, "failures": {}}
        await route.fulfill(json={**found, "totals": [total], "orphans": files, "next": None})

    async def answer(route: Route) -> None:
        answered.append(route.request.post_data_json)
        await route.fulfill(json={"message": "2 files: about to be moved"})

    await page.route("**/web/orphans?*", listed)
    await page.route("**/web/orphans/answer", answer)
    await show(page, daemon, "orphans")
    await page.get_by_role("button", name="Move 2 files aside").click()
    await expect(page.get_by_role("dialog").get_by_role("heading", name="Move 2 files aside?")).to_be_visible()
    files[2]["due"] = True
    await page.get_by_role("dialog").get_by_role("button", name="Move aside").click()
    await expect(page.locator(".toasts")).to_contain_text("about to be moved")
    assert answered == [{"answer": "move", "ids": [1, 2]}]
