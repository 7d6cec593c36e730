"""History: the versions of the configuration that were in force, one private file each; the newest are kept."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from qbitrr.atomic_file import write_private
from qbitrr.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

KEPT = 100
MOST_BYTES = 16 << 20
"""Of all versions together; the newest stays, however large it is."""
_SUFFIX = ".json"


class Version(Struct, frozen=True):
    """One version: by whom (an address, or `file` for a manual edit), and when in epoch seconds.

    `complete` ones have their secrets; others have `***` in place of each.
    """

    id: int
    author: str
    at: float
    text: str
    complete: bool = True


_decoder = msgspec.json.Decoder(Version)


def version_of(text: str, key: bytes) -> str:
    """A short name of a text, by its content.

    The text has secrets in it: without `key` a name could be compared with those of guesses.
    """
    return hashlib.blake2b(text.encode(), digest_size=8, key=key).hexdigest()


def versions(folder: Path) -> list[Version]:
    """All kept versions, oldest first, without files that cannot be read."""
    found = []
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            found.append(_decoder.decode(path.read_bytes()))
        except (OSError, ValueError):
            continue
    return found


def drop_old(folder: Path, before: float) -> int:
    """Delete the versions from before a time in epoch seconds, but for the newest; returns how many. Raises OSError."""
    old = [version for version in versions(folder)[:-1] if version.at < before]
    for version in old:
        _path(folder, version.id).unlink(missing_ok=True)
    return len(old)


def drop_secrets(folder: Path, before: float) -> list[int]:
    """Remove the secrets from the versions from before a time in epoch seconds, but for the newest. Raises OSError.

    Returns the versions that could not be rid of them and were deleted.
    """
    old = [version for version in versions(folder)[:-1] if version.complete and version.at < before]
    return [version.id for version in old if not _is_rid_of_secrets(_path(folder, version.id), version)]


def _is_rid_of_secrets(path: Path, version: Version) -> bool:
    from qbitrr.config.edit import without_secrets  # noqa: PLC0415 - tomlkit is slow and large, and seldom needed

    try:
        text = without_secrets(version.text)
    except ConfigError:
        path.unlink(missing_ok=True)
        return False
    write_private(path, msgspec.json.encode(msgspec.structs.replace(version, text=text, complete=False)))
    return True


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:08}{_SUFFIX}"


def record(folder: Path, text: str, author: str, at: float) -> None:
    """Keep a version, unless its text is the newest one already. Raises OSError."""
    kept = versions(folder)
    if kept and kept[-1].text == text:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    number = kept[-1].id + 1 if kept else 1
    write_private(_path(folder, number), msgspec.json.encode(Version(number, author, at, text)))
    room = MOST_BYTES - len(text)
    for nth_newest, old in enumerate(reversed(kept), 2):
        room -= len(old.text)
        if nth_newest > KEPT or room < 0:
            _path(folder, old.id).unlink(missing_ok=True)
