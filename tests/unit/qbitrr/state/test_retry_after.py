"""For how long an Arr must not be called, whatever the clocks do."""

import pytest

from qbitrr.clock import Clock
from qbitrr.state import retry_after


def at(wall, monotonic):
    return Clock(wall=lambda: 1e9 + wall, monotonic=lambda: 5000.0 + monotonic)


async def test_nobody_asked(database):
    assert await retry_after.seconds_left(database, "cat", at(0, 0)) == 0


@pytest.mark.parametrize(
    ("wall", "monotonic", "left"),
    [(60, 60, 540), (700, 700, 0), (86_400, 60, 540), (-86_400, 60, 600), (60, -5000, 600), (0, 0, 600)],
)
async def test_only_time_counts_that_both_clocks_saw(database, wall, monotonic, left):
    await retry_after.start(database, "cat", 600, at(0, 0))
    await retry_after.start(database, "other", 5, at(0, 0))
    assert await retry_after.seconds_left(database, "cat", at(wall, monotonic)) == left
    later = at(wall + 600, monotonic + 600)
    assert await retry_after.seconds_left(database, "cat", later) == 0


async def test_what_is_asked_last_counts(database):
    await retry_after.start(database, "cat", 600, at(0, 0))
    await retry_after.start(database, "cat", 60, at(10, 10))
    assert await retry_after.seconds_left(database, "cat", at(40, 40)) == 30
