"""Who may do what with a real daemon: its control socket, containers, and files that ask for a login."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.support import users
from tests.support.polling import until
from tests.support.ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

TOKEN = {"X-API-Token": "the token"}
COMMAND = (sys.executable, "-P", "-m", "qbitrr")


def environ(**changes: str) -> dict[str, str]:
    return {**{key: value for key, value in os.environ.items() if not key.startswith("QBITRR_")}, **changes}


async def qbitrr(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    command = [*COMMAND, "--data-dir", str(folder), *arguments]
    return await asyncio.to_thread(
        subprocess.run, command, env=environ(), capture_output=True, text=True, timeout=60, check=False
    )


class Running:
    """A daemon with a data folder and its output."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.url = f"http://{HOST}:{port}"
        self.process = process

    def output(self) -> str:
        return (self.folder.parent / "out.log").read_text(errors="replace")

    async def status(self, method: str = "GET", path: str = "/web/status", **options: Any) -> int:
        async with aiohttp.ClientSession() as session, session.request(method, self.url + path, **options) as response:
            return response.status

    async def answers(self) -> bool:
        try:
            return bool(await self.status(path="/health"))
        except aiohttp.ClientConnectorError:
            return False


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts a daemon whose config.toml, with a free port in it, comes from the folder where it is started."""
    processes = []

    async def start(webui: str = 'WebAccess = "auto"', **variables: str) -> Running:
        port = free_port()
        (tmp_path / "config.toml").write_text(f'[WebUI]\nPort = {port}\nToken = "the token"\n{webui}\n')
        folder = tmp_path / "data"
        with (tmp_path / "out.log").open("wb") as output:
            process = subprocess.Popen(  # noqa: ASYNC220 - starting takes a moment
                [*COMMAND, "--data-dir", str(folder), "run"], cwd=tmp_path, env=environ(**variables),
                stdout=output, stderr=output, start_new_session=True, umask=0,
            )  # fmt: skip
        processes.append(process)
        running = Running(folder, port, process)
        await until(running.answers, 20, running.output)
        return running

    yield start
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 20)


# -- the data folder ---------------------------------------------------------------------------------------------


WITH_A_WORKER = """WebAccess = "auto"
[Settings]
CompletedDownloadFolder = "/downloads"
[qBit]
Host = "http://localhost:1"
[Radarr]
URI = "http://localhost:1"
APIKey = "the key"
Category = "films"
"""


def modes(folder: Path) -> dict[str, int]:
    """The kind and permissions of a folder and of everything in it; the daemon makes and deletes files meanwhile."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):
            found[str(path.relative_to(folder))] = path.lstat().st_mode
    return found


def loose(folder: Path) -> dict[str, str]:
    """What in a folder is open to other users."""
    expected = {True: 0o700, False: 0o600}
    return {
        name: oct(mode & 0o777) for name, mode in modes(folder).items() if mode & 0o777 != expected[stat.S_ISDIR(mode)]
    }


async def test_no_other_user_can_read_what_the_daemon_writes(start):
    running = await start(WITH_A_WORKER)
    token = {"X-API-Token": "the token"}
    assert await running.status("POST", "/login", json={"token": "the token"}) == 200
    change = {"changes": {"WebUI.Theme": "Light"}}
    assert await running.status("POST", "/api/config", json=change, headers=token) == 200
    await until(lambda: any((running.folder / "backups").glob("*.db")), 10, "the first backup")
    await until((running.folder / "logs" / "films.log").exists, 10, "a line of the worker")
    await until((running.folder / "state.db-wal").exists, 10, "a row of the worker")
    written = modes(running.folder)
    assert {"config.toml", "state.db", "audit.db", "sessions.json", "logs/Main.log"} <= written.keys()
    assert {"config-history", "backups", "control.sock", "qbitrr.lock"} <= written.keys()
    assert loose(running.folder) == {}


async def test_what_an_earlier_start_left_open_is_closed(start, tmp_path):
    folder = tmp_path / "data"
    for path in (folder / "logs", folder / "evidence" / "films"):
        path.mkdir(parents=True)
    for name in ("state.before-update.db", "logs/Main.log", "evidence/films/1.json", "of-the-user"):
        (folder / name).touch()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    await start()
    left = loose(folder)
    inside = {"logs/Main.log", "evidence/films", "evidence/films/1.json"}  # of folders that no one else can enter
    assert left.keys() - inside == {".", "of-the-user"}  # the user's own choice


# -- the control socket ------------------------------------------------------------------------------------------


async def test_a_reload_needs_neither_the_token_nor_the_port_of_the_file(start):
    running = await start()
    running.config.write_text(f'[WebUI]\nPort = {free_port()}\nToken = "another"\nWebAccess = "auto"\n')
    done = await qbitrr(running.folder, "ctl", "reload")
    assert (done.returncode, done.stderr) == (0, "")
    assert "WebUI.Port" in done.stdout
    assert await running.status(path="/api/status", headers={"X-API-Token": "another"}) == 200


async def test_a_file_that_cannot_be_used_does_not_keep_a_command_from_the_daemon(start):
    running = await start()
    running.config.write_text("[Settings\n")
    refused = await qbitrr(running.folder, "ctl", "reload")
    assert refused.returncode == 78
    assert (await qbitrr(running.folder, "ctl", "status")).returncode == 0
    assert (await qbitrr(running.folder, "ctl", "stop")).returncode == 0
    assert await asyncio.to_thread(running.process.wait, 20) == 0
    assert not (running.folder / "control.sock").exists()


async def test_no_command_says_anything_to_whoever_listens_on_the_port(tmp_path):
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        listener.setblocking(False)
        port = listener.getsockname()[1]
        (tmp_path / "config.toml").write_text(f'[WebUI]\nPort = {port}\nToken = "the token"\n')
        for command in (("ctl", "status"), ("ctl", "reload"), ("ctl", "approve", "movies"), ("undo", "1")):
            done = await qbitrr(tmp_path, *command)
            assert done.returncode == 69
            assert "control.sock" in done.stderr
        with pytest.raises(BlockingIOError):
            listener.accept()


async def test_where_everything_needs_a_login_the_control_socket_works(start):
    running = await start('WebAccess = "token"')
    assert await running.status() == 401
    assert (await qbitrr(running.folder, "ctl", "status")).stdout == "no workers\n"
    assert (running.folder / "control.sock").stat().st_mode & 0o777 == 0o600


async def test_logins_are_listed_and_ended_by_commands_and_outlive_a_restart(start):
    running = await start('WebAccess = "token"')
    jar = aiohttp.CookieJar(unsafe=True)  # also for addresses
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:

        async def status(method: str, path: str, **options: Any) -> int:
            async with browser.request(method, running.url + path, **options) as response:
                return response.status

        assert await status("POST", "/login", json={"token": "the token"}) == 200
        listed = (await qbitrr(running.folder, "ctl", "sessions")).stdout
        session, _, rest = listed.partition(": ")
        assert rest.startswith(f"token, from {HOST}, since ")
        assert (await qbitrr(running.folder, "ctl", "restart")).returncode == 0
        assert await status("GET", "/web/status") == 200
        assert (await qbitrr(running.folder, "ctl", "revoke", "another")).returncode == 1
        assert (await qbitrr(running.folder, "ctl", "revoke", session)).returncode == 0
        assert await status("GET", "/web/status") == 401
        assert await status("POST", "/login", json={"token": "the token"}) == 200
        assert (await qbitrr(running.folder, "ctl", "revoke", "all")).stdout == "1 login has ended\n"
        assert await status("GET", "/web/status") == 401
        assert (await qbitrr(running.folder, "ctl", "sessions")).stdout == "no logins\n"


async def test_the_control_socket_outlives_a_restart_in_place(start):
    running = await start()
    assert (await qbitrr(running.folder, "ctl", "restart")).returncode == 0
    for _ in range(5):
        done = await qbitrr(running.folder, "ctl", "status")
        assert (done.returncode, done.stderr) == (0, "")
    await until(lambda: running.output().count("daemon was started") == 2, 20, running.output)
    assert running.process.poll() is None


async def test_a_socket_whose_file_is_gone_is_opened_again_by_a_restart(start):
    running = await start()
    (running.folder / "control.sock").unlink()
    assert (await qbitrr(running.folder, "ctl", "status")).returncode == 69
    assert await running.status("POST", "/web/restart") == 200
    await until((running.folder / "control.sock").exists, 20, running.output)
    assert (await qbitrr(running.folder, "ctl", "status")).returncode == 0


async def test_a_data_folder_with_a_long_name_has_a_control_socket(tmp_path):
    folder = tmp_path / ("long " * 20) / ("name " * 20)
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'[WebUI]\nPort = {free_port()}\nWebAccess = "auto"\n')
    with (tmp_path / "out.log").open("wb") as output:
        process = subprocess.Popen(  # noqa: ASYNC220 - starting takes a moment
            [*COMMAND, "--data-dir", str(folder), "run"], env=environ(), stdout=output, stderr=output
        )
    try:

        async def answers() -> bool:
            return (await qbitrr(folder, "ctl", "status")).returncode == 0

        await until(answers, 20, (tmp_path / "out.log").read_text)
        assert (await qbitrr(folder, "ctl", "restart")).returncode == 0
        assert (await qbitrr(folder, "ctl", "status")).returncode == 0
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)


# -- users of this machine -----------------------------------------------------------------------------------------


async def test_another_user_of_this_machine_reads_and_changes_nothing(start):
    running = await start()
    urls = ("/web/config", "/web/update", "/web/restart", "/web/reload", "/web/config/plan", "/web/password")
    requests = [("GET", f"{running.url}/web/status"), *(("POST", running.url + path) for path in urls)]
    assert await users.statuses(requests) == [200, *(403 for _ in urls)]
    assert await running.status("POST", "/web/reload") == 200
    log = running.folder / "logs" / "WebUI.log"
    assert "change was requested" in log.read_text()
    async with aiohttp.ClientSession() as session, session.get(f"{running.url}/api/audit", headers=TOKEN) as response:
        entries = (await response.json())["entries"]
    assert [(entry["action"], entry["proof"], entry["outcome"]) for entry in entries] == [
        ("POST /web/reload", f"uid {os.getuid()}", "done")
    ]


# -- containers, and files that ask for a login ---------------------------------------------------------------------


async def test_in_a_container_everything_needs_a_login_and_the_first_start_prints_a_link(start):
    running = await start("", QBITRR_DOCKER_RUNNING="69420")
    assert await running.status() == 401
    assert await running.status("POST", "/web/restart") == 401
    (key,) = re.findall(r"/ui#login=(\S+)", running.output())
    body = {"link": key}
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(running.url, cookie_jar=jar) as session:
        async with session.post("/login", json=body) as response:
            assert response.status == 200
        async with session.get("/web/status") as response:
            assert response.status == 200
    assert await running.status("POST", "/login", json=body) == 401
    assert not [path for path in (running.folder / "logs").iterdir() if key in path.read_text()]
    assert (await qbitrr(running.folder, "ctl", "restart")).returncode == 0
    await until(lambda: running.output().count("daemon was started") == 2, 20, running.output)
    assert running.output().count("#login=") == 1


async def test_what_the_file_says_of_access_holds_in_a_container_and_is_logged(start):
    running = await start(QBITRR_DOCKER_RUNNING="69420")
    assert await running.status() == 200
    assert "page was opened to everyone who reaches it" in running.output()
    assert "#login=" not in running.output()


@pytest.mark.parametrize(
    "webui",
    [
        "AuthDisabled = false",
        'LocalAuthEnabled = true\nUsername = "me"\nPasswordHash = "$2b$12$C6UzMDM.H6dfI/f/IKcEeO"',
    ],
)
async def test_a_file_of_the_existing_program_that_asks_for_a_login_keeps_asking(start, webui):
    running = await start(f'Host = "0.0.0.0"\n{webui}')
    assert await running.status(path="/web/config") == 401
    assert await running.status("POST", "/web/config") == 401
    assert await running.status(path="/web/config", headers=TOKEN) == 200


@pytest.mark.parametrize("host", ["0.0.0.0", HOST])
async def test_a_start_that_is_open_to_everyone_is_refused_unless_it_is_confirmed(tmp_path, host):
    text = f'[WebUI]\nHost = "{host}"\nPort = {free_port()}\nWebAccess = "open"\n'
    (tmp_path / "config.toml").write_text(text)
    refused = await qbitrr(tmp_path, "run")
    assert refused.returncode == 78
    assert "AllowInsecureExposure" in refused.stderr


async def test_a_start_that_is_open_to_everyone_says_so(start):
    running = await start('WebAccess = "open"\nAllowInsecureExposure = true')
    assert await running.status(headers={"X-Forwarded-For": "203.0.113.9"}) == 200
    assert await running.status("POST", "/web/config", headers={"X-Forwarded-For": "203.0.113.9"}) == 403
    assert "page was opened to everyone who reaches it" in running.output()
