"""Renames of sections in the text of config.toml: everything else stays, secrets and the category of an Arr included.

What is stored of the torrents of a qBittorrent follows its name, see `qbitrr.state.instances`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qbitrr.config import environment, legacy
from qbitrr.config.dotted_keys import Edits
from qbitrr.config.edit import edited
from qbitrr.config.load import load_document, parse
from qbitrr.config.model import arr_kind, is_qbit
from qbitrr.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SHARED = "qBit"
_NAME = re.compile(r"[A-Za-z0-9_-]+")


def renamed(text: str, names: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """Give sections other names, by present name. An Arr without a category gets the one that it has had.

    Raises ConfigError with every name that cannot be given.
    """
    document = parse(text)
    variables = environment.override(legacy.modernised(document)[0], environ).variables
    problems = [
        problem for old, new in names.items() for problem in _problems(document, old, new, variables, names.values())
    ]
    if problems:
        raise ConfigError(problems)
    arrs = load_document(document, environ).config.arrs
    after = text
    for old, new in names.items():
        after = _header_of(old).sub(rf"\g<1>{new}", after)
    if parse(after) != {names.get(section, section): table for section, table in document.items()}:
        raise ConfigError([Problem(", ".join(names), "a section that cannot be renamed", "tables with headers [name]")])
    unnamed = {new: arrs[old].category for old, new in names.items() if old in arrs and "Category" not in document[old]}
    return edited(after, Edits({(new, "Category"): category for new, category in unnamed.items()}))


def _header_of(section: str) -> re.Pattern[str]:
    """The header of a section or of a table in it, up to the name."""
    name = re.escape(section)
    return re.compile(rf"^(\s*\[{{1,2}}\s*)(?:\"{name}\"|'{name}'|{name})(?=\s*[.\]])", re.MULTILINE)


def _kind(section: str) -> str:
    """What its name begins with, empty for a section that is no service."""
    return "qBit" if is_qbit(section) else (arr_kind(section) or "").capitalize()


def _problems(
    document: Mapping[str, object], old: str, new: str, variables: Mapping[str, str], all_new: Iterable[str]
) -> Iterator[Problem]:
    kind = _kind(old)
    table = document.get(old)
    if not isinstance(table, dict):
        yield Problem(old, "no such section", "a section of the file")
    elif not kind:
        yield Problem(old, "a section that keeps its name", "the section of an Arr or a qBittorrent")
    elif _kind(new) != kind or not _NAME.fullmatch(new):
        yield Problem(old, f'the name "{new}"', f'one that begins with "{kind}", of letters, digits, - and _')
    elif _SHARED in (old, new) and "Trackers" in table:
        hint = f"The trackers of [{_SHARED}] apply to every qBittorrent, those of another section to its own."
        yield Problem(old, f'the name "{new}"', "a section without trackers", hint)
    elif new.lower() in {name.lower() for name in document if name != old} or list(all_new).count(new) > 1:
        yield Problem(old, f'the name "{new}"', "one that no other section has")
    for key, variable in variables.items():
        if key.startswith(f"{old}."):
            yield Problem(old, f"{variable} in the environment", "no variable for it", "Remove or rename it first.")
