"""Kills for memory: what the kernel counts in the control group of the service; cgroups(7).

Both versions of cgroups count every process of the group that was killed for memory, whoever ran out of it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_GROUP = Path("/proc/self/cgroup")
_HIERARCHIES = Path("/sys/fs/cgroup")
SUPERVISOR = "supervisor"
"""The group below that of the service that the supervisor moves into (`supervisor.worker_memory`)."""
_OBSERVE_SECONDS = 5.0
_RECENT_SECONDS = 10.0  # a machine without memory is slow: the end of the process shows late


class MemoryKills:
    """Kills that belong to no process yet whose end is known. `count` returns how many there ever were."""

    def __init__(self, count: Callable[[], int] | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._count = count or counter()
        self._monotonic = monotonic
        self._seen = self._count()
        self._unclaimed = 0
        self._grew_at = 0.0
        self._observed_at = float("-inf")

    def observe(self) -> None:
        """Note now and then how many there are; to be called every few seconds, or oftener."""
        now = self._monotonic()
        if now - self._observed_at >= _OBSERVE_SECONDS:
            self._note(now)

    def claim(self) -> bool:
        """Whether a process that was killed now was killed for memory, which the next one was not for the same kill."""
        self._note(self._monotonic())
        claimed = self._unclaimed > 0
        self._unclaimed -= claimed
        return claimed

    def _note(self, now: float) -> None:
        number = self._count()
        self._observed_at = now
        if now - self._grew_at > _RECENT_SECONDS:
            self._unclaimed = 0  # of a process that is no worker
        if number > self._seen:
            self._unclaimed += number - self._seen
            self._grew_at = now
        self._seen = number


def counter(group: Path = _GROUP, hierarchies: Path = _HIERARCHIES) -> Callable[[], int]:
    """Make a function that reads how many processes of this process's group were killed for memory.

    It returns 0 where the kernel does not count them, or does not show it.
    """
    file = next((path for path in _files(group, hierarchies) if path.exists()), None)

    def count() -> int:
        try:
            lines = [] if file is None else file.read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.partition(" ")[2]) for line in lines if line.startswith("oom_kill ")), 0)

    return count


def own_group(group: Path = _GROUP, hierarchies: Path = _HIERARCHIES) -> Path | None:
    """The folder of this process's group in the hierarchy of version 2; None without one."""
    paths = [path for _, controllers, path in _lines(group) if not controllers]
    return hierarchies / paths[0].lstrip("/") if paths else None


def _files(group: Path, hierarchies: Path) -> list[Path]:
    """Where the number can be: in the hierarchy of version 1 that counts memory, or in the one of version 2.

    In a container the path of the group may be that of the host, and its own group the top of what it sees. A group
    counts for those below it: that of the service for the supervisor's and the workers'.
    """
    first = [path for _, controllers, path in _lines(group) if "memory" in controllers.split(",")]
    if first:
        memory = hierarchies / "memory"
        return [folder / "memory.oom_control" for folder in (memory / first[0].lstrip("/"), memory)]
    own = own_group(group, hierarchies)
    if own is None:
        return []
    service = own.parent if own.name == SUPERVISOR else own
    return [folder / "memory.events" for folder in (service, hierarchies)]


def _lines(group: Path) -> list[list[str]]:
    try:
        return [line.split(":", 2) for line in group.read_text().splitlines()]
    except OSError:
        return []
