"""What the name of a section says: `Radarr-4K` is a Radarr, `qBit-nas` a qBittorrent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.config.keys import ARR_KINDS

if TYPE_CHECKING:
    from qbitrr.config.keys import ArrKind


def arr_kind(section: str) -> ArrKind | None:
    """Which Arr a section is about; names begin with the kind, in any case."""
    return next((kind for kind in ARR_KINDS if section.lower().startswith(kind)), None)


def is_qbit(section: str) -> bool:
    """Is it `qBit` or `qBit-<name>`, in exactly this spelling?"""
    return section == "qBit" or (section.startswith("qBit-") and section != "qBit-")
