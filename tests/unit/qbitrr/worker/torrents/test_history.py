"""What was done to torrents and found out about them, over restarts."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.rules.history import DISCARDED
from qbitrr.state import ledger, torrents
from qbitrr.state.database import open_writer
from qbitrr.state.torrents import StoredTorrent
from qbitrr.worker.config import worker_configs
from qbitrr.worker.context import WorkerContext
from qbitrr.worker.torrents.history import TorrentHistory
from tests.factories import decision, torrent
from tests.support.state import migrated

TEXT = """
[qBit]
Host = "localhost"
Port = 8080
UserName = "u"
Password = "p"
[Radarr-HD]
URI = "http://localhost:7878"
APIKey = "0123456789abcdef0123456789abcdef"
Category = "movies"
[Radarr-HD.Torrent]
FileExtensionAllowlist = [".mkv"]
"""
NOW = 1_700_000_000.0
DOWNLOADING = torrent()
COMPLETE = torrent(state="uploading", progress=1.0, left_bytes=0, completed_at=NOW)
KEY = DOWNLOADING.key


@pytest.fixture
async def database(tmp_path):
    migrated(tmp_path / "state.db")
    async with open_writer(tmp_path / "state.db") as opened:
        await remember(opened, DOWNLOADING)
        yield opened


@pytest.fixture
def history(database):
    async def loaded(text=TEXT, now=NOW):
        (config,) = worker_configs(load_text(text, {}).config, "/state.db", None)
        made = TorrentHistory(WorkerContext(config, None, database, None, Clock(wall=lambda: now)))
        await made.load()
        return made

    return loaded


async def remember(database, one):
    known = StoredTorrent(one.instance, one.infohash, one.added_at, "movies")
    await torrents.save(database, "movies", StoredTorrent, [known])


async def planned(database, action, at=NOW, step=ledger.FIRST_STEP, state="planned", **notes):
    decided = decision(key=KEY, added_at=DOWNLOADING.added_at, action=action)
    entry = await ledger.plan(database, decided, notes, at, state=state, step=step)
    assert entry is not None
    return entry


async def test_that_its_files_were_seen_survives_a_restart(history):
    made = await history()
    assert made.of(DOWNLOADING).selection is None
    made.saw_files(DOWNLOADING, complete=False)
    await made.save()
    for each in (made, await history()):
        assert each.of(DOWNLOADING).selection.unwanted == ()


async def test_that_its_files_were_seen_says_nothing_of_other_rules(history):
    made = await history()
    made.saw_files(DOWNLOADING, complete=False)
    await made.save()
    other = await history(TEXT.replace(".mkv", ".mp4"))
    assert other.of(DOWNLOADING).selection is None


async def test_that_its_files_were_seen_says_nothing_of_another_torrent_with_the_same_infohash(history, database):
    made = await history()
    made.saw_files(DOWNLOADING, complete=False)
    await made.save()
    other = replace(DOWNLOADING, added_at=DOWNLOADING.added_at + 1)
    await remember(database, other)
    for each in (made, await history()):
        assert each.of(other).selection is None


async def test_that_its_files_were_seen_stays_when_it_moves_within_what_is_the_workers(history, database):
    made = await history()
    made.saw_files(DOWNLOADING, complete=False)
    await made.save()
    moved = StoredTorrent(*KEY, DOWNLOADING.added_at, "movies/old")
    await torrents.save(database, "movies", StoredTorrent, [moved])
    assert (await history()).of(DOWNLOADING).selection is not None


async def test_files_of_a_complete_torrent_are_examined_once_more(history):
    made = await history()
    made.saw_files(COMPLETE, complete=False)
    assert made.of(COMPLETE).selection is None
    made.saw_files(COMPLETE, complete=True)
    assert made.of(COMPLETE).selection.complete


async def test_what_could_not_be_saved_is_saved_the_next_time(history, database):
    made = await history()
    made.saw_files(DOWNLOADING, complete=False)
    await database.write("ALTER TABLE file_checks RENAME TO away")
    with pytest.raises(Exception, match="no such table"):
        await made.save()
    await database.write("ALTER TABLE away RENAME TO file_checks")
    await made.save()
    assert (await history()).of(DOWNLOADING).selection is not None


async def test_what_is_gone_is_forgotten(history):
    made = await history()
    made.saw_files(DOWNLOADING, complete=False)
    made.note(DOWNLOADING, unplayable="no")
    made.forget({KEY})
    await made.save()
    assert made.of(DOWNLOADING) == (await history()).of(DOWNLOADING)
    assert made.of(DOWNLOADING).selection is None


async def test_actions_that_ended_are_read_back_and_recorded(history, database):
    entry = await planned(database, "import")
    made = await history()
    assert not made.of(DOWNLOADING).imports.imported
    await ledger.close(database, entry, "done", "imported", NOW)
    made.record(entry, "done", NOW, "imported")
    for each in (made, await history()):
        assert each.of(DOWNLOADING).imports.imported


async def test_what_was_done_is_known_again_when_a_torrent_left_and_came_back(history, database):
    """It was moved away and back, or one answer of the client was empty."""
    entry = await planned(database, "fail")
    made = await history()
    await ledger.close(database, entry, "cancelled", DISCARDED, NOW)
    made.record(entry, "cancelled", NOW, DISCARDED)
    made.forget({KEY})
    assert made.of(DOWNLOADING).discarded_at is None
    await made.recall([DOWNLOADING])
    assert made.of(DOWNLOADING).discarded_at == NOW
    made.forget({KEY})
    await made.recall([replace(DOWNLOADING, added_at=DOWNLOADING.added_at + 1)])
    assert made.of(replace(DOWNLOADING, added_at=DOWNLOADING.added_at + 1)).discarded_at is None


async def test_a_failure_is_counted_once_and_not_at_all_when_it_was_cancelled(history, database):
    entry = replace(await planned(database, "fail"), notes={"item_ids": [7]}, planned_at=NOW - 60)
    made = await history()
    for _ in range(3):  # resumed
        made.count_failed_grab(entry)
    assert made.failed_grabs([7]) == 1
    made.record(entry, "cancelled", NOW, "it is gone")
    assert made.failed_grabs([7]) == 0


async def test_grabs_of_an_item_that_failed_within_a_day_are_counted(history, database):
    for at in (NOW - 90_000, NOW - 80_000, NOW - 10):
        entry = await planned(database, "fail", at, item_ids=[7, 8])
        await ledger.close(database, entry, "done", "removed", at)
    made = await history()
    assert (made.failed_grabs([7]), made.failed_grabs([9]), made.failed_grabs([])) == (2, 0, 0)
    made.count_failed_grab(await planned(database, "fail", NOW, item_ids=[8]))
    assert (made.failed_grabs([7]), made.failed_grabs([7, 8])) == (2, 3)


async def test_a_grab_is_counted_once_however_often_its_action_is_resumed_and_not_when_it_is_cancelled(
    history, database
):
    entry = await planned(database, "fail", item_ids=[7])
    made = await history()
    made.count_failed_grab(entry)
    made.count_failed_grab(entry)
    assert made.failed_grabs([7]) == 1
    made.record(entry, "cancelled", NOW, "it was put into another category meanwhile")
    assert made.failed_grabs([7]) == 0


async def test_a_failure_that_awaits_approval_is_not_counted(history, database):
    await planned(database, "fail", state="awaiting_approval", item_ids=[7])
    assert (await history()).failed_grabs([7]) == 0
