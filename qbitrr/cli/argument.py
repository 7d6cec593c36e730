"""Argument: one that a command is given, read from its text. Each type says what it is when the text cannot be one."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

_MOST_DIGITS = 18  # of the number of an action or a file; more of them exceed the integers of SQLite
_LAST_PORT = 65_535


def folder(text: str) -> Path:
    """A data folder."""
    if not text:
        raise ArgumentTypeError("name a folder, or leave --data-dir out")
    return Path(text)


def name(text: str) -> str:
    """The name of a category, a torrent or a login."""
    if not text.strip():
        raise ArgumentTypeError("it is empty")
    return text


def number(text: str) -> int:
    """The number of an action or a file."""
    if not (_is_natural(text) and int(text)):
        raise ArgumentTypeError(f"{text} is not the number of one; numbers are whole, from 1 on")
    return int(text)


def port(text: str) -> int:
    """A port to listen on."""
    if not (_is_natural(text) and 1 <= int(text) <= _LAST_PORT):
        raise ArgumentTypeError(f"{text} is no port; ports are from 1 to {_LAST_PORT}")
    return int(text)


def _is_natural(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
