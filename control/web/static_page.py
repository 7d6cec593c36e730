"""The page: files of the package, read once and served from memory."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from control.web import answers
from qbitrr.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class File(NamedTuple):
    """One file of the page. The tag changes with the content."""

    body: bytes
    content_type: str
    tag: str


def load() -> dict[str, File]:
    """All files of the page by name."""
    files = {}
    for entry in resources.files("control.ui").iterdir():
        content_type = _TYPES.get(entry.name[entry.name.rfind(".") :])
        if content_type is not None:
            body = entry.read_bytes()
            files[entry.name] = File(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:16]}"')
    return files


def add_page(application: web.Application, base: str) -> None:
    """Serve the page below a path prefix, which may be empty."""
    files = load()
    router = application.router

    async def show(_request: web.Request) -> web.Response:
        return answers.redirect(f"{base}/ui" if base else "ui")

    async def from_folder(_request: web.Request) -> web.Response:
        return answers.redirect("../ui")

    async def asset(request: web.Request) -> web.Response:
        return _send(files, request.match_info["name"], request)

    async def index(request: web.Request) -> web.Response:
        return _send(files, "index.html", request)

    async def icon(request: web.Request) -> web.Response:
        return _send(files, "favicon.svg", request)

    async def forget(request: web.Request) -> web.Response:
        return _send(files, "sw.js", request)

    if base:
        router.add_get(base, show)
    router.add_get(f"{base}/", show)
    router.add_get(f"{base}/ui", index)
    router.add_get(f"{base}/ui/", from_folder)
    router.add_get(f"{base}/ui/{{name}}", asset)
    router.add_get(f"{base}/favicon.ico", icon)
    router.add_get(f"{base}/sw.js", forget)


def _send(files: Mapping[str, File], name: str, request: web.Request) -> web.Response:
    file = files.get(name)
    if file is None:
        raise NotFoundError(f"Nothing is at {request.path}")
    kept = {"Cache-Control": "no-cache", "ETag": file.tag}
    if file.tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=kept)
    return answers.plain(file.body, file.content_type, kept)
