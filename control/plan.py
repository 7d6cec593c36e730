"""What a change of the configuration comes to."""

from msgspec import Struct

from qbitrr.config.compare import Difference
from supervisor.changes import Applied


class Plan(Struct, frozen=True, rename="camel"):
    """The keys that change, what becomes of the workers, and what counts only after a restart of the daemon.

    `overridden` keys are decided by an environment variable, whatever the file says.
    """

    changed: list[Difference]
    workers: Applied
    after_restart: tuple[str, ...]
    overridden: dict[str, str]
    warnings: list[str]
    incomplete: list[str]
