"""Signed cookie values that expire, for a login at a provider that is under way. Nothing is stored."""

from __future__ import annotations

import hashlib
import secrets

from itsdangerous import BadSignature, Signer


class CookieSigner:
    """Issues and verifies values for one purpose. A value is valid for this purpose and this secret only."""

    def __init__(self, secret: str, purpose: str) -> None:
        self._secret = secret.encode(errors="surrogateescape")
        self._purpose = purpose
        self._signer = self._signer_for(purpose)

    def issue(self, now: float, lifetime_seconds: int) -> str:
        """Make a random value that is valid for a time from `now` on, in epoch seconds."""
        return self._signer.sign(f"{int(now) + lifetime_seconds}.{secrets.token_hex(16)}").decode()

    def is_valid(self, value: str, now: float) -> bool:
        """Whether a value was issued here and has not expired."""
        try:
            content = self._signer.unsign(value.encode(errors="surrogateescape"))
        except BadSignature:
            return False
        return int(content.partition(b".")[0]) > now

    def derive(self, value: str, part: str) -> str:
        """Derive a text of 43 characters that can only be known with the value and the secret."""
        return (
            self._signer_for(f"{self._purpose} {part}").get_signature(value.encode(errors="surrogateescape")).decode()
        )

    def _signer_for(self, purpose: str) -> Signer:
        return Signer(self._secret, salt=f"qbitrr {purpose}", key_derivation="hmac", digest_method=hashlib.sha256)
