"""A scene for every action: what makes a worker plan it, and ways to stop the worker in the middle of it."""

import asyncio
import dataclasses
import inspect
import time
from collections import Counter
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from qbitrr.rules.tags import TAG_PAUSED, TAG_QUARANTINE, TAG_STALLED
from qbitrr.sandbox.life.fate import Destiny, Fate
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.life.texts import MATCHED_BY_ID
from qbitrr.sandbox.life.torrent import Torrent, TorrentFile
from qbitrr.sandbox.sandbox import Sandbox
from qbitrr.sandbox.services.qbittorrent_rows import PIECE_BYTES
from qbitrr.state import torrents
from qbitrr.state.torrents import StoredImportAnswer
from qbitrr.worker.torrents.actions.ffprobe import FFprobe
from tests.integration.qbitrr.worker.conftest import MOVIES, rooms, rooms_of_qbittorrent
from tests.integration.qbitrr.worker.torrents import downloads
from tests.integration.qbitrr.worker.torrents.passing import entries
from tests.integration.qbitrr.worker.torrents.scenes import finished, only, stalled
from tests.support import changing
from tests.support.polling import until

FILES = {"FileNameExclusionRegex": [r"\bsample\b"], "FileExtensionAllowlist": [".mkv"]}
SEEDING = {"SeedingMode": {"MaxUploadRatio": 1.0, "RemoveTorrent": 1}}
SPACE = {"FreeSpace": "100M", "FreeSpaceFolder": "/"}
ROWS = [{"URI": "good.example", "Priority": 5, "SortTorrents": True}]
KEPT_BYTES, MB = 100 * 2**20, 1_000_000
SECOND = {"Quarantine": "1s"}


@dataclass(frozen=True)
class Scene:
    """How an action comes to be planned.

    `steps` are those of the ledger, `changes` the calls that change something; `keys` are of the torrents' section.
    """

    prepare: Callable[..., Torrent]
    steps: int
    changes: int
    keys: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    stage: str = "radarr"
    answer: str = ""  # what the user answered before, while the Arr says that the movie was matched by its id


# -- what leads to each action ------------------------------------------------------------------------------------


def downloading(world):
    return next(t for t in world.client.torrents.values() if t.state == "downloading")


def with_a_sample(torrent, folder):
    sizes = {"film.mkv": 12 * PIECE_BYTES, "sample.mkv": 1_000_000}
    torrent.files = [TorrentFile(f"{torrent.name}/{name}", size) for name, size in sizes.items()]
    downloads.on_disk(torrent, folder)
    return torrent


def imported(world, _folder):
    world.arrs["Radarr-HD"].settings.completed_download_handling = False  # so that a scan is needed
    return finished(world)


def by_hand(world, _folder):
    """A download that is called otherwise than its movie: the Arr waits for the user."""
    arr = world.arrs["Radarr-HD"]
    items = list(arr.collection.wanted(arr.now))[:1]
    release = arr.offer(items, attempt="by id")
    arr.note_grab([items[0].id], release, by_id=True)
    torrent = arr.add_torrent(items, release, Fate(Destiny.STALLED, 1e12, until=0.4), name="Ein.anderer.Name.1080p")
    torrent.progress, torrent.completion_on, torrent.download_rate = 1.0, time.time(), 0.0
    return torrent


def failed(world, _folder):
    return stalled(world)


def checked(world, _folder):
    torrent = downloading(world)
    world.client.categories["recheck"] = ""
    torrent.category = "recheck"
    return torrent


def skipped(world, folder):
    torrent = with_a_sample(downloading(world), folder)
    torrent.fate = torrent.fate.__class__(torrent.fate.destiny, 1.0)
    torrent.progress = 0.1
    return torrent


def deleted(world, folder):
    torrent = with_a_sample(finished(world), folder)
    torrent.files[1].priority = 0
    world.arrs["Radarr-HD"].imports_by_itself = False  # before the excluded files are gone
    return torrent


def untagged(world, _folder):
    torrent = downloading(world)
    torrent.tags.add(TAG_STALLED)
    return torrent


def left_over(world, _folder):
    torrent = downloading(world)
    torrent.tags.add(TAG_QUARANTINE)
    return torrent


def seeded(world, _folder):
    torrent = finished(world)
    torrent.upload_limit, torrent.uploaded = 1, 2.0 * torrent.selected_size
    return torrent


def failed_in_part(on, folder):
    """A season of which one file is no media."""
    items = downloads.pack(on)
    files = downloads.contents(on, items)
    bad = next(file for file in files if file.path.endswith(".mkv"))
    bad.playable = False
    torrent = downloads.downloaded(on, items, files=files)
    downloads.on_disk(torrent, folder)
    return torrent


def _book(client, letter, size=10 * MB, **fields):
    torrent = Torrent(
        infohash=letter * 40,
        name=f"Torrent.{letter}",
        category="books",
        save_path="/nowhere",
        files=[TorrentFile("a.mkv", size)],
        fate=Fate(Destiny.STALLED, 1.0, until=0.0),
        added_on=client.now - 30 * 86400,
        tracker="http://tracker.example/announce",
        clock=client.now,
        **fields,
    )
    client.add(torrent)
    return torrent


def without_space(client):
    client.disk_bytes = KEPT_BYTES + 10 * MB
    return _book(client, "b", 80 * MB)


def with_space_again(client):
    return _book(client, "b", stopped=True, tags={TAG_PAUSED})


def out_of_order(client):
    client.queueing = True
    _book(client, "a")
    torrent = _book(client, "d")
    torrent.set_trackers(["http://good.example/announce"])
    return torrent


SCENES = {
    "import": Scene(imported, 5, 2),
    "manual_import": Scene(by_hand, 3, 2, answer="import"),
    "fail": Scene(failed, 7, 3),
    "fail after a quarantine": Scene(failed, 10, 5, settings=SECOND),
    "fail_rest": Scene(failed_in_part, 5, 3, {"IgnoreTorrentsYoungerThan": "1d"}, stage="sonarr"),
    "search_again": Scene(failed, 4, 2, {"ReSearchStalled": True}),
    "recheck": Scene(checked, 3, 2),
    "skip_files": Scene(skipped, 2, 1, FILES),
    "delete_files": Scene(deleted, 2, 0, FILES | {"AutoDelete": True, "VerifyMedia": False}),
    "adjust": Scene(failed, 1, 1, {"SeedingMode": {"DownloadRateLimitPerTorrent": 100}, "StalledDelay": -1}),
    "tag_stalled": Scene(failed, 1, 1, {"StalledDelay": 0}),
    "untag_stalled": Scene(untagged, 1, 1),
    "tag_useless": Scene(failed, 1, 1, {"PublicPolicy": {"default": "tag"}}),
    "release": Scene(left_over, 1, 1),
    "remove": Scene(seeded, 3, 2, SEEDING),
    "remove after a quarantine": Scene(seeded, 6, 4, SEEDING, SECOND),
    "pause": Scene(without_space, 1, 2, settings=SPACE, stage="qbittorrent"),
    "resume": Scene(with_space_again, 1, 2, settings=SPACE, stage="qbittorrent"),
    "sort": Scene(out_of_order, 1, 1, {"Trackers": ROWS}, stage="qbittorrent"),
}


def action_of(name):
    return name.partition(" ")[0]


# -- the stage ----------------------------------------------------------------------------------------------------


class Stage:
    """A sandbox with the torrent of one scene. `open` opens the rooms of its worker, as often as is asked for."""

    def __init__(self, name, sandbox, torrent, opened):
        self.scene, self.action = SCENES[name], action_of(name)
        self.sandbox, self.torrent, self._opened = sandbox, torrent, opened
        self.client = sandbox.world.client
        self._choice = self.scene.answer

    @asynccontextmanager
    async def open(self, wrap=lambda services: services, on_probation=False, **settings):
        keys, settings = self.scene.keys, {**self.scene.settings, **settings}
        async with self._opened(wrap=wrap, on_probation=on_probation, settings=settings, **keys) as opened:
            await self._answer(opened.database, opened.config.name)
            yield opened

    async def _answer(self, database, category):
        """Store what the user answered, once."""
        choice, self._choice = self._choice, ""
        if choice:
            words = MATCHED_BY_ID["radarr"]
            row = StoredImportAnswer("qBit", self.torrent.infohash, int(self.torrent.added_on), choice, words, 0.0)
            await torrents.save(database, category, StoredImportAnswer, [row])

    def forget_the_section(self):
        """Take the torrents of a qBittorrent's section out of the configuration."""
        self.client.categories["other"] = ""
        self.scene.keys["ManagedCategories"] = ["other"]

    def changes(self):
        """How often each request was sent so far that may have changed something."""
        return Counter(
            f"{request.method} {request.path.rpartition('/')[2]}"
            for stand_in in self.sandbox.stand_ins.values()
            for request in stand_in.requests
            if request.method != "GET" and not request.path.endswith("auth/login")
        )

    def outcome(self):
        """What can be seen of the action from outside when it has ended."""
        found = self.client.torrents.get(self.torrent.infohash)
        torrent = found and {
            "category": found.category, "tags": set(found.tags), "stopped": found.stopped,
            "limits": (found.download_limit, found.upload_limit), "files": [file.priority for file in found.files],
        }  # fmt: skip
        arrs = self.sandbox.world.arrs.values()
        sent = [one.body["name"] for arr in self.sandbox.arrs.values() for one in arr.requests if _is_command(one)]
        return {
            "torrent": torrent,
            "blocklist": sorted(one.release.title for arr in arrs for one in arr.blocklist),
            "searches": sum(name.endswith("Search") for name in sent),
            "scans": sum(name.endswith("Scan") for name in sent),
            "manual imports": sent.count("ManualImport"),
            "queue": [infohash for infohash in self.client.queue() if infohash == self.torrent.infohash],
        }


def _is_command(request):
    return request.method == "POST" and request.path.endswith("/command") and "name" in request.body


@asynccontextmanager
async def stage(name, judged, folder):
    """A new stage for one scene, with its files below `folder`."""
    scene = SCENES[name]
    if scene.stage == "sonarr":
        async with downloads.an_arr("sonarr", judged, folder) as on:
            torrent = scene.prepare(on, folder / "downloads")
            bad = next(file.path.rpartition("/")[2] for file in torrent.files if not file.playable)
            probe = FFprobe("sonarr", downloads.program(folder, [bad]))
            yield Stage(name, on.sandbox, torrent, _with_probe(on.opened, probe))
    elif scene.stage == "qbittorrent":
        async with Sandbox([], middlewares=judged) as sandbox:
            client = sandbox.world.client
            client.tempo, client.categories["books"] = Tempo(20), "/downloads/books"
            yield Stage(name, sandbox, scene.prepare(client), rooms_of_qbittorrent(sandbox, folder))
    else:
        async with Sandbox(MOVIES, middlewares=judged) as sandbox:
            sandbox.world.arrs["Radarr-HD"].tempo = sandbox.world.client.tempo = Tempo(20)
            torrent = scene.prepare(sandbox.world, folder / "downloads")
            only(sandbox.world, torrent).refresh_now()
            yield Stage(name, sandbox, torrent, rooms(sandbox, folder))


def _with_probe(rooms_of_arr, probe):
    @asynccontextmanager
    async def opened(**how):
        async with rooms_of_arr(**how) as made:
            made.loop.action_context.probe = probe
            yield made

    return opened


# -- stopping in the middle ---------------------------------------------------------------------------------------


async def interrupted(opened, action, step):
    """Work until an action was planned and then reached as many more steps; False when it ended before that.

    No action follows it.
    """
    reached = 0
    context = opened.loop.action_context
    plan, advance, close = context.plan, context.advance, context.close

    async def until_step(entry):
        nonlocal reached
        if entry.action == action:
            reached += 1
            if reached > step:
                await asyncio.Event().wait()
        return entry

    async def planned(*args, **kwargs):
        return await until_step(await plan(*args, **kwargs))

    async def advanced(*args, **kwargs):
        return await until_step(await advance(*args, **kwargs))

    async def closed(entry, *args, **kwargs):
        await close(entry, *args, **kwargs)
        if entry.action == action:
            await asyncio.Event().wait()

    context.plan, context.advance, context.close = planned, advanced, closed
    await _work_until(opened, action, lambda: reached > step)
    return reached > step


class Halt:
    """Stops the worker for good once it has made a number of calls that change something."""

    def __init__(self, calls):
        self.left, self.reached = calls, False

    def wrap(self, services):
        of_qbittorrent, of_arr = changing.of_qbittorrent(), changing.of_the_arr() - {"refresh_downloads"}
        clients = {name: _Halting(one, self, of_qbittorrent) for name, one in services.qbittorrents.items()}
        arr = services.arr_client and _Halting(services.arr_client, self, of_arr)
        return dataclasses.replace(services, arr_client=arr, qbittorrents=clients)

    async def after(self, call):
        answer = await call
        self.left -= 1
        if self.left <= 0:
            self.reached = True
            await asyncio.Event().wait()
        return answer


class _Halting:
    def __init__(self, client, halt, names):
        self._client, self._halt, self._names = client, halt, names

    def __getattr__(self, name):
        value = getattr(self._client, name)
        if name not in self._names or not inspect.iscoroutinefunction(value):
            return value
        return lambda *args, **kwargs: self._halt.after(value(*args, **kwargs))


async def halted(opened, action, halt):
    """Work until the worker was stopped; False when its action ended before that."""
    await _work_until(opened, action, lambda: halt.reached)
    return halt.reached


async def _work_until(opened, action, holds):
    """Make passes until something is so, or an action has ended; a pass may never end."""

    async def passes():
        while True:
            await opened.one_pass()
            await asyncio.sleep(0.02)

    async def found():
        if passing.done():
            passing.result()
        return holds() or any(state != "planned" for _, state, *_ in await entries(opened, action))

    await opened.loop.load()
    passing = asyncio.create_task(passes())
    try:
        await until(found, 20, f"{action} did not start")
    finally:
        passing.cancel()
        with suppress(asyncio.CancelledError):
            await passing


async def is_open(opened, action):
    return any(state in ("planned", "awaiting_approval") for _, state, *_ in await entries(opened, action))
