"""The commands that README and docs print, run as they are printed; `tests.support.printed_commands` sorts them."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr import __version__
from qbitrr.sandbox.__main__ import END_OF_CONFIG
from tests.support import systemd_box, wheelhouse
from tests.support.checkout import copy_checkout
from tests.support.own_network import OwnNetwork
from tests.support.polling import until_sync
from tests.support.printed_commands import FOREGROUND, IN_THE_BOX, IN_THE_CHECKOUT, INTO_THE_SYSTEM, RUNNING
from tests.support.systemd_box import Box
from tests.system.test_install import in_place

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD = '[Settings]\nConfigVersion = "5.14.4"\n[WebUI]\nAuthDisabled = false\n'
TOKEN = "token-of-the-tests"
SHOWN = ("site", *(f"source/{package}" for package in systemd_box.OURS))
PAGE = "http://localhost:6969"


class Terminal:
    """A shell in a folder and a network of its own, with `qbitrr` of this checkout on the PATH."""

    def __init__(self, folder: Path, network: OwnNetwork, environ: dict[str, str] | None = None) -> None:
        self.folder = folder
        self._network = network
        programs = folder / "bin"
        programs.mkdir(parents=True)
        (programs / "qbitrr").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m qbitrr "$@"\n')
        (programs / "qbitrr").chmod(0o755)
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("QBITRR_", "PIP_"))}
        self.environ = {**ours, "PATH": f"{programs}:{os.environ['PATH']}", "PIP_RETRIES": "0", **(environ or {})}
        self.environ["QBITRR_OVERRIDES_DATA_PATH"] = ".config"  # also in a container, in which the tests may run

    def run(self, command: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._network.prefix, "bash", "-c", command],
            cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=seconds, check=False,
        )  # fmt: skip

    def start(self, command: str, **pipes: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self._network.prefix, "bash", "-c", f"exec {command}"],
            cwd=self.folder, env=self.environ, text=True, **pipes,
        )  # fmt: skip

    def get(self, path: str) -> Any:
        ran = self.run(f"curl --fail --silent {PAGE}{path}")
        return json.loads(ran.stdout) if ran.returncode == 0 else {}


@pytest.fixture
def network() -> Iterator[OwnNetwork]:
    with OwnNetwork() as network:
        yield network


@pytest.fixture
def terminal(tmp_path: Path, network: OwnNetwork) -> Iterator[Terminal]:
    """With a daemon on stand-ins in `.config`: two workers have crashed, and one torrent is in quarantine."""
    terminal = Terminal(tmp_path, network)
    stand_ins = terminal.start(
        f"{sys.executable} -P -m qbitrr.sandbox --speed 20 --until-eof", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert stand_ins.stdout is not None
    config = "".join(iter(stand_ins.stdout.readline, END_OF_CONFIG))
    config = config.replace("[Settings]\n", '[Settings]\nQuarantine = "1d"\n')
    config = config.replace("[WebUI]\n", f'[WebUI]\nToken = "{TOKEN}"\n')
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "config.toml").write_text(config)
    log = (tmp_path / "output").open("w")
    daemon = terminal.start("qbitrr run", stdout=log, stderr=log)
    try:
        yield terminal
    finally:
        daemon.terminate()
        daemon.wait(30)
        stand_ins.communicate()
        log.close()


def output(terminal: Terminal) -> str:
    return (terminal.folder / "output").read_text(errors="replace")[-4000:]


def workers(terminal: Terminal) -> dict[str, dict[str, Any]]:
    found = {one["category"]: one for one in terminal.get("/web/processes").get("processes", ())}
    return found if found and all(one["state"] == "running" for one in found.values()) else {}


def in_quarantine(terminal: Terminal) -> int:
    decisions = terminal.get("/web/decisions?limit=500").get("decisions", ())
    return next((one["id"] for one in decisions if one["step"] == "quarantined"), 0)


@pytest.fixture
def places(terminal: Terminal) -> dict[str, str]:
    """What stands for each placeholder."""
    found = until_sync(lambda: workers(terminal), 60, lambda: output(terminal))
    evidence = terminal.folder / ".config" / "evidence"
    for category in ("radarr-hd", "radarr-4k"):
        os.kill(found[category]["pid"], signal.SIGSEGV)
        until_sync(lambda crashed=category: any((evidence / crashed).glob("*")), 60, lambda: output(terminal))
    until_sync(lambda: workers(terminal), 60, lambda: output(terminal))
    action = until_sync(lambda: in_quarantine(terminal), 60, lambda: output(terminal))
    infohash = terminal.get("/web/torrents")["torrents"][0]["hash"]
    (terminal.folder / "old").mkdir()
    (terminal.folder / "old" / "config.toml").write_text(OLD)
    for name in ("old.pem", "new.pem"):
        (terminal.folder / name).write_text("a key\n")
    body = shlex.quote(json.dumps({"token": TOKEN}))
    login = terminal.run(f"curl --fail --silent --json {body} {PAGE}/login")
    assert login.returncode == 0, login.stderr
    backup = terminal.run("qbitrr backup")
    assert backup.returncode == 0, backup.stderr
    listed = terminal.run(f"curl --silent --header 'X-API-Token: {TOKEN}' {PAGE}/api/sessions")
    return {
        "INFOHASH": infohash, "<hash>": infohash, "8d6d2ee8…": infohash, "ACTION": str(action),
        "CATEGORY": "radarr-hd", "ID": json.loads(listed.stdout)["sessions"][0]["id"], "FOLDER": "old",
        "[FILE]": "", "FILE": backup.stdout.split()[-1],
    }  # fmt: skip


def test_with_a_daemon(terminal: Terminal, places: dict[str, str]):
    wrong = []
    for command in RUNNING:
        typed = command.printed
        for placeholder, value in places.items():
            typed = typed.replace(placeholder, value)
        ran = terminal.run(typed)
        answered_with_an_error = typed.startswith("curl") and '"error"' in ran.stdout
        if ran.returncode != command.code or answered_with_an_error or "Traceback" in ran.stderr:
            wrong.append(f"{typed}: {ran.returncode} instead of {command.code}\n{ran.stdout[-500:]}{ran.stderr[-500:]}")
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("checkout"))


def without_an_index(folder: Path) -> dict[str, str]:
    """So that pip builds with the back end of these tests, and an installation imports what they have."""
    folder.mkdir(exist_ok=True)
    for path in Path(sysconfig.get_path("purelib")).glob("setuptools*"):
        (folder / path.name).symlink_to(path)
    return {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PYTHONPATH": str(folder)}


@pytest.mark.parametrize("command", IN_THE_CHECKOUT)
def test_in_the_checkout(checkout: Path, command: str):
    make = command.replace("make ", "make --old-file=.venv-dev/.built ")
    ran = subprocess.run(["bash", "-c", make], cwd=checkout, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("command", FOREGROUND)
def test_until_it_is_stopped(command: str, tmp_path: Path, network: OwnNetwork):
    """`make run` makes its environment of what these tests have."""
    environ = {**without_an_index(tmp_path / "back end"), "PIP_NO_DEPS": "1", "PYTHON": sys.executable}
    environ["PYTHONPATH"] += f":{sysconfig.get_path('purelib')}"
    folder = tmp_path / "folder"
    if command.startswith("make"):
        copy_checkout(folder)
    terminal = Terminal(folder, network, environ)
    with (tmp_path / "output").open("w") as log:
        program = terminal.start(command, stdout=log, stderr=log, start_new_session=True)
    try:
        until_sync(lambda: workers(terminal), 120, lambda: (tmp_path / "output").read_text()[-4000:])
    finally:
        os.killpg(program.pid, signal.SIGTERM)
        program.wait(30)


@pytest.mark.parametrize("command", INTO_THE_SYSTEM)
def test_into_the_system(command: str, tmp_path: Path, network: OwnNetwork):
    if not wheelhouse.is_there():
        pytest.fail(wheelhouse.how_to_get(), pytrace=False)
    system = tmp_path / "system"
    for place in ("opt/qbitrr", "usr/local/bin", "etc/systemd/system"):
        (system / place).mkdir(parents=True)
    checkout = copy_checkout(tmp_path / "checkout")
    (checkout / "pyproject.toml").touch()
    os.utime(checkout / "pyproject.toml", (0, 0))  # older than the environment of these tests
    tools = {"UV_TOOL_DIR": "/opt/tools", "UV_TOOL_BIN_DIR": "/usr/local/bin", "UV_CACHE_DIR": str(tmp_path / "uv")}
    environ = {
        **os.environ, **wheelhouse.offline(), **without_an_index(tmp_path / "back end"), **tools,
        "PATH": f"/usr/local/bin:{wheelhouse.UV.parent}:{os.environ['PATH']}",
    }  # fmt: skip
    program = "/opt/qbitrr/venv/bin/qbitrr" if "venv" in command else "qbitrr"
    script = f"{command} && {program} --version"
    ran = subprocess.run(
        [*network.prefix, *in_place(system), "bash", "-c", script],
        cwd=checkout,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith(f"qbitrr {__version__}\n")


def test_in_the_box(tmp_path: Path):
    if not (systemd_box.ROOT.exists() and systemd_box.SITE.exists()):
        pytest.fail(systemd_box.how_to_get(), pytrace=False)
    editor = {"EDITOR": "true", "SYSTEMD_EDITOR": "true"}  # one that ends at once
    chosen = [f"{name}={value}" for name, value in editor.items()]
    with Box(tmp_path / "console.log") as box:
        box.run("ln", "-s", "/bin/true", "/usr/local/bin/editor")
        for command in IN_THE_BOX:
            if command.startswith("chown"):
                box.run("umount", *(f"/opt/qbitrr/{place}" for place in SHOWN))  # of this machine, not to be changed
            typed = ["script", "--quiet", "--return", "--command", command, "/dev/null"]  # which is a terminal
            box.run("env", *chosen, *typed, seconds=90)
        assert tomllib.loads(box.run("cat", "/var/lib/qbitrr/config.toml"))["qBit"]
