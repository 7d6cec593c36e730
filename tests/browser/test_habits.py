"""What every view does alike: its address, keys, sizes for fingers, empty lists, and that nothing moves or is lost."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.browser.opening import VIEWS, answer_late, happen, held, is_read, opened_page, serious_problems, show
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page, Route

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

WITHOUT_HTTPS = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
SMALLEST_TOUCH = 44
PRESSED = "main :is(button, a, select, input, summary), nav :is(a, button)"
WITH_ITS_LABEL = "label.check, .value:has(> [type=checkbox])"
IN_A_SENTENCE = "a:not(.button, .brand, nav a, .outside), button.link, .skip"
"""What stands in a line of text is as high as the line."""


async def test_the_torrent_that_is_open_is_in_the_address(page, daemon):
    await show(page, daemon, "torrents?q=a")
    name = await page.locator(".torrent-row button").first.inner_text()
    dialog = page.get_by_role("dialog")
    await page.locator(".torrent-row").get_by_role("button", name=name, exact=True).first.click()
    await expect(page).to_have_url(re.compile("q=a&torrent=[0-9a-f]{40}"))
    await page.go_back()
    await expect(dialog).to_be_hidden()
    await expect(page).to_have_url(re.compile("torrents.q=a$"))
    await page.go_forward()
    await expect(dialog.get_by_role("heading", name=name)).to_be_visible()
    await page.reload()
    await expect(dialog.get_by_role("heading", name=name)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page).to_have_url(re.compile("torrents.q=a$"))
    await expect(page.get_by_role("searchbox")).to_have_value("a")


async def test_a_part_that_cannot_be_loaded_is_said(page, daemon):
    await page.route("**/parts/torrent.js", lambda route: route.fulfill(status=404))
    await show(page, daemon, "torrents")
    await page.locator(".torrent-row button").first.click()
    await expect(page.locator(".toasts")).to_contain_text("The view could not be loaded")


async def test_no_view_is_shown_under_the_name_of_another_one(page, daemon):
    asked = await held(page, "**/views/plan.js")
    await show(page, daemon, "torrents")
    heading = page.get_by_role("heading", level=1)
    await page.get_by_role("link", name="Search plan").click()
    await expect(heading).to_have_count(0)
    await expect(page.locator("main [role=status]")).to_contain_text("Loading")
    await expect(page).to_have_title("Search plan · qbitrr")
    await until(lambda: asked, 20, "the view is asked for")
    await asked[0].fulfill(status=404)
    await expect(page.locator("main [role=alert]")).to_contain_text("The view could not be loaded")
    await page.get_by_role("link", name="Torrents").click()
    await expect(heading).to_have_text("Torrents")
    await page.goto(f"{daemon.url}/ui#/nothing")
    await expect(heading).to_have_count(0)
    await expect(page).to_have_title("qbitrr")


async def test_series_and_seasons_that_are_open_are_in_the_address(page, daemon):
    """Without events, so that nothing but the address has the list read again."""
    await page.route("**/web/events*", lambda route: route.abort())
    await show(page, daemon, "libraries/sonarr-tv?sort=title")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/web/sonarr/" in request.url else None)
    series = page.locator("li.owner").first
    season = series.locator(".owner").first
    await series.locator("summary").first.click()
    await expect(page).to_have_url(re.compile(r"sort=title&open=\d+$"))
    await season.locator("summary").click()
    await expect(page).to_have_url(re.compile(r"open=(\d+)_\1\.\d+$"))
    await expect(season.locator(".item").first).to_be_visible()
    await page.go_back()
    await expect(season).to_be_visible()
    await expect(season.locator(".item")).to_have_count(0)
    await page.go_back()
    await expect(page).to_have_url(re.compile("sort=title$"))
    await expect(season).to_have_count(0)
    assert asked == []  # the list itself is the same
    await page.go_forward()
    await page.go_forward()
    await expect(season.locator(".item").first).to_be_visible()
    await page.reload()
    await expect(season.locator(".item").first).to_be_visible()
    await series.locator("summary").first.click()
    await expect(page).to_have_url(re.compile("sort=title$"))
    await expect(season).to_have_count(0)


async def test_a_question_from_within_a_torrent_leads_back_to_it(page, daemon):
    """An entry that can be undone is made of one that cannot, by the test."""

    async def undoable(route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        removed = {"action": "remove", "state": "done", "notes": {"torrent_file": "x"}}
        await route.fulfill(json={**body, "history": [{**one, **removed} for one in body["history"]]})

    await page.route("**/explain", undoable)
    none = {"error": "none", "code": "NOT_READY"}
    await page.route("**/timeline", lambda route: route.fulfill(status=503, json=none))
    await show(page, daemon, "activity?state=done")
    await page.locator(".entry .deed button").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Undo").first.click()
    await expect(dialog.get_by_role("heading", name="Undo this?")).to_be_visible()
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog.get_by_role("heading", name="What happened")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


@pytest.mark.parametrize(
    ("address", "field", "text"),
    [
        ("activity", "Search", "No activity matches these filters."),
        ("torrents", "Search", "No torrent matches these filters."),
        ("libraries/radarr-hd", "Search", "Nothing matches these filters."),
        ("libraries/sonarr-tv", "Search", "Nothing matches these filters."),
        ("config/Settings", "Find a key", "No key of this section matches these filters."),
    ],
)
async def test_an_empty_list_says_that_a_filter_hides_what_is_there(page, daemon, address, field, text):
    await show(page, daemon, address)
    await page.get_by_role("searchbox", name=field).fill("there is no such thing")
    await expect(page.get_by_text(text)).to_be_visible()
    await expect(page).to_have_url(re.compile("q=there"))
    await page.reload()
    await expect(page.get_by_text(text)).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await expect(page.get_by_text(text)).to_be_hidden()
    await expect(page.locator(".entries > li, .torrent-row, .field").first).to_be_visible()
    await expect(page.get_by_role("searchbox", name=field)).to_have_value("")


@pytest.mark.parametrize(
    ("view", "path", "row"),
    [
        ("activity", "**/web/decisions?*", ".entry"),
        ("torrents", "**/web/torrents?*", ".torrent-row"),
        ("libraries/radarr-hd", "**/movies?*", ".item"),
    ],
)
async def test_what_the_address_does_not_name_is_marked_and_after_an_error_not_shown(page, daemon, view, path, row):
    """Without events, so that nothing but the address has the list read."""
    await page.route("**/web/events*", lambda route: route.abort())
    await show(page, daemon, view)
    await expect(page.locator(row).first).to_be_visible()
    asked = await held(page, path)
    await page.get_by_role("searchbox").fill("a")
    await until(lambda: asked, 20, "the list is asked for")
    await expect(page.locator("main [aria-busy=true]")).to_have_count(1)
    await asked[0].abort()
    await expect(page.locator("main [role=alert]")).to_be_visible()
    await expect(page.locator(row).first).to_be_hidden()
    await page.unroute(path)
    await page.get_by_role("searchbox").fill("")
    await expect(page.locator(row).first).to_be_visible()
    await expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    await expect(page.locator("main [role=alert]")).to_have_count(0)


async def test_an_empty_list_says_that_there_is_nothing(page, daemon):
    """The answers are of the test."""
    await page.route("**/web/decisions?*", lambda route: route.fulfill(json={"decisions": [], "next": None}))
    empty = {"torrents": [], "next": None, "kinds": []}
    await page.route("**/web/torrents?*", lambda route: route.fulfill(json=empty))
    await show(page, daemon, "activity")
    await expect(page.get_by_text("Nothing was done to a torrent yet.")).to_be_visible()
    await show(page, daemon, "torrents")
    await expect(page.get_by_text("There are no torrents in the categories of qbitrr.")).to_be_visible()


async def test_arrows_lead_from_the_search_into_the_list(page, daemon):
    await show(page, daemon, "torrents")
    await expect(page.locator(".torrent-row").first).to_be_visible()
    await page.keyboard.press("/")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".torrent-row button").first).to_be_focused()


async def test_enter_opens_a_movie_in_its_arr(page, daemon):
    await page.context.route("**/movie/*", lambda route: route.fulfill(body="a movie"))
    await show(page, daemon, "libraries/radarr-hd")
    row = page.locator(".item").first
    await row.focus()
    async with page.context.expect_page() as opened:
        await page.keyboard.press("Enter")
    await expect((await opened.value).get_by_text("a movie")).to_be_visible()


async def test_the_hash_of_a_torrent_is_copied_also_without_https(page, daemon):
    await page.add_init_script(WITHOUT_HTTPS)
    await show(page, daemon, "torrents")
    await page.locator(".torrent-row button").first.click()
    dialog = page.get_by_role("dialog")
    infohash = await dialog.locator(".hash code").inner_text()
    await dialog.get_by_role("button", name="Copy").click()
    await expect(page.locator(".toasts")).to_contain_text("Copied")
    await page.keyboard.press("Escape")
    await page.get_by_role("searchbox").focus()
    await page.keyboard.press("Control+V")
    await expect(page.get_by_role("searchbox")).to_have_value(infohash)


async def test_what_is_done_in_a_dialog_is_said_above_it(browser, daemon):
    async with opened_page(browser, viewport={"width": 360, "height": 640}) as page:
        await page.clock.install()
        await show(page, daemon, "torrents")
        await page.clock.pause_at(await page.evaluate("Date.now() + 60000"))  # what is said does not pass
        await page.locator(".torrent-row button").first.click()
        await page.get_by_role("dialog").get_by_role("button", name="Copy").click()
        await page.get_by_text("Copied").click(trial=True)
        await page.get_by_role("dialog").get_by_role("button", name="Close").click()
        await page.get_by_text("Copied").click(trial=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_serious_problem_in_a_torrent_and_in_a_plan(page, daemon, tools, scheme):
    await page.emulate_media(color_scheme=scheme)
    await show(page, daemon, "torrents")
    await page.locator(".torrent-row button").first.click()
    await page.locator("qb-torrent summary").first.click()
    await expect(page.locator(".timeline [data-actor=arr]").first).to_be_visible()
    assert await serious_problems(page, tools) == []
    await show(page, daemon, "config/Settings")
    await page.locator("#field-Settings_LoopSleepTimer").fill("3")
    await page.get_by_role("button", name="Review").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Settings.LoopSleepTimer")
    assert await serious_problems(page, tools) == []


@pytest.mark.parametrize("view", VIEWS)
async def test_what_is_pressed_is_large_enough_for_a_finger(browser, daemon, view):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    async with opened_page(browser, **phone) as page:
        await show(page, daemon, view)
        small = await page.evaluate(
            """([pressed, inline, area, smallest]) => [...document.querySelectorAll(pressed)]
                .filter((one) => !one.matches(inline) && one.checkVisibility() && one.getBoundingClientRect().width)
                .map((one) => [(one.closest(area) ?? one).getBoundingClientRect().height, one.outerHTML.slice(0, 120)])
                .filter(([height]) => height < smallest - 0.5)""",
            [PRESSED, IN_A_SENTENCE, WITH_ITS_LABEL, SMALLEST_TOUCH],
        )
        assert small == []


async def test_new_entries_wait_while_the_pointer_is_over_the_list(page, daemon):
    """The answers, the event that there is another one, and the clock of the page are of the test."""
    (first, *_) = (await daemon.get("/web/decisions", limit="1"))["decisions"]
    listed = [{**first, "name": "Older", "id": 1}]
    asked: list[str] = []

    async def answer(route) -> None:
        asked.append(route.request.url)
        await route.fulfill(json={"decisions": listed, "next": None})

    await page.route("**/web/decisions?limit=6", answer)
    await page.route("**/web/events*", lambda route: route.abort())
    await page.clock.install()
    await show(page, daemon, "overview")
    rows = page.locator("qb-latest .entry")
    await expect(rows).to_have_count(1)
    await rows.first.hover()
    await page.clock.pause_at(await page.evaluate("Date.now() + 60000"))
    before = len(asked)
    listed.insert(0, {**first, "name": "Newer", "id": 2})
    for _ in range(2):
        await happen(page, "decision", listed[0])
        await page.clock.run_for(1500)  # longer than new entries are gathered for
    await page.evaluate("fetch('/health').then(() => true)")  # what was asked before it is known now
    assert len(asked) == before
    await page.mouse.move(2, 2)
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("Newer")
    assert len(asked) == before + 1


async def test_what_is_not_answered_is_said_in_the_language_of_the_page(browser, daemon):
    async with opened_page(browser, locale="de-DE") as page:
        await show(page, daemon, "about")
        await page.route("**/web/arr/rebuild", lambda route: route.abort())
        await page.get_by_role("button", name="Mediatheken neu lesen").click()
        await expect(page.locator(".toasts")).to_contain_text("keine Antwort")


async def test_the_look_is_that_of_the_configuration(page, daemon):
    async def configure(**keys: str | bool) -> None:
        await daemon.post_as_user("/api/config", {"changes": {f"WebUI.{name}": value for name, value in keys.items()}})

    ground = "getComputedStyle(document.body).backgroundColor"
    height = "document.querySelector('main button').getBoundingClientRect().height"
    await page.emulate_media(color_scheme="light")
    await show(page, daemon, "activity")
    light, comfortable = await page.evaluate(ground), await page.evaluate(height)
    try:
        await configure(Theme="Dark", ViewDensity="Compact", LiveArr=False)
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await expect(page.locator("html")).to_have_attribute("data-density", "compact")
        assert await page.evaluate(ground) != light
        assert await page.evaluate(height) < comfortable
    finally:
        await configure(Theme="System", ViewDensity="Comfortable", LiveArr=True)
    await expect(page.locator("html")).to_have_attribute("data-theme", "system")


async def test_the_card_of_the_daemon_waits_for_no_package_index(page, daemon):
    """The index, as the daemon passes it on, is of the test: it answers when it is let."""
    answered = asyncio.Event()

    async def late(route) -> None:
        if "at_once" not in route.request.url:
            await answered.wait()
        about = await (await route.fetch()).json()
        newer = {"latest_version": "v99.0.0", "update_available": True}
        await route.fulfill(json={**about, **(newer if answered.is_set() else {})})

    await page.route("**/web/meta*", late)
    await show(page, daemon, "overview")
    card = page.locator("qb-supervisor .card")
    await expect(card).to_contain_text(re.compile(r"Running|Degraded"))
    await expect(card.get_by_role("link").first).to_have_text(re.compile(r"^v\d"))
    update = card.get_by_role("link", name="Update to v99.0.0")
    await expect(update).to_have_count(0)
    answered.set()
    await expect(update).to_be_visible()


async def test_the_colours_of_the_configuration_win_over_the_device(page, daemon):
    """The configuration is of the test; System is the one of the daemon."""
    ground = "getComputedStyle(document.body).backgroundColor"

    async def shown(theme: str, scheme: Literal["light", "dark"]) -> str:
        await page.route("**/web/config", lambda route: route.fulfill(json={"WebUI": {"Theme": theme}}))
        await page.emulate_media(color_scheme=scheme)
        await show(page, daemon, "activity")
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", theme.lower())
        colour: str = await page.evaluate(ground)
        return colour

    light, dark = await shown("System", "light"), await shown("System", "dark")
    assert light != dark
    assert [await shown("Light", "dark"), await shown("Light", "light")] == [light, light]
    assert [await shown("Dark", "dark"), await shown("Dark", "light")] == [dark, dark]


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(
    ("view", "path"),
    [("torrents", "/web/torrents"), ("libraries/radarr-hd", "/web/radarr/"), ("activity", "/web/decisions")],
)
async def test_lists_follow_what_changes_or_keep_still(page, daemon, view, path, live):
    """The configuration, the events, most lists and the clock of the page are of the test."""
    (first, *_) = (await daemon.get("/web/decisions", limit="1"))["decisions"]
    answers = {
        "**/web/config": {"WebUI": {"LiveArr": live}},
        "**/web/decisions?*": {"decisions": [first], "next": None},
        "**/web/torrents?*": {"torrents": [], "next": None, "kinds": []},
    }

    def always(answer: dict) -> Callable[[Route], Awaitable[None]]:
        return lambda route: route.fulfill(json=answer)

    for pattern, answer in answers.items():
        await page.route(pattern, always(answer))
    await page.route("**/web/events*", lambda route: route.abort())
    await page.clock.install()
    async with page.expect_response(lambda response: urlsplit(response.url).path.startswith(path)):
        await show(page, daemon, view)
    await expect(page.locator("html")).to_have_attribute("data-theme", "system")  # the configuration was read
    await page.clock.pause_at(await page.evaluate("Date.now() + 60000"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))

    async def is_read_again_after(event: str, detail: dict) -> bool:
        asked.clear()
        await happen(page, event, detail)
        await page.clock.run_for(10_000)
        await page.evaluate("fetch('/health').then(() => true)")  # what was asked before it is known now
        return any(one.startswith(path) for one in asked)

    imported = {**first, "action": "import", "state": "done", "id": first["id"] + 1}
    followed = await is_read_again_after("decision", imported)
    if view == "activity":
        assert not followed
        await expect(page.get_by_role("button", name="Show 1 new entry")).to_have_count(int(live))
    else:
        assert followed is live
    assert await is_read_again_after("connection", {"again": True}) is live
    assert await is_read_again_after("reset", {}) is (live and view != "libraries/radarr-hd")


@pytest.mark.parametrize(
    ("view", "event", "path"), [("plan", "process", "/web/arr"), ("overview", "decision", "/web/inbox")]
)
async def test_a_view_is_read_again_although_something_happens_all_the_time(page, daemon, view, event, path):
    """As in a home with fifty categories. The events are of the test, and so is the time."""
    await page.clock.install()
    await show(page, daemon, view)
    await page.clock.pause_at(await page.evaluate("Date.now() + 60000"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    for _ in range(20):
        await happen(page, event, {"category": "radarr-hd", "id": 0})
        await page.clock.run_for(300)
    await page.evaluate("fetch('/health').then(() => true)")  # what was asked before it is known now
    assert path in asked


async def test_shadow_is_shown_with_what_it_prevented_and_is_turned_off(page, daemon):
    await show(page, daemon, "overview")
    note = page.get_by_role("region", name="Shadow")
    await expect(note).to_have_count(0)
    await daemon.post_as_user("/api/config", {"changes": {"Radarr-HD.Shadow": True}})
    await expect(note).to_contain_text("Shadow is on for Radarr-HD")
    await note.get_by_role("link", name="What would have been done").click()
    await expect(page.get_by_label("What Shadow kept from being done")).to_be_checked()
    await page.go_back()
    await note.get_by_role("button", name="Go live").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go live").click()
    await expect(page.locator(".toasts")).to_contain_text("Shadow is off.")
    await expect(note).to_have_count(0)
    assert (await daemon.get("/web/config"))["Radarr-HD"]["Shadow"] is False
    await daemon.all_running()


async def test_the_activity_goes_on_as_it_is_scrolled(page, daemon):
    """The answers are of the test."""
    (first, *_) = (await daemon.get("/web/decisions", limit="1"))["decisions"]
    whole = [{**first, "id": number, "name": f"Torrent {number:03}"} for number in range(200, 0, -1)]

    async def answer(route) -> None:
        before = re.search(r"before=(\d+)", route.request.url)
        rest = [one for one in whole if one["id"] < (int(before[1]) if before else 1000)]
        await route.fulfill(json={"decisions": rest[:50], "next": rest[49]["id"] if len(rest) > 50 else None})

    await page.route("**/web/decisions?limit=50*", answer)
    await show(page, daemon, "activity")
    await expect(page.locator(".entry").first).to_contain_text("Torrent 200")

    async def at_the_end() -> bool:
        await page.mouse.wheel(0, 4000)
        return await page.get_by_text("That is all.").is_visible()

    await until(at_the_end, 20, "the end of the list")
    await expect(page.locator(".entry")).to_have_count(200)


async def test_more_of_a_list_waits_for_what_is_being_read_of_it(page, daemon):
    """The answers, and the event after which the list is read again, are of the test."""
    (first, *_) = (await daemon.get("/web/decisions", limit="1"))["decisions"]
    whole = [{**first, "id": number, "name": f"Torrent {number:03}"} for number in range(140, 0, -1)]
    let = asyncio.Event()
    let.set()

    async def answer(route) -> None:
        before = re.search(r"before=(\d+)", route.request.url)
        if not before:
            await let.wait()
        rest = [one for one in whole if one["id"] < (int(before[1]) if before else 1000)]
        await route.fulfill(json={"decisions": rest[:50], "next": rest[49]["id"] if len(rest) > 50 else None})

    await page.route("**/web/decisions?limit=50*", answer)
    await show(page, daemon, "activity")
    rows = page.locator(".entry")
    await expect(rows).to_have_count(50)
    let.clear()
    whole.insert(0, {**first, "id": 141, "name": "Torrent 141"})
    async with page.expect_request(lambda request: request.url.endswith("/web/decisions?limit=50")):
        await happen(page, "reset", {})
    await page.get_by_role("button", name="Show more").click()
    let.set()
    await expect(rows.nth(99)).to_contain_text("Torrent 042")
    await expect(rows.first).to_contain_text("Torrent 141")


async def test_new_entries_are_counted_that_meet_the_filters(page, daemon):
    """The answers and the events are of the test."""
    (first, *_) = (await daemon.get("/web/decisions", limit="1"))["decisions"]
    answer = {"decisions": [{**first, "state": "failed"}], "next": None}
    await page.route("**/web/events*", lambda route: route.abort())
    await page.route("**/web/decisions?*", lambda route: route.fulfill(json=answer))
    await show(page, daemon, "activity?state=failed")
    await happen(page, "decision", {**first, "state": "done", "id": first["id"] + 1})
    await happen(page, "decision", {**first, "state": "failed", "id": first["id"] + 2})
    await expect(page.get_by_role("button", name="Show 1 new entry")).to_be_visible()


async def test_days_of_the_activity_are_those_of_the_browser(browser, daemon):
    async with opened_page(browser, timezone_id="Asia/Tokyo") as page:
        await show(page, daemon, "activity")
        await page.get_by_role("textbox", name="From").fill("2026-11-25")
        await expect(page).to_have_url(re.compile(r"since=2026-11-24T15%3A00%3A00"))
        await page.get_by_role("textbox", name="Until").fill("2026-11-26")
        await expect(page).to_have_url(re.compile(r"until=2026-11-26T15%3A00%3A00"))
        await page.reload()
        await expect(page.get_by_role("textbox", name="From")).to_have_value("2026-11-25")
        await expect(page.get_by_role("textbox", name="Until")).to_have_value("2026-11-26")


async def test_what_is_typed_is_no_filter_of_the_next_view(page, daemon):
    """The clock of the page is of the test."""
    await page.clock.install()
    await show(page, daemon, "activity")
    await show(page, daemon, "torrents")
    await page.clock.pause_at(await page.evaluate("Date.now() + 60000"))
    field, heading = page.get_by_role("searchbox"), page.get_by_role("heading", level=1)
    await field.fill("abc")
    await page.get_by_role("link", name="Activity").click()
    await expect(heading).to_have_text("Activity")
    await page.clock.run_for(1000)
    await expect(page).to_have_url(re.compile("#/activity$"))
    await page.go_back()
    await expect(heading).to_have_text("Torrents")
    await expect(field).to_have_value("")
    await field.fill("abc")
    await page.clock.run_for(1000)
    await expect(page).to_have_url(re.compile(r"#/torrents\?q=abc$"))


async def test_what_is_found_in_a_log_is_in_the_address(page, daemon):
    await show(page, daemon, "logs/Main.log")
    await page.get_by_label("Find in the whole file").fill("DAEMON WAS STARTED")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("find=DAEMON"))
    await page.reload()
    await expect(page.get_by_text("1 line was found")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()


@pytest.mark.parametrize(("view", "path"), [("torrents", "**/web/torrents?*"), ("room", "**/web/arr/*/room*")])
async def test_a_view_that_was_left_is_read_again(page, daemon, view, path):
    """Also when nothing happens that it follows: the time stands still."""
    await page.clock.install()
    await show(page, daemon, view)
    await page.clock.pause_at(await page.evaluate("Date.now() + 60000"))
    await page.get_by_role("link", name="About").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("About")
    async with page.expect_request(path):
        await page.go_back()


async def test_the_first_steps_survive_a_reload_but_for_their_secrets(page, daemon):
    await show(page, daemon, "setup")
    client, arr = page.get_by_role("region", name="qBittorrent"), page.get_by_role("region", name="radarr")
    await client.get_by_label("Address").fill("127.0.0.1:9")
    await client.get_by_label("Password").fill("a-secret")
    await arr.get_by_label("Name").fill("Films")
    await arr.get_by_label("API key").fill("a-secret")
    await page.get_by_label("Folder of finished downloads").fill("/downloads")
    await expect_kept(page, "/downloads")
    assert "a-secret" not in await page.evaluate(KEPT)
    await page.reload()
    await expect(client.get_by_label("Address")).to_have_value("127.0.0.1:9")
    await expect(arr.get_by_label("Name")).to_have_value("Films")
    await expect(page.get_by_label("Folder of finished downloads")).to_have_value("/downloads")
    await expect(client.get_by_label("Password")).to_have_value("")
    await expect(arr.get_by_label("API key")).to_have_value("")


async def test_the_result_of_a_test_is_of_what_is_filled_in(page, daemon):
    """How the tests end is of this one: the first comes late."""
    asked = await held(page, "**/web/arr/test-connection")
    await show(page, daemon, "setup")
    client = page.get_by_role("region", name="qBittorrent")
    result, address = client.locator(".note"), client.get_by_label("Address")
    for number in (1, 2):
        await address.fill(f"127.0.0.1:{number}")
        await until(lambda number=number: len(asked) == number, 20, "a test")
    answer = {"success": True, "message": "The second answers", "downloadClients": [], "contradictions": []}
    await asked[1].fulfill(json=answer)
    await expect(result).to_have_text("The second answers")
    await answer_late(asked[0], {**answer, "success": False, "message": "The first does not"})
    await expect(result).to_have_text("The second answers")
    await address.fill("127.0.0.1:3")
    await expect(result).to_have_count(0)


async def test_a_draft_of_the_configuration_survives_a_reload_but_for_its_secrets(page, daemon):
    await show(page, daemon, "config/qBit")
    await page.locator("#field-qBit_Password").fill("a-secret")
    await page.locator("#field-qBit_UserName").fill("reader")
    await expect_kept(page, "reader")
    assert "a-secret" not in await page.evaluate(KEPT)
    await expect(page.locator(".save")).to_contain_text("2 changes")
    await page.reload()
    await expect(page.locator("#field-qBit_UserName")).to_have_value("reader")
    await expect(page.locator("#field-qBit_Password")).to_have_value("")
    await expect(page.locator(".save")).to_contain_text("1 change")


KEPT = "JSON.stringify({ ...sessionStorage, ...localStorage })"


async def expect_kept(page: Page, text: str) -> None:
    async def is_kept() -> bool:
        return text in await page.evaluate(KEPT)

    await until(is_kept, 20, f"{text} in the storage of the tab")


async def test_earlier_versions_leave_the_sections_in_their_place(page, daemon):
    await show(page, daemon, "config/history")
    await expect(page.get_by_role("link", name="Radarr-HD")).to_be_visible()
    await expect(page.get_by_role("link", name="Sonarr-TV")).to_be_visible()


async def test_series_are_sorted_by_what_is_missing_the_most_first(page, daemon):
    await show(page, daemon, "libraries/sonarr-tv")
    await page.get_by_role("group", name="Order").get_by_role("button", name="Missing").click()
    await expect(page).to_have_url(re.compile("sort=missing&descending=true"))
    await expect(page.locator(".owner").first).to_be_visible()
    await is_read(page)
    have = [text.split("/") for text in await page.locator("summary > .number").all_inner_texts()]
    missing = [int(monitored) - int(available) for available, monitored in have]
    assert missing == sorted(missing, reverse=True) != []
