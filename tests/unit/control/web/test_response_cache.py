"""Answers that are kept until what they were made from changes."""

import pytest

from control.web import response_cache
from control.web.response_cache import LatestAnswer, ResponseCache
from qbitrr.clock import Clock


class Data:
    """A value with a version, which counts how often an answer is made of it."""

    def __init__(self):
        self.version = 1
        self.now = 0.0
        self.made = 0
        self.changes_while_made = False
        self.cache = ResponseCache(self.read_version, Clock(monotonic=lambda: self.now))

    async def read_version(self):
        return self.version

    async def make(self):
        self.made += 1
        if self.changes_while_made:
            self.later(version=self.version + 1)
            await self.cache.answer("another", "scope", self.make_another)
        return self.version

    async def make_another(self):
        return "another"

    def later(self, version=None):
        self.now += 1.0
        self.version = version or self.version

    async def ask(self, key="key", scope="scope"):
        return (await self.cache.answer(key, scope, self.make)).body


@pytest.fixture
def data():
    return Data()


async def test_an_answer_is_made_once_for_each_version_request_and_scope(data):
    assert [await data.ask() for _ in range(3)] == [b"1"] * 3
    assert data.made == 1
    await data.ask(key="other")
    assert data.made == 2
    data.later(version=2)
    assert await data.ask() == b"2"
    assert data.made == 3
    await data.ask(scope="other")
    assert data.made == 4


async def test_the_version_is_read_at_most_every_twentieth_of_a_second(data):
    await data.ask()
    data.version = 2
    assert await data.ask() == b"1"
    data.now += response_cache._VERSION_SECONDS
    assert await data.ask() == b"2"


async def test_an_answer_whose_data_changed_meanwhile_is_not_kept(data):
    data.changes_while_made = True
    await data.ask()
    data.changes_while_made = False
    data.later()
    await data.ask()
    assert data.made == 2


async def test_the_least_recently_used_answers_are_dropped_and_large_ones_not_kept(data, monkeypatch):
    monkeypatch.setattr(response_cache, "MOST_BYTES", 4)
    for key in "abcd":
        await data.ask(key)
    await data.ask("a")
    await data.ask("e")  # drops b
    assert data.made == 5
    await data.ask("a")
    assert data.made == 5
    await data.ask("b")
    assert data.made == 6
    data.later(version=100)
    await data.ask("a")
    await data.ask("a")
    assert data.made == 8


def test_the_latest_answer_is_made_again_when_what_it_is_made_from_changes():
    latest, made = LatestAnswer(), []

    def make():
        made.append(1)
        return {"made": len(made)}

    assert [bytes(latest.get((1, "a"), make)) for _ in range(2)] == [b'{"made":1}'] * 2
    assert bytes(latest.get((2, "a"), make)) == b'{"made":2}'
