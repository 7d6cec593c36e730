"""Whose a torrent is, and where it belongs, while a person has it elsewhere and over restarts."""

from __future__ import annotations

import pytest

from qbitrr.config import load_text
from qbitrr.state import migrate
from qbitrr.state.database import open_writer
from qbitrr.worker.config import worker_configs
from qbitrr.worker.torrents.ownership import Ownership
from tests.factories import torrent

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
    migrate.prepare(tmp_path / "state.db")
    async with open_writer(tmp_path / "state.db") as opened:
        yield opened


@pytest.fixture
def ownership(database):
    (config,) = worker_configs(load_text(TEXT, {}).config, "/state.db", None)

    async def begun():
        made = Ownership(config, database)
        await made.begin()
        return made

    return begun


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
    assert made.of_interest(category) is interest
    assert made.is_mine(at(category)) is mine


@pytest.mark.parametrize("aside", ["failed", "recheck"])
async def test_what_was_put_aside_stays_the_workers_over_a_restart(ownership, aside):
    made = await ownership()
    made.see(at("movies/old"))
    await made.save()
    again = await ownership()
    assert again.is_mine(at(aside))
    assert again.strays([at(aside)]) == []
    again.see(at(aside))
    assert again.home(KEY) == "movies/old"


async def test_what_nobody_remembers_is_a_stray_until_it_is_adopted(ownership):
    made = await ownership()
    stray = at("failed")
    assert made.strays([stray, at("movies")]) == [stray]
    made.adopt(stray)
    assert made.is_mine(stray)
    assert made.strays([stray]) == []
    assert made.home(KEY) == "movies"


async def test_another_torrent_with_the_same_infohash_is_not_remembered(ownership):
    made = await ownership()
    made.see(at("movies"))
    assert not made.is_mine(at("failed", added_at=torrent().added_at + 1))
    assert not made.is_mine(at("failed", instance="qBit-2"))


async def test_a_person_may_move_it_within_what_is_the_workers(ownership):
    made = await ownership()
    made.see(at("movies"))
    made.see(at("movies/old"))
    assert made.home(KEY) == "movies/old"
    made.see(at("tv"))
    assert made.home(KEY) == "movies/old"


async def test_that_its_files_were_seen_survives_a_restart_but_not_its_coming_back(ownership):
    made = await ownership()
    made.saw_files(KEY, "rules")  # of one that is not known nothing is remembered
    assert made.files_seen(at("movies")) == ""
    made.see(at("movies"))
    made.saw_files(KEY, "rules")
    await made.save()
    again = await ownership()
    assert again.files_seen(at("movies")) == "rules"
    assert again.files_seen(at("movies", added_at=1.0)) == ""
    again.see(at("movies", added_at=1.0))
    assert again.files_seen(at("movies", added_at=1.0)) == ""


async def test_what_is_gone_is_forgotten_for_good(ownership):
    made = await ownership()
    made.see(at("movies"))
    await made.save()
    made.saw_files(KEY, "rules")
    await made.forget({KEY})
    await made.save()
    assert KEY not in made.known()
    assert KEY not in (await ownership()).known()
    assert made.home(KEY) == "movies"


async def test_what_could_not_be_saved_is_saved_the_next_time(ownership, database):
    made = await ownership()
    made.see(at("movies/old"))
    await database.write("ALTER TABLE torrents RENAME TO away")
    with pytest.raises(Exception, match="no such table"):
        await made.save()
    await database.write("ALTER TABLE away RENAME TO torrents")
    await made.save()
    assert (await ownership()).home(KEY) == "movies/old"
