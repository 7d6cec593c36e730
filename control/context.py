"""What handlers may use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qbitrr.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.config import Loaded
    from qbitrr.state.database import Database
    from supervisor.core import Supervisor
    from supervisor.intents import Intents
    from supervisor.reload import Reloader


@dataclass(slots=True)
class Faults:
    """How many requests failed in a way that nobody expected."""

    count: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a handler has. It asks the supervisor and never touches a process.

    `token` is the one that counts, generated when the configuration has none. `reloader` holds the configuration and
    takes another one, `intents` is what may be wanted of the daemon as a whole. `database` reads only. `log_folder` is
    None when no log files are written.
    """

    reloader: Reloader
    intents: Intents
    token: str = field(repr=False)
    supervisor: Supervisor
    database: Database
    log_folder: Path | None
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)

    @property
    def loaded(self) -> Loaded:
        """The configuration that holds now."""
        return self.reloader.loaded
