"""A way to ask stand-ins over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Asker:
    """Asks with a key or cookies, as a program would; the answer's body is JSON where it says so, else text."""

    def __init__(self) -> None:
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.headers: dict[str, str] = {}

    async def __call__(self, method: str, url: str, **options: Any) -> tuple[int, Any]:
        async with self.session.request(method, url, headers=self.headers, **options) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text())


@pytest.fixture
async def ask() -> AsyncIterator[Asker]:
    asker = Asker()
    yield asker
    await asker.session.close()
