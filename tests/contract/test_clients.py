"""Every call of our Arr clients, and every answer to it, fits the official descriptions."""

from __future__ import annotations

import contextlib

import pytest

from qbitrr.arr import library as lidarr
from qbitrr.arr import library as radarr
from qbitrr.arr import library as sonarr
from qbitrr.arr.client import MANUAL_IMPORT, ArrClient
from qbitrr.arr.facts import import_events, path_mappings
from qbitrr.arr.kinds import KINDS
from qbitrr.errors import CredentialsRejectedError, GoneError
from qbitrr.rules import paths
from qbitrr.rules.imports import EventKind
from qbitrr.sandbox.life.settings import PathMapping
from qbitrr.sandbox.sandbox import Sandbox, Section

NOW = 1_790_000_000.0
SECTIONS = (
    Section("Radarr", "radarr", 120),
    Section("Sonarr", "sonarr", 10, episodes=240),
    Section("Lidarr", "lidarr", 20),
)


@pytest.fixture
async def sandbox(judge):
    # time stands still unless a test lets it pass
    async with Sandbox(SECTIONS, middlewares=[judge.middleware], clock=lambda: NOW) as sandbox:
        yield sandbox


def connect(stand_in, api_key=None):
    return contextlib.aclosing(_Closing(stand_in, api_key))


class _Closing(ArrClient):
    def __init__(self, stand_in, api_key):
        super().__init__(stand_in.name, KINDS[stand_in.kind], stand_in.url, api_key or stand_in.api_key)
        self.aclose = self.close


@pytest.fixture(params=[section.name for section in SECTIONS])
def stand_in(sandbox, request):
    return sandbox.arrs[request.param]


@pytest.fixture
async def client(stand_in):
    async with connect(stand_in) as client:
        yield client


async def all_of(batches):
    return [one async for batch in batches for one in batch]


async def test_status_and_profiles(client, stand_in):
    assert (await client.status()).app_name == stand_in.kind.capitalize()
    profiles = await client.quality_profiles()
    assert set(profiles) == set(stand_in.arr.collection.profiles)


async def test_settings_of_downloads_and_health(client, stand_in):
    stand_in.arr.settings.completed_download_handling = False
    stand_in.arr.settings.path_mappings.append(PathMapping("/downloads/", "/data/", "seedbox"))
    settings = await client.download_settings()
    assert not settings.enable_completed_download_handling
    assert settings.auto_redownload_failed_from_interactive_search
    (connection,), (entered,) = await client.download_clients(), stand_in.arr.connections
    assert connection.implementation == "QBittorrent"
    assert (connection.host, connection.port) == ("127.0.0.1", entered.settings.port)
    assert (connection.category, connection.imported_category) == (stand_in.arr.category, "")
    assert path_mappings(await client.path_mappings()) == (paths.PathMapping("seedbox", "/downloads/", "/data/"),)
    assert await client.health() == []
    assert [one.path for one in await client.root_folders()] == [stand_in.root]


async def test_queue_history_and_blocklisting(client, stand_in):
    queue = await client.queue()
    assert {record.id for record in queue} == set(stand_in.arr.queue)
    assert all(client.kind.item_of(record) for record in queue)
    story = await client.history(queue[0].download_id)
    assert [event.event_type for event in story] == ["grabbed"] * len(story)
    item = client.kind.item_of(queue[0])
    assert queue[0].download_id in {event.download_id for event in await client.item_history(item)}
    assert {client.kind.item_of(event) for event in await client.item_history(item)} == {item}
    assert await client.item_history(10**9) == []
    assert await client.blocklist(queue[0].id)
    assert not await client.blocklist(queue[0].id)
    assert "downloadFailed" in [event.event_type for event in await client.history(queue[0].download_id)]


def complete(stand_in, sandbox):
    """The torrents of the Arr that are complete and not imported."""
    queued = {record.download_id.lower() for record in stand_in.arr.queue.values()}
    return [
        torrent for torrent in sandbox.world.client.torrents.values() if torrent.complete and torrent.infohash in queued
    ]


async def test_after_a_refresh_the_arr_imports_by_itself(client, stand_in, sandbox):
    torrent = complete(stand_in, sandbox)[0]
    download_id = torrent.infohash.upper()
    command = await client.refresh_downloads()
    assert not command.ended
    sandbox.world.advance(sandbox.world.now + 1.5)
    assert (await client.command(command.id)).succeeded
    assert command.id in [one.id for one in await client.commands()]
    events = import_events(await client.history(download_id), client.kind)
    assert EventKind.IMPORTED in {event.kind for event in events}
    assert download_id not in [one.download_id for one in await client.queue()]


async def test_a_scan_imports_when_the_arr_does_not(client, stand_in, sandbox):
    stand_in.arr.settings.completed_download_handling = False
    torrent = complete(stand_in, sandbox)[0]
    download_id = torrent.infohash.upper()
    await client.refresh_downloads()
    sandbox.world.advance(sandbox.world.now + 1.5)
    assert download_id not in [one.download_id for one in await client.queue()]
    command = await client.scan(torrent.content_path, download_id, "Copy")
    sandbox.world.advance(sandbox.world.now + 1.5)
    done = await client.command(command.id)
    assert done.succeeded
    events = import_events(await client.history(download_id), client.kind)
    assert EventKind.IMPORTED in {event.kind for event in events}


async def test_searching_and_refreshing(client, stand_in, sandbox):
    arr = stand_in.arr
    queued = {record.item_id for record in arr.queue.values()}
    item = next(item for item in arr.collection.wanted(arr.now) if item.id not in queued)
    search, refresh = await client.search([item.id]), await client.refresh_downloads()
    assert client.kind.searched(search.body) == [item.id]
    assert refresh.name == "RefreshMonitoredDownloads"
    with pytest.raises(GoneError):
        await client.command(refresh.id + 1000)


async def test_commands_are_read_while_the_user_renames_files(client, stand_in):
    # RenameFilesCommand of all three and RetagFilesCommand of Lidarr list numbers where ManualImportCommand lists files
    for name in ("RenameFiles", "RetagFiles") if stand_in.kind == "lidarr" else ("RenameFiles",):
        stand_in.arr.commands.post(name, {f"{client.kind.parent}Id": 1, "files": [4, 5]})
    stand_in.arr.commands.post(MANUAL_IMPORT, {"files": [{"path": "/a", "downloadId": "ab"}], "importMode": "copy"})
    *others, by_hand = await client.commands()
    assert [command.body.imported_downloads for command in others] == [set()] * len(others)
    assert by_hand.body.imported_downloads == {"AB"}


async def test_a_wrong_key_is_refused(stand_in):
    async with connect(stand_in, "wrong") as client:
        with pytest.raises(CredentialsRejectedError):
            await client.status()


async def test_the_library_of_radarr(sandbox):
    async with connect(sandbox.arrs["Radarr"]) as client:
        movies = await all_of(radarr.movies(client))
        files = await radarr.movie_files(client, [movie.id for movie in movies])
    library = sandbox.arrs["Radarr"].arr.collection.items
    assert {movie.id: movie.title for movie in movies} == {number: movie.title for number, movie in library.items()}
    assert {file.id: file.custom_format_score for file in files} == {
        movie.file.id: movie.file.score for movie in library.values() if movie.file
    }


async def test_the_library_of_sonarr(sandbox):
    async with connect(sandbox.arrs["Sonarr"]) as client:
        series = await all_of(sonarr.series(client))
        episodes = [episode for one in series for episode in await sonarr.episodes(client, one)]
    library = sandbox.arrs["Sonarr"].arr.collection.items
    assert {episode.id for episode in episodes} == set(library)
    for episode in episodes:
        file = library[episode.id].file
        assert (episode.episode_file and episode.episode_file.custom_format_score) == (file and file.score)


async def test_the_library_of_lidarr(sandbox):
    async with connect(sandbox.arrs["Lidarr"]) as client:
        artists = await all_of(lidarr.artists(client))
        albums = await all_of(lidarr.albums(client))
        below = [album for artist in artists for album in await lidarr.below_cutoff(client, artist.id)]
        of_first = await lidarr.albums_of(client, artists[0].id)
        tracks = [track for artist in artists for track in await lidarr.tracks(client, artist.id)]
    music = sandbox.arrs["Lidarr"].arr.collection
    assert {album.id for album in albums} == set(music.items)
    assert sorted(below) == sorted(album.id for album in music.below_cutoff())
    assert {album.id for album in of_first} == {album.id for album in music.artists[artists[0].id].albums}
    assert len(tracks) == sum(album.track_count for album in music.items.values())
    assert sum(track.has_file for track in tracks) == sum(album.present for album in music.items.values())


async def test_the_files_that_an_item_has_now(stand_in, client):
    collection = stand_in.arr.collection
    items = list(collection.items.values())
    present = next(item for item in items if item.file is not None)
    absent = next(item for item in items if item.file is None and not getattr(item, "tracks_present", 0))
    of_album = [track.file.id for track in present.tracks()] if client.kind.name == "lidarr" else [present.file.id]
    assert await radarr.files_of(client, present.id) == frozenset(of_album)
    assert await radarr.files_of(client, absent.id) == frozenset()
    assert await radarr.files_of(client, max(collection.items) + 1000) is None
