"""State files of every earlier schema, as the versions of their time left them, under this version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr.sandbox.sandbox import Sandbox
from qbitrr.state import migrate
from tests.support.daemon import Daemon
from tests.support.old_states import kept, unpack
from tests.support.polling import until
from tests.support.state import migrated

if TYPE_CHECKING:
    from pathlib import Path

EARLIER = range(1, len(migrate.migrations()))


def rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def actions(path: Path) -> dict[int, tuple[str, ...]]:
    """What was done, by its number: to what, by which rule, why, with which facts, and when."""
    query = "SELECT id, category, infohash, rule, because, facts, planned_at, outcome FROM ledger"
    return {row[0]: row[1:] for row in rows(path, query)}


def schema(path: Path) -> dict[str, str]:
    """Every table, index and trigger with its definition, apart from its blanks."""
    found = rows(path, "SELECT name, coalesce(sql, '') FROM sqlite_master")
    return {name: " ".join(sql.replace("IF NOT EXISTS ", "").split()) for name, sql in found}


def ended(path: Path) -> list[Any]:
    """What was done or failed. Other states have other names since schema 10."""
    return rows(path, "SELECT id, state FROM ledger WHERE state IN ('done', 'failed') ORDER BY id")


def test_there_is_one_of_every_earlier_schema():
    """`python -m tests.support.old_states` makes what is missing."""
    assert set(EARLIER) <= kept().keys()


@pytest.mark.parametrize("version", EARLIER)
def test_nothing_that_cannot_be_read_again_is_lost(version: int, tmp_path: Path):
    path = unpack(version, tmp_path / "state.db")
    assert rows(path, "PRAGMA user_version") == [(version,)]
    before, done = actions(path), ended(path)
    assert done
    assert migrate.prepare(path) == version
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "PRAGMA foreign_key_check") == []
    assert actions(path) == before
    assert ended(path) == done
    assert schema(path) == schema(migrated(tmp_path / "new.db"))


@pytest.mark.parametrize("version", EARLIER[::4])  # their schema is the same by then, see above
async def test_the_daemon_goes_on_with_it(version: int, tmp_path: Path):
    (tmp_path / "data").mkdir()
    path = unpack(version, tmp_path / "data" / "state.db")
    before = actions(path)
    async with Sandbox() as sandbox, Daemon(tmp_path / "data", sandbox.config_toml()) as daemon:
        await daemon.all_running()
        listed = {one["id"]: one for one in await daemon.decisions()}
        assert before.keys() <= listed.keys()
        number = min(before)
        explained = await daemon.get(f"/web/torrents/{before[number][1]}/explain")
        assert explained["history"]
        await until(lambda: movies(daemon), 30, "the library is not read")
    assert list((tmp_path / "data" / "backups").iterdir())


async def movies(daemon: Daemon) -> list[Any]:
    found: list[Any] = (await daemon.get("/web/radarr/radarr-hd/movies"))["movies"]
    return found
