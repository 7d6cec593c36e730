"""What the Arr's history proves of an import, and what is wrong with the files that it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.arr.facts import import_events
from qbitrr.rules.imports import EventKind, QueueState, proof_of, read_queue
from qbitrr.worker.torrents.actions import files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.arr.models import HistoryRecord
    from qbitrr.rules.facts import QueueFacts, TorrentFacts
    from qbitrr.rules.imports import ImportProof, QueueReading
    from qbitrr.worker.torrents.actions.context import ActionContext


def proof(
    context: ActionContext,
    records: Iterable[HistoryRecord],
    listed: Iterable[int] = (),
    albums: Iterable[int] = (),
) -> ImportProof:
    """Work out what the history proves. A movie is a download of its own, whoever added it."""
    kind = context.services.arr.kind
    events = import_events(records, kind)
    if kind.name == "radarr":
        listed = [*listed, *(event.item for event in events if event.kind is EventKind.IMPORTED)]
    return proof_of(events, listed, albums)


def was_imported(context: ActionContext, records: Iterable[HistoryRecord]) -> bool:
    """Whether events show that something of a download was imported."""
    events = import_events(records, context.services.arr.kind)
    return any(event.kind in (EventKind.IMPORTED, EventKind.PART) for event in events)


async def complete_albums(context: ActionContext, records: Iterable[HistoryRecord]) -> set[int]:
    """Ask Lidarr which albums have all of their tracks, of those that it imported although another one lacks some."""
    arr = context.services.arr
    events = import_events(records, arr.kind)
    ids = {event.item for event in events if event.kind is EventKind.PART}
    if not ids or not any(event.kind is EventKind.INCOMPLETE for event in events):
        return set()
    found = set()
    for album in await arr.albums(sorted(ids)):
        counts = album.statistics
        if counts is not None and 0 < counts.total_track_count <= counts.track_file_count:
            found.add(album.id)
    return found


async def check(context: ActionContext, torrent: TorrentFacts, queue: QueueFacts | None) -> ImportProof:
    """Read the Arr's history of a complete torrent, and note what it proves; nothing is changed."""
    records = await context.downloads.history(torrent.infohash, torrent.added_at)
    albums = await complete_albums(context, records)
    found = proof(context, records, queue.item_ids if queue else (), albums)
    polled = context.history.of(torrent).imports.failed_at is not None
    await note_evidence(context, torrent, read_queue(queue, polled=polled), found)
    return found


async def note_evidence(
    context: ActionContext, torrent: TorrentFacts, reading: QueueReading, found: ImportProof
) -> None:
    """Note what is proven of an import, and what is wrong with the files that the Arr refuses."""
    context.history.note(torrent, proof=found)
    if reading.state is QueueState.REFUSED:
        names = {refusal.subject for refusal in reading.refused}
        faults = await files.faults_of(context, torrent, names)
        context.history.note(torrent, faults=faults)
        if not faults and not found.imported and (fault := await files.unplayable(context, torrent)):
            context.history.note(torrent, unplayable=fault)
