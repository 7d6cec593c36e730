"""Asking every qBittorrent what changed. One that is slow or down delays nobody else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from qbitrr.backoff import Backoff
from qbitrr.errors import BannedError, CredentialsRejectedError, ServiceError
from qbitrr.qbittorrent.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.clock import Clock
    from qbitrr.qbittorrent.client import QbittorrentClient
    from qbitrr.worker.report import Report

Key = tuple[str, str]  # instance and infohash

_PATIENCE_SECONDS = 2.0  # a pass goes on without the answer of a slower client
_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)


class News(NamedTuple):
    """What one pass learned: torrents that changed, and torrents that are gone or belong to somebody else now."""

    changed: set[Key]
    removed: set[Key]


class Poll:
    """The torrents of one category on all instances. `wake` is called when a late answer has come."""

    def __init__(
        self,
        clients: dict[str, QbittorrentClient],
        is_mine: Callable[[str], bool],
        report: Report,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._clients = clients
        self._mirrors = {name: Mirror(is_mine) for name in clients}
        self._report = report
        self._clock = clock
        self._wake = wake
        self._asking: dict[str, asyncio.Task[News]] = {}
        self._failures = dict.fromkeys(clients, 0)
        self._ask_at = dict.fromkeys(clients, 0.0)

    @property
    def mirrors(self) -> dict[str, Mirror]:
        """The torrents by instance. `rid` is 0 while the instance does not answer."""
        return self._mirrors

    def keys(self) -> set[Key]:
        """All torrents."""
        return {(name, infohash) for name, mirror in self._mirrors.items() for infohash in mirror.torrents}

    def answers(self, instance: str) -> bool:
        """Whether the last question to an instance was answered."""
        mirror = self._mirrors.get(instance)
        return mirror is not None and mirror.rid != 0

    async def news(self) -> News:
        """Ask every client that is due, and take what has been answered within two seconds."""
        now = self._clock.monotonic()
        for name in self._clients:
            if name not in self._asking and now >= self._ask_at[name]:
                self._asking[name] = asyncio.create_task(self._ask(name), name=f"ask {name}")
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=_PATIENCE_SECONDS)
        news = News(set(), set())
        for name, task in list(self._asking.items()):
            if task.done():
                del self._asking[name]
                changed, removed = task.result()
                news.changed.update(changed)
                news.removed.update(removed)
            else:
                task.add_done_callback(lambda _: self._wake())
        return news

    async def close(self) -> None:
        """Stop asking."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _ask(self, instance: str) -> News:
        client, mirror = self._clients[instance], self._mirrors[instance]
        try:
            logins = client.logins
            data = await client.maindata(mirror.rid)
            if client.logins != logins and mirror.rid:  # a new session numbers its answers anew
                data = await client.maindata(0)
            connected_before = mirror.connected
            changes = mirror.apply(data)
            if changes.unknown:
                changes.changed.update(mirror.add((await client.torrents(changes.unknown)).items()))
        except ServiceError as error:
            mirror.forget()
            self._failures[instance] += 1
            self._ask_at[instance] = self._clock.monotonic() + _RETRY.seconds(self._failures[instance])
            held = isinstance(error, CredentialsRejectedError | BannedError)
            self._report.waits(instance, error, held=held)
            return News(set(), set())
        self._failures[instance] = 0
        self._report.goes_on(instance)
        everybody = mirror.connected != connected_before
        changed = set(mirror.torrents) if everybody else changes.changed
        return News({(instance, h) for h in changed}, {(instance, h) for h in changes.removed})
