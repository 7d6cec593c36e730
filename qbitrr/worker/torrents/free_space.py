"""Free space guard of one qBittorrent: measures disks and pauses or resumes downloads, after each pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr import ipc, logs
from qbitrr.backoff import Backoff
from qbitrr.config.address import host_name, is_loopback
from qbitrr.errors import GoneError, ServiceError
from qbitrr.qbittorrent.facts import torrent_facts
from qbitrr.rules import free_space
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.free_space import Disk, Download
from qbitrr.rules.tags import TAG_PAUSED
from qbitrr.state import free_space as stored
from qbitrr.state import room
from qbitrr.state.room import SpaceNeed
from qbitrr.worker.config import guards_space
from qbitrr.worker.disk import on_disk
from qbitrr.worker.file_systems import Measured, measure
from qbitrr.worker.torrents.actions import pause
from qbitrr.worker.torrents.actions.shadow import ShadowReport
from qbitrr.worker.torrents.ownership import may_be_moved, may_be_released

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qbitrr.qbittorrent.mirror import Mirror
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)

CLIENTS_DISK = "of the client"
"""Name of the disk that a qBittorrent on another machine reports the free space of."""
_PREFERENCES_SECONDS = 600.0
_PATIENCE_SECONDS = 60.0  # a disk that sleeps answers after some seconds
_RETRY = Backoff(first_seconds=5.0, limit_seconds=600.0)
_CLAIM_SECONDS = 60.0
_CLAIMED_SECONDS = 600.0
"""How long a claim holds: downloads go on while their worker restarts."""
_PUBLISH_SECONDS = 10.0
_MOST_NEEDS = 100


class FreeSpaceGuard:
    """Pauses and resumes the downloads of one qBittorrent; `mirror` has all of its torrents."""

    def __init__(self, context: ActionContext, mirror: Mirror) -> None:
        config = context.config
        self._config = config
        self._instance = config.qbit.section
        self._mirror = mirror
        self._context = context
        self._shadow = ShadowReport(context)
        self._failures = 0
        self._act_at = float("-inf")
        self._on = guards_space(config.settings)
        self._local = is_loopback(host_name(config.qbit.url))
        names = [qbit.section for qbit in config.qbits]
        self._instances_before = names[: names.index(self._instance)]
        self._claimed: dict[str, int] | None = None
        self._claimed_at = float("-inf")
        self._measured = True
        self._measured_at = context.clock.monotonic()
        self._trusted: dict[TorrentKey, float] = {}
        self._preallocates = False
        self._preallocates_read_at = float("-inf")
        self._unreadable: frozenset[str] = frozenset()
        self._free: dict[str, int] = {}
        self._published: list[tuple[TorrentKey, str, int]] | None = None  # None: what an earlier process published
        self._published_at = float("-inf")

    async def one_pass(self) -> None:
        """Measure the disks, and pause or resume what has to be. Raises a ServiceError."""
        paused = await stored.paused(self._context.database, self._instance)
        if self._on:
            await self._read_preferences()
        downloads = list(self._downloads(paused))
        if not self._on:
            self._context.report.concerned("space", ())
        if self._on:
            disks, downloads = await self._measure(downloads)
            found = free_space.guard(downloads, disks)
            now = self._context.clock.monotonic()
            self._trusted = free_space.trusted_until(downloads, found, self._trusted, now)
            steps = free_space.confirmed(found, self._trusted, now)
            await self._claim(free_space.to_write(downloads, steps))
            if disks:  # else it is not known what is lacking, which shows as old needs
                await self._publish(free_space.lacking(downloads, disks, steps))
        else:
            steps = free_space.resume_all(downloads)
            await self._publish([])
        if self._config.shadow:
            await self._note(steps)
        elif steps and not self._config.read_only and self._context.clock.monotonic() >= self._act_at:
            await self._carry_out(steps)
        gone = [infohash for infohash in paused if infohash not in self._mirror.torrents]
        if gone and self._mirror.torrents:  # a client that lists nothing is no proof that all of them are gone
            await stored.record_resumed(self._context.database, self._instance, gone)

    async def _read_preferences(self) -> None:
        now = self._context.clock.monotonic()
        if now < self._preallocates_read_at + _PREFERENCES_SECONDS:
            return
        self._preallocates_read_at = now
        try:
            self._preallocates = await self._context.client(self._instance).preallocates()
        except GoneError:  # a stand-in for qBittorrent may have no preferences
            self._preallocates = False

    async def _carry_out(self, steps: list[free_space.SpaceStep]) -> None:
        """Pause and resume; after a failure the next attempt waits, as each is in the ledger."""
        try:
            await pause.carry_out(self._context, self._instance, steps)
        except ServiceError:
            self._failures += 1
            self._act_at = self._context.clock.monotonic() + _RETRY.seconds(self._failures)
            raise
        self._failures = 0

    async def _note(self, steps: Iterable[free_space.SpaceStep]) -> None:
        for step in steps:
            row = self._mirror.torrents[step.download.infohash]
            torrent = torrent_facts(step.download.key, row, self._context.clock.wall())
            await self._shadow.note(torrent, pause.verdict_of(step))

    def _downloads(self, paused: dict[str, float]) -> Iterable[Download]:
        """Torrents that are not complete, or were paused by the guard."""
        tagless, now = self._config.settings.tagless, self._context.clock.wall()
        for infohash, torrent in self._mirror.torrents.items():
            tags = torrent.tags.split(", ") if torrent.tags else []
            is_stored = paused.get(infohash) == torrent.added_on
            is_paused = TAG_PAUSED in tags or (tagless and is_stored)
            if torrent.amount_left > 0 or torrent.size <= 0 or is_paused:
                facts = torrent_facts(TorrentKey(self._instance, infohash), torrent, now)
                yield Download(
                    instance=self._instance,
                    infohash=infohash,
                    state=torrent.state,
                    left_bytes=free_space.bytes_to_write(facts, preallocated=self._preallocates),
                    size_bytes=torrent.size,
                    added_at=torrent.added_on,
                    position=torrent.priority,
                    disk=torrent.content_path or torrent.save_path,
                    moves_to=torrent.save_path,
                    moved_bytes=free_space.bytes_to_move(facts),
                    paused=is_paused,
                    mine=may_be_moved(self._config, torrent.category, tags),
                    abandoned=is_stored and may_be_released(self._config, torrent.category, tags),
                )

    async def _measure(self, downloads: list[Download]) -> tuple[dict[str, Disk], list[Download]]:
        """The disks, less what qBittorrents before this one have to write there, and the downloads with their disks."""
        kept = self._config.settings.free_space_bytes
        free: dict[str, int] = {}
        by_path: dict[str, str] = {}
        if not self._local:
            by_path = dict.fromkeys(_paths(downloads), CLIENTS_DISK)
            free = {} if self._mirror.free_bytes is None else {CLIENTS_DISK: self._mirror.free_bytes}
        else:
            folder = self._config.settings.free_space_folder or self._config.settings.completed_download_folder
            by_path, free, unreadable = await on_disk(_NOT_MEASURED, measure, _paths(downloads), folder)
            if unreadable - self._unreadable:
                _log.warning("paths could not be read, and count for the guarded folder", paths=sorted(unreadable)[:10])
            self._unreadable = unreadable
        self._report(bool(free))
        if self._measured is not bool(free):
            self._measured = bool(free)
            _log.info("free space was measured" if free else "free space was not measured", disks=free)
        self._free = free
        claimed = await self._claims_before()
        disks = {name: Disk(size - claimed.get(name, 0), kept) for name, size in free.items()}
        return disks, [
            replace(one, disk=by_path.get(one.disk, ""), moves_to=by_path.get(one.moves_to, "")) for one in downloads
        ]

    async def _publish(self, lacks: Sequence[free_space.SpaceLack]) -> None:
        """Publish what paused downloads lack for the workers of their Arrs, when it changed or is old."""
        now = self._context.clock.monotonic()
        if not lacks and self._published == []:
            return
        changed = [(lack.download.key, lack.disk, lack.lacks_bytes) for lack in lacks]
        if changed == self._published and now < self._published_at + _PUBLISH_SECONDS:
            return
        wall = self._context.clock.wall()
        needs = [
            SpaceNeed(
                instance=self._instance,
                infohash=lack.download.infohash,
                added_at=lack.download.added_at,
                disk=lack.disk,
                position=position,
                lacks_bytes=lack.lacks_bytes,
                free_bytes=self._free[lack.disk],
                at=wall,
            )
            for position, lack in enumerate(lacks[:_MOST_NEEDS])
        ]
        await room.publish(self._context.database, self._instance, needs)
        self._published, self._published_at = changed, now

    def _report(self, measured: bool) -> None:
        """Report a disk that cannot be measured for a minute, and paths that may not be read."""
        now = self._context.clock.monotonic()
        self._measured_at = now if measured else self._measured_at
        concerns = []
        if now >= self._measured_at + _PATIENCE_SECONDS:
            text = f"The free space for {self._instance} is not known: nothing is paused or started for space"
            remedy = "See to the disk of FreeSpaceFolder, which does not answer, or to its path"
            concerns.append(ipc.Concern("disk", self._instance, text, remedy))
        elif self._unreadable:
            number = len(self._unreadable)
            text = f"Folders of downloads of {self._instance} cannot be read: {number}. They count for FreeSpaceFolder"
            remedy = "Let the user of qbitrr read them; the log names them"
            concerns.append(ipc.Concern("disk", self._instance, text, remedy))
        self._context.report.concerned("space", concerns)

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


def _paths(downloads: Iterable[Download]) -> set[str]:
    """Where the downloads write to now, and where they are moved to."""
    return {path for one in downloads for path in (one.disk, one.moves_to)}


_NOT_MEASURED = Measured({}, {})
