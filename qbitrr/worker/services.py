"""The clients of one worker, made from its configuration."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS
from qbitrr.media_requests.source import configured_source
from qbitrr.prowlarr.client import ProwlarrClient
from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.qbittorrent.session import Access
from qbitrr.state import retry_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qbitrr.clock import Clock
    from qbitrr.media_requests.source import RequestSource
    from qbitrr.qbittorrent.session import LoginGuard
    from qbitrr.state.database import Database
    from qbitrr.worker.config import WorkerConfig


@dataclass(frozen=True, slots=True)
class Services:
    """The qBittorrents by section name, and the Arr of the worker, the source of its requests and Prowlarr, if any."""

    arr_client: ArrClient | None
    qbittorrents: dict[str, QbittorrentClient]
    requester: RequestSource | None = None
    prowlarr: ProwlarrClient | None = None

    @property
    def arr(self) -> ArrClient:
        """The Arr; only for a worker with one."""
        assert self.arr_client is not None
        return self.arr_client


@asynccontextmanager
async def connect(config: WorkerConfig, guard: LoginGuard, database: Database, clock: Clock) -> AsyncIterator[Services]:
    """Make the clients, which store in `database` what must survive a restart. Nothing is sent yet.

    Under Shadow and on probation they refuse every call that changes something, whoever makes it.
    """
    async with AsyncExitStack() as stack:
        arr, client, requester = config.arr_section, None, None
        if arr is not None:
            client = ArrClient(
                arr.section,
                KINDS[arr.kind],
                arr.uri,
                arr.api_key,
                verify_tls=not arr.skip_tls_verify,
                read_only=config.read_only,
                retry_after_seconds=await retry_after.seconds_left(database, arr.category, clock),
                on_retry_after=partial(_keep, database, arr.category, clock),
            )
            stack.push_async_callback(client.close)
            if (requester := configured_source(arr)) is not None:
                stack.push_async_callback(requester.close)
        prowlarr = ProwlarrClient(config.prowlarr) if config.prowlarr.active else None
        if prowlarr is not None:
            stack.push_async_callback(prowlarr.close)
        qbittorrents = {}
        for qbit in config.qbits:
            access = Access(
                service=qbit.section,
                base_url=qbit.url,
                user=qbit.user_name,
                password=qbit.password,
                api_key=qbit.api_key,
                verify_tls=not qbit.skip_tls_verify,
                read_only=config.read_only,
            )
            qbittorrents[qbit.section] = QbittorrentClient(access, guard)
            stack.push_async_callback(qbittorrents[qbit.section].close)
        yield Services(client, qbittorrents, requester, prowlarr)


async def _keep(database: Database, category: str, clock: Clock, seconds: float) -> None:
    await retry_after.start(database, category, seconds, clock)
