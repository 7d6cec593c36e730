"""What handlers work with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from control.auth.passwords import Passwords
from control.outbox import MessageCounts
from control.peers import Peers
from control.posters import Posters
from control.web.budget import Budget
from control.web.errors import Faults
from control.web.read_queue import ReadQueue
from control.web.response_cache import LatestAnswer, ResponseCache
from qbitrr.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path

    from control.auth.access import Access
    from control.auth.answer_links import AnswerLinks
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

MOST_ANSWER_BYTES = 32 << 20
MOST_ANSWER_BYTES_OF_A_CLIENT = 12 << 20
MOST_BODY_BYTES = 8 << 20
MOST_BODY_BYTES_OF_A_CLIENT = 2 << 20
MOST_STREAMS = 64
MOST_STREAMS_OF_A_CLIENT = 16


def _answers() -> Budget:
    return Budget("bytes on their way", MOST_ANSWER_BYTES, MOST_ANSWER_BYTES_OF_A_CLIENT)


def _bodies() -> Budget:
    return Budget("large bodies", MOST_BODY_BYTES, MOST_BODY_BYTES_OF_A_CLIENT)


def _streams() -> Budget:
    return Budget("streams", MOST_STREAMS, MOST_STREAMS_OF_A_CLIENT)


@dataclass(frozen=True, slots=True)
class HandlerContext:
    """The daemon as handlers see it. They ask the supervisor and never touch a process.

    `answers` and `bodies` are the bytes of large answers and requests on their way, `streams` the open event and log
    streams; `files`, `queries` and `pictures` are the queues of what reads much of files, the state file and the Arrs.
    `answer_links` are those in messages. `tool_calls` counts the calls of assistants by tool, and whether they failed.
    `database` reads only. `log_folder` is None when no log files are written, `login_link` after the first start.
    """

    access: Access
    audit: AuditTrail
    answer_links: AnswerLinks
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
    messages: MessageCounts = field(default_factory=MessageCounts)
    tool_calls: Counter[tuple[str, bool]] = field(default_factory=Counter)
    answers: Budget = field(default_factory=_answers)
    bodies: Budget = field(default_factory=_bodies)
    streams: Budget = field(default_factory=_streams)
    files: ReadQueue = field(default_factory=lambda: ReadQueue("files", at_once=2))
    queries: ReadQueue = field(default_factory=lambda: ReadQueue("queries", at_once=1))
    pictures: ReadQueue = field(default_factory=lambda: ReadQueue("pictures", at_once=4))
    peers: Peers = field(init=False)
    posters: Posters = field(init=False)
    process_list: LatestAnswer = field(default_factory=LatestAnswer)
    lists: ResponseCache = field(init=False)

    def __post_init__(self) -> None:
        """Build the caches, that of lists on the version of the state file."""
        object.__setattr__(self, "peers", Peers(self.clock))
        object.__setattr__(self, "posters", Posters(self.clock))
        object.__setattr__(self, "lists", ResponseCache(self.database.data_version, self.clock))

    def close(self) -> None:
        """Finish what all threads are doing. Blocking.

        A thread that goes on while the process restarts in place would close descriptors that are handed over.
        """
        queues = (self.files, self.queries, self.pictures)
        for each in (self.audit, self.answer_links, self.access, self.passwords, *queues):
            each.close()

    @property
    def loaded(self) -> Loaded:
        """The configuration as it is now."""
        return self.config_reload.loaded
