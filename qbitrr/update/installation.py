"""How this qbitrr was installed, and so whether it can take another version by itself."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr.data_dir import in_container
from qbitrr.update.model import Installation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.update.model import Kind

PACKAGE = "qbitrr"
_BY_OTHERS: tuple[tuple[str, Kind, str], ...] = (
    ("pipx_metadata.json", "pipx", f"pipx upgrade {PACKAGE}"),
    ("uv-receipt.toml", "uv-tool", f"uv tool upgrade {PACKAGE}"),
)


def recognise(environ: Mapping[str, str], prefix: Path | None = None) -> Installation:
    """Of this process, or of a virtual environment elsewhere.

    The marks are those that pip, pipx and uv leave: `direct_url.json` (PEP 610), `pipx_metadata.json`,
    `uv-receipt.toml`. A prefix that is a symbolic link is our own layout: see `systemd/install`.
    """
    here = prefix or Path(sys.prefix)
    has_venv = (here / "pyvenv.cfg").is_file()
    # our image says so by itself; a virtual environment that somebody made in another one is theirs to update
    if environ.get("QBITRR_DOCKER_RUNNING") or (not has_venv and in_container(environ)):
        return _not(here, "container", "a container keeps the version of its image", "pull the new image")
    if not has_venv:
        command = f"python3 -m pip install -U {PACKAGE}"
        return _not(here, "system", "it is not in a virtual environment of its own", command)
    if _is_source(here):
        return _not(here, "source", "it runs from a source checkout", "git pull, then start it again")
    for mark, kind, command in _BY_OTHERS:
        if (here / mark).is_file():
            return _not(here, kind, f"it was installed by {kind}", command)
    return _venv(here)


def _venv(here: Path) -> Installation:
    link = here if here.is_symlink() else None
    folder = here.resolve()
    for place in filter(None, (link and link.parent, folder)):
        if not os.access(place, os.W_OK | os.X_OK):
            command = f"{here}/bin/python -m pip install -U {PACKAGE}, as the owner of {place}"
            return _not(here, "foreign", f"{place} cannot be written by this user", command)
    return Installation("linked" if link else "venv", str(folder), link=str(link) if link else None)


def _not(prefix: Path, kind: Kind, obstacle: str, command: str) -> Installation:
    return Installation(kind, str(prefix), obstacle=obstacle, command=command)


def _is_source(prefix: Path) -> bool:
    """Installed editable, or not installed there at all."""
    places = [str(path) for path in prefix.glob("lib/python3*/site-packages")]
    found = next(iter(metadata.distributions(name=PACKAGE, path=places)), None)
    if found is None:
        return True
    direct = json.loads(found.read_text("direct_url.json") or "{}")
    return bool(direct.get("dir_info", {}).get("editable"))
