from __future__ import annotations

from typing import Any

import pytest

from qbitrr.config.messages import allowed, did_you_mean, shown, unit_and_choices
from qbitrr.config.model import Arr, QBit, Settings, WebUI
from qbitrr.config.model.key import Key, key_paths
from qbitrr.config.values import UnfitError, read_value


def key(dotted: str) -> Key:
    section, _, path = dotted.partition(".")
    table = {"Settings": Settings, "WebUI": WebUI, "qBit": QBit, "Arr": Arr}[section]
    return dict(key_paths(table))[path]


FITTING: list[tuple[str, Any, Any]] = [
    ("Settings.Logging", True, True),
    ("Settings.Logging", "No", False),
    ("Settings.Logging", 0, False),
    ("Settings.ConsoleLevel", "info", "INFO"),
    ("Settings.ConsoleLevel", " Trace ", "TRACE"),
    ("Settings.FreeSpace", "50G", 50 * 2**30),
    ("Settings.FreeSpace", -1, -1),
    ("Settings.LoopSleepTimer", 0, 1),
    ("Settings.LoopSleepTimer", "1m", 60),
    ("Settings.SearchLoopDelay", -1, 30),
    ("Settings.SearchLoopDelay", "-1", 30),
    ("Settings.SearchLoopDelay", 0, 0),
    ("Settings.FailedCategory", " a / b ", "a/b"),
    ("Settings.PingURLS", "https://one.one.one.one/", "one.one.one.one"),
    ("Settings.AutoUpdateCron", " 0  3 * * SUN ", "0 3 * * SUN"),
    ("Settings.AutoUpdateCron", "0 3 * * 0 30", "0 3 * * 0 30"),
    ("Settings.AutoUpdateChannel", "Nightly", "nightly"),
    ("Settings.Torrent.MaximumDeletablePercentage", 1, 1),
    ("WebUI.Port", "6969", 6969),
    ("WebUI.Port", 6969.0, 6969),
    ("WebUI.Theme", "light", "Light"),
    ("WebUI.UrlBase", "qbitrr//web/", "/qbitrr/web"),
    ("WebUI.UrlBase", "/", ""),
    ("WebUI.TrustedProxies", "10.1.2.3/8", "10.0.0.0/8"),
    ("WebUI.TrustedProxies", "::1", "::1/128"),
    ("WebUI.TrustedProxies", "::/0", "::/0"),
    ("WebUI.TrustedProxies", "::ffff:10.1.2.3/104", "10.0.0.0/8"),
    ("WebUI.TrustedProxies", "::FFFF:10.1.2.3", "10.1.2.3/32"),
    ("WebUI.TrustedProxies", "::ffff:0:0/96", "0.0.0.0/0"),
    ("WebUI.Token", " keep blanks ", " keep blanks "),
    ("WebUI.Token", "of a text with a line end\n", "of a text with a line end"),
    ("WebUI.Token", "of Windows\r\n", "of Windows"),
    ("qBit.UserName", " admin ", "admin"),
    ("qBit.Host", "https://nas.lan/qb", "https://nas.lan/qb"),
    ("qBit.CategorySeeding.UploadRateLimitPerTorrent", 500, 512_000),
    ("qBit.CategorySeeding.StalledDelay", -1, -1),
    ("qBit.CategorySeeding.StalledDelay", 0, 0),
    ("qBit.Trackers[].MinSeedingTimeDays", 1.5, 129_600),
    ("qBit.Trackers[].HitAndRunMode", True, "and"),
    ("qBit.Trackers[].HitAndRunMode", False, "disabled"),
    ("qBit.Trackers[].HitAndRunMode", "OR", "or"),
    ("qBit.Trackers[].Priority", -5, -5),
    ("Arr.URI", "radarr:7878/", "http://radarr:7878"),
    ("Arr.importMode", "move", "Move"),
    ("Arr.importMode", "Hardlink", "Auto"),
    ("Arr.RssSyncTimer", 15, 900),
    ("Arr.EntrySearch.SearchWindow", "22:00 - 07:00", "22:00-07:00"),
    ("Arr.EntrySearch.SearchWindow", "", ""),
    ("Arr.RssSyncTimer", "30s", 30),
    ("Arr.Torrent.StalledDelay", "2h", 7200),
    ("Arr.Torrent.MaximumETA", "1w", 604_800),
    ("Arr.Torrent.FileExtensionAllowlist", "mkv", ".mkv"),
    ("Arr.Torrent.FileExtensionAllowlist", ".MKV", ".mkv"),
    ("Arr.Torrent.FileExtensionAllowlist", "*.mkv", ".mkv"),
    ("Arr.Torrent.FileExtensionAllowlist", "\\.mkv", ".mkv"),
    ("Arr.Torrent.FileExtensionAllowlist", "\\.mkv$", ".mkv"),
    ("Arr.Torrent.FileExtensionAllowlist", ".!qB", ".!qb"),
    ("Arr.Torrent.FolderExclusionRegex", r"\bextras?\b", r"\bextras?\b"),
    ("Arr.Torrent.FolderExclusionRegex", "[[a]", "[[a]"),
    ("Arr.Torrent.SeedingMode.MaxUploadRatio", "1.5", 1.5),
    ("Arr.Torrent.SeedingMode.MaxUploadRatio", 2, 2),
    ("Arr.Torrent.SeedingMode.RemoveTorrent", "1", 1),
    ("Arr.Torrent.SeedingMode.RemoveTorrent", 3.0, 3),
    ("Arr.Torrent.SeedingMode.RemoveTorrent", "Never (-1)", -1),
    ("Arr.Torrent.SeedingMode.RemoveTorrent", "(4)", 4),
    ("Arr.Torrent.SeedingMode.RemoveTorrent", 0, -1),
    ("Arr.EntrySearch.SearchBySeries", "Smart", "smart"),
    ("Arr.EntrySearch.SearchBySeries", True, "true"),
    ("Arr.EntrySearch.SearchBySeries", "false", "false"),
    ("Arr.EntrySearch.SearchBySeries", 1, "true"),
    ("Arr.EntrySearch.TempProfileResetTimeoutMinutes", 30, 1800),
    ("Arr.EntrySearch.TempProfileResetTimeoutMinutes", "1d", 86_400),
    ("Arr.EntrySearch.ProfileSwitchRetryAttempts", 0, 1),
    ("Arr.EntrySearch.QualityProfileMappings", {"HD": "Any"}, {"HD": "Any"}),
]

UNFIT: list[tuple[str, Any]] = [
    ("Settings.Logging", "maybe"),
    ("Settings.Logging", 2),
    ("Settings.ConsoleLevel", "LOUD"),
    ("Settings.ConsoleLevel", 10),
    ("Settings.FreeSpace", "-5G"),
    ("Settings.FreeSpace", "much"),
    ("Settings.LoopSleepTimer", -1),
    ("Settings.LoopSleepTimer", "inf"),
    ("Settings.LoopSleepTimer", float("inf")),
    ("Settings.LoopSleepTimer", True),
    ("Settings.SearchLoopDelay", -2),
    ("Settings.ProcessSpawnTimeoutSeconds", 0),
    ("Settings.FailedCategory", " / "),
    ("Settings.FailedCategory", 7),
    ("Settings.PingURLS", "** [DHT] **"),
    ("Settings.AutoUpdateCron", "0 3 * *"),
    ("Settings.AutoUpdateCron", "0 3 * * $"),
    ("Settings.MaxProcessRestarts", 0),
    ("Settings.MaxProcessRestarts", 1.5),
    ("Settings.MaxProcessRestarts", 10**400),
    ("Settings.Torrent.MaximumDeletablePercentage", 95),
    ("WebUI.Port", 0),
    ("WebUI.Port", 65_536),
    ("WebUI.Port", "http"),
    ("WebUI.Port", True),
    ("WebUI.Host", ""),
    ("WebUI.UrlBase", "/a b"),
    ("WebUI.UrlBase", "/../etc"),
    ("WebUI.TrustedProxies", "proxy.lan"),
    ("WebUI.Theme", "Pink"),
    ("Settings.AutoUpdateCron", "99 99 99 99 99"),
    ("Settings.AutoUpdateCron", "0 0 30 2 *"),
    ("Settings.AutoUpdateCron", "# # # # #"),
    ("qBit.Host", "http://a b"),
    ("qBit.Trackers[].MinSeedRatio", -0.5),
    ("qBit.Trackers[].HitAndRunMinimumDownloadPercent", 101),
    ("qBit.Trackers[].HitAndRunMode", "xor"),
    ("Arr.URI", "radarr:port"),
    ("Arr.importMode", "Teleport"),
    ("Arr.RssSyncTimer", -1),
    ("Arr.Torrent.FolderExclusionRegex", "(unclosed"),
    ("Arr.Torrent.FolderExclusionRegex", "a{99999999999999999999}"),
    ("Arr.Torrent.FolderExclusionRegex", 5),
    ("Arr.Torrent.SeedingMode.RemoveTorrent", 5),
    ("Arr.Torrent.SeedingMode.RemoveTorrent", "sometimes"),
    ("Arr.Torrent.SeedingMode.MaxUploadRatio", float("inf")),
    ("Arr.Torrent.SeedingMode.MaxUploadRatio", float("nan")),
    ("Arr.Torrent.SeedingMode.MaxUploadRatio", "1e999"),
    ("Arr.EntrySearch.SearchBySeries", "sometimes"),
    ("Arr.EntrySearch.QualityProfileMappings", ["HD", "Any"]),
    ("Arr.EntrySearch.QualityProfileMappings", {"HD": 1}),
]


@pytest.mark.parametrize(("dotted", "written", "inside"), FITTING)
def test_values_are_read_as_they_are_meant(dotted, written, inside):
    read = read_value(key(dotted), written)
    assert (read, type(read)) == (inside, type(inside))


@pytest.mark.parametrize(("dotted", "written"), UNFIT)
def test_values_without_a_clear_meaning_are_refused_with_what_is_allowed(dotted, written):
    with pytest.raises(UnfitError) as caught:
        read_value(key(dotted), written)
    assert str(caught.value).startswith(allowed(key(dotted)))


@pytest.mark.parametrize(
    ("dotted", "words"),
    [
        ("WebUI.Port", "a whole number, 1 to 65535"),
        ("WebUI.WebAccess", '"auto", "open" or "token"'),
        ("Arr.Torrent.SeedingMode.RemoveTorrent", "-1, 1, 2, 3 or 4"),
        ("Settings.MaxProcessRestarts", "a whole number, 1 or more"),
        ("Settings.Logging", "true or false"),
        ("Settings.FreeSpace", 'a size such as "50G", or "-1"'),
        ("Settings.Orphans.MaxBytesPerDay", 'a size such as "50G", 1 or more'),
    ],
)
def test_what_is_allowed_is_described_in_short(dotted, words):
    assert allowed(key(dotted)) == words


@pytest.mark.parametrize(
    ("dotted", "limits"),
    [
        ("Settings.Orphans.MinimumAge", "1 or more"),
        ("Settings.Orphans.PurgeAfter", "-1 or more"),
        ("Arr.EntrySearch.RetryAfterRelease", "0 to 90"),
        ("Arr.Torrent.SlowDelay", '"1s" or more'),
        ("Settings.ProcessSpawnTimeoutSeconds", "1 or more"),
    ],
)
def test_limits_are_in_the_unit_of_a_plain_number(dotted, limits):
    assert allowed(key(dotted)).endswith(f'"1w", {limits}')


@pytest.mark.parametrize(
    ("dotted", "words"),
    [
        ("Settings.LoopSleepTimer", "seconds"),
        ("Arr.Torrent.StalledDelay", "minutes"),
        ("WebUI.Theme", "System, Dark, Light"),
        ("WebUI.Port", "1 to 65535"),
        ("Settings.Logging", ""),
    ],
)
def test_unit_and_choices_of_a_key(dotted, words):
    assert unit_and_choices(key(dotted)) == words


@pytest.mark.parametrize(
    ("value", "secret", "words"),
    [
        ("x", False, '"x"'),
        (5, False, "5"),
        (True, False, "true"),
        ([], False, "an empty list"),
        ([1], False, "a list"),
        ({}, False, "a table"),
        ("x" * 100, False, '"' + "x" * 58 + "…"),
        ("http://me:secret@host:1/", False, '"http://host:1/"'),
        ("me:secret@host:99999", False, '"host:99999"'),
        ("hunter2", True, "a hidden text"),
        (12345, True, "a hidden int"),
        (["hunter2"], True, "a list"),
    ],
)
def test_what_was_found_is_shown_without_its_secrets(value, secret, words):
    assert shown(value, secret=secret) == words


def test_a_misspelt_name_is_answered_with_the_nearest_known_one():
    known = ["LoopSleepTimer", "SearchLoopDelay", "Tagless"]
    assert did_you_mean("loopsleeptimer", known) == "Did you mean LoopSleepTimer?"
    assert did_you_mean("LoopSleepTime", known) == "Did you mean LoopSleepTimer?"
    assert did_you_mean("Colour", known) == ""
