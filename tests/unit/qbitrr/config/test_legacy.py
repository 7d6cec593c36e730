from __future__ import annotations

import tomllib
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbitrr.config.legacy import modernised


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            "[Settings]\nHost = '0.0.0.0'\nPort = 6868\nToken = 'abc'",
            "[Settings]\n[WebUI]\nHost = '0.0.0.0'\nPort = 6868\nToken = 'abc'",
            id="address and token stood under Settings",
        ),
        pytest.param(
            "[Settings]\nPort = 6868\n[WebUI]\nPort = 6969",
            "[Settings]\n[WebUI]\nPort = 6969",
            id="what stands under WebUI wins over the old place",
        ),
        pytest.param(
            "[WebUI]\nSecureCookies = true",
            "[WebUI]\nBehindHttpsProxy = true",
            id="SecureCookies was the first name of BehindHttpsProxy",
        ),
        pytest.param(
            "[WebUI]\nTheme = 'Dark'\nGroupSonarr = true\nGroupLidarr = false",
            "[WebUI]\nTheme = 'Dark'",
            id="grouping of lists is gone",
        ),
        pytest.param(
            "[WebUI.OIDC]\nScopes = 'openid'\nLiveArr = false\nTheme = 'Light'\nViewDensity = 'Compact'",
            "[WebUI]\nLiveArr = false\nTheme = 'Light'\nViewDensity = 'Compact'\n[WebUI.OIDC]\nScopes = 'openid'",
            id="looks that slipped below the OIDC header",
        ),
        pytest.param(
            "[Settings]\nConfigVersion = '5.14.4'\nTagless = true",
            "[Settings]\nTagless = true",
            id="the version of the schema means nothing here",
        ),
        pytest.param(
            "[Radarr]\nArrErrorCodesToBlocklist = ['Not a preferred word upgrade for existing film', 'Sample']",
            "[Radarr]\nArrErrorCodesToBlocklist = ['Not a Custom Format upgrade for existing', 'Sample']",
            id="custom formats were preferred words",
        ),
        pytest.param(
            "[Animarr-Shows]\nCategory = 'anime'",
            "[Sonarr-Shows]\nCategory = 'anime'",
            id="Animarr was a Sonarr",
        ),
        pytest.param(
            "[Animarr]\nURI = 'x'",
            "[Sonarr]\nURI = 'x'\nCategory = 'animarr'",
            id="the category that came from the old name stays",
        ),
        pytest.param(
            "[Animarr]\nCategory = 'a'\n[Sonarr]\n[Animarr-X]\nCategory = 'b'\n[Sonarr-X]\n[Sonarr-X-migrated]",
            "[Sonarr]\n[Sonarr-X]\n[Sonarr-X-migrated]\n[Sonarr-Animarr]\nCategory = 'a'\n"
            "[Sonarr-X-migrated-2]\nCategory = 'b'",
            id="a name that is taken gets a suffix",
        ),
        pytest.param(
            "[Radarr.EntrySearch]\nMainQualityProfile = ['HD', 'UHD']\nTempQualityProfile = ['SD', 'HD']",
            "[Radarr.EntrySearch]\nQualityProfileMappings = { HD = 'SD', UHD = 'HD' }",
            id="two lists of profiles became one mapping",
        ),
        pytest.param(
            "[Sonarr.EntrySearch]\nMainQualityProfile = 'HD'\nTempQualityProfile = 'SD'",
            "[Sonarr.EntrySearch]\nQualityProfileMappings = { HD = 'SD' }",
            id="a single profile was a text",
        ),
        pytest.param(
            "[Radarr.EntrySearch]\nMainQualityProfile = ['HD']\nTempQualityProfile = ['SD']\n"
            "QualityProfileMappings = { A = 'B' }",
            "[Radarr.EntrySearch]\nQualityProfileMappings = { A = 'B' }",
            id="a mapping wins over the lists",
        ),
        pytest.param(
            "[Radarr.EntrySearch]\nMainQualityProfile = ['HD']\nTempQualityProfile = []",
            "[Radarr.EntrySearch]",
            id="lists that do not pair are dropped",
        ),
        pytest.param(
            "[Lidarr.Torrent]\nRemoveDeadTrackers = true\nRemoveTrackerWithMessage = ['gone']\n"
            "[Lidarr.Torrent.SeedingMode]\nRemoveDeadTrackers = false",
            "[Lidarr.Torrent.SeedingMode]\nRemoveDeadTrackers = false\nRemoveTrackerWithMessage = ['gone']",
            id="dead tracker keys stood one table too high",
        ),
        pytest.param(
            "[[qBit.Trackers]]\nHitAndRunMode = true\nHitAndRunClearMode = 'or'\n"
            "[[qBit.Trackers]]\nHitAndRunMode = false\nHitAndRunClearMode = 'or'\n"
            "[[qBit.Trackers]]\nHitAndRunMode = 'and'\nHitAndRunClearMode = 'or'\n"
            "[[Radarr.Torrent.Trackers]]\nHitAndRunMode = true\nHitAndRunClearMode = true\n"
            "[qBit.CategorySeeding]\nHitAndRunMode = true\nHitAndRunClearMode = false",
            "[[qBit.Trackers]]\nHitAndRunMode = 'or'\n"
            "[[qBit.Trackers]]\nHitAndRunMode = false\n"
            "[[qBit.Trackers]]\nHitAndRunMode = 'and'\n"
            "[[Radarr.Torrent.Trackers]]\nHitAndRunMode = 'and'\n"
            "[qBit.CategorySeeding]\nHitAndRunMode = 'or'",
            id="hit and run was a switch and a second key",
        ),
        pytest.param(
            r"""[Radarr.Torrent]
            FolderExclusionRegex = ['\bnc(ed|op)?(\\d+)?\b', '\bextras?\b']
            FileNameExclusionRegex = ['\bncop\\d+?\b', 'C:\\data']""",
            r"""[Radarr.Torrent]
            FolderExclusionRegex = ['\bnc(ed|op)?(\d+)?\b', '\bextras?\b']
            FileNameExclusionRegex = ['\bncop\d+?\b', 'C:\\data']""",
            id="patterns of creditless openings held a backslash for a digit",
        ),
        pytest.param("[Radarr.EntrySearch.Ombi]\nIs4K = true", "[Radarr.EntrySearch.Ombi]", id="Ombi never had Is4K"),
    ],
)
def test_old_forms_are_read_as_their_present_ones(old, new):
    before = tomllib.loads(old)
    untouched = deepcopy(before)
    modern, _ = modernised(before)
    expected = tomllib.loads(new)
    # an emptied table may stay behind
    assert {name: table for name, table in modern.items() if table or name in expected} == expected
    assert before == untouched


def test_what_was_moved_is_noted_and_what_never_mattered_is_not():
    document = tomllib.loads("[Settings]\nToken = 'abc'\nConfigVersion = 3\n[WebUI]\nGroupSonarr = true")
    _, notes = modernised(document)
    assert [(note.key, note.allowed) for note in notes] == [("Settings.Token", "WebUI.Token")]
    assert "abc" not in str(notes)


def test_lists_of_profiles_that_do_not_pair_are_noted():
    document = tomllib.loads("[Radarr.EntrySearch]\nMainQualityProfile = ['HD']\nTempQualityProfile = []")
    _, (note,) = modernised(document)
    assert note.key == "Radarr.EntrySearch.MainQualityProfile"
    assert note.found == "lists of different length"


NAMES = st.sampled_from(
    """
    Settings WebUI OIDC qBit Radarr Animarr Animarr-x Sonarr EntrySearch Torrent SeedingMode Trackers Ombi Is4K
    Host Token SecureCookies LiveArr MainQualityProfile TempQualityProfile QualityProfileMappings
    RemoveDeadTrackers HitAndRunMode HitAndRunClearMode FolderExclusionRegex
    """.split()  # noqa: SIM905 - names in a row are easier to read
)


@given(
    st.dictionaries(
        NAMES,
        st.recursive(
            st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
            max_leaves=20,
        ),
    )
)
def test_a_document_that_makes_no_sense_passes_without_harm(document):
    modernised(document)
