"""Example: the commented configuration that a first start writes, generated from the model.

`config.example.toml` is this text: `make docs`.
"""

from __future__ import annotations

import json
import re
import textwrap
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from qbitrr.atomic_file import write_private
from qbitrr.config.derived_defaults import SAMPLE_ARRS, arr_defaults, qbit_defaults
from qbitrr.config.dotted_keys import model_of
from qbitrr.config.messages import unit_and_choices
from qbitrr.config.model import Arr, Notifications, Prowlarr, QBit, Settings, TrackerRow, WebUI
from qbitrr.config.model.arr import MessageRow
from qbitrr.config.model.downloads import DownloadRange
from qbitrr.config.model.key import PLACEHOLDER, keys_of
from qbitrr.config.values import write_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from qbitrr.config.model.key import ArrKind, Key, Table

_WIDTH = 110
_PREAMBLE = """\
Configuration of qbitrr, with the default of every key. A key that is left out has its default.

Fill in CHANGE_ME: a section with one does not run. `qbitrr check` shows what would run.
Durations are numbers in the unit that is named, or texts such as "90s", "15m", "2h", "3d", "1w".
Folders are as this machine sees them. Environment variables such as QBITRR_SETTINGS_CONSOLE_LEVEL win over
this file."""
_PREAMBLE_OF_OWN = """\
Configuration of qbitrr. Every other key has its default: config.example.toml lists them, and
`qbitrr check --values` prints what counts."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_KINDS = """\
One section for each Arr: Radarr-<name>, Sonarr-<name> or Lidarr-<name>. Names are yours; copy and delete
sections as needed. Without any [qBit] section torrents are left alone, and only searches run."""


def render(token: str = "") -> str:
    """The whole text; `token` is the value of WebUI.Token."""
    settings = Settings()
    lines = [*_comment(_PREAMBLE)]
    lines += _table("Settings", Settings, {})
    lines += _table("WebUI", WebUI, {"Token": token})
    lines += _table("Notifications", Notifications, {})
    lines += _table("Prowlarr", Prowlarr, {})
    lines += _table("qBit", QBit, qbit_defaults(settings))
    lines += ["", *_comment(_KINDS)]
    documented: dict[ArrKind, str] = {}
    for section, kind in SAMPLE_ARRS.items():
        first = documented.setdefault(kind, section)
        defaults = arr_defaults(section, kind, settings)
        if first == section:
            lines += _table(section, Arr, defaults, kind)
        else:
            lines += _another(section, first, defaults)
    return "\n".join(lines) + "\n"


def written(document: Mapping[str, Any]) -> str:
    """A document in present names as a text with the keys that it has, each explained where it is first.

    Keys that the model does not have stay without a comment.
    """
    explained: set[str] = set()
    lines = [*_comment(_PREAMBLE_OF_OWN)]
    for section, table in document.items():
        if isinstance(table, dict):
            lines += _own_table((section,), f"[{_name(section)}]", table, model_of(section), explained)
    return "\n".join(lines) + "\n"


def write_first(path: Path) -> None:
    """Write the configuration of a first start, with a token of its own and readable for its owner only."""
    write_private(path, render(token_hex(32)).encode())


def _own_table(
    path: tuple[str, ...], header: str, values: Mapping[str, Any], table: type[Table] | None, explained: set[str]
) -> Iterator[str]:
    """A table with the keys that it has, then the rows and tables in it."""
    keys = {key.name: key for key in _flat(table)} if table else {}
    inner, rows = {}, {}
    yield from ("", header)
    for name, value in values.items():
        key = keys.get(name)
        if isinstance(value, dict) and not (key and key.form == "mapping"):
            inner[name] = value
        elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            rows[name] = value
        else:
            if key and key.why not in explained:
                explained.add(key.why)
                facts = unit_and_choices(key)
                yield from _comment(f"{key.why} ({facts})" if facts else key.why)
            yield f"{_name(name)} = {_toml(value)}"
    for name, value in rows.items():
        place = ".".join(map(_name, (*path, name)))
        for row in value:
            yield from _own_table((*path, name), f"[[{place}]]", row, _table_of(keys.get(name)), explained)
    for name, value in inner.items():
        place = ".".join(map(_name, (*path, name)))
        yield from _own_table((*path, name), f"[{place}]", value, _table_of(keys.get(name)), explained)


def _table_of(key: Key | None) -> type[Table] | None:
    return key.table if key else None


def _name(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _table(path: str, table: type[Table], defaults: Mapping[str, Any], kind: ArrKind | None = None) -> Iterator[str]:
    """A table with its keys, then the rows and tables in it, which come last in TOML."""
    keys = [key for key in _flat(table) if kind is None or kind in key.kinds]
    yield from ("", f"[{path}]")
    pairs = ("\n".join(_pair(key, defaults.get(key.name, key.default))) for key in keys if key.table is None)
    yield "\n\n".join(pairs)
    for key in keys:
        if key.table and key.form == "rows":
            place = f"{path}.{key.name}"
            explained = set() if key.default else {other.name for other in keys}
            known_at = _EXPLAINED_AT.get(key.table, place)
            is_first = known_at == place
            yield from _rows(place, key, key.table, explained) if is_first else _rows_again(place, key, known_at)
    for key in keys:
        if key.table and key.form == "table":
            yield from _table(f"{path}.{key.name}", key.table, defaults.get(key.name, {}), kind)


def _another(section: str, first: str, defaults: Mapping[str, Any]) -> Iterator[str]:
    """A further section of a kind, with the keys that only the user knows."""
    yield from ("", f"# As [{first}]; only what has to differ.", f"[{section}]")
    for key in keys_of(Arr):
        if key.fill_in or key.name == "Category":
            yield f"{key.name} = {_written(key, defaults.get(key.name, key.default))}"


def _rows(path: str, key: Key, row: type[Table], explained: set[str]) -> Iterator[str]:
    """An array of tables as a comment: the first row that there is by default, else one to be filled in."""
    shown = key.default[0] if key.default else row()
    yield from ("", *_comment(key.why), f"# [[{path}]]")
    for entry in _flat(row):
        if entry.name not in explained:
            default = getattr(shown, entry.attribute) if key.default else entry.default
            yield from (f"# {line}" for line in _pair(entry, default))


def _rows_again(path: str, key: Key, known_at: str) -> Iterator[str]:
    """Rows whose keys another section explains."""
    yield from ("", *_comment(f"{key.why} Keys as in [[{known_at}]]."), f"# [[{path}]]")


_EXPLAINED_AT: Mapping[type[Table], str] = {
    TrackerRow: "qBit.Trackers",
    DownloadRange: "Settings.Torrent.Ranges",
    MessageRow: f"{next(iter(SAMPLE_ARRS))}.Messages",
}


def _flat(table: type[Table]) -> Iterator[Key]:
    for key in keys_of(table):
        if key.form == "inline" and key.table:
            yield from _flat(key.table)
        else:
            yield key


def _pair(key: Key, default: Any) -> Iterator[str]:
    facts = unit_and_choices(key)
    yield from _comment(f"{key.why} ({facts})" if facts else key.why)
    if default is None:
        yield f"# {key.name} = {_toml(key.choices[0]) if key.form == 'choice' else 'false'}"
    else:
        yield f"{key.name} = {_written(key, default)}"


def _comment(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield from (f"# {part}".rstrip() for part in textwrap.wrap(line, _WIDTH) or [""])


def _written(key: Key, default: Any) -> str:
    return _toml(PLACEHOLDER if key.fill_in and not default else write_value(key, default))


def _toml(value: Any) -> str:
    if isinstance(value, list) and len(value) > 1:
        return "[\n" + "".join(f"    {_toml(entry)},\n" for entry in value) + "]"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(name)} = {_toml(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, str) and "\\" in value and "'" not in value:
        return f"'{value}'"  # keeps patterns readable
    return json.dumps(value, ensure_ascii=False)
