"""Wheels of everything that qbitrr needs with all extras, for the Python of each suite of Debian; and uv.

With `OFFLINE` pip and uv install from them and ask no index.

python -m tests.support.wheelhouse      fetches them
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.systemd_box import CACHE, PROJECT

if TYPE_CHECKING:
    from pathlib import Path

PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
EXTRAS = ("notify", "oidc", "update")
NEEDED = [*PROJECT["dependencies"], *(one for extra in EXTRAS for one in PROJECT["optional-dependencies"][extra])]
FOLDER = CACHE / f"wheelhouse-{hashlib.sha256(' '.join(NEEDED).encode()).hexdigest()[:12]}"
UV = CACHE / "uv" / "bin" / "uv"
PLATFORMS = [f"{tag}_{platform.machine()}" for tag in ("manylinux2014", "manylinux_2_28", "manylinux_2_34")]


def offline(folder: Path | str = FOLDER) -> dict[str, str]:
    """Environment variables with which pip and uv take what they need from the wheelhouse, which is in `folder`."""
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}
    uv = {"UV_OFFLINE": "1", "UV_FIND_LINKS": str(folder), "UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1"}
    return pip | uv


def how_to_get() -> str:
    """The remedy for wheels that are not there."""
    return f"no {FOLDER} or {UV}: `make test` fetches them, or: python -m tests.support.wheelhouse"


def is_there() -> bool:
    """Whether all of it was fetched."""
    return FOLDER.exists() and UV.exists()


def fetch() -> None:
    """Fetch what is missing. CalledProcessError when that is not possible."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if not FOLDER.exists():
        draft = FOLDER.with_suffix(".part")
        shutil.rmtree(draft, ignore_errors=True)
        for python in PYTHONS.values():
            which = ["--python-version", python, "--only-binary=:all:", *(f"--platform={tag}" for tag in PLATFORMS)]
            subprocess.run([*pip, "download", "--dest", str(draft), *which, *NEEDED], check=True)
        draft.rename(FOLDER)
    if not UV.exists():
        subprocess.run([*pip, "install", "--target", str(UV.parents[1]), "--no-deps", "--upgrade", "uv"], check=True)


if __name__ == "__main__":
    try:
        fetch()
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
