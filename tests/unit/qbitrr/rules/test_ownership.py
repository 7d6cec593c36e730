import pytest

from qbitrr.rules.ownership import owner

CONFIGURED = {"tv", "tv/anime", "movies"}


@pytest.mark.parametrize(
    ("category", "with_subcategories", "expected"),
    [
        ("tv", set(), "tv"),
        ("tv/anime", {"tv"}, "tv/anime"),
        ("tv/hd", {"tv"}, "tv"),
        ("tv/hd", set(), None),
        ("tv/anime/old", {"tv", "tv/anime"}, "tv/anime"),
        ("tv/anime/old", {"tv"}, None),  # the nearest owner does not want it, and it is not for the next to take
        ("tvshows", {"tv"}, None),
        ("", {"tv"}, None),
    ],
)
def test_the_nearest_configured_category_owns_a_torrent(category, with_subcategories, expected):
    assert owner(category, CONFIGURED, with_subcategories) == expected
