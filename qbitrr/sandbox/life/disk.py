"""Puts the imagined torrents on the disk, as small files, for programs that check whether a path exists."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbitrr.sandbox.life.download_client import DownloadClient
    from qbitrr.sandbox.life.torrent import Torrent


class Disk:
    """Follows a download client; `update` is cheap when nothing came or went."""

    def __init__(self, client: DownloadClient) -> None:
        self._client = client
        self._written: dict[str, Torrent] = {}

    def update(self) -> None:
        """Write what has come, remove what was deleted with its files or lost. OSError when the disk refuses."""
        for infohash, torrent in self._client.torrents.items():
            if infohash not in self._written and torrent.progress > 0 and not _is_lost(torrent):
                for path in self._paths(torrent):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
                self._written[infohash] = torrent
        for infohash, torrent in list(self._written.items()):
            if _is_lost(torrent) or infohash not in self._client.torrents:
                del self._written[infohash]
                if _is_lost(torrent) or torrent.gone_with_files:
                    self._remove(torrent)

    def _paths(self, torrent: Torrent) -> list[Path]:
        return [Path(torrent.save_path, file.path) for file in torrent.files]

    def _remove(self, torrent: Torrent) -> None:
        for path in self._paths(torrent):
            path.unlink(missing_ok=True)
            if path.parent != Path(torrent.save_path):
                # a folder that holds something else stays
                with contextlib.suppress(OSError):
                    path.parent.rmdir()


def _is_lost(torrent: Torrent) -> bool:
    return torrent.data_lost or torrent.moved_away
