"""Holds every request to a stand-in and every answer of it against the official description."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web
from openapi_core.contrib.aiohttp import AIOHTTPOpenAPIWebRequest, AIOHTTPOpenAPIWebResponse

from qbitrr.sandbox.services.answers import whole
from qbitrr.sandbox.services.stand_in import KIND
from tests.contract import official

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.typedefs import Handler
    from openapi_core import OpenAPI

# One object costs about 5 ms: of a long list only those at both ends are judged.
JUDGED_OBJECTS = 20


class Judge:
    """An aiohttp middleware for a Sandbox. It changes nothing; what does not fit is added to `violations`.

    `routes` are the kind, method and path of what was judged, such as `("radarr", "GET", "/api/v3/movie/{id}")`.
    Requests to applications that publish no description pass unjudged, and so does the push channel, of which
    there is none.
    """

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.routes: set[tuple[str, str, str]] = set()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Judge on the way in and on the way out."""
        kind = request.app[KIND]
        if kind not in official.FILES or request.path.startswith("/signalr/"):
            return await handler(request)
        description = official.description(kind)
        asked = AIOHTTPOpenAPIWebRequest(request, body=await request.read())
        self._note(request, "asked", description.iter_request_errors(asked))
        self._note(request, "asked", _undeclared_parameters(kind, request))
        response = await whole(await handler(request))
        self._note(request, f"answered {response.status}", _answer_errors(description, asked, response))
        self.routes.add((kind, request.method, _path(request)))
        return response

    def _note(self, request: web.Request, what: str, errors: Iterable[Any]) -> None:
        for error in errors:
            cause = error.__cause__ or error
            reasons = getattr(cause, "schema_errors", None) or [cause]
            details = "; ".join(_described(reason) for reason in reasons)
            self.violations.append(f"{request.app[KIND]} {request.method} {request.path_qs} {what}: {details}")


def _answer_errors(description: OpenAPI, asked: AIOHTTPOpenAPIWebRequest, response: web.Response) -> Iterable[Any]:
    body = (
        None if response.content_type.startswith("image/") else _shortened(response.body)
    )  # pictures are not described
    judged = web.Response(body=body, status=response.status, headers=response.headers)
    return description.iter_response_errors(asked, AIOHTTPOpenAPIWebResponse(judged))


def _shortened(body: Any) -> Any:
    answer = json.loads(body) if body else None
    if isinstance(answer, list) and len(answer) > JUDGED_OBJECTS:
        half = JUDGED_OBJECTS // 2
        return json.dumps(answer[:half] + answer[-half:]).encode()
    return body


def _undeclared_parameters(kind: str, request: web.Request) -> list[ValueError]:
    """Find misspelt parameters, which the applications ignore."""
    operation = official.document(kind)["paths"].get(_path(request), {}).get(request.method.lower(), {})
    declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    return [ValueError(f"no query parameter {name!r}") for name in sorted(set(request.query) - declared - {"apikey"})]


def _path(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else request.path


def _described(reason: Any) -> str:
    where = "/".join(map(str, getattr(reason, "absolute_path", ())))
    return f"{where}: {getattr(reason, 'message', reason)}" if where else str(getattr(reason, "message", reason))
