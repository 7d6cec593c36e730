"""Lock: every package that a release needs, with the hashes of all wheels of its version.

The versions are those that pip resolves here, for the oldest Python that is supported: a dependency that only an older
Python needs is in the lock then. Source of the format: the installation report of pip.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from urllib.request import Request, urlopen

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from qbitrr.update.programs import python
from qbitrr.update.signature import Dependency, File

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Report = dict[str, Any]
_SECONDS = 600.0
_ACCEPT = {"Accept": "application/vnd.pypi.simple.v1+json"}


def resolve(wheel: Path, extras: tuple[str, ...], index: str) -> list[Dependency]:
    """Lock what a wheel needs, from the index at an address. Raises CalledProcessError, OSError or ValueError."""
    command = python(
        sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-",
        "--only-binary", ":all:", "--index-url", index, f"{wheel}[{','.join(extras)}]",
    )  # fmt: skip
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=_SECONDS)  # noqa: S603
    packages: dict[str, Report] = {
        canonicalize_name(one["metadata"]["name"]): one for one in json.loads(answer.stdout)["install"]
    }
    return [
        Dependency(name, packages[name]["metadata"]["version"], tuple(_wheels(name, packages[name], index)), needed_by)
        for name, needed_by in sorted(needs(packages, "qbitrrd", extras).items())
    ]


def needs(packages: Mapping[str, Report], root: str, extras: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The extras for which each package is needed; none for one that is always needed."""
    always = _closure(packages, root, "")
    found: dict[str, tuple[str, ...]] = dict.fromkeys(always, ())
    for extra in extras:
        for name in _closure(packages, root, extra) - always:
            found[name] = (*found.get(name, ()), extra)
    return found


def _closure(packages: Mapping[str, Report], root: str, extra: str) -> set[str]:
    """The packages that `root[extra]` needs, without itself."""
    reached: set[tuple[str, str]] = set()
    waiting = [(root, ""), (root, extra)]
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in reached:
            continue
        reached.add((name, wanted))
        for text in packages[name]["metadata"].get("requires_dist", ()):
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": wanted}):
                needed = canonicalize_name(requirement.name)
                waiting += [(needed, ""), *((needed, each) for each in requirement.extras)]
    return {name for name, _ in reached} - {root}


def _wheels(name: str, package: Report, index: str) -> list[File]:
    """All wheels of the version that was resolved, as the index lists them."""
    version = package["metadata"]["version"]
    page = urljoin(f"{index.rstrip('/')}/", f"{name}/")
    with urlopen(Request(page, headers=_ACCEPT), timeout=60) as answer:  # noqa: S310 - the maker's own index
        listed = json.load(answer)["files"]
    prefixes = {f"{spelling}-{version}-" for spelling in (name.replace("-", "_"), package["metadata"]["name"])}
    files = [
        File(one["filename"], one["hashes"]["sha256"], one["size"])
        for one in listed
        if one["filename"].endswith(".whl") and one["filename"].startswith(tuple(prefixes))
    ]
    if package["download_info"]["archive_info"]["hashes"]["sha256"] not in {file.sha256 for file in files}:
        raise ValueError(f"the index does not list the wheel of {name} {version} that pip has chosen")
    return files
