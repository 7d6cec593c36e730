"""What handlers work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from control.auth.passwords import Passwords
from control.web.errors import Faults
from control.web.response_cache import LatestAnswer, ResponseCache
from control.web.sse import OpenStreams
from qbitrr.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path

    from control.auth.access import Access
    from control.auth.audit_trail import AuditTrail
    from control.auth.login_link import LoginLink
    from control.config_editor import ConfigEditor
    from control.events import Events
    from qbitrr.config import Loaded
    from qbitrr.state.database import Database
    from qbitrr.update.check import Checker
    from supervisor.config_reload import ConfigReload
    from supervisor.own_tasks import OwnTasks
    from supervisor.self_update import SelfUpdate
    from supervisor.signals import Commands
    from supervisor.workers import Workers


@dataclass(frozen=True, slots=True)
class HandlerContext:
    """The daemon as handlers see it. They ask the supervisor and never touch a process.

    `database` reads only. `log_folder` is None when no log files are written, `login_link` after the first start.
    """

    access: Access
    audit: AuditTrail
    config_reload: ConfigReload
    config_editor: ConfigEditor
    commands: Commands
    workers: Workers
    own_tasks: OwnTasks
    checker: Checker
    self_update: SelfUpdate
    events: Events
    database: Database
    log_folder: Path | None
    login_link: LoginLink | None = None
    clock: Clock = field(default_factory=Clock)
    passwords: Passwords = field(default_factory=Passwords)
    faults: Faults = field(default_factory=Faults)
    streams: OpenStreams = field(default_factory=OpenStreams)
    process_list: LatestAnswer = field(default_factory=LatestAnswer)
    lists: ResponseCache = field(init=False)

    def __post_init__(self) -> None:
        """Build the cache on the version of the state file."""
        object.__setattr__(self, "lists", ResponseCache(self.database.data_version, self.clock))

    @property
    def loaded(self) -> Loaded:
        """The configuration as it is now."""
        return self.config_reload.loaded
