"""The screenshots of the documentation: the page of daemons on the sandbox, in several widths, light and dark.

python -m tests.support.screenshots      renews docs/images in three minutes; look at them before they are committed
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote

from playwright.async_api import async_playwright

from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.orphans import DAY, FileFacts, Orphan
from qbitrr.rules.verdict import Decision
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.state import orphans, shadow, torrents, verdicts
from qbitrr.state.database import open_writer
from qbitrr.state.torrents import LastSeen, StoredTorrent
from qbitrr.state.verdicts import StoredVerdict
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.opening import show
from tests.support.daemon import CHECKOUT, Daemon
from tests.support.state import migrated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
OF_THE_PAST = (
    Screenshot("page-comparison", "comparison", 1400, 860, "dark"),
    Screenshot("page-orphans", "orphans", 800, 860, "light"),
)
"""Of a daemon beside others and their leftovers."""
_CATEGORY = "radarr-hd"
_FOLDER = "/data/torrents/radarr"
_ORPHANS = {
    "Amber.Hollow.2016/Amber.Hollow.2016.1080p.mkv": 8_410_000_000,
    "Northbound.2020/Northbound.2020.2160p.mkv": 21_700_000_000,
    "Extras/interview.mkv": 730_000_000,
}
_REMOVED_BY_OTHERS = (
    "Harbour.of.Glass.2019.1080p.WEB-DL-TIN",
    "Quiet.Meridian.2021.2160p.BluRay-OXBOW",
    "Saltmarsh.2017.720p.WEB-DL-NARWHAL",
)
_HOUR = 3600.0
_STALLED = "no progress for 45 min, longer than StalledDelay (15 min)"


async def _fill(state_file: Path) -> None:
    """Torrents that others removed, some of which Shadow would have removed too, and files that no torrent knows."""
    now = time.time()
    async with open_writer(state_file) as database:
        for number, name in enumerate(_REMOVED_BY_OTHERS):
            key, at = TorrentKey("qBit", f"{number:x}" * 40), now - (2 + 20 * number) * _HOUR
            await torrents.save(database, _CATEGORY, StoredTorrent, [StoredTorrent(*key, 1.0, _CATEGORY)])
            verdict = StoredVerdict(_CATEGORY, *key, name, "nothing", "seeding", "it seeds", [], 2.0)
            await verdicts.store(database, [verdict])
            if number:
                mine = Decision(_CATEGORY, key, name, 1.0, "fail", "stalled", _STALLED, {})
                await shadow.record(database, mine, at - 900 * number)
            await torrents.forget(database, _CATEGORY, [key], at, {key: LastSeen(at - 5, "stalledDL")})
        modified = int((now - 90 * DAY) * 1e9)
        unknown = [
            Orphan(_FOLDER, path, FileFacts(size, number, modified, modified), now - 20 * DAY, 15 * DAY, 300)
            for number, (path, size) in enumerate(_ORPHANS.items(), 1)
        ]
        await orphans.store_listing(database, [(one, True) for one in unknown], [], now)


@asynccontextmanager
async def _home(folder: Path) -> AsyncIterator[Daemon]:
    """A home in which much happens."""
    async with Sandbox(SECTIONS) as sandbox, Daemon(folder, sandbox.config_toml()) as daemon:
        await daemon.all_running()
        await asyncio.sleep(_SECONDS)
        yield daemon


@asynccontextmanager
async def _with_a_past(folder: Path) -> AsyncIterator[Daemon]:
    """A home of which others took care before."""
    async with Sandbox(SECTIONS[:1], has_past=False) as sandbox:
        settings = {"Shadow": True, "Orphans": {"Mode": "ask"}}
        running = Daemon(folder, sandbox.config_toml({"Settings": settings}))
        await _fill(migrated(folder / "state.db"))
        async with running as daemon:
            await daemon.all_running()
            yield daemon


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
    view = one.view.format(movie=quote(await _movie(daemon))) if "{movie}" in one.view else one.view
    await show(page, daemon, view)
    for selector in one.pressed:
        await page.locator(selector).first.click()
    await asyncio.sleep(_DRAWN_SECONDS)
    await page.screenshot(path=FOLDER / f"{one.name}.png")
    await context.close()


async def main() -> None:
    """Take all of them."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for home, screenshots in ((_home, SCREENSHOTS), (_with_a_past, OF_THE_PAST)):
            with tempfile.TemporaryDirectory() as folder:
                async with home(Path(folder) / "data") as daemon:
                    for one in screenshots:
                        await _take(browser, daemon, one)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
