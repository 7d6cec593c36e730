"""HttpClient: one remote service with time limits, bounded retries, typed answers and named errors.

Redirects are not followed: a key must not be sent to a host that is not configured.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import aiohttp
import msgspec

from qbitrr.backoff import Backoff
from qbitrr.config.redact import redact_url
from qbitrr.errors import (
    CredentialsRejectedError,
    GoneError,
    RefusedError,
    ThrottledError,
    UnexpectedAnswerError,
    UnreachableError,
)
from qbitrr.http import counters, progress
from qbitrr.http.json_array import ArrayDecoder
from qbitrr.http.websocket import LONGEST_MESSAGE_BYTES, Websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
    from types import TracebackType
    from typing import Self

T = TypeVar("T")
Query = bool | int | str | list[int] | None
Form = Mapping[str, "str | bytes"]
"""Fields of a form; bytes are sent as a file."""

_CHUNK_BYTES = 1 << 16
_LONGEST_ANSWER_BYTES = 256 << 20  # of an answer that is buffered whole; longer ones are split as they arrive
_DEFAULT_RETRY_AFTER_SECONDS = 60.0
_LONGEST_RETRY_AFTER_SECONDS = 86400.0  # a limit of a day is over then; a mistake is not waited for
_CLOSE_SECONDS = 0.5  # wait for the other end of a websocket when it is closed


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits of one service, and the number of attempts after transport errors."""

    connect_seconds: float = 5.0
    silence_seconds: float = 30.0  # within an answer, and before all but lists
    attempts: int = 3
    answer_seconds: float = 120.0  # one answer that is buffered whole
    first_byte_seconds: float = 600.0  # before a list, which the service computes as a whole
    stream_seconds: float = 1800.0  # one list, split as it arrives
    backoff: Backoff = field(default_factory=lambda: Backoff(first_seconds=0.2, limit_seconds=2.0))


class HttpClient:
    """A connection pool to one service, named as its section in the configuration.

    Only transport errors are retried; a request that changes something, and a list, only when it was never sent.
    `clock_ahead_seconds` is by how much its clock was ahead of this machine's in its latest answer (RFC 9110, Date).
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        verify_tls: bool = True,
        keep_cookies: bool = False,
        timeouts: Timeouts | None = None,
        longest_answer_bytes: int = _LONGEST_ANSWER_BYTES,
    ) -> None:
        self.service = service
        self.clock_ahead_seconds = 0.0
        self._base_url = base_url.rstrip("/")
        self._timeouts = timeouts or Timeouts()
        self._longest_answer_bytes = longest_answer_bytes
        # unsafe=True accepts cookies from IP addresses, where most qBittorrents live
        jar = aiohttp.CookieJar(unsafe=True) if keep_cookies else aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(
            headers={"Accept": "application/json", **(headers or {})},
            cookie_jar=jar,
            connector=aiohttp.TCPConnector(limit=8, ssl=verify_tls),
            trace_configs=[self._no_redirects()],
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        await self._session.close()

    async def get(self, path: str, answer: type[T], **query: Query) -> T:
        """GET and decode. Raises a ServiceError."""
        _, body = await self.send("GET", path, query=query)
        return self.decode(body, answer, f"GET {path}")

    async def post(self, path: str, answer: type[T], body: object) -> T:
        """POST JSON and decode the answer. Raises a ServiceError."""
        _, data = await self.send("POST", path, json=body)
        return self.decode(data, answer, f"POST {path}")

    async def delete(self, path: str, **query: Query) -> None:
        """DELETE, without decoding an answer. Raises a ServiceError."""
        await self.send("DELETE", path, query=query)

    async def items(self, path: str, item: type[T], **query: Query) -> AsyncIterator[list[T]]:
        """GET a JSON array and decode its objects as they arrive, some at a time. Raises a ServiceError.

        The first byte of a long list may take minutes: it is asked for once. Half an answer is an error, never a short
        list.
        """
        array: ArrayDecoder[T] = ArrayDecoder(_decoder(list[item]), self._longest_answer_bytes)  # type: ignore[valid-type]
        what = f"GET {path}"
        started_at = time.monotonic()
        async with self._list(path, query) as response:
            counters.of_process.first_byte_seconds[path] = time.monotonic() - started_at
            _raise_for_status(self.service, what, response.status, response.headers)
            try:
                while chunk := await self._chunk(response):
                    progress.report()
                    if found := array.feed(chunk):
                        yield found
                if found := array.end():
                    yield found
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise UnexpectedAnswerError(self.service, f"{what}: {error}") from error
            except (aiohttp.ClientError, TimeoutError) as error:
                raise self._unreachable(what, error) from error

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Query] | None = None,
        json: object = None,
        form: Form | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> tuple[int, bytes]:
        """Make one call; returns status and body for 2xx and the statuses in `accept`. Else raises a ServiceError."""
        what = f"{method} {path}"
        async with self._answer(method, path, query=query, json=json, form=form) as response:
            if response.status not in accept:
                _raise_for_status(self.service, what, response.status, response.headers)
            try:
                return response.status, await self._read(response, what)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise self._unreachable(what, error) from error

    @contextlib.asynccontextmanager
    async def websocket(self, path: str) -> AsyncIterator[Websocket]:
        """Open a websocket for the block. Raises a ServiceError when it cannot be opened."""
        what = f"websocket {path}"
        seconds = self._timeouts.connect_seconds + self._timeouts.silence_seconds
        try:
            with counters.timed(counters.of_process.calls, self.service):
                async with asyncio.timeout(seconds):
                    socket = await self._session.ws_connect(
                        f"{self._base_url}/{path}",
                        max_msg_size=LONGEST_MESSAGE_BYTES,
                        timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
                    )
        except aiohttp.WSServerHandshakeError as error:
            _raise_for_status(self.service, what, error.status, error.headers or {})
            raise UnexpectedAnswerError(self.service, f"{what}: no websocket is offered there") from error
        except aiohttp.InvalidURL as error:
            raise UnreachableError(self.service, f"{what}: the address is not valid") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._unreachable(what, error) from error
        try:
            yield Websocket(self.service, what, socket)
        finally:
            await socket.close()

    def _no_redirects(self) -> aiohttp.TraceConfig:
        """A hook that refuses redirects of a websocket, for which aiohttp has no option."""

        async def refuse(_session: object, _context: object, redirect: aiohttp.TraceRequestRedirectParams) -> None:
            redirect.response.close()
            _raise_for_status(self.service, "websocket", redirect.response.status, redirect.response.headers)

        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(refuse)
        return trace

    @contextlib.asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Query] | None = None,
        json: object = None,
        form: Form | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        limits = aiohttp.ClientTimeout(
            total=self._timeouts.answer_seconds,
            sock_connect=self._timeouts.connect_seconds,
            sock_read=self._timeouts.silence_seconds,
        )
        body = None if json is None else msgspec.json.encode(json)
        headers = None if json is None else {"Content-Type": "application/json"}

        async def send() -> aiohttp.ClientResponse:
            return await self._session.request(
                method,
                f"{self._base_url}/{path}",
                params=_parameters(query),
                data=_form_data(form) if form is not None else body,
                headers=headers,
                timeout=limits,
                allow_redirects=False,
            )

        async with self._response(f"{method} {path}", send, repeatable=method == "GET") as response:
            yield response

    @contextlib.asynccontextmanager
    async def _list(self, path: str, query: Mapping[str, Query]) -> AsyncIterator[aiohttp.ClientResponse]:
        limits = aiohttp.ClientTimeout(
            total=self._timeouts.stream_seconds, sock_connect=self._timeouts.connect_seconds, sock_read=None
        )

        async def send() -> aiohttp.ClientResponse:
            async with asyncio.timeout(self._timeouts.first_byte_seconds):
                return await self._session.get(
                    f"{self._base_url}/{path}", params=_parameters(query), timeout=limits, allow_redirects=False
                )

        async with self._response(f"GET {path}", send, repeatable=False) as response:
            yield response

    async def _chunk(self, response: aiohttp.ClientResponse) -> bytes:
        """Read the next part of a list; empty at its end."""
        async with asyncio.timeout(self._timeouts.silence_seconds):
            return await response.content.read(_CHUNK_BYTES)

    @contextlib.asynccontextmanager
    async def _response(
        self, what: str, send: Callable[[], Awaitable[aiohttp.ClientResponse]], *, repeatable: bool
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open a response for the block. `repeatable`: it may be sent again although it may have arrived."""
        with counters.timed(counters.of_process.calls, self.service):
            response = await self._sent(what, send, repeatable=repeatable)
            self._compare_clocks(response.headers.get("Date", ""))
            try:
                yield response
            finally:
                response.release()

    def _compare_clocks(self, date: str) -> None:
        with contextlib.suppress(ValueError):  # none, or in another form
            self.clock_ahead_seconds = parsedate_to_datetime(date).timestamp() - time.time()

    async def _sent(
        self, what: str, send: Callable[[], Awaitable[aiohttp.ClientResponse]], *, repeatable: bool
    ) -> aiohttp.ClientResponse:
        for attempt in itertools.count(1):
            try:
                return await send()
            except aiohttp.InvalidURL as error:
                raise UnreachableError(self.service, f"{what}: the address is not valid") from error
            except (aiohttp.ClientError, TimeoutError) as error:
                never_sent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
                hopeless = isinstance(error, aiohttp.ClientSSLError)
                if hopeless or attempt >= self._timeouts.attempts or not (repeatable or never_sent):
                    raise self._unreachable(what, error) from error
            await asyncio.sleep(self._timeouts.backoff.seconds(attempt))
        raise AssertionError

    async def _read(self, response: aiohttp.ClientResponse, what: str) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            progress.report()
            if len(body) > self._longest_answer_bytes:
                raise UnexpectedAnswerError(self.service, f"{what}: the answer is too long")
        return bytes(body)

    def decode(self, body: bytes, answer: type[T], what: str) -> T:
        """Decode `body` into a typed value. Raises UnexpectedAnswerError that names what does not fit, and where."""
        try:
            value: T = _decoder(cast("Hashable", answer)).decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnexpectedAnswerError(self.service, f"{what}: {error}") from error
        return value

    def _unreachable(self, what: str, error: Exception) -> UnreachableError:
        if isinstance(error, aiohttp.ClientSSLError):
            reason = f"TLS: {error.os_error}"
        elif isinstance(error, TimeoutError):
            reason = "no answer in time"
        else:
            reason = str(error) or type(error).__name__
        return UnreachableError(self.service, f"{what}: {reason}")


def _form_data(form: Form) -> aiohttp.FormData:
    """Encode a form, for one request."""
    data = aiohttp.FormData()
    for name, value in form.items():
        if isinstance(value, bytes):
            data.add_field(name, value, filename=name, content_type="application/octet-stream")
        else:
            data.add_field(name, value)
    return data


def _parameters(query: Mapping[str, Query] | None) -> list[tuple[str, str]]:
    """Query values in the form of the Arrs: `true`, a repeated name for a list, nothing for None."""
    return [
        (name, str(one).lower() if isinstance(one, bool) else str(one))
        for name, value in (query or {}).items()
        for one in (value if isinstance(value, list) else [value])
        if one is not None
    ]


def _raise_for_status(service: str, what: str, status: int, headers: Mapping[str, str]) -> None:
    text = f"{what}: status {status}"
    if status < 300:
        return
    if status < 400:
        target = redact_url(headers.get("Location", "elsewhere").partition("?")[0])
        raise UnexpectedAnswerError(service, f"{text}, redirects to {target}; configure the final address")
    if status == 401:
        raise CredentialsRejectedError(service, f"{text}, the key or password is not accepted")
    if status == 404:
        raise GoneError(service, text)
    retry_after = headers.get("Retry-After", "")
    if status == 429 or (status == 503 and retry_after):
        given = retry_after.isascii() and retry_after.isdecimal()  # else a date, or nothing that makes sense
        seconds = float(retry_after) if given else _DEFAULT_RETRY_AFTER_SECONDS
        raise ThrottledError(service, text, min(seconds, _LONGEST_RETRY_AFTER_SECONDS))
    raise RefusedError(service, text, status)


@lru_cache(maxsize=128)
def _decoder(answer: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(answer)
