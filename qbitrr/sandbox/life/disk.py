"""Puts the imagined torrents on the disk, for programs that look at their files: with their sizes, but without content.

The files are sparse, so that they need no room.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbitrr.sandbox.life.download_client import DownloadClient
    from qbitrr.sandbox.life.torrent import Torrent


class Disk:
    """Follows a download client; `update` is cheap when nothing came or went.

    What a deleted torrent left behind counts for the client's free space until it is deleted, wherever it was moved.
    """

    def __init__(self, client: DownloadClient) -> None:
        self._client = client
        self._written: dict[str, Torrent] = {}
        self._left: dict[str, list[int]] = {}  # descriptors of the files, which follow them

    def update(self) -> None:
        """Write what has come, remove what was deleted with its files or lost. OSError when the disk refuses."""
        for infohash, torrent in self._client.torrents.items():
            if infohash not in self._written and torrent.progress > 0 and not _is_lost(torrent):
                self._write(torrent)
                self._written[infohash] = torrent
        for infohash, torrent in list(self._written.items()):
            if _is_lost(torrent) or infohash not in self._client.torrents:
                del self._written[infohash]
                if _is_lost(torrent) or torrent.gone_with_files:
                    self._remove(torrent)
                else:
                    self._leave(infohash, torrent)
        for infohash in list(self._left):
            self._look_after(infohash)

    def close(self) -> None:
        """Forget what was left behind; all files stay."""
        for infohash in list(self._left):
            self._forget(infohash)

    def _paths(self, torrent: Torrent) -> list[Path]:
        return [Path(torrent.save_path, file.path) for file in torrent.files]

    def _write(self, torrent: Torrent) -> None:
        """Write the files of a torrent; what is not selected is empty."""
        for path, file in zip(self._paths(torrent), torrent.files, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as written:
                if file.priority and written.tell() != file.size:
                    written.truncate(file.size)

    def _remove(self, torrent: Torrent) -> None:
        for path in self._paths(torrent):
            path.unlink(missing_ok=True)
            if path.parent != Path(torrent.save_path):
                # a folder that holds something else stays
                with contextlib.suppress(OSError):
                    path.parent.rmdir()

    def _leave(self, infohash: str, torrent: Torrent) -> None:
        self._left[infohash] = []
        for path in self._paths(torrent):
            with contextlib.suppress(FileNotFoundError):  # someone was quicker
                self._left[infohash].append(os.open(path, os.O_RDONLY))

    def _look_after(self, infohash: str) -> None:
        """See whether what a torrent left behind has another torrent by now, or is gone."""
        if infohash in self._client.torrents:
            self._forget(infohash)
        elif not any(os.fstat(file).st_nlink for file in self._left[infohash]):
            self._client.free(infohash)
            self._forget(infohash)

    def _forget(self, infohash: str) -> None:
        for file in self._left.pop(infohash):
            os.close(file)


def _is_lost(torrent: Torrent) -> bool:
    return torrent.data_lost or torrent.moved_away
