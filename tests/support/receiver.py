"""A receiver of notifications, to which Apprise sends over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from aiohttp import web

from tests.support.ports import HOST, free_port

if TYPE_CHECKING:
    from types import TracebackType


class Receiver:
    """Addresses for `Notifications.Urls`, and the lines of what came to each, message by message.

    While `is_down` it refuses every message.
    """

    def __init__(self) -> None:
        self._port = free_port()
        self.json = f"json://{HOST}:{self._port}/json"
        self.form = f"form://{HOST}:{self._port}/form"
        self.received: dict[str, list[list[str]]] = {self.json: [], self.form: []}
        self.is_down = False
        self.refused = 0

    def lines(self, address: str) -> list[str]:
        """All lines that came to an address."""
        return [line for message in self.received[address] for line in message]

    async def _receive(self, request: web.Request) -> web.Response:
        if self.is_down:
            self.refused += 1
            return web.Response(status=503)
        if request.path == "/json":
            address, text = self.json, (await request.json())["message"]
        else:
            address, text = self.form, str((await request.post())["message"])
        self.received[address].append(text.splitlines())
        return web.Response()

    async def __aenter__(self) -> Self:
        """Start it."""
        app = web.Application()
        app.router.add_post("/{kind}", self._receive)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        await self._runner.cleanup()
