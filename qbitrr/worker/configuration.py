"""What one worker needs to know. The supervisor makes it from the configuration and sends it over the channel."""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from qbitrr.config import Arr, Config, QBit, Settings, WebUI, runnable_arrs, runnable_qbits
from qbitrr.config.model import Notifications
from qbitrr.config.redact import redact_text, secrets_of

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
)


class WorkerConfig(Struct, frozen=True):
    """The worker's part of one configuration, immutable.

    It holds nothing that does not matter to this worker, because a worker whose part changes gets a new process.
    `categories` are its own and those below it, `parents` holds its own if it stands for its sub-categories too: a
    torrent belongs to the nearest one. `log_folder` is None when no files are to be written.
    """

    arr: Arr
    qbits: tuple[QBit, ...]
    settings: Settings
    categories: frozenset[str]
    parents: frozenset[str]
    state_file: str
    log_folder: str | None
    secrets: frozenset[str]

    @property
    def shadow(self) -> bool:
        """Whether nothing may be changed, only written down."""
        return self.settings.shadow or self.arr.shadow


def worker_configs(config: Config, state_file: str, log_folder: str | None) -> list[WorkerConfig]:
    """One for every Arr that gets a worker, in the order of the file."""
    qbits = tuple(runnable_qbits(config))
    arrs = runnable_arrs(config)
    everywhere = any(qbit.match_subcategories for qbit in qbits)
    parents = {arr.category for arr in arrs if _or(arr.match_subcategories, everywhere)}
    parents.update(category for qbit in qbits if qbit.match_subcategories for category in qbit.managed_categories)
    categories = {arr.category for arr in arrs}
    categories.update(category for qbit in qbits for category in qbit.managed_categories)
    settings = _without_the_supervisors(config.settings)
    return [
        WorkerConfig(
            arr=arr,
            qbits=qbits,
            settings=settings,
            categories=frozenset(c for c in categories if c == arr.category or c.startswith(f"{arr.category}/")),
            parents=frozenset(parents & {arr.category}),
            state_file=state_file,
            log_folder=log_folder,
            secrets=secrets_of(Config(settings, WebUI(), Notifications(), config.qbits, {arr.section: arr})),
        )
        for arr in arrs
    ]


def encode(config: WorkerConfig) -> bytes:
    """As MessagePack, for the channel."""
    return msgspec.msgpack.encode(config)


def fingerprint(config: WorkerConfig) -> str:
    """The same for equal configurations; secrets do not go into it."""
    text = redact_text(msgspec.json.encode(config, order="deterministic").decode(), config.secrets)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def decode(data: msgspec.Raw) -> WorkerConfig:
    """Back from MessagePack."""
    return msgspec.msgpack.decode(data, type=WorkerConfig)


def _without_the_supervisors(settings: Settings) -> Settings:
    """The settings with the default for every key that only the supervisor looks at."""
    default = Settings()
    return replace(settings, **{name: getattr(default, name) for name in _SUPERVISORS})


def _or(own: bool | None, inherited: bool) -> bool:
    return inherited if own is None else own
