"""Files of the older program become files of this one: what each key becomes, and how the new file loads."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from qbitrr.config import load_document, load_text, older_program
from qbitrr.config.translation import translate
from qbitrr.errors import ConfigError
from tests.unit.qbitrr.config.test_real_files import REFUSED

HERE = Path(__file__).parent
FOLDER = Path("tests/data/configs")
FILES = sorted(path for path in (*HERE.glob("*.toml"), *FOLDER.glob("*.toml")) if path.stem not in REFUSED)
SHADOW = (
    "added Settings.Shadow: true, so that nothing is changed yet: `qbitrr shadow-report` says what it would have done"
)
ASSUMED = "which that program assumes when it is left out"

V2_0 = """
[Settings]
CompletedDownloadFolder = "/data"
[QBit]
Host = "nas"
Port = 8105
UserName = "CHANGE_ME"
"""
V4 = """
[Settings]
CompletedDownloadFolder = "/data"
[Radarr-4K]
Managed = false
ReSearch = true
RefreshDownloadsTimer = 5
ArrErrorCodesToBlocklist = ["Not a preferred word upgrade for existing movie file(s)", "Sample"]
[Radarr-4K.EntrySearch]
SearchMissing = true
SearchAgainOnSearchCompletion = true
MainQualityProfile = ["Ultra-HD"]
TempQualityProfile = ["Any"]
[Radarr-4K.Torrent]
AllowStalled = true
FolderExclusionRegex = []
FileNameExclusionRegex = []
FileExtensionAllowlist = [".mkv"]
RemoveDeadTrackers = true
MaximumETA = 604800
MaximumDeletablePercentage = 99
DoNotRemoveSlow = true
[Radarr-4K.Torrent.SeedingMode]
RemoveTrackerWithMessage = []
"""
V5_3 = """
[Settings]
WebUIHost = "0.0.0.0"
WebUIPort = 6969
WebUIToken = "0123456789"
FFprobeAutoUpdate = true
[WebUI]
GroupSonarr = true
"""
V5_14_4 = """
[Settings]
ConfigVersion = "5.14.4"
[WebUI]
AuthDisabled = false
AllowInsecureTokenQuery = false
[qBit-seedbox]
Host = "seedbox"
[qBit-seedbox.CategorySeeding]
StalledDelay = 0
HitAndRunMode = "and"
[[qBit-seedbox.Trackers]]
URI = "tracker.example"
UploadRateLimit = 100
HitAndRunMode = true
HitAndRunClearMode = "or"
[Readarr-Books]
URI = "http://readarr:8787"
"""
V5_14_6 = V5_14_4.replace("5.14.4", "5.14.6")
TRIMMED = """
[Settings]
ConfigVersion = "5.14.4"
[WebUI]
AuthDisabled = false
[Sonarr-TV]
URI = "http://sonarr:8989"
APIKey = "0123456789abcdef"
Category = "tv"
"""


@pytest.mark.parametrize(
    ("old", "lines", "new"),
    [
        pytest.param(
            V2_0,
            [
                "moved QBit.Host: qBit.Host",
                "moved QBit.Port: qBit.Port",
                "dropped QBit.UserName: it was never filled in; qBittorrent may let this machine in without a login",
                SHADOW,
            ],
            '[Settings]\nCompletedDownloadFolder = "/data"\nShadow = true\n[qBit]\nHost = "nas"\nPort = 8105',
            id="2.0: a section in another spelling, and a login that was never filled in",
        ),
        pytest.param(
            V4,
            [
                (
                    "changed Radarr-4K.ArrErrorCodesToBlocklist: "
                    '"Not a preferred word upgrade for existing movie file(s)" is '
                    '"Not a Custom Format upgrade for existing" here'
                ),
                "moved Radarr-4K.EntrySearch.MainQualityProfile: Radarr-4K.EntrySearch.QualityProfileMappings",
                (
                    "dropped Radarr-4K.EntrySearch.TempQualityProfile: "
                    "joined with MainQualityProfile in QualityProfileMappings"
                ),
                (
                    "dropped Radarr-4K.Torrent.AllowStalled: "
                    "not read since 5.3; stalled downloads stay with StalledDelay = -1"
                ),
                "moved Radarr-4K.Torrent.RemoveDeadTrackers: Radarr-4K.Torrent.SeedingMode.RemoveDeadTrackers",
                "changed Radarr-4K.Torrent.MaximumDeletablePercentage: 99 is 0.99 here",
                SHADOW,
            ],
            """
            [Settings]
            CompletedDownloadFolder = "/data"
            Shadow = true
            [Radarr-4K]
            Managed = false
            ReSearch = true
            RefreshDownloadsTimer = 5
            ArrErrorCodesToBlocklist = ["Not a Custom Format upgrade for existing", "Sample"]
            [Radarr-4K.EntrySearch]
            SearchMissing = true
            SearchAgainOnSearchCompletion = true
            QualityProfileMappings = { Ultra-HD = "Any" }
            [Radarr-4K.Torrent]
            FolderExclusionRegex = []
            FileNameExclusionRegex = []
            FileExtensionAllowlist = [".mkv"]
            MaximumETA = 604800
            MaximumDeletablePercentage = 0.99
            DoNotRemoveSlow = true
            [Radarr-4K.Torrent.SeedingMode]
            RemoveTrackerWithMessage = []
            RemoveDeadTrackers = true
            """,
            id="4.x: lists of profiles, a key one table too high, a percentage as a number of percent",
        ),
        pytest.param(
            V5_3,
            [
                "moved Settings.WebUIHost: WebUI.Host",
                "moved Settings.WebUIPort: WebUI.Port",
                "moved Settings.WebUIToken: WebUI.Token",
                "dropped Settings.FFprobeAutoUpdate: ffprobe is never downloaded: that of the system is used",
                "dropped WebUI.GroupSonarr: the page has one list for each",
                SHADOW,
                "left out WebUI.AuthDisabled",
            ],
            '[Settings]\nShadow = true\n[WebUI]\nHost = "0.0.0.0"\nPort = 6969\nToken = "0123456789"',
            id="5.3: the address of the page stood in Settings",
        ),
        pytest.param(
            V5_14_4,
            [
                "dropped Settings.ConfigVersion: this program does not number its files",
                "dropped WebUI.AllowInsecureTokenQuery: a token in an address is never accepted",
                'changed qBit-seedbox.Trackers[0].HitAndRunMode: true is "or" here',
                "moved qBit-seedbox.Trackers[0].HitAndRunClearMode: qBit-seedbox.Trackers[0].HitAndRunMode",
                "dropped Readarr-Books.URI: Readarr is not supported",
                SHADOW,
                f"added qBit-seedbox.Port: 8105, {ASSUMED}",
            ],
            """
            [Settings]
            Shadow = true
            [WebUI]
            AuthDisabled = false
            [qBit-seedbox]
            Host = "seedbox"
            Port = 8105
            [qBit-seedbox.CategorySeeding]
            StalledDelay = 0
            HitAndRunMode = "and"
            [[qBit-seedbox.Trackers]]
            URI = "tracker.example"
            UploadRateLimit = 100
            HitAndRunMode = "or"
            """,
            id="5.14.4: a delay of 0 only tags, as here",
        ),
        pytest.param(
            V5_14_6,
            [
                "dropped Settings.ConfigVersion: this program does not number its files",
                "dropped WebUI.AllowInsecureTokenQuery: a token in an address is never accepted",
                "changed qBit-seedbox.CategorySeeding.StalledDelay: 0 is 1 here",
                'changed qBit-seedbox.Trackers[0].HitAndRunMode: true is "or" here',
                "moved qBit-seedbox.Trackers[0].HitAndRunClearMode: qBit-seedbox.Trackers[0].HitAndRunMode",
                "dropped Readarr-Books.URI: Readarr is not supported",
                SHADOW,
                f"added qBit-seedbox.Port: 8105, {ASSUMED}",
            ],
            """
            [Settings]
            Shadow = true
            [WebUI]
            AuthDisabled = false
            [qBit-seedbox]
            Host = "seedbox"
            Port = 8105
            [qBit-seedbox.CategorySeeding]
            StalledDelay = 1
            HitAndRunMode = "and"
            [[qBit-seedbox.Trackers]]
            URI = "tracker.example"
            UploadRateLimit = 100
            HitAndRunMode = "or"
            """,
            id="5.14.6: a delay of 0 removed at once",
        ),
        pytest.param(
            TRIMMED,
            [
                "dropped Settings.ConfigVersion: this program does not number its files",
                SHADOW,
                f"added Sonarr-TV.ReSearch: false, {ASSUMED}",
                f"added Sonarr-TV.ArrErrorCodesToBlocklist: an empty list, {ASSUMED}",
                f"added Sonarr-TV.EntrySearch.SearchMissing: false, {ASSUMED}",
                f"added Sonarr-TV.EntrySearch.SearchAgainOnSearchCompletion: false, {ASSUMED}",
                f'added Sonarr-TV.EntrySearch.SearchBySeries: "false", {ASSUMED}',
                f"added Sonarr-TV.Torrent.FolderExclusionRegex: an empty list, {ASSUMED}",
                f"added Sonarr-TV.Torrent.FileNameExclusionRegex: an empty list, {ASSUMED}",
                f"added Sonarr-TV.Torrent.FileExtensionAllowlist: an empty list, {ASSUMED}",
                f"added Sonarr-TV.Torrent.SeedingMode.RemoveTrackerWithMessage: an empty list, {ASSUMED}",
                f"added Sonarr-TV.Managed: false, {ASSUMED}",
                f"added Sonarr-TV.RefreshDownloadsTimer: 1, {ASSUMED}",
                "left out Sonarr-TV.Torrent.DoNotRemoveSlow",
                "left out Sonarr-TV.Torrent.MaximumETA",
                "left out Sonarr-TV.Torrent.MaximumDeletablePercentage",
            ],
            """
            [Settings]
            Shadow = true
            [WebUI]
            AuthDisabled = false
            [Sonarr-TV]
            URI = "http://sonarr:8989"
            APIKey = "0123456789abcdef"
            Category = "tv"
            ReSearch = false
            ArrErrorCodesToBlocklist = []
            Managed = false
            RefreshDownloadsTimer = 1
            [Sonarr-TV.EntrySearch]
            SearchMissing = false
            SearchAgainOnSearchCompletion = false
            SearchBySeries = "false"
            [Sonarr-TV.Torrent]
            FolderExclusionRegex = []
            FileNameExclusionRegex = []
            FileExtensionAllowlist = []
            [Sonarr-TV.Torrent.SeedingMode]
            RemoveTrackerWithMessage = []
            """,
            id="what a trimmed file leaves out stays off",
        ),
    ],
)
def test_what_becomes_of_each_key(old, lines, new):
    translation = translate(old)
    changed = [line for line in translation.lines if line.fate != "same"]
    assert [f"{line.fate} {line.key}{': ' * bool(line.now)}{line.now}" for line in changed] == lines
    assert tomllib.loads(translation.text) == tomllib.loads(new)
    assert not translation.loaded.warnings


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("qBit-seedbox.CategorySeeding.HitAndRunMode", "is obeyed here"),
        ("qBit-seedbox.CategorySeeding.StalledDelay", "0: tag only"),
        ("qBit-seedbox.Trackers[0].UploadRateLimit", "KB/s here"),
    ],
)
def test_what_means_something_else_is_said_also_of_a_key_that_stays(key, says):
    (line,) = (line for line in translate(V5_14_4).lines if line.key == key)
    assert line.fate == "same"
    assert says in line.differs


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_new_file_loads_without_a_warning_as_the_old_one_does(path):
    old = path.read_text(encoding="utf-8-sig")
    translation = translate(old)
    assert not translation.loaded.warnings
    assert load_text(translation.text, {}).config == translation.loaded.config
    as_read = load_document(older_program.with_version(tomllib.loads(old)), {}).config
    was_read, now = sections(as_read), sections(translation.loaded.config)
    assert was_read == {name: followed(now[name], before) for name, before in was_read.items()}
    assert was_read.keys() == now.keys()


def sections(config):
    return {"Settings": config.settings, "WebUI": config.webui, **config.qbits, **config.arrs}


def followed(section, before):
    """A section of the new file, with what the loader does not read as the older program taken from the old one."""
    match type(section).__name__:
        case "Settings":
            return replace(section, shadow=before.shadow, ffprobe_auto_update=before.ffprobe_auto_update)
        case "WebUI":
            return replace(section, allow_insecure_token_query=before.allow_insecure_token_query)
        case "QBit":
            return replace(section, port=before.port, host=before.host)
    messages = before.torrent.seeding.remove_tracker_with_message
    seeding = replace(section.torrent.seeding, remove_tracker_with_message=messages)
    return replace(
        section,
        managed=before.managed,
        refresh_downloads_seconds=before.refresh_downloads_seconds,
        entry_search=replace(section.entry_search, search_by_series=before.entry_search.search_by_series),
        torrent=replace(section.torrent, seeding=seeding),
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_key_of_the_old_file_has_a_line_and_no_secret_is_in_one(path):
    text = path.read_text(encoding="utf-8-sig")
    lines = translate(text).lines
    assert {line.key.partition(".")[0].partition("[")[0] for line in lines} >= {
        name for name, table in tomllib.loads(text).items() if table
    }
    assert "correct horse" not in str(lines)
    assert "0123456789abcdef0123456789abcdef" not in str(lines)


def test_a_file_that_cannot_be_used_is_refused_with_its_problems():
    with pytest.raises(ConfigError, match="MaxUploadRatio"):
        translate((FOLDER / "tracker-rows-minus-one.toml").read_text())
    with pytest.raises(ConfigError, match="Settings"):
        translate("Settings = 3")
