"""`[Settings.Orphans]`: files in the folders of categories that no torrent knows."""

from typing import Annotated, Literal

from msgspec import field

from qbitrr.config.model.key import Table, key

OrphanMode = Literal["off", "shadow", "ask", "act"]
_DAY = 86400


class Orphans(Table, frozen=True):
    """`[Settings.Orphans]`."""

    mode: Annotated[
        OrphanMode,
        key(
            "choice",
            "Files in the folders of categories that no torrent of any qBittorrent knows. shadow: they are listed. "
            "ask: you are asked, act: without asking, and they are moved into .qbitrr-orphans beside them.",
        ),
    ] = "off"
    minimum_age_seconds: Annotated[
        int,
        key("days", "For so long a file has to be unknown and unchanged before it is moved or asked about.", ge=_DAY),
    ] = field(name="MinimumAge", default=14 * _DAY)
    kept_seconds: Annotated[
        int,
        key("days", "Moved files are deleted after so long, until when they can be restored. -1: never.", ge=-1),
    ] = field(name="PurgeAfter", default=30 * _DAY)
    spared: Annotated[
        tuple[str, ...],
        key("text", 'Files and folders that are no orphans: "*.nfo", "keep/*". Upper and lower case are the same.'),
    ] = field(name="Spare", default=())
    files_per_day: Annotated[
        int,
        key("integer", "Most files that are moved within a day, and most that are deleted.", ge=1),
    ] = field(name="MaxFilesPerDay", default=100)
    bytes_per_day: Annotated[
        int,
        key("size", "Most bytes that are moved within a day, and most that are deleted.", ge=1),
    ] = field(name="MaxBytesPerDay", default=100 * 2**30)
    share: Annotated[
        float,
        key("number", "Nothing is moved out of a folder of which a larger share than this is unknown.", ge=0, le=1),
    ] = field(name="MaxShare", default=0.1)
