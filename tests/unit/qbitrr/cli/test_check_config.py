from __future__ import annotations

import pytest

from qbitrr.cli.check_config import report, values
from qbitrr.config import example


def test_the_report_has_what_runs_what_is_missing_and_what_is_odd(load):
    loaded = load(
        """
        [Settings]
        CompletedDownloadFolder = "/data"
        Color = "blue"
        [qBit]
        Host = "nas"
        ManagedCategories = ["books", "games"]
        [Radarr-4K]
        URI = "http://me:hunter2@radarr:7878"
        APIKey = "0123456789abcdef"
        [Sonarr-TV]
        URI = "http://sonarr:8989"
        [Lidarr]
        Managed = false
        """,
        QBITRR_SETTINGS_TAGLESS="true",
    )
    assert report(loaded).splitlines() == [
        "Workers:",
        "  Radarr-4K: radarr, category radarr-4k, http://radarr:7878",
        "qBittorrent:",
        "  qBit: qbittorrent, books, games, http://nas:8080",
        "To fill in:",
        "  Sonarr-TV.APIKey: the API key that Sonarr shows under Settings, General",
        "From the environment:",
        "  Settings.Tagless: QBITRR_SETTINGS_TAGLESS",
        "Warnings:",
        "  Settings.Color: found an unknown key; allowed: the keys of [Settings]. Ignored.",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "  none yet"),
        ("[qBit]\nHost = 'nas'", "  qBit: qbittorrent, no categories of its own, http://nas:8080"),
        (
            "[Radarr]\nURI = 'radarr'\nAPIKey = 'key'",
            "  no qBittorrent is in use: torrents are left alone, only searches run",
        ),
    ],
)
def test_the_report_explains_a_configuration_without_arrs_or_qbittorrents(load, text, line):
    assert line in report(load(text)).splitlines()


def test_every_value_is_shown_with_its_origin_and_without_secrets(load, tmp_path):
    (tmp_path / "password").write_text("hunter2 of the file")
    loaded = load(
        """
        [Settings]
        LoopSleepTimer = 90
        FreeSpace = "50G"
        CompletedDownloadFolder = "CHANGE_ME"
        [qBit]
        Host = "http://me:hunter2@nas"
        Password = "overridden"
        [Radarr-4K]
        APIKey = "hunter2 of radarr"
        [[Radarr-4K.Torrent.Trackers]]
        URI = "https://tracker.example/hunter2"
        """,
        QBITRR_SETTINGS_PING_URLS="one.example,two.example",
        QBITRR_SETTINGS_FREE_SPACE_FOLDER="/data",
        QBITRR_QBIT_PASSWORD_FILE=str(tmp_path / "password"),
        QBITRR_RADARR_4K_URI="http://radarr:7878",
    )
    lines = values(loaded).splitlines()
    assert {
        "Settings.LoopSleepTimer = 90  (file)",
        'Settings.FreeSpace = "50G"  (file)',
        'Settings.CompletedDownloadFolder = ""  (default)',
        'Settings.PingURLS = ["one.example", "two.example"]  (environment: QBITRR_SETTINGS_PING_URLS)',
        "Settings.Torrent.MaximumDeletablePercentage = 0.99  (default)",
        "WebUI.WebAccess = null  (default)",
        'qBit.Host = "http://nas"  (file)',
        "qBit.Password = ***  (environment: QBITRR_QBIT_PASSWORD_FILE)",
        'qBit.APIKey = ""  (default)',
        'Radarr-4K.URI = "http://radarr:7878"  (environment: QBITRR_RADARR_4K_URI)',
        "Radarr-4K.APIKey = ***  (file)",
        "Radarr-4K.EntrySearch.SearchLimit = 5  (default)",
        "Radarr-4K.Torrent.Trackers = 1 rows  (file)",
    } <= set(lines)
    assert not [line for line in lines if "hunter2" in line]
    assert len({line.partition(" = ")[0] for line in lines}) == len(lines)


def test_every_key_of_the_example_has_one_line(load):
    names = [line.partition(" = ")[0] for line in values(load(example.render())).splitlines()]
    assert {"Settings.Shadow", "WebUI.Theme", "Notifications.Digest", "Sonarr-Anime.Torrent.Strikes"} <= set(names)
    assert len(set(names)) == len(names)
