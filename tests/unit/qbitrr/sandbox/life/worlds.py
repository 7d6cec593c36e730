"""A world with one Arr, and what its tests do to it."""

from __future__ import annotations

from qbitrr.sandbox.life.fate import ALWAYS_HEALTHY, Destiny, Fate
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.sandbox.life.world import World
from qbitrr.sandbox.media import library

NOW = 1_790_000_000.0
QUICK = Fate(bytes_per_second=1e12)
STUCK = Fate(Destiny.STALLED, 1e12, until=0.4)
COMMAND_SECONDS = 1.0  # longer than any command takes
SCANS = {"radarr": "DownloadedMoviesScan", "sonarr": "DownloadedEpisodesScan", "lidarr": "DownloadedAlbumsScan"}


def make(kind, world=None, **options):
    """A world and its Arr, which has refreshed its downloads for the first time."""
    world = world or World(1, NOW)
    collection = {
        "radarr": lambda: library.movies(1, 60, NOW),
        "sonarr": lambda: library.shows(1, 10, 300, NOW),
        "lidarr": lambda: library.music(1, 20, NOW),
    }[kind]()
    arr = world.add_arr(kind.capitalize(), collection, kind, **options)
    arr.odds = ALWAYS_HEALTHY
    wait(world, 41)
    return world, arr


def wait(world, seconds):
    world.advance(world.now + seconds)


def missing(arr, number=1):
    """Items of different parents that can be grabbed."""
    found = {arr.collection.parent_of(item): item for item in arr.collection.wanted(arr.now)}
    return list(found.values())[:number]


def pack(arr):
    """The episodes of a season, or two albums of one artist, that are missing as a whole."""
    if arr.kind == "lidarr":
        return next(
            albums[:2]
            for artist in arr.collection.artists.values()
            if len(albums := [one for one in artist.albums if not one.present and one.released]) > 1
        )
    for number in arr.collection.series:
        for group in arr.collection.searched_by("SeriesSearch", {"seriesId": number}, arr.now):
            if len(group) > 2:
                return group
    raise AssertionError("no season is missing as a whole")


def grab(world, arr, items, fate=QUICK, **how):
    """Grab a release of some items; the torrent, a moment later."""
    torrent = arr.grab(items, arr.offer(items), fate, **how)
    wait(world, 0.01)
    return torrent


def add(world, arr, items, fate=QUICK, **how):
    """Add a torrent to the category by hand."""
    torrent = arr.add_torrent(items, arr.offer(items, attempt="added"), fate, **how)
    wait(world, 0.01)
    return torrent


def contents(arr, items):
    """The files of a release of some items, to be changed."""
    return [TorrentFile(path, 50_000_000) for path in arr.collection.contents(items, arr.offer(items).title)]


def run(world, arr, name, **body):
    """Post a command and let it end."""
    command = arr.commands.post(name, body)
    wait(world, COMMAND_SECONDS)
    assert command.ended is not None
    return command


def refresh(world, arr):
    return run(world, arr, "RefreshMonitoredDownloads")


def scan(world, arr, torrent, mode="Auto", path=""):
    return run(
        world,
        arr,
        SCANS[arr.kind],
        path=path or torrent.content_path,
        downloadClientId=torrent.infohash.upper(),
        importMode=mode,
    )


def of(arr, torrent, *event_types):
    """The events of a torrent, oldest first; of some types, if any are given."""
    events = [event for event in arr.history if event.download_id == torrent.infohash.upper()]
    return [event for event in events if not event_types or event.event_type in event_types]


def words(arr, torrent):
    """The types of a torrent's events, each once."""
    return list(dict.fromkeys(event.event_type for event in of(arr, torrent)))


def records(arr, torrent):
    return [record for record in arr.queue.values() if record.download_id == torrent.infohash.upper()]


def states(arr, torrent):
    """What the queue says of a torrent."""
    return {(one.status, one.tracked_state, one.tracked_status) for one in records(arr, torrent)}


def said(arr, torrent):
    """The messages of its first record."""
    return [text for message in records(arr, torrent)[0].messages for text in message.messages]
