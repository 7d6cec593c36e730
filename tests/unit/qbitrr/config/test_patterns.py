"""Patterns of users end in bounded time."""

import time

import pytest

from qbitrr.config.derived_defaults import arr_defaults
from qbitrr.config.load import load_text
from qbitrr.config.model import Settings
from qbitrr.config.patterns import is_bounded
from qbitrr.rules.files import TorrentFile, compile_rules, select


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(\w+\.?)+sample$",
        "(a*)*b",
        "(?:x+x+)+y",
        "((a|b)*c)*d",
        "(?=(a+)+)b",
        "(.{0,50}){0,50}z",
        "((?:ab)+?)+?c",
        "(a|b|ab)*c",
        "(a?a)+b",
        r"(?:\d\w|x|\d)+y",
        "(?:A|ab|c)*d",
        "(?:a|)*b",
    ],
)
def test_a_repeat_that_matches_a_text_in_several_ways_is_not_bounded(pattern):
    assert not is_bounded(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bsamples?\b",
        r"\bnc(?:ed|op)?\d*\b",
        "(ab)+",
        r"(\d{1,2}x){3}",
        ".*a.*",
        "[a-z]+",
        "(?:foo|bar)+",
        "(?:a|b)*c",
    ],
)
def test_ordinary_patterns_are_bounded(pattern):
    assert is_bounded(pattern)


@pytest.mark.parametrize("section", ["Radarr-4K", "Sonarr-Anime", "Lidarr"])
def test_the_default_patterns_are_bounded(section):
    torrent = arr_defaults(section, section.partition("-")[0].lower(), Settings())["Torrent"]
    assert all(map(is_bounded, (*torrent["FolderExclusionRegex"], *torrent["FileNameExclusionRegex"])))


def test_a_name_cannot_hang_a_worker():
    """Without a check of patterns its time doubles with each letter: seconds for these."""
    rules = compile_rules([], [r"^(\w+\.?)+sample$"], [], "radarr", case_sensitive=False)
    before = time.monotonic()
    select([TorrentFile(0, "a" * 25 + "-.mkv", 5)], rules, "")
    assert time.monotonic() - before < 1


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("film.mkv", True), ("film.r05", True), ("film.rar", True), ("film.exe", False), ("r05", False)],
)
def test_patterns_for_extensions_work_as_in_the_existing_program(name, allowed):
    rules = compile_rules([], [], [".mkv", r"\.r[0-9]{2}", r"\.ra.?"], "radarr", case_sensitive=False)
    assert (select([TorrentFile(0, name, 5)], rules, "").unwanted == ()) is allowed


def test_a_pattern_that_is_not_applied_is_named():
    text = """
        [qBit]
        Host = "localhost"
        [Radarr]
        URI = "http://localhost:7878"
        APIKey = "0123456789abcdef0123456789abcdef"
        [Radarr.Torrent]
        FileNameExclusionRegex = ["sample", "(a+)+b"]
    """
    warnings = [warning for warning in load_text(text, {}).warnings if "repeat" in warning.found]
    assert [warning.key for warning in warnings] == ["Radarr.Torrent.FileNameExclusionRegex[1]"]
