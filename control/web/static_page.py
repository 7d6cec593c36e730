"""The web page: files of a package, read at the start, compressed when the first is asked for, and served from memory.

`index.html` refers to its files below `ui/`. It is served with the version of all files in these addresses, so that a
browser may keep them for as long as it likes and yet shows a new version at once.
"""

from __future__ import annotations

import asyncio
import gzip
from hashlib import blake2b
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from control.web import answers
from qbitrr.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    from aiohttp import web

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PACKAGE = "control.ui"
_INDEX = "index.html"
_SHORTEST_COMPRESSED_BYTES = 512
_REVALIDATED = "no-cache"
_IMMUTABLE = "public, max-age=31536000, immutable"


class StaticFile(NamedTuple):
    """A file as it is, and as gzip when that is smaller."""

    plain: answers.Tagged
    gzipped: answers.Tagged | None


class Page(NamedTuple):
    """All files by their path, and the version that stands in their addresses; it changes with each of them."""

    version: str
    files: Mapping[str, StaticFile]

    def find(self, path: str) -> tuple[StaticFile, str]:
        """Return a file and how long a client may keep it. Raises NotFoundError, also for another version."""
        version, slash, rest = path.partition("/")
        if slash and version.startswith("v-"):
            file, keep = self.files.get(rest) if version == self.version else None, _IMMUTABLE
        else:
            file, keep = self.files.get(path), _REVALIDATED
        if file is None:
            raise NotFoundError(f"Nothing is at ui/{path}")
        return file, keep


class PageInMemory:
    """The page as it is when the daemon starts, even if its files are replaced; compressed once, if it is opened."""

    def __init__(self) -> None:
        self._bodies = read()
        self._page: Page | None = None
        self._compressing = asyncio.Lock()

    async def get(self) -> Page:
        """Return the page."""
        async with self._compressing:
            if self._page is None:
                self._page = await asyncio.to_thread(compress, self._bodies)
        return self._page


def read() -> dict[str, bytes]:
    """Read all files of the page, by their path."""
    return {
        name: entry.read_bytes()
        for name, entry in _entries(resources.files(_PACKAGE), "")
        if name[name.rfind(".") :] in _TYPES
    }


def compress(files: Mapping[str, bytes]) -> Page:
    """Make the page of its files."""
    bodies = dict(files)
    digest = blake2b(digest_size=8)
    for name, body in sorted(bodies.items()):
        digest.update(name.encode() + b"\0" + body)
    version = f"v-{digest.hexdigest()}"
    bodies[_INDEX] = bodies[_INDEX].replace(b'"ui/', f'"ui/{version}/'.encode())
    return Page(version, {name: _file(name, body) for name, body in bodies.items()})


def _entries(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _entries(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry


def _file(name: str, body: bytes) -> StaticFile:
    content_type = _TYPES[name[name.rfind(".") :]]
    squeezed = gzip.compress(body, 9, mtime=0) if len(body) >= _SHORTEST_COMPRESSED_BYTES else body
    smaller = answers.tagged(squeezed, content_type) if len(squeezed) < len(body) else None
    return StaticFile(answers.tagged(body, content_type), smaller)


def add_page(application: web.Application, base: str, page: PageInMemory) -> None:
    """Serve the page below a path prefix, which may be empty."""
    router = application.router

    async def to_page(_request: web.Request) -> web.Response:
        return answers.redirect(f"{base}/ui" if base else "ui")

    async def from_folder_to_page(_request: web.Request) -> web.Response:
        return answers.redirect("../ui")

    async def asset(request: web.Request) -> web.Response:
        return _send(await page.get(), request.match_info["name"], request)

    async def index(request: web.Request) -> web.Response:
        return _send(await page.get(), _INDEX, request)

    async def icon(request: web.Request) -> web.Response:
        return _send(await page.get(), "favicon.svg", request)

    async def service_worker(request: web.Request) -> web.Response:
        return _send(await page.get(), "sw.js", request)

    if base:
        router.add_get(base, to_page)
    router.add_get(f"{base}/", to_page)
    router.add_get(f"{base}/ui", index)
    router.add_get(f"{base}/ui/", from_folder_to_page)
    router.add_get(f"{base}/ui/{{name:.+}}", asset)
    router.add_get(f"{base}/favicon.ico", icon)
    router.add_get(f"{base}/sw.js", service_worker)


def _send(page: Page, path: str, request: web.Request) -> web.Response:
    file, keep = page.find(path)
    wants_gzip = "gzip" in request.headers.get("Accept-Encoding", "").lower()
    content = file.gzipped if wants_gzip and file.gzipped else file.plain
    response = answers.revalidated(content, request, cache_control=keep)
    if file.gzipped is not None:
        response.headers["Vary"] = "Accept-Encoding"
        if content is file.gzipped and response.status == 200:
            response.headers["Content-Encoding"] = "gzip"
    return response
