"""`qbitrr check`: report on a configuration that can be used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qbitrr.cli.doctor import details
from qbitrr.config.dotted_keys import value_at
from qbitrr.config.model import runnable_arrs, runnable_qbits
from qbitrr.config.model.key import PLACEHOLDER, Table, keys_of
from qbitrr.config.redact import HIDDEN, redact_url
from qbitrr.config.values import write_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qbitrr.cli.doctor import Diagnosis
    from qbitrr.config.dotted_keys import Path
    from qbitrr.config.load import Loaded
    from qbitrr.config.model import Arr, QBit
    from qbitrr.config.model.key import Key


def report(loaded: Loaded, diagnoses: Iterable[Diagnosis] = ()) -> str:
    """Report which workers would run, for what and where, what is still to fill in, and what looks odd.

    Of `diagnoses` what contradicts in the settings of the Arrs that answered.
    """
    return "\n".join(
        [
            *_block("Workers", _workers(loaded)),
            *_block("qBittorrent", map(_qbit_line, runnable_qbits(loaded.config))),
            *_block("To fill in", (f"{entry.key}: {entry.allowed}" for entry in loaded.incomplete)),
            *_block("From the environment", (f"{key}: {name}" for key, name in loaded.overridden.items())),
            *_block("Warnings", map(str, loaded.warnings)),
            *_block("Settings of the Arrs", (line.removeprefix("  ") for one in diagnoses for line in details(one))),
        ]
    )


def values(loaded: Loaded) -> str:
    """Every key with its value, as in the file but without secrets, and where it comes from."""
    tables: list[tuple[str, Table]] = [
        ("Settings", loaded.config.settings),
        ("WebUI", loaded.config.webui),
        ("Notifications", loaded.config.notifications),
        ("Prowlarr", loaded.config.prowlarr),
        *loaded.config.qbits.items(),
        *loaded.config.arrs.items(),
    ]
    return "\n".join(line for section, table in tables for line in _table_lines((section,), table, loaded))


def _table_lines(path: Path, table: Table, loaded: Loaded) -> Iterator[str]:
    for key in keys_of(type(table)):
        value, inner = getattr(table, key.attribute), (*path, key.name)
        if isinstance(value, Table):
            yield from _table_lines(path if key.form == "inline" else inner, value, loaded)
        else:
            yield f"{'.'.join(inner)} = {_shown(key, value)}  ({_origin(inner, loaded)})"


def _shown(key: Key, value: Any) -> str:
    """A value in one line."""
    if key.form == "rows":
        return f"{len(value)} rows"
    if key.secret and value:
        return HIDDEN
    written = None if value is None else write_value(key, value)
    return json.dumps(written, ensure_ascii=False) if not isinstance(written, str) else json.dumps(redact_url(written))


def _origin(path: Path, loaded: Loaded) -> str:
    """The variable, the file or the default."""
    variable = loaded.overridden.get(".".join(path))
    if variable:
        return f"environment: {variable}"
    given = value_at(loaded.document, path)
    placeholder = isinstance(given, str) and given.strip().upper() == PLACEHOLDER
    return "default" if given is None or placeholder else "file"


def _block(title: str, lines: Iterable[str]) -> Iterator[str]:
    indented = [f"  {line}" for line in lines]
    if indented:
        yield from (f"{title}:", *indented)


def _workers(loaded: Loaded) -> Iterator[str]:
    arrs, qbits = runnable_arrs(loaded.config), runnable_qbits(loaded.config)
    yield from map(_arr_line, arrs)
    if not arrs and not any(qbit.managed_categories for qbit in qbits):
        yield "none yet"
    elif not qbits:
        yield "no qBittorrent is in use: torrents are left alone, only searches run"


def _arr_line(arr: Arr) -> str:
    return f"{arr.section}: {arr.kind}, category {arr.category}, {redact_url(arr.uri)}"


def _qbit_line(qbit: QBit) -> str:
    managed = ", ".join(qbit.managed_categories) or "no categories of its own"
    return f"{qbit.section}: qbittorrent, {managed}, {redact_url(qbit.url)}"
