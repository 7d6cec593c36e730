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


@cache
def is_bounded(pattern: str) -> bool:
    r"""Whether a valid pattern has no repeat inside of a repeat, such as `(\w+\.?)+`.

    The time for one of those may double with each letter of a name, and nothing can stop it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return not _nests(_parser.parse(pattern), inside=False)


def _nests(parsed: Any, *, inside: bool) -> bool:
    """Whether a parsed pattern, itself `inside` of a repeat or not, has a repeat inside of a repeat."""
    for operation, argument in parsed:
        repeats = operation in _REPEATS and argument[1] >= _MANY
        if repeats and inside:
            return True
        if any(_nests(part, inside=inside or repeats) for part in _parts(argument)):
            return True
    return False


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
