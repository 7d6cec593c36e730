"""Whose a torrent is, and where it belongs, while a person has it elsewhere and over restarts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from qbitrr.config import load_text
from qbitrr.errors import UnreachableError
from qbitrr.state import torrents
from qbitrr.state.database import open_writer
from qbitrr.worker.config import worker_configs
from qbitrr.worker.context import WorkerContext
from qbitrr.worker.services import Services
from qbitrr.worker.torrents.ownership import Ownership
from tests.factories import torrent
from tests.support.state import migrated

TEXT = """
[qBit]
Host = "localhost"
Port = 8080
UserName = "u"
Password = "p"
MatchSubcategories = true
[Radarr-HD]
URI = "http://localhost:7878"
APIKey = "0123456789abcdef0123456789abcdef"
Category = "movies"
"""
KEY = torrent().key


def at(category, **changes):
    return torrent(category=category, **changes)


@pytest.fixture
async def database(tmp_path):
    migrated(tmp_path / "state.db")
    async with open_writer(tmp_path / "state.db") as opened:
        yield opened


class Arr:
    """Its history, by upper-case infohash; None while it does not answer."""

    def __init__(self):
        self.events = {}

    async def history(self, infohash):
        if self.events is None:
            raise UnreachableError("Radarr-HD", "no answer")
        return [SimpleNamespace(event_type=kind) for kind in self.events.get(infohash, ())]


@pytest.fixture
def arr():
    return Arr()


@pytest.fixture
def ownership(database, arr):
    (config,) = worker_configs(load_text(TEXT, {}).config, "/state.db", None)

    async def loaded():
        made = Ownership(WorkerContext(config, Services(arr, {}), database, None, None))
        await made.load()
        return made

    return loaded


async def claims(made, one):
    return await made.claim(one, queued=False)


@pytest.mark.parametrize(
    ("category", "interest", "mine"),
    [
        ("movies", True, True),
        ("movies/old", True, True),
        ("failed", True, False),
        ("recheck", True, False),
        ("tv", False, False),
        ("moviesandmore", False, False),
        ("", False, False),
    ],
)
async def test_what_is_the_workers_by_its_category(ownership, category, interest, mine):
    made = await ownership()
    assert made.is_of_interest(category) is interest
    assert made.is_mine(at(category)) is mine
    assert await claims(made, at(category)) is mine


@pytest.mark.parametrize("aside", ["failed", "recheck"])
async def test_what_was_moved_aside_stays_the_workers_over_a_restart(ownership, aside):
    made = await ownership()
    await claims(made, at("movies/old"))
    await made.save()
    again = await ownership()
    assert again.is_mine(at(aside))
    assert await claims(again, at(aside))
    assert again.category_of(KEY) == "movies/old"


@pytest.mark.parametrize(("queued", "events"), [(True, []), (False, ["downloadFolderImported", "grabbed"])])
async def test_a_stray_belongs_to_the_arr_that_lists_or_has_grabbed_it(ownership, arr, queued, events):
    made = await ownership()
    arr.events = {KEY.infohash.upper(): events}
    assert await made.claim(at("failed"), queued=queued)
    assert made.is_mine(at("failed"))
    assert made.category_of(KEY) == "movies"


@pytest.mark.parametrize("events", [{}, {KEY.infohash.upper(): ["downloadIgnored"]}, None])
async def test_a_stray_that_the_arr_does_not_know_is_left_alone_also_while_it_is_silent(ownership, arr, events):
    made = await ownership()
    arr.events = events
    assert not await claims(made, at("failed"))
    assert not made.is_mine(at("failed"))


async def test_what_is_in_another_category_is_not_claimed_though_the_arr_has_it(ownership):
    made = await ownership()
    assert not await made.claim(at("tv"), queued=True)


async def test_another_torrent_with_the_same_infohash_is_not_remembered(ownership):
    made = await ownership()
    await claims(made, at("movies"))
    assert not made.is_mine(at("failed", added_at=torrent().added_at + 1))
    assert not made.is_mine(at("failed", instance="qBit-2"))


async def test_the_user_may_move_it_within_what_is_the_workers(ownership):
    made = await ownership()
    await claims(made, at("movies"))
    await claims(made, at("movies/old"))
    assert made.category_of(KEY) == "movies/old"
    await claims(made, at("tv"))
    assert made.category_of(KEY) == "movies/old"


async def test_what_is_gone_is_forgotten_for_good(ownership, database):
    made = await ownership()
    await claims(made, at("movies/old"))
    await made.save()
    await torrents.forget(database, "movies", {KEY}, 1.0)
    made.forget({KEY})
    await made.save()
    for each in (made, await ownership()):
        assert not each.is_mine(at("failed"))
        assert each.category_of(KEY) == "movies"


async def test_what_could_not_be_saved_is_saved_the_next_time(ownership, database):
    made = await ownership()
    await claims(made, at("movies/old"))
    await database.write("ALTER TABLE torrents RENAME TO away")
    with pytest.raises(Exception, match="no such table"):
        await made.save()
    await database.write("ALTER TABLE away RENAME TO torrents")
    await made.save()
    assert (await ownership()).category_of(KEY) == "movies/old"
