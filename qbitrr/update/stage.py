"""Stage: another version installed beside the present one, and checked whether it can be used at all."""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import shutil
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr.errors import UpdateFailedError
from qbitrr.update.releases import NOT_OURS, PACKAGE, is_ours, runs_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qbitrr.data_dir import DataDir
    from qbitrr.update.installation import Installation
    from qbitrr.update.releases import Release

    OnLine = Callable[[str], None]

MARK = ".qbitrr-version"
"""A file in every environment that an update made, and in no other."""

_VENV_SECONDS = 120.0
_INSTALL_SECONDS = 900.0
_CHECK_SECONDS = 60.0
_SPARE_BYTES = 64 << 20
_KEPT_LINES = 12
_LONGEST_LINE = 2_000  # characters
_EXTRAS = {"notify": "apprise", "oidc": "joserfc"}


def place_for(installation: Installation, data_dir: DataDir, release: Release) -> Path:
    """The folder of a version: beside the present one, or in the data folder when there is no link to move."""
    if installation.link is not None:
        return Path(installation.prefix).parent / release.version
    return data_dir.folder / "update" / release.version


async def stage(
    release: Release, place: Path, data_dir: DataDir, index: str, environ: Mapping[str, str], on_line: OnLine
) -> None:
    """Install a release in a new virtual environment at `place`, and have it check the configuration.

    `index` is the address of the package index. Raises UpdateFailedError; nothing in use was touched.
    """
    if not runs_on(release, platform.python_version()):
        raise UpdateFailedError(f"{release.version} needs Python {release.requires_python}")
    await asyncio.to_thread(_make_room, place, data_dir)
    python = str(place / "bin" / "python")
    on_line(f"installing {PACKAGE} {release.version}")
    await run(
        "building a virtual environment", [sys.executable, "-m", "venv", str(place)], environ, _VENV_SECONDS, on_line
    )
    (place / MARK).write_text(release.version)
    # in the environment, as every user of the machine can read arguments
    with_index = {**environ, "PIP_INDEX_URL": index, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    pip = [python, "-m", "pip", "install", "--only-binary", PACKAGE, requirement(release.version)]
    await run("pip", pip, with_index, _INSTALL_SECONDS, on_line)
    if not await asyncio.to_thread(_is_ours, place):  # before anything of it is run
        raise UpdateFailedError(NOT_OURS)
    printed = await run("the new version", [python, "-P", "-m", PACKAGE, "--version"], environ, _CHECK_SECONDS, on_line)
    if printed != f"{PACKAGE} {release.version}":
        raise UpdateFailedError(f"what was installed printed {printed!r}, not {release.version}")
    check = [python, "-P", "-m", PACKAGE, "--data-dir", str(data_dir.folder), "check"]
    await run("its check of the configuration", check, environ, _CHECK_SECONDS, on_line)


def _is_ours(place: Path) -> bool:
    found = list(place.glob(f"lib/python3*/site-packages/{PACKAGE}-*.dist-info/METADATA"))
    return len(found) == 1 and is_ours(found[0].read_text(errors="replace"))


def requirement(version: str) -> str:
    """The requirement for pip, with the extras that are installed now."""
    extras = [extra for extra, module in _EXTRAS.items() if importlib.util.find_spec(module)]
    return f"{PACKAGE}{f'[{chr(44).join(extras)}]' if extras else ''}=={version}"


def _make_room(place: Path, data_dir: DataDir) -> None:
    """Remove what an earlier try left, and check the free space. Raises UpdateFailedError."""
    try:
        state_bytes = data_dir.state_file.stat().st_size if data_dir.state_file.exists() else 0
        if place.exists():
            shutil.rmtree(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        present = sum(path.lstat().st_size for path in Path(sys.prefix).rglob("*") if not path.is_dir())
        for where, needed in (
            (place.parent, present + _SPARE_BYTES),
            (data_dir.folder, 3 * state_bytes + _SPARE_BYTES),
        ):
            free = shutil.disk_usage(where).free
            if free < needed:
                text = f"{where} has {free >> 20} MiB free, an update needs {needed >> 20} MiB"
                raise UpdateFailedError(text)
    except OSError as error:
        raise UpdateFailedError(f"{place} cannot be prepared: {error.strerror or error}") from error


async def run(what: str, command: Sequence[str], environ: Mapping[str, str], seconds: float, on_line: OnLine) -> str:
    """Run a program; its last output as one text. Raises UpdateFailedError, which names `what`."""
    process = await asyncio.create_subprocess_exec(
        *command, env=dict(environ), limit=1 << 20, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    try:
        async with asyncio.timeout(seconds):
            await follow(process, lines, on_line)
            code = await process.wait()
    except TimeoutError:
        raise UpdateFailedError(f"{what} did not end within {seconds:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code != 0:
        raise UpdateFailedError(f"{what} failed: {joined(lines) or f'exit code {code}'}")
    return joined(lines)


async def follow(process: asyncio.subprocess.Process, lines: deque[str], on_line: OnLine) -> None:
    """Keep the last output lines of a process and pass each to `on_line`, until it closes its output."""
    assert process.stdout is not None
    async for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip()[:_LONGEST_LINE]
        if line:
            lines.append(line)
            on_line(line)


def joined(lines: deque[str]) -> str:
    """Join lines to one text."""
    return "; ".join(lines)
