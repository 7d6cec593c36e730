"""Commands and deletions that are not ours: they are reported, and nothing is done about them."""

import pytest

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import RADARR
from qbitrr.clock import Clock
from qbitrr.rules import other_tools as rules
from qbitrr.rules.verdict import Action
from qbitrr.state import foreign_acts, ledger
from qbitrr.worker import other_tools
from qbitrr.worker.other_tools import OtherToolsWatch
from tests.integration.qbitrr.worker.torrents import downloads
from tests.integration.qbitrr.worker.torrents.downloads import grab, missing
from tests.unit.qbitrr.state.entries import decision

FEW = 3


@pytest.fixture
def an_arr(judged, tmp_path, monkeypatch):
    monkeypatch.setattr(rules, "FEWEST", FEW)
    monkeypatch.setattr(rules, "FEWEST_HOURS", 1)
    monkeypatch.setattr(other_tools, "_HISTORY_SECONDS", 0.0)
    return lambda **how: downloads.an_arr("radarr", judged, tmp_path, **how)


class Watched:
    """The watch over one Arr since a while ago, what it reported last, and another client of the same Arr."""

    def __init__(self, room, stand_in):
        self.reported = []
        room.context.report.concerned = lambda _, found: self.reported.append([(one.name, one.text) for one in found])
        self.watch = OtherToolsWatch(room.context)
        self.watch._started_at -= 5.0  # an Arr has whole seconds
        self.other = ArrClient("Radarr-HD", RADARR, stand_in.url, stand_in.api_key)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.other.close()

    async def read(self):
        await self.watch.read()
        return self.reported[-1]


async def test_searches_of_another_program_are_reported_and_our_own_are_not(an_arr):
    async with an_arr() as on, on.opened(clock=Clock()) as room, Watched(room, on.stand_in) as watched:
        items = [item.id for item in missing(on, 10)]
        for item in items[:5]:
            await room.services.arr.search([item])
        assert await watched.read() == []
        for item in items[5 : 5 + FEW - 1]:
            await watched.other.search([item])
        assert await watched.read() == []
        assert await watched.read() == [], "what is listed again is not counted again"
        await watched.other.search([items[-1]])
        ((name, text),) = await watched.read()
        assert name == "search"
        assert f"{FEW} searches that qbitrr did not send" in text
        assert "MoviesSearch at" in text
        await watched.other.sync_rss()
        await watched.other.refresh_downloads()
        assert f"{FEW} searches" in (await watched.read())[0][1]
        stored = await foreign_acts.searches(room.database, 0.0, 1e12)
        assert {category for category, _ in stored} == {room.config.name}
        others = {*(item for item in items[5 : 5 + FEW - 1]), items[-1]}
        assert sorted(item for _, act in stored for item in act.items) == sorted(others), "each is stored once"


async def test_what_was_there_before_the_start_may_be_our_own(an_arr):
    async with an_arr() as on, on.opened(clock=Clock()) as room, Watched(room, on.stand_in) as later:
        for item in missing(on, FEW):
            await later.other.search([item.id])
        later.watch._started_at += 60.0
        assert await later.read() == []


async def test_downloads_that_another_program_fails_are_reported(an_arr):
    async with an_arr(items=100) as on, on.opened(clock=Clock()) as room, Watched(room, on.stand_in) as watched:
        torrents = [grab(on, [item]) for item in missing(on, FEW + 2)]
        ours, others = torrents[0], torrents[1:]
        planned = decision(infohash=ours.infohash, category=room.config.name, action=Action.FAIL)
        await ledger.plan(room.database, planned, {}, 1.0)
        records = {record.download_id: record.id for record in on.arr.queue.values()}
        for torrent in (ours, *others[: FEW - 1]):
            assert await watched.other.blocklist(records[torrent.infohash.upper()])
        assert await watched.read() == []
        assert await watched.other.blocklist(records[others[FEW - 1].infohash.upper()])
        ((name, text),) = await watched.read()
        assert (name, f"{FEW} downloads that qbitrr did not fail" in text) == ("blocklisting", True)
        assert (await watched.read())[0][1] == text
        stored = await room.database.rows("SELECT kind, infohash, at FROM foreign_acts")
        assert {(kind, infohash) for kind, infohash, _ in stored} == {
            ("blocklisting", torrent.infohash) for torrent in others[:FEW]
        }
        assert len(stored) == FEW, "each is stored once"
        assert all(abs(at - room.context.clock.wall()) < 60 for *_, at in stored)


async def test_downloads_that_another_program_drops_from_the_queue_are_stored(an_arr):
    async with an_arr(items=100) as on, on.opened(clock=Clock()) as room, Watched(room, on.stand_in) as watched:
        ours, other = (grab(on, [item]) for item in missing(on, 2))
        planned = decision(infohash=ours.infohash, category=room.config.name, action=Action.RELEASE)
        await ledger.plan(room.database, planned, {}, 1.0)
        records = {record.download_id: record.id for record in on.arr.queue.values()}
        for torrent in (ours, other):
            record = records[torrent.infohash.upper()]
            assert on.arr.remove(record, from_client=False, blocklist=False, skip_redownload=True)
        await watched.read()
        stored = await room.database.rows("SELECT kind, infohash FROM foreign_acts")
        assert stored == [("ignoring", other.infohash)]
