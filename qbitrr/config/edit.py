"""Edits of the text of config.toml that keep everything else in it: comments, order, blanks.

The only module that needs tomlkit, which is slow and large; workers never import it.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from secrets import token_hex
from typing import TYPE_CHECKING

import tomlkit

from qbitrr.atomic_file import replace_private
from qbitrr.config.dotted_keys import merged
from qbitrr.config.load import load_file, load_text, parse
from qbitrr.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.config.dotted_keys import Edits


def edited(text: str, edits: Edits) -> str:
    """Make edits in a text and change nothing else.

    Raises ConfigError when the text is not TOML, or a key stands where it cannot be edited.
    """
    expected = merged(parse(text), edits)
    document = tomlkit.parse(text)
    for path in edits.drops:
        _drop(document, path)
    for path, value in edits.puts.items():
        _put(document, path, value)
    changed = tomlkit.dumps(document)
    if parse(changed) != expected:
        names = ", ".join(".".join(path) for path in (*edits.puts, *edits.drops))
        raise ConfigError([Problem(names, "a place that cannot be edited", "a table of its own in the file")])
    return changed


def ensure_token(path: Path) -> str:
    """The token of the file; when it has none, a new one is written first.

    Raises ConfigError when the file cannot be used, ConflictError when it is being edited, OSError when it cannot be
    read or written.
    """
    present = load_file(path, {}).config.webui.token
    if present:
        return present
    token = token_hex(32)
    text = path.read_bytes().decode("utf-8-sig")
    changed = _with_token(text, token)
    if load_text(changed, {}).config.webui.token != token:
        raise ConfigError([Problem("WebUI.Token", "a place that cannot be edited", "a table [WebUI]")])
    replace_private(path, text.encode(), changed.encode())
    return token


def _with_token(text: str, token: str) -> str:
    document = tomlkit.parse(text)
    webui = document.setdefault("WebUI", tomlkit.table())
    if isinstance(webui, MutableMapping):
        webui["Token"] = token
    return tomlkit.dumps(document)


def _put(table: MutableMapping[str, object], path: tuple[str, ...], value: object) -> None:
    name, *rest = path
    if not rest:
        table[name] = value
        return
    inner = table.get(name)
    if not isinstance(inner, MutableMapping):
        table[name] = tomlkit.table()
        inner = table[name]
        assert isinstance(inner, MutableMapping)
    _put(inner, tuple(rest), value)


def _drop(table: MutableMapping[str, object], path: tuple[str, ...]) -> None:
    name, *rest = path
    inner = table.get(name)
    if not rest:
        table.pop(name, None)
    elif isinstance(inner, MutableMapping):
        _drop(inner, tuple(rest))
