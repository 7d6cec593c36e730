"""The calls of the clients that change something, found in their source."""

from __future__ import annotations

import ast
from pathlib import Path

import qbitrr

_PACKAGE = Path(qbitrr.__file__).parent
OF_THE_ARR = {"search", "search_season", "set_quality_profile", "sync_rss", "refresh_downloads"}
"""Changes that are about no torrent: only Shadow forbids them."""


def of_qbittorrent() -> set[str]:
    """The methods of the client of qBittorrent that change something."""
    return _changing(_PACKAGE / "qbittorrent/client.py", {"post"})


def of_the_arr() -> set[str]:
    """The methods of the client of an Arr that change something."""
    return _changing(_PACKAGE / "arr/client.py", {"_command", "_delete"})


def _changing(path: Path, sends: set[str]) -> set[str]:
    """The methods of a client that send more than a GET, by themselves or by another one."""
    (client,) = (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef))
    methods = [node for node in client.body if isinstance(node, ast.AsyncFunctionDef)]
    found = set(sends)
    for _ in methods:
        for method in methods:
            called = {node.attr for node in ast.walk(method) if isinstance(node, ast.Attribute)}
            commands = any(
                keyword.arg == "command"
                for node in ast.walk(method)
                if isinstance(node, ast.Call)
                for keyword in node.keywords
            )
            if called & found or commands:
                found.add(method.name)
    return {name for name in found if not name.startswith("_") and name not in sends}
