"""Answers in JSON; long lists are encoded item by item while they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

CHUNK_BYTES = 1 << 16

_encoder = msgspec.json.Encoder()


def one(resource: object, status: int = 200) -> web.Response:
    """A single resource."""
    return web.Response(body=_encoder.encode(resource), status=status, content_type="application/json", charset="utf-8")


def many(resources: Iterable[object]) -> web.Response:
    """A JSON array, made while it is sent."""
    return web.Response(body=_array(resources), content_type="application/json", charset="utf-8")


async def _array(resources: Iterable[object]) -> AsyncIterator[bytes]:
    chunk = bytearray(b"[")
    separator = b""
    for resource in resources:
        chunk += separator
        chunk += _encoder.encode(resource)
        separator = b","
        if len(chunk) >= CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    chunk += b"]"
    yield bytes(chunk)


class _Collector:
    """Stands in for a connection, to have the body of an answer that is made while it is sent."""

    def __init__(self) -> None:
        self.body = bytearray()

    async def write(self, chunk: bytes) -> None:
        self.body += chunk


async def whole(response: web.StreamResponse) -> web.Response:
    """The same answer with its body as bytes; one that is made while it is sent is made now."""
    assert isinstance(response, web.Response)
    body = response.body
    if body is None or isinstance(body, bytes | bytearray):
        return response
    collector = _Collector()
    await body.write(collector)  # type: ignore[arg-type]  # it only writes
    return web.Response(
        body=bytes(collector.body), status=response.status, content_type=response.content_type, charset="utf-8"
    )


def lean(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None, as the Arrs send it."""
    return {name: value for name, value in resource.items() if value is not None}


def text(content: str, status: int = 200) -> web.Response:
    """Plain text."""
    return web.Response(text=content, status=status)
