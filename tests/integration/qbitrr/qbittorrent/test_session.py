"""Logging in to stand-ins that speak like 4.5.2, 5.1.0 and 5.3.0."""

from contextlib import asynccontextmanager

import pytest

from qbitrr.errors import (
    BannedError,
    CredentialsRejectedError,
    LockedOutError,
    RefusedError,
    ServiceError,
    UnreachableError,
)
from qbitrr.http.client import Timeouts
from qbitrr.qbittorrent.client import QbittorrentClient
from qbitrr.qbittorrent.compat import OLDEST_API, parse_api_version
from qbitrr.qbittorrent.session import Access
from qbitrr.sandbox.sandbox import Sandbox
from qbitrr.sandbox.services.faults import Down, Status
from qbitrr.sandbox.services.qbittorrent import QbittorrentStandIn

VERSIONS = ["4.5.2", "5.1.0", "5.3.0"]
QUICK = Timeouts(attempts=1)


class Register:
    """Remembers what was refused, as the state file does."""

    def __init__(self):
        self.refused = set()
        self.attempts = 0

    @asynccontextmanager
    async def attempt(self, service, fingerprint):
        if fingerprint() in self.refused:
            raise CredentialsRejectedError(service, "refused before")
        self.attempts += 1
        try:
            yield
        except CredentialsRejectedError:
            self.refused.add(fingerprint())
            raise


@pytest.fixture(params=VERSIONS)
async def qbittorrent(request):
    async with Sandbox([], qbittorrent_version=request.param) as sandbox:
        yield sandbox.qbittorrent


@pytest.fixture
def register():
    return Register()


@pytest.fixture
async def connect(qbittorrent, register):
    clients = []

    def make(**changes):
        login = {"user": qbittorrent.logins.user, "password": qbittorrent.logins.password}
        client = QbittorrentClient(Access("qBit", qbittorrent.url, **{**login, **changes}), register, QUICK)
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.close()


def logins(qbittorrent):
    return [request for request in qbittorrent.requests if request.path.endswith("auth/login")]


async def test_the_first_call_logs_in_and_the_next_ones_use_the_session(qbittorrent, connect):
    client = connect()
    for _ in range(3):
        await client.maindata(0)
    assert len(logins(qbittorrent)) == 1
    assert client.logins == 1


async def test_a_wrong_password_is_tried_once(qbittorrent, connect):
    client = connect(password="wrong")
    for _ in range(5):
        with pytest.raises(CredentialsRejectedError) as caught:
            await client.maindata(0)
        assert "wrong" not in str(caught.value)
    assert len(logins(qbittorrent)) == 1


async def test_a_ban_is_distinguished_from_a_wrong_password(qbittorrent, connect, register):
    for number in range(5):
        with pytest.raises(CredentialsRejectedError):
            await connect(password=f"wrong {number}").maindata(0)
    with pytest.raises(BannedError, match="banned"):
        await connect().maindata(0)
    assert len(register.refused) == 5


async def test_a_session_that_ended_is_begun_again(qbittorrent, connect):
    client = connect()
    await client.maindata(0)
    await qbittorrent.stop()
    qbittorrent.logins.sessions.clear()
    await qbittorrent.start()
    await client.maindata(0)
    assert client.logins == 2


async def test_without_a_password_the_error_names_what_to_fill_in(connect):
    with pytest.raises(CredentialsRejectedError, match="fill in UserName and Password"):
        await connect(user="", password="").maindata(0)


async def test_an_outage_refuses_nothing(qbittorrent, connect, register):
    client = connect()
    await qbittorrent.fail(Down())
    with pytest.raises(UnreachableError):
        await client.maindata(0)
    await qbittorrent.heal()
    await qbittorrent.fail(Status(500), "POST /api/v2/auth/login")
    with pytest.raises(RefusedError, match="status 500"):
        await client.maindata(0)
    await qbittorrent.heal()
    await client.maindata(0)
    assert register.refused == set()


async def test_stop_and_start_use_the_paths_of_the_version(qbittorrent, connect):
    client = connect()
    await client.stop(["a"])
    await client.start(["a"])
    said = [request.path.rpartition("/")[2] for request in qbittorrent.requests if request.method == "POST"][1:]
    old = qbittorrent.version == "4.5.2"
    assert said == (["pause", "resume"] if old else ["stop", "start"])


@pytest.mark.parametrize("qbittorrent", ["5.3.0"], indirect=True)
async def test_an_api_key_needs_no_login_and_a_wrong_one_is_sent_once(qbittorrent, connect):
    right = connect(api_key=qbittorrent.logins.api_key, user="", password="")
    await right.maindata(0)
    assert logins(qbittorrent) == []
    wrong = connect(api_key="qbt_wrong", user="", password="")
    before = len(qbittorrent.requests)
    for _ in range(4):
        with pytest.raises(CredentialsRejectedError, match=r"API key|refused before"):
            await wrong.maindata(0)
    assert len(qbittorrent.requests) == before + 1


@pytest.mark.parametrize("qbittorrent", ["5.3.0"], indirect=True)
async def test_a_key_that_was_accepted_before_is_sent_again_after_minutes(qbittorrent, connect, register):
    """It may be refused by something in between, and a key bans no one."""
    now = 1000.0
    client = connect(api_key=qbittorrent.logins.api_key, user="", password="")
    client._session._key._monotonic = lambda: now
    await client.maindata(0)
    await qbittorrent.fail(Status(403))
    for _ in range(3):
        with pytest.raises(LockedOutError, match="accepted before"):
            await client.maindata(0)
    refused = [r for r in qbittorrent.requests if r.path.endswith(("maindata", "webapiVersion"))]
    assert len(refused) == 2 + 2  # twice while it was right, then the call and the trial of the key
    await qbittorrent.heal()
    now += 120.0
    await client.maindata(0)
    assert register.refused == set()


@pytest.mark.parametrize("qbittorrent", ["5.3.0"], indirect=True)
async def test_a_password_is_preferred_to_a_key(qbittorrent, connect):
    await connect(api_key="qbt_wrong").maindata(0)
    assert len(logins(qbittorrent)) == 1


async def test_a_server_that_does_not_accept_the_host_name_is_not_taken_for_a_wrong_password(
    qbittorrent, connect, register
):
    await qbittorrent.fail(Status(401))
    with pytest.raises(RefusedError, match="accept this host name"):
        await connect().maindata(0)
    assert logins(qbittorrent) == []
    assert register.refused == set()


@pytest.mark.parametrize(("version", "accepted"), [("2.8.2", True), ("2.8.1", False), ("2", False), ("v2.11.4", True)])
def test_versions_before_4_3_9_are_too_old(version, accepted):
    assert (parse_api_version(version) >= OLDEST_API) is accepted


@pytest.mark.parametrize(("before", "after"), [("4.5.2", "5.1.0"), ("5.1.0", "4.5.2")])
async def test_the_calls_are_those_of_the_version_that_was_checked_last(register, before, after):
    async with Sandbox([], qbittorrent_version=before) as sandbox:
        old = sandbox.qbittorrent
        access = Access("qBit", old.url, old.logins.user, old.logins.password)
        client = QbittorrentClient(access, register, QUICK)
        await client.stop(["a" * 40])
        await old.stop()
        new = QbittorrentStandIn(old.client, version=after, port=old.port)
        await new.start()
        try:
            await client.check_version()
            await client.stop(["a" * 40])
            await client.start(["a" * 40])
        finally:
            await client.close()
            await new.stop()


async def test_many_torrents_are_asked_for_in_addresses_that_proxies_accept_and_none_for_nothing(register):
    async with Sandbox() as sandbox:
        there = set(list(sandbox.world.client.torrents)[:2])
        access = Access("qBit", sandbox.qbittorrent.url, "admin", "adminadmin")
        client = QbittorrentClient(access, register, QUICK)
        asked = [*(f"{number:040x}" for number in range(1000)), *there]
        try:
            for read in (client.torrents, client.readable_torrents):
                assert set(await read(asked)) == there
                assert await read([]) == {}
        finally:
            await client.close()


async def test_another_application_at_the_address_is_noticed(connect, register):
    async with Sandbox(has_past=False) as other:
        client = QbittorrentClient(Access("qBit", other.urls["Radarr-HD"], "u", "p"), register, QUICK)
        try:
            with pytest.raises(ServiceError, match="qBit: "):
                await client.maindata(0)
        finally:
            await client.close()


def test_credentials_are_not_shown_and_their_fingerprint_distinguishes_them():
    one = Access("qBit", "http://x", "user", "hush", "key-hush")
    assert "hush" not in repr(one)
    assert one.fingerprint() == Access("other", "http://x", "user", "hush", "key-hush").fingerprint()
    assert one.fingerprint() != Access("qBit", "http://x", "user", "hush!", "key-hush").fingerprint()
