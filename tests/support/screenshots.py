"""The screenshots of the documentation: the page of a daemon on the sandbox, in several widths, light and dark.

python -m tests.support.screenshots      renews docs/images in three minutes; look at them before they are committed
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote

from playwright.async_api import async_playwright

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.opening import show
from tests.support.daemon import CHECKOUT, Daemon

if TYPE_CHECKING:
    from playwright.async_api import Browser, ViewportSize

FOLDER = CHECKOUT / "docs" / "images"
SECTIONS = (
    Section("Radarr-HD", "radarr", 400),
    Section("Radarr-4K", "radarr", 120),
    Section("Sonarr-TV", "sonarr", 40, episodes=600),
    Section("Lidarr-Music", "lidarr", 40),
)
_SECONDS = 75.0  # for imports, failures and searches
_DRAWN_SECONDS = 2.0  # for what arrives after the list: posters, what the Arr knows of a torrent


class Screenshot(NamedTuple):
    """One image: what is shown, pressed in turn, and how large."""

    name: str
    view: str
    width: int
    height: int
    scheme: Literal["light", "dark"]
    pressed: tuple[str, ...] = ()


SCREENSHOTS = (
    Screenshot("page-overview", "overview", 1400, 1120, "light"),
    Screenshot("page-torrents", "torrents", 1400, 820, "dark"),
    Screenshot("page-libraries", "libraries", 1400, 860, "light"),
    Screenshot("page-activity", "activity", 800, 860, "dark"),
    Screenshot("page-torrent", "activity?action=import", 800, 860, "light", (".entry .deed button",)),
    Screenshot("page-phone", "overview", 360, 740, "dark"),
    Screenshot("page-phone-torrents", "torrents", 360, 740, "light"),
    Screenshot("page-item", "libraries/radarr-hd?q={movie}", 800, 860, "light", ('[aria-label^="What happened: "]',)),
    Screenshot("page-plan", "plan", 800, 860, "light"),
    Screenshot("page-room", "room", 1400, 820, "dark"),
    Screenshot("page-logs", "logs", 800, 860, "dark"),
    Screenshot("page-config", "config", 1400, 860, "light"),
    Screenshot("page-phone-setup", "setup", 360, 740, "light"),
)


async def _movie(daemon: Daemon) -> str:
    """The title of a movie of which a download failed."""
    failed = (await daemon.get("/web/decisions?category=radarr-hd&action=fail&state=done"))["decisions"]
    (item_id, *_) = failed[-1]["notes"]["item_ids"]
    movies = (await daemon.get("/web/radarr/radarr-hd/movies?page_size=500"))["movies"]
    return next(str(movie["title"]) for movie in movies if movie["id"] == item_id)


async def _take(browser: Browser, daemon: Daemon, one: Screenshot) -> None:
    size: ViewportSize = {"width": one.width, "height": one.height}
    context = await browser.new_context(viewport=size, color_scheme=one.scheme, locale="en-GB", reduced_motion="reduce")
    page = await context.new_page()
    await show(page, daemon, one.view.format(movie=quote(await _movie(daemon))))
    for selector in one.pressed:
        await page.locator(selector).first.click()
    await asyncio.sleep(_DRAWN_SECONDS)
    await page.screenshot(path=FOLDER / f"{one.name}.png")
    await context.close()


async def main() -> None:
    """Take all of them."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            Sandbox(SECTIONS) as sandbox,
            Daemon(Path(folder) / "data", sandbox.config_toml()) as daemon,
            async_playwright() as playwright,
        ):
            await daemon.all_running()
            await asyncio.sleep(_SECONDS)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            for one in SCREENSHOTS:
                await _take(browser, daemon, one)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
