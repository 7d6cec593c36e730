"""When a search for a whole season is proven to have found nothing, and for how long its season rests."""

import pytest
from msgspec.structs import replace

from qbitrr.rules.search.seasons import SearchEvidence, SeasonStage, found_nothing, stage

DAY = 86400.0
EMPTY = SearchEvidence(completed=True, failed_indexers=False, grabbed=False, queued=False)


def test_a_search_that_succeeded_without_a_grab_found_nothing():
    assert found_nothing(EMPTY)


@pytest.mark.parametrize("change", [
    {"completed": False}, {"failed_indexers": True}, {"grabbed": True}, {"queued": True},
])  # fmt: skip
def test_anything_else_is_no_proof(change):
    assert not found_nothing(replace(EMPTY, **change))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-0.01, SeasonStage.NORMAL),  # the clock was set back
        (0, SeasonStage.RESTING),
        (13.99, SeasonStage.RESTING),
        (14, SeasonStage.RETURNING),
        (999, SeasonStage.RETURNING),
    ],
)
def test_a_season_rests_for_its_time_and_returns(days, expected):
    assert stage(1e9, 14 * DAY, 1e9 + days * DAY) is expected


def test_without_a_rest_or_a_search_in_vain_a_season_is_searched_as_ever():
    assert stage(1e9, 0, 1e9 + 1) is SeasonStage.NORMAL
    assert stage(None, 14 * DAY, 1e9) is SeasonStage.NORMAL
