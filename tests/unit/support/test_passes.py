from __future__ import annotations

from collections import Counter

import pytest

from tests.support.passes import closing_line


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"passed": 4116}, "4116 passed"),
        ({"passed": 3, "failed": 1, "errors": 2}, "1 failed, 3 passed, 2 errors"),
        ({"passed": 3, "errors": 1, "skipped": 1}, "3 passed, 1 skipped, 1 error"),
        ({}, "no tests ran"),
    ],
)
def test_the_closing_line_counts_both_passes(counts: dict[str, int], expected: str):
    line = closing_line(Counter(counts), 812.336)
    assert line.strip("=") == f" {expected} in 812.34s (0:13:32) "
    assert len(line) == 80
