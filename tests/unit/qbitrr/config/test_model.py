from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from qbitrr.config.model import Arr, Config, QBit, Settings, TrackerRow, WebUI, runnable_arrs, runnable_qbits
from qbitrr.config.model.key import Change, Form, Key, Table, key_paths
from qbitrr.config.values import read_value, write_value

SECTIONS: dict[str, type[Table]] = {"Settings": Settings, "WebUI": WebUI, "qBit": QBit, "Arr": Arr}
EVERY_KEY = [(f"{section}.{path}", key) for section, table in SECTIONS.items() for path, key in key_paths(table)]

SETTINGS_KEYS = """
ConsoleLevel Logging CompletedDownloadFolder FreeSpace FreeSpaceFolder AutoPauseResume NoInternetSleepTimer
LoopSleepTimer SearchLoopDelay FailedCategory RecheckCategory Tagless IgnoreTorrentsYoungerThan PingURLS
FFprobeAutoUpdate AutoUpdateEnabled AutoUpdateCron AutoUpdateChannel AutoRestartProcesses MaxProcessRestarts
ProcessRestartWindow ProcessRestartDelay ProcessSpawnTimeoutSeconds WorkerMemoryHigh Torrent.MaximumETA
Torrent.MaximumDeletablePercentage
ProtectTags Quarantine MaxDestructiveActions MaxDestructiveShare DecisionsKeptDays Shadow SearchesPerHour
UpdateIndex UpdateKey ReleasesURL Torrent.PrivatePolicy Torrent.PublicPolicy Torrent.MinimumSpeed
Torrent.SlowDelay Torrent.Ranges Orphans.Mode Orphans.MinimumAge Orphans.PurgeAfter Orphans.MaxFilesPerDay
Orphans.MaxBytesPerDay Orphans.MaxShare Orphans.Spare
"""
RANGE_KEYS = "FromProgress UpToProgress FromSize UpToSize StalledDelay MinimumSpeed"
WEBUI_KEYS = """
Host Port Token ReadToken Peers WebAccess TrustedProxies AllowedHosts PublicURL AuthDisabled AllowInsecureExposure
AllowInsecureTokenQuery BehindHttpsProxy UrlBase LocalAuthEnabled OIDCEnabled Username PasswordHash LiveArr
Theme ViewDensity OIDC.Authority OIDC.ClientId OIDC.ClientSecret OIDC.Scopes OIDC.CallbackPath
OIDC.RequireHttpsMetadata OIDC.AllowedSubjects OIDC.AllowedEmails OIDC.RequiredClaim
"""
HIT_AND_RUN_KEYS = """
HitAndRunMode MinSeedRatio MinSeedingTimeDays HitAndRunMinimumDownloadPercent HitAndRunPartialSeedRatio
TrackerUpdateBuffer
"""
ROW_KEYS = f"""
Name URI Priority SortTorrents MaximumETA DownloadRateLimit UploadRateLimit MaxUploadRatio MaxSeedingTime
AddTrackerIfMissing RemoveIfExists SuperSeedMode AddTags {HIT_AND_RUN_KEYS}
"""
LIMIT_KEYS = "DownloadRateLimitPerTorrent UploadRateLimitPerTorrent MaxUploadRatio MaxSeedingTime RemoveTorrent"
CATEGORY_KEYS = f"{LIMIT_KEYS} {HIT_AND_RUN_KEYS} StalledDelay IgnoreTorrentsYoungerThan"
QBIT_KEYS = """
Disabled Host Port UserName Password APIKey SkipTLSVerify ManagedCategories MatchSubcategories LocalPaths
Trackers CategorySeeding.Categories
"""
ARR_KEYS = """
Managed URI APIKey SkipTLSVerify Category ReSearch importMode RssSyncTimer RefreshDownloadsTimer
ArrErrorCodesToBlocklist MatchSubcategories EntrySearch.SearchMissing EntrySearch.AlsoSearchSpecials
EntrySearch.Unmonitored EntrySearch.SearchLimit EntrySearch.SearchByYear EntrySearch.SearchInReverse
EntrySearch.SearchRequestsEvery EntrySearch.DoUpgradeSearch EntrySearch.QualityUnmetSearch
EntrySearch.CustomFormatUnmetSearch EntrySearch.ForceMinimumCustomFormat
EntrySearch.SearchAgainOnSearchCompletion EntrySearch.UseTempForMissing EntrySearch.KeepTempProfile
EntrySearch.QualityProfileMappings EntrySearch.ForceResetTempProfiles
EntrySearch.TempProfileResetTimeoutMinutes EntrySearch.ProfileSwitchRetryAttempts EntrySearch.SearchBySeries
EntrySearch.PrioritizeTodaysReleases EntrySearch.Ombi.SearchOmbiRequests EntrySearch.Ombi.OmbiURI
EntrySearch.Ombi.OmbiAPIKey EntrySearch.Ombi.ApprovedOnly EntrySearch.Ombi.SkipTLSVerify
EntrySearch.Overseerr.SearchOverseerrRequests EntrySearch.Overseerr.OverseerrURI
EntrySearch.Overseerr.OverseerrAPIKey EntrySearch.Overseerr.ApprovedOnly EntrySearch.Overseerr.SkipTLSVerify
EntrySearch.Overseerr.Is4K Torrent.CaseSensitiveMatches Torrent.FolderExclusionRegex
Torrent.FileNameExclusionRegex Torrent.FileExtensionAllowlist Torrent.AutoDelete
Torrent.IgnoreTorrentsYoungerThan Torrent.MaximumETA Torrent.MaximumDeletablePercentage
Torrent.DoNotRemoveSlow Torrent.StalledDelay Torrent.ReSearchStalled Torrent.Trackers
Torrent.SeedingMode.RemoveDeadTrackers Torrent.SeedingMode.RemoveTrackerWithMessage
Shadow Torrent.VerifyMedia Torrent.Strikes Torrent.MaxFailedGrabsPerDay EntrySearch.SearchesPerHour
EntrySearch.SearchWindow EntrySearch.SearchQueueLimit EntrySearch.SearchCooldown
Torrent.PrivatePolicy Torrent.PublicPolicy Torrent.RemoveSuperseded Torrent.RemoveUnregistered
Torrent.MinimumSpeed Torrent.SlowDelay Torrent.Ranges Messages Torrent.FailArchives
EntrySearch.IncludeTags EntrySearch.ExcludeTags EntrySearch.SeasonSearchRest EntrySearch.RetryAfterRelease
Torrent.MakeRoom.Enabled Torrent.MakeRoom.KeepSeeds Torrent.MakeRoom.KeepSize Torrent.MakeRoom.MinSeedingTime
Torrent.MakeRoom.MinSeedRatio Torrent.MakeRoom.MinOtherSeeders
"""


def named(keys: str, prefix: str = "") -> set[str]:
    return {prefix + name for name in keys.split()}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (Settings, named(SETTINGS_KEYS) | named(RANGE_KEYS, "Torrent.Ranges[].")),
        (WebUI, named(WEBUI_KEYS)),
        (
            QBit,
            named(QBIT_KEYS)
            | named(ROW_KEYS, "Trackers[].")
            | named(CATEGORY_KEYS, "CategorySeeding.")
            | named(f"Name {CATEGORY_KEYS}", "CategorySeeding.Categories[]."),
        ),
        (
            Arr,
            named(ARR_KEYS)
            | named(ROW_KEYS, "Torrent.Trackers[].")
            | named(RANGE_KEYS, "Torrent.Ranges[].")
            | named("Text Match Action Delay", "Messages[].")
            | named(LIMIT_KEYS, "Torrent.SeedingMode."),
        ),
    ],
    ids=list(SECTIONS),
)
def test_the_model_has_the_keys_of_the_older_program_and_its_own(table, expected):
    assert {path for path, _ in key_paths(table)} == expected


@pytest.mark.parametrize(("path", "key"), EVERY_KEY, ids=[path for path, _ in EVERY_KEY])
def test_every_key_describes_itself(path: str, key: Key):
    assert key.form in get_args(Form)
    assert key.change in get_args(Change)
    assert key.why.endswith(".")
    assert "\n" not in key.why


@pytest.mark.parametrize(("path", "key"), EVERY_KEY, ids=[path for path, _ in EVERY_KEY])
def test_every_default_is_a_value_that_may_be_written(path: str, key: Key):
    if key.table or key.default is None or (key.fill_in and not key.default):
        return
    if key.form == "category" and not key.many and not key.default:
        return  # made from the section name
    written = write_value(key, key.default)
    read = tuple(read_value(key, entry) for entry in written) if key.many else read_value(key, written)
    assert read == key.default


def test_secrets_are_marked_as_such():
    secret = {path for path, key in EVERY_KEY if key.secret}
    assert secret == {
        "WebUI.Token",
        "WebUI.PasswordHash",
        "WebUI.ReadToken",
        "WebUI.Peers",
        "WebUI.OIDC.ClientSecret",
        "qBit.Password",
        "qBit.APIKey",
        "Arr.APIKey",
        "Arr.EntrySearch.Ombi.OmbiAPIKey",
        "Arr.EntrySearch.Overseerr.OverseerrAPIKey",
    }


def test_only_keys_of_the_appearance_concern_the_page_alone():
    page = {path for path, key in EVERY_KEY if key.change == "page"}
    assert page == {"WebUI.LiveArr", "WebUI.Theme", "WebUI.ViewDensity"}


def test_a_key_is_described_with_range_choices_and_unit():
    keys = dict(EVERY_KEY)
    assert (keys["WebUI.Port"].minimum, keys["WebUI.Port"].maximum) == (1, 65535)
    assert keys["Settings.AutoUpdateChannel"].choices == ("latest", "stable", "nightly")
    assert keys["Arr.Torrent.StalledDelay"].form == "minutes"
    assert keys["Arr.Torrent.StalledDelay"].default == 900
    assert keys["Arr.EntrySearch.SearchBySeries"].kinds == ("sonarr",)


def test_a_worker_gets_its_part_as_msgpack():
    row = TrackerRow(uri="https://tracker.example/announce", add_tags=("private",))
    arr = Arr(section="Radarr-4K", kind="radarr", uri="http://radarr:7878", api_key="key")
    arr = msgspec.structs.replace(arr, torrent=msgspec.structs.replace(arr.torrent, trackers=(row,)))
    config = Config(qbits={"qBit": QBit(section="qBit", host="nas", trackers=(row,))}, arrs={arr.section: arr})
    for part, kind in ((config, Config), (arr, Arr), (config.qbits["qBit"], QBit), (config.settings, Settings)):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(part), type=kind) == part


def test_a_configuration_does_not_change():
    with pytest.raises(AttributeError):
        Settings().tagless = True  # type: ignore[misc]


def test_what_is_incomplete_unmanaged_or_disabled_does_not_run():
    complete = Arr(section="Radarr", kind="radarr", uri="http://radarr", api_key="key")
    arrs = {
        "Radarr": complete,
        "off": msgspec.structs.replace(complete, managed=False),
        "no key": msgspec.structs.replace(complete, api_key=""),
        "no address": msgspec.structs.replace(complete, uri=""),
    }
    qbits = {
        "qBit": QBit(section="qBit", host="nas"),
        "off": QBit(section="off", host="nas", disabled=True),
        "no host": QBit(section="no host"),
    }
    config = Config(arrs=arrs, qbits=qbits)
    assert runnable_arrs(config) == [complete]
    assert runnable_qbits(config) == [qbits["qBit"]]
