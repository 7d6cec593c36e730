"""The clients of one worker, made from its configuration, and how their answers become facts."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS, Kind
from qbitrr.clock import from_iso
from qbitrr.media_requests.source import requester_of
from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.qbittorrent.session import Access
from qbitrr.rules.facts import QueueFacts, TorrentFacts
from qbitrr.rules.seeding import SeedingFacts, own_limits, ratio_of
from qbitrr.rules.states import FORCED_SEEDING, SEEDING
from qbitrr.state import retry_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from qbitrr.arr.models import QueueRecord
    from qbitrr.clock import Clock
    from qbitrr.media_requests.source import RequestSource
    from qbitrr.qbittorrent.models import Torrent
    from qbitrr.qbittorrent.session import LoginGuard
    from qbitrr.state.database import Database
    from qbitrr.worker.config import WorkerConfig


@dataclass(frozen=True, slots=True)
class Services:
    """The qBittorrents, by section name, and of a worker that has them its Arr and where requests for it are made."""

    arr_client: ArrClient | None
    qbittorrents: dict[str, QbittorrentClient]
    requester: RequestSource | None = None

    @property
    def arr(self) -> ArrClient:
        """The Arr; only for a worker that has one."""
        assert self.arr_client is not None
        return self.arr_client


@asynccontextmanager
async def connect(config: WorkerConfig, guard: LoginGuard, database: Database, clock: Clock) -> AsyncIterator[Services]:
    """Clients for everything the worker talks to, which keep in `database` what must survive. Nothing is sent yet."""
    async with AsyncExitStack() as stack:
        arr, client, requester = config.arr_section, None, None
        if arr is not None:
            client = ArrClient(
                arr.section,
                KINDS[arr.kind],
                arr.uri,
                arr.api_key,
                verify_tls=not arr.skip_tls_verify,
                retry_after_seconds=await retry_after.left(database, arr.category, clock),
                on_quiet=partial(_keep, database, arr.category, clock),
            )
            stack.push_async_callback(client.close)
            if (requester := requester_of(arr, guard)) is not None:
                stack.push_async_callback(requester.close)
        qbittorrents = {}
        for qbit in config.qbits:
            access = Access(
                service=qbit.section,
                base_url=qbit.url,
                user=qbit.user_name,
                password=qbit.password,
                api_key=qbit.api_key,
                verify_tls=not qbit.skip_tls_verify,
            )
            qbittorrents[qbit.section] = QbittorrentClient(access, guard)
            stack.push_async_callback(qbittorrents[qbit.section].close)
        yield Services(client, qbittorrents, requester)


async def _keep(database: Database, category: str, clock: Clock, seconds: float) -> None:
    await retry_after.begin(database, category, seconds, clock)


def torrent_facts(instance: str, infohash: str, torrent: Torrent) -> TorrentFacts:
    """A torrent of qBittorrent in the words of the rules."""
    return TorrentFacts(
        instance=instance,
        infohash=infohash,
        name=torrent.name,
        category=torrent.category,
        tags=frozenset(tag for part in torrent.tags.split(",") if (tag := part.strip())),
        state=torrent.state,
        progress=torrent.progress,
        left_bytes=torrent.amount_left,
        size_bytes=torrent.size,
        added_at=torrent.added_on,
        completed_at=torrent.completion_on if torrent.completion_on > 0 else None,
        last_activity_at=torrent.last_activity,
        content_path=torrent.content_path,
        save_path=torrent.save_path,
        eta_seconds=torrent.eta,
        availability=torrent.availability,
        tracker=torrent.tracker,
        seeding=_seeding(torrent),
        private=torrent.private,
    )


def _seeding(torrent: Torrent) -> SeedingFacts:
    own_ratio, own_seconds = own_limits(torrent.ratio_limit, torrent.seeding_time_limit)
    return SeedingFacts(
        complete=torrent.completion_on > 0 and torrent.amount_left == 0 and torrent.size > 0,
        progress=torrent.progress,
        ratio=ratio_of(torrent.ratio),
        seconds=torrent.seeding_time,
        own_ratio_limit=own_ratio,
        own_seconds_limit=own_seconds,
        download_limit=torrent.dl_limit,
        upload_limit=torrent.up_limit,
        super_seeding=torrent.super_seeding,
        forced=torrent.state == FORCED_SEEDING,
        counting=torrent.state in SEEDING,
    )


def queue_facts(records: Iterable[QueueRecord], kind: Kind) -> dict[str, QueueFacts]:
    """The Arr's queue by download id, upper-case as the Arrs write it."""
    by_download: dict[str, list[QueueRecord]] = {}
    for record in records:
        if record.download_id:
            by_download.setdefault(record.download_id.upper(), []).append(record)
    return {download_id: _queue_facts(some, kind) for download_id, some in by_download.items()}


def _queue_facts(records: list[QueueRecord], kind: Kind) -> QueueFacts:
    items = (kind.item_of(record) for record in records)
    # a pack is as far as its least imported record
    states = [record.tracked_download_state or "" for record in records]
    scores = [record.custom_format_score for record in records if record.custom_format_score is not None]
    added = [at for record in records if (at := from_iso(record.added)) is not None]
    messages = (
        text
        for record in records
        for message in record.status_messages or []
        for text in message.messages or [message.title or ""]
    )
    return QueueFacts(
        record_ids=tuple(record.id for record in records),
        item_ids=tuple(dict.fromkeys(item for item in items if item)),
        tracked_state=next((state for state in states if state != "imported"), "imported"),
        messages=tuple(dict.fromkeys(messages)),
        status=next((record.status for record in records if record.status), ""),
        added_at=max(added, default=None),
        custom_format_score=max(scores, default=None),
        output_path=next((record.output_path for record in records if record.output_path), ""),
    )
