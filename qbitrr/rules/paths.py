r"""Paths of two machines: whether one lies in another, and what an Arr calls a path of its download client.

Paths are compared as text, name by name. A drive letter or a UNC share (`\\server\share`) makes it a Windows path, in
which `/` and `\` are alike and case does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class PathMapping(Struct, frozen=True):
    """One remote path mapping of an Arr (`GET remotepathmapping`).

    What the download client on `host` calls `remote_path`, the Arr calls `local_path`.
    """

    host: str
    remote_path: str
    local_path: str


def is_windows(path: str) -> bool:
    r"""Whether a path is one of Windows: `C:\…`, `C:/…` or `\\server\share`."""
    return path.startswith("\\\\") or (len(path) > 2 and path[0].isalpha() and path[1] == ":" and path[2] in "\\/")


def parts(path: str) -> tuple[str, ...]:
    """The names on the way to a path, in the form in which they are compared."""
    windows = is_windows(path)
    text = path.replace("\\", "/") if windows else path
    names = tuple(name for name in text.split("/") if name not in ("", "."))
    return tuple(name.casefold() for name in names) if windows else names


def is_within(path: str, folder: str) -> bool:
    """Whether a path is a folder, or lies in it at any depth."""
    inner, outer = parts(path), parts(folder)
    return bool(outer) and inner[: len(outer)] == outer


def same(one: str, other: str) -> bool:
    """Whether two texts name the same path."""
    return parts(one) == parts(other)


def mapped(path: str, host: str, mappings: Iterable[PathMapping]) -> str:
    """The path as the Arr sees it: by the mapping of this host with the longest remote path, else unchanged.

    Hosts are compared without regard to case, as the Arrs do (RemotePathMappingService.RemapRemoteToLocal).
    """
    fitting = [
        mapping
        for mapping in mappings
        if mapping.host.casefold() == host.casefold() and is_within(path, mapping.remote_path)
    ]
    if not fitting:
        return path
    best = max(fitting, key=lambda mapping: len(parts(mapping.remote_path)))
    text = path.replace("\\", "/") if is_windows(path) else path
    names = [name for name in text.split("/") if name not in ("", ".")]
    rest = names[len(parts(best.remote_path)) :]
    separator = "\\" if is_windows(best.local_path) else "/"
    return separator.join([best.local_path.rstrip("\\/"), *rest]) if rest else best.local_path
