"""Which downloads wait for trackers that cannot be reached, by the rows that qBittorrent lists."""

import asyncio
from types import SimpleNamespace

import pytest

from qbitrr.qbittorrent.models import Tracker
from qbitrr.qbittorrent.tracker_status import out_of_reach
from qbitrr.worker.torrents.tracker_reach import TrackerReach
from tests.factories import torrent

URL = "https://tracker.example/announce"
DHT = Tracker("** [DHT] **")
PRIVATE = Tracker("** [DHT] **", msg="This torrent is private")
DOWN = Tracker(URL, 4, "Connection timed out")
STALLED = torrent(state="stalledDL", availability=0.0, private=None)
HOUR = 3600.0


@pytest.mark.parametrize(
    ("rows", "out"),
    [
        ([DHT], False),
        ([DHT, DOWN], True),
        ([Tracker(URL, 6, "")], True),
        ([Tracker(URL, 1)], True),
        ([Tracker(URL, 4, "some other text")], True),
        ([Tracker(URL, 2)], False),
        ([DOWN, Tracker("udp://other.example:1", 2)], False),
        ([Tracker(URL, 4, "Unregistered torrent")], False),
        ([Tracker(URL, 5, "too many peers")], False),
        ([DOWN, Tracker("udp://other.example:1", 0)], True),
    ],
)
def test_trackers_are_out_of_reach_when_none_has_answered(rows, out):
    assert out_of_reach(rows) is out


async def nothing_new(_torrent, _rows):
    return False


class Scene:
    """One torrent of one client, whose trackers say `rows`."""

    def __init__(self, rows, facts=STALLED, announces=(URL,)):
        async def trackers(_infohash):
            return rows

        self.now, self.facts = 0.0, facts
        mirror = SimpleNamespace(announces=SimpleNamespace(of=lambda _: announces))
        poll = SimpleNamespace(facts=lambda _: self.facts, mirrors={"qBit": mirror}, wake=asyncio.Event())
        clients = {"qBit": SimpleNamespace(trackers=trackers)}
        clock = SimpleNamespace(monotonic=lambda: self.now)
        context = SimpleNamespace(services=SimpleNamespace(qbittorrents=clients), clock=clock)
        self.reach = TrackerReach(context, poll, SimpleNamespace(record=nothing_new))

    async def asked(self, after=0.0):
        self.now += after
        self.reach.update({self.facts.key})
        await self.reach.ask()
        return self.reach.waits(self.facts)


async def test_what_is_not_known_yet_is_waited_for_unless_there_are_no_trackers():
    assert Scene([DOWN]).reach.waits(STALLED)
    assert not Scene([], announces=()).reach.waits(STALLED)
    assert not Scene([DOWN]).reach.waits(torrent(state="stalledDL", tracker=URL))
    assert not Scene([DOWN]).reach.waits(torrent(state="downloading"))


async def test_a_private_torrent_waits_without_end_and_any_other_for_hours():
    private, public = Scene([PRIVATE, DOWN]), Scene([DHT, DOWN])
    assert await private.asked()
    assert await public.asked()
    assert await private.asked(after=100 * HOUR)
    assert await public.asked(after=5 * HOUR)
    assert not await public.asked(after=2 * HOUR)


async def test_what_may_be_private_waits_as_a_private_one_does():
    unknown = Scene([DOWN])
    assert await unknown.asked()
    assert await unknown.asked(after=100 * HOUR)


async def test_a_public_torrent_with_peers_does_not_wait():
    assert not await Scene([DHT, DOWN], torrent(state="stalledDL", availability=0.5)).asked()
    assert await Scene([DHT, DOWN], torrent(state="stalledDL", availability=0.5, private=True)).asked()


async def test_a_tracker_that_refuses_the_torrent_lets_its_time_run_and_that_is_news():
    scene = Scene([PRIVATE, Tracker(URL, 4, "unregistered torrent")])
    assert not await scene.asked()
    assert scene.reach.update(set()) == {STALLED.key}
