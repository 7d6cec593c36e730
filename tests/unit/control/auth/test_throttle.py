"""Refused credentials, by address."""

import pytest

from control.auth import throttle
from control.auth.throttle import LoginThrottle
from qbitrr.clock import Clock
from qbitrr.errors import TooManyAttemptsError


def test_failures_are_forgotten_and_bounded():
    now = [0.0]
    counted = LoginThrottle(Clock(monotonic=lambda: now[0]))
    for _ in range(throttle.MOST):
        counted.check("a")
        counted.failed("a")
    with pytest.raises(TooManyAttemptsError):
        counted.check("a")
    counted.check("b")
    now[0] = throttle.WINDOW_SECONDS + 1
    counted.check("a")
    for number in range(5000):
        counted.failed(str(number))
    assert len(counted._failed_at) <= 1024
