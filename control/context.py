"""What handlers may use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Raw

from control.auth.throttle import LoginThrottle
from control.web.response_cache import ResponseCache
from control.web.sse import Slots
from qbitrr.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path

    from control.config_editor import ConfigEditor
    from control.events import Events
    from qbitrr.config import Loaded
    from qbitrr.state.database import Database
    from qbitrr.update.check import Checker
    from supervisor.config_reload import ConfigReload
    from supervisor.self_update import SelfUpdate
    from supervisor.signals import Commands
    from supervisor.workers import Workers


@dataclass(slots=True)
class Faults:
    """How many requests failed in a way that nobody expected."""

    count: int = 0


@dataclass(slots=True)
class Listing:
    """The list of processes as it was told last, in JSON, and what it was made of."""

    made_of: tuple[object, ...] = ()
    text: Raw = field(default_factory=Raw)


@dataclass(frozen=True, slots=True)
class HandlerContext:
    """Everything a handler has. It asks the supervisor and never touches a process.

    `made_token` counts when the configuration has none. `reloader` holds the configuration and takes another one,
    `checker` knows the newest version and `updater` takes it,
    `editor` changes its file, `intents` is what may be wanted of the daemon as a whole, `events` tells what happens.
    `database` reads only. `log_folder` is None when no log files are written.
    """

    config_reload: ConfigReload
    checker: Checker
    self_update: SelfUpdate
    commands: Commands
    config_editor: ConfigEditor
    events: Events
    made_token: str = field(repr=False)
    supervisor: Workers
    database: Database
    log_folder: Path | None
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    listing: Listing = field(default_factory=Listing)
    login_throttle: LoginThrottle = field(default_factory=LoginThrottle)
    streams: Slots = field(default_factory=Slots)
    pages: ResponseCache = field(init=False)

    def __post_init__(self) -> None:
        """The cache reads from the same file as everything else."""
        object.__setattr__(self, "pages", ResponseCache(self.database, self.clock))

    @property
    def loaded(self) -> Loaded:
        """The configuration that holds now."""
        return self.config_reload.loaded

    @property
    def token(self) -> str:
        """The token that counts now."""
        return self.loaded.config.webui.token or self.made_token
