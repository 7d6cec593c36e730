"""Download: the wheels of a signed release that fit this machine, each fetched once and checked by size and hash."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import shutil
from typing import TYPE_CHECKING

from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from qbitrr.atomic_file import give_to_folder_owner
from qbitrr.errors import ServiceError, UpdateFailedError
from qbitrr.update import index
from qbitrr.update.programs import REQUIREMENTS
from qbitrr.update.releases import DISTRIBUTION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from qbitrr.update.programs import OnLine
    from qbitrr.update.signature import File, Manifest

_EXTRAS = {"notify": "apprise", "oidc": "joserfc", "update": "cryptography"}


async def download(manifest: Manifest, address: str, folder: Path, on_line: OnLine) -> None:
    """Fetch a release, with the extras that are installed now, from the index at an address into a new folder.

    The folder gets a list of its wheels with their hashes, for pip. Raises UpdateFailedError.
    """
    await asyncio.to_thread(make_empty, folder)
    lines = []
    for name, version, file in chosen(manifest, installed_extras()):
        on_line(f"downloading {name} {version}")
        try:
            body = await index.fetch(address, name, file.name, file.size)
        except ServiceError as error:
            raise UpdateFailedError(f"{file.name} could not be downloaded: {error}") from error
        check_bytes(file, body)
        await asyncio.to_thread((folder / file.name).write_bytes, body)
        lines.append(f"{name}=={version} --hash=sha256:{file.sha256}\n")
    (folder / REQUIREMENTS).write_text("".join(lines))


def make_empty(folder: Path) -> None:
    """Make a new folder in place of one that is there, and the one that it is in. Raises OSError."""
    shutil.rmtree(folder, ignore_errors=True)
    for each in (folder.parent, folder):
        each.mkdir(mode=0o700, exist_ok=each != folder)
        give_to_folder_owner(each)


def installed_extras() -> frozenset[str]:
    """The extras of this installation, by a module of each."""
    return frozenset(extra for extra, module in _EXTRAS.items() if importlib.util.find_spec(module))


def chosen(manifest: Manifest, extras: frozenset[str]) -> list[tuple[str, str, File]]:
    """Name, version and wheel of everything to install. Raises UpdateFailedError when a package has no wheel for us."""
    found = [(DISTRIBUTION, manifest.version, manifest.wheel)]
    for one in manifest.dependencies:
        if one.extras and extras.isdisjoint(one.extras):
            continue
        wheel = best(one.files)
        if wheel is None:
            raise UpdateFailedError(f"{one.name} {one.version} has no wheel for this machine and Python")
        found.append((one.name, one.version, wheel))
    return found


def best(files: Iterable[File]) -> File | None:
    """The wheel that pip prefers on this machine (PEP 425); None when none fits."""
    ranks = {tag: rank for rank, tag in enumerate(sys_tags())}
    ranked = [
        (min(ranks[tag] for tag in tags), file)
        for file in files
        if (tags := [tag for tag in parse_wheel_filename(file.name)[3] if tag in ranks])
    ]
    return min(ranked, key=lambda one: one[0])[1] if ranked else None


def check_bytes(file: File, body: bytes) -> None:
    """Check what was downloaded against the manifest. Raises UpdateFailedError."""
    if len(body) != file.size or hashlib.sha256(body).hexdigest() != file.sha256:
        raise UpdateFailedError(f"{file.name} is not the file that was signed")
