"""A link for the first login."""

from control.auth.login_link import LIFETIME_SECONDS, LoginLink
from qbitrr.clock import Clock


def test_a_link_logs_in_once():
    link = LoginLink(Clock(monotonic=lambda: 0.0))
    page, _, key = link.address("http://nas:6969/ui").partition("#login=")
    assert page == "http://nas:6969/ui"
    assert not link.redeem("")
    assert not link.redeem(key[:-1])
    assert link.redeem(key)
    assert not link.redeem(key)
    assert not link.redeem("")


def test_a_link_ends():
    now = [0.0]
    link = LoginLink(Clock(monotonic=lambda: now[0]))
    now[0] = LIFETIME_SECONDS
    assert not link.redeem(link.address("").partition("=")[2])


def test_no_two_links_are_equal():
    assert LoginLink(Clock()).address("") != LoginLink(Clock()).address("")
