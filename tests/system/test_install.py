"""`make install` and `make uninstall`, into a staging folder and into the system: the latter with folders of the test
in the places of /opt, /usr/local/bin and /etc/systemd/system.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from qbitrr import __version__
from tests.support import systemd_box
from tests.support.checkout import copy_checkout
from tests.support.daemon import CHECKOUT

PLACES = ("opt", "usr/local/bin", "etc/systemd/system")
IN_PLACE = """\
system=$1
shift
for place in opt usr/local/bin etc/systemd/system; do mount --bind "$system/$place" /$place; done
exec "$@"
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return copy_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    """So that nothing is fetched: pip builds with what these tests have, and installs no dependencies."""
    back_end = tmp_path_factory.mktemp("back-end")
    for path in Path(sysconfig.get_path("purelib")).glob("setuptools*"):
        (back_end / path.name).symlink_to(path)
    pip = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}  # sic: 0 is without isolation
    return {**os.environ, **pip, "PYTHONPATH": str(back_end)}


def make(checkout, environ, target, *variables, prefix=()):
    command = [*prefix, "make", "-C", str(checkout), target, f"PYTHON={sys.executable}", *variables]
    made = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout


def in_place(system):
    """What has to stand before a command, so that it finds the folders of `system` in their places."""
    return ["unshare", "--mount", "sh", "-euc", IN_PLACE, "sh", str(system)]


def run(system, *command, environ=None):
    return subprocess.run(
        [*in_place(system), *command], env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}


def with_libraries(system):
    """Let the installation import what it needs from the environment of these tests."""
    (site,) = (system / "opt/qbitrr/current/lib").glob("python3*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))


@pytest.fixture(scope="module")
def staged(checkout, environ, tmp_path_factory):
    staging = tmp_path_factory.mktemp("staging") / "root"
    make(checkout, environ, "install", f"DESTDIR={staging}")
    return staging


def test_nothing_that_was_staged_names_the_staging_folder(staged):
    found = [path for path in staged.rglob("*") if path.is_file() and str(staged).encode() in path.read_bytes()]
    assert not found
    assert not [path for path in staged.rglob("*") if path.is_symlink() and str(staged) in str(path.readlink())]


def test_modules_are_compiled_for_the_place_where_they_will_be(staged):
    (compiled,) = staged.glob("opt/qbitrr/versions/*/lib/python3*/site-packages/qbitrr/__pycache__/daemon.*.pyc")
    assert b"/opt/qbitrr/versions" in compiled.read_bytes()


def test_only_what_belongs_to_it_is_staged(staged):
    tops = {name for name in files(staged) if not name.startswith("opt/qbitrr/versions/")}
    assert tops == {
        "etc/systemd/system/qbitrr.service", "etc/systemd/system/qbitrr.socket", "opt/qbitrr/README.md",
        "opt/qbitrr/current", "usr/local/bin/qbitrr",
    }  # fmt: skip


def test_what_was_staged_runs_where_it_is_put(staged, tmp_path):
    system = tmp_path / "system"
    shutil.copytree(staged, system, symlinks=True)
    with_libraries(system)
    environ = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    for program in ("qbitrr", "/opt/qbitrr/current/bin/qbitrr", f"/opt/qbitrr/versions/{__version__}/bin/qbitrr"):
        assert run(system, program, "--version", environ=environ).stdout == f"qbitrr {__version__}\n"
    where = run(system, "/opt/qbitrr/current/bin/python", "-P", "-c", "import qbitrr; print(qbitrr.__file__)")
    assert where.stdout.startswith("/opt/qbitrr/current/lib/")


def test_a_staging_folder_may_be_relative_and_have_blanks_and_everyone_can_read_it(checkout, environ):
    make(checkout, environ, "install", "DESTDIR=build/stage of one", prefix=("sh", "-c", 'umask 077; exec "$@"', "sh"))
    staging = checkout / "build" / "stage of one"
    script = (staging / "opt/qbitrr/current/bin/qbitrr").read_text()
    assert str(checkout) not in script
    assert f"/opt/qbitrr/versions/{__version__}/bin/python" in script
    closed = [path for path in staging.rglob("*") if not path.is_symlink() and not path.stat().st_mode & stat.S_IROTH]
    assert not closed
    make(checkout, environ, "uninstall", "DESTDIR=build/stage of one")
    assert not files(staging)


def test_it_is_on_the_path_with_the_data_folder_of_the_service_and_can_be_removed(checkout, environ, tmp_path):
    system = tmp_path / "system"
    for place in PLACES:
        (system / place).mkdir(parents=True)
    (system / "opt" / "other").touch()
    make(checkout, environ, "install", prefix=in_place(system))
    with_libraries(system)
    assert run(system, "/usr/local/bin/qbitrr", "--version").stdout == f"qbitrr {__version__}\n"
    absent = run(system, "/usr/local/bin/qbitrr", "backup", "--list", environ={"PATH": os.environ["PATH"]})
    assert absent.returncode == 1
    other = tmp_path / "other"
    chosen = {"PATH": os.environ["PATH"], "QBITRR_OVERRIDES_DATA_PATH": str(other)}
    assert run(system, "/usr/local/bin/qbitrr", "check", environ=chosen).returncode == 0
    assert (other / "config.toml").exists()
    make(checkout, environ, "install", prefix=in_place(system))  # again
    assert "/var/lib/qbitrr stays" in make(checkout, environ, "uninstall", prefix=in_place(system))
    assert files(system) == {"opt/other"}


def test_a_program_of_the_same_name_is_not_removed(checkout, environ, tmp_path):
    (tmp_path / "usr/local/bin").mkdir(parents=True)
    (tmp_path / "usr/local/bin/qbitrr").write_text("#!/bin/sh\nexec something else\n")
    make(checkout, environ, "uninstall", f"DESTDIR={tmp_path}")
    assert files(tmp_path) == {"usr/local/bin/qbitrr"}


def test_a_service_that_runs_is_stopped_before_it_is_removed_and_keeps_its_state(tmp_path):
    if not systemd_box.is_there():
        pytest.fail(systemd_box.how_to_get(), pytrace=False)
    with systemd_box.Box(tmp_path / "console.log") as box:
        box.run("systemctl", "enable", "--now", "qbitrr.service")
        box.write("/root/uninstall", (CHECKOUT / "systemd" / "uninstall").read_text())
        for _ in range(2):
            assert "/var/lib/qbitrr stays" in box.run("sh", "/root/uninstall")
        assert box.run("systemctl", "is-active", "qbitrr.service", check=False).strip() == "inactive"
        assert "qbitrr" not in box.run("systemctl", "list-unit-files", "qbitrr*", "--no-legend", check=False)
        assert "current" not in box.run("ls", "/opt/qbitrr")
        assert "config.toml" in box.run("ls", "/var/lib/private/qbitrr")
