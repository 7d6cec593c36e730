"""Regular expressions of users: which ones end in bounded time, whatever they are matched against."""

from __future__ import annotations

import re
import warnings
from functools import cache
from re import _constants, _parser  # type: ignore[attr-defined]  # nothing else sees into a pattern
from typing import Any

_MANY = 10
"""A repeat of so many times can match the same text in very many ways when it stands in another such repeat."""
_REPEATS = frozenset({_constants.MAX_REPEAT, _constants.MIN_REPEAT})


def fault_of(pattern: str) -> str:
    """Say why a text is no regular expression; empty if it is one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about a pattern that works
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return ""


@cache
def is_bounded(pattern: str) -> bool:
    r"""Whether a valid pattern can match a text in one way only within each repeat, unlike `(\w+\.?)+` and `(a|ab)+`.

    The time for one of those may double with each letter of a name, and nothing can stop it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return not _is_ambiguous(_parser.parse(pattern), inside=False)


def _is_ambiguous(parsed: Any, *, inside: bool) -> bool:
    """Whether a repeat of a parsed pattern, itself `inside` of one or not, can match the same text in several ways."""
    for operation, argument in parsed:
        repeats = operation in _REPEATS and argument[1] >= _MANY
        varies = operation in _REPEATS and argument[0] != argument[1]
        if inside and (repeats or varies or (operation is _constants.BRANCH and not _are_distinct(argument[1]))):
            return True
        if any(_is_ambiguous(part, inside=inside or repeats) for part in _parts(argument)):
            return True
    return False


def _are_distinct(branches: list[Any]) -> bool:
    """Whether each alternative begins with another letter."""
    firsts: list[Any] = [branch[0] if len(branch) else (None, None) for branch in branches]
    letters = {chr(argument).casefold() for operation, argument in firsts if operation is _constants.LITERAL}
    return len(letters) == len(branches)


def _parts(argument: Any) -> list[Any]:
    """The patterns in the argument of an operation, however deep in tuples and lists."""
    if isinstance(argument, _parser.SubPattern):
        return [argument]
    if isinstance(argument, list | tuple):
        return [part for one in argument for part in _parts(one)]
    return []


_PLAIN_EXTENSION = re.compile(r"(?:\.[a-z0-9!_+~-]+)+", re.IGNORECASE)


def is_plain_extension(text: str) -> bool:
    """Whether an entry of `FileExtensionAllowlist` is an extension such as `.mkv`, and no pattern for extensions."""
    return _PLAIN_EXTENSION.fullmatch(text) is not None
