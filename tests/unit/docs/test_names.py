"""Whatever the documentation names exists: files, folders, links, commands, endpoints."""

import re
from pathlib import Path

import pytest

from control.routes import INSIDE_ROUTES, OPEN_ROUTES, ROUTES
from qbitrr.cli.main import main
from tests.unit.docs.pages import PAGES, ROOT, name, spans, words

_BASES = ("", "qbitrr", "qbitrr/worker/torrents", "docs")
"""Paths may be given from here: `rules/search`, `actions/breaker.py`."""
_PATH = re.compile(r"\.?[\w-]+(?:/[\w.-]+)*/?")
_SOURCES = (".py", ".md", ".sql", ".js", ".cfg")
_LINK = re.compile(r"\[[^\]]*\]\(([^)]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_ENDPOINT = re.compile(r"(GET|POST) (?:/api|/web|…)?(/[\w./<>{}-]+)")
_CURL = re.compile(r"curl '?localhost:6969(?:/api|/web)?(/[\w./-]+)")
_MADE = {".venv-dev", ".venv"}

every_page = pytest.mark.parametrize("page", PAGES, ids=name)


@every_page
def test_files_and_folders(page):
    missing = [word for word in words(page) if _is_path(word) and not _exists(word, page)]
    assert not missing


def _is_path(word: str) -> bool:
    """A file of source or text, or something below a folder of ours. Folders of users are neither."""
    if not _PATH.fullmatch(word) or word.split("/")[0] in _MADE:
        return False
    first, _, rest = word.partition("/")
    return word.endswith(_SOURCES) or bool(rest and any((ROOT / base / first).is_dir() for base in _BASES))


def _exists(word: str, page: Path) -> bool:
    folders = [page.parent, *(ROOT / base for base in _BASES)]
    return any((folder / word).exists() or (folder / f"{word}.py").exists() for folder in folders)


@every_page
def test_links(page):
    broken = [
        target
        for target in _LINK.findall(page.read_text())
        if "://" not in target and not _leads_somewhere(target, page)
    ]
    assert not broken


def _leads_somewhere(target: str, page: Path) -> bool:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(file: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = (heading.lower() for heading in _HEADING.findall(file.read_text()))
    return {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings}


@every_page
def test_make_targets(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for span in spans(page) for target in re.findall(r"(?:^| )make ([a-z]+)", span)}
    assert named <= targets


@every_page
def test_commands(page, capsys):
    for command in {span.strip(" $") for span in spans(page)}:
        if re.match(r"qbitrr [a-z]", command):
            with pytest.raises(SystemExit) as ended:
                main([*_arguments(command), "--help"])
            assert ended.value.code == 0, command


def _arguments(command: str) -> list[str]:
    """The words of a command up to a remark, with a number for each placeholder."""
    words = command.partition("#")[0].split()[1:]
    return ["1" if word.isupper() or "…" in word else word for word in words]


@every_page
def test_endpoints(page):
    known = {(route.method, route.path) for route in (*ROUTES, *INSIDE_ROUTES, *OPEN_ROUTES)}
    text = "\n".join(spans(page))
    named = {*_ENDPOINT.findall(text), *(("GET", path) for path in _CURL.findall(text))}
    assert not [one for one in named if not any(_matches(one, route) for route in known)]


def _matches(named: tuple[str, str], route: tuple[str, str]) -> bool:
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route[1]))
    return named[0] == route[0] and re.fullmatch(pattern, named[1]) is not None


def test_the_tree_lists_every_folder_of_the_packages():
    """CONTRIBUTING.md has one line for each, in a code block."""
    page = ROOT / "CONTRIBUTING.md"
    listed = {line.split()[0] for line in spans(page) if re.match(r"\w+/\S* {2}", line)}
    packages = {
        f"{folder.relative_to(ROOT)}/"
        for package in ("qbitrr", "supervisor", "control")
        for folder in [ROOT / package, *(ROOT / package).rglob("*")]
        if folder.is_dir() and folder.name != "__pycache__"
    }
    assert packages <= listed
    assert all((ROOT / folder).is_dir() for folder in listed)
