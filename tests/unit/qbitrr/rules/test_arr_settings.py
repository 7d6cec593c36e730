"""What in the settings of an Arr contradicts ours, and that what was not read contradicts nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qbitrr.rules.arr_settings import (
    ArrSettings,
    ClientSettings,
    ContradictionKind,
    HealthIssue,
    OurSettings,
    contradictions,
)
from qbitrr.rules.paths import PathMapping

CLIENT = ClientSettings("qBittorrent", "10.0.0.5", 8080, "movies")
OURS = OurSettings("Radarr", "Radarr-4K", "movies", frozenset({"movies", "imported"}))
GOOD = ArrSettings(handles_completed=True, clients=(CLIENT,), mappings=(), health=())
K = ContradictionKind
AWAY = HealthIssue("DownloadClientCheck", "Unable to communicate with qBittorrent. Connection refused (10.0.0.5:8080)")
BACKS_OFF = HealthIssue("DownloadClientStatusCheck", "All download clients are unavailable due to failures")
NOT_SEEN = HealthIssue(
    "RemotePathMappingCheck",
    "Remote download client qBittorrent places downloads in /downloads/movies but this directory does not appear to "
    "exist. Likely missing or incorrect remote path mapping.",
)


def kinds(arr, ours=OURS):
    return [one.kind for one in contradictions(arr, ours)]


def with_client(**changes):
    return replace(GOOD, clients=(replace(CLIENT, **changes),))


def with_tags(*labels):
    return replace(GOOD, tags=frozenset(labels))


def test_an_arr_as_it_should_be_contradicts_nothing():
    assert contradictions(GOOD, OURS) == []


@pytest.mark.parametrize(
    ("arr", "ours", "expected"),
    [
        (replace(GOOD, handles_completed=False), OURS, [K.NO_COMPLETED_HANDLING]),
        (replace(GOOD, clients=()), OURS, [K.OTHER_CATEGORY]),
        (with_client(category="radarr"), OURS, [K.OTHER_CATEGORY]),
        (with_client(category=""), OURS, [K.OTHER_CATEGORY]),
        (with_client(category="movies/4k"), OURS, [K.OTHER_CATEGORY]),
        (with_client(category="movies/4k"), replace(OURS, with_subcategories=frozenset({"movies"})), []),
        (with_client(imported_category="imported"), OURS, []),
        (with_client(imported_category="movies"), OURS, []),
        (with_client(imported_category="done"), OURS, [K.POST_IMPORT_CATEGORY]),
        (with_client(removes_completed=True), OURS, []),
        (with_client(removes_completed=True), replace(OURS, quarantine=True), [K.REMOVES_COMPLETED]),
        (with_client(removes_completed=True), replace(OURS, hit_and_run=True), [K.REMOVES_COMPLETED]),
        (with_client(removes_completed=True), replace(OURS, seeding_limits=True), [K.REMOVES_COMPLETED]),
        (with_client(removes_failed=True), replace(OURS, quarantine=True), []),
        (
            with_client(removes_completed=True, removes_failed=True),
            replace(OURS, quarantine=True),
            [K.REMOVES_COMPLETED, K.REMOVES_FAILED],
        ),
        (
            with_client(removes_completed=True, imported_category="imported"),
            replace(OURS, quarantine=True),
            [],
        ),
        (replace(GOOD, clients=(CLIENT, replace(CLIENT, name="second"))), OURS, [K.TWO_CLIENTS]),
        (replace(GOOD, clients=(CLIENT, replace(CLIENT, name="4K", category="movies-4k"))), OURS, []),
        (replace(GOOD, clients=(CLIENT, replace(CLIENT, name="other", port=8081))), OURS, []),
        (replace(GOOD, health=(AWAY,)), OURS, [K.UNAVAILABLE]),
        (replace(GOOD, health=(BACKS_OFF,)), OURS, [K.UNAVAILABLE]),
        (replace(GOOD, health=(replace(AWAY, message="Unable to communicate with SABnzbd."),)), OURS, []),
        (replace(GOOD, health=(HealthIssue("IndexerStatusCheck", "All indexers are unavailable"),)), OURS, []),
        (replace(GOOD, health=(NOT_SEEN,)), OURS, [K.PATHS_DIFFER]),
        (with_tags("kids"), replace(OURS, include_tags=("Kids",), exclude_tags=("kids",)), []),
        (with_tags(), replace(OURS, include_tags=("kids",)), [K.UNKNOWN_TAG]),
        (with_tags("kids"), replace(OURS, exclude_tags=("kids", "4k")), [K.UNKNOWN_TAG]),
        (with_tags(), replace(OURS, include_tags=("a",), exclude_tags=("b",)), [K.UNKNOWN_TAG, K.UNKNOWN_TAG]),
        (replace(GOOD, tags=None), replace(OURS, include_tags=("kids",)), []),
    ],
)
def test_what_contradicts(arr, ours, expected):
    assert kinds(arr, ours) == expected


def test_the_remedy_for_paths_depends_on_whether_there_is_a_mapping():
    (without,) = contradictions(replace(GOOD, health=(NOT_SEEN,)), OURS)
    mapping = PathMapping("10.0.0.5", "/downloads/", "/data/")
    (wrong,) = contradictions(replace(GOOD, health=(NOT_SEEN,), mappings=(mapping,)), OURS)
    assert without.remedy.startswith("Add a remote path mapping")
    assert wrong.remedy.startswith("Correct the remote path mapping")
    assert without.words == NOT_SEEN.message


@pytest.mark.parametrize(
    ("include", "exclude", "text"),
    [
        (("a",), (), 'IncludeTags of [Radarr-4K] names "a", which is no tag of Radarr: nothing is searched'),
        (("a", "b"), (), 'names "a" and "b", which is no tag of Radarr: nothing is searched'),
        (("a", "kids"), (), 'names "a", which is no tag of Radarr: that has no effect'),
        ((), ("a",), 'ExcludeTags of [Radarr-4K] names "a", which is no tag of Radarr: that has no effect'),
    ],
)
def test_a_tag_that_the_arr_does_not_have_is_named_with_what_that_means(include, exclude, text):
    (found,) = contradictions(with_tags("kids"), replace(OURS, include_tags=include, exclude_tags=exclude))
    assert found.text.endswith(text)
    assert "Settings, Tags" in found.remedy


CLIENTS = st.builds(
    ClientSettings,
    st.sampled_from(["qBittorrent", "second"]),
    st.just("seedbox.example"),
    st.integers(8080, 8081),
    st.sampled_from(["movies", "radarr", ""]),
    st.sampled_from(["", "imported", "done"]),
    st.booleans(),
    st.booleans(),
)
SETTINGS = st.builds(
    ArrSettings,
    st.none() | st.booleans(),
    st.none() | st.lists(CLIENTS, max_size=3).map(tuple),
    st.none() | st.just((PathMapping("seedbox.example", "/downloads/", "/data/"),)),
    st.none() | st.lists(st.sampled_from([AWAY, BACKS_OFF, NOT_SEEN]), max_size=3).map(tuple),
    st.none() | st.frozensets(st.sampled_from(["kids", "4k"])),
)
OUR_SETTINGS = st.builds(
    OurSettings,
    st.just("Radarr"),
    st.just("Radarr-4K"),
    st.just("movies"),
    st.just(frozenset({"movies", "imported"})),
    st.just(frozenset()),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), ("kids",), ("gone", "kids")]),
    st.sampled_from([(), ("4k",), ("gone",)]),
)


@given(SETTINGS, OUR_SETTINGS)
def test_everything_has_a_remedy_and_names_no_host_and_no_path(arr, ours):
    for one in contradictions(arr, ours):
        assert one.text
        assert one.remedy
        for place in ("seedbox.example", "10.0.0.5", "/downloads", "/data"):
            assert place not in one.text + one.remedy


@given(OUR_SETTINGS)
def test_what_was_not_read_contradicts_nothing(ours):
    assert contradictions(ArrSettings(), ours) == []
