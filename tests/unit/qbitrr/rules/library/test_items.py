import pytest

from qbitrr.rules.library import items
from qbitrr.rules.library.quality import UNKNOWN_PROFILE, FileFacts, Profile, measure, reason

NOW = 1000.0
HD = Profile("HD", upgrade_allowed=True, min_format_score=10, cutoff_format_score=50)


@pytest.mark.parametrize(
    ("file", "profile", "expected"),
    [
        (None, HD, (False, None, 10, False, False)),
        (FileFacts(1, False, 50), HD, (True, 50, 10, True, False)),
        (FileFacts(1, False, 49), HD, (True, 49, 10, True, True)),
        (FileFacts(1, False, 9), HD, (True, 9, 10, False, True)),
        (FileFacts(1, True, 50), HD, (False, 50, 10, True, True)),
        (FileFacts(1, True, 0), HD._replace(upgrade_allowed=False), (False, 0, 10, False, False)),
        (FileFacts(1, False, None), HD, (True, None, 10, True, False)),
        (FileFacts(1, False, 0), UNKNOWN_PROFILE, (True, 0, 0, True, False)),
    ],
)
def test_a_file_is_measured_by_its_profile(file, profile, expected):
    assert tuple(measure(file, profile)) == expected


@pytest.mark.parametrize(
    ("monitored", "released", "file", "word"),
    [
        (False, True, None, "Unmonitored"),
        (True, False, None, "Unreleased"),
        (True, True, None, "Missing"),
        (True, True, FileFacts(1, True, 50), "Quality"),
        (True, True, FileFacts(1, False, 9), "CustomFormat"),
        (True, True, FileFacts(1, False, 20), "Upgrade"),
        (True, True, FileFacts(1, False, 50), None),
        (True, False, FileFacts(1, False, 50), None),
    ],
)
def test_the_reason_is_the_first_thing_that_is_not_as_it_should_be(monitored, released, file, word):
    quality = measure(file, HD)
    assert reason(monitored=monitored, released=released, has_file=file is not None, quality=quality) == word


@pytest.mark.parametrize(("airs_at", "released"), [(NOW, True), (NOW + 1, False), (None, False)])
def test_an_episode_is_released_when_it_has_aired(airs_at, released):
    row = items.episode(
        id=1,
        series_id=1,
        season_number=1,
        episode_number=1,
        title="",
        airs_at=airs_at,
        monitored=True,
        file=None,
        profile=HD,
        now=NOW,
    )
    assert row.released is released


@pytest.mark.parametrize(
    ("tracks", "files", "has_file"), [(10, 10, True), (10, 9, False), (0, 0, False), (10, 11, True)]
)
def test_an_album_is_there_when_all_of_its_tracks_are(tracks, files, has_file):
    row = items.album(
        id=1,
        artist_id=1,
        title="",
        released_at=0.0,
        monitored=True,
        track_count=tracks,
        track_file_count=files,
        below_cutoff=True,
        profile=HD,
        now=NOW,
    )
    assert row.has_file is has_file
    assert row.quality_met is False
    assert row.reason == ("Quality" if has_file else "Missing" if tracks else "Unreleased")


@pytest.mark.parametrize(
    ("release", "availability", "in_cinemas", "physical", "digital", "expected"),
    [
        (5.0, "inCinemas", 1.0, 2.0, 3.0, 5.0),
        (None, "inCinemas", 1.0, 2.0, 3.0, 1.0),
        (None, "released", 1.0, 2.0, 3.0, 2.0),
        (None, "announced", 1.0, None, 3.0, 3.0),
        (None, "inCinemas", None, 2.0, None, 2.0),
        (None, "released", 1.0, None, None, 1.0 + 90 * 86400),
        (None, "released", None, None, None, None),
    ],
)
def test_a_movie_is_released_when_radarr_says_so(release, availability, in_cinemas, physical, digital, expected):
    assert items.movie_released_at(release, availability, in_cinemas, physical, digital) == expected


@pytest.mark.parametrize(("files", "below", "word"), [(10, True, "Quality"), (10, False, None), (9, True, "Missing")])
def test_the_quality_of_an_album_can_be_known_later_than_the_rest(files, below, word):
    facts = {"id": 1, "artist_id": 1, "title": "", "released_at": 0.0, "monitored": True, "track_count": 10, "now": NOW}
    facts |= {"track_file_count": files, "profile": HD}
    before, after = (items.album(**facts, below_cutoff=one) for one in (not below, below))
    assert items.with_cutoff(before, below_cutoff=below, upgrade_allowed=True) == after
    assert after.reason == word


def test_titles_sort_without_case():
    assert items.sort_key("ÄTHER") == items.sort_key("äther")
