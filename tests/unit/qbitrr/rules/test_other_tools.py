"""How much is more than a user does by hand."""

import pytest

from qbitrr.rules.other_tools import FEWEST, FEWEST_HOURS, REPORTED, ForeignAct, ForeignKind, other_tools

NOW = 1_700_000_000.0
HOUR = 3600.0


def acts(number, hours, kind=ForeignKind.SEARCH, ago=0.0):
    """So many, spread over so many hours."""
    return [ForeignAct(kind, f"MoviesSearch {n}", NOW - ago - 60.0 - (n % hours) * HOUR) for n in range(number)]


@pytest.mark.parametrize("kind", REPORTED)
@pytest.mark.parametrize(
    ("number", "hours", "is_reported"),
    [
        (FEWEST, FEWEST_HOURS, True),
        (FEWEST - 1, FEWEST_HOURS, False),
        (FEWEST, FEWEST_HOURS - 1, False),
        (500, 1, False),
        (500, 20, True),
        (0, 1, False),
    ],
)
def test_what_is_regular_is_reported(kind, number, hours, is_reported):
    found = other_tools(acts(number, hours, kind), NOW)
    assert [one.kind for one in found] == ([kind] if is_reported else [])


def test_what_is_only_shown_is_not_reported():
    shown = [act for kind in set(ForeignKind).difference(REPORTED) for act in acts(500, 20, kind)]
    assert len(shown) == 1000
    assert other_tools(shown, NOW) == []


def test_the_text_has_the_proof():
    (found,) = other_tools(acts(20, 5), NOW)
    assert "in 5 different hours, 20 searches that qbitrr did not send" in found.text
    assert found.text.count(" at 2023-11-14T") == 5
    assert found.remedy


def test_what_is_older_than_a_day_does_not_count():
    assert other_tools(acts(50, 5, ago=86400.0), NOW) == []


def test_kinds_are_not_added_up():
    some = [act for kind in ForeignKind for act in acts(FEWEST - 1, FEWEST_HOURS, kind)]
    assert other_tools(some, NOW) == []
    both = acts(FEWEST, FEWEST_HOURS) + acts(FEWEST, FEWEST_HOURS, ForeignKind.REMOVAL)
    assert [one.kind for one in other_tools(both, NOW)] == [ForeignKind.SEARCH, ForeignKind.REMOVAL]
