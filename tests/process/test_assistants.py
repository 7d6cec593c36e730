"""`qbitrr mcp` beside a running daemon, as the program that a client of an assistant starts."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import CHECKOUT, TOKEN, Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECTIONS = (Section("Radarr-HD", "radarr", 20),)
SECONDS = 60.0


class Client:
    """A client that started the command: requests by lines, and the answers to them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._number = 0

    async def notify(self, method: str) -> None:
        await self._send({"jsonrpc": "2.0", "method": method})

    async def request(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        await self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(await asyncio.wait_for(self.process.stdout.readline(), SECONDS))
        assert answer["id"] == self._number
        return answer

    async def read(self, tool: str, **arguments: Any) -> Any:
        result = (await self.request("tools/call", name=tool, arguments=arguments))["result"]
        assert result["isError"] is False, result
        return json.loads(result["content"][0]["text"])

    async def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        await self.process.stdin.drain()


@asynccontextmanager
async def client(folder: Path) -> AsyncIterator[Client]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "qbitrr", "--data-dir", str(folder), "mcp",
        cwd=CHECKOUT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        limit=1 << 22,
    )  # fmt: skip
    try:
        yield Client(process)
        rest, errors = await asyncio.wait_for(process.communicate(b""), SECONDS)  # closes its input
        assert (rest, errors, process.returncode) == (b"", b"", 0)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_an_assistant_reads_what_a_daemon_knows_whatever_becomes_of_it(tmp_path: Path):
    async with Sandbox(SECTIONS) as sandbox:
        config = sandbox.config_toml()
        async with Daemon(tmp_path / "data", config) as daemon, client(daemon.folder) as assistant:
            await daemon.all_running()
            hello = await assistant.request(
                "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "a", "version": "1"}
            )
            assert hello["result"]["serverInfo"]["name"] == "qbitrr"
            await assistant.notify("notifications/initialized")
            await assistant.notify("notifications/unknown")
            tools = {tool["name"] for tool in (await assistant.request("tools/list"))["result"]["tools"]}
            assert tools >= {"list_torrents", "explain_torrent", "search_plan", "torrent_timeline"}
            assert [worker["category"] for worker in (await assistant.read("list_workers"))["processes"]]
            infohash = await _some_torrent(assistant)
            explained = await assistant.read("explain_torrent", hash=infohash)
            assert explained["torrents"][0]["trace"]
            assert (await assistant.read("torrent_timeline", hash=infohash))["events"]
            assert "searches" in await assistant.read("search_plan", section="Radarr-HD")
            assert TOKEN not in json.dumps(await assistant.read("read_config"))
            assert (await assistant.request("tools/call", name="restart"))["error"]["code"] == -32602
            assert (await assistant.request("restart"))["error"]["code"] == -32601
            await daemon.stop()
            gone = await assistant.request("ping")
            assert gone["error"]["code"] == -32603
            assert "does not answer" in gone["error"]["message"]


async def _some_torrent(assistant: Client) -> str:
    async def listed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await assistant.read("list_torrents", limit=1))["torrents"]
        return found

    return str((await until(listed, SECONDS, "no torrent was judged"))[0]["hash"])
