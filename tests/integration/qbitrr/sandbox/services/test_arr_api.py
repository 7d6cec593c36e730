import asyncio
import time

import pytest
from msgspec.structs import replace

from qbitrr.sandbox.life.fate import ALWAYS_STALLED, Fate
from qbitrr.sandbox.life.settings import ClientSettings, PathMapping
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import SlowFirstByte, Status
from tests.support.polling import until

NOW = 1_790_000_000.0
SECTIONS = (
    Section("Radarr", "radarr", 120),
    Section("Sonarr", "sonarr", 8, episodes=200),
    Section("Lidarr", "lidarr", 12),
)


@pytest.fixture
async def sandbox():
    # time stands still unless a test lets it pass
    async with Sandbox(SECTIONS, clock=lambda: NOW) as sandbox:
        yield sandbox


@pytest.fixture
def get(sandbox, ask):
    async def get(name, path, status=200, **query):
        stand_in = sandbox.arrs[name]
        ask.headers["X-Api-Key"] = stand_in.api_key
        found, answer = await ask("GET", f"{stand_in.url}/{stand_in.api}/{path}", params=query)
        assert found == status
        return answer

    return get


@pytest.fixture(params=["Radarr", "Sonarr", "Lidarr"])
def arr(sandbox, request):
    return sandbox.arrs[request.param].arr


async def test_the_key_is_accepted_as_a_header_or_in_the_query_and_no_other(sandbox, ask):
    radarr = sandbox.arrs["Radarr"]
    url = f"{radarr.url}/api/v3/system/status"
    assert await ask("GET", url) == (401, "")
    assert (await ask("GET", f"{url}?apikey={radarr.api_key}"))[0] == 200
    ask.headers["X-Api-Key"] = "wrong"
    assert (await ask("GET", url))[0] == 401


async def test_pages_of_the_queue_hold_all_of_it_once_and_the_last_full_one_is_repeated(get, arr):
    first = await get(arr.name, "queue")
    assert len(first["records"]) == min(10, len(arr.queue))
    last, full = -(-len(arr.queue) // 4), max(1, len(arr.queue) // 4)
    pages = [await get(arr.name, "queue", page=number, pageSize=4) for number in range(1, last + 2)]
    assert {page["totalRecords"] for page in pages} == {len(arr.queue)}
    assert [page["page"] for page in pages] == [*range(1, last + 1), full]
    assert pages[-1] == pages[full - 1]
    assert sorted(record["id"] for page in pages[:-1] for record in page["records"]) == sorted(arr.queue)


async def test_the_queue_is_sorted_by_the_time_left_and_moves_as_that_does(get, arr):
    def seconds(record):
        left = record.get("timeleft")
        return float("inf") if left is None else sum(int(part) * 60**n for n, part in enumerate(left.split(":")[::-1]))

    assert len(arr.queue) > 1
    longest_first = await get(arr.name, "queue", pageSize=1000)
    left = [seconds(record) for record in longest_first["records"]]
    assert left == sorted(left, reverse=True)
    shortest_first = await get(arr.name, "queue", pageSize=1000, sortDirection="ascending")
    assert [seconds(record) for record in shortest_first["records"]] == left[::-1]
    first, *others = arr.queue
    for of_first, place in ((7200.0, 0), (60.0, len(others))):
        times = dict.fromkeys(others, 3600.0) | {first: of_first}
        arr.queue.update({number: replace(arr.queue[number], seconds_left=at) for number, at in times.items()})
        records = (await get(arr.name, "queue", pageSize=1000))["records"]
        assert [record["id"] for record in records].index(first) == place


async def test_pages_of_other_lists_are_empty_beyond_the_end(get, arr):
    for path in ("history", "wanted/missing"):
        page = await get(arr.name, path, page=999, pageSize=100)
        assert (page["page"], page["records"]) == (999, [])


async def test_downloads_that_nothing_matches_are_listed_on_request(get, sandbox):
    arr = sandbox.arrs["Radarr"].arr
    movie = next(arr.collection.wanted(arr.now))
    arr.add_torrent([movie], arr.offer([movie], attempt="added"), Fate(), name="What.Is.This")
    refresh(sandbox, arr)
    record = next(one for one in arr.queue.values() if one.item_id is None)
    listed = await get("Radarr", "queue", pageSize=100)
    everything = await get("Radarr", "queue", pageSize=100, includeUnknownMovieItems="true")
    assert record.id not in [one["id"] for one in listed["records"]]
    assert record.id in [one["id"] for one in everything["records"]]
    assert "movieId" not in next(one for one in everything["records"] if one["id"] == record.id)


def refresh(sandbox, arr):
    arr.commands.post("RefreshMonitoredDownloads", {})
    sandbox.world.advance(sandbox.world.now + 1.5)


async def test_history_is_newest_first_and_can_be_asked_for_by_download_and_type(get, arr):
    everything = (await get(arr.name, "history", pageSize=1000))["records"]
    dates = [event["date"] for event in everything]
    assert dates == sorted(dates, reverse=True)
    oldest_first = (await get(arr.name, "history", pageSize=1000, sortDirection="ascending"))["records"]
    assert oldest_first == everything[::-1]
    imported = next(event for event in everything if "mported" in event["eventType"])
    story = (await get(arr.name, "history", pageSize=1000, downloadId=imported["downloadId"]))["records"]
    assert {event["downloadId"] for event in story} == {imported["downloadId"]}
    assert story[-1]["eventType"] == "grabbed"
    grabbed = (await get(arr.name, "history", pageSize=1000, eventType=1))["records"]
    assert {event["eventType"] for event in grabbed} == {"grabbed"}


async def test_history_since_is_oldest_first(get, arr):
    everything = await get(arr.name, "history/since", date="2020-01-01T00:00:00Z")
    later = await get(arr.name, "history/since", date=everything[-1]["date"])
    assert [event["id"] for event in everything] == [event.id for event in arr.history]
    assert len(later) < len(everything)
    assert later[-1] == everything[-1]
    assert not await get(arr.name, "history/since", date="2100-01-01T00:00:00Z")


async def test_a_removed_record_is_gone_and_its_release_blocklisted(get, arr, sandbox, ask):
    stand_in = sandbox.arrs[arr.name]
    record = next(iter(arr.queue.values()))
    await get(arr.name, "system/status")
    url = f"{stand_in.url}/{stand_in.api}/queue/{record.id}?removeFromClient=false&blocklist=true&skipRedownload=true"
    assert (await ask("DELETE", url))[0] == 200
    assert (await ask("DELETE", url))[0] == 404
    assert record.id not in [one["id"] for one in (await get(arr.name, "queue", pageSize=100))["records"]]
    [entry] = (await get(arr.name, "blocklist"))["records"]
    assert entry["sourceTitle"] == record.title
    newest = (await get(arr.name, "history"))["records"][0]
    assert (newest["eventType"], newest["downloadId"]) == ("downloadFailed", record.download_id)


async def test_wanted_lists_are_by_monitored(get, arr):
    for path in ("wanted/missing", "wanted/cutoff"):
        lists = [await get(arr.name, path, pageSize=1000, monitored=flag) for flag in ("true", "false")]
        ids = [{one["id"] for one in found["records"]} for found in lists]
        assert ids[0]
        assert not ids[0] & ids[1]
    wanted = (await get(arr.name, "wanted/missing", pageSize=1000))["totalRecords"]
    assert wanted == len(list(arr.collection.wanted(arr.now)))


async def test_a_posted_command_can_be_followed(get, arr, sandbox, ask):
    stand_in = sandbox.arrs[arr.name]
    await get(arr.name, "system/status")
    status, command = await ask(
        "POST", f"{stand_in.url}/{stand_in.api}/command", json={"name": "RefreshMonitoredDownloads"}
    )
    assert (status, command["status"], command["commandName"]) == (201, "queued", "Refresh Monitored Downloads")
    sandbox.world.advance(sandbox.world.now + 1)
    again = await get(arr.name, f"command/{command['id']}")
    assert (again["id"], again["status"], again["result"]) == (command["id"], "completed", "successful")
    assert command["id"] in [one["id"] for one in await get(arr.name, "command")]
    sandbox.world.advance(sandbox.world.now + 301)
    assert command["id"] not in [one["id"] for one in await get(arr.name, "command")]
    assert (await get(arr.name, f"command/{command['id']}"))["result"] == "unknown"


async def test_an_unknown_command_is_an_error(get, sandbox, ask):
    await get("Radarr", "system/status")
    status, _ = await ask("POST", f"{sandbox.arrs['Radarr'].url}/api/v3/command", json={"name": "SeriesSearch"})
    assert status == 500


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Radarr", "movie/9999"),
        ("Radarr", "moviefile/9999"),
        ("Radarr", "command/9999"),
        ("Radarr", "qualityprofile/9999"),
        ("Sonarr", "series/x"),
        ("Sonarr", "episode/9999"),
        ("Sonarr", "episodefile/9999"),
        ("Lidarr", "artist/9999"),
        ("Lidarr", "album/9999"),
        ("Lidarr", "track/199"),
        ("Lidarr", "trackfile/9999999"),
    ],
)
async def test_what_does_not_exist_is_not_found(get, name, path):
    await get(name, path, status=404)


async def test_a_movie_carries_its_file_without_the_score_and_the_file_list_has_it(get, sandbox):
    movies = await get("Radarr", "movie")
    with_file = [movie for movie in movies if movie["hasFile"]]
    assert with_file
    assert all("customFormatScore" not in movie["movieFile"] for movie in with_file)
    assert all("movieFile" not in movie for movie in movies if not movie["hasFile"])
    wanted = [movie["id"] for movie in movies[:10]]
    files = await get("Radarr", "moviefile", movieId=wanted)
    assert {file["movieId"] for file in files} <= set(wanted)
    assert all(isinstance(file["customFormatScore"], int) for file in files)
    by_id = await get("Radarr", "moviefile", movieFileIds=[files[0]["id"]])
    assert by_id == [files[0]]
    assert await get("Radarr", f"moviefile/{files[0]['id']}") == files[0]
    [found] = await get("Radarr", "movie", tmdbId=movies[3]["tmdbId"])
    assert found == movies[3] == await get("Radarr", f"movie/{movies[3]['id']}")


async def test_episodes_come_with_their_files_on_request(get, sandbox):
    series = await get("Sonarr", "series")
    for one in series:
        episodes = await get("Sonarr", "episode", seriesId=one["id"], includeEpisodeFile="true")
        assert all(("episodeFile" in episode) == episode["hasFile"] for episode in episodes)
        have = sum(episode["hasFile"] for episode in episodes if episode["seasonNumber"] > 0)
        assert one["statistics"]["episodeFileCount"] == have
        files = await get("Sonarr", "episodefile", seriesId=one["id"])
        assert [file["id"] for file in files] == [e["episodeFileId"] for e in episodes if e["hasFile"]]
    bare = await get("Sonarr", "episode", seriesId=1)
    assert all("episodeFile" not in episode for episode in bare)
    first = await get("Sonarr", "episode", seriesId=1, seasonNumber=1)
    assert {episode["seasonNumber"] for episode in first} == {1}
    named = await get("Sonarr", "episode", episodeIds=[3, 5], includeSeries="true")
    assert [(episode["id"], episode["series"]["id"]) for episode in named] == [(3, 1), (5, 1)]
    assert (await get("Sonarr", "episodefile", episodeFileIds=[files[0]["id"]])) == [files[0]]
    assert (await get("Sonarr", f"episodefile/{files[0]['id']}")) == files[0]
    [found] = await get("Sonarr", "series", tvdbId=series[2]["tvdbId"])
    assert found["id"] == 3


async def test_albums_tracks_and_files_fit_together(get, sandbox):
    artists = await get("Lidarr", "artist")
    albums = await get("Lidarr", "album")
    assert {album["artistId"] for album in albums} == {artist["id"] for artist in artists}
    of_first = await get("Lidarr", "album", artistId=1)
    tracks = await get("Lidarr", "track", artistId=1)
    files = await get("Lidarr", "trackfile", artistId=1)
    assert {track["albumId"] for track in tracks} == {album["id"] for album in of_first}
    assert {track["trackFileId"] for track in tracks if track["hasFile"]} == {file["id"] for file in files}
    for album in of_first:
        have = sum(track["hasFile"] for track in tracks if track["albumId"] == album["id"])
        assert album["statistics"]["trackFileCount"] == have
    assert await get("Lidarr", "album", albumIds=[of_first[0]["id"]]) == of_first[:1]
    assert await get("Lidarr", "track", albumId=of_first[0]["id"]) == [
        track for track in tracks if track["albumId"] == of_first[0]["id"]
    ]
    assert await get("Lidarr", "trackfile", trackFileIds=[files[0]["id"]]) == files[:1]
    assert await get("Lidarr", f"trackfile/{files[0]['id']}") == files[0]
    assert await get("Lidarr", "artist", mbId=artists[1]["foreignArtistId"]) == [artists[1]]


async def test_a_search_over_http_ends_in_the_queue(get, arr, sandbox, ask):
    stand_in = sandbox.arrs[arr.name]
    arr.odds = ALWAYS_STALLED
    queued = {record.item_id for record in arr.queue.values()}
    item = next(item for item in arr.collection.wanted(arr.now) if item.id not in queued)
    name, field = {
        "radarr": ("MoviesSearch", "movieIds"),
        "sonarr": ("EpisodeSearch", "episodeIds"),
        "lidarr": ("AlbumSearch", "albumIds"),
    }[arr.kind]
    await get(arr.name, "system/status")
    await ask("POST", f"{stand_in.url}/{stand_in.api}/command", json={"name": name, field: [item.id]})
    sandbox.world.advance(sandbox.world.now + 7)  # it is listed five seconds after the grab
    key = {"radarr": "movieId", "sonarr": "episodeId", "lidarr": "albumId"}[arr.kind]
    records = (await get(arr.name, "queue", pageSize=1000))["records"]
    assert item.id in [record[key] for record in records]


# --- settings and health ---


async def test_the_settings_of_downloads_are_as_its_user_has_them(get, sandbox):
    arr = sandbox.arrs["Radarr"].arr
    settings = await get("Radarr", "config/downloadclient")
    assert settings["enableCompletedDownloadHandling"] is settings["autoRedownloadFailed"] is True
    arr.settings.completed_download_handling = arr.settings.redownload_failed = False
    settings = await get("Radarr", "config/downloadclient")
    assert settings["enableCompletedDownloadHandling"] is settings["autoRedownloadFailed"] is False
    assert settings["autoRedownloadFailedFromInteractiveSearch"] is True
    assert await get("Radarr", "remotepathmapping") == []
    arr.settings.path_mappings.append(PathMapping("/downloads/", "/data/", "qbittorrent"))
    assert await get("Radarr", "remotepathmapping") == [
        {"host": "qbittorrent", "remotePath": "/downloads/", "localPath": "/data/", "id": 1}
    ]


async def test_each_download_client_is_listed_with_its_address_and_categories(get, sandbox):
    arr = sandbox.arrs["Sonarr"].arr
    arr.connect(sandbox.world.client, ClientSettings("tv", id=2, name="other", imported_category="tv-done"))
    first, second = await get("Sonarr", "downloadclient")
    fields = [{field["name"]: field.get("value") for field in client["fields"]} for client in (first, second)]
    assert (fields[0]["port"], fields[0]["tvCategory"]) == (sandbox.qbittorrent.port, "sonarr")
    assert (fields[1]["tvCategory"], fields[1]["tvImportedCategory"]) == ("tv", "tv-done")
    assert (second["name"], second["id"], second["removeCompletedDownloads"]) == ("other", 2, True)


async def test_health_names_a_client_that_is_away_and_one_that_is_not_asked_yet(get, sandbox):
    arr = sandbox.arrs["Radarr"].arr
    assert await get("Radarr", "health") == []
    await sandbox.qbittorrent.fail(Status(500))
    refresh(sandbox, arr)
    assert [one["source"] for one in await get("Radarr", "health")] == [
        "DownloadClientCheck",
        "DownloadClientStatusCheck",
    ]
    assert arr.queue == {}
    await sandbox.qbittorrent.heal()
    (check,) = await get("Radarr", "health")
    assert check["message"] == "All download clients are unavailable due to failures"
    sandbox.world.advance(sandbox.world.now + 120)
    assert await get("Radarr", "health") == []
    assert arr.queue


# --- starting, slowness, versions ---


async def test_while_it_starts_everything_is_answered_with_503_and_the_queue_is_empty_then(get, sandbox, ask):
    stand_in = sandbox.arrs["Radarr"]
    assert stand_in.arr.queue
    await stand_in.restart(starting_seconds=0.4)
    for path in ("/api/v3/system/status", "/signalr/messages"):
        status, body = await ask("GET", stand_in.url + path)
        assert (status, body) == (503, {"errorMessage": "Radarr is starting up, please try again later"})
    ask.headers["X-Api-Key"] = stand_in.api_key

    async def answers():
        return (await ask("GET", f"{stand_in.url}/api/v3/queue"))[0] == 200

    await until(answers, 5, "it does not start")
    assert (await get("Radarr", "queue"))["totalRecords"] == 0
    refresh(sandbox, stand_in.arr)
    assert (await get("Radarr", "queue"))["totalRecords"] > 0


async def test_lidarrs_wanted_lists_are_slow_once_for_each_artist(get, sandbox):
    arr = sandbox.arrs["Lidarr"].arr
    arr.tempo = Tempo(album_statistics=0.3 / len(arr.collection.artists) ** 2)

    async def seconds():
        before = time.monotonic()
        await get("Lidarr", "wanted/missing", pageSize=1000)
        return time.monotonic() - before

    cold, warm = await seconds(), await seconds()
    assert cold > warm + 0.15


async def test_the_first_byte_can_be_held_back(get, sandbox):
    await sandbox.arrs["Radarr"].fail(SlowFirstByte(2.0), "GET /api/v3/movie")
    before = time.monotonic()
    held = asyncio.create_task(get("Radarr", "movie"))
    await get("Radarr", "system/status")
    assert not held.done()
    assert await held
    assert time.monotonic() - before >= 2.0


async def test_sonarr_5_does_not_blocklist_what_was_not_grabbed(ask):
    section = Section("Sonarr", "sonarr", 8, episodes=200, version="5.0.0.1")
    async with Sandbox([section], has_past=False, clock=lambda: NOW) as sandbox:
        stand_in = sandbox.arrs["Sonarr"]
        arr, ask.headers["X-Api-Key"] = stand_in.arr, stand_in.api_key
        episode = next(arr.collection.wanted(arr.now))
        arr.add_torrent([episode], arr.offer([episode]), Fate())
        refresh(sandbox, arr)
        (record_id,) = arr.queue
        url = f"{stand_in.url}/api/v3/queue/{record_id}?removeFromClient=false&blocklist="
        assert (await ask("DELETE", f"{url}true"))[0] == 400
        assert list(arr.queue) == [record_id]
        assert (await ask("DELETE", f"{url}false"))[0] == 200


async def test_an_episode_of_an_unmonitored_season_is_missing_all_the_same(get, sandbox):
    """As Sonarr makes them for a series that was added with *Pilot Episode*."""
    shows = sandbox.arrs["Sonarr"].arr.collection
    pilots = [
        season.episodes[0]
        for series in shows.series.values()
        for season in series.seasons
        if season.number == 1 and not season.monitored and series.monitored
    ]
    assert pilots
    assert all(episode.monitored for episode in pilots)
    listed = {one["id"] for one in (await get("Sonarr", "wanted/missing", pageSize=1000))["records"]}
    assert {one.id for one in pilots if one.file is None} <= listed


async def test_an_album_whose_tracks_are_not_known_has_no_statistics_and_is_not_missing(get, sandbox):
    arr = sandbox.arrs["Lidarr"].arr
    album = next(arr.collection.wanted(arr.now))
    album.track_count = 0
    assert "statistics" not in await get("Lidarr", f"album/{album.id}")
    listed = (await get("Lidarr", "wanted/missing", pageSize=1000))["records"]
    assert album.id not in [one["id"] for one in listed]


async def test_a_manual_import_is_asked_for_and_carried_out(get, sandbox, ask):
    stand_in = sandbox.arrs["Radarr"]
    arr = stand_in.arr
    movie = next(arr.collection.wanted(arr.now))
    release = arr.offer([movie], attempt="by id")
    arr.note_grab([movie.id], release, by_id=True)
    arr.add_torrent([movie], release, Fate(bytes_per_second=1e12), name="Ein.anderer.Name.1080p")
    sandbox.world.advance(sandbox.world.now + 0.5)
    refresh(sandbox, arr)
    assert movie.file is None
    (found,) = await get("Radarr", "manualimport", downloadId=release.infohash.upper())
    files = [{"path": found["path"], "movieId": found["movie"]["id"], "downloadId": found["downloadId"]}]
    body = {"name": "ManualImport", "importMode": "copy", "files": files}
    assert (await ask("POST", f"{stand_in.url}/api/v3/command", json=body))[0] == 201
    sandbox.world.advance(sandbox.world.now + 1)
    assert movie.file is not None
