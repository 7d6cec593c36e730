"""An Arr's task queue: commands wait for the disk, run, end, and are forgotten after a while.

Source: recordings `command-*`; one command at a time may use the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from qbitrr.sandbox.life.records import Change, Command

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from qbitrr.sandbox.life.schedule import Schedule

LISTED_SECONDS = 300.0
KEPT_SECONDS = 86_400.0

REFRESH, PROCESS, MANUAL_IMPORT = "RefreshMonitoredDownloads", "ProcessMonitoredDownloads", "ManualImport"
SCANS = {"radarr": "DownloadedMoviesScan", "sonarr": "DownloadedEpisodesScan", "lidarr": "DownloadedAlbumsScan"}
_COMMON = {"RssSync", REFRESH, PROCESS, MANUAL_IMPORT, "RenameFiles"}
KNOWN = {
    "radarr": _COMMON
    | {SCANS["radarr"], "MoviesSearch", "MissingMoviesSearch", "CutoffUnmetMoviesSearch", "RefreshMovie"},
    "sonarr": _COMMON
    | {SCANS["sonarr"], "EpisodeSearch", "SeasonSearch", "SeriesSearch", "MissingEpisodeSearch"}
    | {"CutoffUnmetEpisodeSearch", "RefreshSeries"},
    "lidarr": _COMMON
    | {SCANS["lidarr"], "AlbumSearch", "ArtistSearch", "MissingAlbumSearch", "CutoffUnmetAlbumSearch"}
    | {"RefreshArtist", "RetagFiles"},
}


class Outcome(NamedTuple):
    """How a command ended."""

    message: str | None = None
    result: str = "successful"
    status: str = "completed"
    exception: str | None = None


Work: TypeAlias = "Generator[float, None, Outcome]"
"""What a command does: it yields how many seconds each part lasts."""


def failed(exception: str) -> Outcome:
    """The outcome of a command that an exception ended."""
    return Outcome("Failed", "unknown", "failed", exception)


def uses_disk(name: str) -> bool:
    """Whether a command excludes others of its sort."""
    return name.startswith("Downloaded") or name in (PROCESS, MANUAL_IMPORT, "RenameFiles", "RetagFiles")


class CommandQueue:
    """The commands of one Arr by id. `start_work` returns what a command is to do."""

    def __init__(
        self, schedule: Schedule, start_work: Callable[[Command], Work], on_change: Callable[[Change], None]
    ) -> None:
        self.commands: dict[int, Command] = {}
        self._schedule = schedule
        self._start_work = start_work
        self._on_change = on_change
        self._next_id = 1
        self._open: list[Command] = []
        """Those that wait or run."""

    def post(self, name: str, body: Mapping[str, Any], *, trigger: str = "manual", priority: str = "normal") -> Command:
        """Line up a command; one that waits or runs with the same body is returned instead of another one."""
        for command in self._open:
            if command.name == name and command.body == body:
                return command
        command = Command(
            self._next_id, name, dict(body), self._schedule.now, trigger, priority, updates_client=trigger == "manual"
        )
        self._next_id += 1
        self.commands[command.id] = command
        self._open.append(command)
        self._schedule.after(0, self._start_waiting, "start commands")
        return command

    def listed(self) -> list[Command]:
        """Those that wait, run or ended within five minutes."""
        ended = [one for one in self.commands.values() if one.ended is not None and self._age(one) <= LISTED_SECONDS]
        return sorted([*ended, *self._open], key=lambda one: one.id)

    def get(self, command_id: int) -> Command | None:
        """One that ended within a day; its result is not kept for longer than it is listed."""
        command = self.commands.get(command_id)
        if command is not None and self._age(command) > LISTED_SECONDS:
            command.result = "unknown"
        return command

    def cancel(self, command_id: int) -> None:
        """What cancelling a waiting command in the web page does: it is listed no more and never runs."""
        self._open = [one for one in self._open if one.id != command_id]

    def restart(self) -> None:
        """The Arr starts again: what ran is orphaned, what waited runs first."""
        for command in self._open:
            if command.status == "started":
                command.status, command.ended = "orphaned", self._schedule.now
        self._open = [one for one in self._open if one.ended is None]
        self._start_waiting()

    def _age(self, command: Command) -> float:
        return 0.0 if command.ended is None else self._schedule.now - command.ended

    def _start_waiting(self) -> None:
        waiting = [one for one in self._open if one.status == "queued"]
        for command in sorted(waiting, key=lambda one: one.priority != "high"):
            if not (uses_disk(command.name) and self._disk_is_used()):
                command.status, command.started = "started", self._schedule.now
                self._go_on(command, self._start_work(command))

    def _disk_is_used(self) -> bool:
        return any(one.status == "started" and uses_disk(one.name) for one in self._open)

    def _go_on(self, command: Command, work: Work) -> None:
        try:
            seconds = next(work)
        except StopIteration as ended:
            self._end(command, ended.value)
            return
        self._schedule.after(seconds, lambda: self._go_on(command, work))

    def _end(self, command: Command, outcome: Outcome) -> None:
        command.message, command.result, command.status, command.exception = outcome
        command.ended = self._schedule.now
        self._open = [one for one in self._open if one is not command]
        self._forget()
        self._on_change(Change("system/task", "sync"))
        if command.updates_client:
            self._on_change(Change("command", "updated", command.id))
        self._start_waiting()

    def _forget(self) -> None:
        """Drop the oldest ones, which ended more than a day ago."""
        for command in list(self.commands.values())[:2]:
            if self._age(command) > KEPT_SECONDS:
                del self.commands[command.id]
