r"""Where orphans may be found: the folders of our categories, and what the torrents of all clients have there.

Everything here errs towards what is known: paths are compared without regard to case and to the form of accents, the
folder of a torrent belongs to it with all that lies in it, and of a path that is suspicious nothing is an orphan.
Folders of categories without a path of their own follow qBittorrent (`SessionImpl::categorySavePath`).
"""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from qbitrr.rules.ownership import owner
from qbitrr.rules.paths import PathMapping, is_windows, is_within, mapped, parts
from qbitrr.rules.states import ERROR, MISSING_FILES, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

ASIDE = ".qbitrr-orphans"
"""Folder below that of a category into which its orphans are moved."""
UNWANTED = ".unwanted"
"""Folder of qBittorrent before 5 for files of a torrent that are not selected."""
INCOMPLETE = ".!qb"
"""Suffix of qBittorrent for files that are not complete, folded."""
NEVER_ENTERED = frozenset({ASIDE, "lost+found", "@eadir", "#recycle", "#snapshot", ".snapshots", ".stfolder"})
"""Folders of file systems and of other programs, folded; so are those whose names begin with `.trash`."""

_PARTS = re.compile(r"\.([0-9a-f]{40,64})\.parts")
_LOADING = frozenset({UNKNOWN, "", "checkingResumeData"})
_WITHOUT_DATA = frozenset({MISSING_FILES, ERROR})


class TorrentData(Struct, frozen=True, gc=False):
    """Where one torrent has its data, by the paths of its client; an empty path is not known.

    `files` are those of a torrent with several files and no folder of its own, below its save path. A hybrid torrent
    has `other_infohashes`.
    """

    infohash: str
    name: str
    state: str
    content_path: str
    save_path: str
    download_path: str = ""
    size_bytes: int = 0
    complete: bool = False
    has_data: bool = False
    files: tuple[str, ...] = ()
    other_infohashes: tuple[str, ...] = ()

    @property
    def rootless(self) -> bool:
        """Whether it has several files and no folder of its own."""
        return bool(self.content_path) and any(is_within(place, self.content_path) for place in self.places)

    @property
    def shows_place(self) -> bool:
        """Whether its data has to be where its client says."""
        return bool(self.content_path) and self.has_data and self.state not in _WITHOUT_DATA

    @property
    def places(self) -> list[str]:
        """Its folders, by its client."""
        return [place for place in (self.save_path, self.download_path) if place]

    @property
    def place(self) -> str | None:
        """The innermost of its folders that its data lies in; None when it lies in neither."""
        around = [place for place in self.places if is_within(self.content_path, place)]
        return max(around, key=lambda one: len(parts(one)), default=None)

    @property
    def paths(self) -> Iterator[str]:
        """All paths, by its client, where it has data, or may have it when it is complete.

        A folder in its save path that has a file of it is its own, also when that is its only one.
        """
        places = self.places
        if self.rootless:
            roots = {file.split("/", 1)[0] for file in self.files}
            yield from (f"{place}/{root}" for place in {*places, self.content_path} for root in roots)
        elif self.content_path:
            yield self.content_path
            names = [name for name in self.content_path.replace("\\", "/").split("/") if name]
            root = names[-1] if self.place is None else names[len(parts(self.place))]
            yield from (f"{place}/{root}" for place in places)
        elif self.name and "/" not in self.name:  # it waits for its metadata
            yield from (f"{place}/{self.name}" for place in places)


class ClientData(Struct, frozen=True):
    """One client as it is now: its folders and all of its torrents, by its own paths.

    `local_paths`: what this machine calls its folders, by the longest that matches; an empty one is not on this
    machine.
    """

    instance: str
    save_path: str
    categories: Mapping[str, str]
    torrents: Sequence[TorrentData]
    temp_path: str = ""
    subcategories: bool = False
    local_paths: Mapping[str, str] = {}

    def here(self, path: str) -> str | None:
        """Return what this machine calls a path; None when it is not on this machine."""
        fitting = [folder for folder in self.local_paths if is_within(path, folder) or not parts(folder)]
        if not fitting:
            return path
        longest = max(fitting, key=lambda folder: len(parts(folder)))
        local = self.local_paths[longest]
        if not local:
            return None
        names = [name for name in path.replace("\\", "/").split("/") if name not in ("", ".")]
        return "/".join([local.rstrip("/"), *names[len(parts(longest)) :]])

    def category_folder(self, category: str) -> str:
        """Return the folder of a category, as qBittorrent finds it."""
        own = self.categories.get(category, "")
        base, rest = self.save_path, category
        if not own and self.subcategories and "/" in category:
            parent, _, rest = category.rpartition("/")
            base = self.category_folder(parent)
        path = own or rest
        return path if path.startswith("/") or is_windows(path) else f"{base.rstrip('/')}/{path}"


class ArrFolders(Struct, frozen=True):
    """What an Arr calls its root folders, and how it finds the paths of its download clients.

    `hosts` are those of the clients as the Arr knows them.
    """

    roots: tuple[str, ...]
    mappings: tuple[PathMapping, ...] = ()
    hosts: tuple[str, ...] = ()


class Folder(Struct, frozen=True):
    """The folder of one of our categories: as this machine calls it, and as its client does."""

    path: str
    instance: str
    category: str
    client_path: str


class Refusal(Struct, frozen=True):
    """Why no file is an orphan at all, or none in a folder. `lasting`: the user has to do something."""

    subject: str
    because: str
    lasting: bool = True


def fold(path: str) -> str:
    """Return the form in which paths are compared: NFC, without regard to case.

    >>> fold("/Downloads/Cafe\u0301/") == fold("/downloads/Caf\u00e9")
    True
    """
    text = path if path.isascii() else unicodedata.normalize("NFC", path)
    return "/" + "/".join(name for name in text.casefold().split("/") if name not in ("", "."))


class KnownPaths:
    """All paths, as this machine calls them, that belong to a torrent of any client.

    `places` are the folders that they lie in: one may have several names, as by a link or a second mount.
    """

    def __init__(self, clients: Iterable[ClientData]) -> None:
        self.places: set[str] = set()
        self._paths: set[str] = set()
        self._infohashes: set[str] = set()
        for client in clients:
            for torrent in client.torrents:
                self._infohashes.update(one.lower() for one in (torrent.infohash, *torrent.other_infohashes))
                self._note_places(client, torrent)
                for path in torrent.paths:
                    self._paths.update(_without_suffix(fold(one)) for one in {path, client.here(path)} if one)

    def _note_places(self, client: ClientData, torrent: TorrentData) -> None:
        places = torrent.places
        if torrent.content_path:
            around = torrent.content_path.replace("\\", "/").rstrip("/").rpartition("/")[0]
            places += [torrent.content_path] if torrent.rootless else [around]
        self.places.update(local for place in places if (local := client.here(place)) and local.startswith("/"))

    def has(self, folded: str) -> bool:
        """Whether a folded path is that of a torrent's data, so that all below it is too."""
        name = folded.rpartition("/")[2]
        if name.endswith(".parts") and (found := _PARTS.fullmatch(name)):
            return any(infohash.startswith(found[1]) or found[1].startswith(infohash) for infohash in self._infohashes)
        return folded in self._paths or (name.endswith(INCOMPLETE) and _without_suffix(folded) in self._paths)

    def cover(self, path: str) -> bool:
        """Whether a path belongs to a torrent: by itself, or by a folder that it is in."""
        names = [name for name in fold(path).split("/") if name not in ("", UNWANTED)]
        return any(self.has("/" + "/".join(names[:number])) for number in range(1, len(names) + 1))


def _without_suffix(folded: str) -> str:
    return folded.removesuffix(INCOMPLETE)


def spared_by(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """Compile patterns such as `*.nfo` and `keep/*`, which match a folded relative path, or the name at its end."""
    texts = [fnmatch.translate(fold(pattern).removeprefix("/")) for pattern in patterns if pattern.strip("/")]
    return re.compile("|".join(texts)) if texts else None


def is_never_entered(name: str) -> bool:
    """Whether a folder of this name is left alone."""
    folded = name.casefold()
    return folded in NEVER_ENTERED or folded.startswith(".trash")


def objection_to_list(client: ClientData) -> Refusal | None:
    """Why the list of a client may not be complete; None when nothing speaks against it."""
    if not client.torrents:
        return Refusal(client.instance, "it lists no torrent, as one that has just started", lasting=False)
    if any(torrent.state in _LOADING for torrent in client.torrents):
        return Refusal(client.instance, "it is still loading torrents", lasting=False)
    if any(torrent.state == "moving" for torrent in client.torrents):
        return Refusal(client.instance, "it is moving a torrent to another folder", lasting=False)
    if any(torrent.rootless and not torrent.files for torrent in client.torrents):
        return Refusal(client.instance, "it has a torrent whose files are not known", lasting=False)
    return None


def our_folders(client: ClientData, configured: Collection[str], parents: Collection[str]) -> list[Folder]:
    """List the folders of our categories on a client that are on this machine."""
    found = []
    for category in sorted(client.categories):
        path = client.category_folder(category)
        local = client.here(path)
        if category and local is not None and owner(category, configured, parents) is not None:
            found.append(Folder(local, client.instance, category, path))
    return found


def foreign_folders(clients: Iterable[ClientData], configured: Collection[str], parents: Collection[str]) -> set[str]:
    """List the folders, as this machine calls them, of categories that are not ours, and of incomplete downloads."""
    found: set[str | None] = set()
    for client in clients:
        found.add(client.here(client.temp_path) if client.temp_path else None)
        for category in client.categories:
            if owner(category, configured, parents) is None:
                found.add(client.here(client.category_folder(category)))
    return {path for path in found if path}


def objection_to_folder(
    folder: Folder,
    clients: Iterable[ClientData],
    arrs: Mapping[str, ArrFolders],
    foreign: Iterable[str],
    kept: Iterable[str],
) -> Refusal | None:
    """Why nothing in a folder may be an orphan; None when nothing speaks against it.

    `foreign` are folders of others, `kept` those of qbitrr itself; those of others that lie within are left out
    instead.
    """
    because = None
    if not folder.path.startswith("/") or ".." in folder.path.split("/"):
        because = "this machine has no such path (LocalPaths)"
    elif not parts(folder.path):
        because = "it is the root of the file system"
    elif any(
        (local := client.here(client.save_path)) and _within(local, folder.path)
        for client in clients
        if client.save_path
    ):
        because = "it is or contains the folder of all downloads, in which other programs may have theirs"
    elif any(fold(other) == fold(folder.path) for other in foreign):
        because = "it is also that of incomplete downloads, or of a category that is not configured"
    elif any(_within(other, folder.path) or _within(folder.path, other) for other in kept):
        because = "the data folder of qbitrr lies there"
    else:
        because = next((found for name, arr in arrs.items() if (found := _library(folder, name, arr))), None)
    return None if because is None else Refusal(folder.path, because)


def _library(folder: Folder, name: str, arr: ArrFolders) -> str | None:
    """Why an Arr's root folders speak against a folder."""
    seen = {folder.path, folder.client_path}
    for host in arr.hosts:
        fitting = [one for one in arr.mappings if _fits(one, host, folder.client_path)]
        longest = max((len(parts(one.remote_path)) for one in fitting), default=0)
        best = [one for one in fitting if len(parts(one.remote_path)) == longest]
        if len({fold(one.local_path) for one in best}) > 1:
            return f"{name} has two remote path mappings for it that contradict"
        seen.add(mapped(folder.client_path, host, best))
    if any(_within(root, path) or _within(path, root) for root in arr.roots for path in seen):
        return f"a root folder of {name} lies there, or it lies in one"
    return None


def _fits(mapping: PathMapping, host: str, path: str) -> bool:
    return mapping.host.casefold() == host.casefold() and is_within(path, mapping.remote_path)


def _within(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it, without regard to case."""
    inner, outer = fold(path.replace("\\", "/")), fold(folder.replace("\\", "/"))
    return inner == outer or inner.startswith(f"{outer.rstrip('/')}/")


class Place(Struct, frozen=True, gc=False):
    """Where the data of one torrent has to be seen: `folder` by its client, `path` by this machine.

    `size_bytes` is that of all of it, and of the file if it is a single one that is complete.
    """

    instance: str
    folder: str
    path: str
    size_bytes: int
    complete: bool


def places(client: ClientData) -> Iterator[Place]:
    """List where the torrents of a client have to be seen, without those on another machine.

    The folder of a torrent without one of its own says nothing.
    """
    for torrent in client.torrents:
        if not torrent.shows_place or torrent.rootless or (local := client.here(torrent.content_path)) is None:
            continue
        folder = torrent.place or torrent.content_path.replace("\\", "/").rstrip("/").rpartition("/")[0]
        yield Place(client.instance, folder, local, torrent.size_bytes, torrent.complete)


class Evidence(Struct, frozen=True):
    """How many torrents of a client have their data where this machine expects it, among those of one folder."""

    instance: str
    folder: str
    seen: int
    expected: int


def evidence(expected: Iterable[Place], seen: Collection[str]) -> list[Evidence]:
    """Count what is seen, by client and folder; `seen` are paths of this machine."""
    found: dict[tuple[str, str], Evidence] = {}
    for place in expected:
        key = place.instance, fold(place.folder)
        before = found.get(key) or Evidence(place.instance, place.folder, 0, 0)
        found[key] = replace(before, seen=before.seen + (place.path in seen), expected=before.expected + 1)
    return list(found.values())


def known_bytes(folder: str, expected: Iterable[Place], seen: Collection[str]) -> int:
    """Sum the sizes of the complete torrents whose data is seen in a folder; what several have counts once."""
    sizes = {
        fold(one.path): one.size_bytes
        for one in expected
        if one.complete and one.path in seen and _within(one.path, folder)
    }
    return sum(sizes.values())


def objections_to_evidence(found: Iterable[Evidence]) -> list[Refusal]:
    """Say which folders of clients are not what this machine sees under their paths.

    One whose torrents are all out of sight has another name here, or is on another machine: its files could lie under
    any path here. One where most are missing is not the same folder, or not all of it.
    """
    refusals = []
    for one in found:
        if one.expected and not one.seen:
            because = (
                f"{one.folder} is called otherwise on this machine, or is not there: set LocalPaths of {one.instance}"
            )
            refusals.append(Refusal(one.instance, because))
        elif one.seen * 2 < one.expected:
            because = f"{one.folder}: of {one.expected} torrents only {one.seen} are seen there (LocalPaths)"
            refusals.append(Refusal(one.instance, because))
    return refusals
