"""The table of rights, walked with real sockets: every route for every kind of caller."""

import asyncio
import json
import os
import socket
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import pytest

from control.auth.access import Access
from control.auth.peer import PeerUsers
from control.auth.rights import ROUTES, Right
from control.auth.roles import Caller
from control.auth.sessions import Sessions
from control.auth.throttle import LoginThrottle
from control.routes import INSIDE_ROUTES, OPEN_ROUTES
from control.server import serve
from control.web.sockets import listen, listen_unix
from qbitrr.clock import Clock
from tests.integration.control.sample import CONFIG, HASH, TOKEN
from tests.support import users
from tests.support.ports import HOST

EXAMPLES = {"category": "movies", "section": "movies", "name": "Main.log", "hash": HASH, "id": "1", "kind": "search"}
OUTSIDE = {"X-Forwarded-For": "203.0.113.9"}
PRIVATE = {"X-Forwarded-For": "192.168.1.50"}
WITH_TOKEN = {"X-API-Token": TOKEN}
BEHIND_PROXY = f'{CONFIG}[WebUI]\nTrustedProxies = ["{HOST}"]\n'
AT_ROOT = {f"{route.method} {route.path}" for route in (*INSIDE_ROUTES, *OPEN_ROUTES)}


def path_of(name):
    path = name.partition(" ")[2].format(**EXAMPLES)
    return path if name in AT_ROOT else f"/web{path}"


def is_as_expected(name, caller, status):
    if name == "POST /login":
        return status in {401, 403}  # without anything to show
    if ROUTES[name].of(caller) is not Right.NO:
        return status not in {401, 403}
    return status == (401 if caller is Caller.OUTSIDE else 403)


class Plane:
    """A control plane on a TCP port and on a control socket."""

    def __init__(self, context, port, control_socket):
        self.context = context
        self.url = f"http://{HOST}:{port}"
        self.port = port
        self.control_socket = control_socket


@pytest.fixture
def plane(make_context, tmp_path, log_folder):
    (log_folder / "Main.log").write_text("a line\n")

    @asynccontextmanager
    async def start(config=CONFIG, control_socket=tmp_path / "control.sock", **access):
        context = make_context(config)
        clock = Clock()
        config_reload = context.config_reload
        changed = Access(
            lambda: config_reload.loaded.config.webui, TOKEN, LoginThrottle(clock),
            Sessions(config_reload.data_dir.sessions_file, clock), clock,
            control_socket=str(control_socket), **access,
        )  # fmt: skip
        context = make_context(config, access=changed)
        config_reload = context.config_reload
        (tcp,) = listen(HOST, 0)
        unix = listen_unix(control_socket)
        async with serve(context, [tcp, unix]):
            yield Plane(context, tcp.getsockname()[1], control_socket)
        tcp.close()
        unix.close()

    return start


async def status_of(session, method, url, **options):
    async with session.request(method, url, allow_redirects=False, **options) as response:
        return response.status


async def walk(session, url, caller, names=tuple(ROUTES), **options):
    """The routes that answer otherwise than the table says."""
    wrong = {}
    for name in names:
        method = name.partition(" ")[0]
        status = await status_of(session, method, url + path_of(name), **options)
        if not is_as_expected(name, caller, status):
            wrong[name] = status
    return wrong


# -- every kind of caller -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "headers", "caller"),
    [
        (CONFIG, {}, Caller.OWN_USER),
        (CONFIG, {"Via": "1.1 proxy"}, Caller.OUTSIDE),
        (CONFIG, PRIVATE, Caller.OUTSIDE),  # the proxy is not known
        (BEHIND_PROXY, PRIVATE, Caller.PRIVATE),
        (BEHIND_PROXY, OUTSIDE, Caller.OUTSIDE),
        (BEHIND_PROXY, {**OUTSIDE, **WITH_TOKEN}, Caller.CREDENTIAL),
        (BEHIND_PROXY, {**PRIVATE, "Authorization": f"Bearer {TOKEN}"}, Caller.CREDENTIAL),
        (f'{CONFIG}[WebUI]\nWebAccess = "token"\n', {}, Caller.OUTSIDE),
        (f'{CONFIG}[WebUI]\nWebAccess = "token"\nReadToken = "reads"\n', {"X-API-Token": "reads"}, Caller.READER),
        (f'{CONFIG}[WebUI]\nWebAccess = "open"\nAllowInsecureExposure = true\n', OUTSIDE, Caller.PRIVATE),
    ],
)
async def test_over_tcp(plane, config, headers, caller):
    async with plane(config) as running, aiohttp.ClientSession(headers=headers) as session:
        assert await walk(session, running.url, caller) == {}


async def test_over_tcp_with_the_cookie_of_a_login(plane):
    jar = aiohttp.CookieJar(unsafe=True)  # also for addresses
    config = f'{CONFIG}[WebUI]\nWebAccess = "token"\n'
    async with plane(config) as running, aiohttp.ClientSession(cookie_jar=jar) as session:
        endings = ("POST /sessions/revoke", "POST /logout")
        for names in (ROUTES.keys() - endings, endings[:1], endings[1:]):
            assert await status_of(session, "POST", f"{running.url}/login", json={"token": TOKEN}) == 200
            assert await walk(session, running.url, Caller.CREDENTIAL, names) == {}


async def test_another_user_of_this_machine(plane):
    async with plane() as running:
        requests = [(name.partition(" ")[0], running.url + path_of(name)) for name in ROUTES]
        found = dict(zip(ROUTES, await users.statuses(requests), strict=True))
    assert {name: status for name, status in found.items() if not is_as_expected(name, Caller.LOCAL_USER, status)} == {}
    assert set(found.values()) >= {200, 403}


async def test_the_control_socket_is_for_the_own_user(plane):
    async with plane(f'{CONFIG}[WebUI]\nWebAccess = "token"\n') as running:
        connector = aiohttp.UnixConnector(str(running.control_socket))
        async with aiohttp.ClientSession(connector=connector) as session:
            assert await walk(session, "http://localhost", Caller.OWN_USER) == {}
            headers = {"X-Forwarded-For": HOST}  # it has become the back of a proxy
            assert await walk(session, "http://localhost", Caller.OUTSIDE, headers=headers) == {}
        assert running.control_socket.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def public_folder():
    """A folder that other users can enter."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


async def test_the_control_socket_knows_other_users_though_its_file_lets_them_in(plane, public_folder):
    path = public_folder / "control.sock"
    async with plane(control_socket=path) as running:
        path.chmod(0o666)
        requests = [(name.partition(" ")[0], f"http://localhost{path_of(name)}") for name in ROUTES]
        found = dict(zip(ROUTES, await users.statuses(requests, f'unix-socket = "{path}"'), strict=True))
        assert running.context.commands.calls == []
    assert {name: status for name, status in found.items() if not is_as_expected(name, Caller.OUTSIDE, status)} == {}


async def test_another_unix_socket_may_be_the_back_of_a_proxy(make_context, tmp_path):
    context = make_context()
    unix = listen_unix(tmp_path / "proxy.sock")
    async with serve(context, [unix]):
        connector = aiohttp.UnixConnector(str(tmp_path / "proxy.sock"))
        async with aiohttp.ClientSession(connector=connector) as session:
            assert await walk(session, "http://localhost", Caller.OUTSIDE) == {}
    unix.close()


@pytest.mark.parametrize("host", ["evil.example", "evil.local", "evil", "evil.lan", "router.home.arpa"])
async def test_a_foreign_host_name(plane, host):
    async with plane() as running, aiohttp.ClientSession(headers={"Host": f"{host}:{running.port}"}) as session:
        for name in ROUTES:
            method = name.partition(" ")[0]
            assert await status_of(session, method, running.url + path_of(name)) == 403, name


async def test_below_api_only_a_credential_counts(plane):
    async with plane() as running, aiohttp.ClientSession() as session:
        for name in ROUTES.keys() - AT_ROOT:
            method, _, path = name.partition(" ")
            url = f"{running.url}/api{path.format(**EXAMPLES)}"
            assert await status_of(session, method, url) == 401, name
            assert await status_of(session, method, url, headers=WITH_TOKEN) not in {401, 403}, name


# -- what an attacker would do ---------------------------------------------------------------------------------------


async def post_as_other_user(url, body, *options):
    """The status of a POST with a JSON body."""
    process = users.popen(
        "curl", "-q", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Content-Type: application/json",
        *options, "-d", json.dumps(body), url, stdout=subprocess.PIPE,
    )  # fmt: skip
    output, _ = await asyncio.to_thread(process.communicate)
    return int(output)


async def test_another_account_cannot_have_code_of_its_own_run(plane):
    async with plane() as running:
        config_file = running.context.config_reload.data_dir.config_file
        before = config_file.read_text()
        for change in ({"Settings.UpdateIndex": "http://127.0.0.1:1/simple"}, {"WebUI.Token": "mine"}):
            assert await post_as_other_user(f"{running.url}/web/config", {"changes": change}) == 403
        assert await post_as_other_user(f"{running.url}/web/update", {}) == 403
        assert await post_as_other_user(f"{running.url}/web/restart", {}) == 403
        assert config_file.read_text() == before
        assert running.context.self_update.started == []
        assert running.context.commands.calls == []


async def test_the_socket_of_a_process_that_has_ended_proves_nothing():
    """The kernel shows such a socket as one of root."""
    (listener,) = listen(HOST, 0)
    ours = listener.getsockname()
    script = f"exec 3<>/dev/tcp/{HOST}/{ours[1]}; printf 'POST /web/restart HTTP/1.1\\r\\n\\r\\n' >&3; read line"
    client = users.popen("bash", "-c", script, stdin=subprocess.PIPE)
    accepted, peer = await asyncio.to_thread(listener.accept)
    lookups = PeerUsers()
    assert await lookups.uid_of(peer, ours) == users.UID
    await asyncio.to_thread(client.communicate)
    assert accepted.recv(1 << 10).startswith(b"POST")
    assert f":{peer[1]:04X} " in await asyncio.to_thread(Path("/proc/self/net/tcp").read_text)
    assert await lookups.uid_of(peer, ours) is None
    accepted.close()
    listener.close()


@pytest.mark.parametrize(("host", "family"), [(HOST, socket.AF_INET), ("::1", socket.AF_INET6)])
async def test_the_user_of_a_peer_is_known_for_both_versions_of_ip(host, family):
    (listener,) = listen(host, 0)
    with socket.socket(family) as client:
        client.connect(listener.getsockname())
        accepted, peer = listener.accept()
        assert await PeerUsers().uid_of(peer[:2], listener.getsockname()[:2]) == os.geteuid()
        accepted.close()
    listener.close()


async def test_an_ipv6_socket_that_talks_ipv4_is_found():
    (listener,) = listen(HOST, 0)
    with socket.socket(socket.AF_INET6) as client:
        client.connect((f"::ffff:{HOST}", listener.getsockname()[1]))
        accepted, peer = listener.accept()
        assert await PeerUsers().uid_of(peer, listener.getsockname()) == os.geteuid()
        accepted.close()
    listener.close()


async def test_without_a_credential_work_has_a_rate(plane):
    async with plane(BEHIND_PROXY) as running, aiohttp.ClientSession(headers=PRIVATE) as session:
        found = [await status_of(session, "POST", f"{running.url}/web/arr/rebuild") for _ in range(20)]
        assert found == [200] * 10 + [429] * 10
        assert await status_of(session, "GET", f"{running.url}/web/status") == 200
        assert await status_of(session, "POST", f"{running.url}/web/arr/rebuild", headers=WITH_TOKEN) == 200


async def test_many_requests_at_once_are_proven(plane):
    async with plane() as running, aiohttp.ClientSession() as session:
        posts = [status_of(session, "POST", f"{running.url}/web/processes/dump") for _ in range(100)]
        assert set(await asyncio.gather(*posts)) == {200}
