"""An Arr of each kind that does nothing unasked, and what is downloaded for it."""

from __future__ import annotations

import dataclasses
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

from msgspec.structs import replace

from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.sandbox.media.quality import RANKS
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.worker.library.fetch import full_sync
from tests.integration.qbitrr.worker.conftest import rooms
from tests.integration.qbitrr.worker.torrents.passing import entries, passes_until, settled

LIBRARIES = {
    "radarr": Section("Radarr-HD", "radarr", 60),
    "sonarr": Section("Sonarr-TV", "sonarr", 10, episodes=300),
    "lidarr": Section("Lidarr-Music", "lidarr", 20),
}
KINDS = tuple(LIBRARIES)
NEVER = 1e9
QUIET = Tempo(
    refresh_interval=NEVER, refresh_delay=NEVER, first_refresh=NEVER, refresh=0.02, import_download=0.05,
    import_file=0.002, after_import=0.02, search=0.02,
)  # fmt: skip
STUCK = Fate(Destiny.STALLED, 1e12, until=0.4)
SLOW = Fate(Destiny.SLOW, 1_000.0)
SCANS = {"radarr": "DownloadedMoviesScan", "sonarr": "DownloadedEpisodesScan", "lidarr": "DownloadedAlbumsScan"}


@asynccontextmanager
async def an_arr(kind, judged, folder, *, version="", items=0):
    """An Arr that polls its client only when it is asked to, and what opens the rooms of its worker."""
    section = LIBRARIES[kind]._replace(version=version)
    section = section._replace(items=items or section.items)
    sandbox = Sandbox([section], has_past=False, middlewares=judged, downloads=folder / "downloads", tempo=QUIET)
    async with sandbox:
        yield SimpleNamespace(
            sandbox=sandbox,
            kind=kind,
            arr=sandbox.world.arrs[section.name],
            client=sandbox.world.client,
            stand_in=sandbox.arrs[section.name],
            qbittorrent=sandbox.qbittorrent,
            opened=rooms(sandbox, folder),
        )


def missing(on, number=1):
    """Items of different parents that are missing."""
    arr = on.arr
    return list({arr.collection.parent_of(item): item for item in arr.collection.wanted(arr.now)}.values())[:number]


def pack(on):
    """The episodes of a season, or two albums of one artist, that are missing as a whole."""
    arr = on.arr
    if on.kind == "lidarr":
        albums = ([one for one in artist.albums if not one.present and one.released] for artist in _artists(arr))
        return next(some[:2] for some in albums if len(some) > 1)
    groups = (
        group
        for number in arr.collection.series
        for group in arr.collection.searched_by("SeriesSearch", {"seriesId": number}, arr.now)
    )
    return next(group for group in groups if len(group) > 3)


def _artists(arr):
    return arr.collection.artists.values()


def contents(on, items, name=""):
    """The files of a release of some items, to be changed."""
    paths = on.arr.collection.contents(items, name or on.arr.offer(items).title)
    return [TorrentFile(path, 50_000_000 if path.endswith((".mkv", ".flac")) else 4_000) for path in paths]


def grab(on, items, *, files=(), name="", fate=STUCK):
    """Have the Arr grab a release, and see it downloading."""
    torrent = on.arr.grab(items, on.arr.offer(items), fate, files, name)
    on.arr.refresh_now()
    return torrent


def add(on, items, *, files=(), name=""):
    """Add a torrent to the category by hand; the Arr sees it downloading."""
    torrent = on.arr.add_torrent(items, on.arr.offer(items, attempt="added"), STUCK, files, name)
    on.arr.refresh_now()
    return torrent


def complete(torrent):
    """End a download between two polls of the Arr."""
    torrent.progress, torrent.completion_on, torrent.download_rate = 1.0, time.time(), 0.0


def downloaded(on, items, **how):
    """A release that the Arr grabbed, which is complete; the Arr's queue has it as it was before."""
    torrent = grab(on, items, **how)
    complete(torrent)
    return torrent


async def imported(on, opened, items, attempt="by hand"):
    """A release of items that was grabbed, downloaded and imported."""
    release = on.arr.offer(items, attempt=attempt)
    torrent = on.arr.grab(items, release, STUCK, (), f"{release.title}.{attempt}")
    on.arr.refresh_now()
    complete(torrent)

    async def is_done():
        return any(row[:2] == (torrent.infohash, "done") for row in await entries(opened, "import"))

    await passes_until(opened, is_done, "it was not imported", 30)
    await settled(opened)
    return torrent


def worsen(on, items):
    """Have the Arr think less of the files of items than of what comes next."""
    for item in items:
        if item.file is not None:
            item.file = replace(item.file, quality=min(RANKS[on.kind], key=RANKS[on.kind].get))


async def replaced(on, opened, items):
    """Two releases of the same items, the second of which replaced the first."""
    old = await imported(on, opened, items)
    worsen(on, items)
    return old, await imported(on, opened, items, "better")


def on_disk(torrent, folder):
    """Put the files of a torrent on the disk, with their names in them."""
    torrent.save_path = str(folder)
    for file in torrent.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)


def commands(on, *names):
    """The bodies of the commands that were sent, of some names or all."""
    bodies = [r.body for r in on.stand_in.requests if r.method == "POST" and r.path.endswith("/command")]
    return [body for body in bodies if not names or body["name"] in names]


def scans(on):
    return commands(on, SCANS[on.kind])


def events(on, torrent, *types):
    """The types of the events of a torrent, oldest first."""
    found = [event.event_type for event in on.arr.history if event.download_id == torrent.infohash.upper()]
    return [one for one in found if not types or one in types]


def date_back(on, seconds):
    """Have everything in the Arr's history be older."""
    history = on.arr._state.history
    for found in (history.events, *history._by_download.values()):
        found[:] = [replace(event, date=event.date - seconds) for event in found]


async def synced(opened):
    """Read the library of the Arr into the state file."""
    await full_sync(opened.services.arr, opened.database, opened.config.name, "http://arr", opened.clock)


def program(folder, broken):
    """A program in place of ffprobe that finds fault with files of some names."""
    path = folder / "ffprobe"
    names = "|".join(f"*{name}" for name in broken) or "nothing"
    path.write_text(f"""#!/bin/sh
for last; do :; done
case "$last" in {names}) echo 'moov atom not found' >&2; exit 1;; esac
echo video
""")
    path.chmod(0o755)
    return str(path)


class Before:
    """A client of an Arr that does something before one of its calls."""

    def __init__(self, client, call, work):
        self._client, self._call, self._work = client, call, work

    def __getattr__(self, name):
        value = getattr(self._client, name)
        if name != self._call:
            return value

        async def called(*arguments, **keywords):
            self._work()
            return await value(*arguments, **keywords)

        return called


def before(call, work):
    """What makes the services of a worker do something before a call to the Arr."""
    return lambda services: dataclasses.replace(services, arr_client=Before(services.arr, call, work))
