"""Which new versions are worse than the present one, worker by worker."""

import pytest

from qbitrr.update.readiness import worse


@pytest.mark.parametrize(
    ("before", "now", "is_worse"),
    [
        ("running", "running", False),
        ("running", "waiting", False),  # a service may be down meanwhile
        ("running", "held", True),
        ("running", "starting", True),
        ("running", "degraded", True),
        ("waiting", "running", False),
        ("held", "held", False),  # a mistyped key
        ("held", "running", False),
        ("held", "backoff", True),
        ("degraded", "degraded", False),
        ("degraded", "starting", False),
        ("stopped", "backoff", False),
        ("starting", "starting", True),
        ("starting", "held", False),
        (None, "held", False),
        (None, "starting", True),
    ],
)
def test_a_worker_is_worse_when_it_got_less_far_than_before(before, now, is_worse):
    known = {} if before is None else {"movies": before}
    assert worse(known, {"movies": now, "tv": "running"}) == (["movies"] if is_worse else [])


def test_a_category_that_is_not_configured_any_more_asks_nothing():
    assert worse({"movies": "running"}, {}) == []
