"""Libraries, the plan of searches, and what would go for space, in Chromium."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

from tests.browser.opening import is_read, opened_page, show
from tests.support.polling import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]


async def test_a_library_is_searched_and_filtered(page, daemon):
    await show(page, daemon, "libraries/radarr-hd")
    await expect(page.locator(".item").first).to_be_visible()
    await page.get_by_label("File").select_option("false")
    await is_read(page)
    await expect(page.locator(".item", has_text="Complete")).to_have_count(0)
    title = (await page.locator(".item .grow").first.inner_text()).rsplit(" ", 1)[0]
    await page.get_by_role("searchbox").fill(title)
    await expect(page.locator(".item")).to_have_count(1)
    await page.get_by_role("button", name="Search now").click()
    await expect(page.locator(".toasts")).to_contain_text("searched next")


async def test_a_filter_that_is_cleared_is_chosen_no_more(page, daemon):
    await show(page, daemon, "libraries/radarr-hd")
    field = page.get_by_label(re.compile("^File"))
    await field.select_option("Yes")
    await page.get_by_role("searchbox").fill("no such movie")
    await page.get_by_role("button", name="Clear filters").click()
    await expect(page).to_have_url(re.compile("libraries/radarr-hd$"))
    await expect(field).to_have_value("")


async def test_an_address_of_no_library_shows_no_other_one(page, daemon):
    await show(page, daemon, "libraries/radarr-gone")
    await expect(page.get_by_text("No Arr has the category radarr-gone.")).to_be_visible()
    await expect(page.locator(".item")).to_have_count(0)
    await page.get_by_role("button", name="Radarr HD").click()
    await expect(page.locator(".item").first).to_be_visible()


async def test_what_became_of_the_searches_for_a_movie_is_shown(page, daemon):
    await show(page, daemon, "libraries/radarr-hd")
    await page.get_by_role("button", name=re.compile("^What happened: ")).first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(re.compile("Searched|not searched yet"))
    await expect(dialog).to_contain_text(re.compile("[Dd]ownload"))


async def test_what_happened_to_a_movie_has_what_others_did(page, daemon):
    """Those of the Arr, the client and the user come from the timeline; the newest first."""
    events = [
        {"actor": actor, "kind": kind, "at": at, "text": text, "hash": "", "instance": "", "category": "radarr-hd"}
        for at, actor, kind, text in (
            ("2026-01-01T00:00:00Z", "arr", "grabbed", "A.Release"),
            ("2026-01-01T00:00:01Z", "qbittorrent", "left", "A.Release, seen last as stalledUP"),
            ("2026-01-01T00:00:02Z", "user", "undo", "it is stalled"),
        )
    ]
    missing = [{"category": "radarr-hd", "error": "it does not answer"}]
    await page.route("**/items/*/timeline", lambda route: route.fulfill(json={"events": events, "missing": missing}))
    await show(page, daemon, "libraries/radarr-hd")
    await page.get_by_role("button", name=re.compile("^What happened: ")).first.click()
    rows = page.get_by_role("dialog").locator(".timeline > li")
    await expect(rows).to_contain_text(["User Undone", "qBittorrent Gone without qbitrr", "Arr Grabbed"])
    await expect(page.get_by_role("dialog")).to_contain_text("it does not answer")


async def test_a_library_is_sorted_by_a_column_and_goes_on_page_by_page(page, daemon):
    await show(page, daemon, "libraries/radarr-hd")

    async def years() -> list[int]:
        return [int(year) for year in await page.locator(".item .grow > .muted").all_inner_texts()]

    async def newest_first() -> bool:
        shown = await years()
        return len(set(shown)) > 1 and shown == sorted(shown, reverse=True)

    order = page.get_by_role("group", name="Order")
    await order.get_by_role("button", name="Year").click()
    await order.get_by_role("button", name="Year, ascending").click()
    await expect(order.get_by_role("button", name="Year, descending")).to_have_attribute("aria-pressed", "true")
    await expect(page).to_have_url(re.compile("sort=year&descending=true"))
    await until(newest_first, 20, "the list in its order")
    first = await years()
    async with page.expect_request(re.compile(r"/movies\?.*page=1")) as asked:
        await page.get_by_role("button", name="Next").click()
    await expect(page.get_by_text("Page 2 of")).to_be_visible()
    assert await newest_first()
    assert first[-1] >= (await years())[0]
    query = parse_qs(urlsplit((await asked.value).url).query)
    assert query["after"]  # found by where the first page ended, not by its number
    await page.go_back()
    await expect(page.get_by_text("Page 1 of")).to_be_visible()


async def test_a_page_of_a_library_has_its_number_once_it_is_there(page, daemon):
    answered = asyncio.Event()

    async def late(route) -> None:
        await answered.wait()
        await route.continue_()

    await show(page, daemon, "libraries/radarr-hd")
    first = await page.locator(".item .grow").first.inner_text()
    await page.route("**/movies?*", late)
    await page.get_by_role("button", name="Next").click()
    await expect(page).to_have_url(re.compile("page=1"))
    await expect(page.locator(".pages")).to_contain_text("Page 1 of")
    answered.set()
    await expect(page.locator(".pages")).to_contain_text("Page 2 of")
    assert await page.locator(".item .grow").first.inner_text() != first


async def test_a_series_shows_its_seasons_and_episodes_on_demand(page, daemon):
    await show(page, daemon, "libraries/sonarr-tv")
    await expect(page.locator(".owner").first).to_be_visible()
    await expect(page.locator(".item")).to_have_count(0)
    await page.locator(".owner summary").first.click()
    await page.locator(".owner .owner summary").first.click()
    await expect(page.locator(".item").first).to_be_visible()


async def test_an_artist_shows_its_albums(page, daemon):
    await show(page, daemon, "libraries/lidarr-music")
    await page.locator(".owner summary").first.click()
    await expect(page).to_have_url(re.compile(r"open=\d+$"))
    await page.reload()
    await expect(page.locator(".item").first).to_be_visible()


async def test_an_album_is_of_the_same_day_in_every_time_zone(browser, daemon):
    released = {
        album["title"]: album["releaseDate"]
        for artist in (await daemon.get("/web/lidarr/lidarr-music/artists"))["artists"]
        for album in artist["albums"]
        if album["releaseDate"]
    }
    async with opened_page(browser, timezone_id="America/New_York", locale="en-CA") as page:
        await show(page, daemon, "libraries/lidarr-music")
        await page.locator("summary").first.click()
        album = page.locator(".owner li.item").first
        title = (await album.locator(".grow").inner_text()).rsplit(" ", 1)[0]
        await expect(album).to_contain_text(released[title])


@pytest.mark.parametrize(
    ("category", "page_of"), [("radarr-hd", "/movie/"), ("sonarr-tv", "/series/"), ("lidarr-music", "/artist/")]
)
async def test_a_library_shows_posters_and_leads_into_the_arr(page, daemon, category, page_of):
    """The first posters are loaded, and rows are as high without one; the sandbox has none for every seventh."""
    await show(page, daemon, f"libraries/{category}")
    rows = page.locator(".entries > li")
    await expect(rows.first.locator("a")).to_have_attribute("href", re.compile(f"^http://[^/]+{page_of}.+"))
    picture = rows.first.locator(".poster > img")
    await expect(picture).to_have_js_property("complete", value=True)
    assert await picture.evaluate("img => img.naturalHeight") in (0, 250)
    sizes = await page.locator(".poster").evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")
    assert set(sizes) == {60}


async def test_the_plan_has_a_reason_for_each_search(page, daemon):
    await show(page, daemon, "plan")
    await expect(page.locator(".plan-row").first).to_contain_text("issing", timeout=60_000)  # it is made once a minute


async def test_arrows_lead_through_the_plan_and_enter_opens_what_happened_to_an_item(page, daemon):
    await show(page, daemon, "plan/radarr-hd")
    await expect(page.locator(".plan-row").first).to_be_visible(timeout=60_000)
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".plan-row").first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".plan-row").nth(1)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text(re.compile("Searched|not searched yet"))


async def test_the_plan_has_what_tags_leave_out_seasons_that_rest_and_query_limits(page, daemon):
    plan = {"searches": [], "due": 0, "perHour": 30, "waitingFor": "", "throughAt": None, "left": 1}
    plan |= {"pausedAt": None, "pausedBy": None, "leftOut": {"with a tag of ExcludeTags": 2}}
    plan |= {"restingSeasons": [{"title": "A Show", "season": 3, "until": "2099-01-02T03:04:05Z"}]}
    plan |= {"queryLimits": [{"name": "One", "limit": 100, "windowSeconds": 86400, "used": 60}]}
    await page.route("**/search-plan", lambda route: route.fulfill(json=plan))
    await show(page, daemon, "plan")
    await expect(page.locator("qb-plan")).to_contain_text("2 items are left out, with a tag of ExcludeTags.")
    await expect(page.locator("qb-plan")).to_contain_text("One 60 of 100 in 24 hours")
    resting = page.locator("qb-plan details").first
    await expect(resting).to_contain_text("1 season is searched by episodes")
    await resting.locator("summary").click()
    await expect(resting.locator("li")).to_contain_text("A Show · Season 3")


async def test_what_would_go_for_space_is_listed_row_by_row(page, daemon):
    seed = {"hash": "a" * 40, "instance": "qBit", "name": "Some.Movie", "goes": True, "because": "it may go"}
    seed |= {"sizeBytes": 2**31, "freesBytes": 2**31, "superseded": True, "otherSeeders": 11, "uploadPerDay": 2**20}
    seed |= {"completedAt": "2026-01-01T00:00:00Z"}
    kept = seed | {"name": "Kept.Movie", "goes": False, "because": "KeepSeeds: so many seeds stay", "superseded": False}
    kept |= {"freesBytes": None, "otherSeeders": None, "uploadPerDay": None}
    plan = {"category": "radarr-hd", "enabled": True, "stopped": "", "download": "Next.Movie", "lacksBytes": 2**30}
    plan |= {"freesBytes": 2**31, "seeds": 2, "sizeBytes": 2**32, "lookedUp": False, "rows": [seed, kept]}
    asked = []

    async def answer(route):
        asked.append(parse_qs(urlsplit(route.request.url).query)["bytes"])
        await route.fulfill(json=plan)

    await page.route("**/room?*", answer)
    await show(page, daemon, "room")
    section = page.get_by_role("region", name="Radarr HD")
    await expect(section).to_contain_text("Next.Movie waits for 1 GiB.")
    await expect(section).to_contain_text("2 GiB would be freed, of 4 GiB in 2 complete torrents.")
    first, second = await section.get_by_role("listitem").all()
    await expect(first).to_contain_text(re.compile(r"goes\s+superseded\s+Some\.Movie\s+It may go"))
    await expect(second).to_contain_text(re.compile(r"stays\s+Kept\.Movie\s+KeepSeeds"))
    await page.get_by_label("Room that is needed, in GiB").fill("3")
    await expect(page).to_have_url(re.compile("gib=3"))
    await until(lambda: [str(3 * 2**30)] in asked, 10, "the plan for three GiB")


async def test_searches_are_paused_and_resumed(page, daemon):
    await show(page, daemon, "plan")
    section = page.get_by_role("region", name="Radarr HD")
    await expect(section).to_contain_text("left now", timeout=60_000)
    await section.get_by_role("button", name="Pause").click()
    await expect(section.locator(".note")).to_contain_text("Paused by")
    await page.reload()
    await section.get_by_role("button", name="Resume").click()
    await expect(section.get_by_role("button", name="Pause")).to_be_visible()
    assert (await daemon.get("/web/arr/radarr-hd/search-plan"))["pausedAt"] is None
