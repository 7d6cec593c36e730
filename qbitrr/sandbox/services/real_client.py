"""A real qBittorrent as the download client of an Arr of the sandbox.

It is read all the time, and a refresh waits until that was done once since it was asked for.
Source of paths and fields: Web API page of qBittorrent's wiki.
"""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from qbitrr.sandbox.life.client_item import ClientAwayError, ClientFile, ClientItem

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType
    from typing import Self

POLL_SECONDS = 0.05
REQUEST_SECONDS = 5.0
_NEVER_SECONDS = 8_640_000


class RealClient:
    """Mirrors one qBittorrent while the `async with` lasts. `unplayable` are names of media files that are none."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.unplayable: set[str] = set()
        self._api = f"{url}/api/v2"
        self._login = {"username": user, "password": password}
        self._session: aiohttp.ClientSession | None = None
        self._items: dict[str, ClientItem] = {}
        self._files: dict[str, list[Any]] = {}
        self._is_away = True
        self._started = self._ended = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Read everything once. ClientAwayError when it does not answer."""
        timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=timeout)
        await self._poll()
        if self._is_away:
            await self._session.close()
            raise ClientAwayError
        self._start(self._mirror())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    # --- as an Arr uses it ---

    def items(self, category: str) -> list[ClientItem]:
        """The torrents of a category. Raises ClientAwayError."""
        if self._is_away:
            raise ClientAwayError
        return [item for item in self._items.values() if item.category == category]

    def mark(self) -> int:
        """How many times it has been started to be read."""
        return self._started

    def is_read_since(self, mark: int) -> bool:
        """Whether it was read since then, or found to be away."""
        return self._ended > mark

    def on_disk(self) -> list[ClientItem]:
        """All torrents as they were last seen."""
        return list(self._items.values())

    def remove(self, infohash: str) -> None:
        """Delete a torrent with its files."""
        self._start(self._post("torrents/delete", hashes=infohash, deleteFiles="true"))

    def set_category(self, infohash: str, category: str) -> None:
        """Put a torrent into a category that exists."""
        self._start(self._post("torrents/setCategory", hashes=infohash, category=category))

    def move_away(self, infohash: str) -> None:
        """Delete a torrent's files behind the client's back."""
        content = Path(self._items[infohash].content_path)
        self._start(asyncio.to_thread(_delete, content))

    # --- mirroring ---

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="real client")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _mirror(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self._poll()

    async def _poll(self) -> None:
        self._started += 1
        try:
            rows = await self._get("torrents/info")
            for row in rows:
                if row["amount_left"] == 0 and row["size"] > 0 and row["hash"] not in self._files:
                    self._files[row["hash"]] = await self._get("torrents/files", hash=row["hash"])
        except (aiohttp.ClientError, TimeoutError):
            self._is_away, self._ended = True, self._started
            return
        self._items = {row["hash"]: self._item(row) for row in rows}
        self._files = {infohash: files for infohash, files in self._files.items() if infohash in self._items}
        self._is_away, self._ended = False, self._started

    def _item(self, row: dict[str, Any]) -> ClientItem:
        save_path = row["save_path"].rstrip("/")
        files = (
            ClientFile(path, file["size"], posixpath.basename(path) not in self.unplayable)
            for file in self._files.get(row["hash"], ())
            if Path(path := posixpath.join(save_path, file["name"])).exists()
        )
        by_ratio = 0 <= row["max_ratio"] <= row["ratio"]
        by_time = 0 <= row["max_seeding_time"] * 60 <= row["seeding_time"]
        return ClientItem(
            infohash=row["hash"],
            name=row["name"],
            category=row["category"],
            save_path=save_path,
            content_path=row["content_path"].rstrip("/"),
            state=row["state"],
            size=row["size"],
            left=row["amount_left"],
            seconds_left=row["eta"] if row["eta"] < _NEVER_SECONDS else None,
            at_limit=row["state"] in ("stoppedUP", "pausedUP") and (by_ratio or by_time),
            files=tuple(files),
        )

    async def _get(self, path: str, **query: str) -> Any:
        assert self._session is not None
        for _ in range(2):
            async with self._session.get(f"{self._api}/{path}", params=query) as response:
                if response.status != 403:
                    response.raise_for_status()
                    return await response.json()
            async with self._session.post(f"{self._api}/auth/login", data=self._login) as response:
                response.raise_for_status()
        raise aiohttp.ClientError("the login was refused")

    async def _post(self, path: str, **form: str) -> None:
        assert self._session is not None
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._session.post(f"{self._api}/{path}", data=form) as response:
                response.raise_for_status()


def _delete(content: Path) -> None:
    if content.is_dir():
        shutil.rmtree(content)
    else:
        content.unlink(missing_ok=True)
