"""Which health checks mean that no search can find anything."""

import pytest

from qbitrr.rules.arr_settings import HealthIssue
from qbitrr.rules.search.indexers import unavailable

FAILURES = "https://wiki.servarr.com/radarr/system#indexers-are-unavailable-due-to-failures"
AUTOMATIC = (
    "https://wiki.servarr.com/radarr/system"
    "#no-indexers-available-with-automatic-search-enabled-radarr-will-not-provide-any-automatic-search-results"
)
INTERACTIVE = "https://wiki.servarr.com/radarr/system#no-indexers-available-with-interactive-search-enabled"


@pytest.mark.parametrize(
    ("source", "severity", "page", "is_away"),
    [
        ("IndexerStatusCheck", "error", FAILURES, True),
        ("IndexerLongTermStatusCheck", "error", FAILURES, True),
        ("IndexerStatusCheck", "warning", FAILURES, False),  # only some of them
        ("IndexerSearchCheck", "warning", FAILURES, True),
        ("IndexerSearchCheck", "warning", AUTOMATIC, True),
        ("IndexerSearchCheck", "warning", INTERACTIVE, False),
        ("IndexerRssCheck", "warning", FAILURES, False),
        ("IndexerRssCheck", "error", FAILURES, False),
        ("DownloadClientCheck", "error", FAILURES, False),
        ("IndexerStatusCheck", "", "", False),
    ],
)
def test_only_what_is_about_all_indexers_counts_in_any_language(source, severity, page, is_away):
    issue = HealthIssue(source, "Alle Indexer sind nicht erreichbar", severity, page)
    assert unavailable([HealthIssue("UpdateCheck", "x"), issue]) == (issue.message if is_away else "")


def test_without_any_trouble_searches_go_on():
    assert unavailable([]) == ""
