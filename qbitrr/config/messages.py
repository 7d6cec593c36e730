"""Messages about keys and values: for problems, the example file and the documentation."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from qbitrr import units
from qbitrr.config.redact import redact_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.config.model.key import Form, Key

_DURATION = 'or a text such as "90s", "15m", "2h", "3d", "1w"'
_FORMS: dict[Form, str] = {
    "table": "a table",
    "inline": "keys of this table",
    "rows": "an array of tables",
    "mapping": 'a table of texts, such as { "HD" = "Any" }',
    "text": "a text in quotes",
    "name": "a text in quotes, not empty",
    "choice": "one of the choices",
    "category": "a category name",
    "url": 'an address such as "http://localhost:7878"',
    "server": 'a host name or address such as "localhost"',
    "host": "a host name",
    "network": 'an address or network such as "10.0.0.0/8"',
    "pattern": "a regular expression",
    "extension": 'a file extension such as ".mkv", or a pattern for extensions',
    "peer": 'an address with a name and a reading token in it, such as "http://attic:TOKEN@192.168.1.9:6969"',
    "own_url": 'an address without a login in it, such as "https://qbitrr.example.org"',
    "path_prefix": 'a path such as "/qbitrr", or empty',
    "cron": 'five or six fields such as "0 3 * * 0"',
    "window": 'two times of day such as "22:00-07:00", or empty',
    "flag": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "seconds": f"a number of seconds, {_DURATION}",
    "minutes": f"a number of minutes, {_DURATION}",
    "days": f"a number of days, {_DURATION}",
    "size": 'a size such as "50G"',
    "kilobytes": "a number of kilobytes per second",
}


def allowed(key: Key) -> str:
    """What the file may have for one value of `key`, such as `a whole number, 1 to 65535`."""
    if key.choices:
        *others, last = map(_quoted, key.choices)
        return f"{', '.join(others)} or {last}"
    limits = _limits(key)
    return f"{_FORMS[key.form]}, {limits}" if limits else _FORMS[key.form]


def unit_and_choices(key: Key) -> str:
    """What the file has to explain besides `key.why`: `seconds`, `1 to 65535`, `Dark, Light`, or nothing."""
    if key.form in ("seconds", "minutes", "days"):
        return key.form
    choices = [str(choice) for choice in key.choices]
    if not all(choice in key.why for choice in choices):
        return ", ".join(choices)
    return "" if key.maximum is None else _limits(key)


def shown(value: object, *, secret: bool) -> str:
    """A short description of a value; of a secret only its kind."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if secret:
        return "a hidden text" if isinstance(value, str) else f"a hidden {type(value).__name__}"
    if isinstance(value, bool):
        return str(value).lower()
    return _shortened(_quoted(redact_url(value) if isinstance(value, str) else value))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the known name that is most similar to a misspelt one, or nothing."""
    meant = most_similar(name, known)
    return f"Did you mean {meant}?" if meant else ""


def most_similar(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most similar to a misspelt one; None when none is."""
    by_lower_case = {candidate.lower(): candidate for candidate in known}
    nearest = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.7)
    return by_lower_case[nearest[0]] if nearest else None


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _limits(key: Key) -> str:
    low, high = _limit(key, key.minimum), _limit(key, key.maximum)
    if low and high:
        return f"{low} to {high}"
    if low == "-1" and key.form == "size":
        return 'or "-1"'
    return f"{low} or more" if low else ""


def _limit(key: Key, inside: float | None) -> str:
    """A limit as the file has it, where a plain number may count days."""
    if inside is None:
        return ""
    unit_seconds = units.UNITS.get(key.form)
    return str(inside) if unit_seconds is None else _quoted(units.in_units(int(inside), unit_seconds))
