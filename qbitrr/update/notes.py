"""What is new in a release, from the page of releases.

Source: the list of releases of GitHub's REST API, which others offer too: objects with `tag_name`, `body`, `html_url`.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from qbitrr.http import Patience, Remote

_SERVICE = "releases"
_PATIENCE = Patience(connect_seconds=5.0, silence_seconds=10.0, answer_seconds=20.0, attempts=1)
_LONGEST = 100_000  # characters


class _Listed(Struct, frozen=True):
    tag_name: str = ""
    body: str | None = None
    html_url: str | None = None


class Notes(NamedTuple):
    """Markdown, and where a person reads it."""

    text: str
    url: str


async def notes(address: str, version: str) -> Notes | None:
    """Those of a version; None when the page does not list it. Raises a ServiceError."""
    base, _, last = address.rpartition("/")
    async with Remote(_SERVICE, base, patience=_PATIENCE) as remote:
        listed = await remote.get(last, list[_Listed])
    for one in listed:
        if one.tag_name.lower().removeprefix("v") == version:
            url = one.html_url or ""
            return Notes((one.body or "")[:_LONGEST], url if url.startswith(("http://", "https://")) else "")
    return None
