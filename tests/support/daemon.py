"""The real daemon as a process of its own, with a client for its HTTP interface."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import psutil

from tests.support.polling import until
from tests.support.ports import HOST, free_port

if TYPE_CHECKING:
    from types import TracebackType

CHECKOUT = Path(__file__).parents[2]
TOKEN = "token-of-the-tests"


class Daemon:
    """One daemon with a data folder; runs while the `async with` lasts.

    `config` is the text of config.toml; a free port, a token and WebAccess are put into its table [WebUI]: in a
    container, where tests may run, addresses prove nothing by default. `module` is what is started: the daemon itself,
    or a program of the tests that starts it with something changed. `python` is that of an installation, whose qbitrr
    then runs instead of this checkout. Within `answer_seconds` each request has to be answered.
    """

    def __init__(self, folder: Path, config: str, module: str = "qbitrr", python: Path | None = None) -> None:
        self.folder = folder
        self.answer_seconds = 10.0
        self._python = python
        self._module = module
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configure(config)
        self._process: subprocess.Popen[bytes] | None = None
        self._http: aiohttp.ClientSession | None = None

    def configure(self, config: str) -> None:
        """Write another config.toml, with the port and the token."""
        ours = f'[WebUI]\nPort = {self.port}\nToken = "{TOKEN}"\n'
        if "WebAccess" not in config:
            ours += 'WebAccess = "auto"\n'
        with_ours = config.replace("[WebUI]\n", ours) if "[WebUI]\n" in config else config + ours
        draft = self.folder / "config.draft"  # it may be read at any moment
        draft.write_text(with_ours)
        draft.rename(self.folder / "config.toml")

    def log(self) -> str:
        """The log of the supervisor."""
        return (self.folder / "logs" / "Main.log").read_text(errors="replace")

    @property
    def orders(self) -> Path:
        """The folder in which `tests.support.misbehaving` finds what to do."""
        return self.folder / "misbehave"

    def order(self, category: str, fault: str) -> None:
        """Have a worker of `tests.support.misbehaving` do something."""
        self.orders.mkdir(exist_ok=True)
        draft = self.orders / f".{category}"
        draft.write_text(fault)
        draft.rename(self.orders / category)

    @property
    def pid(self) -> int:
        """The process id of the supervisor."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        environ = {key: value for key, value in os.environ.items() if not key.startswith("QBITRR_")}
        environ |= {"MISBEHAVE": str(self.orders)}
        if self._python is None:
            environ["PYTHONPATH"] = str(CHECKOUT)
        command = [str(self._python or sys.executable), "-P", "-m", self._module, "--data-dir", str(self.folder), "run"]
        with (self.folder / "out.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - starting takes a moment, the test waits anyway
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environ, start_new_session=True
            )
        await until(self._is_ready, 20, self._output)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and wait for its end; returns the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        return await asyncio.to_thread(self._process.wait, 30)

    async def get(self, path: str, **query: str) -> Any:
        """The decoded answer of a GET that must succeed."""
        async with self._session.get(f"{self.url}{path}", params=query) as response:
            assert response.status == 200, (path, response.status, await response.text())
            return await response.json()

    async def post(self, path: str, body: object = None) -> Any:
        """The decoded answer of a POST that must succeed."""
        async with self._session.post(f"{self.url}{path}", json=body) as response:
            assert response.status == 200, (path, response.status, await response.text())
            return await response.json()

    async def post_as_user(self, path: str, body: object = None) -> Any:
        """The same, with the token."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self._session.post(f"{self.url}{path}", json=body, headers=headers) as response:
            assert response.status == 200, (path, response.status, await response.text())
            return await response.json()

    async def workers(self) -> dict[str, dict[str, Any]]:
        """The process list by category."""
        return {entry["category"]: entry for entry in (await self.get("/web/processes"))["processes"]}

    async def all_running(self, within_seconds: float = 20) -> dict[str, dict[str, Any]]:
        """Wait until every worker runs; returns the process list."""

        async def running() -> dict[str, dict[str, Any]]:
            workers = await self.workers()
            return workers if all(worker["state"] == "running" for worker in workers.values()) else {}

        return await until(running, within_seconds, self._output)

    async def decisions(self) -> list[dict[str, Any]]:
        """The ledger, newest first."""
        decisions: list[dict[str, Any]] = (await self.get("/web/decisions", limit="500"))["decisions"]
        return decisions

    def processes(self) -> list[psutil.Process]:
        """Every living process of this daemon: supervisor, fork server, workers."""
        return [process for process, _ in self._named()]

    def named(self, name: str) -> list[psutil.Process]:
        """Those with a name. One that ends while they are listed is not there."""
        return [process for process, its_name in self._named() if its_name == name]

    def _named(self) -> list[tuple[psutil.Process, str]]:
        own = []
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == self.pid and process.status() != psutil.STATUS_ZOMBIE:
                    own.append((process, process.name()))
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue
        return own

    async def __aenter__(self) -> Self:
        """Start it."""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.answer_seconds))
        try:
            await self.start()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, and make sure that nothing of it is left."""
        await self._end()

    async def _end(self) -> None:
        if self._http is not None:
            await self._http.close()
        if self._process is not None:
            try:
                await self.stop()
            finally:
                for process in self.processes():
                    process.kill()

    async def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the daemon ended with code {self._process.returncode}: {self._output()}")
        try:
            async with self._session.get(f"{self.url}/web/status") as response:
                return response.status == 200 and bool((await response.json())["ready"])
        except aiohttp.ClientConnectorError:
            return False

    @property
    def _session(self) -> aiohttp.ClientSession:
        assert self._http is not None
        return self._http

    def _output(self) -> str:
        return (self.folder / "out.log").read_text(errors="replace")[-4000:]
