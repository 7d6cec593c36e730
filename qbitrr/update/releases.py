"""Releases: which of them count as an update. Pure.

`AutoUpdateChannel`: `latest` is the newest final release, `stable` the newest one that was signed a week ago, and
`nightly` includes pre-releases. Versions compare as PEP 440 says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from qbitrr.update.signature import Manifest  # noqa: TC001 - msgspec reads the annotations of Release

if TYPE_CHECKING:
    from collections.abc import Iterable

DISTRIBUTION = "qbitrrd"
"""The name in package indexes, where `qbitrr` is another program."""
PACKAGE = "qbitrr"
"""The name of the package to import, and of the command."""

Channel = Literal["latest", "stable", "nightly"]
_PROVEN_SECONDS = 7 * 86400.0


class Release(Struct, frozen=True):
    """One release of the index. `version` is in the normal form of PEP 440, without a v; `wheel` is an address.

    All that the index says of it may be wrong, but for the `manifest`, which is verified.
    """

    version: str
    wheel: str = ""
    requires_python: str | None = None
    manifest: Manifest | None = None


def candidates(releases: Iterable[Release], channel: Channel, python: str) -> list[Release]:
    """The releases of a channel that this Python, such as `3.11.7`, can run, newest first; of any age."""
    usable = [
        one
        for one in releases
        if runs_on(one, python) and (channel == "nightly" or not Version(one.version).is_prerelease)
    ]
    return sorted(usable, key=lambda one: Version(one.version), reverse=True)


def is_old_enough(manifest: Manifest, channel: Channel, now: float) -> bool:
    """Whether a release has been out for as long as a channel demands, by the time at which it was signed."""
    return channel != "stable" or now - manifest.signed_at >= _PROVEN_SECONDS


def is_newer(version: str, present: str) -> bool:
    """Whether a version is above the present one."""
    return Version(version) > Version(present)


def with_v(version: str) -> str:
    """A version as people and the API write it: `v1.2.3`."""
    return f"v{version}"


def runs_on(release: Release, python: str) -> bool:
    """Whether a Python fulfils what the release requires; a requirement that cannot be read is ignored."""
    if release.requires_python is None:
        return True
    try:
        return SpecifierSet(release.requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True
