"""Which files of the data folder are deleted with age, and which drafts at a start."""

import os

import pytest

from qbitrr.config import history
from qbitrr.data_dir import DataDir
from qbitrr.update import record, switch
from qbitrr.update.record import Record
from supervisor.old_files import (
    FORMER_CATEGORY_SECONDS,
    REMOVED_TORRENT_SECONDS,
    REMOVED_TORRENTS_KEPT,
    SECRETS_SECONDS,
    VERSION_SECONDS,
    delete_old,
    delete_unfinished,
)

NOW = 1_790_000_000.0
DAY = 86400


@pytest.fixture
def data_dir(tmp_path):
    return DataDir(tmp_path)


def write(data_dir, name, age_seconds=0.0):
    path = data_dir.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("content")
    os.utime(path, (NOW - age_seconds, NOW - age_seconds))
    return path


def names(data_dir):
    return {str(path.relative_to(data_dir.folder)) for path in data_dir.folder.rglob("*") if path.is_file()}


def test_only_old_files_of_former_categories_are_deleted(data_dir):
    old, young = FORMER_CATEGORY_SECONDS + 1, FORMER_CATEGORY_SECONDS - 1
    kept = {"evidence/tv=2Fanime/1.json", "evidence/movies/3.json", "logs/Main.log.3", "logs/WebUI.log", "state.db"}
    kept |= {"logs/tv=2Fanime.log.1"}
    for name in (*kept, "evidence/movies/1.json", "evidence/music/1.json", "logs/movies.log", "logs/movies.log.5"):
        write(data_dir, name, young if name == "evidence/movies/3.json" else old)
    assert delete_old(data_dir, {"tv/anime"}, NOW) == 4
    assert names(data_dir) == kept
    assert not (data_dir.folder / "evidence" / "music").exists()


def test_versions_of_the_configuration_are_deleted_with_age_but_for_the_newest(data_dir):
    for number, age in enumerate((VERSION_SECONDS + 2, VERSION_SECONDS + 1, 10.0)):
        history.record(data_dir.config_history, f"Text = {number}", "file", NOW - age)
    assert delete_old(data_dir, (), NOW) == 2
    assert [version.text for version in history.versions(data_dir.config_history)] == ["Text = 2"]
    assert delete_old(data_dir, (), NOW + 10 * VERSION_SECONDS) == 0
    history.record(data_dir.config_history, "Text = 3", "file", NOW)
    assert [version.id for version in history.versions(data_dir.config_history)] == [3, 4]


@pytest.mark.parametrize(("age", "complete"), [(SECRETS_SECONDS, True), (SECRETS_SECONDS + 1, False)])
def test_versions_of_the_configuration_lose_their_secrets_after_a_day(data_dir, age, complete):
    for number, at in enumerate((NOW - age, NOW)):
        history.record(data_dir.config_history, f'[qBit]\nPassword = "secret-{number}"', "file", at)
    delete_old(data_dir, (), NOW)
    earlier, newest = history.versions(data_dir.config_history)
    assert (earlier.complete, "secret-0" in earlier.text) == (complete, complete)
    assert "secret-1" in newest.text


def test_files_of_removed_torrents_are_deleted_with_age_but_for_the_newest(data_dir):
    for number in range(REMOVED_TORRENTS_KEPT):
        write(data_dir, f"quarantine/{number}-ab.torrent", REMOVED_TORRENT_SECONDS - 1)
    for kind in ("torrent", "json"):
        write(data_dir, f"quarantine/old-ab.{kind}", REMOVED_TORRENT_SECONDS + 1)
    assert delete_old(data_dir, (), NOW) == 2
    assert "quarantine/old-ab.torrent" not in names(data_dir)
    assert delete_old(data_dir, (), NOW + 100 * REMOVED_TORRENT_SECONDS) == 0
    write(data_dir, "quarantine/new-ab.torrent")
    assert delete_old(data_dir, (), NOW + 2) == 1
    assert len(names(data_dir)) == REMOVED_TORRENTS_KEPT


@pytest.mark.parametrize(("age", "deleted"), [(7 * DAY + REMOVED_TORRENT_SECONDS, 0), (37 * DAY + 1, 1)])
def test_files_of_a_removal_are_kept_for_as_long_after_its_quarantine(data_dir, age, deleted):
    for number in range(REMOVED_TORRENTS_KEPT):
        write(data_dir, f"quarantine/{number}-ab.torrent")
    write(data_dir, "quarantine/old-ab.torrent", age)
    assert delete_old(data_dir, (), NOW, quarantine_seconds=7 * DAY) == deleted


def test_an_empty_data_folder_has_nothing_to_delete(data_dir):
    assert delete_old(data_dir, (), NOW) == 0
    delete_unfinished(data_dir)


def test_what_was_interrupted_is_deleted_at_a_start_and_nothing_else(data_dir):
    kept = {
        "config.toml",
        "state.db",
        "state.db-wal",
        "backups/state-20240101T000000Z.db",
        ".of-the-user",
        ".a.12345678",
    }
    unfinished = {
        "trial/config.toml", "trial/logs/Main.log", ".config.toml.ab12cd34", ".sessions.json.ab12cd34",
        ".answer-links.json.ab12cd34",
        ".notifications.json.ab12cd34",
        "config-history/.00000001.json.ab12cd34", "evidence/movies/.1.json.ab12cd34", "quarantine/.1.torrent.ab12cd34",
        "state.db.migrating", "state.db.migrating-journal", ".state.db.restored.part",
        "backups/state-20240102T000000Z.part",
    }  # fmt: skip
    for name in (*kept, *unfinished):
        write(data_dir, name)
    delete_unfinished(data_dir)
    assert names(data_dir) == kept


@pytest.mark.parametrize(("phase", "stays"), [("switched", True), ("done", False), ("failed", False), (None, False)])
def test_the_state_from_before_an_update_is_kept_while_the_way_back_may_need_it(data_dir, phase, stays):
    copy = write(data_dir, "state.before-update.db")
    if phase is not None:
        record.write(data_dir, Record(phase=phase, old_version="1", new_version="2", began_at=NOW))
    switch.delete_state_copy(data_dir)
    assert copy.exists() is stays
