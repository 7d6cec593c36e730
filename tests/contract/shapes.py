"""Comparing the keys and kinds of two JSON values, one recorded and one of ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# keys that an object may lack, or whose value may be null, by what it is about
OPTIONAL = {"lastSearchTime", "movieFile", "digitalRelease", "airDate", "airDateUtc", "previousAiring", "nextAiring"}
OPTIONAL |= {"nextAlbum", "lastAlbum", "started", "stateChangeTime"}
_VARIABLE = (
    (re.compile(r"\d+/\d+/\d+ \d+:\d+:\d+"), "<time>"),
    (re.compile(r"/downloads/.*"), "<path>"),
    (re.compile(r"00-[0-9a-f-]{40,}"), "<trace>"),
    (re.compile(r"\d+ (?=movies|episodes|tracks)"), "<number> "),
    (re.compile(r"(uality:? (?:is )?)[A-Z][\w -]*\w"), r"\1<quality>"),
    (re.compile(r"\(127\.0\.0\.1:\d+\)"), "<address>"),
    (re.compile(r"\d{3,}"), "<number>"),
)


def differences(recorded: Any, ours: Any, *, extras: bool = False) -> list[str]:
    """What `ours` lacks or has of another kind; with `extras` it may have keys that were not recorded.

    Objects in a list are compared with all recorded ones together: a key that one of them lacks may be absent. What was
    recorded as empty says nothing of what may be in it.
    """
    return list(_compare([recorded], ours, "", extras=extras))


def _compare(recorded: list[Any], ours: Any, where: str, *, extras: bool) -> Iterator[str]:
    same = [one for one in recorded if kind(one) == kind(ours)]
    if not same:
        yield f"{where}: {kind(recorded[0])} was recorded, ours is {kind(ours)}"
    elif isinstance(ours, list):
        entries = [entry for one in same for entry in one]
        for number, one in enumerate(ours if entries else []):
            yield from _compare(entries, one, f"{where}[{number}]", extras=extras)
    elif isinstance(ours, dict) and any(same):
        known = {key for one in same for key in one}
        for key in sorted(known - ours.keys() - OPTIONAL):
            if all(key in one for one in same):
                yield f"{where}/{key}: missing"
        for key in sorted(ours.keys() - known) if not extras else ():
            yield f"{where}/{key}: not recorded"
        for key in sorted(known & ours.keys()):
            values = [one[key] for one in same if key in one]
            if key not in OPTIONAL or kind(ours[key]) in {kind(value) for value in values}:
                yield from _compare(values, ours[key], f"{where}/{key}", extras=extras)


def kind(value: Any) -> str:
    """The JSON kind; whole and broken numbers are one."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"


def wording(text: str) -> str:
    """A text without what is different each time: paths, times, qualities, numbers."""
    for pattern, word in _VARIABLE:
        text = pattern.sub(word, text)
    return text
