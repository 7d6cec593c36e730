"""Connections to the state file: what is left when the last one is closed, and who may write."""

import sqlite3

import pytest

from qbitrr.state.database import open_reader, open_writer

NOTE = "INSERT OR REPLACE INTO last_searches VALUES ('films', 'a search', 1.0)"


async def test_when_a_reader_is_the_last_one_the_file_alone_is_the_whole_state(state_file):
    async with open_reader(state_file) as reader:
        async with open_writer(state_file) as writer:
            await writer.write(NOTE)
        assert await reader.row("SELECT summary FROM last_searches") == ("a search",)
    assert list(state_file.parent.glob("state.db-*")) == []
    alone = state_file.rename(state_file.with_name("copy.db"))
    async with open_reader(alone) as copy:
        assert await copy.row("SELECT summary FROM last_searches") == ("a search",)


async def test_a_reader_never_writes(state_file):
    async with open_reader(state_file) as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await reader.write(NOTE)
