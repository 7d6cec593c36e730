"""Changing the configuration in Chromium: fields, plans, sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.opening import show
from tests.support.polling import until

if TYPE_CHECKING:
    from playwright.async_api import Dialog

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]


async def test_a_change_is_checked_at_its_field_planned_applied_and_rolled_back(page, daemon):
    await show(page, daemon, "config/Settings")
    field = page.locator("#field-Settings_LoopSleepTimer")
    before = await field.input_value()
    await field.fill("soon")
    await page.get_by_role("button", name="Review").click()
    await expect(page.locator("#field-Settings_LoopSleepTimer-problem")).to_contain_text("a number of seconds")
    await field.fill("2")
    await page.reload()  # input is never lost
    await expect(field).to_have_value("2")
    await page.get_by_role("button", name="Review").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Settings.LoopSleepTimer")
    await expect(dialog).to_contain_text("Restarts the workers of")
    await expect(dialog).to_contain_text("radarr-hd: ")
    await expect(dialog).to_contain_text("judged by both configurations")
    await dialog.get_by_role("button", name="Apply").click()
    await expect(page.locator(".toasts")).to_contain_text("The configuration is changed.")
    assert (await daemon.get("/web/config"))["Settings"]["LoopSleepTimer"] == 2
    await page.get_by_role("button", name="Earlier versions").click()
    await page.get_by_role("button", name="Go back to this").first.click()
    await dialog.get_by_role("button", name="Go back to this").click()

    async def is_back() -> bool:
        return str((await daemon.get("/web/config"))["Settings"]["LoopSleepTimer"]) == before

    await until(is_back, 20, "the earlier value")
    await daemon.all_running()


async def test_a_number_is_typed_with_zeros_behind_its_point(page, daemon):
    await show(page, daemon, "config/Radarr-HD")
    field = page.locator("[id$=_MaximumDeletablePercentage]")
    await field.fill("")
    await field.press_sequentially("0.05")
    await expect(field).to_have_value("0.05")
    await page.get_by_role("button", name="Review").click()
    await expect(page.get_by_role("dialog").locator("ins")).to_have_text("0.05")


async def test_a_plan_is_not_applied_to_another_configuration_than_it_was_made_for(page, daemon):
    await show(page, daemon, "config/Settings")
    before = (await daemon.get("/web/config"))["Settings"]
    await page.locator("#field-Settings_LoopSleepTimer").fill("4")
    await page.get_by_role("button", name="Review").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Settings.LoopSleepTimer")
    await daemon.post_as_user("/api/config", {"changes": {"WebUI.Theme": "Dark"}})
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")  # the page has read what is there now
    await page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    await expect(page.locator(".toasts")).to_contain_text("was changed since it was read")
    assert (await daemon.get("/web/config"))["Settings"] == before
    await daemon.post_as_user("/api/config", {"changes": {"WebUI.Theme": "System"}})


async def test_earlier_versions_follow_what_others_change(page, daemon):
    await show(page, daemon, "config/history")
    versions = page.locator(".version")
    await expect(versions.first).to_be_visible()
    number = await versions.count()
    await daemon.post_as_user("/api/config", {"changes": {"WebUI.Theme": "Dark"}})
    await expect(versions).to_have_count(number + 1)
    await expect(versions.first).to_contain_text("WebUI.Theme")
    await daemon.post_as_user("/api/config", {"changes": {"WebUI.Theme": "System"}})


async def test_leaving_with_changes_asks_and_they_are_kept(page, daemon):
    asked: list[str] = []

    async def stay_at_first(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await (dialog.dismiss() if len(asked) == 1 else dialog.accept())

    page.on("dialog", stay_at_first)
    await show(page, daemon, "config/Settings")
    await page.evaluate("window.stayed = true")
    field = page.locator("#field-Settings_LoopSleepTimer")
    await field.fill("7")
    await page.evaluate("location.reload()")
    await until(lambda: len(asked) == 1, 20, lambda: str(asked))
    assert await page.evaluate("window.stayed")
    await page.reload()
    assert asked == ["beforeunload"] * 2
    assert not await page.evaluate("window.stayed")
    await expect(field).to_have_value("7")
    await page.get_by_role("button", name="Drop the changes").click()
    await page.get_by_role("dialog").get_by_role("button", name="Drop the changes").click()
    await expect(page.get_by_role("button", name="Review")).to_have_count(0)
    await page.reload()
    assert len(asked) == 2  # there is nothing to lose


async def test_a_connection_is_tested(page, daemon):
    await show(page, daemon, "config/Radarr-HD")
    await page.locator(".filters").get_by_role("button", name="Test").click()
    await expect(page.locator(".note[data-kind=good]")).to_be_visible()
    await page.locator("#field-Radarr-HD_URI").fill("http://127.0.0.1:1")
    await expect(page.locator(".note[data-kind=good]")).to_have_count(0)  # that was not tested
    requests = page.get_by_role("region", name="EntrySearch.Overseerr")
    await requests.get_by_role("button", name="Test").click()
    await expect(requests.locator(".note[data-kind=bad]")).to_contain_text("has no address or no key yet")


async def test_a_section_is_renamed_and_keeps_what_was_done(page, daemon):
    done = {entry["id"] for entry in await daemon.decisions()}
    await show(page, daemon, "config/Radarr-HD")
    await page.get_by_role("button", name="Rename").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("New name").fill("Radarr-Films")
    await dialog.get_by_role("button", name="Review").click()
    await expect(dialog).to_contain_text("Radarr-Films.URI")
    await dialog.get_by_role("button", name="Apply").click()
    await expect(page.get_by_role("heading", name="Radarr-Films").first).to_be_visible(timeout=20_000)
    assert "Radarr-HD" not in await daemon.get("/web/config")
    assert done <= {entry["id"] for entry in await daemon.decisions()}
    await daemon.post("/web/config", {"renames": {"Radarr-Films": "Radarr-HD"}})
    await daemon.all_running()


async def test_a_section_is_added_and_removed_before_it_is_applied(page, daemon):
    await show(page, daemon, "config/add")
    await page.get_by_label("Name, such as").fill("Kids")
    await page.locator(".adding button").click()
    await expect(page.get_by_role("heading", name="Radarr-Kids")).to_be_visible()
    await expect(page.locator(".save")).to_contain_text("1 change")
    await page.get_by_role("button", name="Remove this section").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove this section").click()
    await expect(page.locator(".save")).to_have_count(0)


async def test_rules_for_files_are_tried_on_a_torrent_before_they_are_applied(page, daemon):
    await show(page, daemon, "config/Radarr-HD")
    await page.get_by_role("textbox", name="FileExtensionAllowlist").fill(".nothing")
    await page.keyboard.press("Tab")
    trial = page.locator("qb-file-rules")
    await expect(trial.locator("select")).not_to_have_value("")
    await trial.get_by_role("button", name="Try").click()
    await expect(trial.get_by_role("status")).to_contain_text("excluded")
    await expect(trial.locator(".item").first).to_contain_text("FileExtensionAllowlist")
    await page.get_by_role("textbox", name="FileExtensionAllowlist").fill(".another")
    await page.keyboard.press("Tab")
    await expect(trial.locator(".item")).to_have_count(0)  # that was of other rules
    stored = await daemon.get("/web/config")
    assert ".nothing" not in str(stored["Radarr-HD"])
