"""Free space guard of one qBittorrent: measures disks and pauses or resumes downloads, after each pass."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr import logs
from qbitrr.config.address import host_name, is_loopback
from qbitrr.rules import free_space
from qbitrr.rules.free_space import Disk, Download
from qbitrr.rules.tags import TAG_PAUSED
from qbitrr.state import free_space as stored
from qbitrr.worker.config import guards_space
from qbitrr.worker.disk import on_disk
from qbitrr.worker.torrents.actions import pause
from qbitrr.worker.torrents.ownership import may_be_moved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.qbittorrent.mirror import Mirror
    from qbitrr.rules.facts import TorrentKey
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)

CLIENTS_DISK = "of the client"
"""Name of the disk that a qBittorrent on another machine reports the free space of."""
_CLAIM_SECONDS = 60.0
_CLAIMED_SECONDS = 600.0
"""How long a claim holds: downloads go on while their worker restarts."""


class FreeSpaceGuard:
    """Pauses and resumes the downloads of one qBittorrent; `mirror` has all of its torrents."""

    def __init__(self, context: ActionContext, mirror: Mirror) -> None:
        config = context.config
        self._config = config
        self._instance = config.qbit.section
        self._mirror = mirror
        self._context = context
        self._on = guards_space(config.settings)
        self._local = is_loopback(host_name(config.qbit.url))
        names = [qbit.section for qbit in config.qbits]
        self._instances_before = names[: names.index(self._instance)]
        self._claimed: dict[str, int] | None = None
        self._claimed_at = float("-inf")
        self._measured = True
        self._trusted: dict[TorrentKey, float] = {}

    async def one_pass(self) -> None:
        """Measure the disks, and pause or resume what has to be. Raises a ServiceError."""
        paused = await stored.paused(self._context.database, self._instance)
        downloads = list(self._downloads(paused))
        if self._on:
            disks, downloads = await self._measure(downloads)
            found = free_space.guard(downloads, disks)
            now = self._context.clock.monotonic()
            self._trusted = free_space.trusted_until(downloads, found, self._trusted, now)
            steps = free_space.confirmed(found, self._trusted, now)
            await self._claim(free_space.to_write(downloads, steps))
        else:
            steps = free_space.resume_all(downloads)
        if steps and not self._config.settings.shadow:
            await pause.carry_out(self._context, self._instance, steps)
        gone = [infohash for infohash in paused if infohash not in self._mirror.torrents]
        if gone:
            await stored.record_resumed(self._context.database, self._instance, gone)

    def _downloads(self, paused: dict[str, float]) -> Iterable[Download]:
        """Torrents that are not complete, or were paused by the guard."""
        tagless = self._config.settings.tagless
        for infohash, torrent in self._mirror.torrents.items():
            tags = torrent.tags.split(", ") if torrent.tags else []
            is_paused = TAG_PAUSED in tags or (tagless and paused.get(infohash) == torrent.added_on)
            if torrent.amount_left > 0 or torrent.size <= 0 or is_paused:
                yield Download(
                    instance=self._instance,
                    infohash=infohash,
                    state=torrent.state,
                    left_bytes=torrent.amount_left,
                    size_bytes=torrent.size,
                    added_at=torrent.added_on,
                    position=torrent.priority,
                    disk=torrent.content_path or torrent.save_path,
                    paused=is_paused,
                    mine=may_be_moved(self._config, torrent.category, tags),
                )

    async def _measure(self, downloads: list[Download]) -> tuple[dict[str, Disk], list[Download]]:
        """The disks, less what qBittorrents before this one have to write there, and the downloads with their disks."""
        kept = self._config.settings.free_space_bytes
        free: dict[str, int] = {}
        by_path: dict[str, str] = {}
        if not self._local:
            by_path = dict.fromkeys((one.disk for one in downloads), CLIENTS_DISK)
            free = {} if self._mirror.free_bytes is None else {CLIENTS_DISK: self._mirror.free_bytes}
        else:
            folder = self._config.settings.free_space_folder or self._config.settings.completed_download_folder
            paths = {one.disk for one in downloads}
            by_path, free = await on_disk(({}, {}), measure, paths, folder)
        if self._measured is not bool(free):
            self._measured = bool(free)
            _log.info("free space was measured" if free else "free space was not measured", disks=free)
        claimed = await self._claims_before()
        disks = {name: Disk(size - claimed.get(name, 0), kept) for name, size in free.items()}
        return disks, [replace(one, disk=by_path.get(one.disk, "")) for one in downloads]

    async def _claims_before(self) -> dict[str, int]:
        if not self._instances_before or not self._local:
            return {}
        since = self._context.clock.wall() - _CLAIMED_SECONDS
        return await stored.claims(self._context.database, self._instances_before, since)

    async def _claim(self, needs: dict[str, int]) -> None:
        """Publish what is still to be written for the qBittorrents after this one, when it changed or is old."""
        now = self._context.clock.monotonic()
        if len(self._config.qbits) > 1 and (needs != self._claimed or now > self._claimed_at + _CLAIM_SECONDS):
            await stored.claim(self._context.database, self._instance, needs, self._context.clock.wall())
            self._claimed, self._claimed_at = needs, now


def measure(paths: set[str], folder: str) -> tuple[dict[str, str], dict[str, int]]:
    """Find the disk of each path, and the free bytes of each. A path that is not on this machine counts as `folder`.

    Data that is being downloaded may lie elsewhere than where it will end up, so the paths are those of the data.

    Raises OSError when `folder` is not there.
    """
    guarded = Path(folder)
    by_path: dict[str, str] = {}
    free = {_disk(guarded): shutil.disk_usage(guarded).free}
    for path in paths:
        existing = next((one for one in (Path(path), Path(path).parent) if path and one.is_dir()), guarded)
        by_path[path] = _disk(existing)
        if by_path[path] not in free:
            free[by_path[path]] = shutil.disk_usage(existing).free
    return by_path, free


def _disk(path: Path) -> str:
    number = path.stat().st_dev
    return f"{os.major(number)}:{os.minor(number)}"
