from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.config import load_text, runnable_qbits
from qbitrr.config.environment import PROCESSING_ONLY, QBIT, QBIT_DISABLED, SEARCH_ONLY, SETTINGS
from qbitrr.config.model import QBit, Settings
from qbitrr.config.model.key import keys_of
from qbitrr.errors import ConfigError

FILE = """
[Settings]
Logging = true
Tagless = true
LoopSleepTimer = 30
SearchLoopDelay = 60
IgnoreTorrentsYoungerThan = 600
[qBit]
Host = "from-file"
Port = 1234
[qBit-nas]
Host = "nas"
[Radarr]
URI = "http://radarr"
APIKey = "key"
"""


@pytest.mark.parametrize(
    ("variable", "text", "attribute", "value"),
    [
        ("QBITRR_SETTINGS_CONSOLE_LEVEL", "debug", "console_level", "DEBUG"),
        ("QBITRR_SETTINGS_LOGGING", "false", "logging", False),
        ("QBITRR_SETTINGS_COMPLETED_DOWNLOAD_FOLDER", "/done", "completed_download_folder", "/done"),
        ("QBITRR_SETTINGS_FREE_SPACE", "-1", "free_space_bytes", -1),
        ("QBITRR_SETTINGS_FREE_SPACE_FOLDER", "/disk", "free_space_folder", "/disk"),
        ("QBITRR_SETTINGS_AUTO_PAUSE_RESUME", "0", "auto_pause_resume", False),
        ("QBITRR_SETTINGS_NO_INTERNET_SLEEP_TIMER", "0", "no_internet_sleep_seconds", 0),
        ("QBITRR_SETTINGS_LOOP_SLEEP_TIMER", "0", "loop_sleep_seconds", 1),
        ("QBITRR_SETTINGS_LOOP_SLEEP_TIMER", "2m", "loop_sleep_seconds", 120),
        ("QBITRR_SETTINGS_SEARCH_LOOP_DELAY", "0", "search_loop_delay_seconds", 0),
        ("QBITRR_SETTINGS_IGNORE_TORRENTS_YOUNGER_THAN", "0", "ignore_torrents_younger_than_seconds", 0),
        ("QBITRR_SETTINGS_FAILED_CATEGORY", "bad", "failed_category", "bad"),
        ("QBITRR_SETTINGS_RECHECK_CATEGORY", "again", "recheck_category", "again"),
        ("QBITRR_SETTINGS_TAGLESS", "no", "tagless", False),
        ("QBITRR_SETTINGS_PING_URLS", "a.example, b.example", "ping_urls", ("a.example", "b.example")),
        ("QBITRR_SETTINGS_FFPROBE_AUTO_UPDATE", "off", "ffprobe_auto_update", False),
        ("QBITRR_SETTINGS_AUTO_UPDATE_ENABLED", "1", "auto_update_enabled", True),
        ("QBITRR_SETTINGS_AUTO_UPDATE_CRON", "5 4 * * *", "auto_update_cron", "5 4 * * *"),
        ("QBITRR_SETTINGS_AUTO_UPDATE_CHANNEL", "Stable", "auto_update_channel", "stable"),
    ],
)
def test_a_variable_wins_over_the_file(load, variable, text, attribute, value):
    loaded = load(FILE, **{variable: text})
    assert getattr(loaded.config.settings, attribute) == value
    assert loaded.overridden == {f"Settings.{SETTINGS[variable]}": variable}


@pytest.mark.parametrize(
    ("variable", "text", "attribute", "value"),
    [
        ("QBITRR_QBIT_HOST", "elsewhere", "host", "elsewhere"),
        ("QBITRR_QBIT_PORT", "8181", "port", 8181),
        ("QBITRR_QBIT_USERNAME", "me", "user_name", "me"),
        ("QBITRR_QBIT_PASSWORD", " secret ", "password", " secret "),
    ],
)
def test_a_variable_wins_over_the_qbit_section_and_only_that(load, variable, text, attribute, value):
    qbits = load(FILE, **{variable: text}).config.qbits
    assert getattr(qbits["qBit"], attribute) == value
    assert qbits["qBit-nas"] == load(FILE).config.qbits["qBit-nas"]


def test_the_names_behind_the_variables_are_keys():
    assert set(SETTINGS.values()) <= {key.name for key in keys_of(Settings)}
    assert set(QBIT.values()) <= {key.name for key in keys_of(QBit)}


def test_an_empty_variable_is_none(load):
    assert load(FILE, QBITRR_SETTINGS_LOGGING="", QBITRR_QBIT_PORT=" ").config == load(FILE).config


def test_a_host_in_the_environment_is_enough_for_a_qbittorrent(load):
    (qbit,) = runnable_qbits(load("", QBITRR_QBIT_HOST="nas", QBITRR_QBIT_PORT="8181").config)
    assert (qbit.section, qbit.host, qbit.port) == ("qBit", "nas", 8181)


def test_without_host_and_section_there_is_nothing_to_override(load):
    loaded = load("", QBITRR_QBIT_PORT="8181")
    assert not loaded.config.qbits
    assert [warning.key for warning in loaded.warnings] == ["QBITRR_QBIT_PORT"]


@pytest.mark.parametrize("variable", [QBIT_DISABLED, SEARCH_ONLY])
def test_all_qbittorrents_can_be_switched_off_at_once(load, variable):
    loaded = load(FILE, **{variable: "true"})
    assert not runnable_qbits(loaded.config)
    assert loaded.overridden == {"qBit.Disabled": variable, "qBit-nas.Disabled": variable}


def test_disabled_false_switches_the_qbit_section_on(load):
    text = "[qBit]\nDisabled = true\nHost = 'nas'"
    assert [qbit.section for qbit in runnable_qbits(load(text, QBITRR_QBIT_DISABLED="false").config)] == ["qBit"]


@pytest.mark.parametrize("variable", [QBIT_DISABLED, SEARCH_ONLY, PROCESSING_ONLY])
def test_a_switch_that_is_false_changes_nothing(load, variable):
    assert load(FILE, **{variable: "0"}).config == load(FILE).config


def test_processing_only_switches_the_searches_off(load):
    loaded = load(FILE, QBITRR_OVERRIDES_PROCESSING_ONLY="yes")
    assert not loaded.config.arrs["Radarr"].entry_search.search_missing
    assert loaded.overridden == {"Radarr.EntrySearch.SearchMissing": PROCESSING_ONLY}


def test_processing_only_without_a_qbittorrent_leaves_nothing_to_do(refuse):
    assert set(refuse("[Radarr]", QBITRR_OVERRIDES_PROCESSING_ONLY="1")) == {PROCESSING_ONLY}


def test_search_only_and_processing_only_exclude_each_other(refuse):
    assert PROCESSING_ONLY in refuse(FILE, QBITRR_OVERRIDES_PROCESSING_ONLY="1", QBITRR_OVERRIDES_SEARCH_ONLY="1")


def test_bad_values_are_all_reported_under_the_name_of_their_variable(refuse):
    problems = refuse(
        FILE,
        QBITRR_SETTINGS_LOOP_SLEEP_TIMER="soon",
        QBITRR_SETTINGS_TAGLESS="perhaps",
        QBITRR_SETTINGS_PING_URLS="fine.example,not fine",
        QBITRR_QBIT_PORT="99999",
        QBITRR_QBIT_DISABLED="maybe",
    )
    assert set(problems) == {
        "QBITRR_SETTINGS_LOOP_SLEEP_TIMER",
        "QBITRR_SETTINGS_TAGLESS",
        "QBITRR_SETTINGS_PING_URLS",
        "QBITRR_QBIT_PORT",
        "QBITRR_QBIT_DISABLED",
    }
    assert problems["QBITRR_QBIT_PORT"].hint == "It overrides qBit.Port."


def test_a_misspelt_variable_is_a_warning(load):
    (warning,) = load("", QBITRR_SETTINGS_LOGING="true", HOME="/root", QBITRR_USE_DEV_SERVER="1").warnings
    assert warning.key == "QBITRR_SETTINGS_LOGING"
    assert warning.hint == "Did you mean QBITRR_SETTINGS_LOGGING?"


VARIABLES = [*SETTINGS, *QBIT, QBIT_DISABLED, SEARCH_ONLY, PROCESSING_ONLY]


@given(st.dictionaries(st.sampled_from(VARIABLES), st.text(max_size=12) | st.sampled_from(["true", "0", "5", "-1"])))
def test_any_environment_loads_or_is_refused_by_a_configuration_error(environ):
    try:
        loaded = load_text(FILE, environ)
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - both ways out are right
    else:
        assert set(loaded.overridden.values()) <= set(environ)


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("QBITRR_SETTINGS_TAGLES", "Did you mean QBITRR_SETTINGS_TAGLESS?"),
        ("QBITRR_SETTINGS_XX", "Ignored."),
        ("QBITRR_QBIT_PASWORD", "Did you mean QBITRR_QBIT_PASSWORD?"),
    ],
)
def test_only_near_misses_are_guessed_at(variable, hint):
    (warning,) = [w for w in load_text("", {variable: "1"}).warnings if w.key == variable]
    assert warning.hint == hint
