"""Constraint: why a value does not fit, in the words of this interface instead of those of msgspec. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import inspect

if TYPE_CHECKING:
    from collections.abc import Iterator

    import msgspec

MUST = "must"
"""Key in `Meta(extra=…)` with the constraint of a text that has a pattern: "Must be the id of an action"."""

_KINDS = {
    "int": "an integer",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_PARTS = {"str": "characters", "array": "entries", "object": "entries"}
_BOUNDS = {">=": "at least", "<=": "at most"}
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_KIND = re.compile(r"Expected `(?P<kinds>[^`]+)`, got `[^`]+`")
_BOUND = re.compile(r"Expected `(?:int|float)` (?P<bound>>=|<=) (?P<number>\S+)")
_LENGTH = re.compile(r"Expected `(?P<kind>str|array|object)` of length (?P<bound>>=|<=) (?P<number>\d+)")


class Misfit(NamedTuple):
    """What does not fit: the path of the parameter, empty when it is the whole, and the constraint that it violates."""

    parameter: str
    constraint: str


def misfit(error: msgspec.ValidationError, request: type[Any]) -> Misfit:
    """Say what does not fit into a request."""
    said, _, where = str(error).partition(" - at `$.")
    if found := _MISSING.fullmatch(said):
        return Misfit(found["name"], "Must be given")
    parameter = where.rstrip("`")
    return Misfit(parameter, _constraint(said, list(_types(parameter, request))))


def _constraint(said: str, types: list[inspect.Type]) -> str:
    if found := _KIND.fullmatch(said):
        kinds = [_KINDS.get(kind, kind) for kind in found["kinds"].split(" | ")]
        return f"Must be {' or '.join(kinds)}"
    if found := _BOUND.fullmatch(said):
        return f"Must be {_BOUNDS[found['bound']]} {found['number']}"
    if found := _LENGTH.fullmatch(said):
        return f"Must have {_BOUNDS[found['bound']]} {found['number']} {_PARTS[found['kind']]}"
    if said.startswith("Invalid enum value"):
        return f"Must be one of {', '.join(str(one) for kind in types for one in _choices(kind))}"
    musts = (kind.extra.get(MUST) for kind in types if isinstance(kind, inspect.Metadata) and kind.extra)
    return next((must for must in musts if must), said)


def _choices(kind: inspect.Type) -> tuple[object, ...]:
    return kind.values if isinstance(kind, inspect.LiteralType) else ()


def _types(parameter: str, request: type[Any]) -> Iterator[inspect.Type]:
    """The types of a parameter, the outer ones first: what is in a list or an object is of its type too."""
    described = inspect.type_info(request)
    assert isinstance(described, inspect.StructType)
    name = re.split(r"[.\[]", parameter)[0]
    waiting = [field.type for field in described.fields if field.encode_name == name]
    while waiting:
        kind = waiting.pop()
        yield kind
        match kind:
            case inspect.Metadata():
                waiting.append(kind.type)
            case inspect.UnionType():
                waiting += kind.types
            case inspect.ListType():
                waiting.append(kind.item_type)
