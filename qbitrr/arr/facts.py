"""Queue records of an Arr as facts for the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.clock import from_iso
from qbitrr.rules.facts import QueueFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.arr.kinds import Kind
    from qbitrr.arr.models import QueueRecord


def queue_facts(records: Iterable[QueueRecord], kind: Kind) -> dict[str, QueueFacts]:
    """Group the queue by download id, which is upper-case."""
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
