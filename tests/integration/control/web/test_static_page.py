"""The page is served as it is in the package, below any prefix, and nothing else is."""

import re
from importlib import resources

import pytest

from tests.integration.control.asking import get
from tests.integration.control.sample import CONFIG

FILES = {entry.name: entry.read_text() for entry in resources.files("control.ui").iterdir() if entry.is_file()}
del FILES["__init__.py"]
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@pytest.mark.parametrize("name", FILES)
async def test_every_file_is_served_with_its_type(client, name):
    async with client.get(f"/ui/{name}") as response:
        assert response.status == 200
        assert response.content_type == TYPES[name.rpartition(".")[2]]
        assert response.headers["Cache-Control"] == "no-cache"
        assert await response.text() == FILES[name]


@pytest.mark.parametrize(
    ("path", "name"), [("/ui", "index.html"), ("/favicon.ico", "favicon.svg"), ("/sw.js", "sw.js")]
)
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
    async with client.get("/ui/app.js", headers={"If-None-Match": '"another"'}) as response:
        assert response.status == 200


@pytest.mark.parametrize("path", ["/", "/ui/", "/qbitrr", "/qbitrr/", "/qbitrr/ui/"])
async def test_redirections_lead_to_the_page(make_context, connect, path):
    async with connect(make_context(CONFIG + '[WebUI]\nUrlBase = "/qbitrr"')) as client, client.get(path) as response:
        assert response.status == 200
        assert await response.text() == FILES["index.html"]


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
        without_namespaces = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn", without_namespaces), name
        assert "innerHTML" not in text, name
        assert "outerHTML" not in text, name
        assert "insertAdjacentHTML" not in text, name
    page = FILES["index.html"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)


def test_addresses_in_the_page_are_relative():
    assert not re.search(r'(?:href|src)="/', FILES["index.html"])
    scripts = "".join(text for name, text in FILES.items() if name.endswith(".js"))
    assert not re.search(r"""from ["']/|fetch\(["'`]/""", scripts)
