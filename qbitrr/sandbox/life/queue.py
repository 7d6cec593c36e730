"""How a queue record follows its torrent. The Arrs look at their download client every minute, not all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbitrr.sandbox.life.records import QueueRecord
    from qbitrr.sandbox.life.torrent import Torrent

# state of qBittorrent -> status of the record, and what the Arr says about it
_STATUS = {
    "downloading": ("downloading", None),
    "stalledDL": ("warning", "The download is stalled, nobody has the rest"),
    "metaDL": ("queued", "The download client waits for metadata"),
    "stoppedDL": ("paused", None),
    "error": ("warning", "The download client reports an error"),
    "missingFiles": ("warning", "The download client reports missing files"),
}


def follow(record: QueueRecord, torrent: Torrent) -> None:
    """Write down what the client says now."""
    record.messages = []
    record.output_path = torrent.content_path
    record.size_left = record.release.size * (1 - torrent.progress)
    record.seconds_left = None if torrent.complete or not torrent.download_rate else float(torrent.eta_seconds)
    if torrent.complete and not torrent.data_lost and not torrent.errored:
        record.status, record.error, record.tracked_status = "completed", None, "ok"
        record.tracked_state = "importPending"
        return
    record.status, record.error = _STATUS.get(torrent.state, ("downloading", None))
    record.tracked_status = "warning" if record.status == "warning" else "ok"
    record.tracked_state = "downloading"
