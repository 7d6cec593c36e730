"""The cookie of a page that has logged in: an expiry, signed with what changes when token or password do.

Nothing is kept here, so a login survives a restart of the daemon.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

COOKIE = "qbitrr_session"
LASTS_SECONDS = 30 * 86_400


def issue(secret: str, now: float, lasts_seconds: int = LASTS_SECONDS) -> str:
    """A value for the cookie; `now` in epoch seconds."""
    content = f"{int(now) + lasts_seconds}.{secrets.token_hex(16)}"
    return f"{content}.{_signature(content, secret)}"


def holds(value: str, secret: str, now: float) -> bool:
    """Whether a value was issued with this secret and has not expired."""
    content, _, signature = value.rpartition(".")
    expected = _signature(content, secret)
    if not hmac.compare_digest(signature.encode(errors="surrogateescape"), expected.encode()):
        return False
    return int(content.partition(".")[0]) > now


def derived(value: str, secret: str, purpose: str) -> str:
    """A text that only who has value and secret can know."""
    return _signature(f"{purpose}:{value}", secret)


def _signature(content: str, secret: str) -> str:
    key = hashlib.sha256(b"qbitrr session\0" + secret.encode(errors="surrogateescape")).digest()
    return hmac.new(key, content.encode(errors="surrogateescape"), "sha256").hexdigest()
