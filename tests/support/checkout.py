"""Copies of this checkout, in which `make` may write."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.daemon import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path


def copy_checkout(folder: Path) -> Path:
    """Copy what the repository has, and what is new and not ignored, with the environment of these tests as its own."""
    ask = ["git", "-C", str(CHECKOUT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        source = CHECKOUT / name
        if source.is_file():  # not one that was deleted
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    (folder / ".venv-dev").symlink_to(sys.prefix)
    return folder
