"""Downloads that are too slow or stalled, and ranges of progress and size in which they have more time."""

from typing import Annotated

from msgspec import field

from qbitrr.config.model.key import Table, key

_DAY = 86400


class DownloadRange(Table, frozen=True):
    """`[[<Arr>.Torrent.Ranges]]`: other values for downloads of some progress and size."""

    from_progress: Annotated[float, key("number", "The row is for downloads from this progress on.", ge=0, le=1)] = 0.0
    up_to_progress: Annotated[float, key("number", "And up to this progress.", ge=0, le=1)] = 1.0
    from_size_bytes: Annotated[int, key("size", 'And from this size on, such as "4G".', ge=0)] = field(
        name="FromSize", default=0
    )
    up_to_size_bytes: Annotated[int, key("size", 'And up to this size. "-1": any.', ge=-1)] = field(
        name="UpToSize", default=-1
    )
    stalled_delay_seconds: Annotated[
        int,
        key("minutes", "StalledDelay of these downloads, where that is above 0 and shorter. -1: the same.", ge=-1),
    ] = field(name="StalledDelay", default=-1)
    minimum_speed_bytes_per_second: Annotated[
        int,
        key("kilobytes", "MinimumSpeed of these downloads in KB/s. -1: the same, 0: none.", ge=-1),
    ] = field(name="MinimumSpeed", default=-1)


class SpeedRules(Table, frozen=True):
    """When a download is slow by its speed, and what ranges of downloads have different."""

    minimum_speed_bytes_per_second: Annotated[
        int,
        key(
            "kilobytes",
            "Downloads below this speed in KB/s count as slow, unless a limit of qBittorrent slows them. 0: none.",
            ge=0,
        ),
    ] = field(name="MinimumSpeed", default=0)
    slow_delay_seconds: Annotated[
        int,
        key("minutes", "How long a download may be below MinimumSpeed.", ge=1),
    ] = field(name="SlowDelay", default=1800)
    ranges: Annotated[
        tuple[DownloadRange, ...],
        key("rows", "Other values by progress and size. Each is that of the first row that matches and has it."),
    ] = (DownloadRange(from_progress=0.95, stalled_delay_seconds=3 * _DAY),)
