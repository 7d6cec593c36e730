"""What docs/what-is-stored.md lists."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "what-is-stored.md"


def names_in(section: str) -> list[str]:
    """The names in the first column of a section's table; each row has to say what bounds it."""
    (text,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    for row in rows[2:]:
        assert len(row) == 3, row
        assert row[2], f"{row[0]} has no bound"
    return [name for row in rows[2:] for name in re.findall(r"`([^`]+)`", row[0])]
