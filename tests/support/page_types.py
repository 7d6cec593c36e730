"""The answers of the HTTP interface as types for the scripts of the page, made from its OpenAPI description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from control import openapi
from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES

FILE = Path(__file__).parents[2] / "packaging" / "page" / "types" / "answers.d.ts"
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def render() -> str:
    """Every answer, and every struct in it, as an exported type."""
    document = msgspec.json.decode(openapi.document(ROUTES, INSIDE_ROUTES, OPEN_ROUTES))
    schemas = document["components"]["schemas"]
    lines = ["// Made from the OpenAPI description by tests/support/page_types.py."]
    lines += [f"export type {name} = {_type(schema)};" for name, schema in sorted(schemas.items())]
    return "\n".join(lines) + "\n"


def write() -> Path:
    """Write the types where `tsc` finds them."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(render())
    return FILE


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[-1]
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(msgspec.json.encode(value).decode() for value in schema["enum"])
    kind = schema.get("type", "")
    made = {"object": _object, "array": _array}.get(kind)
    return made(schema) if made else _PLAIN.get(kind, "any")


def _object(schema: dict[str, Any]) -> str:
    if "properties" not in schema:
        values = schema.get("additionalProperties")
        return f"Record<string, {_type(values) if isinstance(values, dict) else 'any'}>"
    required = schema.get("required", [])
    fields = (f"{name}{'' if name in required else '?'}: {_type(one)}" for name, one in schema["properties"].items())
    return "{ " + "; ".join(fields) + " }"


def _array(schema: dict[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(one) for one in schema['prefixItems'])}]"
    items = schema.get("items")
    return f"({_type(items) if isinstance(items, dict) else 'any'})[]"
