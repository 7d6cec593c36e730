"""Key: the description of one configuration key.

The model (`qbitrr.config.model`) is the only place where a key is described: its name in the file, type, default,
range or choices, unit, whether it is a secret, what a change of it needs, and one line on what it is for. Loading, the
example file, redaction, the settings page and the documentation all read it from there.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLACEHOLDER = "CHANGE_ME"
"""Value in a generated file where only the user knows the right one; compared in any case."""

ArrKind = Literal["radarr", "sonarr", "lidarr"]
ARR_KINDS: tuple[ArrKind, ...] = get_args(ArrKind)

Change = Literal["page", "live", "worker", "web", "daemon"]
"""What a change of a key needs.

page: nothing, only the web page reads it. live, worker: every worker whose part of the configuration it changes is
restarted. web: it counts for the next request. daemon: the whole daemon has to restart.
"""

Form = Literal[
    # tables
    "table",  # a table of its own
    "inline",  # keys that stand in the same table, grouped in the model
    "rows",  # an array of tables
    "mapping",  # a table of texts
    # texts; with a tuple as type: a list of them
    "text",  # anything, also empty
    "name",  # not empty
    "choice",
    "category",  # path-like, `parent/child`
    "url",  # http or https
    "server",  # host name or address, may have scheme and path
    "host",  # only the host of whatever address is given
    "network",  # address or CIDR
    "pattern",  # regular expression
    "extension",  # ".mkv"
    "own_url",  # http or https, of qbitrr itself: no secret is sent there
    "peer",  # http or https, of another daemon, with its name and a token in it
    "path_prefix",  # empty or "/qbitrr"
    "cron",
    "window",  # part of the day, or empty
    # the rest
    "flag",
    "integer",
    "number",
    "seconds",
    "minutes",
    "days",
    "size",
    "kilobytes",  # per second
]
"""How a key is written in the file; its internal form is the type of its attribute."""


class Table(msgspec.Struct, frozen=True, rename="pascal"):
    """A table of the file. Attributes are named in snake case; irregular key names are given one by one."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the model. `default`, `minimum` and `maximum` are internal values (seconds, bytes)."""

    name: str
    attribute: str
    form: Form
    why: str
    default: Any
    many: bool
    choices: tuple[str | int, ...]
    table: type[Table] | None
    change: Change = "live"
    minimum: float | None = None
    maximum: float | None = None
    secret: bool = False
    fill_in: bool = False
    kinds: tuple[ArrKind, ...] = ARR_KINDS
    meaning: Mapping[str, Any] = field(default_factory=dict)


def key(
    form: Form,
    why: str,
    *,
    change: Change = "live",
    ge: float | None = None,
    le: float | None = None,
    secret: bool = False,
    fill_in: bool = False,
    kinds: tuple[ArrKind, ...] = ARR_KINDS,
    meaning: Mapping[str, Any] | None = None,
) -> msgspec.Meta:
    """Describe a field of a `Table`, in its `Annotated`.

    `why` is one line for the user. `ge` and `le` bound the internal value. `fill_in` marks keys without a useful
    default, `kinds` the Arrs for which the key has a meaning. `meaning` maps further spellings, in lower case, to
    their value.
    """
    extra = {
        "form": form,
        "change": change,
        "secret": secret,
        "fill_in": fill_in,
        "kinds": kinds,
        "meaning": meaning or {},
    }
    return msgspec.Meta(description=why, ge=ge, le=le, extra=extra)


@cache
def keys_of(table: type[Table]) -> tuple[Key, ...]:
    """The keys of a table in the order of the model."""
    return tuple(_key_of(info) for info in msgspec.structs.fields(table) if get_origin(info.type) is Annotated)


def key_paths(table: type[Table]) -> Iterator[tuple[str, Key]]:
    """Every key of a table and of the tables in it, with its dotted name; rows are marked by `[]`."""
    for entry in keys_of(table):
        if entry.table is None:
            yield entry.name, entry
            continue
        prefix = {"inline": "", "rows": f"{entry.name}[]."}.get(entry.form, f"{entry.name}.")
        if entry.form == "rows":
            yield entry.name, entry
        for name, inner in key_paths(entry.table):
            yield prefix + name, inner


def _key_of(info: msgspec.structs.FieldInfo) -> Key:
    declared, meta = get_args(info.type)
    options = get_args(declared) if get_origin(declared) in (Union, types.UnionType) else (declared,)
    inside = next(option for option in options if option is not types.NoneType)
    many = get_origin(inside) is tuple
    item = get_args(inside)[0] if many else inside
    factory = info.default_factory
    return Key(
        name=info.encode_name,
        attribute=info.name,
        why=meta.description,
        default=info.default if factory is msgspec.NODEFAULT else factory(),
        many=many,
        choices=get_args(item) if get_origin(item) is Literal else (),
        table=item if isinstance(item, type) and issubclass(item, Table) else None,
        minimum=meta.ge,
        maximum=meta.le,
        **meta.extra,
    )
