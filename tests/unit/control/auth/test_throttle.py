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


def test_a_machine_with_a_whole_ipv6_network_is_one_caller():
    counted = LoginThrottle(Clock(monotonic=lambda: 0.0))
    for number in range(throttle.MOST):
        counted.failed(f"2001:db8:1:2:{number:x}::7")
    with pytest.raises(TooManyAttemptsError):
        counted.check("2001:db8:1:2:ffff:ffff:ffff:ffff")
    counted.check("2001:db8:1:3::7")
    for _ in range(throttle.MOST):
        counted.failed("::ffff:192.0.2.7")
    with pytest.raises(TooManyAttemptsError):
        counted.check("192.0.2.7")
    counted.check("192.0.2.8")


def test_guesses_of_a_password_are_counted_before_they_are_compared():
    counted = LoginThrottle(Clock(monotonic=lambda: 0.0))
    for _ in range(throttle.MOST):
        counted.start_guess("192.0.2.7")
    with pytest.raises(TooManyAttemptsError, match="from this address"):
        counted.start_guess("192.0.2.7")
    counted.guessed("192.0.2.7")
    counted.start_guess("192.0.2.7")


def test_guesses_of_a_password_have_a_limit_in_all_that_tokens_have_not():
    now = [0.0]
    counted = LoginThrottle(Clock(monotonic=lambda: now[0]))
    for number in range(throttle.MOST_GUESSES_IN_ALL):
        counted.start_guess(f"192.0.2.{number}")
    with pytest.raises(TooManyAttemptsError, match="use the token"):
        counted.start_guess("198.51.100.7")
    counted.check("198.51.100.7")
    now[0] = throttle.WINDOW_SECONDS + 1
    counted.start_guess("198.51.100.7")


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
