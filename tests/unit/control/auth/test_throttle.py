"""Refused credentials and requests that cost work, by address."""

import pytest

from control.auth import throttle
from control.auth.throttle import LoginThrottle, RequestLimit
from qbitrr.clock import Clock
from qbitrr.errors import TooManyAttemptsError, TooManyRequestsError


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
    assert len(counted._failures._times) <= 1024


def test_requests_have_a_limit_by_address_and_one_in_all():
    now = [0.0]
    counted = RequestLimit(Clock(monotonic=lambda: now[0]))
    for _ in range(throttle.MOST_REQUESTS):
        counted.count("a")
    with pytest.raises(TooManyRequestsError):
        counted.count("a")
    for number in range(throttle.MOST_REQUESTS_IN_ALL - throttle.MOST_REQUESTS):
        counted.count(str(number))
    with pytest.raises(TooManyRequestsError):
        counted.count("another one")
    now[0] = throttle.WINDOW_SECONDS + 1
    counted.count("a")
