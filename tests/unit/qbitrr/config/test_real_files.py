"""Shapes of real configuration files, with invented names and keys: they load as they were meant."""

from pathlib import Path

import pytest

from qbitrr.config.load import load_file
from qbitrr.errors import ConfigError
from qbitrr.rules.files import TorrentFile, compile_rules, select

FOLDER = Path("tests/data/configs")
REFUSED = {
    "ini-file-named-toml": "TOML",
    "issue103b-same-arr-in-two-sections": "Sonarr-Anime.URI",
    "sections-as-array-of-tables": "Radarr-Movies",
    "settings-qbittorrent-schema": "Radarr",
    "tracker-rows-minus-one": "MaxUploadRatio",
    "windows-path-backslashes": "single quotes",
}


def load(name):
    return load_file(FOLDER / f"{name}.toml", {})


def notes(name):
    return "\n".join(map(str, load(name).warnings))


def test_every_file_is_either_loaded_or_listed_as_refused():
    refused = set()
    for path in FOLDER.glob("*.toml"):
        try:
            load(path.stem)
        except ConfigError:
            refused.add(path.stem)
    assert refused == REFUSED.keys()


@pytest.mark.parametrize(("name", "named"), REFUSED.items())
def test_what_is_refused_says_where_and_how_to_write_it(name, named):
    with pytest.raises(ConfigError) as caught:
        load(name)
    assert named in str(caught.value)


def test_an_allowlist_may_have_patterns():
    torrent = load("allowlist-regex-for-rar").config.arrs["Radarr-Movies"].torrent
    rules = compile_rules([], [], torrent.file_extension_allowlist, "radarr", case_sensitive=False)
    files = [TorrentFile(n, f"F/{name}", 1) for n, name in enumerate(["f.r01", "f.rar", "f.mkv", "f.exe", "f.mkv.!qB"])]
    assert {file.path for file in select([*files, TorrentFile(9, "F/film.mkv", 99)], rules, "F").unwanted} == {
        "F/f.exe"
    }


def test_a_percentage_of_99_is_99_percent():
    assert (
        load("deletable-percentage-as-percent").config.arrs["Radarr-Movies"].torrent.maximum_deletable_percentage
        == 0.99
    )
    assert "0.99" in notes("deletable-percentage-as-percent")


def test_a_section_of_2_0_to_3_4_is_a_qbittorrent():
    assert load("qbit-section-in-other-case").config.qbits["qBit"].user_name == "admin"
    assert "[qBit]" in notes("qbit-section-in-other-case")


def test_a_section_of_the_documentation_gets_the_right_hint():
    assert "EntrySearch" in notes("docs-search-section")


def test_what_a_trimmed_file_leaves_out_stays_off_and_is_named():
    arr = load("trimmed").config.arrs["Radarr-Lab"]
    assert not arr.research
    assert arr.error_messages_to_blocklist == ()
    assert not arr.entry_search.search_missing
    assert not arr.entry_search.search_again_on_search_completion
    torrent = arr.torrent
    assert torrent.folder_exclusion_regex == torrent.file_name_exclusion_regex == torrent.file_extension_allowlist == ()
    assert "FileExtensionAllowlist" in notes("trimmed")


def test_a_file_of_this_program_gets_its_defaults(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('[qBit]\nHost = "localhost"\n[Radarr]\nURI = "http://localhost:7878"\nAPIKey = "k"\n')
    arr = load_file(path, {}).config.arrs["Radarr"]
    assert arr.research
    assert {".avi", ".mkv", ".srt"} <= set(arr.torrent.file_extension_allowlist)


@pytest.mark.parametrize(
    ("version", "delay", "seconds"),
    [
        ('"5.14.4"', 0, 0),
        ('"5.14.4"', -1, -1),
        ('"5.14.6"', 0, 60),
        ('"5.15.0"', 0, 60),
        ('"5.14.6"', -1, -1),
        ("4", 0, 0),
    ],
)
def test_the_delay_means_what_the_version_means_that_wrote_it(tmp_path, version, delay, seconds):
    path = tmp_path / "config.toml"
    text = f"[Settings]\nConfigVersion = {version}\n[qBit.CategorySeeding]\nStalledDelay = {delay}\n"
    path.write_text(f"{text}[Radarr.Torrent]\nStalledDelay = {delay}\n")
    config = load_file(path, {}).config
    assert config.arrs["Radarr"].torrent.stalled_delay_seconds == seconds
    assert config.qbits["qBit"].category_seeding.stalled_delay_seconds == seconds


def test_the_address_of_the_page_may_stand_in_settings(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('[Settings]\nWebUIHost = "127.0.0.1"\nWebUIPort = 7000\nWebUIToken = "abc"\n')
    webui = load_file(path, {}).config.webui
    assert (webui.host, webui.port, webui.token) == ("127.0.0.1", 7000, "abc")
