"""How long things last.

Times stay wall-clock times whatever the speed, because those who read them compare them with a clock of their own;
only durations are shorter.
"""

from __future__ import annotations

from msgspec import Struct


class Tempo(Struct, frozen=True):
    """Durations in seconds at speed 1; at `speed` 10 downloads run ten times as fast and every wait lasts a tenth.

    The defaults are those of real programs: recordings `timeline-import` and `hub-grab-and-import`.
    """

    speed: float = 1.0
    refresh_interval: float = 60.0  # between two refreshes of the downloads, whoever asked for the last one
    refresh_delay: float = 5.0  # from a grab or an import to the refresh that follows it
    first_refresh: float = 40.0  # from the start of an Arr
    refresh: float = 0.1  # the refresh itself
    import_download: float = 0.3
    import_file: float = 0.015  # for each file of a download
    after_import: float = 0.1  # from the last file to the queue without the download
    search: float = 0.8
    queue_status_delay: float = 5.0  # from a change of the queue to the message with its numbers
    back_off: tuple[float, ...] = (60.0, 300.0, 900.0)  # from a failure of a download client to the next attempt
    album_statistics: float = 2.4e-5  # per artist of the page that is not cached, times all artists

    def seconds(self, seconds: float) -> float:
        """How long something lasts that lasts `seconds` at speed 1."""
        return seconds / self.speed

    def rate(self, bytes_per_second: float) -> float:
        """How fast something runs that makes `bytes_per_second` at speed 1."""
        return bytes_per_second * self.speed
