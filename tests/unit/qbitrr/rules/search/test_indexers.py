"""Which health checks mean that no search can find anything."""

import pytest

from qbitrr.rules.arr_settings import HealthIssue
from qbitrr.rules.search.indexers import failed_lately, outage_start, unavailable

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


@pytest.mark.parametrize(
    ("source", "severity", "page", "failed"),
    [
        ("IndexerStatusCheck", "warning", FAILURES, True),
        ("IndexerStatusCheck", "error", FAILURES, True),
        ("IndexerLongTermStatusCheck", "warning", FAILURES, False),  # one that is not waited for
        ("IndexerLongTermStatusCheck", "error", FAILURES, True),
        ("IndexerSearchCheck", "warning", AUTOMATIC, True),
        ("IndexerSearchCheck", "warning", INTERACTIVE, False),
        ("DownloadClientStatusCheck", "error", FAILURES, False),
    ],
)
def test_after_an_indexer_failed_a_search_did_not_ask_all_of_them(source, severity, page, failed):
    assert failed_lately([HealthIssue("UpdateCheck", "x"), HealthIssue(source, "x", severity, page)]) == failed
    assert not failed_lately([])


@pytest.mark.parametrize(("days_ago", "counted"), [(0, 0), (6.99, 6.99), (7, 7), (7.01, 7), (999, 7), (-1, -1)])
def test_an_outage_counts_from_the_last_good_reading_but_for_a_week_at_most(days_ago, counted):
    now = 1_790_000_000.0
    assert outage_start(now - days_ago * 86400, now) == pytest.approx(now - counted * 86400)
