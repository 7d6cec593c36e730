"""`[Settings]`: what holds for the whole daemon."""

from typing import Annotated, Literal

from msgspec import field

from qbitrr.config.model.downloads import SpeedRules
from qbitrr.config.model.key import Table, key
from qbitrr.config.model.orphans import Orphans

ConsoleLevel = Literal["CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "TRACE"]
UpdateChannel = Literal["latest", "stable", "nightly"]


class ManagedTorrents(Table, frozen=True):
    """`[Settings.Torrent]`: torrents in categories that belong to no Arr."""

    maximum_eta_seconds: Annotated[
        int,
        key("seconds", "Torrents of managed categories that would take longer count as slow. -1: none.", ge=-1),
    ] = field(name="MaximumETA", default=-1)
    maximum_deletable_percentage: Annotated[
        float,
        key("number", "Above this progress such a torrent is never removed for being slow.", ge=0, le=1),
    ] = 0.99
    speed: Annotated[SpeedRules, key("inline", "Slow downloads, and ranges of downloads.")] = SpeedRules()
    private_policy: Annotated[
        dict[str, str],
        key(
            "mapping",
            "What single rules may do to private torrents: act, ask, tag, shadow or off, as docs/rules.md has it. "
            'Rules that fail a torrent are off otherwise, or as default says: { stalled = "ask", default = "tag" }.',
        ),
    ] = field(default_factory=dict)
    public_policy: Annotated[
        dict[str, str],
        key("mapping", 'The same for public torrents, for which all rules act otherwise: { slow = "ask" }.'),
    ] = field(default_factory=dict)


class Settings(Table, frozen=True):
    """`[Settings]`."""

    console_level: Annotated[ConsoleLevel, key("choice", "How much is logged, on the console and in files.")] = "INFO"
    logging: Annotated[bool, key("flag", "Write log files too.", change="daemon")] = True
    completed_download_folder: Annotated[
        str,
        key("text", "Folder in which qBittorrent puts finished downloads, as seen from here.", fill_in=True),
    ] = ""
    free_space_bytes: Annotated[
        int,
        key("size", 'Space to keep free, such as "50G"; downloads that would not fit wait. "-1": no guard.', ge=-1),
    ] = field(name="FreeSpace", default=-1)
    free_space_folder: Annotated[
        str,
        key(
            "text",
            "Folder on the disk that the guard measures. Not filled in: CompletedDownloadFolder.",
            fill_in=True,
        ),
    ] = ""
    auto_pause_resume: Annotated[
        bool,
        key("flag", "May torrents be paused and resumed at all? false also switches the free space guard off."),
    ] = True
    no_internet_sleep_seconds: Annotated[int, key("seconds", "Wait while there is no internet.", ge=0)] = field(
        name="NoInternetSleepTimer", default=15
    )
    loop_sleep_seconds: Annotated[
        int,
        key("seconds", "Pause between two passes over the torrents. 0 is read as 1.", ge=0, meaning={"0": 1}),
    ] = field(name="LoopSleepTimer", default=5)
    search_loop_delay_seconds: Annotated[
        int,
        key("seconds", "Pause between two searches. -1 is read as 30.", ge=0, meaning={"-1": 30}),
    ] = field(name="SearchLoopDelay", default=30)
    searches_per_hour: Annotated[
        int,
        key("integer", "Most searches of all Arrs together within an hour.", ge=1),
    ] = 60
    failed_category: Annotated[
        str,
        key(
            "category",
            "A torrent that you put into this category is blocklisted, deleted and searched again.",
            change="worker",
        ),
    ] = "failed"
    recheck_category: Annotated[
        str,
        key(
            "category",
            "A torrent that you put into this category is rechecked and goes back to where it was.",
            change="worker",
        ),
    ] = "recheck"
    tagless: Annotated[
        bool,
        key("flag", "Remember states in the state file instead of tags in qBittorrent.", change="worker"),
    ] = False
    ignore_torrents_younger_than_seconds: Annotated[
        int,
        key("seconds", "Rules about time leave younger torrents alone; files are judged at once.", ge=0),
    ] = field(name="IgnoreTorrentsYoungerThan", default=180)
    protect_tags: Annotated[
        tuple[str, ...],
        key("text", "Tags that keep qbitrr from a torrent, besides qBitrr-ignored.", change="worker"),
    ] = ()
    quarantine_seconds: Annotated[
        int,
        key("seconds", "A removal first stops and tags the torrent, and can be undone this long. 0: at once.", ge=0),
    ] = field(name="Quarantine", default=0)
    max_destructive_actions: Annotated[
        int,
        key("integer", "More removals in a category within ten minutes wait for your approval.", ge=1),
    ] = 10
    max_destructive_share: Annotated[
        float,
        key("number", "So do five and more that are a larger share of its torrents than this.", ge=0, le=1),
    ] = 0.5
    decisions_kept_days: Annotated[
        int,
        key(
            "integer",
            "Decisions on torrents that are gone are dropped after so many days; their totals stay. 0: kept.",
            ge=0,
        ),
    ] = 90
    shadow: Annotated[
        bool,
        key("flag", "Change nothing anywhere, only record what would be done.", change="worker"),
    ] = False
    ping_urls: Annotated[
        tuple[str, ...],
        key(
            "host",
            "Hosts that show whether there is internet when qBittorrent is not sure. None, as for a machine in a LAN "
            "without internet of its own: its status counts.",
        ),
    ] = field(name="PingURLS", default=("one.one.one.one", "dns.google.com"))
    ffprobe_auto_update: Annotated[
        bool,
        key("flag", "Kept for older files. The ffprobe of the system is used, none is downloaded."),
    ] = field(name="FFprobeAutoUpdate", default=False)
    auto_update_enabled: Annotated[bool, key("flag", "Update qbitrr by itself.")] = False
    auto_update_cron: Annotated[str, key("cron", "When to check for an update, in local time.")] = "0 3 * * 0"
    auto_update_channel: Annotated[UpdateChannel, key("choice", "Which releases count as an update.")] = "latest"
    update_index: Annotated[
        str,
        key("url", "Package index with the updates. Empty: the one that pip is configured for."),
    ] = ""
    update_key: Annotated[
        tuple[str, ...],
        key("text", "Public keys of which one must have signed an update. None: those of the package."),
    ] = ()
    releases_url: Annotated[
        str,
        key("url", "Where the notes of releases are, as a list in the form of GitHub's API. Empty: none."),
    ] = field(name="ReleasesURL", default="")
    auto_restart_processes: Annotated[bool, key("flag", "Restart workers that end by themselves.")] = True
    max_process_restarts: Annotated[
        int,
        key("integer", "Restarts of one worker within the window before it is only tried now and then.", ge=1),
    ] = 5
    process_restart_window_seconds: Annotated[
        int,
        key("seconds", "The window in which restarts are counted.", ge=0),
    ] = field(name="ProcessRestartWindow", default=300)
    process_restart_delay_seconds: Annotated[
        int,
        key("seconds", "Wait before the second restart; grows with each further one.", ge=0),
    ] = field(name="ProcessRestartDelay", default=5)
    process_spawn_timeout_seconds: Annotated[
        int,
        key("seconds", "Time that a worker has to get ready.", ge=1),
    ] = field(name="ProcessSpawnTimeoutSeconds", default=30)
    worker_memory_high_bytes: Annotated[
        int,
        key(
            "size",
            'Memory beyond which a worker is slowed down, as a service with control groups of its own. "-1": no limit.',
            ge=-1,
        ),
    ] = field(name="WorkerMemoryHigh", default=512 * 2**20)
    orphans: Annotated[
        Orphans,
        key("table", "Files that no torrent knows, in the folders of categories as this machine sees them."),
    ] = Orphans()
    torrent: Annotated[
        ManagedTorrents,
        key("table", "Torrents in the managed categories of [qBit], which belong to no Arr."),
    ] = field(default_factory=ManagedTorrents)
