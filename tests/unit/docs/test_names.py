"""Whatever the documentation names exists: files and folders, links, make targets, commands, endpoints, tests."""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING

import pytest

from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from qbitrr.cli.main import main
from tests.unit.docs.pages import PAGES, ROOT, name, spans

if TYPE_CHECKING:
    from pathlib import Path

_BASES = ("", "qbitrr", "qbitrr/worker/torrents", "docs")
"""Paths may be given from here: `rules/search`, `actions/breaker.py`."""
_PATH = re.compile(r"[\w-]+(?:/[\w.-]+)*/?|[\w-]+\.\w+")
_SOURCES = (".py", ".md", ".sql", ".js", ".cfg")
_LINK = re.compile(r"\[[^\]]*\]\(([^)]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_ENDPOINT = re.compile(r"(GET|POST) (?:/api|/web|…)?(/[\w./<>{}-]+)")
_CURL = re.compile(r"curl '?localhost:6969(?:/api|/web)?(/[\w./-]+)")

every_page = pytest.mark.parametrize("page", PAGES, ids=name)


# -- files and folders --------------------------------------------------------------------------------------------


@every_page
def test_files_and_folders(page):
    assert not missing_paths(page)


def missing_paths(page: Path) -> list[str]:
    words = [word for span in spans(page) for word in span.split()]
    return [word for word in words if _is_path(word) and not _exists(word, page)]


def _is_path(word: str) -> bool:
    """A file of source or text, or something below a folder of ours. Folders of users are neither."""
    first, _, rest = word.partition("/")
    below_ours = bool(rest) and any((ROOT / base / first).is_dir() for base in _BASES)
    return _PATH.fullmatch(word) is not None and (below_ours or word.endswith(_SOURCES))


def _exists(word: str, page: Path) -> bool:
    folders = [page.parent, *(ROOT / base for base in _BASES)]
    return any((folder / word).exists() or (folder / f"{word}.py").exists() for folder in folders)


def test_the_tree_lists_every_folder_of_the_packages():
    """CONTRIBUTING.md has one line for each, in a code block."""
    listed = {line.split()[0] for line in spans(ROOT / "CONTRIBUTING.md") if re.match(r"\w+/\S* {2}", line)}
    packages = {
        f"{folder.relative_to(ROOT)}/"
        for package in ("qbitrr", "supervisor", "control")
        for folder in [ROOT / package, *(ROOT / package).rglob("*")]
        if folder.is_dir() and folder.name != "__pycache__"
    }
    assert packages <= listed
    assert all((ROOT / folder).is_dir() for folder in listed)


# -- links --------------------------------------------------------------------------------------------------------


@every_page
def test_links(page):
    assert not broken_links(page)


def broken_links(page: Path) -> list[str]:
    targets = _LINK.findall(page.read_text())
    return [target for target in targets if "://" not in target and not _leads_somewhere(target, page)]


def _leads_somewhere(target: str, page: Path) -> bool:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(file: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = (heading.lower() for heading in _HEADING.findall(file.read_text()))
    return {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings}


# -- commands -----------------------------------------------------------------------------------------------------


@every_page
def test_make_targets(page):
    assert not unknown_targets(page)


def unknown_targets(page: Path) -> set[str]:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    return {target for span in spans(page) for target in re.findall(r"(?:^|[ (])make ([a-z]+)", span)} - targets


@every_page
def test_commands(page):
    assert not unknown_commands(page)


def unknown_commands(page: Path) -> list[str]:
    commands = {span.partition("#")[0].strip(" $") for span in spans(page)}
    return [command for command in commands if re.match(r"qbitrr [a-z]", command) and not _is_understood(command)]


def _is_understood(command: str) -> bool:
    """Whether the command line accepts it, with a number for each placeholder."""
    words = ["1" if word.isupper() or "…" in word else word for word in command.split()[1:]]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            main([*words, "--help"])
        except SystemExit as ended:
            return ended.code == 0
    return False


# -- endpoints ----------------------------------------------------------------------------------------------------


@every_page
def test_endpoints(page):
    assert not unknown_endpoints(page)


def unknown_endpoints(page: Path) -> list[tuple[str, str]]:
    text = "\n".join(spans(page))
    named = {*_ENDPOINT.findall(text), *(("GET", path) for path in _CURL.findall(text))}
    known = [(route.method, route.path) for route in (*ROUTES, *INSIDE_ROUTES, *OPEN_ROUTES)]
    return [one for one in named if not any(_matches(one, route) for route in known)]


def _matches(named: tuple[str, str], route: tuple[str, str]) -> bool:
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route[1]))
    return named[0] == route[0] and re.fullmatch(pattern, named[1]) is not None


# -- tests --------------------------------------------------------------------------------------------------------


@every_page
def test_tests(page):
    assert not unknown_tests(page)


def unknown_tests(page: Path) -> list[str]:
    named = [span for span in spans(page) if re.fullmatch(r"tests/[\w/]+\.py::\w+", span)]
    return [one for one in named if not _is_test(*one.split("::"))]


def _is_test(file: str, function: str) -> bool:
    path = ROOT / file
    return path.exists() and re.search(rf"^(?:async )?def {function}\(", path.read_text(), re.MULTILINE) is not None


# -- the tests themselves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("find", "wrong"),
    [
        (missing_paths, "`qbitrr/rules/torrents/stalld.py`"),
        (missing_paths, "`rules/serch`"),
        (missing_paths, "`lifecicle.py`"),
        (missing_paths, "```\n.venv-dev/bin/pytest tests/unit/qbitrr/nowhere\n```"),
        (broken_links, "[page](nowhere.md)"),
        (broken_links, "[page](page.md#elsewhere)"),
        (unknown_targets, "`make everything`"),
        (unknown_commands, "`qbitrr explian INFOHASH`"),
        (unknown_commands, "```\n$ qbitrr ctl refresh\n```"),
        (unknown_endpoints, "`POST …/arr/<section>/aprove`"),
        (unknown_endpoints, "`curl localhost:6969/web/process`"),
        (unknown_tests, "`tests/unit/docs/test_names.py::test_nothing`"),
        (unknown_tests, "`tests/unit/docs/test_nothing.py::test_tests`"),
    ],
)
def test_a_wrong_name_is_found(find, wrong, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Here\n\n{wrong}\n")
    assert find(page)


@pytest.mark.parametrize(
    "right",
    [
        "`qbitrr/rules/torrents/stalled.py`, `rules/search`, `actions/breaker.py`, `backups/`, `sync/maindata`",
        "[page](page.md#here), [elsewhere](https://example.org)",
        "`make lint`, make sure of it",
        "`qbitrr explain INFOHASH`",
        "`POST …/arr/<section>/approve`, `curl localhost:6969/web/processes`",
        "`tests/unit/docs/test_names.py::test_tests`",
    ],
)
def test_a_right_name_is_not(right, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Here\n\n{right}\n")
    finders = (missing_paths, broken_links, unknown_targets, unknown_commands, unknown_endpoints, unknown_tests)
    assert not [found for find in finders for found in find(page)]
