"""The clients of one worker, made from its configuration, and how their answers become facts."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS, Kind
from qbitrr.clock import from_iso
from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.qbittorrent.session import Access
from qbitrr.torrents.facts import QueueFacts, TorrentFacts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from qbitrr.arr.models import QueueRecord
    from qbitrr.qbittorrent.models import Torrent
    from qbitrr.qbittorrent.session import LoginGuard
    from qbitrr.worker.configuration import WorkerConfig


@dataclass(frozen=True, slots=True)
class Services:
    """One Arr and the qBittorrents, by section name."""

    arr: ArrClient
    qbittorrents: dict[str, QbittorrentClient]


@asynccontextmanager
async def connect(config: WorkerConfig, guard: LoginGuard) -> AsyncIterator[Services]:
    """Clients for everything the worker talks to. Nothing is sent yet."""
    async with AsyncExitStack() as stack:
        arr = config.arr
        client = ArrClient(arr.section, KINDS[arr.kind], arr.uri, arr.api_key, verify_tls=not arr.skip_tls_verify)
        stack.push_async_callback(client.close)
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
        yield Services(client, qbittorrents)


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
