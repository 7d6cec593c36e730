"""The tags that qbitrr sets or obeys. Users see them in qBittorrent."""

from __future__ import annotations

TAG_IGNORED = "qBitrr-ignored"
"""Set by a user: the torrent is left alone."""
TAG_IMPORTED = "qBitrr-imported"
TAG_STALLED = "qBitrr-allowed_stalled"
TAG_QUARANTINE = "qBitrr-quarantine"
TAG_PAUSED = "qBitrr-free_space_paused"
"""Stopped by the free-space guard until there is space for it."""
TAG_USELESS = "qBitrr-useless"
"""A rule would have failed the torrent, but only tags it."""
