"""From an HTTP request to a typed value, and from a typed answer to bytes.

A request is described by a struct. Its fields that are named in the path come from there; the others come from the
query of a GET, or from the JSON body of a POST. `Meta(extra={"lowest": …, "highest": …})` clamps an integer, `Meta`'s
own limits refuse it.
"""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from aiohttp import web
from msgspec import inspect

from control.web import answers
from qbitrr.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp.typedefs import Handler

    from control.auth.access import Admit
    from control.context import HandlerContext
    from control.routes import Route

    Reader = Callable[[web.Request], Awaitable[Any]]
    Parse = Callable[[str, str], Any]  # name and text of a parameter

T = TypeVar("T")

BODY_SECONDS = 30.0  # the longest a client may take to send a body
_LARGEST = 2**53 - 1  # what every JSON reader can tell from its neighbours
_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
_FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_PATH_PARAMETER = re.compile(r"{(\w+)")

_body = msgspec.json.Decoder(dict[str, Any])


def path_parameters(path: str) -> list[str]:
    """The names in a path such as `/logs/{name}`."""
    return _PATH_PARAMETER.findall(path)


def bind(route: Route, context: HandlerContext, admit: Admit) -> Handler:
    """The aiohttp handler of a route. It raises UnauthorizedError, BadRequestError and what the route raises."""
    read = _body_reader(route.request) if route.method == "POST" else _query_reader(route.request, route.path)
    answer, pages = route.handler, context.pages

    async def handle(request: web.Request) -> web.StreamResponse:
        admit(request)
        wanted = await read(request)
        if route.revalidated:
            make = partial(answer, context, wanted)
            return answers.revalidated(await pages.answer((route.path, wanted), id(context.loaded), make), request)
        found = await (answer(context, wanted, request) if route.http else answer(context, wanted))
        if isinstance(found, web.StreamResponse):
            return found
        return answers.json(found)

    return handle


# -- query --------------------------------------------------------------------------------------------------------


def _query_reader(request_type: type[T], path: str) -> Reader:
    parsers = query_parsers(request_type, path)
    fields = msgspec.structs.fields(cast("type[msgspec.Struct]", request_type))
    needed = [info.name for info in fields if info.required and info.name in parsers]

    async def read(request: web.Request) -> T:
        if not parsers:
            return request_type(**request.match_info)
        found = parse(parsers, request.query)
        for name in needed:
            if name not in found:
                raise invalid(name, None, "Must be given")
        return request_type(**request.match_info, **found)

    return read


def query_parsers(request_type: type[Any], path: str) -> dict[str, Parse]:
    """How each parameter of the query is read. Raises TypeError for a type that cannot stand in a query."""
    described = inspect.type_info(request_type)
    assert isinstance(described, inspect.StructType)
    in_path = path_parameters(path)
    return {field.name: _parser(field.type) for field in described.fields if field.name not in in_path}


def parse(parsers: Mapping[str, Parse], query: Mapping[str, str]) -> dict[str, Any]:
    """The parameters that are there; unknown ones are ignored. Raises BadRequestError."""
    found = {name: read(name, query[name]) for name, read in parsers.items() if name in query}
    return {name: value for name, value in found.items() if value is not None}


def _parser(kind: inspect.Type, extra: Mapping[str, int] | None = None) -> Parse:
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


def _integer_parser(kind: inspect.IntType, clamp: Mapping[str, int]) -> Parse:
    lowest, highest = clamp.get("lowest", -_LARGEST), clamp.get("highest", _LARGEST)

    def read(name: str, text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise invalid(name, text, "Must be an integer")
        number = int(text)
        if kind.ge is not None and number < kind.ge:
            raise invalid(name, number, f"Must be at least {kind.ge}")
        return min(max(number, lowest), highest)

    return read


# -- body ---------------------------------------------------------------------------------------------------------


def _body_reader(request_type: type[T]) -> Reader:
    async def read(request: web.Request) -> T:
        return convert({**decode(await _receive(request)), **request.match_info}, request_type)

    return read


async def _receive(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise BadRequestError(f"The body did not arrive within {BODY_SECONDS:.0f} seconds") from None
    except (web.RequestPayloadError, ConnectionError):  # badly packed, or the client has gone
        raise BadRequestError("The body cannot be read") from None


def decode(body: bytes) -> dict[str, Any]:
    """A body as a JSON object; no body is an empty one. Raises BadRequestError."""
    if not body.strip():
        return {}
    try:
        return _body.decode(body)
    except (ValueError, RecursionError):  # not JSON, not an object, not UTF-8, nested without end
        raise BadRequestError("The body must be a JSON object") from None


def convert(values: Mapping[str, Any], request_type: type[T]) -> T:
    """Path and body as the request. Raises BadRequestError that names what does not fit."""
    try:
        return msgspec.convert(values, request_type)
    except msgspec.ValidationError as error:
        constraint, _, where = str(error).partition(" - at `$.")
        parameter = where.rstrip("`")
        details = {"parameter": parameter, "constraint": constraint} if parameter else {"constraint": constraint}
        raise BadRequestError(f"Invalid body: {error}", details) from None


def invalid(parameter: str, value: object, constraint: str) -> BadRequestError:
    """A parameter that cannot be used, as the error to raise."""
    text = f"Invalid parameter: {parameter} {constraint[0].lower()}{constraint[1:]}"
    return BadRequestError(text, {"parameter": parameter, "value": value, "constraint": constraint})
