"""The package of each suite on its bare Debian: installed, configured, importing, upgraded, downgraded, purged."""

from __future__ import annotations

import json
import os
import shutil
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

if TYPE_CHECKING:
    from pathlib import Path

NEXT = "9.0.0"
SUITES = {"bookworm": "deb12", "trixie": "deb13"}
CONFIG = "/var/lib/qbitrr/config.toml"
ASK = """\
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:6969/web/decisions?limit=500", timeout=5).read().decode())
"""
every_suite = pytest.mark.parametrize("suite", SUITES)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `make deb` fills, without an index."""
    if not (wheelhouse.is_there() and all(root.exists() for root in systemd_box.ROOTS.values())):
        pytest.fail(f"{wheelhouse.how_to_get()}; {systemd_box.how_to_get()}", pytrace=False)
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    made = subprocess.run(
        ["make", "--old-file=.venv-dev/.built", "deb"],
        cwd=checkout, env=os.environ | wheelhouse.offline(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    return checkout / "dist"


def package(dist: Path, suite: str, version: str = __version__) -> str:
    (found,) = dist.glob(f"qbitrr_{version}+{SUITES[suite]}_*.deb")
    return found.name


def make_next(dist: Path, suite: str, folder: Path) -> None:
    """Make the package of a later version, whose state file has one more migration."""
    place = folder / "next"
    subprocess.run(["dpkg-deb", "-R", dist / package(dist, suite), place], check=True)
    control = place / "DEBIAN" / "control"
    control.write_text(control.read_text().replace(f"Version: {__version__}", f"Version: {NEXT}"))
    (site,) = place.glob("usr/lib/qbitrr/lib/python3*/site-packages")
    (site / "qbitrr" / "__init__.py").write_text(f'__version__ = "{NEXT}"\n')
    (site / "qbitrr" / "state" / "migrations" / "999_later.sql").write_text("CREATE TABLE later (number INTEGER);\n")
    subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "-b", place, folder], check=True)


@every_suite
def test_lintian_has_no_complaint(dist: Path, suite: str):
    lintian = ["lintian", "--allow-root", "--fail-on", "error,warning", str(dist / package(dist, suite))]
    ran = subprocess.run(lintian, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr


def apt(machine: Machine, *arguments: str) -> None:
    """Have apt do something without the network: ffmpeg, which is recommended, stays out."""
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--no-install-recommends"]
    machine.run(*quiet, *arguments, seconds=120)


def journal(machine: Machine) -> str:
    return machine.run("journalctl", "--no-pager", "--unit", "qbitrr", "--lines", "40", check=False)


def configuration_of_stand_ins(machine: Machine) -> str:
    """Start the stand-ins of the package; returns the configuration for them."""
    program = ["/usr/lib/qbitrr/bin/python", "-P", "-m", "qbitrr.sandbox", "--speed", "20"]
    machine.run("systemd-run", "--unit=stand-ins", "--property=StandardOutput=file:/run/stand-ins", *program)

    def printed() -> str:
        config, end, _ = machine.run("cat", "/run/stand-ins", check=False).partition(END_OF_CONFIG)
        return config if end else ""

    return until_sync(printed, 20, lambda: machine.run("systemctl", "status", "stand-ins", check=False))


def imports(machine: Machine) -> set[int]:
    """The imports that were done, as the daemon has them on record."""
    answer = machine.run("python3", "-c", ASK, check=False)
    found = json.loads(answer)["decisions"] if answer.startswith("{") else []
    return {one["id"] for one in found if (one["action"], one["state"]) == ("import", "done")}


@every_suite
def test_a_stranger_installs_it_imports_upgrades_downgrades_and_purges(suite: str, dist: Path, tmp_path: Path):
    shown = tmp_path / "packages"
    shown.mkdir()
    shutil.copy(dist / package(dist, suite), shown)
    make_next(dist, suite, shown)
    present, later = (f"/packages/{package(shown, suite, version)}" for version in (__version__, NEXT))
    root, log = systemd_box.ROOTS[suite], tmp_path / "console.log"
    with Machine(log, root, {"/packages": shown}, ["--private-network"]) as machine:
        # installed: it runs as its user, waits for its configuration, and the command finds it
        apt(machine, "install", present)
        assert machine.run("systemctl", "is-active", "qbitrr.service").strip() == "active"
        assert machine.run("systemctl", "is-enabled", "qbitrr.service").strip() == "enabled"
        assert machine.run("qbitrr", "--version") == f"qbitrr {__version__}\n"
        assert machine.run("stat", "--format=%U %a", "/var/lib/qbitrr/config.toml") == "qbitrr 600\n"
        assert machine.run("qbitrr", "ctl", "status") == "no workers\n"
        assert "Settings.CompletedDownloadFolder" in machine.run("qbitrr", "check")
        # in the group of the downloads
        machine.run("groupadd", "media")
        machine.run("usermod", "-aG", "media", "qbitrr")
        machine.run("systemctl", "restart", "qbitrr")
        # configured: the first import
        machine.run("sh", "-c", 'printf %s "$2" >"$1"', "sh", CONFIG, configuration_of_stand_ins(machine))
        machine.run("systemctl", "reload", "qbitrr")
        first = until_sync(lambda: imports(machine), 60, lambda: journal(machine))
        # upgraded: what was done is known
        apt(machine, "install", later)
        assert machine.run("qbitrr", "--version") == f"qbitrr {NEXT}\n"
        until_sync(lambda: imports(machine) >= first, 40, lambda: journal(machine))
        # downgraded: the newer state file is refused, and stays as it is
        apt(machine, "install", "--allow-downgrades", present)
        refusal = f"schema {len(migrations()) + 1}, this qbitrr knows {len(migrations())}: install the newer version"
        until_sync(lambda: refusal in journal(machine), 30, lambda: journal(machine))
        apt(machine, "install", later)
        until_sync(lambda: imports(machine) >= first, 40, lambda: journal(machine))
        # removed, the data stay; purged, they do not
        apt(machine, "remove", "qbitrr")
        assert "state.db" in machine.run("ls", "/var/lib/qbitrr")
        apt(machine, "purge", "qbitrr")
        left = machine.run("find", "/var/lib/qbitrr", "/usr/lib/qbitrr", check=False)
        assert left.count("No such file") == 2, left
