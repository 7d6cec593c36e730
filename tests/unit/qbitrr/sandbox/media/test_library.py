import msgspec
import pytest

from qbitrr.sandbox.media import library, names

NOW = 1_790_000_000.0


def as_json(collection):
    return msgspec.json.encode(list(collection.items.values()))


@pytest.mark.parametrize(
    "build",
    [
        lambda seed: library.movies(seed, 50, NOW),
        lambda seed: library.shows(seed, 5, 120, NOW),
        lambda seed: library.music(seed, 8, NOW),
    ],
    ids=["movies", "shows", "music"],
)
def test_the_same_seed_gives_the_same_library_and_another_one_another(build):
    assert as_json(build(1)) == as_json(build(1))
    assert as_json(build(1)) != as_json(build(2))


def test_two_radarrs_of_one_world_hold_the_same_works():
    hd, uhd = library.movies(1, 50, NOW), library.movies(1, 20, NOW, profile_ids=(5,))
    for number in range(1, 21):
        one, other = hd.items[number], uhd.items[number]
        assert (one.title, one.year, one.in_cinemas) == (other.title, other.year, other.in_cinemas)


def test_sizes_are_exact():
    assert len(library.movies(1, 123, NOW).items) == 123
    shows = library.shows(1, 7, 600, NOW)
    assert (len(shows.series), len(shows.items)) == (7, 600)
    assert len(library.music(1, 9, NOW).artists) == 9


def test_the_mix_of_movies_has_everything():
    movies = library.movies(1, 400, NOW)
    items = movies.items.values()
    assert {movie.status(NOW) for movie in items} == {"announced", "inCinemas", "released"}
    assert {movie.monitored for movie in items} == {True, False}
    assert {movie.is_available(NOW) for movie in items} == {True, False}
    assert {movie.file.score for movie in items if movie.file} >= {0, 60, 40, 100}
    assert {movie.profile_id for movie in items} == {1, 4, 6}
    wanted, below = len(list(movies.wanted(NOW))), len(list(movies.below_cutoff()))
    assert 40 < wanted < 120
    assert below > 10


def test_the_mix_of_episodes_has_specials_unaired_unmonitored_and_whole_seasons_missing():
    shows = library.shows(1, 40, 1500, NOW)
    episodes = list(shows.items.values())
    assert any(episode.season == 0 for episode in episodes)
    assert any(episode.aired is None for episode in episodes)
    assert any(episode.aired is not None and episode.aired > NOW for episode in episodes)
    assert {episode.monitored for episode in episodes} == {True, False}
    packs = [group for number in shows.series for group in shows.searched_by("SeriesSearch", {"seriesId": number}, NOW)]
    assert any(len(group) > 1 for group in packs)
    assert {series.ended for series in shows.series.values()} == {True, False}


def test_episodes_are_numbered_through_within_their_season():
    for series in library.shows(1, 20, 700, NOW).series.values():
        for season in series.seasons:
            assert [episode.number for episode in season.episodes] == list(range(1, len(season.episodes) + 1))


def test_the_mix_of_albums_has_partial_ones_and_some_nobody_has_released():
    albums = library.music(1, 60, NOW).items.values()
    assert any(0 < album.present < album.track_count for album in albums)
    assert any(album.present == album.track_count for album in albums)
    assert any(album.released is None for album in albums)
    assert any(album.released is not None and album.released > NOW for album in albums)


def test_tracks_follow_from_their_album():
    album = next(a for a in library.music(1, 30, NOW).items.values() if 0 < a.present < a.track_count)
    tracks = album.tracks()
    assert len(tracks) == album.track_count
    assert [track.file is not None for track in tracks] == [n < album.present for n in range(album.track_count)]
    assert len({track.id for track in tracks}) == len(tracks)


def test_titles_of_movies_repeat_only_beyond_any_library():
    assert len({names.movie_title(number) for number in range(1, 100_001)}) == 100_000


def test_nothing_that_has_a_file_is_wanted():
    for collection in (library.movies(1, 100, NOW), library.shows(1, 5, 200, NOW), library.music(1, 20, NOW)):
        for item in collection.wanted(NOW):
            assert item.file is None
            assert collection.is_monitored(item)
            assert collection.is_out(item, NOW)
