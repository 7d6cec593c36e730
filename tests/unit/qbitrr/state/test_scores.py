from qbitrr.rules.library import items
from qbitrr.rules.library.quality import FileFacts, Profile
from qbitrr.state import catalogue, scores
from qbitrr.state.scores import StoredScores

HD = Profile("HD", upgrade_allowed=True, min_format_score=-5, cutoff_format_score=100)
NOW = 1_700_000_000.0


def movie(number, file=None):
    return items.movie(
        id=number,
        title=f"Movie {number}",
        year=2000,
        tmdb_id=number,
        imdb_id=None,
        monitored=True,
        available=True,
        file=file,
        profile=HD,
    )


async def sync(database, kind, table, rows, category="movies"):
    generation = catalogue.Generation(database, category, kind)
    await generation.begin("http://arr")
    await generation.add(table, rows)
    await generation.commit(NOW)


def scored(score):
    return FileFacts(1, custom_format_score=score, cutoff_not_met=False)


async def test_the_score_of_the_file_and_the_least_of_the_profile(database):
    await sync(database, "radarr", "movies", [movie(1, scored(30)), movie(2), movie(3, scored(-7))])
    found = await scores.of_items(database, "movies", "radarr", [1, 2, 3, 3, 99])
    assert found == {1: StoredScores(30, -5), 2: StoredScores(None, -5), 3: StoredScores(-7, -5)}
    assert await scores.of_items(database, "other", "radarr", [1]) == {}


async def test_more_items_than_one_question_holds(database):
    await sync(database, "radarr", "movies", [movie(n) for n in range(1, 1202)])
    assert len(await scores.of_items(database, "movies", "radarr", range(1, 1202))) == 1201


async def test_lidarr_tells_no_scores(database):
    assert await scores.of_items(database, "music", "lidarr", [1]) == {}


async def test_no_items_have_no_scores(database):
    assert await scores.of_items(database, "movies", "radarr", []) == {}
