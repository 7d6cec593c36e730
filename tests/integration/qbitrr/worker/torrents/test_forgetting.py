"""Of a torrent that left its qBittorrent nothing stays stored, whichever process sees it go."""

from collections.abc import Mapping
from types import MethodType

import pytest

from qbitrr.state import torrents
from qbitrr.state.torrents import StoredFileCheck, StoredRefusals, StoredSeedingTime, StoredStrikes, StoredTorrent
from qbitrr.worker.torrents import poll
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


async def test_nothing_of_it_stays_in_memory(sandbox, bench, monkeypatch):
    monkeypatch.setattr(poll, "_COUNTED_SECONDS", 0.0)
    gone = next(iter(sandbox.world.client.torrents))
    sandbox.world.client.torrents[gone].tags.add("qBitrr-ignored")
    async with bench() as opened:
        for row in rows(gone):
            await torrents.save(opened.database, CATEGORY, type(row), [row])
        await opened.loop.load()
        await settled(opened)
        assert places_of(gone, opened.loop)
        del sandbox.world.client.torrents[gone]

        def is_forgotten():
            return not places_of(gone, opened.loop)

        await passes_until(opened, is_forgotten, lambda: f"it is in {places_of(gone, opened.loop)}", 5)


def places_of(text, root):
    """Where a text is held in memory, as far as attributes and containers of ours lead from an object."""
    seen, left, found = {}, [("", root)], set()
    while left:
        place, one = left.pop()
        if isinstance(one, str):
            found |= {place} if text in one else set()
        elif id(one) not in seen:
            seen[id(one)] = one  # held, so that no other object gets its number
            left += parts_of(place, one)
    return found


def parts_of(place, one):
    if isinstance(one, Mapping):
        return [(place, part) for pair in one.items() for part in pair]
    if isinstance(one, list | tuple | set | frozenset):
        return [(place, part) for part in one]
    if isinstance(one, MethodType):
        return [(place, one.__self__)]
    if not type(one).__module__.startswith("qbitrr."):
        return []
    names = [*getattr(one, "__dict__", ()), *getattr(one, "__struct_fields__", ())]
    return [(f"{place}.{name}", getattr(one, name)) for name in names]
