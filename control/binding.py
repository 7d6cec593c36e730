"""Routes, and how an HTTP request becomes their typed request and a typed answer becomes bytes.

A request is described by a struct. Fields that are named in the path are read from there; the others from the query of
a GET, or from the JSON body of a POST. `Meta(extra={"lowest": …, "highest": …})` clamps an integer of a query to a
range: how many are asked for. The limits of `Meta` itself reject it: where another number would mean something else.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
from aiohttp import web
from msgspec import inspect

from control.auth import rights
from control.auth.roles import Author
from control.web import answers
from control.web.budget import client_of
from control.web.constraint import misfit
from control.web.errors import invalid, unfit
from qbitrr.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AbstractContextManager

    from aiohttp.typedefs import Handler as HttpHandler

    from control.auth.access import Admit
    from control.context import HandlerContext
    from control.web.read_queue import ReadQueue
    from qbitrr.errors import QbitrrError

    Reader = Callable[[web.Request], Awaitable[Any]]
    Parser = Callable[[str, str], Any]  # name and text of a parameter

Method = Literal["GET", "POST"]
Queue = Literal["files", "queries", "pictures"]
T = TypeVar("T")

AUTHOR: web.RequestKey[Author] = web.RequestKey("author", Author)
"""Where a handler finds the author of its request."""

BODY_SECONDS = 30.0  # how long a client may take to send a body
LARGEST_BODY_BYTES = 1 << 20
_SMALL_BODY_BYTES = 1 << 14  # of this size or less, a body is not counted
_DEEPEST = 32  # objects and arrays within each other
_MOST_VALUES = 10_000
LARGEST_INTEGER = 2**53 - 1  # the largest that every JSON reader keeps exactly
_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
_FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_PATH_PARAMETER = re.compile(r"{(\w+)")

_body_decoder = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `errors` are those that its handler raises, besides those of access and of binding.

    `http`: the handler receives the HTTP request too, and may return a response of the type `media`. `revalidated`: the
    answer is made from the state file and the configuration only, so that it is cached and a client may keep it.
    `queue`: making the answer costs work, and waits for its turn there. `accepts`: the handler returns None for what it
    only accepts, which is answered by 202 without a body. `tool`: the name under which an assistant calls it.
    """

    method: Method
    path: str
    handler: Callable[..., Awaitable[Any]]
    request: type[Any]
    answer: Any
    errors: tuple[type[QbitrrError], ...] = ()
    http: bool = False
    media: str = "application/json"
    revalidated: bool = False
    queue: Queue | None = None
    accepts: bool = False
    tool: str | None = None


def path_parameters(path: str) -> list[str]:
    """Return the names in a path such as `/logs/{name}`."""
    return _PATH_PARAMETER.findall(path)


def bind(route: Route, context: HandlerContext, admit: Admit) -> HttpHandler:
    """Make the aiohttp handler of a route. It raises what `admit`, reading the request and the handler raise.

    Raises KeyError for a route without an entry in the table of rights.
    """
    read = _body_reader(route.request, context) if route.method == "POST" else _query_reader(route)
    lists, audit = context.lists, context.audit
    needed = rights.ROUTES[f"{route.method} {route.path}"]

    async def handle(http: web.Request) -> web.StreamResponse:
        http[AUTHOR] = author = await admit(http, needed)
        request = await read(http)
        if route.revalidated:
            make = partial(answered, route, context, request, http)
            return answers.revalidated(await lists.answer((route.path, request), id(context.loaded), make), http)
        if needed.audited:
            async with audit.entry(author, f"{http.method} {http.path}", getattr(request, "subject", "")):
                answer = await answered(route, context, request, http)
        else:
            answer = await answered(route, context, request, http)
        if answer is None and route.accepts:
            return web.Response(status=202, headers=answers.SECURITY_HEADERS)
        return answer if route.http and isinstance(answer, web.StreamResponse) else answers.json(answer)

    return handle


async def answered(route: Route, context: HandlerContext, request: Any, http: web.Request) -> Any:
    """Return what the handler of a route answers, when its turn has come. Raises what the handler raises."""
    queue: ReadQueue | None = getattr(context, route.queue) if route.queue else None
    with_http = (http,) if route.http else ()
    if queue is None:
        return await route.handler(context, request, *with_http)
    async with queue.turn(client_of(http[AUTHOR].address)):
        return await route.handler(context, request, *with_http)


# -- query --------------------------------------------------------------------------------------------------------


def _query_reader(route: Route) -> Reader:
    if not msgspec.structs.fields(route.request):
        nothing = route.request()

        async def read_nothing(_request: web.Request) -> Any:
            return nothing

        return read_nothing
    bound = request_binder(route)

    async def read(request: web.Request) -> Any:
        return bound(request.match_info, request.query)

    return read


def request_binder(route: Route) -> Callable[[Mapping[str, str], Mapping[str, str]], Any]:
    """Make what binds the parameters of path and query to the request of a route. It raises BadRequestError."""
    parsers = query_parsers(route.request, route.path)
    required = [info.name for info in msgspec.structs.fields(route.request) if info.required and info.name in parsers]

    def bound(in_path: Mapping[str, str], query: Mapping[str, str]) -> Any:
        found = parse(parsers, query)
        for name in required:
            if name not in found:
                raise invalid(name, None, "Must be given")
        return route.request(**in_path, **found)

    return bound


def query_parsers(request_type: type[Any], path: str) -> dict[str, Parser]:
    """Make a parser for each parameter of the query. Raises TypeError for a type that a query cannot hold."""
    described = inspect.type_info(request_type)
    assert isinstance(described, inspect.StructType)
    in_path = path_parameters(path)
    return {field.name: _parser(field.type) for field in described.fields if field.name not in in_path}


def parse(parsers: Mapping[str, Parser], query: Mapping[str, str]) -> dict[str, Any]:
    """Parse the parameters that are present; unknown ones are ignored. Raises BadRequestError."""
    found = {name: read(name, query[name]) for name, read in parsers.items() if name in query}
    return {name: value for name, value in found.items() if value is not None}


def _parser(kind: inspect.Type, extra: Mapping[str, int] | None = None) -> Parser:
    match kind:
        case inspect.Metadata():
            return _parser(kind.type, kind.extra)
        case inspect.UnionType():
            (only,) = (part for part in kind.types if not isinstance(part, inspect.NoneType))
            return _parser(only, extra)
        case inspect.StrType():
            return lambda _, text: text
        case inspect.BoolType():
            return _flag
        case inspect.IntType():
            return _integer_parser(kind, extra or {})
    raise TypeError(f"{kind} cannot be read from a query")


def _flag(name: str, text: str) -> bool | None:
    if not text:
        return None
    try:
        return _FLAGS[text.lower()]
    except KeyError:
        raise invalid(name, text, "Must be true or false") from None


def _integer_parser(kind: inspect.IntType, clamp: Mapping[str, int]) -> Parser:
    lowest, highest = clamp.get("lowest"), clamp.get("highest")
    least = -LARGEST_INTEGER if kind.ge is None else kind.ge
    most = LARGEST_INTEGER if kind.le is None else kind.le

    def read(name: str, text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise invalid(name, text, "Must be an integer")
        number = int(text)
        number = number if lowest is None else max(number, lowest)
        number = number if highest is None else min(number, highest)
        if number < least:
            raise invalid(name, text, f"Must be at least {least}")
        if number > most:
            raise invalid(name, text, f"Must be at most {most}")
        return number

    return read


# -- body ---------------------------------------------------------------------------------------------------------


def _body_reader(request_type: type[T], context: HandlerContext) -> Reader:
    async def read(request: web.Request) -> T:
        with _counted(request, context):
            return convert({**decode(await _receive(request)), **request.match_info}, request_type)

    return read


def _counted(request: web.Request, context: HandlerContext) -> AbstractContextManager[None]:
    """Count the body of a request while it is read, unless it is small. Raises OverloadedError on entry."""
    size = request.content_length
    if size is None or "Content-Encoding" in request.headers:  # known when it has been read
        size = LARGEST_BODY_BYTES if request.can_read_body else 0
    if size <= _SMALL_BODY_BYTES:
        return nullcontext()
    return context.bodies.held(client_of(request[AUTHOR].address), min(size, LARGEST_BODY_BYTES))


async def _receive(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise BadRequestError(f"The body did not arrive within {BODY_SECONDS:.0f} seconds") from None
    except (web.RequestPayloadError, ConnectionError):  # badly compressed, or the client is gone
        raise BadRequestError("The body cannot be read") from None


def decode(body: bytes) -> dict[str, Any]:
    """Decode a body that holds a JSON object; an empty body is an empty object. Raises BadRequestError."""
    if not body.strip():
        return {}
    try:
        decoded = _body_decoder.decode(body)
    except (ValueError, RecursionError) as error:  # not JSON, not an object, not UTF-8, nested beyond what can be read
        beyond = str(error).startswith("Number out of range")
        text = "must not hold numbers beyond 1e308" if beyond else "must be a JSON object"
        raise BadRequestError(f"The body {text}") from None
    if sum(map(body.count, (b"[", b"{", b","))) > _DEEPEST:  # else it cannot be too much
        _check_extent(decoded)
    return decoded


def _check_extent(body: dict[str, Any]) -> None:
    """Check depth and number of the values in a body, without recursion. Raises BadRequestError."""
    level: list[Any] = [body]
    values = 0
    for _ in range(_DEEPEST):
        values += sum(map(len, level))
        if values > _MOST_VALUES:
            raise BadRequestError(f"The body must not hold more than {_MOST_VALUES} values")
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise BadRequestError(f"The body must not be nested deeper than {_DEEPEST} levels")


def convert(values: Mapping[str, Any], request_type: type[T]) -> T:
    """Convert path parameters and body to the request. Raises BadRequestError that names what does not fit."""
    try:
        return msgspec.convert(values, request_type)
    except msgspec.ValidationError as error:
        found = misfit(error, request_type)
        raise unfit(found.parameter, found.constraint) from None
