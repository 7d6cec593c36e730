"""Every error becomes the same envelope: `{"error", "code", "details"?}`, with its HTTP status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web
from msgspec import Struct

from control.web import answers
from qbitrr import logs
from qbitrr.config.dotted_keys import UNKNOWN
from qbitrr.errors import ConfigError, QbitrrError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from control.context import Faults

_log = logs.get(__name__)

_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE"}
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "60"}, 503: {"Retry-After": "1"}}


class Envelope(Struct, frozen=True, omit_defaults=True):
    """How every error is answered: a sentence, a word for programs, and what else is known of it.

    `success` is false where an answer says so too.
    """

    error: str
    code: str
    details: dict[str, Any] | None = None
    success: Literal[False] | None = None


_UNEXPECTED = Envelope(f"Internal server error; {logs.WEB_FILE} says more", QbitrrError.code)


def answer(error: Exception, request: web.Request, faults: Faults) -> web.Response:
    """The answer to an exception. What nobody expected is counted, and told to the log only."""
    match error:
        case ConfigError():
            found = {problem.key: f"found {problem.found}; allowed: {problem.allowed}" for problem in error.problems}
            return _answer(error.status, Envelope(_first_problem(error), error.code, found, success=False))
        case QbitrrError():
            if error.status >= 500:
                _log.warning("request failed", path=request.path, code=error.code, error=str(error))
            details = dict(error.details) if error.details else None
            return _answer(error.status, Envelope(str(error), error.code, details))
        case web.HTTPException():
            code = _CODES.get(error.status, "BAD_REQUEST")
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return _answer(error.status, Envelope(_sentence(error, request), code), allow)
        case _:
            faults.count += 1
            _log.error("request broke off", path=request.path, exc_info=error)
            return _answer(500, _UNEXPECTED)


def unreadable(status: int) -> web.Response:
    """The answer to what is no HTTP request, or has a head without bounds."""
    if status >= 500:
        return _answer(status, _UNEXPECTED)
    return _answer(
        status, Envelope("The request cannot be read: it is not HTTP, or its head is too large", "BAD_REQUEST")
    )


def _answer(status: int, envelope: Envelope, headers: Mapping[str, str] | None = None) -> web.Response:
    return answers.json(envelope, status, {**_HEADERS.get(status, {}), **(headers or {})})


def _first_problem(error: ConfigError) -> str:
    unknown = [problem.key for problem in error.problems if problem.found == UNKNOWN]
    return f"Invalid configuration key: {', '.join(unknown)}" if unknown else f"Invalid configuration: {error}"


def _sentence(error: web.HTTPException, request: web.Request) -> str:
    match error.status:
        case 404:
            return f"Nothing is at {request.path}"
        case 405:
            return f"{request.method} is not possible at {request.path}"
        case 413:
            return "The body is too large"
        case _:
            return error.reason
