"""Releases: which one counts as newest, and whether it is one of this project. Pure.

`AutoUpdateChannel`: `latest` is the newest final release, `stable` the newest one that has been out for a week, and
`nightly` includes pre-releases. Versions compare as PEP 440 says.
"""

from __future__ import annotations

from email.parser import HeaderParser
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGE = "qbitrr"
KEYWORD = "qbitrr-supervised"
"""A keyword in the metadata of every version of this project, and of no other project."""
NOT_OURS = "the package index has another program called qbitrr; set Settings.UpdateIndex to one that has this one"

Channel = Literal["latest", "stable", "nightly"]
_PROVEN_SECONDS = 7 * 86400.0


class Release(Struct, frozen=True):
    """One release of the index. `version` is in the normal form of PEP 440, without a v; `uploaded_at` epoch seconds.

    `wheel` and `metadata` are addresses; not every index serves the metadata apart from the wheel.
    """

    version: str
    wheel: str = ""
    requires_python: str | None = None
    uploaded_at: float | None = None
    metadata: str | None = None


def newest(releases: Iterable[Release], channel: Channel, python: str, now: float) -> Release | None:
    """The newest release that this Python, such as `3.11.7`, can run; None when there is none."""
    usable = [one for one in releases if _counts(one, channel, now) and runs_on(one, python)]
    return max(usable, key=lambda one: Version(one.version), default=None)


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


def is_ours(metadata: str) -> bool:
    """Whether the text of a METADATA file belongs to a version of this project."""
    keywords = HeaderParser().parsestr(metadata, headersonly=True).get("Keywords", "")
    return KEYWORD in (keyword.strip() for keyword in keywords.replace(" ", ",").split(","))


def _counts(release: Release, channel: Channel, now: float) -> bool:
    if Version(release.version).is_prerelease:
        return channel == "nightly"
    proven = release.uploaded_at is None or now - release.uploaded_at >= _PROVEN_SECONDS
    return channel != "stable" or proven
