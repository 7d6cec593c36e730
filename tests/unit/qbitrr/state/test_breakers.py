from qbitrr.state import breakers
from qbitrr.state.breakers import StoredBreaker


async def test_without_a_word_it_has_not_tripped_and_everything_counts(database):
    assert await breakers.read(database, "movies") == StoredBreaker(None, 0.0)


async def test_each_category_has_its_own(database):
    await breakers.write(database, "movies", "more than 10 removals within ten minutes", 5.5)
    assert await breakers.read(database, "movies") == StoredBreaker("more than 10 removals within ten minutes", 5.5)
    assert await breakers.read(database, "tv") == StoredBreaker(None, 0.0)
    await breakers.write(database, "movies", None, 9.0)
    assert await breakers.read(database, "movies") == StoredBreaker(None, 9.0)
