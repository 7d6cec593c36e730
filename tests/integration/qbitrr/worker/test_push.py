"""What the Arr tells by itself: which messages mean which changed parents, and what is done where it tells nothing."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest
from structlog.testing import capture_logs

from qbitrr.arr.signalr import Message
from qbitrr.backoff import Backoff
from qbitrr.errors import RefusedError
from qbitrr.sandbox.services.faults import Status, WrongCredentials
from qbitrr.worker import jobs, push
from qbitrr.worker.jobs import Job, every
from qbitrr.worker.library.sync import LibrarySync
from tests.support.polling import until

PUSH = "GET /signalr/messages"
FILM = {"id": 7, "title": "Film", "monitored": True}


class Heard:
    """Stands where library and torrents are, and writes down what they are reported."""

    def __init__(self):
        self.parents = []
        self.looks = self.expected = self.queue_changes = self.health_changes = self.downloads = 0
        self.listened = []

    def on_change(self, parent, content=None):
        self.parents.append((parent, getattr(content, "title", getattr(content, "artist_name", None))))

    def expect_events(self):
        self.looks += 1

    def expect_changes(self):
        self.expected += 1

    def on_push(self, *, available):
        self.listened.append(available)

    def queue_changed(self):
        self.queue_changes += 1

    def on_health(self):
        self.health_changes += 1

    def expect_download(self):
        self.downloads += 1


def reported(kind, name, action, resource):
    heard = Heard()
    push.pass_on(kind, Message(name, action, msgspec.Raw(msgspec.json.encode(resource))), heard, heard)
    return heard


@pytest.mark.parametrize(
    ("kind", "name", "action", "resource", "parents"),
    [
        ("radarr", "movie", "updated", FILM, [(7, "Film")]),
        ("radarr", "movie", "deleted", FILM, [(7, None)]),
        ("radarr", "moviefile", "created", {"id": 1, "movieId": 7}, [(7, None)]),
        ("sonarr", "series", "updated", {"id": 3, "title": "Show"}, [(3, "Show")]),
        ("sonarr", "episode", "updated", {"id": 5, "seriesId": 3, "monitored": False}, [(3, None)]),
        ("sonarr", "episodefile", "updated", {"id": 5, "seriesId": 3}, [(3, None)]),
        ("lidarr", "artist", "updated", {"id": 2, "artistName": "Band"}, [(2, "Band")]),
        ("lidarr", "album", "updated", {"id": 5, "artistId": 2}, [(2, None)]),
        ("radarr", "series", "updated", {"id": 3}, []),
        ("sonarr", "health", "updated", {"id": 0}, []),
        ("sonarr", "tag", "sync", None, []),
    ],
)
def test_which_messages_mean_which_parents(kind, name, action, resource, parents):
    heard = reported(kind, name, action, resource)
    assert heard.parents == parents
    assert (heard.looks, heard.expected, heard.queue_changes) == (0, 0, 0)


@pytest.mark.parametrize(
    ("name", "resource", "changes"),
    [
        ("queue", None, 1),
        ("queue/details", None, 0),  # which come with it
        ("queue/status", {"id": 0, "totalCount": 2}, 0),
        ("command", {"id": 1, "name": "DownloadedMoviesScan", "status": "queued"}, 0),
        ("command", {"id": 1, "name": "DownloadedMoviesScan", "status": "started"}, 0),
        ("command", {"id": 1, "name": "DownloadedMoviesScan", "status": "completed"}, 1),
        ("command", {"id": 1, "name": "ManualImport", "status": "failed"}, 1),
        ("command", {"id": 1, "name": "MoviesSearch", "status": "completed"}, 0),
        ("command", {"id": 1, "name": "RefreshMonitoredDownloads", "status": "completed"}, 0),
    ],
)
def test_what_concerns_the_torrents(name, resource, changes):
    heard = reported("radarr", name, "updated", resource)
    assert (heard.queue_changes, heard.parents) == (changes, [])


@pytest.mark.parametrize(
    ("kind", "name", "resource"),
    [
        ("radarr", "movie", FILM),
        ("sonarr", "episode", {"id": 5, "seriesId": 3}),
        ("lidarr", "album", {"id": 5, "artistId": 2}),
    ],
)
def test_a_download_is_expected_when_something_was_grabbed(kind, name, resource):
    assert reported(kind, name, "updated", resource).downloads == 0
    assert reported(kind, name, "updated", resource | {"grabbed": True}).downloads == 1


@pytest.mark.parametrize(
    ("name", "resource", "looks", "expected"),
    [
        ("series", None, 0, 1),  # several were edited at once
        ("series", {"id": 3, "title": 12}, 0, 1),  # another version's
        ("episodefile", {"id": 5}, 1, 0),  # a deletion does not say of what
        ("episode", None, 1, 0),
    ],
)
def test_something_changed_but_nobody_says_what(name, resource, looks, expected):
    heard = reported("sonarr", name, "sync", resource)
    assert (heard.looks, heard.expected, heard.parents) == (looks, expected, [])


@asynccontextmanager
async def listens(room, heard, settings=None):
    task = asyncio.create_task(push.PushListener(room.context, heard, Heard(), settings or Heard()).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(push, "_RETRY", Backoff(0.01, 0.02))
    monkeypatch.setattr(push, "_RETRY_REFUSED", Backoff(0.01, 0.02))


async def test_a_lost_channel_is_opened_again_and_what_was_missed_is_looked_for(bench, sandbox, hasty):
    stand_in, heard = sandbox.arrs["Radarr-HD"], Heard()

    def listening_now():
        return heard.listened[-1:] == [True] and stand_in.hub.listeners

    async with bench() as room, listens(room, heard):
        await until(listening_now, 5, "the channel is not open")
        for lost in range(1, 4):
            await stand_in.hub.close()
            await until(lambda lost=lost: heard.listened.count(False) == lost, 5, "it was not noticed")
            await until(listening_now, 5, "the channel is not open")
        stand_in.arr.edited(7)
        # after a reconnect the Arr is asked to poll its clients, and what it imports then is pushed too
        await until(lambda: 7 in [parent for parent, _ in heard.parents], 5, "the message did not arrive")


@pytest.mark.parametrize("status", [404, 200, 502])
async def test_where_push_is_not_offered_it_is_said_once_and_asked_again(bench, sandbox, hasty, status):
    stand_in, heard = sandbox.arrs["Radarr-HD"], Heard()
    await stand_in.fail(Status(status), PUSH)
    with capture_logs() as logs:
        async with bench() as room, listens(room, heard):
            await until(lambda: stand_in.counts[PUSH] > 3, 5, "not heard")
            assert [entry["event"] for entry in logs].count("push was not available") == 1
            assert heard.listened == []
            await stand_in.heal()
            await until(lambda: heard.listened, 5, "not heard")


async def test_a_change_of_its_health_has_the_settings_read(bench, sandbox, hasty):
    stand_in, heard, settings = sandbox.arrs["Radarr-HD"], Heard(), Heard()
    async with bench() as room, listens(room, heard, settings):
        await until(lambda: heard.listened, 5, "not heard")
        stand_in.push([("health", "sync", None)])
        await until(lambda: settings.health_changes == 1, 5, "not heard")


async def test_a_refused_hub_leaves_the_api_alone(bench, sandbox, hasty):
    stand_in, heard = sandbox.arrs["Radarr-HD"], Heard()
    await stand_in.fail(Status(401), PUSH)
    async with bench() as room, listens(room, heard):
        await until(lambda: stand_in.counts[PUSH] > 3, 5, "it was not asked again")
        assert (await room.services.arr.status()).app_name == "Radarr"
        await stand_in.heal()
        await until(lambda: heard.listened, 5, "not heard")


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_hub_is_opened_as_soon_as_the_arr_answers_after_an_outage(bench, sandbox, monkeypatch, status):
    """The pause is one of a long outage: only that the API answers again can end it."""
    monkeypatch.setattr(push, "_RETRY", Backoff(60.0, 60.0))
    stand_in, heard = sandbox.arrs["Radarr-HD"], Heard()
    async with bench() as room:
        await room.services.arr.queue()
        await stand_in.fail(Status(status))
        async with listens(room, heard):
            await until(lambda: stand_in.counts[PUSH] == 1, 5, "it was not tried")
            with pytest.raises(RefusedError):
                await room.services.arr.queue()
            await stand_in.heal()
            await room.services.arr.queue()
            await until(lambda: heard.listened == [True], 5, "the hub was not asked again")


async def test_the_failures_of_an_outage_do_not_count_for_a_refusal(bench, sandbox, monkeypatch):
    monkeypatch.setattr(push, "_RETRY", Backoff(0.01, 0.02))
    monkeypatch.setattr(push, "_RETRY_REFUSED", Backoff(0.01, 3600.0, factor=10.0))
    stand_in, heard = sandbox.arrs["Radarr-HD"], Heard()
    async with bench() as room, listens(room, heard):
        await until(lambda: heard.listened == [True], 5, "not heard")
        await stand_in.fail(Status(503), PUSH)
        await stand_in.hub.close()
        await until(lambda: stand_in.counts[PUSH] > 8, 5, "it was not asked again")
        await stand_in.fail(Status(404), PUSH)
        asked = stand_in.counts[PUSH]
        await until(lambda: stand_in.counts[PUSH] > asked + 2, 5, "it was not asked again")


async def test_after_a_reconnect_the_arr_is_asked_to_poll_its_clients(bench, sandbox, hasty):
    stand_in, heard = sandbox.arrs["Radarr-HD"], Heard()

    def polls():
        return sum((one.body or {}).get("name") == "RefreshMonitoredDownloads" for one in stand_in.requests)

    async with bench() as room, listens(room, heard):
        await until(lambda: heard.listened == [True], 5, "not heard")
        assert polls() == 0
        await stand_in.restart()
        await until(lambda: heard.listened[-1:] == [True] and polls() == 1, 5, "it was not asked")


async def test_under_shadow_nothing_is_asked_of_the_arr_after_a_reconnect(bench, sandbox, hasty):
    stand_in, heard = sandbox.arrs["Radarr-HD"], Heard()
    async with bench(settings={"Shadow": True}) as room, listens(room, heard):
        await until(lambda: heard.listened == [True], 5, "not heard")
        await stand_in.restart()
        await until(lambda: heard.listened.count(True) == 2, 5, "not heard")
        assert not any(one.method == "POST" for one in stand_in.requests)


async def test_a_refused_key_is_sent_once(bench, sandbox, hasty):
    stand_in, heard = sandbox.arrs["Radarr-HD"], Heard()
    await stand_in.fail(WrongCredentials())
    async with bench() as room, listens(room, heard):
        await until(lambda: stand_in.counts.total() == 1, 5, "not heard")
        await asyncio.gather(room.services.arr.sync_rss(), room.services.arr.queue(), return_exceptions=True)
        assert stand_in.counts.total() == 1


async def test_what_is_told_reaches_the_catalogue_in_three_requests(bench, sandbox):
    stand_in = sandbox.arrs["Radarr-HD"]
    sandbox.world.client.torrents.clear()  # nothing else is imported meanwhile
    async with bench() as room:
        library = LibrarySync(room.context)
        async with listens(room, library):
            await library.sync()
            await until(lambda: stand_in.hub.listeners, 5, "not heard")
            movie = next(one for one in stand_in.arr.collection.items.values() if one.file is not None)
            movie.monitored = not movie.monitored
            asked = stand_in.counts.copy()
            for _ in range(5):
                stand_in.arr.changed(movie)
            await asyncio.wait_for(library.pushed.wait(), 5)
            await library.read_pushed()
            assert (stand_in.counts - asked).total() <= 3
            row = await room.database.row("SELECT monitored FROM movies WHERE id = ?", (movie.id,))
            assert row == (movie.monitored,)

            library.pushed.clear()
            asked = stand_in.counts.copy()
            stand_in.arr.changed(movie)  # reported again, and nothing is new
            await asyncio.wait_for(library.pushed.wait(), 5)
            await library.read_pushed()
            assert (stand_in.counts - asked).total() == 1

            library.pushed.clear()
            stand_in.arr.delete(movie.id)
            await asyncio.wait_for(library.pushed.wait(), 5)
            await library.read_pushed()
            assert await room.database.row("SELECT 1 FROM movies WHERE id = ?", (movie.id,)) is None


async def test_what_is_pushed_within_a_second_is_read_once(bench, sandbox, monkeypatch):
    monkeypatch.setattr(jobs, "_PAUSE_SECONDS", 0.01)
    stand_in, route = sandbox.arrs["Radarr-HD"], "GET /api/v3/movie/{id}"
    async with bench() as room:
        library = LibrarySync(room.context)
        await library.sync()
        movie = next(one for one in stand_in.arr.collection.items.values() if one.file is not None)
        movie.monitored = not movie.monitored
        reading = asyncio.create_task(every(Job("pushed", 3600.0, library.read_pushed, library.pushed), lambda: None))
        async with listens(room, library):
            await until(lambda: stand_in.hub.listeners, 5, "not heard")
            before = stand_in.counts.copy()
            pushed, on_change = [], library.on_change
            monkeypatch.setattr(library, "on_change", lambda *change: (pushed.append(change), on_change(*change)))
            for _ in range(3):  # as the messages about one import come
                stand_in.arr.changed(movie)
            await until(lambda: len(pushed) >= 6, 5, "not all was pushed")  # each is an item and its parent
            assert stand_in.counts[route] == 0
            await until(lambda: stand_in.counts[route] == 1, 5, "it was not read")

            async def stored():
                row = await room.database.row("SELECT monitored FROM movies WHERE id = ?", (movie.id,))
                return row == (movie.monitored,)

            await until(stored, 5, "it was not stored")
            asked = stand_in.counts - before
            assert (asked[route], asked["GET /api/v3/qualityprofile"]) == (1, 1)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def test_what_is_told_while_the_arr_is_away_is_not_forgotten(bench, sandbox):
    stand_in = sandbox.arrs["Radarr-HD"]
    async with bench() as room:
        library = LibrarySync(room.context)
        library.on_change(9)
        await library.read_pushed()  # before the first full sync
        await library.sync()
        movie = stand_in.arr.collection.items[7]
        movie.monitored = not movie.monitored
        library.on_change(7)
        await stand_in.fail(Status(500), "GET /api/v3/movie/{id}")
        with pytest.raises(Exception, match="500"):
            await library.read_pushed()
        await stand_in.heal()
        await library.read_pushed()
        row = await room.database.row("SELECT monitored FROM movies WHERE id = 7")
        assert row == (movie.monitored,)


async def test_a_flood_of_changes_is_one_full_sync(bench):
    async with bench() as room:
        library = LibrarySync(room.context)
        await library.sync()
        for parent in range(50_000):
            library.on_change(parent)
        assert library.wake.is_set()
        await library.read_pushed()
        assert len(library._changed) <= 10_000
