"""Dotted names of keys: their place in the model, and changes by dotted name as edits of a document. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from qbitrr.config.messages import most_similar
from qbitrr.config.model import Arr, Notifications, Prowlarr, QBit, Settings, WebUI, arr_kind, is_qbit
from qbitrr.config.model.key import Table, keys_of
from qbitrr.errors import UNKNOWN_KEY, ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qbitrr.config.model.key import Key

Path = tuple[str, ...]

_ONCE: dict[str, type[Table]] = {
    "Settings": Settings,
    "WebUI": WebUI,
    "Notifications": Notifications,
    "Prowlarr": Prowlarr,
}
_READ_ONLY = "Settings.ConfigVersion"


@dataclass(frozen=True, slots=True)
class Edits:
    """Values to put and keys or tables to drop, by path."""

    puts: Mapping[Path, Any] = field(default_factory=dict)
    drops: tuple[Path, ...] = ()


class KeyPlace(NamedTuple):
    """Place of a path in the model: a table, or a key of one."""

    table: type[Table] | None
    key: Key | None


def model_of(section: str) -> type[Table] | None:
    """The model of a section."""
    if section in _ONCE:
        return _ONCE[section]
    if is_qbit(section):
        return QBit
    return Arr if arr_kind(section) else None


def place_of(path: Path) -> KeyPlace | None:
    """The place of a path in the model; None for an unknown one."""
    table, key = model_of(path[0]), None
    for position, name in enumerate(path[1:], 2):
        if table is None:  # below a key: only a table of texts goes on
            return KeyPlace(None, key) if key and key.form == "mapping" and position == len(path) else None
        key = next((one for one in _keys_in(table) if one.name == name), None)
        if key is None:
            return None
        table = key.table if key.form == "table" else None
    return KeyPlace(table, key) if table or key else None


def key_meant_by(path: Path) -> Key | None:
    """The key of the same table whose name is most similar to that of an unknown one; None when none is."""
    parent = place_of(path[:-1]) if len(path) > 1 else None
    keys = {key.name: key for key in _keys_in(parent.table)} if parent and parent.table else {}
    name = most_similar(path[-1], keys)
    return keys[name] if name else None


def edits_of(changes: Mapping[str, Any], deletions: Iterable[str]) -> Edits:
    """Turn changes by dotted name into edits: an object merges into its table, null deletes.

    Raises ConfigError with every name that is unknown or cannot be set. Names to delete may be unknown.
    """
    edits, problems = check_edits(changes, deletions)
    if problems:
        raise ConfigError(problems)
    return edits


def check_edits(changes: Mapping[str, Any], deletions: Iterable[str]) -> tuple[Edits, list[Problem]]:
    """The edits for the changes that can be made, and the problems of the others."""
    problems: list[Problem] = []
    puts: dict[Path, Any] = {}
    drops: list[Path] = []
    leaves = [leaf for name, value in changes.items() for leaf in _leaves(tuple(name.split(".")), value)]
    for path, leaf in (*leaves, *((tuple(name.split(".")), None) for name in deletions)):
        wrong = list(_problems(path, deleted=leaf is None))
        problems += wrong
        if leaf is None and not wrong:
            drops.append(path)
        elif not wrong:
            puts[path] = _without_nulls(leaf)
    return Edits(puts, tuple(drops)), problems


def merged(document: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """A copy of a document with edits made."""
    result = dict(document)
    for path in edits.drops:
        result = _without(result, path)
    for path, value in edits.puts.items():
        result = _with(result, path, value)
    return result


def value_at(document: Mapping[str, Any], path: Path) -> Any:
    """The value of a document at a path, or None."""
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _keys_in(table: type[Table]) -> Iterator[Key]:
    for key in keys_of(table):
        if key.form == "inline" and key.table:
            yield from _keys_in(key.table)
        else:
            yield key


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    place = place_of(path)
    if isinstance(value, dict) and place is not None and (place.table is not None or _is_mapping(place, path)):
        for name, inner in value.items():
            names = name.split(".") if place.table is not None else [name]  # those of a mapping are the user's
            yield from _leaves((*path, *names), inner)
    else:
        yield path, value


def _is_mapping(place: KeyPlace, path: Path) -> bool:
    return place.key is not None and place.key.form == "mapping" and place.key.name == path[-1]


def _problems(path: Path, *, deleted: bool) -> Iterator[Problem]:
    dotted = ".".join(path)
    if dotted == _READ_ONLY:
        yield Problem(dotted, "a key that cannot be set", "leaving it out")
    elif not all(path):
        yield Problem(dotted or "(empty)", UNKNOWN_KEY, "names with a dot between section and key")
    elif not deleted and ((place := place_of(path)) is None or len(path) == 1):
        yield Problem(dotted, UNKNOWN_KEY if place is None else "a value", _known_near(path), _hint(path))


def _known_near(path: Path) -> str:
    return "a table of its keys" if len(path) == 1 and model_of(path[0]) else f"the keys of [{path[0]}]"


def _hint(path: Path) -> str:
    meant = key_meant_by(path)
    return f"Did you mean {meant.name}?" if meant else ""


def _without_nulls(value: Any) -> Any:
    """Drop nulls, which TOML does not have: in an object null means that the key is absent."""
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value if inner is not None] if isinstance(value, list) else value


def _with(table: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return {**table, name: value}
    inner = table.get(name)
    return {**table, name: _with(inner if isinstance(inner, dict) else {}, tuple(rest), value)}


def _without(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return {key: value for key, value in table.items() if key != name}
    inner = table.get(name)
    return {**table, name: _without(inner, tuple(rest))} if isinstance(inner, dict) else dict(table)
