"""Sessions: kept over restarts without their cookies, bounded, and ended for good."""

import pytest

from control.auth import sessions
from control.auth.sessions import Sessions
from qbitrr.clock import Clock
from qbitrr.errors import StateError

NOW = 1_700_000_000.0


class Time:
    """A wall clock that is set by hand."""

    def __init__(self):
        self.now = NOW
        self.clock = Clock(wall=lambda: self.now)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def opened(tmp_path, time):
    """Opens the sessions of the file, as each start of the daemon does."""
    return lambda: Sessions(tmp_path / "sessions.json", time.clock)


async def test_they_outlive_a_restart_and_the_file_opens_nothing(opened, tmp_path):
    cookie = await opened().start("password", "me", "192.168.1.7", "the grounds")
    session = opened().find(cookie)
    assert (session.method, session.user, session.address, session.started_at) == ("password", "me", "192.168.1.7", NOW)
    assert opened().all() == [session]
    file = tmp_path / "sessions.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert cookie not in file.read_text()
    assert opened().find(session.digest) is None


@pytest.mark.parametrize("change", [lambda cookie: cookie[:-1], lambda cookie: cookie + "\udcff", lambda _: ""])
async def test_another_cookie_is_no_session(opened, change):
    cookie = await opened().start("token", "", "192.168.1.7", "the grounds")
    assert opened().find(change(cookie)) is None


async def test_they_expire(opened, time):
    logins = opened()
    cookie = await logins.start("token", "", "192.168.1.7", "the grounds")
    time.now += sessions.LIFETIME_SECONDS - 1
    assert logins.find(cookie)
    time.now += 1
    assert logins.find(cookie) is None
    assert logins.all() == []
    await logins.start("token", "", "192.168.1.7", "the grounds")
    assert len(logins._sessions) == 1


async def test_one_that_has_ended_does_not_return_with_a_restart(opened):
    logins = opened()
    first, second = [await logins.start("token", "", "192.168.1.7", "the grounds") for _ in range(2)]
    ended = logins.find(first)
    assert await logins.end(lambda session: session == ended) == 1
    assert await logins.end(lambda session: session == ended) == 0
    assert logins.find(first) is opened().find(first) is None
    assert opened().find(second)


async def test_beyond_the_bound_the_one_that_was_used_the_longest_ago_ends(opened, time, monkeypatch):
    monkeypatch.setattr(sessions, "MOST", 3)
    logins = opened()
    cookies = []
    for _ in range(3):
        time.now += 1
        cookies.append(await logins.start("token", "", "192.168.1.7", "the grounds"))
    time.now += 1
    assert logins.find(cookies[0])
    await logins.start("token", "", "192.168.1.7", "the grounds")
    assert logins.find(cookies[0])
    assert logins.find(cookies[1]) is None
    assert len(opened().all()) == 3


async def test_a_full_disk_lets_users_in_and_does_not_hide_that_an_end_is_not_kept(opened, monkeypatch):
    def full(_path, _content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sessions, "write_private", full)
    logins = opened()
    cookie = await logins.start("token", "", "192.168.1.7", "the grounds")
    assert logins.find(cookie)
    with pytest.raises(StateError, match="valid after a restart"):
        await logins.end(lambda _: True)
    assert logins.find(cookie) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[{}]", b"\xff", b"null"])
async def test_a_damaged_file_ends_all_of_them(opened, tmp_path, content):
    (tmp_path / "sessions.json").write_bytes(content)
    assert opened().all() == []
    await opened().start("token", "", "192.168.1.7", "the grounds")
    assert len(opened().all()) == 1
