"""Asking every qBittorrent what changed. One that is slow or down delays nobody else."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.errors import BannedError, CredentialsRejectedError, ServiceError, UnreachableError
from qbitrr.qbittorrent.mirror import Mirror
from qbitrr.rules.facts import TorrentKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qbitrr.clock import Clock
    from qbitrr.qbittorrent.client import QbittorrentClient
    from qbitrr.worker.report import Report

_log = logs.get(__name__)

_PATIENCE_SECONDS = 2.0  # a pass goes on without the answer of a slower client
_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)
_KNOCK = Backoff(first_seconds=1.0, limit_seconds=8.0)  # a call that nobody hears costs nobody anything


class TorrentChanges(NamedTuple):
    """What one pass learned: torrents that changed, and torrents that are gone or belong to somebody else now."""

    changed: set[TorrentKey]
    removed: set[TorrentKey]


class Poll:
    """The torrents of one category on all instances. `wake` is called when a late answer has come.

    `whole` are mirrors of all torrents of an instance, which are kept besides and told the same.
    """

    def __init__(
        self,
        clients: dict[str, QbittorrentClient],
        is_mine: Callable[[str], bool],
        report: Report,
        clock: Clock,
        wake: Callable[[], None],
        whole: Mapping[str, Mirror] | None = None,
    ) -> None:
        self._clients = clients
        self._whole = whole or {}
        self._mirrors = {name: Mirror(is_mine) for name in clients}
        self._report = report
        self._clock = clock
        self._wake = wake
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._news = TorrentChanges(set(), set())
        self._listening = False
        self._failures = dict.fromkeys(clients, 0)
        self._ask_at = dict.fromkeys(clients, 0.0)

    @property
    def mirrors(self) -> dict[str, Mirror]:
        """The torrents by instance."""
        return self._mirrors

    def present(self) -> set[TorrentKey]:
        """All torrents as last seen."""
        return {TorrentKey(name, infohash) for name, mirror in self._mirrors.items() for infohash in mirror.torrents}

    def answers(self, instance: str) -> bool:
        """Whether the last question to an instance was answered."""
        mirror = self._mirrors.get(instance)
        return mirror is not None and mirror.rid != 0

    async def news(self) -> TorrentChanges:
        """Ask every client that is due; returns what is known within two seconds, and what came late last time."""
        now = self._clock.monotonic()
        for name in self._clients:
            if name not in self._asking and now >= self._ask_at[name]:
                task = self._asking[name] = asyncio.create_task(self._ask(name), name=f"ask {name}")
                task.add_done_callback(partial(self._answered, name))
        if self._asking:
            self._listening = True
            await asyncio.wait(list(self._asking.values()), timeout=_PATIENCE_SECONDS)
            self._listening = False
        news, self._news = self._news, TorrentChanges(set(), set())
        return news

    async def close(self) -> None:
        """Stop asking."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def _answered(self, instance: str, _task: asyncio.Task[None]) -> None:
        del self._asking[instance]
        if not self._listening:
            self._wake()

    async def _ask(self, instance: str) -> None:
        try:
            await self._take_in_changes(instance)
        except ServiceError as error:
            self._silent(instance, _KNOCK if isinstance(error, UnreachableError) else _RETRY)
            held = isinstance(error, CredentialsRejectedError | BannedError)
            self._report.waits("torrents", instance, str(error), held=held)
        except Exception:  # noqa: BLE001 - a border: one instance must not stop the others
            self._silent(instance)
            self._report.failed()
            _log.exception("asking failed", instance=instance)
        else:
            self._failures[instance] = 0
            self._report.goes_on("torrents", instance)

    async def _take_in_changes(self, instance: str) -> None:
        client, mirror = self._clients[instance], self._mirrors[instance]
        await client.check_version()
        logins = client.logins
        data = await client.maindata(mirror.rid)
        if client.logins != logins and mirror.rid:  # a new session numbers its answers anew
            data = await client.maindata(0)
        everything = mirror.rid == 0
        connected_before = mirror.connected
        changes = mirror.apply(data, self._clock.monotonic())
        everything = everything or mirror.connected != connected_before
        changed = set(mirror.torrents) if everything else changes.changed
        self._news.changed.update(TorrentKey(instance, infohash) for infohash in changed)
        self._news.removed.update(TorrentKey(instance, infohash) for infohash in changes.removed)
        if changes.unknown:
            added = mirror.add((await client.torrents(changes.unknown)).items())
            self._news.changed.update(TorrentKey(instance, infohash) for infohash in added)
        if instance in self._whole:
            everything_else = self._whole[instance]
            unknown = everything_else.apply(data, self._clock.monotonic()).unknown
            if unknown:
                everything_else.add((await client.torrents(unknown)).items())

    def _silent(self, instance: str, retry: Backoff = _RETRY) -> None:
        """Nothing is known of it now; when it answers again it tells everything, and all of it is judged."""
        self._mirrors[instance].reset()
        self._failures[instance] += 1
        self._ask_at[instance] = self._clock.monotonic() + retry.seconds(self._failures[instance])
