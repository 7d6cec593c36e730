"""What of the page is checked without a browser."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.support import page_types
from tests.support.page import FOLDER

if TYPE_CHECKING:
    from pathlib import Path


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lit_is_what_the_lock_file_makes(tools, tmp_path):
    again = tmp_path / "lit.js"
    run(tools, "node", "vendor.js", str(again))
    assert again.read_bytes() == (FOLDER / "vendor" / "lit.js").read_bytes()


def test_pure_modules(tools):
    run(tools, "node", "--test", *(str(path) for path in sorted((tools / "tests").glob("*.test.js"))))


def test_types(tools):
    page_types.write()
    run(tools, "node_modules/.bin/tsc", "--project", "tsconfig.json")
