"""The text of a message in two forms: plain, and HTML for services that show it. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence


class Strong(Struct, frozen=True, array_like=True, tag="strong"):
    """What stands out, such as the name of a torrent."""

    text: str


class Link(Struct, frozen=True, array_like=True, tag="link"):
    """An address with what it does."""

    label: str
    address: str


Text = tuple[str | Strong | Link, ...]
"""One line of a message."""


class Body(NamedTuple):
    """The same lines in both forms."""

    plain: str
    html: str


def body_of(lines: Sequence[Text]) -> Body:
    """Render lines, in the same number in both forms."""
    return Body("\n".join(map(plain, lines)), "<br>\n".join(map(_html, lines)))


def plain(text: Text) -> str:
    """Render a line without markup; a link with its address."""
    return " ".join("".join(map(_plain_part, text)).splitlines())


def _plain_part(part: str | Strong | Link) -> str:
    match part:
        case Strong():
            return part.text
        case Link():
            return f"{part.label}: {part.address}"
    return part


def _html(text: Text) -> str:
    return " ".join("".join(map(_html_part, text)).splitlines())


def _html_part(part: str | Strong | Link) -> str:
    match part:
        case Strong():
            return f"<b>{escape(part.text)}</b>"
        case Link():
            return f'<a href="{escape(part.address)}">{escape(part.label)}</a>'
    return escape(part)
