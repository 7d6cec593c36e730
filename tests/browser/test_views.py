"""Every view of the page in Chromium, against a daemon with workers on the sandbox."""

from __future__ import annotations

import os
import re
import signal
from bisect import bisect_right
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Error, expect

from tests.browser.opening import VIEWS, answer_late, happen, held, opened_page, serious_problems, show
from tests.support.daemon import TOKEN
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import Page

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

WIDTHS = (360, 800, 1400)


@pytest.mark.parametrize("view", VIEWS)
async def test_every_view_opens_without_an_error(page, daemon, view):
    await show(page, daemon, view)
    await expect(page.locator("main [role=alert]")).to_have_count(0)
    await expect(page).to_have_title(re.compile("^[A-Z][A-Za-z ]+ · qbitrr$"))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_serious_problem(page, daemon, tools, view, scheme):
    await page.emulate_media(color_scheme=scheme)
    await show(page, daemon, view)
    assert await serious_problems(page, tools) == []


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", WIDTHS)
async def test_nothing_is_wider_than_the_screen(page, daemon, view, width):
    await page.set_viewport_size({"width": width, "height": 740})
    await show(page, daemon, view)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_text_does_not_become_html_but_in_templates(page, daemon):
    """Whatever a script of the page might do with a name that holds HTML."""
    await show(page, daemon, "overview")
    refused = "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')"
    with pytest.raises(Error, match="TrustedHTML"):
        await page.evaluate(refused)


async def test_the_description_of_the_interface_opens_without_an_error(page, daemon):
    await page.goto(f"{daemon.url}/ui/api.html")
    await expect(page.get_by_role("heading").first).to_be_visible()
    await expect(page.get_by_text("/web/torrents").first).to_be_visible()


async def test_views_are_reached_by_keys_and_by_going_back(page, daemon):
    await show(page, daemon, "overview")
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await expect(page.get_by_role("heading", level=1, name="Torrents")).to_be_visible()
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("search in this view")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_keys_do_nothing_under_a_dialog(page, daemon):
    await show(page, daemon, "overview")
    await page.keyboard.press("g")
    await page.keyboard.press("?")
    dialogs = page.get_by_role("dialog")
    await expect(dialogs).to_be_visible()
    for keys in ("t", "gt", "/", "?"):
        for key in keys:
            await page.keyboard.press(key)
    await page.keyboard.press("Escape")
    await expect(dialogs).to_be_hidden()  # there was one
    await expect(page).to_have_url(re.compile("#/overview$"))
    await page.keyboard.press("t")  # what was begun before is forgotten
    await page.keyboard.press("g")
    await page.keyboard.press("a")
    await expect(page).to_have_url(re.compile("#/activity$"))


@pytest.mark.serial
async def test_the_card_of_a_worker_says_how_long_its_arr_takes(page, daemon):
    """The Arr that is slow is of the test."""

    async def slow(route) -> None:
        answer = await (await route.fetch()).json()
        await route.fulfill(json={**answer, "arr": [{**one, "listSeconds": 4.9} for one in answer["arr"][:-1]]
                                  + [{**answer["arr"][-1], "listSeconds": 95.0}]})  # fmt: skip

    await page.route("**/web/arr", slow)
    await show(page, daemon, "overview")
    slow_card = page.locator(".worker", has_text="to answer with its list")
    await expect(slow_card).to_have_count(1)
    await expect(slow_card).to_contain_text("took 1 min 35 s")


@pytest.mark.serial
async def test_a_killed_worker_is_seen_within_a_second(page, daemon):
    await show(page, daemon, "overview")
    card = page.locator(".worker", has_text="lidarr-music")
    await expect(card.get_by_text("Running")).to_be_visible()
    await expect(card).to_contain_text(re.compile(r"Searches left\s*\d"))
    await expect(page.locator(".connection")).to_have_text("Live")
    os.kill((await daemon.workers())["lidarr-music"]["pid"], signal.SIGKILL)
    await expect(card.get_by_text("restart", exact=False).last).to_contain_text("1 restart", timeout=1500)
    await daemon.all_running()


async def test_a_worker_is_restarted_after_a_question(page, daemon):
    await show(page, daemon, "overview")
    before = (await daemon.workers())["sonarr-tv"]["pid"]
    await page.get_by_role("button", name="Restart: sonarr-tv").click()
    await page.get_by_role("dialog").get_by_role("button", name="Restart").click()

    async def replaced() -> bool:
        return (await daemon.workers())["sonarr-tv"]["pid"] not in (before, None)

    await until(replaced, 20, "another process")
    await daemon.all_running()


async def test_an_entry_opens_what_is_known_of_its_torrent(page, daemon):
    await show(page, daemon, "activity?action=import&state=done")
    first = page.locator(".entry .deed button").first
    name = await first.inner_text()
    await first.click()
    await expect(page.get_by_role("dialog")).to_contain_text(name)
    await expect(page.get_by_role("dialog").get_by_role("heading", name="What happened")).to_be_visible()
    await expect(page.locator(".timeline [data-actor=qbittorrent]", has_text="Added")).to_be_visible()
    await expect(page.locator(".timeline [data-actor=arr]", has_text="Grabbed").first).to_be_visible()


async def test_filters_of_the_activity_are_in_the_address(page, daemon):
    await show(page, daemon, "activity")
    await page.get_by_label("Action").select_option("import")
    await expect(page).to_have_url(re.compile("action=import"))
    await expect(page.locator(".entry .deed").first).to_contain_text("Import")
    await page.reload()
    await expect(page.get_by_label("Action")).to_have_value("import")
    await page.get_by_role("searchbox").fill("no torrent has this name")
    await expect(page.get_by_text("No activity matches these filters.")).to_be_visible()


async def test_the_activity_is_exported(page, daemon):
    await show(page, daemon, "activity")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export CSV").click()
    text = (await (await download.value).path()).read_text()
    assert text.startswith("plannedAt,updatedAt,category")
    assert text.count("\n") == len(await daemon.decisions()) or text.count("\n") > 5


async def test_an_export_is_of_the_filters_with_which_it_was_begun(page, daemon):
    """The answers are of the test."""
    (first, *_) = (await daemon.get("/web/decisions", limit="1"))["decisions"]
    await show(page, daemon, "activity?action=import")
    asked = await held(page, "**/web/decisions?limit=500*")
    async with page.expect_download():
        await page.get_by_role("button", name="Export JSON").click()
        await until(lambda: asked, 20, "the first page")
        await page.get_by_label("Action").select_option("fail")
        await expect(page).to_have_url(re.compile("action=fail"))
        await asked[0].fulfill(json={"decisions": [first], "next": 1})
        await until(lambda: len(asked) == 2, 20, "the second page")
        await asked[1].fulfill(json={"decisions": [first], "next": None})
    assert [parse_qs(urlsplit(one.request.url).query)["action"] for one in asked] == [["import"], ["import"]]


async def test_torrents_are_filtered_by_what_holds_them(page, daemon):
    await show(page, daemon, "torrents")
    await expect(page.locator(".torrent-row").first).to_be_visible()
    await page.locator(".facet", has_text="imported").click()
    await expect(page).to_have_url(re.compile("rule=imported"))
    await expect(page.locator(".torrent-row").first).to_contain_text("It has been imported")
    await expect(page.locator(".torrent-row progress").first).to_be_visible()
    await page.get_by_role("searchbox").fill("no torrent has this name")
    await expect(page.get_by_text("No torrent matches these filters.")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await page.locator(".torrent-row button").first.click()
    await expect(page.get_by_role("dialog")).to_contain_text("asked")


async def test_arrows_go_from_row_to_row(page, daemon):
    await show(page, daemon, "torrents")
    rows = page.locator(".torrent-row button")
    await rows.nth(0).focus()
    await page.keyboard.press("ArrowDown")
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_the_cards_of_workers_break_no_word(browser, daemon):
    """Labels such as the German word for a queue are not cut in the middle."""
    async with opened_page(browser, locale="de-DE") as page:
        await show(page, daemon, "overview")
        label = page.locator(".cards .numbers dt", has_text="Warteschlange").first
        broken = "e => e.scrollWidth > e.clientWidth || getComputedStyle(e).overflowWrap === 'anywhere'"
        assert not await label.evaluate(broken)


async def test_a_log_is_followed_and_searched(page, daemon):
    await show(page, daemon, "logs/Main.log")
    await expect(page.locator(".log")).to_contain_text("daemon was started")
    await page.get_by_label("Level").select_option("error")
    await expect(page.locator(".log")).not_to_contain_text("daemon was started")
    await page.get_by_label("Level").select_option("debug")
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_label("Find in the whole file").fill("DAEMON WAS STARTED")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("1 line was found")).to_be_visible()
    await page.get_by_role("button", name="Back to the end").click()
    await page.get_by_role("button", name="Follow").click()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download").click()
    assert "daemon was started" in (await (await download.value).path()).read_text()


async def test_a_log_is_read_from_a_time_on(page, daemon):
    await show(page, daemon, "logs/Main.log")
    await expect(page.locator(".log")).to_contain_text("daemon was started")
    await page.get_by_label("Jump to").fill("2020-01-01T00:00:00")
    await expect(page.get_by_role("status").filter(has_text="From")).to_be_visible()
    await expect(page).to_have_url(re.compile("at=2020-01-01T"))
    first = (await daemon.get("/web/logs/Main.log", limit="1"))["content"].rstrip("\n")
    await expect(page.locator(".log p").first).to_have_text(first)
    await page.get_by_label("Jump to").fill("2035-01-01T00:00:00")
    await expect(page.get_by_text("Nothing was written at that time or later.")).to_be_visible()
    await page.get_by_role("button", name="Back to the end").click()
    await expect(page.locator(".log")).to_contain_text("daemon was started")


async def test_what_is_read_of_a_log_is_shown_for_nothing_else(page, daemon):
    """What was asked for before another file was chosen, or before it was left, comes late."""
    await show(page, daemon, "logs/Main.log")
    await expect(page.locator(".log")).to_contain_text("daemon was started")
    asked = await held(page, "**/web/logs/Main.log?*")
    await page.get_by_role("button", name="Older lines").click()
    await until(lambda: asked, 20, "older lines are asked for")
    await page.locator(".filters select").first.select_option("WebUI.log")
    await expect(page.get_by_role("log", name="WebUI.log")).to_be_visible()
    await asked[0].fulfill(json={"total_lines": 9000})
    await until(lambda: len(asked) == 2, 20, "the lines before those that are shown")
    await answer_late(asked[1], {"content": "a line of Main.log\n"})
    await expect(page.get_by_text("a line of Main.log")).to_have_count(0)
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()

    asked = await held(page, "**/web/logs/WebUI.log/search?*")
    await page.get_by_label("Find in the whole file").fill("anything")
    await page.keyboard.press("Enter")
    await until(lambda: asked, 20, "it is searched")
    await page.go_back()
    await answer_late(asked[0], {"matches": [{"line": 1, "text": "anything"}], "complete": True, "next_offset": 0})
    await expect(page.get_by_text("1 line was found")).to_have_count(0)
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()


async def test_a_log_from_a_time_on_is_still_there_after_a_search_in_it(page, daemon):
    await show(page, daemon, "logs/Main.log?at=2020-01-01T00:00:00Z&find=daemon%20was%20started")
    await expect(page.get_by_text("1 line was found")).to_be_visible()
    await page.get_by_role("button", name="Back to the end").click()
    await expect(page.get_by_role("status").filter(has_text="From")).to_be_visible()


async def test_a_login_is_asked_for_once_it_is_needed(browser, daemon):
    """`WebAccess = token` asks everyone; afterwards the page is where it was to be."""
    await daemon.post_as_user("/api/config", {"changes": {"WebUI.WebAccess": "token"}})
    context = await browser.new_context()
    page = await context.new_page()
    try:
        await page.goto(f"{daemon.url}/ui#/torrents?rule=imported")
        await page.get_by_label("Token").fill("wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("Unauthorized")
        await page.get_by_label("Token").fill(TOKEN)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("torrents.*rule=imported"))
        await expect(page.locator(".torrent-row").first).to_be_visible()
        await expect(page.locator(".connection")).to_have_text("Live")
    finally:
        await context.close()
        await daemon.post_as_user("/api/config", {"changes": {"WebUI.WebAccess": "auto"}})


async def test_the_page_says_that_it_is_disconnected_and_comes_back(page, daemon):
    await show(page, daemon, "overview")
    await expect(page.locator(".connection")).to_have_text("Live")
    await daemon.stop()
    await expect(page.locator(".connection")).to_contain_text("Disconnected since")
    await daemon.start()
    await expect(page.locator(".connection")).to_have_text("Live")
    await daemon.all_running()
    await expect(page.locator(".worker").first).to_contain_text("Running")


async def test_ten_thousand_torrents_are_drawn_where_they_are_seen(page, daemon):
    await answer_torrents(page, range(10_000))
    await show(page, daemon, "torrents")
    await expect(page.get_by_text("10,000 torrents")).to_be_visible()
    await expect(page.locator(".torrent-row").first).to_contain_text("Torrent 00000")
    assert await page.locator(".torrent-row").count() < 60
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    await expect(page.get_by_role("button", name="Torrent 05000", exact=True)).to_be_attached(timeout=20_000)
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await expect(page.get_by_role("button", name="Torrent 09999", exact=True)).to_be_visible(timeout=20_000)
    assert await page.locator(".torrent-row").count() < 60


async def test_arrows_leave_out_no_row_of_a_long_list(page, daemon):
    await answer_torrents(page, range(10_000))
    await show(page, daemon, "torrents")
    await page.get_by_role("button", name="Torrent 00000", exact=True).focus()
    for index in range(1, 60):
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("button", name=f"Torrent {index:05}", exact=True)).to_be_focused()


async def test_no_row_is_there_twice_when_others_before_it_are_gone(page, daemon):
    numbers = list(range(300))
    await answer_torrents(page, numbers)
    await show(page, daemon, "torrents")
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 3)")
    shown = page.locator(".torrent-row button")
    await expect(page.get_by_role("button", name="Torrent 00100", exact=True)).to_be_visible()
    del numbers[:5]
    await happen(page, "decision", {})

    await expect(page.get_by_text("295 torrents")).to_be_visible()

    async def goes_on() -> bool:
        listed = [int(text.split()[1]) for text in await shown.all_inner_texts()]
        return bool(listed) and listed == list(range(listed[0], listed[0] + len(listed)))

    await until(goes_on, 20, "all rows once")


async def test_an_older_answer_about_torrents_replaces_no_newer_one(page, daemon):
    """The answers and the events are of the test."""
    answer = await daemon.get("/web/torrents", limit="1") | {"next": None}
    (row, *_) = answer["torrents"]
    older, newer = ({**answer, "torrents": [{**row, "name": name}]} for name in ("The older", "The newer"))
    await page.route("**/web/events*", lambda route: route.abort())
    await page.route("**/web/torrents?*", lambda route: route.fulfill(json=older))
    await show(page, daemon, "torrents")
    rows = page.locator(".torrent-row")
    await expect(rows).to_contain_text("The older")
    asked = await held(page, "**/web/torrents?*")
    for number, event in ((1, "decision"), (2, "reset")):
        await happen(page, event, {})
        await until(lambda number=number: len(asked) == number, 20, event)
    await asked[1].fulfill(json=newer)
    await expect(rows).to_contain_text("The newer")
    await answer_late(asked[0], older)
    await expect(rows).to_contain_text("The newer")


async def answer_torrents(page: Page, numbers: Sequence[int]) -> None:
    """Give the list torrents of these numbers: the sandbox has no such client."""

    def row(number: int) -> dict:
        verdict = {"action": "nothing", "rule": "seeding", "because": "it seeds", "since": "2026-01-01T00:00:00Z"}
        place = {"hash": f"{number:040}", "category": "movies", "instance": "qBit", "name": f"Torrent {number:05}"}
        return {**place, **verdict, "revisitAt": None, "forecast": None, "live": None}

    async def answer(route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        after, limit = query.get("after"), int(query["limit"][0])
        first = bisect_right(numbers, int(after[0])) if after else 0
        found = numbers[first : first + limit]
        kind = {"rule": "seeding", "action": "nothing", "category": "movies", "instance": "qBit"}
        body = {
            "torrents": [row(number) for number in found],
            "next": str(found[-1]) if first + limit < len(numbers) else None,
            "kinds": [] if after else [{**kind, "number": len(numbers)}],
        }
        await route.fulfill(json=body)

    await page.route("**/web/torrents?*", answer)


async def test_the_page_is_german_where_the_browser_is(browser, daemon):
    async with opened_page(browser, locale="de-DE") as page:
        await show(page, daemon, "torrents")
        await expect(page.get_by_role("heading", level=1, name="Torrents")).to_be_visible()
        await expect(page.get_by_role("link", name="Verlauf")).to_be_visible()
        assert await page.locator("html").get_attribute("lang") == "de-DE"


@pytest.mark.serial
async def test_the_first_view_is_there_at_once(page, daemon):
    """Measured by the browser, from the request to the first cards; a busy machine is slower than a user's."""
    await show(page, daemon, "about")
    await page.goto(f"{daemon.url}/ui?again#/overview")
    await expect(page.locator(".worker").first).to_be_visible()
    painted = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert painted < 1500


async def test_another_version_is_loaded_once_and_not_in_a_loop(page, daemon):
    """The page at the address is always another one, as when the answer of a proxy is old."""

    async def another(route) -> None:
        await (
            route.fulfill(body="<p>another version</p>")
            if route.request.resource_type == "fetch"
            else route.continue_()
        )

    loads: list[str] = []
    page.on("domcontentloaded", lambda _: loads.append(page.url))
    await page.route("**/ui", another)
    await show(page, daemon, "about")
    for number in (1, 2):
        await expect(page.locator(".connection")).to_have_text("Live")
        await daemon.stop()
        await expect(page.locator(".connection")).to_contain_text("Disconnected since")
        await daemon.start()
        if number == 1:
            await until(lambda: len(loads) == 2, 20, "the other version")
    await expect(page.get_by_text("There is a new version of this page.")).to_be_visible(timeout=20_000)
    assert len(loads) == 2
    await daemon.all_running()


async def test_logins_are_listed_and_ended(page, daemon):
    """The answers are of the test."""
    ended: list[str] = []
    one = {"id": "a1", "method": "token", "user": "", "address": "192.168.1.7", "startedAt": "2026-01-01T00:00:00Z"}
    one |= {"lastUsedAt": None, "endsAt": "2026-02-01T00:00:00Z", "current": False}
    known = [one, {**one, "id": "b2", "address": "192.168.1.8", "current": True}]

    async def end(route) -> None:
        ended.append(route.request.url.split("/")[-2])
        known.pop(0)
        await route.fulfill(json={"message": f"Login {ended[-1]} has ended"})

    async def listed(route) -> None:
        await route.fulfill(json={"sessions": known})

    await page.route("**/web/sessions", listed)
    await page.route("**/web/sessions/*/revoke", end)
    await show(page, daemon, "about")
    dialog = page.get_by_role("dialog")
    await page.get_by_role("button", name="End: token, 192.168.1.7").click()
    await dialog.get_by_role("button", name="End", exact=True).click()
    await expect(page.locator(".toasts")).to_contain_text("Login a1 has ended")
    await expect(page.get_by_role("button", name="End: token, 192.168.1.7")).to_have_count(0)
    await page.get_by_role("button", name="End: token, 192.168.1.8").click()
    await dialog.get_by_role("button", name="End", exact=True).click()
    await expect(page.get_by_label("Token", exact=True)).to_be_visible()  # it was the one of this browser
    assert ended == ["a1", "b2"]


async def test_backups_are_downloaded(page, daemon):
    await show(page, daemon, "about")
    backups = page.get_by_role("region", name="Backups")
    async with page.expect_download() as download:
        await backups.get_by_role("link", name="Download").first.click()
    assert (await (await download.value).path()).read_bytes().startswith(b"SQLite format 3")


async def test_the_evidence_of_an_abnormal_end_is_downloaded_also_where_backups_are_not_shown(page, daemon):
    """The answers are of the test."""

    async def ended(route) -> None:
        of_radarr = "/processes/radarr-hd/" in route.request.url
        ends = [{"category": "radarr-hd", "at": "2026-01-01T00:00:00Z", "how": "killed"}] if of_radarr else []
        await route.fulfill(json={"evidence": ends})

    async def forbidden(route) -> None:
        await route.fulfill(status=403, json={"error": "This needs the token or a login", "code": "FORBIDDEN"})

    await page.route("**/web/processes/*/evidence*", ended)
    await page.route("**/web/backups", forbidden)
    await show(page, daemon, "about")
    ends = page.get_by_role("region", name="Abnormal ends of workers")
    async with page.expect_download() as download:
        await ends.get_by_role("link", name="Download: radarr-hd").click()
    assert (await download.value).suggested_filename == "evidence-radarr-hd.json"
    await expect(page.get_by_role("region", name="Backups")).to_have_count(0)
    await expect(page.locator("main [role=alert]")).to_have_count(0)


async def test_an_update_is_offered_and_started(page, daemon):
    """The answers are of the test: tests/process has the update itself."""
    about = await daemon.get("/web/meta")
    newer = {**about, "latest_version": "v9.9", "update_available": True, "changelog": "* Better"}
    started: list[str] = []

    async def meta(route) -> None:
        await route.fulfill(json={**newer, "update_state": {**about["update_state"], "in_progress": bool(started)}})

    async def update(route) -> None:
        started.append(route.request.method)
        await route.fulfill(json={"message": "Update initiated", "current_version": "v0", "target_version": "v9.9"})

    await page.route("**/web/meta*", meta)
    await page.route("**/web/update", update)
    await show(page, daemon, "about")
    await expect(page.locator(".changelog")).to_have_text("* Better")
    await page.get_by_role("button", name="Update to v9.9").click()
    await page.get_by_role("dialog").get_by_role("button", name="Update to v9.9").click()
    await expect(page.get_by_text("The update is under way.")).to_be_visible()
    assert started == ["POST"]
