"""Whatever becomes of a library, what was read of it change by change is what one reading of all of it gives."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import tempfile
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS
from qbitrr.arr.models import Artist, Movie, Series
from qbitrr.clock import Clock
from qbitrr.sandbox.media.quality import FORMAT_SETS, QUALITIES, File
from qbitrr.sandbox.media.series import Season
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.state import catalogue, media_requests
from qbitrr.state.database import open_writer
from qbitrr.worker.library.fetch import full_sync
from qbitrr.worker.library.files import sync_files
from qbitrr.worker.library.sync import LibrarySync
from tests.support.state import migrated

NOW = 1_790_000_000.0
DAY = 86_400
CATEGORY = "arr"
SECTIONS = {
    "radarr": Section("Arr", "radarr", 8),
    "sonarr": Section("Arr", "sonarr", 3, episodes=24),
    "lidarr": Section("Arr", "lidarr", 3),
}
PARENT = {"radarr": Movie, "sonarr": Series, "lidarr": Artist}
TABLES = {
    "radarr": ("catalogue", "movies", "movie_counts", "titles"),
    "sonarr": ("catalogue", "series", "episodes", "titles"),
    "lidarr": ("catalogue", "artists", "albums", "tracks", "artist_files", "titles"),
}
NOT_COMPARED = {"catalogue": {"synced_at"}, "titles": {"number"}}


class History:
    """A library that changes. `touched` are the parents whose list entry need not show it, `listed` the others."""

    def __init__(self, kind, stand_in):
        self.kind, self.stand_in, self.collection = kind, stand_in, stand_in.arr.collection
        self.touched: set[int] = set()
        self.listed: set[int] = set()
        self.draw = random.Random()
        self.last_id = 1000

    @property
    def parents(self):
        return self.collection.items if self.kind == "radarr" else self.stand_in.parents

    def names(self):
        """What may happen to this kind of library."""
        prefixes = ("any_", f"{self.kind}_")
        return sorted(name for name in dir(self) if name.startswith(prefixes))

    def new_id(self):
        self.last_id += 1
        return self.last_id

    def parent(self):
        return self.parents[self.draw.choice(sorted(self.parents))]

    def item(self):
        """Choose an item, whose parent has to be read again."""
        items = self.collection.items
        item = items[self.draw.choice(sorted(items))]
        self.touched.add(self.collection.parent_of(item))
        return item

    def may_go(self, parent):
        """An Arr without anything is not believed."""
        return any(self.collection.parent_of(item) != parent.id for item in self.collection.items.values())

    def file(self):
        qualities = [quality.id for quality in QUALITIES[self.kind]]
        size = self.draw.randrange(10**8, 10**10)
        formats = self.draw.randrange(len(FORMAT_SETS))
        return File(self.new_id(), self.draw.choice(qualities), formats, size, int(NOW) - DAY)

    # -- of every kind ------------------------------------------------------------------------------------------------

    def any_parent_is_monitored_or_not(self):
        one = self.parent()
        one.monitored = not one.monitored
        self.listed.add(one.id)

    def any_parent_gets_other_tags(self):
        one = self.parent()
        one.tags = tuple(self.draw.sample(range(1, 6), self.draw.randrange(4)))
        self.listed.add(one.id)

    def any_parent_gets_another_profile(self):
        one = self.parent()
        one.profile_id = self.draw.choice(sorted(self.collection.profiles))
        self.listed.add(one.id)

    def any_profile_changes(self):
        """Everything that has it is changed, and nothing is pushed but itself."""
        number = self.draw.choice(sorted(self.collection.profiles))
        profile = self.collection.profiles[number]
        self.collection.profiles[number] = replace(profile, upgrade_allowed=not profile.upgrade_allowed)
        self.listed |= {one.id for one in self.parents.values() if one.profile_id == number}

    def any_parent_is_deleted(self):
        one = self.parent()
        if self.may_go(one):
            self.collection.drop(one.id)
            self.listed.add(one.id)

    def any_parent_is_added(self):
        self.add(self.parent(), self.new_id())

    def any_parent_is_deleted_and_another_gets_its_number(self):
        gone, like = self.parent(), self.parent()
        if gone is not like and self.may_go(gone):
            self.collection.drop(gone.id)
            self.add(like, gone.id)
            self.touched.add(gone.id)

    def any_item_is_monitored_or_not(self):
        item = self.item()
        item.monitored = not item.monitored

    def any_item_loses_its_file(self):
        self.item().file = None

    def any_item_gets_a_file(self):
        self.item().file = self.file()

    def add(self, like, number):
        self.listed.add(number)
        match self.kind:
            case "radarr":
                self.collection.items[number] = replace(like, id=number)
            case "sonarr":
                seasons = [
                    Season(
                        one.number,
                        one.monitored,
                        [replace(e, id=self.new_id(), series_id=number) for e in one.episodes],
                    )
                    for one in like.seasons
                ]
                self.collection.series[number] = added = replace(like, id=number, seasons=seasons)
                self.collection.items |= {episode.id: episode for episode in added.episodes}
            case _:
                albums = [replace(album, id=self.new_id(), artist_id=number) for album in like.albums]
                self.collection.artists[number] = replace(like, id=number, albums=albums)
                self.collection.items |= {album.id: album for album in albums}

    # -- Radarr -------------------------------------------------------------------------------------------------------

    def radarr_movie_is_put_off(self):
        movie = self.item()
        days = self.draw.randrange(-200, 200)
        movie.in_cinemas, movie.digital = movie.in_cinemas + days * DAY, int(NOW) + days * DAY
        movie.year += self.draw.randrange(-1, 2)

    def radarr_movie_is_available_otherwise(self):
        self.item().minimum_availability = self.draw.choice(("announced", "inCinemas", "released"))

    # -- Sonarr -------------------------------------------------------------------------------------------------------

    def sonarr_season_is_monitored_or_not(self):
        season = self.draw.choice(self.parent_with_parts().seasons)
        season.monitored = not season.monitored

    def sonarr_season_is_monitored_or_not_with_its_episodes(self):
        season = self.draw.choice(self.parent_with_parts().seasons)
        season.monitored = not season.monitored
        for episode in season.episodes:
            episode.monitored = season.monitored

    def sonarr_episode_moves_to_another_season(self):
        series = self.parent_with_parts()
        source = self.draw.choice([one for one in series.seasons if one.episodes])
        number = self.draw.randrange(0, 4)
        target = next((one for one in series.seasons if one.number == number), None)
        if target is None:
            target = Season(number, monitored=True, episodes=[])
            series.seasons.append(target)
        episode = source.episodes.pop(self.draw.randrange(len(source.episodes)))
        episode.season, episode.number = number, 1 + max((one.number for one in target.episodes), default=0)
        target.episodes.append(episode)

    def sonarr_episodes_change_places(self):
        season = self.draw.choice([one for one in self.parent_with_parts().seasons if one.episodes])
        first, second = self.draw.choice(season.episodes), self.draw.choice(season.episodes)
        first.number, second.number = second.number, first.number

    def sonarr_episode_airs_another_day(self):
        self.item().aired = self.draw.choice((None, int(NOW) - DAY, int(NOW) + 9 * DAY))

    # -- Lidarr -------------------------------------------------------------------------------------------------------

    def lidarr_album_has_another_number_of_tracks(self):
        album = self.item()
        album.track_count = self.draw.randrange(1, 15)
        album.tracks_present = min(album.tracks_present, album.track_count - 1)

    def lidarr_album_gets_some_tracks(self):
        album = self.item()
        album.file, album.tracks_present = None, self.draw.randrange(album.track_count)

    def lidarr_album_is_released_another_day(self):
        self.item().released = self.draw.choice((None, int(NOW) - DAY, int(NOW) + 9 * DAY))

    def lidarr_album_goes_to_another_artist(self):
        album, artist = self.item(), self.parent()
        self.parents[album.artist_id].albums.remove(album)
        album.artist_id = artist.id
        artist.albums.append(album)
        self.touched.add(artist.id)

    def lidarr_album_is_gone(self):
        album = self.item()
        if len(self.collection.items) > 1:
            self.parents[album.artist_id].albums.remove(album)
            del self.collection.items[album.id]

    def parent_with_parts(self):
        item = self.item()
        return self.parents[self.collection.parent_of(item)]

    def requests(self):
        """Requests for some of what there is, as `media_requests` stores them."""
        ids = self.draw.sample(sorted(self.parents), min(2, len(self.parents)))
        if self.kind == "radarr":
            return [(self.stand_in.parent(one)["tmdbId"], None, None, None) for one in ids]
        return [(None, self.stand_in.parent(one)["tvdbId"], None, self.draw.choice((-1, 1))) for one in ids]


class Catalogue:
    """The catalogue of a worker, kept in step with the Arr as `LibrarySync` does."""

    def __init__(self, history, client, database, config):
        self.history, self.client, self.database, self.config = history, client, database, config
        self.seconds = 0.0
        report = SimpleNamespace(
            operation=lambda *_: contextlib.nullcontext(), waits=lambda *_, **__: None, goes_on=lambda *_: None
        )
        clock = Clock(wall=lambda: NOW, monotonic=lambda: 50_000.0 + self.seconds)
        services = SimpleNamespace(arr=client)
        context = SimpleNamespace(config=config, services=services, database=database, report=report, clock=clock)
        self.library = LibrarySync(context)

    async def follow(self, *, pushes):
        """Read what changed: as the Arr pushes it, or by its list, which shows most of it."""
        history = self.history
        touched, listed = history.touched, history.listed - history.touched
        history.touched, history.listed = set(), set()
        for number in sorted(touched):
            self.library.on_change(number)
        for number in sorted(listed if pushes else ()):
            exists = number in history.parents
            self.library.on_change(number, self._content(number) if exists else None)
        await self.library.read_pushed()
        if not pushes:
            self.seconds += 1000
            await self.library.read_changes()

    def _content(self, number):
        return msgspec.convert(self.history.stand_in.parent(number), PARENT[self.history.kind])


async def stored(database, kind):
    """Everything of the category that is derived from the Arr; counts of nothing are no difference."""
    found = {}
    for table in TABLES[kind]:
        names = [row[1] for row in await database.rows(f"PRAGMA table_info({table})")]
        columns = ", ".join(name for name in names if name not in NOT_COMPARED.get(table, ()))
        which = "WHERE number > 0" if table == "movie_counts" else ""
        found[table] = sorted(await database.rows(f"SELECT {columns} FROM {table} {which}"), key=repr)
    return found


async def read_in_full(client, path, kind, uri, requests):
    async with open_writer(path) as database:
        if requests:
            await media_requests.replace(database, CATEGORY, kind, requests)
        clock = Clock(wall=lambda: NOW)
        await full_sync(client, database, CATEGORY, uri, clock)
        if kind == "lidarr":
            await sync_files(client, database, CATEGORY, asyncio.Lock())
        return await stored(database, kind)


async def live(kind, chapters, folder):
    """Let a library live through chapters: a seed, the names of changes, and how they are noticed."""
    async with (
        Sandbox([SECTIONS[kind]], has_past=False, clock=lambda: NOW) as sandbox,
        open_writer(migrated(folder / "followed.db")) as database,
    ):
        stand_in = sandbox.arrs["Arr"]
        arr = SimpleNamespace(section="Arr", category=CATEGORY, kind=kind, uri=stand_in.url)
        client = ArrClient("Arr", KINDS[kind], stand_in.url, stand_in.api_key)
        history = History(kind, stand_in)
        followed = Catalogue(history, client, database, SimpleNamespace(arr=arr))
        requests = []
        try:
            await followed.library.sync()
            for seed, places, pushes, with_requests in chapters:
                history.draw = random.Random(seed)
                names = history.names()
                for place in places:
                    getattr(history, names[place % len(names)])()
                if with_requests and kind != "lidarr":
                    requests = history.requests()
                    await media_requests.replace(database, CATEGORY, kind, requests)
                await followed.follow(pushes=pushes)
                if kind == "lidarr":
                    await followed.library.read_files()
            expected = await read_in_full(client, migrated(folder / "whole.db"), kind, stand_in.url, requests)
            assert await stored(database, kind) == expected
            assert await catalogue.synced_at(database, CATEGORY) == NOW
        finally:
            await client.close()
    with contextlib.closing(sqlite3.connect(folder / "followed.db", isolation_level=None)) as connection:
        connection.execute("INSERT INTO titles_by_part (titles_by_part, rank) VALUES ('integrity-check', 1)")


CHAPTERS = st.lists(
    st.tuples(
        st.integers(0, 2**16), st.lists(st.integers(0, 1000), min_size=1, max_size=5), st.booleans(), st.booleans()
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize("kind", SECTIONS)
def test_what_was_read_by_changes_is_what_is_read_in_full(kind):
    @settings(max_examples=15)
    @given(CHAPTERS)
    def lives(chapters):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(live(kind, chapters, Path(folder)))

    lives()
