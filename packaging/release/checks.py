"""What has to hold before a release is made: its tag, a clean checkout, its changes in CHANGELOG.md.

The version is in `qbitrr/__init__.py` and nowhere else.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[2]
_VERSION = re.compile(r'^__version__ = "(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)"$', re.MULTILINE)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


def main() -> None:
    """Print the version, or exit with everything that is in the way."""
    found = list(problems(CHECKOUT))
    if found:
        sys.exit("no release can be made:\n" + "\n".join(f"  {one}" for one in found))
    sys.stdout.write(f"releasing {version(CHECKOUT)}\n")


def version(checkout: Path) -> str | None:
    """The version of a checkout; None when it has no usable one."""
    found = _VERSION.search((checkout / "qbitrr" / "__init__.py").read_text())
    return found[1] if found else None


def problems(checkout: Path) -> Iterator[str]:
    """Everything that is in the way of a release."""
    present = version(checkout)
    if present is None:
        yield "qbitrr/__init__.py has no __version__ such as 1.2.3 or 1.2.3rc1"
        return
    tags = _git(checkout, "tag", "--points-at", "HEAD").split()
    if f"v{present}" not in tags:
        yield f"this commit has no tag v{present}, but {', '.join(tags) or 'none'}"
    changed = _git(checkout, "status", "--porcelain").splitlines()
    if changed:
        yield f"there are changes that are not committed: {', '.join(line[3:] for line in changed[:5])}"
    yield from _changelog_problems((checkout / "CHANGELOG.md").read_text(), present)


def _changelog_problems(text: str, present: str) -> Iterator[str]:
    _, *parts = _SECTION.split(text)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    titles = list(sections)
    dated = next((title for title in titles if re.fullmatch(rf"{re.escape(present)} - \d{{4}}-\d\d-\d\d", title)), None)
    if dated is None:
        yield f'CHANGELOG.md has no "## {present} - YYYY-MM-DD"'
    elif not sections[dated].strip():
        yield f'CHANGELOG.md has nothing below "## {dated}"'
    elif titles[:2] != ["Unreleased", dated]:
        yield f'CHANGELOG.md has to begin with "## Unreleased" and "## {dated}"'
    if sections.get("Unreleased", "").strip():
        yield 'CHANGELOG.md has changes below "## Unreleased"'


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


if __name__ == "__main__":
    main()
