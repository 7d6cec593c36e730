"""Stage: another version installed beside the present one, and checked whether it can be used at all."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr.errors import UpdateFailedError
from qbitrr.update.programs import CODE_UMASK, clean_environ, installing, python, run
from qbitrr.update.releases import DISTRIBUTION, PACKAGE, runs_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.data_dir import DataDir
    from qbitrr.update.installation import Installation
    from qbitrr.update.programs import OnLine
    from qbitrr.update.releases import Release

MARK = ".qbitrr-version"
"""A file in every environment that an update made, and in no other."""

_VENV_SECONDS = 120.0
_INSTALL_SECONDS = 900.0
_CHECK_SECONDS = 60.0
_SPARE_BYTES = 64 << 20


def place_for(installation: Installation, data_dir: DataDir, release: Release) -> Path:
    """The folder of a version: beside the present one, or in the data folder when there is no link to move."""
    if installation.link is not None:
        return Path(installation.prefix).parent / release.version
    return data_dir.folder / "update" / release.version


async def stage(
    release: Release, place: Path, data_dir: DataDir, wheels: Path, environ: Mapping[str, str], on_line: OnLine
) -> None:
    """Install the downloaded `wheels` in a new virtual environment at `place`, and have it check the configuration.

    Raises UpdateFailedError; nothing in use was touched.
    """
    if not runs_on(release, platform.python_version()):
        raise UpdateFailedError(f"{release.version} needs Python {release.requires_python}")
    await asyncio.to_thread(_make_room, place, data_dir, release.version)
    on_line(f"installing {DISTRIBUTION} {release.version}")
    clean = clean_environ()
    venv = python(sys.executable, "-m", "venv", str(place))
    await run("building a virtual environment", venv, clean, _VENV_SECONDS, on_line)
    new = str(place / "bin" / "python")
    await run("pip", installing(new, wheels), clean, _INSTALL_SECONDS, on_line)
    version = python(new, "-m", PACKAGE, "--version")
    printed = await run("the new version", version, clean, _CHECK_SECONDS, on_line)
    if printed != f"{PACKAGE} {release.version}":
        raise UpdateFailedError(f"what was installed printed {printed!r}, not {release.version}")
    check = python(new, "-m", PACKAGE, "--data-dir", str(data_dir.folder), "check")
    await run("its check of the configuration", check, environ, _CHECK_SECONDS, on_line)


def remove(place: Path) -> None:
    """Remove an environment that an update made, and no other folder. Raises OSError."""
    if (place / MARK).is_file():
        shutil.rmtree(place)


def _make_room(place: Path, data_dir: DataDir, version: str) -> None:
    """Replace what an earlier try left by an empty folder with our mark, and check the free space.

    Raises UpdateFailedError.
    """
    try:
        state_bytes = data_dir.state_file.stat().st_size if data_dir.state_file.exists() else 0
        remove(place)
        if os.path.lexists(place):
            raise UpdateFailedError(f"{place} is in the way, and no update made it")
        place.parent.mkdir(parents=True, exist_ok=True)
        present = sum(path.lstat().st_size for path in Path(sys.prefix).rglob("*") if not path.is_dir())
        copies = 2 if place.is_relative_to(data_dir.folder) else 1  # the packages in use are copied there as well
        for where, needed in (
            (place.parent, copies * present + _SPARE_BYTES),
            (data_dir.folder, 3 * state_bytes + _SPARE_BYTES),
        ):
            free = shutil.disk_usage(where).free
            if free < needed:
                text = f"{where} has {free >> 20} MiB free, an update needs {needed >> 20} MiB"
                raise UpdateFailedError(text)
        place.mkdir()
        place.chmod(0o777 & ~CODE_UMASK)
        (place / MARK).write_text(version)
    except OSError as error:
        raise UpdateFailedError(f"{place} cannot be prepared: {error.strerror or error}") from error
