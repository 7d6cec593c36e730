"""The torrent states of qBittorrent in groups. Names as in 5.x; source: qBittorrent's Web API page.

4.x     pausedDL  pausedUP      become stoppedDL and stoppedUP when they are read
5.x     stoppedDL stoppedUP
"""

from __future__ import annotations

BUSY = frozenset({"checkingUP", "checkingDL", "checkingResumeData", "moving", "allocating"})
STOPPED = frozenset({"stoppedDL", "stoppedUP"})
FORCED = frozenset({"forcedDL", "forcedMetaDL"})
METADATA = frozenset({"metaDL"})
MISSING_FILES = "missingFiles"
ERROR = "error"
DOWNLOADING = "downloading"
STALLED = "stalledDL"
QUEUED = "queuedDL"
INACTIVE = METADATA | {STALLED}
"""It tries, and nothing comes."""
TRYING = frozenset({DOWNLOADING, STALLED})
"""It has its metadata and tries to get the rest."""
TRANSFERRING = frozenset({DOWNLOADING, "uploading"})
"""Bytes flow: the client has a connection."""
FORCED_SEEDING = "forcedUP"
SEEDING = frozenset({"uploading", "stalledUP", FORCED_SEEDING})
"""Complete and not stopped nor queued: its seeding time grows."""
