"""Whether an Arr has an indexer that it can search, by its own health checks.

The texts of the checks are in the language of the Arr, so that only source, type and page count. Source:
`IndexerStatusCheck`, `IndexerLongTermStatusCheck` and `IndexerSearchCheck` of Radarr 6.0, Sonarr 4.0 and Lidarr 3.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules.arr_settings import HealthIssue

MOST_REPEATED = 500
"""Items that are searched again after an outage; the newest searches are those most likely to have been in vain."""
_LONGEST_OUTAGE_SECONDS = 7 * 86400.0
TRY_SECONDS = 3600.0
"""After so long a search is sent all the same: the Arr notices only by a request that its indexers answer again."""
_OF_LATE = "IndexerStatusCheck"
_OF_ALL = frozenset({_OF_LATE, "IndexerLongTermStatusCheck"})
_OF_SEARCHES = "IndexerSearchCheck"
_NO_SEARCH = ("#indexers-are-unavailable-due-to-failures", "#no-indexers-available-with-automatic-search")
_ERROR = "error"


def unavailable(health: Iterable[HealthIssue]) -> str:
    """Say why no search can find anything, in the words of the Arr; empty while an indexer may be searched.

    When only some of them are away, the check is a warning, and the others are searched.
    """
    return next((one.message for one in health if _is_about_all(one)), "")


def outage_start(good_at: float, now: float) -> float:
    """Return since when searches may have been in vain: the last good reading, at most a week ago.

    After a clock was set back nothing was.
    """
    return max(good_at, now - _LONGEST_OUTAGE_SECONDS)


def failed_lately(health: Iterable[HealthIssue]) -> bool:
    """Whether an indexer failed within the last six hours, or all are away, so that a search did not ask all of them.

    One that has been away for longer is not waited for.
    """
    return any(one.source == _OF_LATE or _is_about_all(one) for one in health)


def _is_about_all(issue: HealthIssue) -> bool:
    if issue.source in _OF_ALL:
        return issue.severity == _ERROR
    return issue.source == _OF_SEARCHES and any(page in issue.page for page in _NO_SEARCH)
