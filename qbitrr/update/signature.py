"""Signature: what a release consists of, as stated by the holder of a release key. Pure.

A release has a manifest: the hashes and sizes of its wheel and of all its dependencies, the time of signing and the
time until which it is valid. The manifest and its signatures form one file, `<wheel>.manifest` beside the wheel:

    {"manifest": "<base64 of JSON>", "signatures": ["<base64>", …]}

A signature is Ed25519 (RFC 8032) over a fixed prefix and the bytes of the manifest. One valid signature by any of the
trusted keys is enough, so that a release can be signed by an old and by a new key at once.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from qbitrr.errors import UntrustedReleaseError

if TYPE_CHECKING:
    from collections.abc import Collection

PREFIX = b"qbitrrd release manifest\n"
"""Signed before the manifest: a signature that the key made for another purpose is none of a release."""

LONGEST_ENVELOPE_BYTES = 4 << 20
_KEY_BYTES = 32
_MOST_SIGNATURES = 8

_WheelName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+!-]*\.whl$", max_length=250)]
_Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
_Size = Annotated[int, Meta(gt=0, le=256 << 20)]
_Project = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]


class File(Struct, frozen=True):
    """A wheel; `size` in bytes."""

    name: _WheelName
    sha256: _Sha256
    size: _Size


class Dependency(Struct, frozen=True):
    """One package of the lock, with its wheels for all platforms; needed only with one of `extras` if there are any."""

    name: _Project
    version: str
    files: Annotated[tuple[File, ...], Meta(min_length=1)]
    extras: tuple[str, ...] = ()


class Manifest(Struct, frozen=True):
    """One release. Times in epoch seconds."""

    distribution: Literal["qbitrrd"]
    version: str
    signed_at: float
    expires_at: float
    wheel: File
    dependencies: tuple[Dependency, ...]


class Envelope(Struct, frozen=True):
    """A manifest as it was signed, with its signatures; both as base64 in JSON."""

    manifest: bytes
    signatures: Annotated[tuple[bytes, ...], Meta(max_length=_MOST_SIGNATURES)]


def parse_keys(text: str) -> tuple[bytes, ...]:
    """Decode public keys: 32 bytes as base64, one a line; `#` starts a comment. Raises UntrustedReleaseError."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(_key(line) for line in lines if line)


def verify(envelope: bytes, keys: Collection[bytes]) -> Manifest:
    """Decode a manifest that one of the keys has signed. Raises UntrustedReleaseError, with the reason."""
    if len(envelope) > LONGEST_ENVELOPE_BYTES:
        raise UntrustedReleaseError("the manifest is too long")
    try:
        opened = msgspec.json.decode(envelope, type=Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UntrustedReleaseError(f"the manifest is not signed: {error}") from error
    if not any(_is_valid(signature, opened.manifest, key) for signature in opened.signatures for key in keys):
        raise UntrustedReleaseError("the manifest is not signed by a release key that is known here")
    try:
        manifest = msgspec.json.decode(opened.manifest, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UntrustedReleaseError(f"the signed manifest cannot be read: {error}") from error
    _check_names(manifest)
    return manifest


def check_current(manifest: Manifest, version: str, present: str, now: float) -> None:
    """Check that a manifest is that of `version`, which is newer than the present one, and that it has not expired.

    Raises UntrustedReleaseError.
    """
    if Version(manifest.version) != Version(version):
        raise UntrustedReleaseError(f"the manifest of {version} is that of {manifest.version}")
    if not Version(manifest.version) > Version(present):
        raise UntrustedReleaseError(f"{manifest.version} is not newer than {present}")
    if now >= manifest.expires_at:
        raise UntrustedReleaseError(f"the manifest of {manifest.version} has expired")


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise UntrustedReleaseError("a release key is not the base64 of an Ed25519 public key, which has 32 bytes")
    return key


def _is_valid(signature: bytes, manifest: bytes, key: bytes) -> bool:
    try:
        # large, and needed only when there is an update
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    except ImportError:
        raise UntrustedReleaseError("signatures cannot be verified; install qbitrrd[update]") from None
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, PREFIX + manifest)
    except (InvalidSignature, ValueError):
        return False
    return True


def _check_names(manifest: Manifest) -> None:
    """Check that every file is a wheel of the package and version under which it is listed."""
    listed: list[tuple[str, str, File]] = [(manifest.distribution, manifest.version, manifest.wheel)]
    listed += [(one.name, one.version, file) for one in manifest.dependencies for file in one.files]
    for name, version, file in listed:
        try:
            found = parse_wheel_filename(file.name)[:2]
            fits = found == (canonicalize_name(name), Version(version))
        except (InvalidWheelFilename, InvalidVersion):
            fits = False
        if not fits:
            raise UntrustedReleaseError(f"the signed manifest lists {file.name} as {name} {version}")
