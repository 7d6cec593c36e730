from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.config import load_text, runnable_arrs, runnable_qbits
from qbitrr.config.environment import (
    LONGEST_SECRET,
    PROCESSING_ONLY,
    QBIT_DISABLED,
    SEARCH_ONLY,
    known_variables,
    override,
    suffixes,
)
from qbitrr.config.model import Arr, Notifications, Prowlarr, QBit, Settings, WebUI
from qbitrr.config.model.key import Table
from qbitrr.config.tables import values_of
from qbitrr.config.values import read_value
from qbitrr.data_dir import data_folder
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
    path, _ = suffixes(Settings)[variable.removeprefix("QBITRR_SETTINGS_")]
    assert loaded.overridden == {f"Settings.{path}": variable}


@pytest.mark.parametrize(
    ("variable", "text", "attribute", "value"),
    [
        ("QBITRR_QBIT_HOST", "elsewhere", "host", "elsewhere"),
        ("QBITRR_QBIT_PORT", "8181", "port", 8181),
        ("QBITRR_QBIT_USERNAME", "me", "user_name", "me"),
        ("QBITRR_QBIT_PASSWORD", " secret ", "password", " secret "),
        ("QBITRR_QBIT_PASSWORD", "secret\n", "password", "secret"),
    ],
)
def test_a_variable_wins_over_the_qbit_section_and_only_that(load, variable, text, attribute, value):
    qbits = load(FILE, **{variable: text}).config.qbits
    assert getattr(qbits["qBit"], attribute) == value
    assert qbits["qBit-nas"] == load(FILE).config.qbits["qBit-nas"]


EVERY_KEY = [
    (f"QBITRR_{name}_{end}", section, path, key)
    for name, section, table, kind in (
        ("SETTINGS", "Settings", Settings, None),
        ("WEBUI", "WebUI", WebUI, None),
        ("NOTIFICATIONS", "Notifications", Notifications, None),
        ("PROWLARR", "Prowlarr", Prowlarr, None),
        ("QBIT", "qBit", QBit, None),
        ("QBIT_NAS", "qBit-nas", QBit, None),
        ("RADARR", "Radarr", Arr, "radarr"),
        ("SONARR_TV", "Sonarr-TV", Arr, "sonarr"),
        ("LIDARR_MY_MUSIC", "Lidarr-My music", Arr, "lidarr"),
    )
    for end, (path, key) in suffixes(table, kind).items()
    if f"QBITRR_{name}_{end}" != QBIT_DISABLED  # a switch for all of them, tested below
]
NEEDED = {
    "FreeSpace": "[Settings]\nFreeSpaceFolder = '/'",
    "OIDCEnabled": "[WebUI.OIDC]\nAuthority = 'https://one.example'\nClientId = 'one'\nAllowedSubjects = ['one']",
}
"""What a key cannot be without."""
SECTIONS = "".join(f"[{section!r}]\n" for section in ("qBit", "qBit-nas", "Radarr", "Sonarr-TV", "Lidarr-My music"))
EXAMPLES = {
    "flag": "true", "choice": None, "integer": "1", "number": "0.5", "seconds": "90", "minutes": "90", "days": "90",
    "size": "5G", "kilobytes": "7", "url": "http://one.example", "server": "one.example", "host": "one.example",
    "network": "10.0.0.0/8", "extension": ".mkv", "path_prefix": "/one", "cron": "5 4 * * *", "window": "22:00-07:00",
    "own_url": "https://one.example", "peer": "http://attic:token@one.example",
    "category": "one", "pattern": "one", "text": "one", "name": "one",
    "mapping": "stalled=act",
}  # fmt: skip


def at(config, section, path):
    once = {"Settings": config.settings, "WebUI": config.webui, "Notifications": config.notifications}
    table = (once | {"Prowlarr": config.prowlarr}).get(section)
    values = values_of(table or config.qbits.get(section) or config.arrs[section])
    for name in path.split("."):
        values = values_of(values) if isinstance(values, Table) else values
        values = values[name]
    return values


@pytest.mark.parametrize(("variable", "section", "path", "key"), EVERY_KEY, ids=[one[0] for one in EVERY_KEY])
def test_every_key_has_a_variable_which_wins_over_the_file(load, variable, section, path, key):
    text = "groups=admins" if path == "OIDC.RequiredClaim" else EXAMPLES[key.form] or str(key.choices[-1])
    loaded = load(SECTIONS + NEEDED.get(path, ""), **{variable: text})
    assert loaded.overridden == {f"{section}.{path}": variable}
    inside = {"stalled": "act"} if key.form == "mapping" else read_value(key, text)
    assert at(loaded.config, section, path) == ((inside,) if key.many else inside)


def test_arrays_of_tables_have_no_variable():
    ends = {*suffixes(QBit), *suffixes(Arr)}
    assert not {"TRACKERS", "TRACKERS_URI", "TORRENT_TRACKERS", "CATEGORY_SEEDING_CATEGORIES"} & ends


def test_a_key_without_a_meaning_for_an_arr_has_no_variable(load):
    variable = "QBITRR_LIDARR_ENTRY_SEARCH_OMBI_OMBI_URI"
    assert [warning.key for warning in load("[Lidarr]", **{variable: "http://ombi"}).warnings] == [variable]


@pytest.mark.parametrize(
    ("variables", "section", "category"),
    [
        ({"QBITRR_RADARR_URI": "radarr", "QBITRR_RADARR_API_KEY": "key"}, "Radarr", "radarr"),
        ({"QBITRR_RADARR_HD_URI": "radarr", "QBITRR_RADARR_HD_API_KEY": "key"}, "Radarr-Hd", "radarr-hd"),
        ({"QBITRR_SONARR_4K_URI": "sonarr", "QBITRR_SONARR_4K_API_KEY": "key"}, "Sonarr-4k", "sonarr-4k"),
        ({"QBITRR_LIDARR_A_B_URI": "lidarr", "QBITRR_LIDARR_A_B_API_KEY": "key"}, "Lidarr-A-B", "lidarr-a-b"),
    ],
)  # fmt: skip
def test_an_address_in_the_environment_is_enough_for_an_arr(load, variables, section, category):
    (arr,) = runnable_arrs(load("", **variables).config)
    assert (arr.section, arr.category) == (section, category)


def test_sections_of_the_file_are_meant_in_any_spelling_and_before_new_ones(load):
    text = "[Radarr]\n[Radarr-4K]\n[Radarr-Torrent]\n[qBit-Home_NAS]"
    variables = {
        "QBITRR_RADARR_4K_URI": "http://four",
        "QBITRR_RADARR_TORRENT_STRIKES": "7",
        "QBITRR_RADARR_TORRENT_URI": "http://torrent",
        "QBITRR_QBIT_HOME_NAS_HOST": "nas",
    }
    assert load(text, **variables).overridden == {
        "Radarr-4K.URI": "QBITRR_RADARR_4K_URI",
        "Radarr.Torrent.Strikes": "QBITRR_RADARR_TORRENT_STRIKES",
        "Radarr-Torrent.URI": "QBITRR_RADARR_TORRENT_URI",
        "qBit-Home_NAS.Host": "QBITRR_QBIT_HOME_NAS_HOST",
    }


def test_a_new_qbittorrent_has_the_name_of_its_variables(load):
    loaded = load("[qBit]\nHost = 'one'", QBITRR_QBIT_SEED_BOX_HOST="two", QBITRR_QBIT_SEED_BOX_PORT="1")
    assert {name: qbit.host for name, qbit in loaded.config.qbits.items()} == {"qBit": "one", "qBit-Seed-Box": "two"}


def test_without_an_address_a_variable_makes_no_section(load):
    loaded = load("[Radarr]", QBITRR_RADARR_MOVIES_API_KEY="key", QBITRR_RADARR_MOVEIS_TORRENT_STRIKES="4")
    assert list(loaded.config.arrs) == ["Radarr"]
    assert {warning.key: warning.allowed for warning in loaded.warnings} == {
        "QBITRR_RADARR_MOVIES_API_KEY": "QBITRR_RADARR_MOVIES_URI along with it",
        "QBITRR_RADARR_MOVEIS_TORRENT_STRIKES": "QBITRR_RADARR_MOVEIS_URI along with it",
    }


@pytest.mark.parametrize(
    ("variable", "text", "values"),
    [
        ("QBITRR_SETTINGS_PROTECT_TAGS", "one, two", ("one", "two")),
        ("QBITRR_SETTINGS_PROTECT_TAGS", '["one, still one", "two"]', ("one, still one", "two")),
        ("QBITRR_SETTINGS_PROTECT_TAGS", "one\ntwo", ("one", "two")),
        ("QBITRR_SETTINGS_PROTECT_TAGS", "[1]", ("[1]",)),
        ("QBITRR_SETTINGS_TORRENT_PUBLIC_POLICY", "slow=tag, default = act", {"slow": "tag", "default": "act"}),
        ("QBITRR_SETTINGS_TORRENT_PUBLIC_POLICY", '{"slow": "tag"}', {"slow": "tag"}),
    ],
)
def test_lists_and_tables_have_commas_or_are_json(load, variable, text, values):
    path, _ = suffixes(Settings)[variable.removeprefix("QBITRR_SETTINGS_")]
    assert at(load("", **{variable: text}).config, "Settings", path) == values


def test_the_older_name_of_the_update_key_counts_and_the_regular_one_wins(load):
    assert load("", QBITRR_UPDATE_KEY="a,b").config.settings.update_key == ("a", "b")
    both = load("", QBITRR_SETTINGS_UPDATE_KEY="c", QBITRR_UPDATE_KEY="a,b")
    assert both.config.settings.update_key == ("c",)
    assert both.overridden == {"Settings.UpdateKey": "QBITRR_SETTINGS_UPDATE_KEY"}


# -- secrets in files -------------------------------------------------------------------------------------------------


@pytest.fixture
def secret_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text(" of the file \n")
    return file


SECRETS = [(variable, section, path) for variable, section, path, key in EVERY_KEY if key.secret and not key.many]


@pytest.mark.parametrize(("variable", "section", "path"), SECRETS, ids=[one[0] for one in SECRETS])
def test_every_secret_can_be_in_a_file(load, secret_file, variable, section, path):
    loaded = load(SECTIONS, **{f"{variable}_FILE": str(secret_file)})
    assert at(loaded.config, section, path) == " of the file "
    assert loaded.overridden == {f"{section}.{path}": f"{variable}_FILE"}


def test_a_list_of_secrets_can_be_in_a_file_line_by_line(load, tmp_path):
    (tmp_path / "urls").write_text("json://one\njson://two\n")
    loaded = load("", QBITRR_NOTIFICATIONS_URLS_FILE=str(tmp_path / "urls"))
    assert loaded.config.notifications.urls == ("json://one", "json://two")


def test_an_arr_can_be_made_with_its_key_in_a_file(load, secret_file):
    (arr,) = runnable_arrs(
        load("", QBITRR_RADARR_URI="http://radarr", QBITRR_RADARR_API_KEY_FILE=str(secret_file)).config
    )
    assert arr.api_key.strip() == "of the file"


def test_what_is_no_secret_is_read_from_no_file(load, secret_file):
    (warning,) = load("[qBit]", QBITRR_QBIT_HOST_FILE=str(secret_file)).warnings
    assert (warning.key, warning.hint) == ("QBITRR_QBIT_HOST_FILE", "Only a secret can be read from a file. Ignored.")


def test_a_secret_and_its_file_exclude_each_other(refuse, secret_file):
    variables = {"QBITRR_QBIT_PASSWORD": "other", "QBITRR_QBIT_PASSWORD_FILE": str(secret_file)}
    assert set(refuse("[qBit]", **variables)) == {"QBITRR_QBIT_PASSWORD_FILE"}


@pytest.mark.parametrize("what", ["nothing", "empty", "blank", "binary", "too long", "a folder", "a pipe", "NUL"])
def test_a_file_without_a_secret_is_named_with_its_variable(refuse, tmp_path, what):
    path = tmp_path / "secret"
    contents = {"empty": b"", "blank": b" \n", "binary": b"\xff\xfe", "too long": b"x" * (LONGEST_SECRET + 1)}
    if what in contents:
        path.write_bytes(contents[what])
    elif what == "a folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)
    name = "/\0" if what == "NUL" else str(path)
    (problem,) = refuse("[qBit]", QBITRR_QBIT_PASSWORD_FILE=name).values()
    assert problem.key == "QBITRR_QBIT_PASSWORD_FILE"
    assert problem.allowed == "a readable file with the secret"


def test_a_file_that_is_refused_is_not_quoted(refuse, tmp_path):
    (tmp_path / "secret").write_bytes(b"hunter2\xff")
    (problem,) = refuse("[qBit]", QBITRR_QBIT_PASSWORD_FILE=str(tmp_path / "secret")).values()
    assert "hunter2" not in str(problem)


# -- the rest ---------------------------------------------------------------------------------------------------------


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
        QBITRR_RADARR_TORRENT_STRIKES="none",
        QBITRR_RADARR_TORRENT_PUBLIC_POLICY="stalled=destroy",
        QBITRR_RADARR_TORRENT_PRIVATE_POLICY="act",
        QBITRR_WEBUI_PORT="0",
        QBITRR_SETTINGS_TORRENT_MAXIMUM_ETA="soon",
    )
    assert set(problems) == {
        "QBITRR_SETTINGS_LOOP_SLEEP_TIMER",
        "QBITRR_SETTINGS_TAGLESS",
        "QBITRR_SETTINGS_PING_URLS",
        "QBITRR_QBIT_PORT",
        "QBITRR_QBIT_DISABLED",
        "QBITRR_RADARR_TORRENT_STRIKES",
        "QBITRR_RADARR_TORRENT_PUBLIC_POLICY",
        "QBITRR_RADARR_TORRENT_PRIVATE_POLICY",
        "QBITRR_WEBUI_PORT",
        "QBITRR_SETTINGS_TORRENT_MAXIMUM_ETA",
    }
    assert problems["QBITRR_QBIT_PORT"].hint == "It overrides qBit.Port."


@pytest.mark.parametrize("variable", [*known_variables(["Radarr", "Sonarr-4K", "Lidarr", "qBit-nas"])])
def test_every_known_variable_has_a_reader(variable):
    document: dict[str, dict[str, str]] = {name: {} for name in ("qBit", "qBit-nas", "Radarr", "Sonarr-4K", "Lidarr")}
    read = set(override(document, {variable: "1"}).variables.values())
    folder = data_folder(None, {variable: "1"}, container=False, working=Path("/"))
    assert variable in read or folder == Path("/1")


def test_a_token_for_the_updates_of_the_older_program_is_said_to_be_without_effect(load):
    (warning,) = load("", QBITRR_SETTINGS_GITHUB_TOKEN="hunter2").warnings
    assert (warning.key, warning.found) == ("QBITRR_SETTINGS_GITHUB_TOKEN", "a variable that nothing reads")
    assert "hunter2" not in str(warning)


def test_a_misspelt_variable_is_a_warning(load):
    (warning,) = load("", QBITRR_SETTINGS_LOGING="true", HOME="/root", QBITRR_USE_DEV_SERVER="1").warnings
    assert warning.key == "QBITRR_SETTINGS_LOGING"
    assert warning.hint == "Did you mean QBITRR_SETTINGS_LOGGING?"


VARIABLES = [*known_variables(["Radarr", "Radarr-4K"]), "QBITRR_RADARR_NEW_URI", "QBITRR_QBIT_PASSWORD_FILE"]


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
        ("QBITRR_RADARR_4K_APIKEY", "Did you mean QBITRR_RADARR_4K_API_KEY?"),
        ("QBITRR_WEBUI_OIDC_CLIENTID", "Did you mean QBITRR_WEBUI_OIDC_CLIENT_ID?"),
        ("QBITRR_LIDARR_ENTRY_SEARCH_SEARCH_BY_YAER", "Ignored."),
    ],
)
def test_only_near_misses_are_guessed_at(variable, hint):
    (warning,) = [w for w in load_text("[Radarr-4K]", {variable: "1"}).warnings if w.key == variable]
    assert warning.hint == hint
