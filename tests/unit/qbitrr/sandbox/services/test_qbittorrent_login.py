import pytest

from qbitrr.sandbox.services.qbittorrent_login import BAD_LOGINS, BAN_SECONDS, BannedAddressError, Logins

NOW = 1_000.0


@pytest.fixture
def logins():
    return Logins("admin", "right", "qbt_key", empty_sections=False)


def guess(logins, times, address="here"):
    for _ in range(times):
        assert logins.log_in(address, "admin", "wrong", NOW) is None


def test_the_right_password_opens_a_session(logins):
    cookie = logins.log_in("here", "admin", "right", NOW)
    assert logins.memory(cookie, "") is not None
    assert logins.memory("another", "") is None


def test_each_session_has_a_memory_of_its_own(logins):
    one, other = (logins.log_in("here", "admin", "right", NOW) for _ in range(2))
    assert logins.memory(one, "") is not logins.memory(other, "")


def test_five_bad_logins_ban_the_address_and_nobody_else(logins):
    guess(logins, BAD_LOGINS)
    with pytest.raises(BannedAddressError):
        logins.log_in("here", "admin", "right", NOW)
    assert logins.log_in("there", "admin", "right", NOW)
    assert logins.log_in("here", "admin", "right", NOW + BAN_SECONDS)


def test_a_good_login_forgives_the_bad_ones(logins):
    guess(logins, BAD_LOGINS - 1)
    assert logins.log_in("here", "admin", "right", NOW)
    guess(logins, BAD_LOGINS - 1)
    assert logins.log_in("here", "admin", "right", NOW)


def test_a_ban_does_not_end_sessions(logins):
    cookie = logins.log_in("here", "admin", "right", NOW)
    guess(logins, BAD_LOGINS)
    assert logins.memory(cookie, "") is not None


def test_the_key_is_as_good_as_a_session_and_another_is_not(logins):
    assert logins.memory("", "Bearer qbt_key") is logins.memory("", "Bearer qbt_key")
    assert logins.memory("", "Bearer qbt_other") is None


def test_without_a_key_none_is_taken():
    assert Logins("admin", "right", None, empty_sections=False).memory("", "Bearer None") is None


def test_forgetting_all_ends_sessions_and_what_the_key_was_told(logins):
    cookie, key = logins.log_in("here", "admin", "right", NOW), logins.memory("", "Bearer qbt_key")
    logins.forget_all()
    assert logins.memory(cookie, "") is None
    assert logins.memory("", "Bearer qbt_key") is not key
