"""Torrent states of qBittorrent, in groups. Names of 5.x; source: qBittorrent's Web API page.

4.x     pausedDL  pausedUP      are read as stoppedDL and stoppedUP
5.x     stoppedDL stoppedUP
"""

from __future__ import annotations

DOWNLOADING = "downloading"
STALLED = "stalledDL"
QUEUED = "queuedDL"
STOPPED_INCOMPLETE = "stoppedDL"
STOPPED_COMPLETE = "stoppedUP"
UPLOADING = "uploading"
FORCED_SEEDING = "forcedUP"
MISSING_FILES = "missingFiles"
ERROR = "error"
UNKNOWN = "unknown"

CHECKING = frozenset({"checkingUP", "checkingDL", "checkingResumeData"})
BUSY = CHECKING | {"moving", "allocating"}
METADATA = frozenset({"metaDL"})
FORCED = frozenset({"forcedDL", "forcedMetaDL"})
WAITING_FOR_METADATA = METADATA | {"forcedMetaDL"}
STOPPED = frozenset({STOPPED_INCOMPLETE, STOPPED_COMPLETE})
INACTIVE = METADATA | {STALLED}
"""Started, but nothing arrives."""
TRYING = frozenset({DOWNLOADING, STALLED})
"""It has its metadata and tries to get the rest."""
TRANSFERRING = frozenset({DOWNLOADING, UPLOADING})
"""Bytes flow: the client has a connection."""
SEEDING = frozenset({UPLOADING, "stalledUP", FORCED_SEEDING})
"""Complete, neither stopped nor queued: its seeding time grows."""
PAUSABLE = INACTIVE | {DOWNLOADING, QUEUED}
"""It writes to its disk, now or when its turn comes, and was not forced to."""
STARTED = PAUSABLE | FORCED | SEEDING | {"queuedUP"}
"""Neither stopped nor busy nor in error."""
