"""The model as data, for forms: every key with its form, unit, default, limits and what it is for. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qbitrr.config.messages import allowed
from qbitrr.config.model import Arr, Notifications, Prowlarr, QBit, Settings, WebUI
from qbitrr.config.model.key import ArrKind, Change, Form, keys_of
from qbitrr.config.values import write_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbitrr.config.model.key import Key, Table


class KeySchema(Struct, frozen=True, rename="camel"):
    """One key by its dotted name within the section.

    `default` is as in the file, `limits` say in words what is allowed, `minimum` and `maximum` are in the unit of
    seconds, bytes or whatever a plain number counts. `many`: a list of such values. `change` is what a change needs.
    `kinds` are the Arrs for which it has a meaning. `rows`: the keys of each row, of a key with the form rows.
    """

    name: str
    form: Form
    many: bool
    about: str
    limits: str
    default: Any
    choices: tuple[str | int, ...]
    minimum: float | None
    maximum: float | None
    secret: bool
    fill_in: bool
    change: Change
    kinds: tuple[ArrKind, ...]
    rows: tuple[KeySchema, ...] = ()


SECTIONS: dict[str, type[Table]] = {
    "Settings": Settings,
    "WebUI": WebUI,
    "Notifications": Notifications,
    "Prowlarr": Prowlarr,
    "qBit": QBit,
    "Arr": Arr,
}
"""The model of each section, where `qBit` and `Arr` are every section of that kind."""


def schema() -> dict[str, tuple[KeySchema, ...]]:
    """Describe the keys of every section, in the order of the model."""
    return {name: tuple(_keys(table, "")) for name, table in SECTIONS.items()}


def _keys(table: type[Table], prefix: str) -> Iterator[KeySchema]:
    for key in keys_of(table):
        if key.table is None:
            yield _one(key, prefix)
        elif key.form == "rows":
            yield _one(key, prefix, tuple(_keys(key.table, "")))
        else:
            yield from _keys(key.table, prefix if key.form == "inline" else f"{prefix}{key.name}.")


def _one(key: Key, prefix: str, rows: tuple[KeySchema, ...] = ()) -> KeySchema:
    return KeySchema(
        name=prefix + key.name,
        form=key.form,
        many=key.many,
        about=key.why,
        limits="" if rows else allowed(key),
        default=[] if rows else write_value(key, key.default),
        choices=key.choices,
        minimum=key.minimum,
        maximum=key.maximum,
        secret=key.secret,
        fill_in=key.fill_in,
        change=key.change,
        kinds=key.kinds,
        rows=rows,
    )
