"""Model of the configuration: typed, complete, immutable, in seconds and bytes.

One module for each section of the file. The supervisor sends every worker its part as MessagePack, so nothing here
needs more than msgspec. `qbitrr.config.model.key` explains how a field describes its key.
"""

import msgspec

from qbitrr.config.model.arr import Arr, EntrySearch, ImportMode, Ombi, Overseerr, SearchBySeries, TorrentRules
from qbitrr.config.model.key import ARR_KINDS, ArrKind
from qbitrr.config.model.notifications import NotificationEvent, Notifications, NotificationTarget
from qbitrr.config.model.orphans import OrphanMode, Orphans
from qbitrr.config.model.prowlarr import Prowlarr
from qbitrr.config.model.qbit import QBit
from qbitrr.config.model.seeding import (
    CategoryRow,
    CategoryRules,
    CategorySeeding,
    HitAndRun,
    HitAndRunMode,
    MakeRoom,
    RemoveTorrent,
    SeedingLimits,
    SeedingMode,
    TrackerRow,
)
from qbitrr.config.model.settings import ConsoleLevel, ManagedTorrents, Settings, UpdateChannel
from qbitrr.config.model.webui import Oidc, Theme, ViewDensity, WebAccess, WebUI

__all__ = [
    "ARR_KINDS",
    "Arr",
    "ArrKind",
    "CategoryRow",
    "CategoryRules",
    "CategorySeeding",
    "Config",
    "ConsoleLevel",
    "EntrySearch",
    "HitAndRun",
    "HitAndRunMode",
    "ImportMode",
    "MakeRoom",
    "ManagedTorrents",
    "NotificationEvent",
    "NotificationTarget",
    "Notifications",
    "Oidc",
    "Ombi",
    "OrphanMode",
    "Orphans",
    "Overseerr",
    "Prowlarr",
    "QBit",
    "RemoveTorrent",
    "SearchBySeries",
    "SeedingLimits",
    "SeedingMode",
    "Settings",
    "Theme",
    "TorrentRules",
    "TrackerRow",
    "UpdateChannel",
    "ViewDensity",
    "WebAccess",
    "WebUI",
    "runnable_arrs",
    "runnable_qbits",
]


class Config(msgspec.Struct, frozen=True):
    """The whole configuration. `qbits` and `arrs` are keyed by section name, in the order of the file."""

    settings: Settings = Settings()
    webui: WebUI = WebUI()
    notifications: Notifications = Notifications()
    prowlarr: Prowlarr = Prowlarr()
    qbits: dict[str, QBit] = msgspec.field(default_factory=dict)
    arrs: dict[str, Arr] = msgspec.field(default_factory=dict)


def runnable_arrs(config: Config) -> list[Arr]:
    """The Arrs that get a worker: managed, and everything filled in."""
    return [arr for arr in config.arrs.values() if arr.managed and arr.complete]


def runnable_qbits(config: Config) -> list[QBit]:
    """The qBittorrents that are used. Without any, torrents are left alone and only searches run."""
    return [qbit for qbit in config.qbits.values() if not qbit.disabled and qbit.complete]


def arr_kind(section: str) -> ArrKind | None:
    """The kind of Arr of a section, whose name starts with the kind in any case; None for other sections."""
    return next((kind for kind in ARR_KINDS if section.lower().startswith(kind)), None)


def is_qbit(section: str) -> bool:
    """Whether it is `qBit` or `qBit-<name>`, in exactly this spelling."""
    return section == "qBit" or (section.startswith("qBit-") and section != "qBit-")
