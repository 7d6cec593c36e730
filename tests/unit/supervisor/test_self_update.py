"""`AutoUpdateEnabled`: when it is due, and what keeps it from being done."""

from types import SimpleNamespace
from unittest.mock import AsyncMock

import aiosqlite
import pytest

from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.data_dir import DataDir
from qbitrr.errors import NotReadyError, NotUpdatableError
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.verdict import Decision
from qbitrr.state import ledger
from qbitrr.state.database import open_writer
from qbitrr.update import record
from qbitrr.update.check import Known
from qbitrr.update.installation import Installation
from qbitrr.update.record import Record
from qbitrr.update.releases import Release
from supervisor import self_update as update
from tests.support.state import migrated


class Checker:
    def __init__(self, release):
        self.available = release
        self.forced = []

    async def newest(self, *, force, within_seconds):
        self.forced.append(force)
        assert within_seconds > 0
        return Known()


class Updater:
    def __init__(self, error=None):
        self.error = error
        self.started = []

    def start(self, release):
        if self.error:
            raise self.error
        self.started.append(release.version)


@pytest.fixture
async def database(tmp_path):
    migrated(tmp_path / "state.db")
    async with open_writer(tmp_path / "state.db") as opened:
        yield opened


async def plan(database, action, step):
    key = TorrentKey("qBit", "a" * 40)
    decision = Decision("radarr", key, "Torrent", 1.0, action, "stalled", "it is stalled", {})
    await ledger.plan(database, decision, {}, 2.0, step=step)


async def test_an_update_is_started_only_when_there_is_a_newer_version(database):
    updater = Updater()
    checker = Checker(None)
    assert await update.update_automatically(checker, updater, database)
    assert (updater.started, checker.forced) == ([], [True])
    assert await update.update_automatically(Checker(Release("2.0")), updater, database)
    assert updater.started == ["2.0"]


@pytest.mark.parametrize(
    ("action", "step", "waits"),
    [
        ("fail", "planned", True),
        ("remove", "planned", True),
        ("delete_files", "planned", True),
        ("remove", "quarantined", False),  # that may take days
        ("import", "planned", False),
    ],
)
async def test_never_while_something_is_being_removed(database, action, step, waits):
    await plan(database, action, step)
    updater = Updater()
    assert await update.update_automatically(Checker(Release("2.0")), updater, database) is not waits
    assert updater.started == ([] if waits else ["2.0"])


async def test_never_while_a_breaker_has_tripped(database, monkeypatch):
    async def tripped(_database):
        return {"radarr": "too many"}

    monkeypatch.setattr(update.breakers, "tripped", tripped)
    updater = Updater()
    assert not await update.update_automatically(Checker(Release("2.0")), updater, database)
    assert updater.started == []


async def test_while_the_state_file_cannot_be_read_it_is_tried_again_soon(database, monkeypatch):
    tripped = AsyncMock(side_effect=aiosqlite.OperationalError("database is locked"))
    monkeypatch.setattr(update.breakers, "tripped", tripped)
    updater = Updater()
    assert not await update.update_automatically(Checker(Release("2.0")), updater, database)
    assert updater.started == []


async def test_what_cannot_update_itself_is_left_until_the_next_time(database):
    refused = Updater(NotUpdatableError("This installation cannot update itself"))
    assert await update.update_automatically(Checker(Release("2.0")), refused, database)


@pytest.mark.parametrize(("enabled", "expected"), [("true", "5 4 * * *"), ("false", None)])
def test_it_is_due_by_its_keys(enabled, expected):
    loaded = load_text(f'[Settings]\nAutoUpdateEnabled = {enabled}\nAutoUpdateCron = "5 4 * * *"\n', {})
    assert update.schedule(SimpleNamespace(loaded=loaded)) == expected


class Workers:
    """Workers of which some are worse than before; `errors` are raised by the ends of a probation, one by one."""

    def __init__(self, missing=(), errors=()):
        self.missing = list(missing)
        self.errors = list(errors)
        self.acting = False

    async def worse_within(self, before, seconds):
        assert before == {"radarr": "running"}
        assert seconds > 0
        return self.missing

    async def end_probation(self):
        if self.errors:
            raise self.errors.pop(0)
        self.acting = True


def on_probation(folder, workers):
    began = Record("switched", "1.0", "2.0", 1.0, starts=1, workers={"radarr": "running"})
    data_dir = DataDir(folder)
    record.write(data_dir, began)
    reload = SimpleNamespace(data_dir=data_dir, loaded=load_text("", {}))
    made = update.SelfUpdate(reload, workers, Installation("linked", "/opt"), Clock(), lambda _: None, lambda: None)
    return made, lambda: record.read(data_dir).phase


async def test_workers_act_once_they_are_as_good_as_before(tmp_path):
    workers = Workers()
    updating, phase = on_probation(tmp_path, workers)
    assert updating.on_probation
    assert await updating.complete_probation() is None
    assert (workers.acting, updating.on_probation, phase()) == (True, False, "done")


async def test_a_worker_that_is_worse_is_named_and_none_acts(tmp_path):
    workers = Workers(missing=["radarr"])
    updating, phase = on_probation(tmp_path, workers)
    assert "radarr did not get ready within" in await updating.complete_probation()
    assert (workers.acting, updating.on_probation, phase()) == (False, True, "switched")


async def test_an_end_of_the_probation_that_fails_is_tried_again(tmp_path):
    workers = Workers(errors=[OSError("no memory")])
    updating, _ = on_probation(tmp_path, workers)
    with pytest.raises(OSError, match="no memory"):
        await updating.complete_probation()
    await updating.complete_probation()  # as own tasks are started again
    assert (workers.acting, updating.on_probation) == (True, False)


async def test_a_stop_meanwhile_is_no_failure(tmp_path):
    updating, _ = on_probation(tmp_path, Workers(errors=[NotReadyError("The daemon is stopping")]))
    assert await updating.complete_probation() is None
