"""Invents libraries: the same seed and sizes give the same works, in a mix as users have them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qbitrr.sandbox.media.draw import rng
from qbitrr.sandbox.media.movies import DAY, Movie, Movies
from qbitrr.sandbox.media.music import Album, Artist, Music
from qbitrr.sandbox.media.quality import PROFILES, QUALITIES, RANKS, File, Profile, size_of
from qbitrr.sandbox.media.series import Episode, Season, Series, Shows

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

OLDEST_YEAR = 1960
FORMAT_ODDS = (0, 0, 0, 1, 1, 2, 3, 3, 4, 5)  # indices of FORMAT_SETS

PILOT_ONLY = 4  # the last digit of the series of which only the first episode is monitored
HOUR = 3_600
WEEK = 7 * DAY
YEAR = 365.25 * DAY


def movies(seed: int, count: int, now: float, profile_ids: Sequence[int] = (1, 4, 6)) -> Movies:
    """The library of a Radarr. One in twenty is not released; a quarter of the others is missing.

    Two libraries of the same seed hold the same works, in files of their own.
    """
    works, shelf = rng(seed, "movies"), rng(seed, "files", count, profile_ids)
    profiles = {profile.id: profile for profile in PROFILES["radarr"]}
    made = []
    for number in range(1, count + 1):
        profile = profiles[profile_ids[number % len(profile_ids)]]
        movie = _movie(works, number, profile.id, now)
        movie.monitored = shelf.random() < 0.9
        if movie.is_available(now) and shelf.random() < 0.75:
            movie.file = _file(shelf, "radarr", profile, number, movie.added + DAY)
        made.append(movie)
    return Movies(made)


def _movie(draw: random.Random, number: int, profile_id: int, now: float) -> Movie:
    """A movie without a file, made with the same number of draws for each."""
    this_year = time.gmtime(now).tm_year
    age, luck = draw.random(), draw.random()
    if age < 0.05:
        in_cinemas = now + luck * YEAR
    elif age < 0.09:
        in_cinemas = now - luck * 60 * DAY
    else:
        in_cinemas = now - 200 * DAY - luck * (this_year - OLDEST_YEAR - 1) * YEAR
    digital = in_cinemas + (60 + int(draw.random() * 120)) * DAY
    return Movie(
        id=number,
        year=int(1970 + in_cinemas / YEAR),
        monitored=True,
        profile_id=profile_id,
        minimum_availability=("released", "released", "inCinemas", "announced")[int(draw.random() * 4)],
        in_cinemas=_midnight(in_cinemas),
        digital=_midnight(digital) if draw.random() < 0.9 else None,
        physical=_midnight(digital + 30 * DAY),
        added=_midnight(now - draw.random() * 3 * YEAR),
    )


def shows(seed: int, series: int, episodes: int, now: float) -> Shows:
    """The library of a Sonarr with exactly so many episodes: specials, ended and running series, packs missing."""
    draw = rng(seed, "shows", series, episodes)
    profiles = PROFILES["sonarr"]
    next_id, made = 1, []
    for number in range(1, series + 1):
        count = episodes * number // series - episodes * (number - 1) // series
        made.append(_series(draw, number, profiles[number % len(profiles)], now, range(next_id, next_id + count)))
        next_id += count
    return Shows(made)


def _series(draw: random.Random, number: int, profile: Profile, now: float, ids: range) -> Series:
    ended = draw.random() < 0.6
    specials = 2 if len(ids) >= 20 and draw.random() < 0.5 else 0
    per_season = draw.choice((8, 10, 12, 22))
    span = (len(ids) - specials) * WEEK
    # a series that runs has its last episodes still to come
    first = now - span - (1 + draw.randrange(8)) * 300 * DAY if ended else now - span + 6 * WEEK
    seasons = [Season(0, monitored=False, episodes=[])] if specials else []
    for place, episode_id in enumerate(ids):
        week = max(0, place - specials)
        season = 0 if place < specials else 1 + week // per_season
        if not seasons or seasons[-1].number != season:
            seasons.append(Season(season, monitored=True, episodes=[]))
        seasons[-1].episodes.append(
            Episode(
                id=episode_id,
                series_id=number,
                season=season,
                number=1 + len(seasons[-1].episodes),
                monitored=season > 0 and draw.random() < 0.95,
                aired=_announced(_midnight(first + week * WEEK) + 20 * HOUR, now),
            )
        )
    for one in seasons:
        _fill(draw, one, profile, now)
    if number % 10 == PILOT_ONLY:
        _monitor_pilot(seasons)
    return Series(
        id=number,
        year=time.gmtime(first).tm_year,
        monitored=draw.random() < 0.9,
        profile_id=profile.id,
        ended=ended,
        added=_midnight(now - draw.random() * 3 * YEAR),
        seasons=seasons,
    )


def _monitor_pilot(seasons: list[Season]) -> None:
    """As Sonarr does for a series that is added with *Monitor: Pilot Episode*: the first episode and no season."""
    for season in seasons:
        season.monitored = False
        for episode in season.episodes:
            episode.monitored = (episode.season, episode.number) == (1, 1)
            if episode.monitored:
                episode.file = None


def _announced(aired: int, now: float) -> int | None:
    """When an episode airs; not known yet when that is far ahead."""
    return aired if aired < now + 30 * DAY else None


def _fill(draw: random.Random, season: Season, profile: Profile, now: float) -> None:
    """Some seasons are there as a whole, some not at all, most in between."""
    have = draw.choice((1.0, 1.0, 0.9, 0.6, 0.0))
    for episode in season.episodes:
        if episode.aired is not None and episode.aired <= now and draw.random() < have:
            episode.file = _file(draw, "sonarr", profile, episode.id, episode.aired + HOUR)


def music(seed: int, artists: int, now: float) -> Music:
    """The library of a Lidarr, with about eight albums for each artist and ten tracks on each."""
    draw = rng(seed, "music", artists)
    profiles = PROFILES["lidarr"]
    next_id, made = 1, []
    for number in range(1, artists + 1):
        profile = profiles[number % len(profiles)]
        count = 4 + draw.randrange(9)
        artist = Artist(
            id=number,
            monitored=draw.random() < 0.9,
            profile_id=profile.id,
            ended=draw.random() < 0.3,
            added=_midnight(now - draw.random() * 3 * YEAR),
            albums=[_album(draw, album_id, number, profile, now) for album_id in range(next_id, next_id + count)],
        )
        next_id += count
        made.append(artist)
    return Music(made)


def _album(draw: random.Random, number: int, artist_id: int, profile: Profile, now: float) -> Album:
    released = _midnight(now - draw.random() * 40 * YEAR)
    if draw.random() < 0.03:
        released = _midnight(now + draw.random() * 200 * DAY)
    album = Album(
        id=number,
        artist_id=artist_id,
        monitored=draw.random() < 0.85,
        released=released if draw.random() < 0.98 else None,
        track_count=6 + draw.randrange(9),
    )
    if album.released is not None and released <= now:
        luck = draw.random()
        if luck < 0.75:
            album.file = _file(draw, "lidarr", profile, number, released + DAY)
        elif luck < 0.85:
            album.tracks_present = draw.randrange(1, album.track_count)
    return album


def _file(draw: random.Random, kind: str, profile: Profile, file_id: int, added: int) -> File:
    """A file as it may have come in over the years: mostly good enough, some below the cutoff."""
    ladder = QUALITIES[kind]
    good = [q for q in profile.allowed if RANKS[kind][q] >= RANKS[kind][profile.cutoff]]
    quality = draw.choice(good) if draw.random() < 0.85 else ladder[draw.randrange(len(ladder))].id
    return File(file_id, quality, draw.choice(FORMAT_ODDS), size_of(kind, quality, draw.random()), added)


def _midnight(moment: float) -> int:
    return int(moment // DAY * DAY)
