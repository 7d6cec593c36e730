"""The web page: files of a package, read once and served from memory."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from control.web import answers
from qbitrr.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PACKAGE = "control.ui"


def load() -> dict[str, answers.Tagged]:
    """Read all files of the page, by name."""
    files = {}
    for entry in resources.files(_PACKAGE).iterdir():
        content_type = _TYPES.get(entry.name[entry.name.rfind(".") :])
        if content_type is not None:
            files[entry.name] = answers.tagged(entry.read_bytes(), content_type)
    return files


def add_page(application: web.Application, base: str) -> None:
    """Serve the page below a path prefix, which may be empty."""
    files = load()
    router = application.router

    async def to_page(_request: web.Request) -> web.Response:
        return answers.redirect(f"{base}/ui" if base else "ui")

    async def from_folder_to_page(_request: web.Request) -> web.Response:
        return answers.redirect("../ui")

    async def asset(request: web.Request) -> web.Response:
        return _send(files, request.match_info["name"], request)

    async def index(request: web.Request) -> web.Response:
        return _send(files, "index.html", request)

    async def icon(request: web.Request) -> web.Response:
        return _send(files, "favicon.svg", request)

    async def service_worker(request: web.Request) -> web.Response:
        return _send(files, "sw.js", request)

    if base:
        router.add_get(base, to_page)
    router.add_get(f"{base}/", to_page)
    router.add_get(f"{base}/ui", index)
    router.add_get(f"{base}/ui/", from_folder_to_page)
    router.add_get(f"{base}/ui/{{name}}", asset)
    router.add_get(f"{base}/favicon.ico", icon)
    router.add_get(f"{base}/sw.js", service_worker)


def _send(files: Mapping[str, answers.Tagged], name: str, request: web.Request) -> web.Response:
    file = files.get(name)
    if file is None:
        raise NotFoundError(f"Nothing is at {request.path}")
    return answers.revalidated(file, request, cache_control="no-cache")
