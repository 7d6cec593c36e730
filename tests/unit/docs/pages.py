"""The pages that people read, and what they name in code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")} - {ROOT / "CHANGELOG.md"})

_FENCE = re.compile(r"^ *```.*?$(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def spans(page: Path) -> list[str]:
    """What stands in backticks, and every line of a code block."""
    text = page.read_text()
    lines = [line for block in _FENCE.findall(text) for line in block.splitlines()]
    return [*lines, *_SPAN.findall(_FENCE.sub("", text))]
