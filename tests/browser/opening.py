"""Opening a view of the page, and what must never happen on it."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from playwright.async_api import expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page, Route

    from tests.support.daemon import Daemon


VIEWS = (
    "overview",
    "activity",
    "comparison",
    "torrents",
    "libraries",
    "plan",
    "room",
    "orphans",
    "logs",
    "config",
    "about",
    "setup",
    "login",
)


LOADING = re.compile("Loading|Wird geladen")


@asynccontextmanager
async def opened_page(browser: Browser, **options: Any) -> AsyncIterator[Page]:
    """Open a page; AssertionError at the end when one of its scripts failed, or the browser refused something."""
    given = {"viewport": {"width": 1400, "height": 900}, "locale": "en-GB", **options}
    context = await browser.new_context(**given)
    page = await context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if "Security Policy" in message.text else None)
    try:
        yield page
    finally:
        await context.close()
    assert troubles == []


async def show(page: Page, daemon: Daemon, view: str, base: str = "") -> None:
    """Go to a view and wait until it has read what it shows."""
    await page.goto(f"{daemon.url}{base}/ui#/{view}")
    (name,) = re.findall(r"^\w+", view)
    await expect(page.locator(f"main > qb-{name} h1").first).to_be_attached()
    await is_read(page)


async def is_read(page: Page) -> None:
    """Wait until what the address names is shown."""
    await page.evaluate("0")  # it knows its address by then
    await expect(page.locator("main [role=status]", has_text=LOADING)).to_have_count(0)
    await expect(page.locator("main [aria-busy=true]")).to_have_count(0)


async def happen(page: Page, event: str, detail: dict[str, Any]) -> None:
    """Give the page an event of the stream."""
    await page.evaluate(
        """([event, detail]) => import(document.querySelector("[type=module]").src.replace("app.js", "live.js"))
            .then(({ live }) => live.dispatchEvent(new CustomEvent(event, { detail })))""",
        [event, detail],
    )


async def held(page: Page, pattern: str) -> list[Route]:
    """Have the requests that match wait; they are answered by the test."""
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    await page.route(pattern, hold)
    return asked


async def answer_late(route: Route, answer: dict[str, Any]) -> None:
    """Answer, and wait until the page has it."""
    page = route.request.frame.page
    async with page.expect_response(lambda response: response.request == route.request):
        await route.fulfill(json=answer)
    await page.evaluate("fetch('/health').then(() => true)")  # what was answered before it is known now


async def serious_problems(page: Page, tools: Path) -> list[tuple[Any, ...]]:
    """Have axe check what is shown; return the rules that are broken seriously, where, and how."""
    await page.evaluate((tools / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found = await page.evaluate("axe.run()")
    return [
        (one["id"], [node["target"] for node in one["nodes"][:3]], one["nodes"][0]["failureSummary"])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
