"""What an image is built from without a network: a Debian with Python and ffmpeg, and what pip builds with.

python -m tests.support.image_base      fetches it (Debian, as root)
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys

from tests.support import systemd_box
from tests.support.systemd_box import CACHE, CHECKOUT

PACKAGES = "python3,python3-venv,ffmpeg,tzdata"
ROOT = CACHE / f"image-base-{hashlib.sha256(PACKAGES.encode()).hexdigest()[:8]}"
BACK_END = CACHE / "build-back-end"
NEEDED = ("setuptools>=77",)


def how_to_get() -> str:
    """The remedy for what is not there."""
    return f"as root: no {ROOT} or {BACK_END}: `make test` fetches them, or: python -m tests.support.image_base"


def is_there() -> bool:
    """Whether all of it was fetched."""
    return ROOT.exists() and BACK_END.exists()


def fetch() -> None:
    """Fetch what is missing. CalledProcessError when that is not possible."""
    if os.geteuid() != 0:
        print("note: the tests of the image need root", file=sys.stderr)
        return
    subprocess.run([CHECKOUT / ".ci" / "debian-packages", "debootstrap", "buildah"], check=True)
    systemd_box.build(systemd_box.SUITE, ROOT, PACKAGES)
    for unneeded in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man"):
        shutil.rmtree(ROOT / unneeded, ignore_errors=True)
    if not BACK_END.exists():
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
        subprocess.run([*pip, "--no-deps", "--dest", str(BACK_END), *NEEDED], check=True)


if __name__ == "__main__":
    try:
        fetch()
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
