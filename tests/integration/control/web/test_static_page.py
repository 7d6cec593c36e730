"""The page is served as it is in the package, below any prefix, and nothing else is."""

import asyncio
import gzip
import re

import pytest

from benchmarks import page
from control.web import static_page
from tests.integration.control.asking import get
from tests.integration.control.sample import CONFIG
from tests.support.page import FILES

PAGE = static_page.compress(static_page.read())
VERSION = PAGE.version
INDEX = FILES["index.html"].replace('"ui/', f'"ui/{VERSION}/')
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@pytest.mark.parametrize("name", FILES)
async def test_every_file_is_served_with_its_type(client, name):
    async with client.get(f"/ui/{name}") as response:
        assert response.status == 200
        assert response.content_type == TYPES[name.rpartition(".")[2]]
        assert response.headers["Cache-Control"] == "no-cache"
        assert await response.text() == (INDEX if name == "index.html" else FILES[name])


async def test_files_are_compressed_once_and_only_if_the_page_is_opened(monkeypatch, make_context, connect):
    compressed = []

    def compress(files):
        compressed.append(len(files))
        return PAGE

    monkeypatch.setattr(static_page, "compress", compress)
    async with connect(make_context(CONFIG)) as client:
        await get(client, "/health")
        assert compressed == []
        for answer in await asyncio.gather(*(client.get("/ui/app.js") for _ in range(3))):
            assert answer.status == 200
    assert compressed == [len(PAGE.files)]


async def test_the_page_names_its_files_with_the_version_so_that_they_may_be_kept(client):
    async with client.get("/ui") as response:
        addresses = re.findall(r'(?:href|src)="(.+?)"', await response.text())
        assert response.headers["Cache-Control"] == "no-cache"
    assert all(address.startswith(f"ui/{VERSION}/") for address in addresses)
    for address in addresses:
        async with client.get(f"/{address}") as response:
            assert response.status == 200
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_files_of_another_version_are_not_served(client):
    await get(client, "/ui/v-0123456789abcdef/app.js", 404)


async def test_files_are_compressed_for_those_who_accept_it(client):
    async with client.get("/ui/app.js", headers={"Accept-Encoding": "gzip"}, auto_decompress=False) as response:
        body = await response.read()
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.headers["Vary"] == "Accept-Encoding"
        tag = response.headers["ETag"]
    assert gzip.decompress(body).decode() == FILES["app.js"]
    async with client.get("/ui/app.js", headers={"Accept-Encoding": "identity"}) as response:
        assert "Content-Encoding" not in response.headers
        assert response.headers["ETag"] != tag


def test_the_version_changes_with_every_file(monkeypatch, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(static_page.resources, "files", lambda _: tmp_path)
    assert static_page.compress(static_page.read()).version == VERSION
    (tmp_path / "views" / "overview.js").write_text("changed")
    assert static_page.compress(static_page.read()).version != VERSION


def test_the_weight_of_the_page():
    loaded = static_page.compress(static_page.read())
    first = page.first_visit(loaded)
    assert len(first) > 20
    assert page.kilobytes(loaded, first) <= page.FIRST_VISIT_KB
    assert {name: size for name, size in page.further_views(loaded).items() if size > page.FURTHER_VIEW_KB} == {}


def test_a_browser_knows_all_modules_of_the_first_view_at_once():
    """Else it reads them level by level, as each one names the next ones."""
    preloaded = re.findall(r'<link rel="modulepreload" href="ui/(.+?)">', FILES["index.html"])
    started = re.findall(r'<script type="module" src="ui/(.+?)">', FILES["index.html"])
    assert sorted(preloaded + started) == sorted(name for name in page.first_visit(PAGE) if name.endswith(".js"))


@pytest.mark.parametrize(("path", "name"), [("/favicon.ico", "favicon.svg"), ("/sw.js", "sw.js")])
async def test_addresses_outside_of_the_folder(client, path, name):
    async with client.get(path) as response:
        assert await response.text() == FILES[name]
    async with client.head(path) as response:
        assert response.status == 200


async def test_a_file_that_did_not_change_is_not_sent_again(client):
    async with client.get("/ui/app.js") as response:
        tag = response.headers["ETag"]
    async with client.get("/ui/app.js", headers={"If-None-Match": tag}) as response:
        assert (response.status, await response.read(), response.headers["ETag"]) == (304, b"", tag)
    for several in ("*", f'"another", W/{tag}'):
        async with client.get("/ui/app.js", headers={"If-None-Match": several}) as response:
            assert response.status == 304
    async with client.get("/ui/app.js", headers={"If-None-Match": '"another"'}) as response:
        assert response.status == 200


@pytest.mark.parametrize("path", ["/", "/ui/", "/qbitrr", "/qbitrr/", "/qbitrr/ui/"])
async def test_redirections_lead_to_the_page(make_context, connect, path):
    async with connect(make_context(CONFIG + '[WebUI]\nUrlBase = "/qbitrr"')) as client, client.get(path) as response:
        assert response.status == 200
        assert await response.text() == INDEX


async def test_a_redirection_without_a_prefix_is_relative_so_that_a_proxy_may_add_one(client):
    async with client.get("/", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "ui")


async def test_everything_is_below_the_prefix_too(make_context, connect):
    async with connect(make_context(CONFIG + '[WebUI]\nUrlBase = "/a/b"\nWebAccess = "auto"')) as client:
        for path in ("/web/status", "/health"):
            assert await get(client, f"/a/b{path}") == await get(client, path)
        await get(client, "/a/b/api/status", 401)
        async with client.get("/a/b/ui/app.js") as response:
            assert response.status == 200


def test_nothing_is_inline_and_nothing_comes_from_elsewhere():
    for name, text in FILES.items():
        if name.startswith("vendor/"):
            continue
        without_namespaces = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://(?!localhost)\w|//cdn", without_namespaces), name
        assert "innerHTML" not in text, name
        assert "outerHTML" not in text, name
        assert "insertAdjacentHTML" not in text, name
        assert not re.search(r"\sstyle=", text), name
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", FILES["index.html"])


def test_addresses_in_the_page_are_relative():
    assert not re.search(r'(?:href|src)="/', FILES["index.html"])
    scripts = "".join(text for name, text in FILES.items() if name.endswith(".js"))
    assert not re.search(r"""from ["']/|fetch\(["'`]/""", scripts)
