"""Limits of memory for each worker, where the service manager delegates control groups; cgroups(7), version 2.

`memory.high` slows a process down that needs more, and takes unused pages from it, before the service runs out of
memory. A worker that gets nowhere then is replaced, as any that hangs. A group that has groups below it holds no
process itself, so the supervisor moves into one of its own.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from qbitrr import logs
from supervisor.memory_kills import SUPERVISOR, own_group

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_log = logs.get(__name__)

_SERVICE = ".service"  # only the group of a service is ours alone


class WorkerMemory:
    """The control groups of workers below the group of the service; nothing is done without `group`."""

    def __init__(self, group: Path | None = None) -> None:
        self._group = group

    def limit(self, pid: int, high_bytes: int) -> None:
        """Put a process, which has just been forked, into a group with a limit."""
        if self._group is None or high_bytes < 0:
            return
        group = self._of(self._group, pid)
        try:
            group.mkdir(exist_ok=True)
            (group / "memory.high").write_text(str(high_bytes))
            (group / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            _log.warning("memory of a worker was not limited", pid=pid, error=str(error))
            self.forget(pid)

    def forget(self, pid: int) -> None:
        """Remove the group of a process that ended."""
        if self._group is not None:
            with suppress(OSError):  # it has none, or something that it started lives on
                self._of(self._group, pid).rmdir()

    @staticmethod
    def _of(group: Path, pid: int) -> Path:
        return group / f"worker-{pid}"


def delegated(own: Collection[int], found: Path | None = None) -> WorkerMemory:
    """Prepare the group of the service for groups of workers, if it is delegated; `own` are all processes in it.

    Groups that earlier processes left are removed. `found` is the group of this process.
    """
    found = own_group() if found is None else found
    group = found if found is None or found.name != SUPERVISOR else found.parent
    if group is None or not group.name.endswith(_SERVICE) or not os.access(group / "cgroup.subtree_control", os.W_OK):
        return WorkerMemory()
    try:
        inside = {int(pid) for pid in (group / "cgroup.procs").read_text().split()}
        if not inside <= set(own):
            return WorkerMemory()
        (group / SUPERVISOR).mkdir(exist_ok=True)
        for pid in inside:
            (group / SUPERVISOR / "cgroup.procs").write_text(str(pid))
        (group / "cgroup.subtree_control").write_text("+memory")
    except (OSError, ValueError) as error:
        _log.warning("memory of workers cannot be limited", group=str(group), error=str(error))
        return WorkerMemory()
    for left in group.glob("worker-*"):
        with suppress(OSError):  # in use
            left.rmdir()
    return WorkerMemory(group)
