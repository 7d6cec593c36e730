"""Seeding limits, hit-and-run obligations and tracker rows, which Arrs and qBittorrent sections share.

A ratio or seeding time of 0 or less means "no limit from here". Rates are kilobytes (1024 bytes) per second in
the file and bytes per second internally: -1 keeps what is set by hand, 0 lifts the limit.
"""

from typing import Annotated, Literal

from msgspec import field

from qbitrr.config.address import host_name
from qbitrr.config.model.key import Table, key

RemoveTorrent = Literal[-1, 1, 2, 3, 4]
"""When a seeding torrent is removed: never, ratio reached, time reached, either, both."""

HitAndRunMode = Literal["disabled", "and", "or"]


class HitAndRun(Table, frozen=True):
    """What a tracker demands before a torrent may be deleted."""

    mode: Annotated[
        HitAndRunMode,
        key(
            "choice",
            "Keep a torrent until it has met the tracker's minimum ratio and / or seeding time.",
            meaning={"true": "and", "false": "disabled"},
        ),
    ] = field(name="HitAndRunMode", default="disabled")
    min_seed_ratio: Annotated[float, key("number", "Minimum ratio.", ge=0)] = 1.0
    min_seeding_seconds: Annotated[
        int,
        key("days", "Minimum seeding time. 0: only the ratio counts.", ge=0),
    ] = field(name="MinSeedingTimeDays", default=0)
    minimum_download_percent: Annotated[
        float,
        key("number", "Below this progress, in percent, nothing is owed.", ge=0, le=100),
    ] = field(name="HitAndRunMinimumDownloadPercent", default=10)
    partial_seed_ratio: Annotated[
        float,
        key("number", "Minimum ratio for a torrent that never got complete.", ge=0),
    ] = field(name="HitAndRunPartialSeedRatio", default=1.0)
    tracker_update_buffer_seconds: Annotated[
        int,
        key("seconds", "Seed this much longer, because trackers count late.", ge=0),
    ] = field(name="TrackerUpdateBuffer", default=0)


class MakeRoom(Table, frozen=True):
    """`[<Arr>.Torrent.MakeRoom]`: seeds that are removed when downloads need their space, and those that stay."""

    enabled: Annotated[
        bool,
        key("flag", "Remove seeds, those of least value first, while downloads of this Arr wait for space."),
    ] = False
    keep_seeds: Annotated[
        int,
        key("integer", "So many complete torrents of this Arr stay in any case.", ge=0),
    ] = 20
    keep_size_bytes: Annotated[
        int,
        key("size", 'And so much of them, such as "500G".', ge=0),
    ] = field(name="KeepSize", default=0)
    min_seeding_seconds: Annotated[
        int,
        key("days", "What has seeded for less stays.", ge=0),
    ] = field(name="MinSeedingTime", default=14 * 86400)
    min_seed_ratio: Annotated[float, key("number", "What has a lower ratio stays.", ge=0)] = 1.0
    min_other_seeders: Annotated[
        int,
        key(
            "integer",
            "What fewer others seed stays, also when that is not known. 0: no minimum.",
            ge=0,
        ),
    ] = 1


class SeedingLimits(Table, frozen=True):
    """Limits of the rates, the ratio and the seeding time of a torrent."""

    download_limit_bytes_per_second: Annotated[
        int,
        key("kilobytes", "Download limit per torrent in KB/s. -1: leave alone, 0: no limit.", ge=-1),
    ] = field(name="DownloadRateLimitPerTorrent", default=-1)
    upload_limit_bytes_per_second: Annotated[
        int,
        key("kilobytes", "Upload limit per torrent in KB/s. -1: leave alone, 0: no limit.", ge=-1),
    ] = field(name="UploadRateLimitPerTorrent", default=-1)
    max_upload_ratio: Annotated[float, key("number", "Ratio at which seeding may end. -1: none.", ge=-1)] = -1.0
    max_seeding_seconds: Annotated[
        int,
        key("seconds", "Seeding time after which seeding may end. -1: none.", ge=-1),
    ] = field(name="MaxSeedingTime", default=-1)
    remove_torrent: Annotated[
        RemoveTorrent,
        key(
            "choice",
            "Remove a torrent: -1 never, 1 at the ratio, 2 at the time, 3 at either, 4 at both.",
            meaning={"0": -1},
        ),
    ] = -1


class SeedingMode(SeedingLimits, frozen=True):
    """`[<Arr>.Torrent.SeedingMode]`."""

    remove_dead_trackers: Annotated[
        bool,
        key("flag", "Remove trackers from a torrent that have answered for over an hour that they do not know it."),
    ] = False
    remove_tracker_with_message: Annotated[
        tuple[str, ...],
        key("text", "Parts of other messages that mean the same. Messages about the connection never count."),
    ] = (
        "skipping tracker announce (unreachable)",
        "No such host is known",
        "unsupported URL protocol",
        "info hash is not authorized with this tracker",
    )


class CategoryRules(SeedingLimits, frozen=True):
    """Rules for the torrents of a category without an Arr."""

    stalled_delay_seconds: Annotated[
        int,
        key("minutes", "How long a stalled download may stay. -1: without limit, 0: tag it, never remove it.", ge=-1),
    ] = field(name="StalledDelay", default=-1)
    ignore_torrents_younger_than_seconds: Annotated[
        int,
        key(
            "seconds",
            "Rules about time leave younger torrents alone; files are judged at once. Default: as in [Settings].",
            ge=0,
        ),
    ] = field(name="IgnoreTorrentsYoungerThan", default=180)
    hit_and_run: Annotated[HitAndRun, key("inline", "Hit-and-run obligations of the category.")] = HitAndRun()


class CategoryRow(CategoryRules, frozen=True):
    """`[[qBit.CategorySeeding.Categories]]`: other rules for one category; what it leaves out is inherited."""

    name: Annotated[str, key("category", "The managed category that this row is about.")] = ""


class CategorySeeding(CategoryRules, frozen=True):
    """`[qBit.CategorySeeding]`: the rules for all managed categories of that qBittorrent."""

    categories: Annotated[
        tuple[CategoryRow, ...],
        key("rows", "Other rules for single categories; what a row leaves out is as above."),
    ] = ()


class TrackerRow(Table, frozen=True):
    """`[[qBit.Trackers]]`, `[[<Arr>.Torrent.Trackers]]`: what is different for torrents of one tracker.

    -1 means that the row sets nothing and the value of the category counts; so does 0, but for rates.
    """

    name: Annotated[str, key("text", "A name for your own use.")] = ""
    uri: Annotated[str, key("text", "Announce address or host name; sub-domains match too.")] = field(
        name="URI", default=""
    )
    priority: Annotated[int, key("integer", "Of several matching rows the one with the highest priority counts.")] = 0
    sort_torrents: Annotated[
        bool,
        key("flag", "Order qBittorrent's download queue by the priority of the trackers."),
    ] = False
    maximum_eta_seconds: Annotated[
        int,
        key("seconds", "Torrents that would take longer count as slow. -1 or 0: as for the category.", ge=-1),
    ] = field(name="MaximumETA", default=-1)
    download_limit_bytes_per_second: Annotated[
        int,
        key("kilobytes", "Download limit per torrent in KB/s. -1: as the category, 0: no limit.", ge=-1),
    ] = field(name="DownloadRateLimit", default=-1)
    upload_limit_bytes_per_second: Annotated[
        int,
        key("kilobytes", "Upload limit per torrent in KB/s. -1: as the category, 0: no limit.", ge=-1),
    ] = field(name="UploadRateLimit", default=-1)
    max_upload_ratio: Annotated[
        float,
        key("number", "Ratio at which seeding may end. -1 or 0: as the category.", ge=-1),
    ] = -1.0
    max_seeding_seconds: Annotated[
        int,
        key("seconds", "Seeding time after which seeding may end. -1 or 0: as the category.", ge=-1),
    ] = field(name="MaxSeedingTime", default=-1)
    add_tracker_if_missing: Annotated[
        bool,
        key("flag", "Add this tracker to public torrents that lack it."),
    ] = False
    remove_if_exists: Annotated[bool, key("flag", "Remove this tracker from all torrents.")] = False
    super_seed_mode: Annotated[bool, key("flag", "Switch super seeding on.")] = False
    add_tags: Annotated[tuple[str, ...], key("text", "Tags for torrents of this tracker.")] = ()
    hit_and_run: Annotated[HitAndRun, key("inline", "Hit-and-run obligations of the tracker.")] = HitAndRun()

    @property
    def host(self) -> str:
        """The tracker's host name without a port, lower-case; empty when the URI names none."""
        try:
            return host_name(self.uri)
        except ValueError:
            return ""
