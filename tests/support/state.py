"""State files of the present schema, copied from one that was migrated once in this process."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from qbitrr.state import migrate


def migrated(path: Path) -> Path:
    """Write an empty state file of the present schema; returns its path."""
    path.write_bytes(_template())
    path.chmod(0o600)
    return path


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        migrate.prepare(path)
        return path.read_bytes()
