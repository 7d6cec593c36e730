"""What a torrent has to be given again when it is added by its .torrent file after a deletion.

Parameters of `torrents/add`: qBittorrent's Web API page. Unknown ones are ignored: 4.x knows `paused`, 5.x `stopped`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class TorrentSettings(Struct, frozen=True):
    """What was set on one torrent, as `torrents/info` names it. Share limits: -1 for none, -2 for the client's own."""

    hash: str
    name: str = ""
    category: str = ""
    tags: str = ""
    save_path: str = ""
    auto_tmm: bool = False
    seq_dl: bool = False
    f_l_piece_prio: bool = False
    force_start: bool = False
    super_seeding: bool = False
    dl_limit: int = 0
    up_limit: int = 0
    ratio_limit: float = -2.0
    seeding_time_limit: int = -2
    inactive_seeding_time_limit: int = -2


class KeptFile(Struct, frozen=True):
    """Path below the save path, and priority, of one file of a torrent; 0 when it is not downloaded."""

    index: int
    name: str
    priority: int


class KeptTorrent(Struct, frozen=True):
    """A torrent before its deletion. `trackers` are all its announce URLs; they may hold secrets."""

    settings: TorrentSettings
    running: bool
    files: tuple[KeptFile, ...] = ()
    trackers: tuple[str, ...] = ()

    @property
    def content_layout(self) -> str:
        """The layout that puts the files where they were; `torrents/add` names it."""
        roots = {file.name.partition("/")[0] for file in self.files if "/" in file.name}
        in_folder = len(roots) == 1 and all("/" in file.name for file in self.files)
        return "Subfolder" if in_folder else "NoSubfolder"

    def fields(self, category: str, without_tags: Sequence[str]) -> dict[str, str]:
        """Return the fields of `torrents/add`. It is added stopped, as not all can be set by it."""
        kept = self.settings
        tags = [tag for tag in kept.tags.split(", ") if tag and tag not in without_tags]
        fields = {
            "savepath": kept.save_path,
            "category": category,
            "tags": ",".join(tags),
            "autoTMM": _word(kept.auto_tmm),
            "paused": "true",
            "stopped": "true",
            "sequentialDownload": _word(kept.seq_dl),
            "firstLastPiecePrio": _word(kept.f_l_piece_prio),
            "ratioLimit": str(kept.ratio_limit),
            "seedingTimeLimit": str(kept.seeding_time_limit),
            "inactiveSeedingTimeLimit": str(kept.inactive_seeding_time_limit),
            "dlLimit": str(max(0, kept.dl_limit)),
            "upLimit": str(max(0, kept.up_limit)),
        }
        if kept.name:
            fields["rename"] = kept.name
        return fields | ({"contentLayout": self.content_layout} if self.files else {})

    def renamed(self, names: Mapping[int, str]) -> list[tuple[str, str]]:
        """Return the files that have another name now than before: the name now, and the one before."""
        return [
            (names[file.index], file.name)
            for file in self.files
            if file.index in names and names[file.index] != file.name
        ]

    def priorities(self, priorities: Mapping[int, int]) -> dict[int, list[int]]:
        """Return the indices of the files that have another priority now than before, by the one before."""
        found: dict[int, list[int]] = {}
        for file in self.files:
            if priorities.get(file.index, file.priority) != file.priority:
                found.setdefault(file.priority, []).append(file.index)
        return found


def _word(value: bool) -> str:
    return "true" if value else "false"
