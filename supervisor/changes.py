"""What has to happen to the workers for another configuration. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from qbitrr.worker.config import WorkerConfig


class WorkerChanges(Struct, frozen=True):
    """What becomes of each category. `restarted` ones get a fresh process, `unchanged` ones are not touched."""

    started: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


class ReloadResult(Struct, frozen=True, rename="camel"):
    """What a reload does. `after_restart` are the keys that changed and count only after a restart of the daemon."""

    applied: WorkerChanges
    after_restart: tuple[str, ...] = ()


def difference(before: Mapping[str, WorkerConfig], after: Mapping[str, WorkerConfig]) -> WorkerChanges:
    """How to get from one set of workers to another; a worker whose part has the same value stays as it is."""
    return WorkerChanges(
        started=tuple(category for category in after if category not in before),
        stopped=tuple(category for category in before if category not in after),
        restarted=tuple(c for c, config in after.items() if c in before and before[c] != config),
        unchanged=tuple(c for c, config in after.items() if c in before and before[c] == config),
    )
