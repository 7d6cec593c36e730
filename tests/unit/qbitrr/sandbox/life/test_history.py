"""What an Arr's history keeps."""

import pytest

from tests.unit.qbitrr.sandbox.life.worlds import grab, make, missing


@pytest.mark.parametrize("kind", ["radarr", "sonarr", "lidarr"])
def test_what_is_deleted_takes_its_events_along(kind):
    world, arr = make(kind)
    first, second = missing(arr, 2)
    gone, kept = grab(world, arr, [first]), grab(world, arr, [second])
    arr.delete(arr.collection.parent_of(first))
    assert {event.item_id for event in arr.history} == {second.id}
    assert {event.download_id for event in arr.history} == {kept.infohash.upper()}
    assert arr.history != []
    assert gone.infohash in world.client.torrents
