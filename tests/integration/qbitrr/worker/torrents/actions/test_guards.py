"""Whatever step an action has reached: while a guard forbids it, nothing but reads is sent."""

import asyncio
import dataclasses
from collections import Counter

import pytest

from qbitrr.rules.tags import TAG_IGNORED, TAG_QUARANTINE, TAG_STALLED
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.state import breakers
from tests.integration.qbitrr.worker.torrents.passing import entries, passes_until, settled
from tests.integration.qbitrr.worker.torrents.scenes import finished, only, stalled

FILES = {"FileNameExclusionRegex": [r"\bsample\b"], "FileExtensionAllowlist": [".mkv"]}
COUNTED = {"fail", "remove", "search_again", "delete_files"}
SEEDING = {"MaxUploadRatio": 1.0, "RemoveTorrent": 1}


def downloading(world):
    return next(t for t in world.client.torrents.values() if t.state == "downloading")


def with_a_sample(torrent, folder):
    sizes = {"film.mkv": 50_000_000, "sample.mkv": 1_000_000}
    torrent.files = [TorrentFile(f"{torrent.name}/{name}", size) for name, size in sizes.items()]
    torrent.save_path = str(folder)
    for file in torrent.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return torrent


def imported(world, _folder):
    world.arrs["Radarr-HD"].settings.completed_download_handling = False  # so that a scan is needed
    return finished(world)


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


SCENES = {
    "import": (imported, {}, {}, 5),
    "fail": (failed, {}, {}, 5),
    "fail after a quarantine": (failed, {}, {"Quarantine": "1s"}, 8),
    "search_again": (failed, {"ReSearchStalled": True}, {}, 4),
    "recheck": (checked, {}, {}, 3),
    "skip_files": (skipped, FILES, {}, 2),
    "delete_files": (deleted, FILES | {"AutoDelete": True, "VerifyMedia": False}, {}, 2),
    "adjust": (failed, {"SeedingMode": {"DownloadRateLimitPerTorrent": 100}, "StalledDelay": -1}, {}, 1),
    "tag_stalled": (failed, {"StalledDelay": 0}, {}, 1),
    "untag_stalled": (untagged, {}, {}, 1),
    "release": (left_over, {}, {}, 1),
    "remove": (seeded, {"SeedingMode": SEEDING}, {}, 1),
    "remove after a quarantine": (seeded, {"SeedingMode": SEEDING}, {"Quarantine": "1s"}, 4),
}


def changes(sandbox):
    """How often each request was sent so far that may have changed something."""
    return Counter(
        f"{request.method} {request.path.rpartition('/')[2]}"
        for stand_in in sandbox.stand_ins.values()
        for request in stand_in.requests
        if request.method != "GET" and not request.path.endswith("auth/login")
    )


async def interrupted(opened, action, step):
    """Work until an action was planned and then reached as many more steps; False when it ended before that."""
    reached = 0
    context = opened.loop.action_context
    plan, advance = context.plan, context.advance

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

    context.plan, context.advance = planned, advanced
    await opened.loop.load()

    async def found():
        return reached > step or any(state != "planned" for _, state, *_ in await entries(opened, action))

    await passes_until(opened, found, f"{action} did not start")
    return reached > step


async def is_open(opened, action):
    return any(state in ("planned", "awaiting_approval") for _, state, *_ in await entries(opened, action))


def without_qbittorrents(services):
    return dataclasses.replace(services, qbittorrents={})


@pytest.mark.parametrize("name", SCENES)
async def test_every_step_is_among_those_that_are_tried(sandbox, bench, tmp_path, name):
    scene, torrent_settings, settings, steps = SCENES[name]
    torrent = scene(sandbox.world, tmp_path / "downloads")
    only(sandbox.world, torrent).refresh_now()
    async with bench(settings=settings, **torrent_settings) as opened:
        assert not await interrupted(opened, name.partition(" ")[0], steps)


@pytest.mark.parametrize(("name", "step"), [(name, step) for name in SCENES for step in range(SCENES[name][3])])
@pytest.mark.parametrize("guard", ["shadow", "protected", "awaiting approval", "section removed"])
async def test_nothing_but_reads_is_sent_while_a_guard_forbids_it(sandbox, bench, tmp_path, name, guard, step):
    scene, torrent_settings, settings, _ = SCENES[name]
    action = name.partition(" ")[0]
    if guard == "awaiting approval" and action not in COUNTED:
        return  # no breaker makes it wait
    torrent = scene(sandbox.world, tmp_path / "downloads")
    arr = only(sandbox.world, torrent)
    arr.refresh_now()
    async with bench(settings=settings, **torrent_settings) as opened:
        assert await interrupted(opened, action, step)
        if guard == "protected" and sandbox.world.client.get(torrent.infohash) is None:
            return  # nothing is left to protect
        in_quarantine = TAG_QUARANTINE in torrent.tags and action != "release"
    before = changes(sandbox)
    files = {path for path in (tmp_path / "downloads").rglob("*") if path.is_file()}
    shadow = {"Shadow": True} if guard == "shadow" else {}
    wrap = without_qbittorrents if guard == "section removed" else lambda services: services
    async with bench(wrap, settings=settings | shadow, **torrent_settings) as opened:
        if guard == "protected":
            torrent.tags.add(TAG_IGNORED)
        if guard == "awaiting approval":
            await breakers.write(opened.database, opened.config.name, "too many removals", 0.0)
            await opened.database.write("UPDATE ledger SET state = 'awaiting_approval' WHERE state = 'planned'")
        await opened.loop.load()
        await settled(opened, 6)
        sent = changes(sandbox) - before
        waits = await is_open(opened, action)
    assert {path for path in (tmp_path / "downloads").rglob("*") if path.is_file()} == files
    if guard == "protected" and in_quarantine:
        assert set(sent) == {"POST removeTags", "POST start"}
        assert TAG_QUARANTINE not in torrent.tags
        assert not torrent.stopped
        return
    assert not sent
    if guard == "shadow":
        assert waits
        async with bench(settings=settings, **torrent_settings) as opened:
            await opened.loop.load()

            async def has_ended():
                return not await is_open(opened, action)

            await passes_until(opened, has_ended, "it did not go on")
