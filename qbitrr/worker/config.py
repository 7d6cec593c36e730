"""The part of the configuration that one worker gets. The supervisor makes it and sends it over the channel."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from qbitrr.config import Arr, Config, QBit, Settings, runnable_arrs, runnable_qbits
from qbitrr.config.model import Orphans, Prowlarr, TrackerRow
from qbitrr.config.redact import redact_text, secrets_of
from qbitrr.rules.tags import TAG_IGNORED

if TYPE_CHECKING:
    from collections.abc import Collection

SHARED_SECTION = "qBit"
"""The section whose tracker rows apply to every qBittorrent, unless another row has the same host."""

_SUPERVISORS = (
    "auto_restart_processes",
    "auto_update_channel",
    "auto_update_cron",
    "auto_update_enabled",
    "logging",
    "max_process_restarts",
    "process_restart_delay_seconds",
    "process_restart_window_seconds",
    "process_spawn_timeout_seconds",
    "releases_url",
    "update_index",
    "update_key",
    "worker_memory_high_bytes",
)


class OrphanScope(Struct, frozen=True):
    """What the one worker that finds orphans has to know besides: the categories of all Arrs, whose libraries count.

    `unused` are the qBittorrents that are switched off or incomplete, and may have torrents on this machine.
    """

    arrs: tuple[str, ...]
    unused: tuple[str, ...]


class WorkerConfig(Struct, frozen=True):
    """One worker's part of one configuration.

    Exactly one of `arr_section` and `qbit_section` is set. Nothing in it is without effect on this worker, because a
    worker whose part changes gets a new process.
    `categories` are its own and those below it, `parents` holds its own if it includes its sub-categories: a torrent
    belongs to the nearest one. For a qBittorrent section they are all configured ones; in those of `shadowed` nothing
    may be changed, and `arr_rows` are the tracker rows of the Arrs. `shared_rows` are those of `[qBit]`. `log_folder`
    is None when no log files are written. `on_probation`: the version that runs has to prove itself after an update.
    `orphans` is None for all workers but the one that finds orphans; an Arr's has only the mode of their settings.
    """

    arr_section: Arr | None
    qbit_section: QBit | None
    qbits: tuple[QBit, ...]
    settings: Settings
    categories: frozenset[str]
    parents: frozenset[str]
    shadowed: frozenset[str]
    shared_rows: tuple[TrackerRow, ...]
    arr_rows: dict[str, tuple[TrackerRow, ...]]
    state_file: str
    log_folder: str | None
    secrets: frozenset[str]
    on_probation: bool = False
    prowlarr: Prowlarr = Prowlarr()
    orphans: OrphanScope | None = None

    @property
    def arr(self) -> Arr:
        """Its Arr; only for a worker with one."""
        assert self.arr_section is not None
        return self.arr_section

    @property
    def section(self) -> str:
        """The section of the configuration that it is for."""
        return (self.arr_section or self.qbit).section

    @property
    def qbit(self) -> QBit:
        """Its qBittorrent section; only for a worker without an Arr."""
        assert self.qbit_section is not None
        return self.qbit_section

    @property
    def name(self) -> str:
        """Name of the worker and of its rows in the state file: category of the Arr, or qBittorrent section."""
        return self.arr_section.category if self.arr_section is not None else self.qbit.section

    @property
    def own_categories(self) -> frozenset[str]:
        """The configured categories whose torrents are its own."""
        return frozenset({self.arr_section.category} if self.arr_section else self.qbit.managed_categories)

    @property
    def protect_tags(self) -> frozenset[str]:
        """The tags by which the user protects a torrent from qbitrr."""
        return frozenset({TAG_IGNORED, *self.settings.protect_tags})

    @property
    def shadow(self) -> bool:
        """Whether decisions are recorded instead of carried out."""
        return self.settings.shadow or (self.arr_section is not None and self.arr_section.shadow)

    @property
    def read_only(self) -> bool:
        """Whether nothing may be changed: under Shadow, or on probation."""
        return self.shadow or self.on_probation


_decoder = msgspec.msgpack.Decoder(WorkerConfig)  # made before workers are forked, which share it


def worker_configs(
    config: Config, state_file: str, log_folder: str | None, holding: Collection[str] = ()
) -> list[WorkerConfig]:
    """Make the part of every Arr that gets a worker, then of every qBittorrent that has something to do itself.

    `holding` are the qBittorrents where the free space guard has paused downloads.
    """
    qbits = tuple(runnable_qbits(config))
    arrs = runnable_arrs(config)
    everywhere = any(qbit.match_subcategories for qbit in qbits)
    parents = {arr.category for arr in arrs if _or(arr.match_subcategories, everywhere)}
    parents.update(category for qbit in qbits if qbit.match_subcategories for category in qbit.managed_categories)
    categories = {arr.category for arr in arrs}
    categories.update(category for qbit in qbits for category in qbit.managed_categories)
    settings = _without_the_supervisors(config.settings)
    shared_rows = next((qbit.trackers for qbit in qbits if qbit.section == SHARED_SECTION), ())
    of_arrs = [
        WorkerConfig(
            arr_section=arr,
            qbit_section=None,
            qbits=qbits,
            settings=replace(settings, orphans=_mode_only(settings.orphans)),
            categories=frozenset(c for c in categories if c == arr.category or c.startswith(f"{arr.category}/")),
            parents=frozenset(parents & {arr.category}),
            shadowed=frozenset(),
            shared_rows=shared_rows,
            arr_rows={},
            state_file=state_file,
            log_folder=log_folder,
            secrets=secrets_of(
                Config(settings, prowlarr=_prowlarr_of(arr, config), qbits=config.qbits, arrs={arr.section: arr})
            ),
            prowlarr=_prowlarr_of(arr, config),
        )
        for arr in arrs
    ]
    of_qbits = [
        WorkerConfig(
            arr_section=None,
            qbit_section=qbit,
            qbits=qbits,
            settings=settings if finds_orphans(settings, qbits, qbit) else replace(settings, orphans=Orphans()),
            categories=frozenset(categories),
            parents=frozenset(parents),
            shadowed=frozenset(arr.category for arr in arrs if arr.shadow),
            shared_rows=shared_rows,
            arr_rows={arr.category: arr.torrent.trackers for arr in arrs},
            state_file=state_file,
            log_folder=log_folder,
            secrets=secrets_of(Config(settings, qbits=config.qbits)),
            orphans=OrphanScope(tuple(arr.category for arr in arrs), _unused(config, qbits))
            if finds_orphans(settings, qbits, qbit)
            else None,
        )
        for qbit in qbits
        if _needs_a_worker(config, qbit) or qbit.section in holding or finds_orphans(settings, qbits, qbit)
    ]
    return of_arrs + of_qbits


def finds_orphans(settings: Settings, qbits: tuple[QBit, ...], qbit: QBit) -> bool:
    """Whether the worker of a qBittorrent finds orphans: the first one does, those of all."""
    return settings.orphans.mode != "off" and qbits[0] is qbit


def _mode_only(orphans: Orphans) -> Orphans:
    """What the worker of an Arr has to know: whether orphans are looked for at all."""
    return Orphans() if orphans.mode == "off" else Orphans(mode="shadow")


def _unused(config: Config, qbits: tuple[QBit, ...]) -> tuple[str, ...]:
    used = {qbit.section for qbit in qbits}
    return tuple(
        section for section, qbit in config.qbits.items() if section not in used and qbit.local_paths.get("/") != ""
    )


def configured_names(config: Config) -> set[str]:
    """Names of the workers of all sections, also of those that are switched off or incomplete and get none."""
    return {arr.category for arr in config.arrs.values()} | {qbit.section for qbit in config.qbits.values()}


def guards_space(settings: Settings) -> bool:
    """Whether the free space guard is on."""
    return settings.free_space_bytes >= 0 and settings.auto_pause_resume


def _needs_a_worker(config: Config, qbit: QBit) -> bool:
    rows = (*qbit.trackers, *(row for arr in runnable_arrs(config) for row in arr.torrent.trackers))
    return bool(qbit.managed_categories) or guards_space(config.settings) or any(row.sort_torrents for row in rows)


def _prowlarr_of(arr: Arr, config: Config) -> Prowlarr:
    """Return the Prowlarr for an Arr that searches; an empty one for another, which it does not concern."""
    return config.prowlarr if config.prowlarr.active and arr.entry_search.search_missing else Prowlarr()


def encode(config: WorkerConfig) -> bytes:
    """Encode as MessagePack, for the channel."""
    return msgspec.msgpack.encode(config)


def fingerprint(config: WorkerConfig) -> str:
    """Make a text that is the same for equal configurations and is made without their secrets."""
    text = redact_text(msgspec.json.encode(config, order="deterministic").decode(), config.secrets)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def decode(data: msgspec.Raw) -> WorkerConfig:
    """Decode MessagePack."""
    return _decoder.decode(data)


def _without_the_supervisors(settings: Settings) -> Settings:
    """The settings with the default of every key that only the supervisor uses."""
    default = Settings()
    return replace(settings, **{name: getattr(default, name) for name in _SUPERVISORS})


def _or(own: bool | None, inherited: bool) -> bool:
    return inherited if own is None else own
