"""Answers that are remembered: by category, the newest kept."""

import pytest

from qbitrr.data_dir import STATE_FILE
from qbitrr.state import answers
from qbitrr.state.answers import StoredAnswer
from qbitrr.state.database import open_writer
from tests.support.state import migrated


@pytest.fixture
async def database(tmp_path):
    async with open_writer(migrated(tmp_path / STATE_FILE)) as opened:
        yield opened


async def test_the_last_answer_counts_and_each_category_has_its_own(database):
    first = StoredAnswer("movies", "stalled", "tracker.example", act=True, answered_at=1.0)
    other = first._replace(category="series", answered_at=2.0)
    last = first._replace(act=False, answered_at=3.0)
    for answer in (first, other, last):
        await answers.store(database, answer)
    assert await answers.read(database) == [last, other]
    assert await answers.read(database, "movies") == [last]
    await answers.forget(database, "movies", "stalled", "tracker.example")
    assert await answers.read(database) == [other]


async def test_the_oldest_answers_of_a_category_are_forgotten(database, monkeypatch):
    monkeypatch.setattr(answers, "MOST_ANSWERS", 3)
    kept = StoredAnswer("series", "stalled", "tracker.example", act=True, answered_at=0.0)
    await answers.store(database, kept)
    for at in range(5):
        await answers.store(database, kept._replace(category="movies", tracker=f"{at}.example", answered_at=float(at)))
    assert [one.tracker for one in await answers.read(database, "movies")] == ["4.example", "3.example", "2.example"]
    assert await answers.read(database, "series") == [kept]
