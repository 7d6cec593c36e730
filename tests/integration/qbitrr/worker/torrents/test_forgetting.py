"""Of a torrent that left its qBittorrent nothing stays stored, whichever process sees it go."""

import pytest

from qbitrr.state import torrents
from qbitrr.state.torrents import StoredFileCheck, StoredRefusals, StoredSeedingTime, StoredStrikes, StoredTorrent
from tests.integration.qbitrr.worker.torrents.passing import judged, passes_until, settled

CATEGORY = "radarr-hd"


def rows(infohash):
    key = ("qBit", infohash)
    return [
        StoredTorrent(*key, 1.0, CATEGORY),
        StoredFileCheck(*key, 1.0, "some rules"),
        StoredStrikes(*key, "stalled", 1.0, 60.0, 3, 500),
        StoredSeedingTime(*key, 1.0, 60.0),
        StoredRefusals(*key, "tracker.example", "unregistered", 1.0, 2, 3.0, 4.0),
    ]


async def test_it_is_forgotten_when_it_leaves(sandbox, bench):
    for torrent in sandbox.world.client.torrents.values():
        torrent.tags.add("qBitrr-ignored")
    async with bench() as opened:
        await opened.loop.load()
        await settled(opened)
        gone = next(iter(await judged(opened)))
        for row in rows(gone):
            await torrents.save(opened.database, CATEGORY, type(row), [row])
        del sandbox.world.client.torrents[gone]

        async def is_forgotten():
            return gone not in {key.infohash for key in await torrents.keys(opened.database, CATEGORY)}

        await passes_until(opened, is_forgotten, "something of it is still stored")
        assert await judged(opened)


@pytest.mark.parametrize("kind", range(5))
async def test_it_is_forgotten_when_it_left_before_the_process_started(sandbox, bench, kind):
    gone = "f" * 40
    async with bench() as opened:
        row = rows(gone)[kind]
        await torrents.save(opened.database, CATEGORY, type(row), [row])
        await opened.loop.load()

        async def is_forgotten():
            return gone not in {key.infohash for key in await torrents.keys(opened.database, CATEGORY)}

        await passes_until(opened, is_forgotten, "something of it is still stored")
        await opened.loop.close()
        assert await is_forgotten()
