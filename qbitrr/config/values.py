"""Values of the file, read into their internal form and written back: one small function for each form.

Reading accepts other spellings where the meaning is clear (`"8080"` for a port, `info` for `INFO`, `mkv` for `.mkv`).
"""

from __future__ import annotations

import ipaddress
import math
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from qbitrr import units
from qbitrr.config import address
from qbitrr.config.messages import allowed
from qbitrr.config.patterns import fault_of, is_plain_extension

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.config.model.key import Form, Key

_TRUE = {"true", "yes", "y", "t", "on", "1"}
_FALSE = {"false", "no", "n", "f", "off", "0"}
_IN_PARENTHESES = re.compile(r"\(([^()]+)\)\s*$")
_LIKE_A_PATTERN = re.compile(r"[\[\](){}|?+*\\]")
_CRON_FIELD = re.compile(r"[0-9A-Za-z*/,#?-]+")
_WINDOW = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # IPv4 addresses in the form of IPv6 (RFC 4291)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # fits into no header
_NOT_IN_PATHS = re.compile(r"[\s?#\\]|^\.\.?$")
_MOST = 2**53
"""The largest whole number that every reader of JSON and TOML agrees on."""


class UnfitError(ValueError):
    """A value that cannot be read. The text is what is allowed and never contains the value."""


def read_value(key: Key, value: object) -> Any:
    """Read one value, or one entry of a list, into its internal form. Raises UnfitError."""
    try:
        inside = _READERS[key.form](value, key)
    except UnfitError:
        raise
    except ValueError:  # its text may contain the value
        raise UnfitError(allowed(key)) from None
    inside = key.meaning.get(_spelling(inside), inside)
    too_low = key.minimum is not None and inside < key.minimum
    if too_low or (key.maximum is not None and inside > key.maximum):
        raise UnfitError(allowed(key))
    return inside


def write_value(key: Key, inside: Any) -> Any:
    """Write a value for the file so that `read_value` reads it back."""
    if key.many:
        return list(inside)
    write = _WRITERS.get(key.form)
    return write(inside) if write else inside


def read_flag(value: object) -> bool:
    """Read true, yes, on, 1 or their opposites, in any case. Raises ValueError."""
    spelling = _spelling(value)
    if spelling not in _TRUE | _FALSE:
        raise ValueError
    return spelling in _TRUE


def _spelling(value: object) -> str:
    """A plain value in the form of the tables of spellings; nothing for tables, lists and dates."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().lower() if isinstance(value, bool | int | float | str) else ""


def _number(value: object, key: Key) -> float:
    match value:
        case bool():
            pass
        case int() | float() if -_MOST <= value <= _MOST:  # infinity and NaN are not in there
            return value
        case str():
            return _number(float(value) if re.search(r"[.eE]", value) else int(value), key)
    raise ValueError


def _integer(value: object, key: Key) -> int:
    number = _number(value, key)
    if math.trunc(number) != number:
        raise ValueError
    return math.trunc(number)


def _text(value: object, key: Key) -> str:
    match value:
        case str() if key.secret:
            # a password may start with a blank; a line end comes from how it was stored
            text = value.rstrip("\r\n")
            if _CONTROL.search(text):
                raise UnfitError(f"{allowed(key)}, without line ends and other control characters")
            return text
        case str():
            return value.strip()
    raise ValueError


def _name(value: object, key: Key) -> str:
    text = _text(value, key)
    if not text:
        raise ValueError
    return text


def _choice(value: object, key: Key) -> Any:
    """A choice in any case, by another spelling, or as a label that ends with it: `Never (-1)`."""
    choices = {_spelling(choice): choice for choice in key.choices} | dict(key.meaning)
    spelling = _spelling(value)
    label = _IN_PARENTHESES.search(spelling)
    if spelling not in choices and label:
        spelling = label.group(1).strip()
    if spelling not in choices:
        raise ValueError
    return choices[spelling]


def _category(value: object, key: Key) -> str:
    return _name(normal_category(_text(value, key)), key)


def _url(value: object, key: Key) -> str:
    text = _text(value, key)
    return address.http_url(text) if text else ""


def _own_url(value: object, key: Key) -> str:
    url = _url(value, key)
    if "@" in url:
        raise ValueError(url)
    return url


def _peer(value: object, key: Key) -> str:
    text = _text(value, key)
    address.peer(text)
    return text


def _server(value: object, key: Key) -> str:
    text = _text(value, key)
    if text:
        address.qbittorrent_url(text, 1)
    return text


def _host(value: object, key: Key) -> str:
    return address.host_name(_text(value, key))


def _network(value: object, key: Key) -> str:
    """`::ffff:10.0.0.0/104` is the network `10.0.0.0/8`: the addresses of peers are compared in that form too."""
    network = ipaddress.ip_network(_text(value, key), strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        mapped = network.network_address.ipv4_mapped
        network = ipaddress.ip_network((str(mapped), network.prefixlen - _MAPPED.prefixlen))
    return str(network)


def _pattern(value: object, _: Key) -> str:
    match value:
        case str():
            _try_pattern(value)
            return value
    raise ValueError


def _try_pattern(pattern: str) -> None:
    if fault := fault_of(pattern):
        raise UnfitError(f"a regular expression, but {fault}")


def _extension(value: object, key: Key) -> str:
    r"""`mkv`, `.mkv`, `*.mkv` and the pattern `\.mkv$` all mean `.mkv`; `.r[0-9]{2}` is the pattern `\.r[0-9]{2}`."""
    given = _name(value, key)
    text = given.lower().replace("\\", "").removesuffix("$").lstrip("*")
    extension = text if text.startswith(".") else f".{text}"
    if is_plain_extension(extension):
        return extension
    if not _LIKE_A_PATTERN.search(given):
        raise ValueError
    pattern = f"\\{given}" if given.startswith(".") else given
    _try_pattern(pattern)
    return pattern


def _path_prefix(value: object, key: Key) -> str:
    parts = [part for part in _text(value, key).split("/") if part]
    if any(map(_NOT_IN_PATHS.search, parts)):
        raise ValueError
    return "".join(f"/{part}" for part in parts)


def _cron(value: object, key: Key) -> str:
    fields = _text(value, key).split()
    if len(fields) not in (5, 6) or not all(map(_CRON_FIELD.fullmatch, fields)):
        raise ValueError
    cron = " ".join(fields)
    if cron != key.default:
        from croniter import croniter  # type: ignore[import-untyped]  # noqa: PLC0415 - seldom needed

        croniter(cron).get_next()  # its errors are ValueErrors, also that it is never due
    return cron


def _window(value: object, key: Key) -> str:
    text = _text(value, key).replace(" ", "")
    if text and not _WINDOW.fullmatch(text):
        raise ValueError
    return text


def _mapping(value: object, _: Key) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
        raise ValueError
    return dict(value)


def _duration(value: object, key: Key) -> int:
    return units.parse_duration(value, unit_seconds=units.UNITS[key.form])


_READERS: dict[Form, Callable[[Any, Key], Any]] = {
    "flag": lambda value, _: read_flag(value),
    "integer": _integer,
    "number": _number,
    "text": _text,
    "name": _name,
    "choice": _choice,
    "category": _category,
    "url": _url,
    "own_url": _own_url,
    "peer": _peer,
    "server": _server,
    "host": _host,
    "network": _network,
    "pattern": _pattern,
    "extension": _extension,
    "path_prefix": _path_prefix,
    "cron": _cron,
    "window": _window,
    "mapping": _mapping,
    "seconds": _duration,
    "minutes": _duration,
    "days": _duration,
    "size": lambda value, _: units.parse_size(value),
    "kilobytes": lambda value, _: units.parse_rate(value),
}

_WRITERS: dict[Form, Callable[[Any], Any]] = {
    "seconds": partial(units.in_units, unit_seconds=1),
    "minutes": partial(units.in_units, unit_seconds=units.MINUTE),
    "days": partial(units.in_units, unit_seconds=units.DAY),
    "size": units.format_size,
    "kilobytes": units.to_kilobytes,
}


def normal_category(text: str) -> str:
    """A category without empty parts and surrounding blanks: ` films / 4k/` is `films/4k`."""
    return "/".join(part for part in map(str.strip, text.split("/")) if part)


def is_below(category: str, ancestor: str) -> bool:
    """Whether `category` is a sub-category of `ancestor`, at any depth."""
    return category.startswith(f"{ancestor}/")
