"""Which release counts as newest. Pure.

`AutoUpdateChannel`: `latest` is the newest final release, `stable` the newest one that has been out for a week, and
`nightly` takes pre-releases too. Versions compare as PEP 440 says.
"""

from __future__ import annotations

from email.parser import HeaderParser
from typing import TYPE_CHECKING, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.update.model import Release

Channel = Literal["latest", "stable", "nightly"]
_PROVEN_SECONDS = 7 * 86400.0


def newest(releases: Iterable[Release], channel: Channel, python: str, now: float) -> Release | None:
    """The newest that this Python can run; `python` as in `3.11.7`. None when there is none."""
    usable = [one for one in releases if _counts(one, channel, now) and runs_on(one, python)]
    return max(usable, key=lambda one: Version(one.version), default=None)


def is_newer(version: str, present: str) -> bool:
    """Whether a version is above the present one."""
    return Version(version) > Version(present)


def runs_on(release: Release, python: str) -> bool:
    """Whether a Python fulfils what the release requires; a requirement that cannot be read is none."""
    if release.requires_python is None:
        return True
    try:
        return SpecifierSet(release.requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True


def _counts(release: Release, channel: Channel, now: float) -> bool:
    if Version(release.version).is_prerelease:
        return channel == "nightly"
    proven = release.uploaded_at is None or now - release.uploaded_at >= _PROVEN_SECONDS
    return channel != "stable" or proven


KEYWORD = "qbitrr-supervised"
NOT_OURS = "the package index has another program called qbitrr; set Settings.UpdateIndex to one that has this one"


def is_ours(metadata: str) -> bool:
    """Whether the text of a METADATA file is that of a version of this project."""
    keywords = HeaderParser().parsestr(metadata, headersonly=True).get("Keywords", "")
    return KEYWORD in (keyword.strip() for keyword in keywords.replace(" ", ",").split(","))
