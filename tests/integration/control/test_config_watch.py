"""Manual edits of config.toml: announced once they are whole; the file is read only after it changed."""

import asyncio
from types import SimpleNamespace

import pytest

from control import config_editor
from tests.support.polling import until


@pytest.fixture
async def watched(make_context, monkeypatch):
    """A file that is watched: its path, how often it was looked at and read, and what was announced."""
    monkeypatch.setattr(config_editor, "_POLL_SECONDS", 0.01)
    editor, stamps, reads, announced = make_context().config_editor, [], [], []
    stamp, read = editor._stamp, editor._read_or

    async def announce():
        announced.append(editor._known)

    monkeypatch.setattr(editor, "_stamp", lambda: stamps.append(1) or stamp())
    monkeypatch.setattr(editor, "_read_or", lambda otherwise: reads.append(1) or read(otherwise))
    monkeypatch.setattr(editor, "_announce_edit", announce)
    watching = asyncio.create_task(editor.watch())
    yield SimpleNamespace(path=editor._path, editor=editor, stamps=stamps, reads=reads, announced=announced)
    watching.cancel()


async def polls(watched, number):
    target = len(watched.stamps) + number
    await until(lambda: len(watched.stamps) >= target, 20, "polls")


async def test_a_file_that_does_not_change_is_not_read_again(watched):
    await until(lambda: watched.reads, 20, "the first read")
    await polls(watched, 10)
    assert (len(watched.reads), watched.announced) == (1, [])


async def test_each_edit_is_announced_once(watched):
    for number in (1, 2):
        watched.path.write_text(f"# {number}\n" + watched.path.read_text())
        await until(lambda: len(watched.announced) == number, 20, "the announcement")  # noqa: B023
        await polls(watched, 5)
        assert watched.announced[-1].startswith(f"# {number}\n")
    assert len(watched.announced) == 2


async def test_a_file_that_is_away_for_a_moment_is_no_edit(watched):
    await until(lambda: watched.reads, 20, "the first read")
    text = watched.path.read_text()
    watched.path.unlink()
    await polls(watched, 5)
    watched.path.write_text(text)
    await polls(watched, 5)
    assert watched.announced == []


async def test_an_edit_during_a_change_is_announced_after_it(watched):
    watched.editor._busy_with = ["Settings.Shadow"]
    watched.path.write_text("# 1\n" + watched.path.read_text())
    await polls(watched, 10)
    assert watched.announced == []
    watched.editor._busy_with = None
    await until(lambda: watched.announced, 20, "the announcement")
