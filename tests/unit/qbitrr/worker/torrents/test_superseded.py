"""Reading the history of an Arr page by page: how much is asked for, and where it is continued."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from qbitrr.arr.kinds import KINDS
from qbitrr.arr.models import HistoryData, HistoryPage, HistoryRecord
from qbitrr.clock import Clock, to_iso
from qbitrr.errors import UnreachableError
from qbitrr.state import file_events, torrents
from qbitrr.state.database import open_writer
from qbitrr.state.torrents import StoredTorrent
from qbitrr.worker.torrents import superseded
from qbitrr.worker.torrents.superseded import SupersededDownloads
from tests.support.state import migrated

PAGE = 4
HOUR = 3600.0
START = 1_700_000_000.0


class History:
    """The history of a Radarr with an event each hour; `asked` are the pages that were asked for."""

    kind = KINDS["radarr"]
    section = "Radarr"

    def __init__(self, number: int) -> None:
        self.rows = [row(one) for one in range(1, number + 1)]
        self.asked: list[int] = []
        self.breaks_at = 0

    def grow(self, number: int) -> None:
        last = self.rows[-1].id
        self.rows += [row(one) for one in range(last + 1, last + number + 1)]

    async def history_page(self, page: int) -> HistoryPage:
        if page == self.breaks_at:
            raise UnreachableError("Radarr", "GET history")
        self.asked.append(page)
        return HistoryPage(self.rows[::-1][(page - 1) * PAGE : page * PAGE], len(self.rows))


def row(number: int, at: float | None = None) -> HistoryRecord:
    date = to_iso(START + number * HOUR if at is None else at) or ""
    data = HistoryData(file_id=str(number))
    return HistoryRecord(number, "downloadFolderImported", date, f"{number:040}", movie_id=number, data=data)


@pytest.fixture
async def database(tmp_path):
    async with open_writer(migrated(tmp_path / "state.db")) as opened:
        yield opened


@pytest.fixture
def watching(database, monkeypatch):
    """What reads a history, for torrents of which the oldest was added with an event."""
    monkeypatch.setattr(superseded, "PAGE_SIZE", PAGE)

    async def made(history, oldest=None):
        if oldest is not None:
            torrent = StoredTorrent("qBit", "f" * 40, START + oldest * HOUR, "movies")
            await torrents.save(database, "movies", StoredTorrent, [torrent])
        arr = SimpleNamespace(torrent=SimpleNamespace(remove_superseded="replaced"))
        context = SimpleNamespace(
            config=SimpleNamespace(name="movies", arr=arr),
            database=database,
            clock=Clock(wall=lambda: START + 10_000 * HOUR),
            services=SimpleNamespace(arr=history),
        )
        return SupersededDownloads(context, None)

    monkeypatch.setattr(file_events, "KEPT_SECONDS", math.inf)
    return made


async def known(database):
    rows = await database.rows("SELECT id FROM file_events ORDER BY id")
    return [number for (number,) in rows]


async def test_without_a_torrent_one_page_is_read(watching, database):
    history = History(30)
    found = await watching(history)
    await found.read()
    assert history.asked == [1]
    assert found.seconds_until_next() == math.inf
    assert await known(database) == [27, 28, 29, 30]


async def test_older_pages_are_read_in_steps_until_the_oldest_torrent_was_not_there(watching, database):
    history = History(100)
    found = await watching(history, oldest=50)
    await found.read()
    assert history.asked == [1, 1, 2, 3, 4, 5]
    assert found.seconds_until_next() == 60.0
    history.asked.clear()
    await found.read()
    assert history.asked == [1, 5, 6, 7, 8, 9]
    await found.read()
    history.asked.clear()
    await found.read()
    assert history.asked == [1]
    assert found.seconds_until_next() == math.inf
    assert await known(database) == list(range(49, 101))


@pytest.mark.parametrize(("number", "pages"), [(0, [1]), (3, [1]), (4, [1, 2]), (7, [1, 2]), (8, [1, 2, 3])])
async def test_only_what_is_new_is_read_afterwards(watching, database, number, pages):
    history = History(10)
    found = await watching(history, oldest=0)
    await found.read()
    history.asked.clear()
    history.grow(number) if number else None
    await found.read()
    assert history.asked == pages
    assert await known(database) == list(range(1, 11 + number))


async def test_after_a_long_absence_everything_is_read_again_in_steps(watching, database):
    history = History(10)
    found = await watching(history, oldest=0)
    await found.read()
    history.grow(60)
    for _ in range(6):
        history.asked.clear()
        await found.read()
        assert len(history.asked) <= 10
    assert history.asked == [1]
    assert await known(database) == list(range(1, 71))


async def test_deletions_between_two_steps_leave_no_gap(watching, database):
    history = History(60)
    found = await watching(history, oldest=0)
    await found.read()
    del history.rows[-3:]  # the newest, so that everything moves to an earlier place
    for _ in range(4):
        await found.read()
    assert await known(database) == list(range(1, 58))


async def test_a_step_that_breaks_off_is_repeated(watching, database):
    history = History(40)
    found = await watching(history, oldest=0)
    history.breaks_at = 3
    with pytest.raises(UnreachableError):
        await found.read()
    history.breaks_at = 0
    for _ in range(4):
        await found.read()
    assert await known(database) == list(range(1, 41))


async def test_a_database_that_was_restored_takes_along_what_it_lacks(watching, database):
    history = History(10)
    found = await watching(history, oldest=0)
    await found.read()
    del history.rows[7:]
    await found.read()
    assert await known(database) == [1, 2, 3, 4, 5, 6, 7]
    history.rows += [row(8, START + 20 * HOUR), row(9, START + 21 * HOUR)]  # other events of the same numbers
    await found.read()
    at = await database.rows("SELECT at FROM file_events WHERE id >= 8 ORDER BY id")
    assert [one for (one,) in at] == [START + 20 * HOUR, START + 21 * HOUR]


async def test_another_database_leaves_nothing_of_the_one_before(watching, database):
    history = History(10)
    found = await watching(history, oldest=0)
    await found.read()
    history.rows = [row(1, START + 30 * HOUR)]
    await found.read()
    assert await database.rows("SELECT id, at FROM file_events") == [(1, START + 30 * HOUR)]


async def test_an_empty_history_is_the_end(watching, database):
    history = History(0)
    found = await watching(history, oldest=0)
    await found.read()
    await found.read()
    assert await known(database) == []
    assert found.seconds_until_next() == math.inf
