"""Every call that changes something in qBittorrent or an Arr is made by a writer, or is none about a torrent."""

import ast
from pathlib import Path

import qbitrr

PACKAGE = Path(qbitrr.__file__).parent
WRITERS = "torrents/actions/writer.py"
OF_THE_ARR = {"search", "search_season", "set_quality_profile", "sync_rss", "refresh_downloads"}
"""Changes that are about no torrent: only Shadow forbids them."""


def changing(path, sends):
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


def called_outside_of_writers(names):
    """Where methods with these names are used in a worker, on something that is called or comes from a client."""
    found = set()
    for path in (PACKAGE / "worker").rglob("*.py"):
        relative = str(path.relative_to(PACKAGE / "worker"))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in names and relative != WRITERS:
                owner = ast.unparse(node.value)
                if any(part in owner for part in ("client", "arr", "qbittorrents", "services")):
                    found.add((relative, node.attr))
    return found


def test_only_writers_change_torrents():
    names = changing(PACKAGE / "qbittorrent/client.py", {"post"})
    assert {"delete", "stop", "start", "add", "skip_files", "set_category", "to_the_top"} <= names
    assert called_outside_of_writers(names) == set()


def test_only_writers_change_what_the_arr_knows_of_a_download():
    names = changing(PACKAGE / "arr/client.py", {"_command", "_delete"})
    assert {"blocklist", "mark_failed", "scan"} | OF_THE_ARR <= names
    assert called_outside_of_writers(names - OF_THE_ARR) == set()
