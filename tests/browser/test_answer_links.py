"""Links in messages, from the message to the torrent that is back: opened by a browser that has no login."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import expect

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.browser.opening import opened_page, serious_problems
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]

SECTIONS = (Section("Radarr-HD", "radarr", 90),)
OUTSIDE = {"X-Forwarded-For": "203.0.113.7"}
ASKED = re.compile(r"^Do it or leave it\? \w+: (.+) \(radarr-hd\), .* Do it: (\S+) · Leave it: (\S+)$")
REMOVED = re.compile(r"^\w+: (.+) \(radarr-hd\), .* Undo: (\S+)$")


class Receiver:
    """What messages are sent to: keeps their lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def receive(self, request: web.Request) -> web.Response:
        self.lines += (await request.json())["message"].splitlines()
        return web.Response()

    def found(self, pattern: re.Pattern[str]) -> list[tuple[str, ...]]:
        return [match.groups() for line in self.lines if (match := pattern.match(line))]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[Daemon, Receiver]]:
    """A daemon below a prefix whose rules ask, and whose messages are received."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/", receiver.receive)
    async with Sandbox(SECTIONS) as sandbox, TestServer(application) as server:
        daemon = Daemon(folder, "")
        overrides = {
            "Settings": {"Quarantine": "1s"},
            "WebUI": {"UrlBase": "/qbitrr", "PublicURL": f"{daemon.url}/qbitrr/"},
            "Notifications": {
                "Urls": [f"json://{server.host}:{server.port}/"],
                "Events": ["ask", "action"],
                "Digest": 0,
            },
            "Radarr-HD": {"Torrent": {"PublicPolicy": {"default": "ask"}}},
        }
        daemon.configure(sandbox.config_toml(overrides))
        async with daemon:
            yield daemon, receiver


async def test_a_question_is_answered_and_a_removal_undone_from_the_message(browser: Browser, tools, tmp_path):
    async with (
        running(tmp_path / "data") as (daemon, receiver),
        opened_page(browser, extra_http_headers=OUTSIDE) as page,
    ):
        (name, do, leave), *_ = await until(lambda: receiver.found(ASKED), 90, lambda: str(receiver.lines))
        await page.goto(leave)
        await expect(page.get_by_role("heading", name=f"Leave {name}?")).to_be_visible()
        await page.goto("about:blank")
        await page.goto(do)
        await expect(page.get_by_role("heading", name=f"Do it: {name}?")).to_be_visible()
        await expect(page.get_by_text("It is judged again first")).to_be_visible()
        assert await serious_problems(page, tools) == []
        await page.get_by_role("button", name="Do it").click()
        await expect(page.get_by_role("status")).to_contain_text("it goes on")
        await page.goto("about:blank")
        await page.goto(leave)
        await expect(page.get_by_role("alert")).to_contain_text("answered")
        await expect(page.get_by_role("button")).to_have_count(0)

        answered = {do}

        async def undo_link() -> tuple[str, ...] | None:
            """One may have recovered before its answer: the others are answered too."""
            for _, link, _ in receiver.found(ASKED):
                if link not in answered:
                    answered.add(link)
                    await page.request.post(f"{daemon.url}/qbitrr/answer", data={"link": link.partition("#")[2]})
            return next(iter(receiver.found(REMOVED)), None)

        removed, undo = await until(undo_link, 90, lambda: str(receiver.lines))
        await page.goto("about:blank")
        await page.goto(undo)
        await expect(page.get_by_text(removed, exact=True)).to_be_visible()
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("status")).to_contain_text("Undoing")
        await expect(page).to_have_url(f"{daemon.url}/qbitrr/ui/answer.html")

        async def undone() -> bool:
            return any(one["name"] == removed and one["state"] == "undone" for one in await daemon.decisions())

        await until(undone, 30, "the torrent that is back")
