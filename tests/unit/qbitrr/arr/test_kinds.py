"""Where the Arrs' own pages are. Source: the routes of their front ends."""

import pytest

from qbitrr.arr.kinds import LIDARR, RADARR, SONARR


@pytest.mark.parametrize(
    ("kind", "uri", "slug", "page"),
    [
        (RADARR, "http://nas:7878", "603", "http://nas:7878/movie/603"),
        (SONARR, "https://nas/sonarr/", "cowboy-bebop", "https://nas/sonarr/series/cowboy-bebop"),
        (LIDARR, "http://nas:8686", "83d91898-7763", "http://nas:8686/artist/83d91898-7763"),
        (RADARR, "http://me:secret@nas:7878", "603", "http://nas:7878/movie/603"),
        (SONARR, "http://nas", "../settings?x#y", "http://nas/series/..%2Fsettings%3Fx%23y"),
        (SONARR, "http://nas", "", None),
    ],
)
def test_the_page_of_what_an_arr_has(kind, uri, slug, page):
    assert kind.page_of(uri, slug) == page
