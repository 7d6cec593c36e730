"""Differences of two configuration documents, secrets that would go elsewhere, documents without secrets. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qbitrr.config.dotted_keys import Path, key_meant_by, place_of, value_at
from qbitrr.config.model import is_qbit
from qbitrr.config.model.key import PLACEHOLDER
from qbitrr.config.redact import HIDDEN, redact_url
from qbitrr.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qbitrr.config.dotted_keys import Edits

_SECRET_NAME = re.compile(r"api_?key|token|password|secret|passkey|credential", re.IGNORECASE)
_ADDRESSES = ("url", "server")
_PROVIDER = ("WebUI", "OIDC", "Authority")  # a text, as the provider has to name itself in the same letters


class KeyChange(Struct, frozen=True):
    """One key with its value before and after, null where it was not there; secrets are hidden."""

    key: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[KeyChange]:
    """Every key that has another value, in the order of the documents."""
    return [
        KeyChange(".".join(path), _shown(path, value_at(before, path)), _shown(path, value_at(after, path)))
        for path in changed_paths(before, after)
    ]


def changed_paths(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Path]:
    """The paths of all keys that have another value."""
    paths = dict.fromkeys((*_paths(before), *_paths(after)))
    # compared within lists, where NaN equals itself
    return [path for path in paths if [value_at(before, path)] != [value_at(after, path)]]


def kept_secrets(before: Mapping[str, Any], after: Mapping[str, Any], edits: Edits) -> Iterator[Problem]:
    """Problems of secrets that a changed address would receive although they were given for another one."""
    for path in changed_addresses(before, after):
        table = value_at(after, path[:-1])
        for name, value in table.items() if isinstance(table, dict) else ():
            secret = (*path[:-1], name)
            kept = value == value_at(before, secret) and value not in ("", PLACEHOLDER)
            if kept and is_secret(secret) and secret not in edits.puts:
                hint = f"It was given for another {path[-1]}; send it along with the change."
                yield Problem(".".join(secret), "a secret that would be kept", "the secret once more", hint)


def fixed_secrets(
    before: Mapping[str, Any], after: Mapping[str, Any], variables: Mapping[str, str]
) -> Iterator[Problem]:
    """Problems of secrets from the environment that a changed address would receive: they cannot be sent along.

    `variables` names the variable behind each overridden dotted key.
    """
    for path in changed_addresses(before, after):
        if ".".join(path) in variables:  # the changed address is not used
            continue
        for dotted, variable in variables.items():
            secret = tuple(dotted.split("."))
            if secret[:-1] == path[:-1] and is_secret(secret):
                hint = f"It comes from {variable}; change the address in config.toml, or set a variable for it too."
                yield Problem(".".join(path), "an address for a secret that was given for another", "the old one", hint)


def sanitised(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document without secrets: keys that hold one are absent, addresses lose what is secret in them."""
    return dict(_sanitised_items((), document))


def hidden(path: Path, value: Any) -> Any:
    """A value with `***` in place of every secret in it; one that is empty stays."""
    if not value:
        return value
    if path and is_secret(path):
        return [HIDDEN] * len(value) if isinstance(value, list) else HIDDEN
    if isinstance(value, dict):
        return {name: hidden((*path, name), each) for name, each in value.items()}
    if isinstance(value, list):
        return [hidden(path, each) for each in value]
    return redact_url(value) if isinstance(value, str) else value


def restored(value: Any, stored: Any) -> Any:
    """The stored value when its sanitised form comes back unchanged; any other value as it is."""
    if isinstance(value, str) and isinstance(stored, str):
        return stored if value == redact_url(stored) else value
    if isinstance(value, list) and isinstance(stored, list):
        return [_restored_row(row, stored) for row in value]
    return value


def _restored_row(row: Any, stored: list[Any]) -> Any:
    if not isinstance(row, dict):
        return next((old for old in stored if isinstance(old, str) and row == redact_url(old)), row)
    texts = [old for table in stored if isinstance(table, dict) for old in table.items() if isinstance(old[1], str)]
    hidden = {(name, redact_url(value)): value for name, value in texts if redact_url(value) != value}
    return {name: hidden.get((name, value), value) if isinstance(value, str) else value for name, value in row.items()}


def _paths(document: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    for name, value in document.items():
        path = (*above, name)
        if isinstance(value, dict) and value:
            yield from _paths(value, path)
        else:
            yield path


def changed_addresses(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Path]:
    """Changed keys that decide to which service a secret is sent."""
    for path in changed_paths(before, after):
        place = place_of(path)
        if place is not None and place.key is not None and (place.key.form in _ADDRESSES or _is_part(path)):
            yield path


def _is_part(path: Path) -> bool:
    """Whether a key of another form is an address, or a part of one."""
    return path == _PROVIDER or (is_qbit(path[0]) and path[1:] == ("Port",))


def is_secret(path: Path) -> bool:
    """Whether a key holds a secret. One that is not known does by its name, or when it is a misspelt one that does."""
    place = place_of(path)
    if place is not None and (place.key is None or place.key.form != "rows"):
        return place.key is not None and place.key.secret
    if _SECRET_NAME.search(path[-1]):
        return True
    meant = key_meant_by(path)
    return meant is not None and meant.secret


def _shown(path: Path, value: Any) -> Any:
    if value is None:
        return None
    return HIDDEN if is_secret(path) else _sanitised(path, value)


def _sanitised(path: Path, value: Any) -> Any:
    if isinstance(value, dict):
        return dict(_sanitised_items(path, value))
    if isinstance(value, list):
        return [_sanitised(path, entry) for entry in value]
    return redact_url(value) if isinstance(value, str) else value


def _sanitised_items(above: Path, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if not is_secret((*above, name)):
            yield name, _sanitised((*above, name), value)
