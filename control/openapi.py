"""OpenAPI 3.1 document of the table of routes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import msgspec

from control.binding import path_parameters
from control.web.errors import Envelope
from qbitrr import __version__
from qbitrr.errors import (
    BadRequestError,
    ForbiddenError,
    OverloadedError,
    TooManyAttemptsError,
    TooManyRequestsError,
    UnauthorizedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from control.binding import Route
    from qbitrr.errors import QbitrrError

    Schema = dict[str, Any]

_TOKEN: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}]
_ACCESS = {"/api": _TOKEN, "/web": [{}, *_TOKEN], "": [{}]}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "WebUI.Token of the configuration."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Token", "description": "The same token."},
}
_ABOUT = (
    "Everything below /api needs the token. Below /web private networks may read without it, unless WebUI.WebAccess"
    " says otherwise, and do what loses nothing; changes need it, or the daemon's own user on the same machine."
)


def document(routes: Sequence[Route], inside_routes: Sequence[Route], open_routes: Sequence[Route]) -> bytes:
    """Encode the document as JSON: `routes` below both prefixes, the others outside of them."""
    all_routes = [*routes, *inside_routes, *open_routes]
    types, components = _schemas(all_routes)
    paths: dict[str, dict[str, Schema]] = {}
    tables = (("/api", "/api", routes), ("/web", "/web", routes), ("", "/web", inside_routes), ("", "", open_routes))
    for prefix, access, table in tables:
        for route in table:
            operation = _operation(route, prefix, access, types, components)
            paths.setdefault(prefix + route.path, {})[route.method.lower()] = operation
    requests = {route.request.__name__ for route in all_routes}
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "qbitrr", "version": __version__, "description": _ABOUT},
            "paths": paths,
            "components": {
                "schemas": {name: schema for name, schema in components.items() if name not in requests},
                "securitySchemes": _SCHEMES,
            },
        }
    )


def _schemas(routes: Iterable[Route]) -> tuple[dict[Any, Schema], dict[str, Schema]]:
    """Return the schema of each request and answer, and the components that the schemas refer to."""
    types = {Envelope, *(kind for route in routes for kind in (route.request, route.answer))}
    ordered = sorted(types, key=repr)
    schemas, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    return dict(zip(ordered, schemas, strict=True)), components


def _operation(
    route: Route, prefix: str, access: str, types: dict[Any, Schema], components: dict[str, Schema]
) -> Schema:
    summary, _, description = (inspect.getdoc(route.handler) or "").partition("\n\n")
    resource = route.handler.__module__.rpartition(".")[2]
    request = components[route.request.__name__]
    parameters = described_parameters(route, request)
    errors = [*route.errors, ForbiddenError, *([UnauthorizedError, TooManyAttemptsError] if access else [])]
    if access or route.method == "POST":
        errors.append(OverloadedError)
    operation: Schema = {
        "operationId": "_".join(filter(None, (prefix.strip("/"), resource, route.handler.__name__))),
        "summary": summary,
        "description": description.replace("\n", " "),
        "tags": [resource],
        "security": _ACCESS[access],
        "parameters": parameters,
    }
    if route.method == "POST":
        in_path = path_parameters(route.path)
        elsewhere = {name: schema for name, schema in request["properties"].items() if name not in in_path}
        required = [name for name in request.get("required", ()) if name in elsewhere]
        body = {"type": "object", "properties": elsewhere, "required": required}
        operation["requestBody"] = {"required": bool(required), "content": _content(body)}
        errors.append(BadRequestError)
        if access == "/web":
            errors.append(TooManyRequestsError)
    elif any(parameter["in"] == "query" for parameter in parameters):
        errors.append(BadRequestError)
    meanings = _meanings(errors)
    if route.method == "POST":
        meanings["413"] = ["The body is larger than 1 MiB."]
    operation["responses"] = {
        "200": {"description": "Done.", "content": _content(types[route.answer], route.media)},
        **({"202": {"description": "It is a notification, which has no answer."}} if route.accepts else {}),
        **({"304": {"description": "The answer that the client has is still valid."}} if route.revalidated else {}),
        **{
            status: {"description": " ".join(texts), "content": _content(types[Envelope])}
            for status, texts in sorted(meanings.items())
        },
    }
    return operation


def described_parameters(route: Route, request: Schema) -> list[Schema]:
    """Describe the parameters of path and query by the schema of the request: `name`, `in`, `required`, `schema`."""
    in_path = path_parameters(route.path)
    parameters = [_parameter(name, "path", request["properties"][name]) for name in in_path]
    if route.method == "POST":
        return parameters
    required = request.get("required", ())
    return parameters + [
        {**_parameter(name, "query", schema), "required": name in required}
        for name, schema in request["properties"].items()
        if name not in in_path
    ]


def _parameter(name: str, where: str, schema: Schema) -> Schema:
    described = {key: value for key, value in schema.items() if key != "description"}
    if "anyOf" in described:  # None is what an omitted parameter becomes; it cannot be sent
        described = next(one for one in described["anyOf"] if one != {"type": "null"})
    parameter = {"name": name, "in": where, "required": where == "path", "schema": described}
    return {**parameter, "description": schema["description"]} if "description" in schema else parameter


def _meanings(errors: Iterable[type[QbitrrError]]) -> dict[str, list[str]]:
    """Return what each status of an error can mean."""
    meanings: dict[str, list[str]] = {}
    for error in errors:
        what = (error.__doc__ or "").partition("\n")[0]
        meanings.setdefault(str(error.status), []).append(f"`{error.code}`: {what}")
    return meanings


def _content(schema: Schema, media: str = "application/json") -> Schema:
    return {media: {"schema": schema}}
