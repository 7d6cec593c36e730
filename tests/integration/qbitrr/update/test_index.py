"""What package indexes answer, in JSON and in HTML, and what the checker makes of it."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from qbitrr.clock import Clock
from qbitrr.config import Settings
from qbitrr.errors import UnexpectedAnswerError
from qbitrr.update import check, index
from qbitrr.update.check import Checker
from qbitrr.update.releases import Release
from qbitrr.update.signature import File, Manifest
from release.sign import signed
from tests.support.wheels import KEY, trusted_keys

FILES = [
    {"filename": "qbitrrd-1.0.0-py3-none-any.whl", "requires-python": ">=3.11"},
    {"filename": "qbitrrd-1.0.0-1-py3-none-any.whl"},
    {"filename": "qbitrrd-1.5.0.tar.gz"},
    {"filename": "qbitrrd-1.1.0-py3-none-any.whl", "yanked": "it was no good"},
    {
        "filename": "qbitrrd-1.2.0-py3-none-any.whl",
        "yanked": False,
        "url": "../../files/1.2.0.whl#sha256=0",
    },
    {"filename": "README.txt"},
    {"filename": "other-9.0.0-py3-none-any.whl"},
]
PAGE = """<!DOCTYPE html><html><body>
<a href="x#sha256=1" data-requires-python="&gt;=3.11">qbitrrd-1.0.0-py3-none-any.whl</a>
<a href="q" data-yanked="">qbitrrd-1.1.0-py3-none-any.whl</a> <a href="q">qbitrrd-1.5.0.tar.gz</a>
<a href="/q">qbitrrd-1.2.0-py3-none-any.whl</a>
</body></html>"""


MANIFEST = Manifest("qbitrrd", "1.2.0", 1.0, 2e9, File("qbitrrd-1.2.0-py3-none-any.whl", "0" * 64, 1), ())


class Service:
    """An index whose answer can be changed."""

    def __init__(self):
        self.answer = lambda: web.json_response({"files": FILES})
        self.asked = []
        self.releases = []

    async def send_manifest(self, _request):
        return web.Response(body=signed(MANIFEST, [KEY]))

    async def list_releases(self, _request):
        return web.json_response(self.releases)

    async def handle(self, request):
        self.asked.append(request)
        answer = self.answer()
        return await answer if asyncio.iscoroutine(answer) else answer


@pytest.fixture
async def service():
    service = Service()
    app = web.Application()
    app.router.add_get("/simple/qbitrrd/", service.handle)
    app.router.add_get("/files/1.2.0.whl.manifest", service.send_manifest)
    app.router.add_get("/releases", service.list_releases)
    async with TestServer(app) as server:
        service.url = str(server.make_url("/simple"))
        service.releases_url = str(server.make_url("/releases"))
        yield service


async def test_json(service):
    first = Release("1.0.0", f"{service.url}/qbitrrd/", ">=3.11")
    wheel = service.url.replace("/simple", "/files/1.2.0.whl")
    assert await index.releases(service.url) == [first, Release("1.2.0", wheel)]
    assert service.asked[0].headers["Accept"].startswith("application/vnd.pypi.simple.v1+json")


async def test_html(service):
    service.answer = lambda: web.Response(text=PAGE, content_type="text/html")
    wheel = service.url.replace("/simple", "/q")
    assert await index.releases(service.url) == [
        Release("1.0.0", f"{service.url}/qbitrrd/x", ">=3.11"), Release("1.2.0", wheel)
    ]  # fmt: skip


async def test_what_is_no_list_is_an_error(service):
    service.answer = lambda: web.json_response({"files": 7})
    with pytest.raises(UnexpectedAnswerError):
        await index.releases(service.url)


async def test_the_login_in_the_address_is_sent_and_not_logged(service):
    service.answer = lambda: web.Response(status=401)
    address = service.url.replace("http://", "http://me:secret@")
    checker, _ = checker_of(service, update_index=address)
    known = await checker.newest()
    assert service.asked[0].headers["Authorization"].startswith("Basic ")
    assert known.error
    assert "secret" not in known.error


async def test_pip_reports_its_index(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example/simple")
    assert await index.of_pip() == "https://packages.example/simple"


class Time:
    def __init__(self):
        self.now = 1_790_000_000.0
        self.clock = Clock(wall=lambda: self.now, monotonic=lambda: self.now)


def checker_of(service, present="1.0.0", **settings):
    found, time = [], Time()
    wanted = Settings(**{"update_index": service.url, "update_key": tuple(trusted_keys()), **settings})
    checker = Checker(lambda: wanted, present, time.clock, found.append)
    checker.time, checker.found = time, found
    return checker, time


async def test_a_newer_version_is_announced_once_with_its_notes(service):
    service.releases = [{"tag_name": "v1.2.0", "body": "# New", "html_url": "https://x.example/1.2.0"}]
    checker, time = checker_of(service, releases_url=service.releases_url)
    known = await checker.newest()
    assert (known.release.version, known.changelog, known.changelog_url) == (
        "1.2.0",
        "# New",
        "https://x.example/1.2.0",
    )
    assert checker.available.version == "1.2.0"
    time.now += check.FRESH_SECONDS
    await checker.newest()
    assert len(checker.found) == 1


async def test_an_answer_is_good_for_an_hour_and_a_failure_for_five_minutes(service):
    checker, time = checker_of(service)
    await checker.newest()
    time.now += check.FRESH_SECONDS - 1
    await checker.newest()
    assert len(service.asked) == 1
    service.answer = lambda: web.Response(status=500)
    time.now += 1
    known = await checker.newest()
    assert (len(service.asked), known.release.version) == (2, "1.2.0"), "what was known before is kept"
    assert known.error
    time.now += check.RETRY_SECONDS - 1
    await checker.newest()
    assert len(service.asked) == 2
    time.now += 1
    await checker.newest()
    assert len(service.asked) == 3


async def test_force_asks_again_but_not_at_once(service):
    checker, time = checker_of(service)
    await checker.newest()
    await checker.newest(force=True)
    assert len(service.asked) == 1
    time.now += check.FORCED_SECONDS
    await checker.newest(force=True)
    assert len(service.asked) == 2


async def test_an_index_that_does_not_answer_is_asked_once_and_keeps_no_caller_waiting(service):
    release = asyncio.Event()

    async def late():
        await release.wait()
        return web.json_response({"files": FILES})

    service.answer = late
    checker, _ = checker_of(service)
    many = await asyncio.gather(*(checker.newest(within_seconds=0.05) for _ in range(5)))
    assert {one.error for one in many} == {"the package index has not answered yet"}
    assert len(service.asked) == 1
    release.set()
    assert (await checker.newest()).release.version == "1.2.0"


async def test_no_release_for_this_channel_is_an_error_of_the_check(service):
    service.answer = lambda: web.json_response({"files": []})
    checker, _ = checker_of(service)
    assert "no release" in (await checker.newest()).error
    assert checker.available is None
