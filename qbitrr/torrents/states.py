"""The torrent states of qBittorrent in groups. Names as in 5.x; source: qBittorrent's Web API page."""

from __future__ import annotations

BUSY = frozenset({"checkingUP", "checkingDL", "checkingResumeData", "moving", "allocating"})
STOPPED = frozenset({"stoppedDL", "stoppedUP"})
FORCED = frozenset({"forcedDL", "forcedMetaDL"})
METADATA = frozenset({"metaDL"})
MISSING_FILES = "missingFiles"
ERROR = "error"
STALLED = "stalledDL"
QUEUED = "queuedDL"
INACTIVE = METADATA | {STALLED}
