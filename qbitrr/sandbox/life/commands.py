"""An Arr's task queue: commands wait a little, run a little, end, and are forgotten after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life.records import Command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.sandbox.life.tempo import Tempo

WAIT_SECONDS = 0.2
RUN_SECONDS = 0.8
REMEMBER_SECONDS = 300.0

SCANS = {"radarr": "DownloadedMoviesScan", "sonarr": "DownloadedEpisodesScan", "lidarr": "DownloadedAlbumsScan"}
_COMMON = {"RssSync", "RefreshMonitoredDownloads"}
KNOWN = {
    "radarr": _COMMON
    | {SCANS["radarr"], "MoviesSearch", "MissingMoviesSearch", "CutoffUnmetMoviesSearch", "RefreshMovie"},
    "sonarr": _COMMON
    | {SCANS["sonarr"], "EpisodeSearch", "SeasonSearch", "SeriesSearch", "MissingEpisodeSearch"}
    | {"CutoffUnmetEpisodeSearch", "RefreshSeries"},
    "lidarr": _COMMON
    | {SCANS["lidarr"], "AlbumSearch", "ArtistSearch", "MissingAlbumSearch", "CutoffUnmetAlbumSearch"}
    | {"RefreshArtist"},
}


class CommandQueue:
    """Commands by id."""

    def __init__(self, tempo: Tempo) -> None:
        self.commands: dict[int, Command] = {}
        self._tempo = tempo
        self._next_id = 1

    def post(self, name: str, body: Mapping[str, Any], now: float, trigger: str = "manual") -> Command:
        """Line up a command; one that is lined up or running already is not doubled."""
        for command in self.commands.values():
            if command.ended is None and command.name == name and command.body == body:
                return command
        command = Command(self._next_id, name, dict(body), queued=now, trigger=trigger)
        self._next_id += 1
        self.commands[command.id] = command
        return command

    def advance(self, now: float) -> list[Command]:
        """Start and forget commands as time passes; returns those whose work is to be done now, oldest first."""
        done = []
        for command in list(self.commands.values()):
            if command.started is None and now >= (start := command.queued + self._tempo.seconds(WAIT_SECONDS)):
                command.status, command.started = "started", start
            if command.ended is not None:
                if now - command.ended > REMEMBER_SECONDS:
                    del self.commands[command.id]
            elif command.started is not None:
                end = command.started + self._tempo.seconds(RUN_SECONDS)
                if now >= end:
                    command.ended = end
                    done.append(command)
        return done
