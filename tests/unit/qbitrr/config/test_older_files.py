from __future__ import annotations

from pathlib import Path

import pytest

from qbitrr.cli.check_config import report
from qbitrr.config import Config, load_file, runnable_arrs, runnable_qbits

FOLDER = Path(__file__).parent


@pytest.fixture
def old() -> Config:
    return load_file(FOLDER / "old_5_3.toml", {}).config


@pytest.fixture
def full() -> Config:
    return load_file(FOLDER / "full_5_14.toml", {}).config


@pytest.mark.parametrize("name", ["old_5_3.toml", "full_5_14.toml"])
def test_a_file_of_an_older_version_loads_and_stays_as_it_is(name):
    path = FOLDER / name
    before = path.read_bytes()
    loaded = load_file(path, {})
    assert runnable_arrs(loaded.config)
    assert runnable_qbits(loaded.config)
    assert report(loaded)
    assert path.read_bytes() == before


def test_5_3_listens_where_it_did_and_keeps_its_token(old):
    assert (old.webui.host, old.webui.port, old.webui.theme) == ("0.0.0.0", 6868, "Dark")
    assert old.webui.token.startswith("0f1e2d3c")


def test_5_3_settings_keep_their_meaning(old):
    assert old.settings.console_level == "INFO"
    assert old.settings.free_space_bytes == 50 * 2**30
    assert old.settings.search_loop_delay_seconds == 30
    assert old.settings.ignore_torrents_younger_than_seconds == 600


def test_5_3_credentials_that_were_never_filled_in_are_not_sent(old):
    assert (old.qbits["qBit"].user_name, old.qbits["qBit"].password) == ("", "")


def test_5_3_radarr_keeps_its_meaning(old):
    radarr = old.arrs["Radarr-1080"]
    assert radarr.uri == "http://radarr:7878"
    assert radarr.import_mode == "Auto"
    assert radarr.rss_sync_seconds == 300
    assert radarr.entry_search.quality_profile_mappings == {"HD-1080p": "HD-720p", "Ultra-HD": "HD-1080p"}
    assert radarr.torrent.maximum_eta_seconds == 604_800
    assert radarr.torrent.seeding.remove_dead_trackers
    assert radarr.torrent.seeding.remove_tracker_with_message == ("No such host is known",)
    assert [(row.host, row.priority, row.maximum_eta_seconds) for row in radarr.torrent.trackers] == [
        ("9.rarbg.com", 1, 18_000),
        ("9.rarbg.to", 2, 18_000),
    ]


def test_5_3_animarr_is_a_sonarr_with_its_old_category(old):
    anime = old.arrs["Sonarr-Shows"]
    assert (anime.kind, anime.category) == ("sonarr", "animarr-shows")
    assert anime.entry_search.search_by_series == "true"
    assert anime.torrent.trackers[0].add_tags == ("qBitrr-anime",)
    assert anime.error_messages_to_blocklist == ()


def test_5_14_settings_keep_their_meaning(full):
    assert full.settings.free_space_bytes == 3 * 2**39
    assert full.settings.free_space_folder == "/data/completed"
    assert full.settings.no_internet_sleep_seconds == 60
    assert full.settings.torrent.maximum_eta_seconds == 86_400
    assert (full.webui.live_arr, full.webui.theme, full.webui.view_density) == (False, "Light", "Compact")
    assert full.webui.behind_https_proxy
    assert full.webui.url_base == "/qbitrr"


def test_5_14_qbittorrents_keep_their_meaning(full):
    qbit, seedbox = full.qbits.values()
    assert qbit.managed_categories == ("books", "games/retro")
    assert qbit.category_seeding.upload_limit_bytes_per_second == 512_000
    assert qbit.category_seeding.max_seeding_seconds == 1_209_600
    assert qbit.category_seeding.stalled_delay_seconds == 7200
    (books,) = qbit.category_seeding.categories
    assert (books.name, books.max_upload_ratio, books.remove_torrent) == ("books", 5, 1)
    assert books.max_seeding_seconds == 1_209_600
    assert seedbox.url == "https://seedbox.example:443/qbittorrent"


def test_5_14_tracker_rows_keep_their_meaning(full):
    private, older = full.qbits["qBit"].trackers
    assert private.host == "tracker.private.example"
    assert private.upload_limit_bytes_per_second == 1024 * 1024
    assert private.hit_and_run.min_seeding_seconds == 14 * 86_400
    assert private.hit_and_run.tracker_update_buffer_seconds == 3600
    assert (older.hit_and_run.mode, older.add_tags) == ("or", ("older",))


def test_5_14_arrs_keep_their_meaning(full):
    movies, tv, music = full.arrs.values()
    assert movies.match_subcategories is True
    assert movies.torrent.ignore_torrents_younger_than_seconds == 0
    assert movies.torrent.seeding.max_upload_ratio == 1.5
    assert movies.torrent.seeding.remove_torrent == 4
    assert movies.torrent.file_extension_allowlist[:3] == (".mp4", ".mkv", ".sub")
    assert movies.entry_search.overseerr.active
    assert movies.entry_search.temp_profile_reset_timeout_seconds == 86_400
    assert (tv.kind, tv.uri, tv.import_mode) == ("sonarr", "http://sonarr:8989/sonarr", "Copy")
    assert (tv.rss_sync_seconds, tv.refresh_downloads_seconds) == (30, 0)
    assert tv.entry_search.search_by_series == "false"
    assert tv.match_subcategories is None
    assert music.kind == "lidarr"


@pytest.mark.parametrize("name", ["old_5_3.toml", "full_5_14.toml"])
def test_the_generated_patterns_match_numbered_openings(name):
    import re

    config = load_file(FOLDER / name, {}).config
    arr = next(iter(config.arrs.values()))
    assert any(re.search(pattern, "show ncop1.mkv") for pattern in arr.torrent.file_name_exclusion_regex)
    assert any(re.search(pattern, "nced2") for pattern in arr.torrent.folder_exclusion_regex)
