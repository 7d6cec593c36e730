"""Poll of every qBittorrent for what changed. One that is slow or does not answer delays no other."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.errors import (
    BannedError,
    CredentialsRejectedError,
    ServiceError,
    UnexpectedAnswerError,
    UnreachableError,
)
from qbitrr.ipc import ClientState
from qbitrr.qbittorrent.facts import torrent_facts
from qbitrr.qbittorrent.mirror import Mirror
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.states import WAITING_FOR_METADATA
from qbitrr.state.torrents import LastSeen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qbitrr.qbittorrent.models import MainData
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)

_METADATA_SECONDS = 600.0  # one that has waited for longer is not waited for
_COUNTED_SECONDS = 30.0  # between changes of a torrent that only goes on seeding: its counters differ in every poll
_VERSION_SECONDS = 60.0  # between two looks at the version of a client that sends everything again and again
_EMPTY_SECONDS = 600.0  # for which a client that lists nothing any more is not believed
_PATIENCE_SECONDS = 2.0  # a pass goes on without the answer of a slower client
_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)
_RETRY_UNREACHABLE = Backoff(first_seconds=1.0, limit_seconds=8.0)  # a refused connection is cheap


class TorrentChanges(NamedTuple):
    """What one poll found: torrents that changed, and torrents that are gone or in no category of the worker now."""

    changed: set[TorrentKey]
    removed: set[TorrentKey]


class Poll:
    """The torrents of the worker's categories on all its qBittorrents, and their facts.

    `wake` is set when there is reason for a pass before its time, as when a late answer has come. `everything` is a
    mirror of all torrents of the qBittorrent that the worker is for, fed by the same answers. `answered_at` is when
    each last answered (epoch seconds), `departed` what was seen last of torrents that were removed.
    """

    def __init__(self, context: WorkerContext, is_of_interest: Callable[[str], bool]) -> None:
        self.wake = asyncio.Event()
        own = context.config.qbit_section
        clients = context.services.qbittorrents
        self._clients = clients if own is None else {own.section: clients[own.section]}
        self.mirrors = {name: Mirror(is_of_interest) for name in self._clients}
        self.everything = None if own is None else Mirror(lambda _category: True)
        self.answered_at: dict[str, float] = {}
        self.departed: dict[TorrentKey, LastSeen] = {}
        self._is_of_interest = is_of_interest
        self._report = context.report
        self._clock = context.clock
        self._facts: dict[TorrentKey, TorrentFacts] = {}
        self._polling: dict[str, asyncio.Task[None]] = {}
        self._changes = TorrentChanges(set(), set())
        self._counted: set[TorrentKey] = set()
        self._count_at = 0.0
        self._in_pass = False
        self._failures = dict.fromkeys(self._clients, 0)
        self._versions: dict[str, str] = {}
        self._check_at: dict[str, float] = {}
        self._expected: set[str] = set()
        self._empty_since: dict[str, float] = {}
        self._started_again: set[str] = set()  # between two polls, as it seems, and perhaps as another version
        self._poll_at = dict.fromkeys(self._clients, 0.0)

    def expect(self, instances: Iterable[str]) -> None:
        """Note which clients had torrents when an earlier process asked them."""
        self._expected |= set(instances)

    def present(self) -> set[TorrentKey]:
        """All torrents as last seen. A new set each time; see `has` for a single one."""
        return {TorrentKey(name, infohash) for name, mirror in self.mirrors.items() for infohash in mirror.torrents}

    def has(self, key: TorrentKey) -> bool:
        """Whether a torrent is one of them."""
        mirror = self.mirrors.get(key.instance)
        return mirror is not None and key.infohash in mirror.torrents

    def is_elsewhere(self, key: TorrentKey) -> bool:
        """Whether another client has a torrent of the same infohash."""
        return len(self.mirrors) > 1 and any(
            key.infohash in mirror.torrents for name, mirror in self.mirrors.items() if name != key.instance
        )

    def facts(self, key: TorrentKey) -> TorrentFacts | None:
        """A torrent as last seen, made into facts once for each change; None when it is gone."""
        facts = self._facts.get(key)
        if facts is None:
            torrent = self.mirrors[key.instance].torrents.get(key.infohash)
            if torrent is not None:
                facts = self._facts[key] = torrent_facts(key, torrent, self._clock.wall())
        return facts

    def answers(self, instance: str) -> bool:
        """Whether the last poll of an instance was answered."""
        mirror = self.mirrors.get(instance)
        return mirror is not None and mirror.rid != 0

    def states(self) -> tuple[ClientState, ...]:
        """Every qBittorrent as last seen."""
        return tuple(self._state(name, mirror) for name, mirror in self.mirrors.items())

    def _state(self, instance: str, mirror: Mirror) -> ClientState:
        answers = self.answers(instance)
        return ClientState(
            instance=instance,
            version=self._versions.get(instance, ""),
            connection=mirror.connection_status if answers else "",
            download_rate=mirror.speed.total if answers else None,
            upload_rate=mirror.upload_rate if answers else None,
            free_bytes=mirror.free_bytes if answers else None,
            torrents=len(mirror.torrents),
        )

    async def changes(self) -> TorrentChanges:
        """Poll every client that is due; returns what is known within two seconds, and what came late last time."""
        now = self._clock.monotonic()
        for name in self._clients:
            if name not in self._polling and now >= self._poll_at[name]:
                task = self._polling[name] = asyncio.create_task(self._poll(name), name=f"poll {name}")
                task.add_done_callback(partial(self._ended, name))
        if self._polling:
            self._in_pass = True
            await asyncio.wait(list(self._polling.values()), timeout=_PATIENCE_SECONDS)
            self._in_pass = False
        if self._clock.monotonic() >= self._count_at:
            self._count_at = self._clock.monotonic() + _COUNTED_SECONDS
            self._changes.changed.update(filter(self.has, self._counted))
            self._counted.clear()
        changes, self._changes = self._changes, TorrentChanges(set(), set())
        return changes

    def awaits_metadata(self) -> bool:
        """Whether a torrent that was added lately waits for its metadata."""
        since = self._clock.wall() - _METADATA_SECONDS
        rows = (torrent for mirror in self.mirrors.values() for torrent in mirror.torrents.values())
        return any(torrent.state in WAITING_FOR_METADATA and torrent.added_on > since for torrent in rows)

    async def close(self) -> None:
        """Cancel what is under way."""
        polling = list(self._polling.values())
        for task in polling:
            task.cancel()
        await asyncio.gather(*polling, return_exceptions=True)

    def _ended(self, instance: str, _task: asyncio.Task[None]) -> None:
        del self._polling[instance]
        if not self._in_pass:
            self.wake.set()

    async def _poll(self, instance: str) -> None:
        try:
            await self._apply_changes(instance)
        except ServiceError as error:
            self._failed(instance, _RETRY_UNREACHABLE if isinstance(error, UnreachableError) else _RETRY)
            refused = isinstance(error, CredentialsRejectedError | BannedError)
            self._report.waits("torrents", instance, str(error), needs_attention=refused)
        except Exception:  # noqa: BLE001 - a border: one instance must not stop the others
            self._failed(instance)
            self._report.failed()
            _log.exception("poll failed", instance=instance)
        else:
            self._failures[instance] = 0
            self._report.goes_on("torrents", instance)

    async def _apply_changes(self, instance: str) -> None:
        client, mirror = self._clients[instance], self.mirrors[instance]
        if mirror.rid == 0:
            await self._check_version(instance)
        logins = client.logins
        asked_at = self._clock.wall()
        data = await client.maindata(mirror.rid)
        if client.logins != logins and mirror.rid:  # a new session numbers its answers from one
            data = await client.maindata(0)
        if data.full_update and mirror.rid:
            self._started_again.add(instance)
        if instance in self._started_again and self._clock.monotonic() >= self._check_at[instance]:
            await self._check_version(instance)
        self._check_absence(instance, data)
        everything = mirror.rid == 0
        connected_before = mirror.connected
        changes = mirror.apply(data, self._clock.monotonic())
        self._note_departed(instance, asked_at)
        self._drop_facts(instance, changes.changed | changes.removed | changes.counted)
        self._counted.update(TorrentKey(instance, infohash) for infohash in changes.counted)
        everything = everything or mirror.connected != connected_before
        changed = set(mirror.torrents) if everything else changes.changed
        self._changes.changed.update(TorrentKey(instance, infohash) for infohash in changed)
        self._changes.removed.update(TorrentKey(instance, infohash) for infohash in changes.removed)
        self._changes.changed.update(  # a verdict depends on whether another qBittorrent holds the same torrent
            TorrentKey(name, infohash)
            for infohash in changes.removed
            for name, other in self.mirrors.items()
            if name != instance and infohash in other.torrents
        )
        if changes.unknown:
            added = mirror.add((await client.readable_torrents(changes.unknown)).items())
            self._drop_facts(instance, added)
            self._changes.changed.update(TorrentKey(instance, infohash) for infohash in added)
        if self.everything is not None:
            unknown = self.everything.apply(data, self._clock.monotonic()).unknown
            if unknown:
                self.everything.add((await client.readable_torrents(unknown)).items())

    def _check_absence(self, instance: str, data: MainData) -> None:
        """Doubt that all torrents are gone when a client lists none at all, as one that lost its folder.

        Raises UnexpectedAnswerError for ten minutes; what it names as removed is gone.
        """
        lists_nothing = data.full_update and not data.torrents and not data.unreadable
        if lists_nothing and (self.mirrors[instance].torrents or instance in self._expected):
            now = self._clock.monotonic()
            if now - self._empty_since.setdefault(instance, now) < _EMPTY_SECONDS:
                text = "it lists no torrents any more, which is believed after ten minutes"
                raise UnexpectedAnswerError(instance, text)
        self._empty_since.pop(instance, None)
        self._expected.discard(instance)

    async def _check_version(self, instance: str) -> None:
        """Find out which version answers: it may have been updated since the last time."""
        client = self._clients[instance]
        await client.check_version()
        self._versions[instance] = await client.version()
        self._check_at[instance] = self._clock.monotonic() + _VERSION_SECONDS
        self._started_again.discard(instance)

    def _note_departed(self, instance: str, asked_at: float) -> None:
        """Note what the last answer removed, which was there at the answer before."""
        seen_at = self.answered_at.get(instance)
        for infohash, torrent in self.mirrors[instance].departed.items():
            moved_to = None if self._is_of_interest(torrent.category) else torrent.category
            self.departed[TorrentKey(instance, infohash)] = LastSeen(seen_at, torrent.state, moved_to)
        self.answered_at[instance] = asked_at

    def _drop_facts(self, instance: str, infohashes: set[str]) -> None:
        for infohash in infohashes:
            self._facts.pop(TorrentKey(instance, infohash), None)

    def _failed(self, instance: str, retry: Backoff = _RETRY) -> None:
        """Ask for everything when it answers again: all of it is judged then."""
        self.mirrors[instance].reset()
        self._failures[instance] += 1
        self._poll_at[instance] = self._clock.monotonic() + retry.seconds(self._failures[instance])
