"""Units: durations, sizes and rates as people write them, and their internal values.

Internally durations are whole seconds, sizes whole bytes, rates bytes per second. In all three -1 is a sentinel
("off", "no limit", "leave alone") and stays unchanged; no other negative amount exists. Anything else raises
ValueError with a text on what is allowed.
"""

from __future__ import annotations

import math
import re

OFF = -1
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
UNITS = {"seconds": 1, "minutes": MINUTE, "days": DAY}
"""Seconds of each unit in which a plain number of the configuration may count."""

# capital M is a month of 30 days, small m a minute; the case of other letters does not count
_SECONDS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY, "M": 30 * DAY}
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50}
_BYTES_PER_KILOBYTE = 1024

_AMOUNT = r"\s*(-?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE]\+?[0-9]{1,2})?)\s*"
_DURATION = re.compile(_AMOUNT + r"([smhdwSMHDW]?)\s*")
_SIZE = re.compile(_AMOUNT + r"([kmgtpKMGTP]?)(?:i?[bB])?\s*")

# Larger amounts are typing errors. Sums of these stay within 64 bits.
_MOST_SECONDS = 10**12
_MOST_BYTES = 2**62

_DURATION_FORM = 'a number, or a text such as "90s", "15m", "2h", "3d", "1w" or "2M" (months of 30 days)'
_SIZE_FORM = 'a number of bytes, or a text such as "500M", "50G" or "1.5T"; "-1" for off'
_RATE_FORM = "a number of kilobytes per second, or -1"


def parse_duration(value: object, *, unit_seconds: int = 1) -> int:
    """Seconds of `15`, `"15m"`, `"1.5h"`; a number without a letter is in units of `unit_seconds`.

    A positive duration is at least a second, as zero often has a meaning of its own.
    """
    amount, letter = _split(_DURATION, value, _DURATION_FORM)
    if amount < 0:
        return _sentinel(amount, _DURATION_FORM)
    if amount == 0:
        return 0
    per_unit = _SECONDS[letter if letter == "M" else letter.lower()] if letter else unit_seconds
    return max(1, _whole(amount * per_unit, _MOST_SECONDS, "duration"))


def format_duration(seconds: int) -> str:
    """The shortest text that `parse_duration` reads back exactly: `90s`, `2h`, `-1`."""
    if seconds <= 0:
        return str(seconds)
    letter = next(letter for letter in "Mwdhms" if seconds % _SECONDS[letter] == 0)
    return f"{seconds // _SECONDS[letter]}{letter}"


def in_units(seconds: int, unit_seconds: int) -> int | str:
    """A duration as a plain number of units where that is exact, else as a text."""
    if seconds <= 0:
        return seconds
    return format_duration(seconds) if seconds % unit_seconds else seconds // unit_seconds


def parse_size(value: object) -> int:
    """Bytes of `"50G"`, `"1.5TiB"`, `"50 GB"` or a plain number; the letters are powers of 1024."""
    amount, letter = _split(_SIZE, value, _SIZE_FORM)
    if amount < 0:
        return _sentinel(amount if not letter else math.nan, _SIZE_FORM)
    return _whole(amount * _BYTES[letter.upper()], _MOST_BYTES, "size")


def format_size(size_bytes: int) -> str:
    """The shortest text that `parse_size` reads back exactly: `50G`, `1023`, `-1`."""
    if size_bytes <= 0:
        return str(size_bytes)
    letter = next(letter for letter in ("P", "T", "G", "M", "K", "") if size_bytes % _BYTES[letter] == 0)
    return f"{size_bytes // _BYTES[letter]}{letter}"


def rounded_size(size_bytes: int) -> str:
    """A size to be read by the user, in powers of 1024: `4.9 KiB`, `1023 B`."""
    if abs(size_bytes) < _BYTES["K"]:
        return f"{size_bytes} B"
    letter = next((letter for letter in "PTGM" if abs(size_bytes) >= _BYTES[letter]), "K")
    return f"{size_bytes / _BYTES[letter]:.1f} {letter}iB"


def parse_rate(value: object) -> int:
    """Bytes per second of a number of kilobytes (1024 bytes) per second, the unit of qBittorrent's own page."""
    amount, letter = _split(_DURATION, value, _RATE_FORM)
    if letter:
        raise ValueError(_RATE_FORM)
    if amount < 0:
        return _sentinel(amount, _RATE_FORM)
    return _whole(amount * _BYTES_PER_KILOBYTE, _MOST_BYTES, "rate")


def to_kilobytes(bytes_per_second: int) -> int | float:
    """The number that `parse_rate` reads back as `bytes_per_second`."""
    if bytes_per_second < 0 or bytes_per_second % _BYTES_PER_KILOBYTE == 0:
        return bytes_per_second // _BYTES_PER_KILOBYTE
    return bytes_per_second / _BYTES_PER_KILOBYTE


def _split(form: re.Pattern[str], value: object, allowed: str) -> tuple[float, str]:
    """Amount and unit letter of a number or text; whole numbers stay exact."""
    match value:
        case bool():
            pass
        case int():
            return value, ""
        case float() if math.isfinite(value):
            return value, ""
        case str() if found := form.fullmatch(value):
            digits, letter = found.groups()
            return (int(digits) if digits.lstrip("-").isdigit() else float(digits)), letter
    raise ValueError(allowed)


def _sentinel(amount: float, allowed: str) -> int:
    if amount != OFF:
        raise ValueError(allowed)
    return OFF


def _whole(amount: float, most: int, what: str) -> int:
    if amount > most:
        raise ValueError(f"a smaller {what}")
    return int(amount)
