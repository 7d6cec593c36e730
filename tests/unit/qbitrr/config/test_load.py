from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qbitrr.config import load_document, load_file, runnable_arrs, runnable_qbits
from qbitrr.config.model import Arr, Config, QBit, Settings, WebUI
from qbitrr.config.model.key import Key, Table, key_paths, keys_of
from qbitrr.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

RADARR = """
[Radarr-4K]
URI = "http://radarr:7878"
APIKey = "0123456789abcdef0123456789abcdef"
"""
QBIT = """
[qBit]
Host = "localhost"
"""


def test_an_empty_file_is_a_configuration_with_all_defaults(load):
    loaded = load("")
    assert loaded.config.settings == Settings()
    assert loaded.config.webui == WebUI()
    assert not loaded.config.arrs
    assert not loaded.config.qbits
    assert not loaded.warnings


def test_what_is_left_out_has_its_default(load):
    arr = load(RADARR).config.arrs["Radarr-4K"]
    assert arr.managed
    assert arr.research
    assert arr.category == "radarr-4k"
    assert (arr.rss_sync_seconds, arr.refresh_downloads_seconds) == (900, 300)
    assert arr.entry_search.overseerr.is_4k
    assert ".mkv" in arr.torrent.file_extension_allowlist
    assert arr.error_messages_to_blocklist == (
        "Not an upgrade for existing",
        "Not a Custom Format upgrade for existing",
        "Not a quality revision upgrade for existing",
        "Caution: Found executable file",
        "Caution: Found potentially dangerous file",
    )


@pytest.mark.parametrize(
    ("section", "extension", "folder"),
    [("Sonarr-Anime", ".mkv", r"\bova\b"), ("Lidarr-Music", ".flac", r"\bsamples?\b")],
)
def test_lists_fit_the_kind_and_the_name(load, section, extension, folder):
    arr = load(f"[{section}]").config.arrs[section]
    assert extension in arr.torrent.file_extension_allowlist
    assert folder in arr.torrent.folder_exclusion_regex
    assert not arr.entry_search.overseerr.is_4k


def test_the_age_that_protects_torrents_is_inherited_from_the_settings(load):
    config = load(f"[Settings]\nIgnoreTorrentsYoungerThan = '1h'\n{RADARR}{QBIT}").config
    assert config.arrs["Radarr-4K"].torrent.ignore_torrents_younger_than_seconds == 3600
    assert config.qbits["qBit"].category_seeding.ignore_torrents_younger_than_seconds == 3600


def test_a_category_row_inherits_what_it_leaves_out(load):
    text = f"""{QBIT}
        ManagedCategories = ["books"]
        [qBit.CategorySeeding]
        MaxUploadRatio = 2
        HitAndRunMode = "and"
        [[qBit.CategorySeeding.Categories]]
        Name = "books"
        StalledDelay = "1h"
    """
    (row,) = load(text).config.qbits["qBit"].category_seeding.categories
    assert (row.name, row.max_upload_ratio, row.hit_and_run.mode) == ("books", 2, "and")
    assert row.stalled_delay_seconds == 3600


def test_the_free_space_folder_falls_back_to_the_completed_folder(load):
    loaded = load("[Settings]\nFreeSpace = '1G'\nFreeSpaceFolder = 'CHANGE_ME'\nCompletedDownloadFolder = '/data'")
    assert loaded.config.settings.free_space_folder == "/data"


def test_a_worker_gets_the_memory_that_it_needs(load, refuse):
    assert load("[Settings]\nWorkerMemoryHigh = '64M'").config.settings.worker_memory_high_bytes == 64 * 2**20
    assert load("[Settings]\nWorkerMemoryHigh = -1").config.settings.worker_memory_high_bytes == -1
    for value in ("'63M'", "0"):
        assert set(refuse(f"[Settings]\nWorkerMemoryHigh = {value}")) == {"Settings.WorkerMemoryHigh"}


@pytest.mark.parametrize("secret", ["two\\nlines", "a\\ttab", "\\u0000", "the end\\u007f"])
@pytest.mark.parametrize("key", ["WebUI.Token", "Prowlarr.APIKey", "qBit.Password", "Radarr.APIKey"])
def test_a_secret_that_fits_into_no_header_is_refused(refuse, key, secret):
    section, _, name = key.partition(".")
    (problem,) = refuse(f'[{section}]\n{name} = "{secret}"').values()
    assert (problem.key, problem.found) == (key, "a hidden text")
    assert "control characters" in problem.allowed


def test_a_file_with_a_secret_in_two_lines_is_refused(refuse, tmp_path):
    (tmp_path / "secret").write_text("one\ntwo\n")
    (problem,) = refuse("[Radarr]", QBITRR_RADARR_API_KEY_FILE=str(tmp_path / "secret")).values()
    assert (problem.key, problem.found) == ("QBITRR_RADARR_API_KEY_FILE", "a hidden text")


def test_all_problems_are_reported_at_once(refuse):
    problems = refuse(
        """
        [Settings]
        ConsoleLevel = "LOUD"
        LoopSleepTimer = -5
        MaxProcessRestarts = "many"
        [WebUI]
        Port = 0
        [qBit]
        Host = "localhost"
        Trackers = [{ URI = "a.example", MinSeedRatio = -1 }, 5]
        [Radarr-4K]
        URI = "not an address"
        [Radarr-4K.Torrent]
        FileNameExclusionRegex = ["fine", "(", "also fine", "["]
        [Radarr-4K.Torrent.SeedingMode]
        RemoveTorrent = 7
        [Sonarr-TV]
        EntrySearch = "no table"
        Torrent = { Trackers = "no rows" }
        """
    )
    assert set(problems) == {
        "Settings.ConsoleLevel",
        "Settings.LoopSleepTimer",
        "Settings.MaxProcessRestarts",
        "WebUI.Port",
        "qBit.Trackers[0].MinSeedRatio",
        "qBit.Trackers[1]",
        "Radarr-4K.URI",
        "Radarr-4K.Torrent.FileNameExclusionRegex[1]",
        "Radarr-4K.Torrent.FileNameExclusionRegex[3]",
        "Radarr-4K.Torrent.SeedingMode.RemoveTorrent",
        "Sonarr-TV.EntrySearch",
        "Sonarr-TV.Torrent.Trackers",
    }
    assert problems["WebUI.Port"].found == "0"
    assert problems["WebUI.Port"].allowed == "a whole number, 1 to 65535"
    assert "unterminated subpattern" in problems["Radarr-4K.Torrent.FileNameExclusionRegex[1]"].allowed


def test_the_text_of_the_error_lists_every_problem_with_key_and_remedy():
    with pytest.raises(
        ConfigError, match=r"(?s)WebUI\.Port: found 0; allowed: .*\n.*Settings|Settings.*\n.*WebUI\.Port"
    ):
        load_document({"Settings": {"Tagless": "perhaps"}, "WebUI": {"Port": 0}}, {})


def test_a_secret_is_never_shown_in_a_problem(refuse):
    problems = refuse('[WebUI]\nToken = 12345678\n[qBit]\nPassword = ["hunter2"]\n[Radarr]\nAPIKey = 87654321')
    text = " ".join(map(str, problems.values()))
    assert set(problems) == {"WebUI.Token", "qBit.Password", "Radarr.APIKey"}
    assert not any(secret in text for secret in ("12345678", "hunter2", "87654321"))


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("[Settings]\nLoopSleepTime = 5", "Settings.LoopSleepTime", "Did you mean LoopSleepTimer?"),
        ("[Settings]\nconsolelevel = 'INFO'", "Settings.consolelevel", "Did you mean ConsoleLevel?"),
        (f"{RADARR}StalledDelay = 5", "Radarr-4K.StalledDelay", "It belongs in Radarr-4K.Torrent."),
        ("[Radarr.Torrent]\nZzz = 5", "Radarr.Torrent.Zzz", "Ignored."),
        ("[qbitt]\nHost = 'nas'", "qbitt", "Did you mean qBit?"),
        ("[setings]\nLogging = true", "setings", "Did you mean Settings?"),
        ("[Radar-4K]\nURI = 'x'", "Radar-4K", "Did you mean Radarr?"),
        ("[[qBit.Trackers]]\nURI = 'a.example'\nPrioriti = 1", "qBit.Trackers[0].Prioriti", "Did you mean Priority?"),
        ("Color = 'blue'", "Color", "Ignored."),
    ],
)
def test_unknown_keys_and_sections_are_warnings_with_a_near_miss(load, text, key, hint):
    warnings = {warning.key: warning.hint for warning in load(text).warnings}
    assert warnings[key] == hint


def test_readarr_is_ignored_with_a_warning(load):
    loaded = load("[Readarr-Books]\nManaged = true\nNonsense = []")
    assert [str(warning) for warning in loaded.warnings] == [
        "Readarr-Books: found a Readarr section; allowed: Radarr, Sonarr and Lidarr. Not supported, ignored."
    ]
    assert not loaded.config.arrs


def test_a_key_of_another_kind_of_arr_is_ignored_with_a_warning(load):
    loaded = load(
        "[Lidarr.EntrySearch]\nSearchRequestsEvery = 1800\n[Lidarr.EntrySearch.Ombi]\nSearchOmbiRequests = true"
    )
    assert {warning.key for warning in loaded.warnings} == {
        "Lidarr.EntrySearch.SearchRequestsEvery",
        "Lidarr.EntrySearch.Ombi",
    }
    assert not loaded.config.arrs["Lidarr"].entry_search.ombi.search_requests


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[Settings]\nLogging = yes\n", "config.toml, line 2, column 11"),
        ("[Settings]\n[Settings]\n", "config.toml, line 2, column 10"),
        ("[Settings", "config.toml, end of document"),
        ("a = " + "[" * 5000, "config.toml"),
        ("a = " + "9" * 5000, "config.toml"),
    ],
)
def test_a_syntax_error_names_line_and_column(refuse, text, where):
    assert set(refuse(text)) == {where}


def test_a_file_that_cannot_be_read_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_file(tmp_path / "config.toml", {})
    (tmp_path / "config.toml").write_bytes(b"[Settings]\nFailedCategory = '\xff'")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_file(tmp_path / "config.toml", {})


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf[Settings]\r\nTagless = true\r\n")
    assert load_file(tmp_path / "config.toml", {}).config.settings.tagless


@pytest.mark.parametrize("section", ["radarr", "RADARR-x", "Radarr-My_Movies", '"Radarr 4K"', "Radarr4K"])
def test_section_names_are_free_as_long_as_they_start_with_the_kind(load, section):
    (arr,) = load(f"[{section}]").config.arrs.values()
    assert arr.kind == "radarr"
    assert arr.section == section.strip('"')


@pytest.mark.parametrize("section", ['"Radarr-a.b"', '"qBit-a/b"', '"Sonarr\\\\x"', '"Lidarr\\n"'])
def test_section_names_that_would_be_paths_are_refused(refuse, section):
    (problem,) = refuse(f"[{section}]").values()
    assert "dot or slash" in problem.found


@pytest.mark.parametrize("text", ["Settings = 1", "[[Radarr]]\nURI = 'x'", "qBit = 'localhost'"])
def test_a_section_must_be_a_table(refuse, text):
    assert len(refuse(text)) == 1


# --- what is still to be filled in ------------------------------------------------------------------------


def test_placeholders_are_listed_and_their_sections_do_not_run(load):
    loaded = load(f"[qBit]\nHost = 'change_me'\n[Sonarr]\nURI = 'CHANGE_ME'\n{RADARR}")
    assert {problem.key: problem.found for problem in loaded.incomplete} == {
        "Settings.CompletedDownloadFolder": "nothing",
        "qBit.Host": "CHANGE_ME",
        "Sonarr.URI": "CHANGE_ME",
        "Sonarr.APIKey": "nothing",
    }
    assert [arr.section for arr in runnable_arrs(loaded.config)] == ["Radarr-4K"]
    assert not runnable_qbits(loaded.config)


def test_what_is_switched_off_need_not_be_complete(load):
    loaded = load("[Settings]\nCompletedDownloadFolder = '/d'\n[qBit]\nDisabled = true\n[Sonarr]\nManaged = false")
    assert not loaded.incomplete


def test_a_request_service_that_is_on_needs_address_and_key(load):
    loaded = load(
        f"""{RADARR}
        [Radarr-4K.EntrySearch.Overseerr]
        SearchOverseerrRequests = true
        OverseerrURI = "seerr:5055"
        [Radarr-4K.EntrySearch.Ombi]
        SearchOmbiRequests = true
        """
    )
    assert {problem.key for problem in loaded.incomplete} >= {
        "Radarr-4K.EntrySearch.Overseerr.OverseerrAPIKey",
        "Radarr-4K.EntrySearch.Ombi.OmbiURI",
        "Radarr-4K.EntrySearch.Ombi.OmbiAPIKey",
    }
    (arr,) = runnable_arrs(loaded.config)
    assert not arr.entry_search.overseerr.active
    assert not arr.entry_search.ombi.active


# --- keys looked at together ------------------------------------------------------------------------------


def test_contradictions_between_sections_are_all_reported(refuse):
    problems = refuse(
        """
        [Settings]
        FreeSpace = "10G"
        FailedCategory = "tv"
        RecheckCategory = "tv"
        [qBit]
        Host = "nas"
        ManagedCategories = ["movies"]
        [Radarr-a]
        URI = "http://radarr"
        Category = "movies"
        [Radarr-b]
        URI = "http://RADARR/"
        Category = " movies/ "
        [Sonarr]
        Category = "tv"
        """
    )
    assert set(problems) == {
        "Settings.FreeSpaceFolder",
        "Settings.RecheckCategory",
        "Sonarr.Category",
        "Radarr-b.Category",
        "Radarr-b.URI",
        "qBit.ManagedCategories",
    }
    assert problems["Radarr-b.Category"].found == '"movies", the same as Radarr-a.Category'


def test_what_is_switched_off_contradicts_nothing(load):
    load(
        """
        [qBit]
        Disabled = true
        ManagedCategories = ["radarr"]
        [Radarr]
        URI = "http://radarr"
        [Radarr-old]
        Managed = false
        URI = "http://radarr"
        Category = "radarr"
        """
    )


def test_two_qbittorrents_may_manage_the_same_category(load):
    load("[qBit]\nManagedCategories = ['books']\n[qBit-2]\nManagedCategories = ['books']")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[Radarr.Torrent]\nPrivatePolicy = { stale = 'act' }", "Radarr.Torrent.PrivatePolicy.stale"),
        ("[Radarr.Torrent]\nPublicPolicy = { stalled = 'go' }", "Radarr.Torrent.PublicPolicy.stalled"),
        (
            "[[Radarr.Torrent.Ranges]]\nFromProgress = 0.5\nUpToProgress = 0.4",
            "Radarr.Torrent.Ranges[0].UpToProgress",
        ),
        (
            "[[Settings.Torrent.Ranges]]\n[[Settings.Torrent.Ranges]]\nFromSize = '2G'\nUpToSize = '1G'",
            "Settings.Torrent.Ranges[1].UpToSize",
        ),
        ("[[Radarr.Messages]]\nMatch = 'contains'", "Radarr.Messages[0].Text"),
        ("[[Radarr.Messages]]\nText = 'a('\nMatch = 'regex'", "Radarr.Messages[0].Text"),
        ("[[Radarr.Messages]]\nText = '(a+)+b'\nMatch = 'regex'", "Radarr.Messages[0].Text"),
        ("[[Notifications.Targets]]\nEvents = ['ask']", "Notifications.Targets[0].To"),
        ("[Notifications]\nUrls = ['json://x']\nTargets = [{ To = 'json://x' }]", "Notifications.Targets[0].To"),
    ],
)
def test_what_cannot_hold_of_rules_ranges_and_messages_is_refused(refuse, text, key):
    assert set(refuse(text)) == {key}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[Radarr]\nCategory = 'a'\n[Sonarr]\nCategory = 'a/b'", "Sonarr.Category"),
        ("[Radarr]\nCategory = 'a\\b'", "Radarr.Category"),
        ("[WebUI]\nAllowInsecureTokenQuery = true", "WebUI.AllowInsecureTokenQuery"),
        ("[Settings]\nFFprobeAutoUpdate = true", "Settings.FFprobeAutoUpdate"),
        (
            "[Settings]\nFreeSpace = 1\nCompletedDownloadFolder = '/d'\nAutoPauseResume = false",
            "Settings.AutoPauseResume",
        ),
        ("[Radarr.Torrent.MakeRoom]\nEnabled = true", "Radarr.Torrent.MakeRoom.Enabled"),
        ("[qBit]\nHost = 'nas'\nPassword = 'CHANGE_ME'", "qBit.Password"),
        ("[qBit.CategorySeeding]\nRemoveTorrent = 4\nMaxUploadRatio = 1", "qBit.CategorySeeding.RemoveTorrent"),
        ("[[qBit.CategorySeeding.Categories]]\nName = 'x'", "qBit.CategorySeeding.Categories[0].Name"),
        ("[Radarr.EntrySearch]\nUseTempForMissing = true", "Radarr.EntrySearch.UseTempForMissing"),
        ("[Radarr.EntrySearch]\nSearchLimit = 0", "Radarr.EntrySearch.SearchLimit"),
        ("[[Radarr.Torrent.Trackers]]\nPriority = 1", "Radarr.Torrent.Trackers[0].URI"),
        ("[Radarr.Torrent]\nMinimumSpeed = 50", "Radarr.Torrent.DoNotRemoveSlow"),
        ("[[Radarr.Torrent.Ranges]]\nMinimumSpeed = 50", "Radarr.Torrent.DoNotRemoveSlow"),
        ("[Notifications]\nUrls = ['json://x']\nTargets = [{ To = 'discord' }]", "Notifications.Targets[0].To"),
        ("[Notifications]\nUrls = ['json://x', 'discord:/1/hook']", "Notifications.Urls[1]"),
    ],
)
def test_what_cannot_be_meant_so_is_a_warning(load, text, key):
    assert key in {warning.key for warning in load(text).warnings}


@pytest.mark.parametrize(
    "text",
    [
        "[WebUI]\nHost = '0.0.0.0'\nWebAccess = 'open'\nAllowInsecureExposure = true",
        "[qBit.CategorySeeding]\nRemoveTorrent = 3\nMaxUploadRatio = 1",
        "[Radarr.Torrent]\nSeedingMode.RemoveTorrent = 2\nTrackers = [{ URI = 'a.example', MaxSeedingTime = '1d' }]",
        "[qBit]\nHost = 'nas'\nPassword = 'CHANGE_ME'\nAPIKey = 'key'",
        "[Radarr.Torrent]\nMinimumSpeed = 50\nDoNotRemoveSlow = false",
        "[Notifications]\nUrls = ['Discord://a/b']\nTargets = [{ To = 'discord://' }]",
    ],
)
def test_what_makes_sense_is_no_warning(load, text):
    assert not load(text).warnings


@pytest.mark.parametrize(
    ("webui", "key"),
    [
        ("WebAccess = 'open'", "WebUI.WebAccess"),
        ("Host = '0.0.0.0'\nWebAccess = 'open'", "WebUI.WebAccess"),
        ("AuthDisabled = false\nWebAccess = 'auto'", "WebUI.AuthDisabled"),
        ("AuthDisabled = false\nWebAccess = 'open'\nAllowInsecureExposure = true", "WebUI.AuthDisabled"),
        ("AuthDisabled = true\nWebAccess = 'token'", "WebUI.AuthDisabled"),
        ("AuthDisabled = true\nLocalAuthEnabled = true", "WebUI.AuthDisabled"),
        ("AuthDisabled = true\nOIDCEnabled = true\nOIDC.AllowedSubjects = ['me']", "WebUI.AuthDisabled"),
        ("AuthDisabled = true\nPasswordHash = '$2b$12$x'", "WebUI.AuthDisabled"),
    ],
)
def test_what_asks_for_a_login_and_for_none_contradicts_itself(load, webui, key):
    with pytest.raises(ConfigError) as caught:
        load(f"[WebUI]\n{webui}")
    assert [problem.key for problem in caught.value.problems] == [key]


@pytest.mark.parametrize(
    ("webui", "key"),
    [
        ("Token = 'one'\nReadToken = 'one'", "WebUI.ReadToken"),
        ("Peers = ['http://attic:one@host', 'http://attic:two@other']", "WebUI.Peers"),
    ],
)
def test_two_that_are_the_same_are_refused(load, webui, key):
    with pytest.raises(ConfigError) as caught:
        load(f"[WebUI]\n{webui}")
    assert [problem.key for problem in caught.value.problems] == [key]


@pytest.mark.parametrize(
    ("oidc", "key"),
    [
        ("", "WebUI.OIDC"),
        ("OIDC.AllowedSubjects = []\nOIDC.RequiredClaim = ''", "WebUI.OIDC"),
        ("OIDC.RequiredClaim = 'admins'", "WebUI.OIDC.RequiredClaim"),
        ("OIDC.RequiredClaim = 'groups='", "WebUI.OIDC.RequiredClaim"),
        ("OIDC.RequiredClaim = '=admins'", "WebUI.OIDC.RequiredClaim"),
    ],
)
def test_a_provider_whose_users_may_all_log_in_is_no_configuration(load, oidc, key):
    with pytest.raises(ConfigError) as caught:
        load(f"[WebUI]\nOIDCEnabled = true\n{oidc}")
    assert [problem.key for problem in caught.value.problems] == [key]


@pytest.mark.parametrize(("scopes", "warned"), [("openid profile", True), ("openid email", False)])
def test_addresses_need_the_scope_that_shows_them(load, scopes, warned):
    text = f"[WebUI]\nOIDCEnabled = true\nOIDC.AllowedEmails = ['me@example.org']\nOIDC.Scopes = '{scopes}'"
    assert [warning.key for warning in load(text).warnings] == ["WebUI.OIDC.Scopes"] * warned


# --- whatever stands in the file --------------------------------------------------------------------------

SECTIONS: dict[str, type[Table]] = {"Settings": Settings, "WebUI": WebUI, "qBit": QBit, "Radarr-4K": Arr}
TEMPTING = ["CHANGE_ME", "", " ", "1d", "-1", "50G", "(", "http://", "[::1", "a.b", "/", "true", "(1)", "1e999", "1e3"]
TOML_VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(TEMPTING) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


def own_keys(table: type[Table]) -> Iterator[Key]:
    for key in keys_of(table):
        yield from own_keys(key.table) if key.form == "inline" else [key]


def any_table(table: type[Table]) -> st.SearchStrategy[dict[str, Any]]:
    """Known keys with any values; where a table belongs there is one, as a rule."""
    return st.fixed_dictionaries({}, optional={key.name: any_value(key) for key in own_keys(table)})


def any_value(key: Key) -> st.SearchStrategy[Any]:
    if key.table is None:
        return TOML_VALUES
    inner = any_table(key.table)
    return TOML_VALUES | (st.lists(inner, max_size=2) if key.form == "rows" else inner)


@st.composite
def single_keys(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A document that holds one known key, and the dotted name of it."""
    section, table = draw(st.sampled_from(list(SECTIONS.items())))
    path, _ = draw(st.sampled_from(list(key_paths(table))))
    value = draw(TOML_VALUES)
    for name in reversed(path.split(".")):
        value = {name.removesuffix("[]"): [value] if name.endswith("[]") else value}
    return f"{section}.{path.replace('[]', '[0]')}", {section: value}


@settings(max_examples=100, deadline=None)
@given(st.fixed_dictionaries({}, optional={name: any_table(table) for name, table in SECTIONS.items()}))
def test_any_values_at_all_load_or_are_refused_by_a_configuration_error(document):
    with suppress(ConfigError):
        load_document(document, {})


@settings(max_examples=1000, deadline=None)
@given(single_keys())
def test_any_value_of_a_key_loads_or_is_refused_under_its_name(single):
    name, document = single
    try:
        config = load_document(document, {}).config
    except ConfigError as error:
        assert all(problem.key.startswith((name, *CROSS_CHECKED)) for problem in error.problems)  # noqa: PT017
    else:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(config), type=Config) == config


CROSS_CHECKED = (
    "Settings.FreeSpaceFolder",
    "Settings.RecheckCategory",
    "Settings.Torrent.Ranges[0].UpTo",
    "qBit.ManagedCategories",
    "Radarr-4K.Category",
    "Radarr-4K.Messages[0].Text",
    "Notifications.Targets[0].To",
    "Radarr-4K.Torrent.Ranges[0].UpTo",
)


def test_warnings_are_reported_together_with_problems(load):
    with pytest.raises(ConfigError) as caught:
        load("[Settings]\nLoopSleepTimr = 5\n[Radrr-C]\n[WebUI]\nPort = 'x'\n")
    assert [problem.key for problem in caught.value.problems] == ["WebUI.Port"]
    assert {warning.key for warning in caught.value.warnings} == {"Settings.LoopSleepTimr", "Radrr-C"}
    assert all("Did you mean" in warning.hint for warning in caught.value.warnings)
