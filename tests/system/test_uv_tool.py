"""`uv tool install` of the wheel on the bare Debian of each suite: importing, upgraded, downgraded."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from qbitrr import __version__
from qbitrr.sandbox.__main__ import END_OF_CONFIG
from qbitrr.state.migrate import migrations
from tests.support import systemd_box, wheelhouse
from tests.support.checkout import copy_checkout
from tests.support.polling import until_sync
from tests.support.systemd_box import Machine
from tests.system.test_debian_package import imports

if TYPE_CHECKING:
    from pathlib import Path

NEXT = "9.0.0"
DATA = "/root/data"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this version, and that of a later one, whose state file has one more migration."""
    if not (wheelhouse.is_there() and all(root.exists() for root in systemd_box.ROOTS.values())):
        pytest.fail(f"{wheelhouse.how_to_get()}; {systemd_box.how_to_get()}", pytrace=False)
    folder = tmp_path_factory.mktemp("wheels")
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    make_wheel(checkout, folder)
    (checkout / "qbitrr" / "__init__.py").write_text(f'__version__ = "{NEXT}"\n')
    later = checkout / "qbitrr" / "state" / "migrations" / "999_later.sql"
    later.write_text("CREATE TABLE later (number INTEGER);\n")
    make_wheel(checkout, folder)
    return folder


def make_wheel(checkout: Path, folder: Path) -> None:
    dist = ["make", "--old-file=.venv-dev/.built", "dist"]
    made = subprocess.run(dist, cwd=checkout, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    (wheel,) = (checkout / "dist").glob("*.whl")
    wheel.rename(folder / wheel.name)


def install(machine: Machine, version: str) -> str:
    """Install a version; returns what `qbitrr --version` prints then."""
    environ = [f"{name}={value}" for name, value in wheelhouse.offline("/wheelhouse").items()]
    wheel = f"/wheels/qbitrrd-{version}-py3-none-any.whl"
    machine.run("env", *environ, "/uv/uv", "tool", "install", wheel, seconds=120)
    return machine.run("/root/.local/bin/qbitrr", "--version").strip()


def start(machine: Machine) -> None:
    """Start the daemon as a service that lasts until the machine does."""
    machine.run("systemctl", "stop", "daemon", check=False)
    machine.run("systemctl", "reset-failed", "daemon", check=False)
    run = ["/root/.local/bin/qbitrr", "--data-dir", DATA, "run"]
    machine.run("systemd-run", "--unit=daemon", "--property=RemainAfterExit=no", *run)


def log(machine: Machine) -> str:
    return machine.run("journalctl", "--no-pager", "--unit", "daemon", "--lines", "40", check=False)


def configuration_of_stand_ins(machine: Machine) -> str:
    """Start the stand-ins of the wheel; returns the configuration for them."""
    program = ["/root/.local/share/uv/tools/qbitrrd/bin/python", "-P", "-m", "qbitrr.sandbox", "--speed", "20"]
    machine.run("systemd-run", "--unit=stand-ins", "--property=StandardOutput=file:/run/stand-ins", *program)

    def printed() -> str:
        config, end, _ = machine.run("cat", "/run/stand-ins", check=False).partition(END_OF_CONFIG)
        return config if end else ""

    return until_sync(printed, 20, lambda: machine.run("systemctl", "status", "stand-ins", check=False))


@pytest.mark.parametrize("suite", systemd_box.ROOTS)
def test_a_stranger_installs_it_imports_upgrades_and_downgrades(suite: str, wheels: Path, tmp_path: Path):
    shown = {"/wheels": wheels, "/wheelhouse": wheelhouse.FOLDER, "/uv": wheelhouse.UV.parent}
    root = systemd_box.ROOTS[suite]
    with Machine(tmp_path / "console.log", root, shown, ["--private-network"]) as machine:
        # installed and configured: the first import
        assert install(machine, __version__) == f"qbitrr {__version__}"
        machine.write(f"{DATA}/config.toml", configuration_of_stand_ins(machine))
        start(machine)
        first = until_sync(lambda: imports(machine), 60, lambda: log(machine))
        # upgraded: what was done is known
        assert install(machine, NEXT) == f"qbitrr {NEXT}"
        start(machine)
        until_sync(lambda: imports(machine) >= first, 40, lambda: log(machine))
        # downgraded: the newer state file is refused, and stays as it is
        assert install(machine, __version__) == f"qbitrr {__version__}"
        start(machine)
        refusal = f"this qbitrr knows {len(migrations())}: install the newer version"
        until_sync(lambda: refusal in log(machine), 30, lambda: log(machine))
        install(machine, NEXT)
        start(machine)
        until_sync(lambda: imports(machine) >= first, 40, lambda: log(machine))
