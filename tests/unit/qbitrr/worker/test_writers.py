"""Every call that changes something in qBittorrent or an Arr is made by a writer, or is none about a torrent."""

import ast
from pathlib import Path

import qbitrr
from tests.support.changing import OF_THE_ARR, of_qbittorrent, of_the_arr

PACKAGE = Path(qbitrr.__file__).parent
WRITERS = "torrents/actions/guards.py"


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
    names = of_qbittorrent()
    assert {"delete", "stop", "start", "add", "skip_files", "set_category", "to_the_top"} <= names
    assert called_outside_of_writers(names) == set()


def test_only_writers_change_what_the_arr_knows_of_a_download():
    names = of_the_arr()
    assert {"blocklist", "mark_failed", "scan"} | OF_THE_ARR <= names
    assert called_outside_of_writers(names - OF_THE_ARR) == set()
