"""Picking one torrent out of the opening scene of a sandbox."""


def only(world, wanted):
    """Keep one torrent, so that one action is under test; returns the Arr."""
    arr = world.arrs["Radarr-HD"]
    for infohash in list(world.client.torrents):
        if infohash != wanted.infohash:
            del world.client.torrents[infohash]
            for record in [r for r in arr.queue.values() if r.download_id.lower() == infohash]:
                del arr.queue[record.id]
    return arr


def stalled(world):
    return next(t for t in world.client.torrents.values() if t.state == "stalledDL" and t.progress < 1)


def without_metadata(world):
    return next(t for t in world.client.torrents.values() if t.state == "metaDL")


def finished(world):
    records = {r.download_id.lower() for r in world.arrs["Radarr-HD"].queue.values()}
    return next(t for t in world.client.torrents.values() if t.complete and t.infohash in records)
