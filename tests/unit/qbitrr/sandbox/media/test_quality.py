import pytest

from qbitrr.sandbox.media.quality import FORMAT_SETS, File, Profile, below_cutoff, is_wanted

HDTV, WEB, BLURAY, UHD = 9, 3, 7, 18
TRUSTED, NONE = 1, 0  # indices of FORMAT_SETS: 60 points, 0 points

HD = Profile(4, "HD", (HDTV, WEB, BLURAY), cutoff=WEB, cutoff_format_score=60)
KEEP = Profile(1, "Keep", (HDTV, WEB, BLURAY), cutoff=WEB, upgrade_allowed=False)
PICKY = Profile(5, "Picky", (HDTV, WEB, BLURAY), cutoff=WEB, min_format_score=40)


def file(quality, formats=NONE):
    return File(1, quality, formats, 1000, 0)


def test_formats_are_scored_by_their_sum():
    assert [one.name for one in FORMAT_SETS[3]] == ["Trusted group", "Preferred sound"]
    assert file(WEB, 3).score == 100


@pytest.mark.parametrize(
    ("profile", "quality", "below"),
    [(HD, HDTV, True), (HD, WEB, False), (HD, BLURAY, False), (KEEP, HDTV, False), (KEEP, 5, True)],
)
def test_the_cutoff_without_upgrades_is_the_worst_allowed_quality(profile, quality, below):
    assert below_cutoff("radarr", profile, file(quality)) is below


@pytest.mark.parametrize(
    ("profile", "present", "quality", "score", "wanted"),
    [
        (HD, None, HDTV, 0, True),
        (HD, None, UHD, 100, False),  # not allowed
        (PICKY, None, WEB, 39, False),
        (PICKY, None, WEB, 40, True),
        (HD, file(HDTV), WEB, 0, True),
        (HD, file(WEB), BLURAY, 0, False),  # the cutoff is met
        (HD, file(WEB), HDTV, 100, False),  # worse
        (HD, file(WEB), WEB, 40, True),  # better format
        (HD, file(WEB, TRUSTED), WEB, 100, False),  # the format cutoff is met
        (HD, file(WEB), WEB, 0, False),  # the same
        (KEEP, file(HDTV), BLURAY, 100, False),
    ],
)
def test_what_an_arr_would_grab(profile, present, quality, score, wanted):
    assert is_wanted("radarr", profile, present, quality, score) is wanted
