"""The last part of `make release`: builds the wheel into `dist`, locks what it needs, signs both as `<wheel>.manifest`.

`SHA256SUMS` has the checksums of everything in `dist`.

The key is a file (PEM, PKCS #8) named by QBITRR_RELEASE_KEY_FILE, or the content of QBITRR_RELEASE_KEY; with several
keys in it each of them signs. QBITRR_RELEASE_DAYS is how long the release is valid.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr.update.index import of_pip
from qbitrr.update.programs import python
from qbitrr.update.signature import Manifest, parse_keys, verify
from release.lock import resolve
from release.sign import described, private_keys, public_line, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CHECKOUT = Path(__file__).parents[2]
DIST = CHECKOUT / "dist"
KEYS = CHECKOUT / "qbitrr" / "update" / "release-keys.txt"
SUMS = "SHA256SUMS"
_DAYS = 365.0
_DAY_SECONDS = 86400.0
_OLDEST_PYTHON = (3, 11)


def main() -> None:
    """Build and sign. Exits with a sentence when that is not possible."""
    if sys.version_info[:2] != _OLDEST_PYTHON:
        sys.exit(
            f"a release is locked by the oldest supported Python: PYTHON=python{'.'.join(map(str, _OLDEST_PYTHON))}"
        )
    keys = _keys()
    trusted = parse_keys(KEYS.read_text())
    missing = [line for line in map(public_line, keys) if parse_keys(line)[0] not in trusted]
    if missing:
        sys.exit(f"add the public key to {KEYS.relative_to(CHECKOUT)} and commit it first: {' '.join(missing)}")
    try:
        wheel, envelope, count = _signed(keys, trusted)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        sys.exit(f"not released: {error}")
    wheel.with_name(f"{wheel.name}.manifest").write_bytes(envelope)
    (DIST / SUMS).write_text("".join(_sums()))
    sys.stdout.write(f"{wheel.relative_to(CHECKOUT)} and {wheel.name}.manifest, {count} packages\n")


def _signed(keys: list[Ed25519PrivateKey], trusted: tuple[bytes, ...]) -> tuple[Path, bytes, int]:
    """Build; the wheel, its signed manifest, and how many packages it needs."""
    wheel = _build()
    now = time.time()
    index = os.environ.get("QBITRR_RELEASE_INDEX") or asyncio.run(of_pip())
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    manifest = Manifest(
        distribution="qbitrrd",
        version=wheel.name.split("-")[1],
        signed_at=now,
        expires_at=now + float(os.environ.get("QBITRR_RELEASE_DAYS") or _DAYS) * _DAY_SECONDS,
        wheel=described(wheel),
        dependencies=tuple(resolve(wheel, _extras(project), index)),
    )
    envelope = signed(manifest, keys)
    verify(envelope, trusted)
    if described(wheel) != manifest.wheel:
        raise ValueError(f"{wheel.name} was changed while it was signed")
    return wheel, envelope, len(manifest.dependencies)


def _sums() -> Iterator[str]:
    """The lines of `sha256sum --check`, one for each file."""
    for path in sorted(DIST.iterdir()):
        if path.name != SUMS:
            yield f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"


def _keys() -> list[Ed25519PrivateKey]:
    """The keys of the environment. Exits with a sentence that has nothing of them."""
    file = os.environ.get("QBITRR_RELEASE_KEY_FILE")
    try:
        pem = Path(file).read_text() if file else os.environ.get("QBITRR_RELEASE_KEY")
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}")
    if not pem:
        sys.exit("QBITRR_RELEASE_KEY_FILE names no key; make one by: openssl genpkey -algorithm ed25519 -out FILE")
    try:
        return private_keys(pem)
    except ValueError as error:
        sys.exit(str(error))


def _extras(project: dict[str, dict[str, object]]) -> tuple[str, ...]:
    return tuple(name for name in project["optional-dependencies"] if name != "dev")


def _build() -> Path:
    for earlier in (*DIST.glob("*.whl"), *DIST.glob("*.manifest")):
        earlier.unlink()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("QBITRR_RELEASE_")}
    pip = python(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(DIST), str(CHECKOUT))
    subprocess.run(pip, check=True, env=environ)  # noqa: S603
    (wheel,) = DIST.glob("*.whl")
    return wheel


if __name__ == "__main__":
    main()
