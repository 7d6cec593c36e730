"""What package indexes answer, in JSON and in HTML, and what the checker makes of it."""

import asyncio
import tomllib
import zipfile
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from qbitrr.clock import Clock
from qbitrr.config import Settings
from qbitrr.errors import UnexpectedAnswerError
from qbitrr.update import check, index, stage
from qbitrr.update.check import Checker
from qbitrr.update.releases import KEYWORD, Release

FILES = [
    {"filename": "qbitrr-1.0.0-py3-none-any.whl", "requires-python": ">=3.11", "upload-time": "2026-01-02T00:00:00Z"},
    {"filename": "qbitrr-1.0.0-1-py3-none-any.whl", "upload-time": "2026-01-01T00:00:00Z"},
    {"filename": "qbitrr-1.5.0.tar.gz", "upload-time": "2026-01-01T00:00:00Z"},
    {"filename": "qbitrr-1.1.0-py3-none-any.whl", "yanked": "it was no good"},
    {
        "filename": "qbitrr-1.2.0-py3-none-any.whl",
        "yanked": False,
        "url": "../../files/1.2.0.whl#sha256=0",
        "core-metadata": True,
    },
    {"filename": "README.txt"},
]
PAGE = """<!DOCTYPE html><html><body>
<a href="x#sha256=1" data-requires-python="&gt;=3.11">qbitrr-1.0.0-py3-none-any.whl</a>
<a href="q" data-yanked="">qbitrr-1.1.0-py3-none-any.whl</a> <a href="q">qbitrr-1.5.0.tar.gz</a>
<a href="/q" data-core-metadata="true">qbitrr-1.2.0-py3-none-any.whl</a>
</body></html>"""


OURS = "Metadata-Version: 2.1\nName: qbitrr\nKeywords: {}\n\nKeywords: qbitrr-supervised\n"


class Service:
    """An index whose answer can be changed."""

    def __init__(self):
        self.answer = lambda: web.json_response({"files": FILES})
        self.asked = []
        self.releases = []
        self.metadata = OURS.format(KEYWORD)
        self.wheel = b""

    async def give(self, _request):
        return web.Response(body=self.wheel)

    async def tell(self, _request):
        return web.Response(text=self.metadata)

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
    app.router.add_get("/simple/qbitrr/", service.handle)
    for path in ("/simple/qbitrr/qbitrr-9.0.whl.metadata", "/files/1.2.0.whl.metadata"):
        app.router.add_get(path, service.tell)
    app.router.add_get("/simple/qbitrr/qbitrr-9.0.whl", service.give)
    app.router.add_get("/releases", service.list_releases)
    async with TestServer(app) as server:
        service.url = str(server.make_url("/simple"))
        service.releases_url = str(server.make_url("/releases"))
        yield service


async def test_json(service):
    first = Release("1.0.0", f"{service.url}/qbitrr/", ">=3.11", 1767225600.0)
    wheel = service.url.replace("/simple", "/files/1.2.0.whl")
    assert await index.releases(service.url) == [first, Release("1.2.0", wheel, metadata=f"{wheel}.metadata")]
    assert service.asked[0].headers["Accept"].startswith("application/vnd.pypi.simple.v1+json")


async def test_html(service):
    service.answer = lambda: web.Response(text=PAGE, content_type="text/html")
    wheel = service.url.replace("/simple", "/q")
    assert await index.releases(service.url) == [
        Release("1.0.0", f"{service.url}/qbitrr/x", ">=3.11"), Release("1.2.0", wheel, metadata=f"{wheel}.metadata")
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


@pytest.mark.parametrize(
    ("keywords", "ours"),
    [("radarr,qbitrr-supervised", True), ("qbitrr-supervised", True), ("radarr qbitrr-supervised", True),
     ("radarr", False), ("", False), ("not-qbitrr-supervised-at-all", False)],
)  # fmt: skip
async def test_another_program_of_the_name_is_no_update(service, keywords, ours):
    file = {"filename": "qbitrr-9.0-py3-none-any.whl", "url": "qbitrr-9.0.whl", "core-metadata": {"sha256": "0"}}
    service.answer = lambda: web.json_response({"files": [file]})
    service.metadata = OURS.format(keywords)
    checker, _ = checker_of(service)
    known = await checker.newest()
    assert (checker.available is not None) is ours
    assert ours or "another program called qbitrr" in known.error


@pytest.mark.parametrize("ours", [True, False])
async def test_without_metadata_in_the_index_that_of_the_wheel_counts(service, ours, tmp_path):
    wheel = tmp_path / "qbitrr.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("qbitrr/__init__.py", "")
        archive.writestr("qbitrr-9.0.dist-info/METADATA", OURS.format(KEYWORD if ours else "torrents"))
    service.wheel = wheel.read_bytes()
    service.answer = lambda: web.json_response(
        {"files": [{"filename": "qbitrr-9.0-py3-none-any.whl", "url": "qbitrr-9.0.whl"}]}
    )
    checker, _ = checker_of(service)
    await checker.newest()
    assert (checker.available is not None) is ours


@pytest.mark.parametrize("wheel", [b"", b"no wheel", b"PK" + b"x" * 100])
async def test_what_is_no_wheel_is_no_update(service, wheel):
    service.wheel = wheel
    service.answer = lambda: web.json_response(
        {"files": [{"filename": "qbitrr-9.0-py3-none-any.whl", "url": "qbitrr-9.0.whl"}]}
    )
    checker, _ = checker_of(service)
    assert (await checker.newest()).error
    assert checker.available is None


def test_what_was_installed_is_checked_before_it_runs(tmp_path):
    info = tmp_path / "lib" / "python3.11" / "site-packages" / "qbitrr-9.0.dist-info"
    assert not stage._is_ours(tmp_path)
    info.mkdir(parents=True)
    for keywords, ours in (("torrents", False), (KEYWORD, True)):
        (info / "METADATA").write_text(OURS.format(keywords))
        assert stage._is_ours(tmp_path) is ours


async def test_the_package_itself_has_the_mark():
    project = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())["project"]
    assert KEYWORD in project["keywords"]


class Time:
    def __init__(self):
        self.now = 1_790_000_000.0
        self.clock = Clock(wall=lambda: self.now, monotonic=lambda: self.now)


def checker_of(service, present="1.0.0", **settings):
    found, time = [], Time()
    wanted = Settings(**{"update_index": service.url, **settings})
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
