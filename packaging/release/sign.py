"""Signing of a manifest by Ed25519 keys: the counterpart of `qbitrr.update.signature`. Pure."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from qbitrr.update.signature import PREFIX, Envelope, File

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from qbitrr.update.signature import Manifest

_END = "-----END PRIVATE KEY-----"


def private_keys(pem: str) -> list[Ed25519PrivateKey]:
    """Decode one or more private keys (PKCS #8, PEM). Raises ValueError, with nothing of them in it."""
    try:
        found = [load_pem_private_key((part + _END).encode(), None) for part in pem.split(_END) if part.strip()]
    except (ValueError, TypeError, UnsupportedAlgorithm):  # no key, or one with a password
        found = []
    keys = [key for key in found if isinstance(key, Ed25519PrivateKey)]
    if not keys or len(keys) != len(found):
        raise ValueError("not an Ed25519 key; make one by: openssl genpkey -algorithm ed25519")
    return keys


def public_line(key: Ed25519PrivateKey) -> str:
    """The public key as it is listed in `release-keys.txt` and in Settings.UpdateKey."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def signed(manifest: Manifest, keys: Iterable[Ed25519PrivateKey]) -> bytes:
    """Encode a manifest with a signature of each key: the content of `<wheel>.manifest`."""
    encoded = msgspec.json.encode(manifest)
    return msgspec.json.encode(Envelope(encoded, tuple(key.sign(PREFIX + encoded) for key in keys)))


def described(wheel: Path) -> File:
    """Describe a wheel. Raises OSError."""
    content = wheel.read_bytes()
    return File(wheel.name, hashlib.sha256(content).hexdigest(), len(content))
