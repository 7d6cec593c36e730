"""Needs of downloads that wait for space, and categories that make no more room."""

import pytest
from msgspec.structs import replace

from qbitrr.state import room
from qbitrr.state.database import open_writer
from qbitrr.state.room import SpaceNeed
from tests.support.state import migrated

NEED = SpaceNeed("qBit", "a" * 40, 1.0, "8:1", 0, 100, 5, 9.0)


@pytest.fixture
async def database(tmp_path):
    async with open_writer(migrated(tmp_path / "state.db")) as opened:
        yield opened


async def test_what_a_qbittorrent_publishes_replaces_what_it_published(database):
    second = replace(NEED, infohash="b" * 40, position=1)
    other = replace(NEED, instance="qBit-nas")
    await room.publish(database, "qBit", [second, NEED])
    await room.publish(database, "qBit-nas", [other])
    assert await room.needs(database) == [NEED, other, second]
    await room.publish(database, "qBit", [replace(NEED, lacks_bytes=7)])
    assert await room.needs(database) == [replace(NEED, lacks_bytes=7), other]
    await room.publish(database, "qBit", [])
    assert await room.needs(database) == [other]


@pytest.mark.parametrize(("age", "known"), [(0.0, True), (60.0, True), (60.1, False), (-5.0, True), (-5.1, False)])
def test_a_need_is_known_for_a_minute(age, known):
    assert NEED.is_known(NEED.at + age) is known


async def test_a_download_may_lack_on_two_disks(database):
    moved = replace(NEED, disk="8:2", lacks_bytes=3)
    await room.publish(database, "qBit", [NEED, moved])
    assert await room.needs(database) == [NEED, moved]


async def test_a_stop_holds_until_it_is_lifted(database):
    assert await room.stopped(database, "movies") is None
    await room.stop(database, "movies", "nothing was freed", 1.0)
    assert await room.stopped(database, "movies") == "nothing was freed"
    assert await room.stopped(database, "series") is None
    await room.allow(database, "movies")
    assert await room.stopped(database, "movies") is None
