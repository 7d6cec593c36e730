"""What people really write, and what has stopped a start or been ignored in silence elsewhere."""

from __future__ import annotations

import pytest

from qbitrr.config import runnable_arrs, runnable_qbits


@pytest.mark.parametrize("level", ["info", "Info", "INFO"])
def test_a_console_level_is_read_in_any_case(load, level):
    assert load(f"[Settings]\nConsoleLevel = '{level}'").config.settings.console_level == "INFO"


@pytest.mark.parametrize("value", ['"inf"', "inf", "-inf", "nan", '"1e999"'])
def test_an_endless_duration_is_refused_where_it_stands(refuse, value):
    assert set(refuse(f"[Settings]\nLoopSleepTimer = {value}")) == {"Settings.LoopSleepTimer"}


def test_false_and_zero_in_the_environment_are_values(load):
    settings = load(
        "[Settings]\nLogging = true\nTagless = true\nNoInternetSleepTimer = 30",
        QBITRR_SETTINGS_LOGGING="false",
        QBITRR_SETTINGS_TAGLESS="false",
        QBITRR_SETTINGS_NO_INTERNET_SLEEP_TIMER="0",
    ).config.settings
    assert (settings.logging, settings.tagless, settings.no_internet_sleep_seconds) == (False, False, 0)


@pytest.mark.parametrize(
    ("value", "size"), [("-1", -1), ('"-1"', -1), ('"5P"', 5 * 2**50), ('"50GB"', 50 * 2**30), ("1024", 1024)]
)
def test_free_space_is_read_quoted_or_not(load, value, size):
    loaded = load(f"[Settings]\nFreeSpace = {value}\nCompletedDownloadFolder = '/data'")
    assert loaded.config.settings.free_space_bytes == size


def test_a_negative_free_space_is_refused(refuse):
    assert set(refuse("[Settings]\nFreeSpace = '-5G'")) == {"Settings.FreeSpace"}


def test_the_address_of_qbittorrent_can_come_from_the_environment(load):
    qbit = load(
        "[qBit]\nHost = 'file'\nPort = 1\nUserName = 'file'\nPassword = 'file'",
        QBITRR_QBIT_HOST="host",
        QBITRR_QBIT_PORT="2",
        QBITRR_QBIT_USERNAME="user",
        QBITRR_QBIT_PASSWORD="pass",
    ).config.qbits["qBit"]
    assert (qbit.host, qbit.port, qbit.user_name, qbit.password) == ("host", 2, "user", "pass")


@pytest.mark.parametrize("section", ["qBit", "qBit-nas"])
def test_a_qbittorrent_without_login_and_port_is_complete(load, section):
    (qbit,) = runnable_qbits(load(f"[{section}]\nHost = 'nas'").config)
    assert (qbit.user_name, qbit.password, qbit.port) == ("", "", 8080)


def test_torrents_of_any_age_may_be_judged(load):
    config = load("[Settings]\nIgnoreTorrentsYoungerThan = 0\n[Radarr]").config
    assert config.settings.ignore_torrents_younger_than_seconds == 0
    assert config.arrs["Radarr"].torrent.ignore_torrents_younger_than_seconds == 0


def test_one_section_without_address_or_key_does_not_stop_the_others(load):
    loaded = load("[Sonarr]\nURI = 'sonarr'\n[Radarr]\nURI = 'radarr'\nAPIKey = 'key'")
    assert [arr.section for arr in runnable_arrs(loaded.config)] == ["Radarr"]
    assert "Sonarr.APIKey" in {problem.key for problem in loaded.incomplete}


def test_an_extension_needs_no_dot(load):
    rules = load("[Radarr.Torrent]\nFileExtensionAllowlist = ['mp4', '.MKV']").config.arrs["Radarr"].torrent
    assert rules.file_extension_allowlist == (".mp4", ".mkv")


def test_patterns_tracker_rows_and_removal_rules_are_checked_when_loading(refuse):
    problems = refuse(
        """
        [Radarr.Torrent]
        FolderExclusionRegex = ['fine', '*']
        Trackers = ['not a row']
        [Radarr.Torrent.SeedingMode]
        RemoveTorrent = "sometimes"
        """
    )
    assert set(problems) == {
        "Radarr.Torrent.FolderExclusionRegex[1]",
        "Radarr.Torrent.Trackers[0]",
        "Radarr.Torrent.SeedingMode.RemoveTorrent",
    }


@pytest.mark.parametrize("written", ['"1"', '"At the ratio (1)"', "1"])
def test_a_removal_rule_written_as_text_has_its_effect(load, written):
    text = f"[Radarr.Torrent.SeedingMode]\nMaxUploadRatio = 1\nRemoveTorrent = {written}"
    assert load(text).config.arrs["Radarr"].torrent.seeding.remove_torrent == 1


@pytest.mark.parametrize("section", ["radarr", "radarr-4k", "Radarr_4K", '"Radarr 4K"', "Radarr-My_Movies"])
def test_a_section_name_may_be_lower_case_with_underscores_and_blanks(load, section):
    (arr,) = load(f"[{section}]\nURI = 'radarr'\nAPIKey = 'key'").config.arrs.values()
    assert arr.kind == "radarr"


def test_a_section_name_with_a_dot_is_refused_instead_of_being_lost(refuse):
    assert set(refuse('["Radarr-a.b"]')) == {"Radarr-a.b"}


def test_no_pause_between_passes_does_not_become_a_busy_loop(load):
    assert load("[Settings]\nLoopSleepTimer = 0").config.settings.loop_sleep_seconds == 1


def test_a_search_limit_of_zero_is_warned_of(load):
    loaded = load("[Radarr.EntrySearch]\nSearchLimit = 0")
    assert loaded.config.arrs["Radarr"].entry_search.search_limit == 0
    assert "Radarr.EntrySearch.SearchLimit" in {warning.key for warning in loaded.warnings}


def test_no_host_to_ping_is_a_valid_choice(load):
    assert load("[Settings]\nPingURLS = []").config.settings.ping_urls == ()


@pytest.mark.parametrize(
    ("written", "meant"), [("true", "true"), ("false", "false"), ('"true"', "true"), ('"Smart"', "smart")]
)
def test_search_by_series_may_be_a_boolean(load, written, meant):
    arr = load(f"[Sonarr.EntrySearch]\nSearchBySeries = {written}").config.arrs["Sonarr"]
    assert arr.entry_search.search_by_series == meant


@pytest.mark.parametrize("written", ["90", '"90"', '"90m"', '"1.5h"'])
def test_the_time_limit_of_temporary_profiles_is_a_duration_like_any_other(load, written):
    arr = load(f"[Sonarr.EntrySearch]\nTempProfileResetTimeoutMinutes = {written}").config.arrs["Sonarr"]
    assert arr.entry_search.temp_profile_reset_timeout_seconds == 5400
