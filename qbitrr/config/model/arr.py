"""`[Radarr-…]`, `[Sonarr-…]`, `[Lidarr-…]`: one Arr, how it is searched and how its torrents are judged."""

from typing import Annotated, Literal

from msgspec import field

from qbitrr.config.model.downloads import SpeedRules
from qbitrr.config.model.key import ArrKind, Table, key
from qbitrr.config.model.seeding import MakeRoom, SeedingMode, TrackerRow

ImportMode = Literal["Auto", "Move", "Copy"]
Superseded = Literal["off", "replaced", "all"]
MessageMatch = Literal["begins", "contains", "regex"]
MessageAction = Literal["fail", "tag", "ask"]
SearchBySeries = Literal["smart", "true", "false"]

_VIDEO: tuple[ArrKind, ...] = ("radarr", "sonarr")
_SERIES: tuple[ArrKind, ...] = ("sonarr",)


class Ombi(Table, frozen=True):
    """`[<Arr>.EntrySearch.Ombi]`."""

    search_requests: Annotated[bool, key("flag", "Search what was requested in Ombi first.")] = field(
        name="SearchOmbiRequests", default=False
    )
    uri: Annotated[str, key("url", "Address of Ombi.", fill_in=True)] = field(name="OmbiURI", default="")
    api_key: Annotated[str, key("text", "Its API key.", fill_in=True, secret=True)] = field(
        name="OmbiAPIKey", default=""
    )
    approved_only: Annotated[bool, key("flag", "Only approved requests.")] = True
    skip_tls_verify: Annotated[bool, key("flag", "Do not check its certificate.")] = field(
        name="SkipTLSVerify", default=False
    )

    @property
    def active(self) -> bool:
        """Whether it is switched on and complete."""
        return bool(self.search_requests and self.uri and self.api_key)


class Overseerr(Table, frozen=True):
    """`[<Arr>.EntrySearch.Overseerr]`: Overseerr, Jellyseerr or Seerr; wins over Ombi when both are on."""

    search_requests: Annotated[
        bool,
        key("flag", "Search what was requested in Overseerr, Jellyseerr or Seerr first."),
    ] = field(name="SearchOverseerrRequests", default=False)
    uri: Annotated[str, key("url", "Address of Overseerr.", fill_in=True)] = field(name="OverseerrURI", default="")
    api_key: Annotated[str, key("text", "Its API key.", fill_in=True, secret=True)] = field(
        name="OverseerrAPIKey", default=""
    )
    approved_only: Annotated[bool, key("flag", "Only approved requests.")] = True
    skip_tls_verify: Annotated[bool, key("flag", "Do not check its certificate.")] = field(
        name="SkipTLSVerify", default=False
    )
    is_4k: Annotated[
        bool,
        key("flag", "true: only 4K requests, false: only the others. Default: by the section name."),
    ] = field(name="Is4K", default=False)

    @property
    def active(self) -> bool:
        """Whether it is switched on and complete."""
        return bool(self.search_requests and self.uri and self.api_key)


class EntrySearch(Table, frozen=True):
    """`[<Arr>.EntrySearch]`: what is searched, and when."""

    search_missing: Annotated[
        bool,
        key(
            "flag",
            "Search what is missing. Nothing is searched when false. "
            "For the Arr it is a search by hand: delay profiles do not count.",
        ),
    ] = True
    also_search_specials: Annotated[bool, key("flag", "Season 0 too.", kinds=_SERIES)] = False
    unmonitored: Annotated[bool, key("flag", "What is not monitored too.")] = False
    include_tags: Annotated[
        tuple[str, ...],
        key("name", "Search only what has one of these tags in the Arr. None: everything."),
    ] = ()
    exclude_tags: Annotated[
        tuple[str, ...],
        key("name", "Never search what has one of these tags in the Arr, whatever IncludeTags says."),
    ] = ()
    search_limit: Annotated[
        int,
        key("integer", "Searches that may run in the Arr at the same time. 0: never search.", ge=0),
    ] = 5
    searches_per_hour: Annotated[
        int,
        key("integer", "Most searches of this Arr within an hour, however often qbitrr is restarted.", ge=1),
    ] = 30
    search_window: Annotated[
        str,
        key("window", 'Search only in this part of the day, local time: "22:00-07:00". Empty: always.'),
    ] = ""
    search_queue_limit: Annotated[
        int,
        key("integer", "Search nothing while the Arr downloads more than this. 0: no limit.", ge=0),
    ] = 100
    search_cooldown_seconds: Annotated[
        int,
        key("days", "Wait before something that has a file is searched again.", ge=0),
    ] = field(name="SearchCooldown", default=7 * 86400)
    season_search_rest_seconds: Annotated[
        int,
        key(
            "days",
            "With SearchBySeries smart: how long a season of which a search found nothing is searched by its episodes "
            "only. 0: it stays a season.",
            ge=0,
            le=365 * 86400,
            kinds=_SERIES,
        ),
    ] = field(name="SeasonSearchRest", default=14 * 86400)
    retry_after_release_seconds: Annotated[
        int,
        key(
            "days",
            "For so long after its release what is missing is searched again after 3, 6, 12… hours instead of days. "
            "0: no sooner.",
            ge=0,
            le=90 * 86400,
        ),
    ] = field(name="RetryAfterRelease", default=2 * 86400)
    search_by_year: Annotated[bool, key("flag", "Go through the library year by year.", kinds=_VIDEO)] = True
    search_in_reverse: Annotated[bool, key("flag", "Newest years first instead of oldest first.")] = False
    search_requests_every_seconds: Annotated[
        int,
        key("seconds", "Time between two checks for new requests.", ge=0, kinds=_VIDEO, meaning={"0": 1}),
    ] = field(name="SearchRequestsEvery", default=300)
    do_upgrade_search: Annotated[bool, key("flag", "Search better releases of what has a file.")] = False
    quality_unmet_search: Annotated[bool, key("flag", "Search what is below the quality cutoff.")] = False
    custom_format_unmet_search: Annotated[
        bool,
        key("flag", "Search what is below the custom format score; torrents that score worse are removed."),
    ] = False
    force_minimum_custom_format: Annotated[
        bool,
        key("flag", "Remove torrents below the minimum custom format score."),
    ] = False
    search_again_on_search_completion: Annotated[
        bool,
        key("flag", "Start over once everything was searched."),
    ] = True
    use_temp_for_missing: Annotated[
        bool,
        key("flag", "Switch what is missing to a temporary quality profile.", change="worker"),
    ] = False
    keep_temp_profile: Annotated[bool, key("flag", "Never switch back.", change="worker")] = False
    quality_profile_mappings: Annotated[
        dict[str, str],
        key("mapping", 'Temporary profile for each main profile: { "HD" = "Any" }.', change="worker"),
    ] = field(default_factory=dict)
    force_reset_temp_profiles: Annotated[
        bool,
        key("flag", "Switch everything back to its main profile at start.", change="worker"),
    ] = False
    temp_profile_reset_timeout_seconds: Annotated[
        int,
        key("minutes", "Time after which a profile is switched back. 0: never.", ge=0, change="worker"),
    ] = field(name="TempProfileResetTimeoutMinutes", default=0)
    profile_switch_retry_attempts: Annotated[
        int,
        key("integer", "Tries to switch a profile. 0 is read as 1.", ge=0, change="worker", meaning={"0": 1}),
    ] = 3
    search_by_series: Annotated[
        SearchBySeries,
        key(
            "choice",
            "Whole series (true), single episodes (false), or by what is missing (smart). "
            "Sonarr searches all that is monitored of a series or season.",
            kinds=_SERIES,
            meaning={"1": "true", "0": "false"},
        ),
    ] = "smart"
    prioritize_todays_releases: Annotated[bool, key("flag", "Episodes of today first.", kinds=_SERIES)] = True
    ombi: Annotated[Ombi, key("table", "Requests from Ombi.", kinds=_VIDEO)] = Ombi()
    overseerr: Annotated[
        Overseerr,
        key("table", "Requests from Overseerr, Jellyseerr or Seerr.", kinds=_VIDEO),
    ] = Overseerr()


class TorrentRules(Table, frozen=True):
    """`[<Arr>.Torrent]`: how the torrents of the Arr's category are judged."""

    case_sensitive_matches: Annotated[bool, key("flag", "Upper and lower case matter in the patterns.")] = False
    folder_exclusion_regex: Annotated[
        tuple[str, ...],
        key("pattern", "Files below a folder that matches are not downloaded."),
    ] = ()
    file_name_exclusion_regex: Annotated[
        tuple[str, ...],
        key("pattern", "Files whose name matches are not downloaded."),
    ] = ()
    file_extension_allowlist: Annotated[
        tuple[str, ...],
        key("extension", "Only files with these extensions are downloaded. None: all."),
    ] = ()
    fail_archives: Annotated[
        bool,
        key("flag", "A torrent with nothing but archives to import has failed, as nothing here unpacks them."),
    ] = False
    auto_delete: Annotated[bool, key("flag", "Delete a torrent's excluded files from disk.")] = False
    ignore_torrents_younger_than_seconds: Annotated[
        int,
        key(
            "seconds",
            "Rules about time leave younger torrents alone; files are judged at once. Default: as in [Settings].",
            ge=0,
        ),
    ] = field(name="IgnoreTorrentsYoungerThan", default=180)
    maximum_eta_seconds: Annotated[
        int,
        key("seconds", "Torrents that would take longer count as slow. -1: none.", ge=-1),
    ] = field(name="MaximumETA", default=-1)
    maximum_deletable_percentage: Annotated[
        float,
        key("number", "Above this progress a torrent is never removed for being slow or unavailable.", ge=0, le=1),
    ] = 0.99
    do_not_remove_slow: Annotated[bool, key("flag", "Keep slow torrents.")] = True
    speed: Annotated[SpeedRules, key("inline", "Slow downloads, and ranges of downloads.")] = SpeedRules()
    stalled_delay_seconds: Annotated[
        int,
        key("minutes", "How long a stalled download may stay. -1: without limit, 0: tag it, never remove it.", ge=-1),
    ] = field(name="StalledDelay", default=900)
    research_stalled: Annotated[
        bool,
        key("flag", "Blocklist and search again as soon as a download stalls, and keep it meanwhile."),
    ] = field(name="ReSearchStalled", default=False)
    verify_media: Annotated[
        bool,
        key("flag", "Ask ffprobe, when it is installed, whether media can be played before they are imported."),
    ] = True
    strikes: Annotated[
        int,
        key("integer", "Observations, spread over its delay, that a rule needs before it removes a download.", ge=1),
    ] = 3
    max_failed_grabs_per_day: Annotated[
        int,
        key("integer", "Once so many downloads of one item failed within a day, further ones stay. 0: no limit.", ge=0),
    ] = 5
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
    remove_unregistered: Annotated[
        bool,
        key("flag", "Remove imported torrents that none of their trackers knows any more."),
    ] = False
    remove_superseded: Annotated[
        Superseded,
        key(
            "choice",
            "Remove imported torrents whose files later imports replaced. all: also those whose items were deleted.",
        ),
    ] = "off"
    make_room: Annotated[MakeRoom, key("table", "Seeds that go when downloads of this Arr wait for space.")] = (
        MakeRoom()
    )
    trackers: Annotated[
        tuple[TrackerRow, ...],
        key("rows", "Rows for single trackers; a row replaces the one of [qBit] with the same URI."),
    ] = ()
    seeding: Annotated[SeedingMode, key("table", "Seeding limits of this Arr's torrents.")] = field(
        name="SeedingMode", default=SeedingMode()
    )


class MessageRow(Table, frozen=True):
    """`[[<Arr>.Messages]]`: what comes of a message of the Arr about a file that it refuses."""

    text: Annotated[str, key("text", "What the message has.")] = ""
    match: Annotated[
        MessageMatch,
        key("choice", "The message begins with it, contains it, or matches it as a regular expression (regex)."),
    ] = "begins"
    action: Annotated[
        MessageAction,
        key("choice", "fail: blocklist, remove and search again. tag: qBitrr-useless. ask: ask you first."),
    ] = "fail"
    delay_seconds: Annotated[
        int,
        key("minutes", "The Arr has to refuse the download for so long, over Strikes, before it counts.", ge=0),
    ] = field(name="Delay", default=0)


class Arr(Table, frozen=True):
    """One Arr. `section` is its name in the file, `category` its id in qBittorrent and in the API."""

    section: str
    kind: ArrKind
    managed: Annotated[bool, key("flag", "false: leave this Arr alone.", change="worker")] = True
    uri: Annotated[
        str,
        key("url", "Address of the Arr; not the same in two sections.", change="worker", fill_in=True),
    ] = field(name="URI", default="")
    api_key: Annotated[
        str,
        key("text", "Its API key, shown there under Settings, General.", change="worker", fill_in=True, secret=True),
    ] = field(name="APIKey", default="")
    skip_tls_verify: Annotated[bool, key("flag", "Do not check its certificate.", change="worker")] = field(
        name="SkipTLSVerify", default=False
    )
    category: Annotated[
        str,
        key("category", "Category that the Arr uses in qBittorrent. Default: the section name.", change="worker"),
    ] = ""
    research: Annotated[bool, key("flag", "Search again after a failed download.")] = field(
        name="ReSearch", default=True
    )
    import_mode: Annotated[
        ImportMode,
        key(
            "choice",
            "How the Arr imports what it has to be sent to. Auto: it copies; what it imports by itself is up to it.",
            change="worker",
            meaning={"hardlink": "Auto"},
        ),
    ] = field(name="importMode", default="Auto")
    rss_sync_seconds: Annotated[
        int,
        key("minutes", "Time between two RSS syncs of the Arr. 0: none from here.", ge=0),
    ] = field(name="RssSyncTimer", default=900)
    refresh_downloads_seconds: Annotated[
        int,
        key("minutes", "Time between two refreshes of the Arr's download queue. 0: none from here.", ge=0),
    ] = field(name="RefreshDownloadsTimer", default=300)
    error_messages_to_blocklist: Annotated[
        tuple[str, ...],
        key("text", "Messages in the Arr's queue that mark a download as failed; their beginning is enough."),
    ] = field(name="ArrErrorCodesToBlocklist", default=())
    messages: Annotated[
        tuple[MessageRow, ...],
        key("rows", "What comes of other messages. The first row that matches decides, else ArrErrorCodesToBlocklist."),
    ] = ()
    shadow: Annotated[
        bool,
        key("flag", "Change nothing for this Arr, only record what would be done.", change="worker"),
    ] = False
    match_subcategories: Annotated[
        bool | None,
        key("flag", "The category stands for its sub-categories too. Left out: as in [qBit]."),
    ] = None
    entry_search: Annotated[EntrySearch, key("table", "What is searched, and when.")] = field(
        default_factory=EntrySearch
    )
    torrent: Annotated[TorrentRules, key("table", "How the torrents of the category are judged.")] = field(
        default_factory=TorrentRules
    )

    @property
    def complete(self) -> bool:
        """Whether everything is filled in that is needed to reach it."""
        return bool(self.uri and self.api_key)
