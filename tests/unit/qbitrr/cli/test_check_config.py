from __future__ import annotations

import pytest

from qbitrr.cli.check_config import report


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
