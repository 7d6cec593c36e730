"""Installation: how this qbitrr was installed, and so whether it can update itself."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from qbitrr.data_dir import in_container
from qbitrr.errors import NotUpdatableError
from qbitrr.update.releases import DISTRIBUTION

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["linked", "venv", "pipx", "uv-tool", "source", "system", "container", "debian", "foreign"]

_OTHER_INSTALLERS: tuple[tuple[str, Kind, str], ...] = (
    ("pipx_metadata.json", "pipx", f"pipx upgrade {DISTRIBUTION}"),
    ("uv-receipt.toml", "uv-tool", f"uv tool upgrade {DISTRIBUTION}"),
    ("debian-package", "debian", "apt install ./qbitrr_VERSION_ARCHITECTURE.deb, with the newer package"),
)


class Installation(Struct, frozen=True):
    """One installation in the folder `prefix`; `link` is the symbolic link to it, if any.

    `obstacle` is why it cannot update itself, `command` what to do instead.
    """

    kind: Kind
    prefix: str
    link: str | None = None
    obstacle: str | None = None
    command: str | None = None


def check_updatable(installation: Installation) -> None:
    """Raise NotUpdatableError, with what to do instead, for an installation that cannot update itself."""
    if installation.obstacle is not None:
        text = f"This installation cannot update itself: {installation.obstacle}. Do instead: {installation.command}"
        raise NotUpdatableError(text)


def recognise(environ: Mapping[str, str], prefix: Path | None = None) -> Installation:
    """Recognise the installation of this process, or that in a virtual environment elsewhere.

    By the marks of pip, pipx and uv: `direct_url.json` (PEP 610), `pipx_metadata.json`, `uv-receipt.toml`; and of our
    own package, `debian-package`. A prefix that is a symbolic link is the layout of `systemd/install`.
    """
    here = prefix or Path(sys.prefix)
    has_venv = (here / "pyvenv.cfg").is_file()
    # our image says so itself; a virtual environment that a user made in another container can be updated
    if environ.get("QBITRR_DOCKER_RUNNING") or (not has_venv and in_container(environ)):
        return _not_updatable(here, "container", "a container keeps the version of its image", "pull the new image")
    if not has_venv:
        command = f"python3 -m pip install -U {DISTRIBUTION}"
        return _not_updatable(here, "system", "it is not in a virtual environment of its own", command)
    if _is_source(here):
        return _not_updatable(here, "source", "it runs from a source checkout", "git pull, then start it again")
    for mark, kind, command in _OTHER_INSTALLERS:
        if (here / mark).is_file():
            return _not_updatable(here, kind, f"it was installed by {kind}", command)
    return _venv(here)


def _venv(here: Path) -> Installation:
    link = here if here.is_symlink() else None
    folder = here.resolve()
    for place in filter(None, (link and link.parent, folder)):
        if not os.access(place, os.W_OK | os.X_OK):
            command = f"{here}/bin/python -m pip install -U {DISTRIBUTION}, as the owner of {place}"
            return _not_updatable(here, "foreign", f"{place} cannot be written by this user", command)
    return Installation("linked" if link else "venv", str(folder), link=str(link) if link else None)


def _not_updatable(prefix: Path, kind: Kind, obstacle: str, command: str) -> Installation:
    return Installation(kind, str(prefix), obstacle=obstacle, command=command)


def _is_source(prefix: Path) -> bool:
    """Whether it is installed as editable, or not installed there at all."""
    places = [str(path) for path in prefix.glob("lib/python3*/site-packages")]
    found = next(iter(metadata.distributions(name=DISTRIBUTION, path=places)), None)
    if found is None:
        return True
    direct = json.loads(found.read_text("direct_url.json") or "{}")
    return bool(direct.get("dir_info", {}).get("editable"))
