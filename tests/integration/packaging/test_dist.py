"""`make dist`: what is in the distributions, and that each of them installs and starts."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from qbitrr import __version__
from tests.support.checkout import copy_checkout
from tests.support.daemon import CHECKOUT
from tests.support.wheels import PACKAGES


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """The folder that `make dist` fills, in a checkout where someone left other files."""
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    (checkout / "build" / "lib" / "qbitrr").mkdir(parents=True)
    (checkout / "build" / "lib" / "qbitrr" / "removed_long_ago.py").touch()
    (checkout / "dist").mkdir()
    (checkout / "dist" / "qbitrrd-0.0.1-py3-none-any.whl").touch()
    made = subprocess.run(
        ["make", "--old-file=.venv-dev/.built", "dist"], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return checkout / "dist"


@pytest.fixture(scope="module")
def wheel(dist):
    return dist / f"qbitrrd-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def sdist(dist):
    return dist / f"qbitrrd-{__version__}.tar.gz"


def ours():
    """The files of the packages that an installation needs: all but types for who changes the page."""
    files = (path for package in PACKAGES for path in (CHECKOUT / package).rglob("*"))
    kept = (path for path in files if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(CHECKOUT)) for path in kept if not path.name.endswith(".d.ts")}


def test_both_are_made_of_this_version_and_nothing_else_is_left(dist, wheel, sdist):
    assert set(dist.iterdir()) == {wheel, sdist}


def test_the_wheel_has_the_packages_and_nothing_but_them(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == ours()


def test_the_source_distribution_has_what_builds_the_wheel_and_nothing_but_that(sdist):
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    besides = names - ours() - {name for name in names if name.startswith("qbitrrd.egg-info/")}
    assert ours() <= names
    assert besides == {
        "CHANGELOG.md", "LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "config.example.toml", "pyproject.toml",
        "setup.cfg",
    }  # fmt: skip


@pytest.fixture
def back_end(tmp_path):
    """A folder with the build back end of these tests, so that nothing is fetched."""
    folder = tmp_path / "back end"
    folder.mkdir()
    for path in Path(sysconfig.get_path("purelib")).glob("setuptools*"):
        (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_each_installs_into_an_environment_of_its_own_and_starts(kind, tmp_path, back_end, request):
    place = tmp_path / "venv"
    python = str(place / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    environ = {**os.environ, "PYTHONPATH": str(back_end)}
    subprocess.run([python, *install, str(request.getfixturevalue(kind))], check=True, env=environ)
    (site,) = place.glob("lib/python3*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    said = subprocess.run([place / "bin" / "qbitrr", "--version"], cwd=tmp_path, check=True, capture_output=True)
    assert said.stdout.decode() == f"qbitrr {__version__}\n"
    where = [python, "-P", "-c", "import qbitrr, control; print(qbitrr.__file__, control.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split()
    assert all(Path(path).is_relative_to(place) for path in found)
