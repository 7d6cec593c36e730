"""HTTP answers: JSON, files and redirects, each with the headers that every answer has."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, overload
from urllib.parse import quote

import msgspec
from aiohttp import web
from multidict import CIMultiDict

from qbitrr.clock import calendar_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# The page runs only its own scripts, and only its templates become HTML; other sites may neither read it nor show it in
# a frame.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types lit-html"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "qbitrr",
    "X-Content-Type-Options": "nosniff",
}
_HEADERS = CIMultiDict(SECURITY_HEADERS)
_JSON_HEADERS = CIMultiDict(SECURITY_HEADERS, **{"Cache-Control": "no-store", "Content-Type": "application/json"})

_encoder = msgspec.json.Encoder()


def json(answer: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Make a JSON answer of anything that msgspec can encode."""
    all_headers = _JSON_HEADERS.copy()
    if headers:
        all_headers.update(headers)
    return web.Response(body=_encoder.encode(answer), status=status, headers=all_headers)


class Tagged(NamedTuple):
    """The content of an answer, with an entity tag that changes with it."""

    body: bytes
    content_type: str
    tag: str


def tagged(body: bytes, content_type: str) -> Tagged:
    """Tag a content."""
    return Tagged(body, content_type, f'"{blake2b(body, digest_size=12).hexdigest()}"')


def encode(answer: object) -> Tagged:
    """Encode anything that msgspec can encode as JSON."""
    return tagged(_encoder.encode(answer), "application/json")


def revalidated(answer: Tagged, request: web.Request, cache_control: str = "no-cache, private") -> web.Response:
    """Make an answer that a client may keep but has to revalidate: 304 without a body when its tag still matches."""
    headers = _HEADERS.copy()
    headers["Cache-Control"], headers["ETag"] = cache_control, answer.tag
    seen = ",".join(request.headers.getall("If-None-Match", ()))
    if answer.tag in seen or seen.strip() == "*":
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = answer.content_type
    return web.Response(body=answer.body, headers=headers)


def plain(body: bytes, content_type: str, headers: Mapping[str, str]) -> web.Response:
    """Make an answer of other content than JSON. `headers` say how long it may be kept."""
    return web.Response(body=body, headers={**SECURITY_HEADERS, "Content-Type": content_type, **headers})


def download(name: str, content_type: str) -> dict[str, str]:
    """Return the headers of a file that a browser stores under a name, and that nothing keeps on the way."""
    return {
        **SECURITY_HEADERS,
        "Cache-Control": "no-store",
        "Content-Type": content_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }


def redirect(location: str) -> web.Response:
    """Redirect to a location; a relative one keeps the prefix of a reverse proxy."""
    return web.Response(status=302, headers={**SECURITY_HEADERS, "Location": location})


@overload
def moment(epoch_seconds: float) -> datetime: ...
@overload
def moment(epoch_seconds: float | None) -> datetime | None: ...
def moment(epoch_seconds: float | None) -> datetime | None:
    """Convert epoch seconds to the time of an answer, in whole seconds; None stays None."""
    return None if epoch_seconds is None else calendar_time(epoch_seconds).replace(microsecond=0)
