"""Lists that changed: each is published once for each change, whatever its rows hold."""

import pytest

from control.events import Events
from control.list_changes import ListChanges
from qbitrr.clock import Clock
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.orphans import ListingReport
from qbitrr.rules.verdict import Decision
from qbitrr.state import catalogue, orphans, shadow, torrents
from qbitrr.state.database import open_writer
from qbitrr.state.torrents import LastSeen, StoredTorrent
from tests.support.state import migrated

NOW = 1_000_000.0
KEY = TorrentKey("qBit", "a" * 40)


@pytest.fixture
async def writer(tmp_path):
    async with open_writer(migrated(tmp_path / "state.db")) as opened:
        yield opened


@pytest.fixture
async def published(writer):
    """Polls, and returns the kinds of what was published."""
    events = Events(Clock())
    lists = ListChanges(writer, events)
    versions = iter(range(1, 1000))
    with events.follow() as follower:

        async def poll():
            await lists.poll(next(versions))
            events.publish("end", None)
            kinds = []
            while (event := await follower.next(1.0)) is not None and event.kind != "end":
                kinds.append(event.kind)
            return kinds

        assert await poll() == [], "what is there at first is read by whoever shows it"
        yield poll


async def list_files(writer):
    await orphans.store_report(writer, ListingReport(refusals=("qBit: it does not answer",)), NOW, complete=False)


async def list_files_in_another_form(writer):
    await list_files(writer)
    await writer.write("UPDATE orphan_listings SET listed_at = listed_at + 1, report = '[]'")


async def remove_by_shadow(writer):
    decision = Decision("movies", KEY, "A.Movie", 1.0, "fail", "stalled", "it was stalled for too long", {})
    await shadow.record(writer, decision, NOW)


async def remove_by_others(writer):
    await torrents.save(writer, "movies", StoredTorrent, [StoredTorrent(*KEY, 1.0, "movies")])
    await torrents.forget(writer, "movies", [KEY], NOW, {KEY: LastSeen(NOW, "stalledUP")})


async def read_an_empty_library(writer):
    generation = catalogue.Generation(writer, "movies", "radarr")
    await generation.start("http://arr")
    await generation.commit(NOW)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (list_files, "orphans"),
        (list_files_in_another_form, "orphans"),
        (remove_by_shadow, "comparison"),
        (remove_by_others, "comparison"),
        (read_an_empty_library, "libraries"),
    ],
)
async def test_a_list_that_changed_is_published_once(writer, published, change, kind):
    await change(writer)
    assert await published() == [kind]
    assert await published() == []


async def test_nothing_is_read_while_the_state_file_has_the_same_version(writer):
    lists = ListChanges(None, Events(Clock()))
    await lists.poll(None)  # it was not read yet
