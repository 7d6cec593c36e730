"""Error answers: one envelope, `{"error", "code", "details"?}`, with the HTTP status of the error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web
from msgspec import Struct

from control.web import answers
from qbitrr import logs
from qbitrr.errors import BadRequestError, ConfigError, OverloadedError, QbitrrError

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logs.get(__name__)

_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE", 417: "EXPECTATION_FAILED"}
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "60"}, 503: {"Retry-After": "1"}}


class Envelope(Struct, frozen=True, omit_defaults=True):
    """How every error is answered: a sentence, a code for programs, and what else is known of it.

    `success` is false for what cannot be configured, as in the answer to a change that was made.
    """

    error: str
    code: str
    details: dict[str, Any] | None = None
    success: Literal[False] | None = None


_UNEXPECTED = Envelope(f"Internal server error; {logs.WEB_FILE} says more", QbitrrError.code)


@dataclass(slots=True)
class Faults:
    """The number of requests that failed unexpectedly."""

    count: int = 0


def invalid(parameter: str, value: object, constraint: str) -> BadRequestError:
    """Make the error for a parameter whose value violates a constraint."""
    return BadRequestError(
        _violation(parameter, constraint), {"parameter": parameter, "value": value, "constraint": constraint}
    )


def unfit(parameter: str, constraint: str) -> BadRequestError:
    """Make the error for a part of a body, or all of it, that violates a constraint. It is not repeated."""
    if not parameter:
        return BadRequestError(f"Invalid body: {constraint}", {"constraint": constraint})
    return BadRequestError(_violation(parameter, constraint), {"parameter": parameter, "constraint": constraint})


def _violation(parameter: str, constraint: str) -> str:
    return f"Invalid parameter: {parameter} {constraint[0].lower()}{constraint[1:]}"


def answer(error: Exception, request: web.Request, faults: Faults) -> web.Response:
    """Answer an exception. An unexpected one is counted and logged; its text is not sent."""
    match error:
        case QbitrrError():
            if error.status >= 500:
                _log.warning("request failed", path=request.path, code=error.code, error=str(error))
            details = dict(error.details) if error.details else None
            success: Literal[False] | None = False if isinstance(error, ConfigError) else None
            return _answer(error.status, Envelope(_readable(error.summary), error.code, details, success))
        case web.HTTPException():
            return of_http(error, request)
        case _:
            faults.count += 1
            _log.error("request failed unexpectedly", path=request.path, exc_info=error)
            return _answer(500, _UNEXPECTED)


def of_http(error: web.HTTPException, request: web.BaseRequest) -> web.Response:
    """Answer an error that HTTP itself has."""
    code = _CODES.get(error.status, "BAD_REQUEST")
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return _answer(error.status, Envelope(_readable(_sentence(error, request)), code), allow)


def unreadable(status: int) -> web.Response:
    """Answer bytes that are no HTTP request, or a request whose head is too large."""
    if status >= 500:
        return _answer(status, _UNEXPECTED)
    return _answer(
        status, Envelope("The request cannot be read: it is not HTTP, or its head is too large", "BAD_REQUEST")
    )


def too_many_connections() -> web.Response:
    """Answer a request on a connection beyond the limits."""
    return _answer(503, Envelope("Too many connections; ask again in a moment", OverloadedError.code))


def _answer(status: int, envelope: Envelope, headers: Mapping[str, str] | None = None) -> web.Response:
    return answers.json(envelope, status, {**_HEADERS.get(status, {}), **(headers or {})})


def _readable(text: str) -> str:
    """A text with `?` in place of what is no UTF-8, as in a header that it repeats."""
    return text.encode(errors="replace").decode()


def _sentence(error: web.HTTPException, request: web.BaseRequest) -> str:
    match error.status:
        case 404:
            return f"Nothing is at {request.path}"
        case 405:
            return f"{request.method} is not possible at {request.path}"
        case 413:
            return "The body is too large"
        case 417:
            return f"Expect: {request.headers.get('Expect', '')} cannot be met; leave it out, or send 100-continue"
        case _:
            return error.reason
