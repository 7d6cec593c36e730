import pytest

from qbitrr.sandbox.media import library

NOW = 1_790_000_000.0


def ids(groups):
    return [[item.id for item in group] for group in groups]


def test_movies_are_searched_one_by_one():
    movies = library.movies(1, 40, NOW)
    out = [movie.id for movie in movies.items.values() if movies.is_out(movie, NOW)][:2]
    assert ids(movies.searched_by("MoviesSearch", {"movieIds": [*out, 12345]}, NOW)) == [[out[0]], [out[1]]]
    assert movies.searched_by("MoviesSearch", {"movieIds": "all"}, NOW) == []
    wanted = movies.searched_by("MissingMoviesSearch", {}, NOW)
    assert ids(wanted) == [[movie.id] for movie in movies.wanted(NOW)]
    cutoff = movies.searched_by("CutoffUnmetMoviesSearch", {}, NOW)
    assert cutoff
    assert all(movie.monitored and movie.file for [movie] in cutoff)


def test_a_season_is_searched_as_a_pack_only_when_all_of_it_is_missing():
    shows = library.shows(1, 12, 400, NOW)
    found = {"pack": 0, "episodes": 0}
    for series in shows.series.values():
        for season in series.seasons:
            groups = shows.searched_by("SeasonSearch", {"seriesId": series.id, "seasonNumber": season.number}, NOW)
            if any(len(group) > 1 for group in groups):
                found["pack"] += 1
                assert groups == [season.episodes]
                assert not any(episode.file for episode in season.episodes)
            else:
                found["episodes"] += bool(groups)
    assert min(found.values()) > 0


def test_series_episodes_and_missing_ones_can_be_searched():
    shows = library.shows(1, 12, 400, NOW)
    wanted = list(shows.wanted(NOW))
    assert ids(shows.searched_by("EpisodeSearch", {"episodeIds": [wanted[0].id]}, NOW)) == [[wanted[0].id]]
    assert len(shows.searched_by("MissingEpisodeSearch", {}, NOW)) == len(wanted)
    of_one = shows.searched_by("MissingEpisodeSearch", {"seriesId": wanted[0].series_id}, NOW)
    assert {episode.series_id for [episode] in of_one} == {wanted[0].series_id}
    assert shows.searched_by("SeriesSearch", {"seriesId": 999}, NOW) == []
    assert shows.searched_by("CutoffUnmetEpisodeSearch", {}, NOW)


def test_albums_can_be_searched_alone_by_artist_or_all_that_are_missing():
    music = library.music(1, 12, NOW)
    album = next(music.wanted(NOW))
    assert ids(music.searched_by("AlbumSearch", {"albumIds": [album.id]}, NOW)) == [[album.id]]
    by_artist = music.searched_by("ArtistSearch", {"artistId": album.artist_id}, NOW)
    assert [album.id] in ids(by_artist)
    assert len(music.searched_by("MissingAlbumSearch", {}, NOW)) == len(list(music.wanted(NOW)))
    assert music.searched_by("ArtistSearch", {"artistId": 999}, NOW) == []
    assert music.searched_by("CutoffUnmetAlbumSearch", {}, NOW)


@pytest.mark.parametrize(
    "collection", [library.movies(1, 5, NOW), library.shows(1, 1, 5, NOW), library.music(1, 1, NOW)]
)
def test_a_command_that_is_no_search_finds_nothing(collection):
    assert collection.searched_by("RssSync", {}, NOW) == []
