"""What one worker needs to know. The supervisor makes it from the configuration and sends it over the channel."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from qbitrr.config import Arr, Config, QBit, Settings, runnable_arrs, runnable_qbits
from qbitrr.config.redact import secrets_of


class WorkerConfig(Struct, frozen=True):
    """The worker's part of one configuration, immutable.

    `categories` are all that are configured anywhere, `parents` those that stand for their sub-categories too: a
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
    return [
        WorkerConfig(
            arr=arr,
            qbits=qbits,
            settings=config.settings,
            categories=frozenset(categories),
            parents=frozenset(parents),
            state_file=state_file,
            log_folder=log_folder,
            secrets=secrets_of(config),
        )
        for arr in arrs
    ]


def encode(config: WorkerConfig) -> bytes:
    """As MessagePack, for the channel."""
    return msgspec.msgpack.encode(config)


def decode(data: msgspec.Raw) -> WorkerConfig:
    """Back from MessagePack."""
    return msgspec.msgpack.decode(data, type=WorkerConfig)


def _or(own: bool | None, inherited: bool) -> bool:
    return inherited if own is None else own
