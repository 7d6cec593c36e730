"""Redaction: keeps secrets out of everything that is shown, logged or stored.

In two ways, used together: the secrets of the configuration are replaced wherever they occur; addresses lose what is
usually secret in them (user info, passkeys), whether it is configured or not.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from qbitrr.config.model.key import Table, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbitrr.config.model import Config

HIDDEN = "***"
SHORTEST = 4
"""Characters of a secret that is hidden in texts. A shorter one would be found in words, and be given away by it."""

# with a scheme, or a dotted host name with something behind it
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|[\w.-]+\.\w+(?::\d+)?[/?]", re.IGNORECASE)
_NOTHING = "(?!)"
_USER_INFO = re.compile(r"(://)[^/?#]*@|^[^/?#\s@]+:[^/?#\s]*@")
_SECRET_PARAMETER = re.compile(
    r"(?<=[?&;])((?:\w*(?:pass|key|token|secret|auth|credential)\w*|sid|uk|rsskey)=)[^&;#]+", re.IGNORECASE
)
# trackers put 20 to 64 letters and digits into the path; words of a path have no digits among that many letters
_PASSKEY = re.compile(r"(?<=[/=])(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{16,}(?=[/?&#]|$)", re.IGNORECASE)


def secrets_of(config: Config) -> frozenset[str]:
    """Every secret of the configuration, in each spelling in which a log line may contain it."""
    tables: list[Table] = [
        config.settings,
        config.webui,
        config.notifications,
        config.prowlarr,
        *config.qbits.values(),
        *config.arrs.values(),
    ]
    return frozenset(spelling for table in tables for secret in _secrets_in(table) for spelling in _spellings(secret))


def redact_text(text: str, secrets: frozenset[str]) -> str:
    """Replace every secret in a text by `***`, except those that are as short as parts of words."""
    return _any_of(secrets).sub(HIDDEN, text) if secrets else text


def redact_url(url: str) -> str:
    """Remove user info from an address, and replace what resembles a key by `***`; other texts stay as they are."""
    without_user = _USER_INFO.sub(r"\1", url, count=1)
    if not _URL.match(url):
        return without_user
    return _PASSKEY.sub(HIDDEN, _SECRET_PARAMETER.sub(rf"\1{HIDDEN}", without_user))


def _secrets_in(table: Table) -> Iterator[str]:
    for key in keys_of(type(table)):
        value = getattr(table, key.attribute)
        if isinstance(value, Table):
            yield from _secrets_in(value)
        elif key.form == "rows":
            for row in value:
                yield from _secrets_in(row)
        elif key.secret and isinstance(value, tuple):
            yield from (part for url in value for part in (url, *_secrets_in_url(url)))
        elif isinstance(value, str) and value:
            yield from [value] if key.secret else _secrets_in_url(value)


def _secrets_in_url(text: str) -> Iterator[str]:
    """The parts of an address that `redact_url` hides."""
    if not _URL.match(text) or redact_url(text) == text:
        return
    yield from _PASSKEY.findall(text)
    parts = urlsplit(text)
    login = parts.password or parts.username
    if login:
        yield unquote(login)
    yield from (value for name, value in parse_qsl(parts.query) if _SECRET_PARAMETER.match(f"?{name}=x", 1))


def _spellings(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}


@lru_cache(maxsize=4)
def _any_of(secrets: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted((secret for secret in secrets if len(secret) >= SHORTEST), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or _NOTHING)
