"""What leaves the control plane: JSON, and the headers that every answer has."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, overload

import msgspec
from aiohttp import web
from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Mapping

# The page runs its own scripts and nobody else's; other sites may neither read it nor show it in a frame.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "qbitrr",
    "X-Content-Type-Options": "nosniff",
}
_JSON_HEADERS = CIMultiDict(SECURITY_HEADERS, **{"Cache-Control": "no-store", "Content-Type": "application/json"})
_KEPT_HEADERS = CIMultiDict(SECURITY_HEADERS, **{"Cache-Control": "no-cache, private"})

_encoder = msgspec.json.Encoder()


def json(answer: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Anything that msgspec can encode."""
    all_headers = _JSON_HEADERS.copy()
    if headers:
        all_headers.update(headers)
    return web.Response(body=_encoder.encode(answer), status=status, headers=all_headers)


class Encoded(NamedTuple):
    """An answer as bytes, and a tag that changes with them."""

    body: bytes
    tag: str


def encoded(answer: object) -> Encoded:
    """Anything that msgspec can encode."""
    body = _encoder.encode(answer)
    return Encoded(body, f'"{blake2b(body, digest_size=12).hexdigest()}"')


def revalidated(answer: Encoded, request: web.Request) -> web.Response:
    """JSON that a client may keep if it asks each time whether it still holds; 304 without a body when it does."""
    headers = _KEPT_HEADERS.copy()
    headers["ETag"] = answer.tag
    if answer.tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = "application/json"
    return web.Response(body=answer.body, headers=headers)


def plain(body: bytes, content_type: str, headers: Mapping[str, str]) -> web.Response:
    """A file of ours. `headers` say how long it may be kept."""
    return web.Response(body=body, headers={**SECURITY_HEADERS, "Content-Type": content_type, **headers})


def redirect(where: str) -> web.Response:
    """Somewhere else, relative to the request, so that a prefix of a reverse proxy stays."""
    return web.Response(status=302, headers={**SECURITY_HEADERS, "Location": where})


@overload
def moment(epoch_seconds: float) -> datetime: ...
@overload
def moment(epoch_seconds: float | None) -> datetime | None: ...
def moment(epoch_seconds: float | None) -> datetime | None:
    """A time as it is answered; None when it is not known."""
    return None if epoch_seconds is None else datetime.fromtimestamp(int(epoch_seconds // 1), UTC)
