"""Changing the file on disk without touching what else stands in it: comments, order, blanks.

The only module that needs tomlkit, which is slow and large; workers never import it.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from secrets import token_hex
from typing import TYPE_CHECKING

import tomlkit

from qbitrr.config.load import load_file, load_text
from qbitrr.config.private_file import write_private
from qbitrr.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path


def ensure_token(path: Path) -> str:
    """The token of the file; when it has none, a new one is written to it first.

    ConfigError when the file cannot be used, OSError when it cannot be read or written.
    """
    present = load_file(path, {}).config.webui.token
    if present:
        return present
    token = token_hex(32)
    changed = _with_token(path.read_bytes().decode("utf-8-sig"), token)
    if load_text(changed, {}).config.webui.token != token:
        raise ConfigError([Problem("WebUI.Token", "a place that cannot be edited", "a table [WebUI]")])
    write_private(path, changed.encode())
    return token


def _with_token(text: str, token: str) -> str:
    document = tomlkit.parse(text)
    webui = document.setdefault("WebUI", tomlkit.table())
    if isinstance(webui, MutableMapping):
        webui["Token"] = token
    return tomlkit.dumps(document)
