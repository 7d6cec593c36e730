"""State files that earlier versions wrote, one of each schema: their demonstration ran for a while, then stopped.

python -m tests.support.old_states      makes those that are missing, from the history of git, in a minute each
"""

from __future__ import annotations

import lzma
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from qbitrr.state.migrate import migrations
from tests.support.ports import free_port

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "tests" / "data" / "states"
_MIGRATIONS = "qbitrr/state/migrations"
_SECONDS = 45.0  # for imports, failures and searches of the demonstration

# a few of each library are enough
_KEPT = {
    "movies": "id <= 40",
    "series": "id <= 3",
    "seasons": "series_id <= 3",
    "episodes": "series_id <= 3",
    "artists": "id <= 3",
    "albums": "artist_id <= 3",
    "tracks": "artist_id <= 3",
}


def kept() -> dict[int, Path]:
    """The files there are, by their schema."""
    return {int(path.name.partition(".")[0]): path for path in sorted(FOLDER.glob("*.db.xz"))}


def unpack(version: int, target: Path) -> Path:
    """Write the state file of a schema; returns its path."""
    target.write_bytes(lzma.decompress(kept()[version].read_bytes()))
    return target


def make(version: int) -> None:
    """Make the file of a schema with the last version of the program that had it."""
    with tempfile.TemporaryDirectory() as folder:
        source, data = Path(folder) / "source", Path(folder) / "data"
        source.mkdir()
        archive = subprocess.run(_git("archive", _last_with(version)), check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "-x", "-C", source], input=archive, check=True)
        data.mkdir()
        _run_demonstration(source, data)
        (state,) = data.rglob("state.db")
        _shrink(state)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{version:03}.db.xz").write_bytes(lzma.compress(state.read_bytes(), preset=9))


def _run_demonstration(source: Path, data: Path) -> None:
    command = [sys.executable, "-P", "-m", "qbitrr", "demo", "--port", str(free_port())]
    environ = {**os.environ, "PYTHONPATH": str(source)}
    demo = subprocess.Popen(
        command, cwd=data, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    time.sleep(_SECONDS)
    os.killpg(demo.pid, signal.SIGTERM)
    demo.wait(30)


def _shrink(state: Path) -> None:
    with closing(sqlite3.connect(state)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in _KEPT.keys() & tables:
            connection.execute(f"DELETE FROM {table} WHERE NOT ({_KEPT[table]})")
        connection.commit()
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")


def _last_with(version: int) -> str:
    """The last commit whose schema was this one."""
    commits = _lines("rev-list", "--first-parent", "HEAD", "--", _MIGRATIONS)
    if _schema("HEAD") == version:
        return "HEAD"
    for commit in commits:
        if _schema(f"{commit}^") == version and _schema(commit) > version:
            return f"{commit}^"
    sys.exit(f"no commit has schema {version}: the history of git is not here")


def _schema(commit: str) -> int:
    return sum(name.endswith(".sql") for name in _lines("ls-tree", "--name-only", commit, f"{_MIGRATIONS}/"))


def _lines(*arguments: str) -> list[str]:
    return subprocess.run(_git(*arguments), check=True, capture_output=True, text=True).stdout.split()


def _git(*arguments: str) -> list[str]:
    return ["git", "-C", str(CHECKOUT), *arguments]


if __name__ == "__main__":
    for number in range(1, len(migrations()) + 1):
        if number not in kept():
            make(number)
            print(f"made {FOLDER.relative_to(CHECKOUT)}/{number:03}.db.xz")
