"""Translation: a file of the older program becomes one of this program, key by key, with Shadow on. Pure.

The new file is loaded as the old one would be, except for what its lines say.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qbitrr.config import example, legacy, older_program
from qbitrr.config.dotted_keys import place_of
from qbitrr.config.load import Loaded, load_document, load_text, parse
from qbitrr.config.messages import shown
from qbitrr.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qbitrr.config.model import Config

Document = dict[str, Any]

_SHADOW = "Settings.Shadow"
_WHY = "so that nothing is changed yet: `qbitrr shadow-report` says what it would have done"
_ASSUMED = "which that program assumes when it is left out"
_WITHOUT_EFFECT = ("Settings.FFprobeAutoUpdate", "WebUI.AllowInsecureTokenQuery")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_VALUE_OF_NOTE = re.compile(r" = .*|\[\d+\]$")


@dataclass(frozen=True, slots=True)
class KeyLine:
    """What becomes of one key.

    `key` is its dotted name in the old file; of an added one in the new file. `now` is the new name of one that moved,
    the values of one that changed or was added, the reason for one that was dropped. `differs` says what means
    something else here, or is empty.
    """

    key: str
    fate: Literal["same", "moved", "changed", "dropped", "added", "left out"]
    now: str = ""
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Translation:
    """The new text, what became of each key, and how the new text loads.

    `version` is what the old file says of itself, or empty.
    """

    text: str
    lines: tuple[KeyLine, ...]
    loaded: Loaded
    version: str


def translate(text: str) -> Translation:
    """Translate the text of an old file. Raises ConfigError when it has problems, which are to be solved there."""
    old = parse(text)
    new, notes = legacy.modernised(older_program.with_version(old))
    older_program.write_left_out(new)
    _drop_without_effect(new)
    new.setdefault("Settings", {})
    if not isinstance(new["Settings"], dict):
        raise ConfigError([Problem("Settings", shown(new["Settings"], secret=False), "a table [Settings]")])
    new["Settings"]["Shadow"] = True
    written = example.written(new)
    version = old["Settings"].get("ConfigVersion", "") if isinstance(old.get("Settings"), dict) else ""
    return Translation(written, tuple(_lines(old, new, notes)), load_text(written, {}), str(version))


# -- what is left out of the new file ------------------------------------------------------------------------------


def _drop_without_effect(document: Document) -> None:
    """Drop every key that the loader warns of and that changes nothing.

    Raises ConfigError.
    """
    for dotted in _WITHOUT_EFFECT:
        _drop(document, dotted)
    loaded = load_document(document, {})
    for warning in loaded.warnings:
        for dotted in (warning.key, warning.key.rpartition("]")[0] + "]"):
            candidate = deepcopy(document)
            if _drop(candidate, dotted) and _loads_as(candidate, loaded.config):
                _drop(document, dotted)
                break


def _loads_as(document: Document, config: Config) -> bool:
    try:
        return load_document(document, {}).config == config
    except ConfigError:
        return False


def _drop(document: Document, dotted: str) -> bool:
    """Drop a key, a row or a section by its dotted name; whether it was there."""
    steps: list[str | int] = [name or int(number) for name, number in _STEP.findall(dotted)]
    inner: Any = document
    for step in steps[:-1]:
        if not _has(inner, step):
            return False
        inner = inner[step]
    if not steps or not _has(inner, steps[-1]):
        return False
    del inner[steps[-1]]
    return True


def _has(table: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(table, list) and step < len(table)
    return isinstance(table, dict) and step in table


# -- key by key ----------------------------------------------------------------------------------------------------


def _lines(old: Document, new: Document, notes: list[Problem]) -> Iterator[KeyLine]:
    before, after = dict(_leaves(old)), dict(_leaves(new))
    moves = {
        _VALUE_OF_NOTE.sub("", note.key): note.allowed
        for note in notes
        if note.key.startswith("[") == note.allowed.startswith("[")
    }
    reached = set()
    for key, value in before.items():
        line, place = _line(key, value, after, moves)
        reached.add(place)
        yield line
    for key, value in after.items():
        if key not in reached:
            yield KeyLine(key, "added", f"{_shown(key, value)}, {_WHY if key == _SHADOW else _ASSUMED}")
    yield from _not_followed(new, after)


def _line(key: str, value: Any, after: Mapping[str, Any], moves: Mapping[str, str]) -> tuple[KeyLine, str]:
    """The line of one key, and its place in the new file."""
    section, dot, rest = key.partition(".")
    renamed = moves.get(f"[{section}]", f"[{section}]")[1:-1] + dot + rest
    place = renamed if renamed in after else moves.get(renamed, moves.get(key, renamed))
    generic = older_program.generic_name(key)
    differs = older_program.DIFFERENCES.get(generic, "")
    if place not in after:
        return KeyLine(key, "dropped", older_program.DROPPED.get(generic, "not a key that either program reads")), place
    if place != key:
        return KeyLine(key, "moved", place, differs), place
    if after[place] == value:
        return KeyLine(key, "same", "", differs), place
    return KeyLine(key, "changed", _change(key, value, after[place]), differs), place


def _change(key: str, before: Any, after: Any) -> str:
    """Say what is written for a value; of a list only what differs."""
    pairs = [(before, after)]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    return ", ".join(f"{_shown(key, one)} is {_shown(key, other)} here" for one, other in pairs)


def _not_followed(new: Document, after: Mapping[str, Any]) -> Iterator[KeyLine]:
    """Keys that are left out and keep the value of this program."""
    for generic, differs in older_program.NOT_FOLLOWED.items():
        first, _, rest = generic.partition(".")
        for section in new:
            is_of_it = older_program.generic_name(f"{section}.") == "Arr." if first == "Arr" else section == first
            if is_of_it and f"{section}.{rest}" not in after:
                yield KeyLine(f"{section}.{rest}", "left out", "", differs)


def _leaves(value: Any, dotted: str = "") -> Iterator[tuple[str, Any]]:
    """Every key with its value; a table of texts is one value, rows are numbered, empty tables do not count."""
    if isinstance(value, dict) and not _is_mapping(dotted):
        for name, inner in value.items():
            yield from _leaves(inner, f"{dotted}.{name}" if dotted else name)
    elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        for position, row in enumerate(value):
            yield from _leaves(row, f"{dotted}[{position}]")
    else:
        yield dotted, value


def _is_mapping(dotted: str) -> bool:
    place = place_of(tuple(dotted.split("."))) if dotted else None
    return place is not None and place.key is not None and place.key.form == "mapping"


def _shown(dotted: str, value: Any) -> str:
    place = place_of(tuple(dotted.split(".")))
    is_secret = place is not None and place.key is not None and place.key.secret
    return shown(value, secret=is_secret)
