import asyncio

import pytest

from qbitrr.errors import UnexpectedAnswerError, UnreachableError
from qbitrr.qbittorrent.models import Torrent
from qbitrr.worker.torrents.reads import TorrentReads


class Client:
    """A qBittorrent whose answers wait until they are let."""

    def __init__(self):
        self.may_answer = asyncio.Event()
        self.asked, self.torrents_there, self.unreadable = [], {"a": Torrent(name="A"), "b": Torrent(name="B")}, set()
        self.error = None

    async def torrents(self, infohashes):
        self.asked.append(list(infohashes))
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        if self.unreadable & set(infohashes):
            raise UnexpectedAnswerError("qBit", "a row has another form")
        return {one: torrent for one, torrent in self.torrents_there.items() if one in infohashes}


@pytest.fixture
def client():
    return Client()


@pytest.fixture
async def reads(client):
    reads = TorrentReads(client, asyncio.get_running_loop().time)
    yield reads
    await reads.close()


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_at_the_same_time_is_one_request(client, reads):
    client.may_answer.set()
    assert await asyncio.gather(reads("b"), reads("a"), reads("c"), reads("a")) == [
        client.torrents_there["b"],
        client.torrents_there["a"],
        None,
        client.torrents_there["a"],
    ]
    assert client.asked == [["a", "b", "c"]]


async def test_every_answer_is_asked_for_after_its_caller_came(client, reads):
    first = asyncio.create_task(reads("a"))
    await settled()
    others = [asyncio.create_task(reads(one)) for one in ("a", "b")]
    await settled()
    assert client.asked == [["a"]]
    client.may_answer.set()
    await asyncio.gather(first, *others)
    assert client.asked == [["a"], ["a", "b"]]


async def test_what_is_wrong_with_one_torrent_is_its_own(client, reads):
    client.unreadable = {"a"}
    client.may_answer.set()
    first, second = await asyncio.gather(reads("a"), reads("b"), return_exceptions=True)
    assert isinstance(first, UnexpectedAnswerError)
    assert second == client.torrents_there["b"]


async def test_what_is_wrong_with_the_client_is_raised_for_all(client, reads):
    client.error = UnreachableError("qBit", "refused")
    client.may_answer.set()
    found = await asyncio.gather(reads("a"), reads("b"), return_exceptions=True)
    assert [type(one) for one in found] == [UnreachableError, UnreachableError]
    client.error = None
    assert await reads("a") == client.torrents_there["a"]


async def test_a_caller_that_is_cancelled_costs_the_others_nothing(client, reads):
    first, second = asyncio.create_task(reads("a")), asyncio.create_task(reads("b"))
    await settled()
    first.cancel()
    client.may_answer.set()
    assert await second == client.torrents_there["b"]
    with pytest.raises(asyncio.CancelledError):
        await first
