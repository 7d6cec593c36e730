"""Categories of qBittorrent: paths with `/`, where a child belongs to its parent."""

from __future__ import annotations


def normal_category(text: str) -> str:
    """Blanks around the parts and empty parts removed: ` films / 4k/` is `films/4k`."""
    return "/".join(part for part in map(str.strip, text.split("/")) if part)


def is_below(category: str, ancestor: str) -> bool:
    """Is `category` a sub-category of `ancestor`, at any depth?"""
    return category.startswith(f"{ancestor}/")
