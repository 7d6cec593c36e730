"""A throwaway qbittorrent-nox on loopback, driven over its Web API (qBittorrent wiki, "WebUI API").

It keeps its settings, torrents and downloads in one folder, finds other peers only through a tracker, and ends with
the test run.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import aiohttp

from tests.support.polling import until
from tests.support.ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A torrent as torrents/info lists it.
Row: TypeAlias = Mapping[str, Any]

START_SECONDS = 15
STOP_SECONDS = 20
REQUEST_SECONDS = 10
REANNOUNCE_SECONDS = 3.0

UNANSWERED = (1, 3)
"""The states of a tracker that was not contacted yet, or is being contacted."""

SETTINGS = r"""[LegalNotice]
Accepted=true

[BitTorrent]
Session\Port={bittorrent_port}
Session\Interface=lo
Session\InterfaceName=lo
Session\InterfaceAddress={host}
Session\DHTEnabled=false
Session\PeXEnabled=false
Session\LSDEnabled=false
Session\QueueingSystemEnabled=false
Session\MultiConnectionsPerIp=true
Session\BTProtocol=TCP
Session\Encryption=0
Session\RefreshInterval=100
Session\DefaultSavePath={downloads}

[Network]
PortForwardingEnabled=false

[Preferences]
General\Locale=en
WebUI\Enabled=true
WebUI\Address={host}
WebUI\Port={web_port}
WebUI\UseUPnP=false
WebUI\Username={username}
WebUI\Password_PBKDF2="{password}"
WebUI\LocalHostAuth=true
"""


class QbittorrentNox:
    """One instance, logged in, while the `async with` lasts.

    After `stop` or `kill`, `start` starts the same instance: same ports, settings and torrents. `downloads` is its
    default save path, `timezone` a name such as `Asia/Tokyo`. `version` is set by the first start, e.g. `5.3.0`.
    """

    username = "admin"
    password = "hunter22"

    def __init__(self, program: Path, folder: Path, timezone: str = "UTC") -> None:
        self.downloads = folder / "downloads"
        self.timezone = timezone
        self.web_port = free_port()
        self.bittorrent_port = free_port()
        self.url = f"http://{HOST}:{self.web_port}"
        self.version = ""
        self._program = program
        self.folder = folder
        self._output = folder / "output.log"
        self._process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None
        self._write_settings()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the program, wait until it serves, log in. AssertionError with its output when it does not serve."""
        with self._output.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                # it ends with a test run that is killed
                *("setpriv", "--pdeathsig", "KILL", self._program),
                *(f"--profile={self.folder}", f"--webui-port={self.web_port}"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | {"HOME": str(self.folder), "TZ": self.timezone},
                start_new_session=True,
            )
        self._http = aiohttp.ClientSession(
            self.url,
            # aiohttp's own jar drops the cookies of hosts without a name
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
        )
        await until(self._serves, START_SECONDS, lambda: f"{self.url} serves; output: {self._printed()}")
        await self.post("auth/login", username=self.username, password=self.password)
        self.version = str(await self.get("app/version")).removeprefix("v")

    async def stop(self) -> None:
        """End it by SIGTERM, so that it saves; by SIGKILL when that takes too long."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()  # how it ends is not what is tested
            await process.wait()
        finally:
            await self.kill()

    async def kill(self) -> None:
        """End it by SIGKILL: it saves nothing."""
        if self._http is not None:
            await self._http.close()
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
        self._http = self._process = None

    async def get(self, path: str, **params: str) -> Any:
        """GET `/api/v2/<path>`; returns the JSON or text of the answer. ClientResponseError above 399."""
        return await self._ask("GET", path, params=params)

    async def post(self, path: str, **fields: str) -> Any:
        """POST to `/api/v2/<path>`; returns the JSON or text of the answer. ClientResponseError above 399."""
        return await self._ask("POST", path, data=fields)

    async def add(self, torrent: bytes, **fields: str) -> None:
        """Add a `.torrent`, with fields such as `category`, `tags`, `savepath`. It is listed a moment later."""
        form = aiohttp.FormData(fields)
        form.add_field("torrents", torrent, filename="a.torrent", content_type="application/x-bittorrent")
        answer = await self._ask("POST", "torrents/add", data=form)
        # text before 5.2, then counts
        assert answer == "Ok." or answer["failure_count"] == 0, answer

    async def create_category(self, name: str, save_path: Path) -> None:
        await self.post("torrents/createCategory", category=name, savePath=str(save_path))

    async def torrent(self, infohash: str) -> Row | None:
        """Return the torrent as it is listed now; None when it is not."""
        rows = await self.get("torrents/info", hashes=infohash)
        return rows[0] if rows else None

    async def wait_for(self, infohash: str, predicate: Callable[[Row], bool], seconds: float = 20) -> Row:
        """Wait until the torrent is listed and `predicate` holds; returns its row."""
        __tracebackhide__ = True
        last: Row | None = None

        async def matching() -> Row | None:
            nonlocal last
            last = await self.torrent(infohash)
            return last if last is not None and predicate(last) else None

        def seen() -> str:
            found = "not listed" if last is None else f"{last['state']}, progress {last['progress']:.0%}"
            return f"torrent {infohash} in the state asked for; it is {found}"

        return await until(matching, seconds, seen)

    async def wait_for_state(self, infohash: str, *states: str, seconds: float = 20) -> Row:
        """Wait until the torrent is in one of these states; returns its row."""
        __tracebackhide__ = True
        return await self.wait_for(infohash, lambda row: row["state"] in states, seconds)

    async def wait_until_gone(self, infohash: str, seconds: float = 20) -> None:
        """Wait until the torrent is not listed any more."""
        __tracebackhide__ = True

        async def gone() -> bool:
            return await self.torrent(infohash) is None

        await until(gone, seconds, f"torrent {infohash} gone")

    async def tracker_row(self, infohash: str, url: str, seconds: float = 30) -> Row:
        """Wait until a tracker of the torrent has answered an announce; returns the row of the tracker.

        From 5.1 on an answer is missed now and then, one in forty: the tracker stays "not contacted" or "updating"
        until the next regular announce, minutes later. So another announce is asked for meanwhile.
        """
        __tracebackhide__ = True
        announced_at = time.monotonic()

        async def answered() -> Row | None:
            nonlocal announced_at
            rows = await self.get("torrents/trackers", hash=infohash)
            row: Row = next(row for row in rows if row["url"] == url)
            if row["status"] not in UNANSWERED:
                return row
            if time.monotonic() > announced_at + REANNOUNCE_SECONDS:
                announced_at = time.monotonic()
                await self.post("torrents/reannounce", hashes=infohash)
            return None

        return await until(answered, seconds, f"an answer of {url} to {infohash}")

    async def _ask(self, method: str, path: str, **body: Any) -> Any:
        assert self._http is not None, "not started"
        async with self._http.request(method, f"/api/v2/{path}", **body) as response:
            response.raise_for_status()
            return await (response.json() if response.content_type == "application/json" else response.text())

    async def _serves(self) -> bool:
        assert self._process is not None
        assert self._http is not None
        if self._process.returncode is not None:
            raise AssertionError(f"ended with {self._process.returncode}: {self._printed()}")
        try:
            async with self._http.get("/api/v2/app/version") as response:
                return response.status == 403  # it serves, and asks for a login
        except aiohttp.ClientConnectionError:
            return False

    def _printed(self) -> str:
        return self._output.read_text(errors="replace").strip() or "(nothing)"

    def _write_settings(self) -> None:
        salt = os.urandom(16)
        key = hashlib.pbkdf2_hmac("sha512", self.password.encode(), salt, 100_000)
        stored = ":".join(base64.b64encode(part).decode() for part in (salt, key))
        settings = self.folder / "qBittorrent" / "config" / "qBittorrent.conf"
        settings.parent.mkdir(parents=True)
        self.downloads.mkdir()
        settings.write_text(
            SETTINGS.format(
                host=HOST,
                web_port=self.web_port,
                bittorrent_port=self.bittorrent_port,
                downloads=self.downloads,
                username=self.username,
                password=f"@ByteArray({stored})",
            )
        )
