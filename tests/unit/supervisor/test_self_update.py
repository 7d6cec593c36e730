"""`AutoUpdateEnabled`: when it is due, and what keeps it from being done."""

from types import SimpleNamespace

import pytest

from qbitrr.config import load_text
from qbitrr.errors import NotUpdatableError
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.verdict import Decision
from qbitrr.state import ledger
from qbitrr.state.database import open_writer
from qbitrr.update.check import Known
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


async def test_what_cannot_update_itself_is_left_until_the_next_time(database):
    refused = Updater(NotUpdatableError("This installation cannot update itself"))
    assert await update.update_automatically(Checker(Release("2.0")), refused, database)


@pytest.mark.parametrize(("enabled", "expected"), [("true", "5 4 * * *"), ("false", None)])
def test_it_is_due_by_its_keys(enabled, expected):
    loaded = load_text(f'[Settings]\nAutoUpdateEnabled = {enabled}\nAutoUpdateCron = "5 4 * * *"\n', {})
    assert update.schedule(SimpleNamespace(loaded=loaded)) == expected
