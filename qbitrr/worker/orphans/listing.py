"""One listing of orphans: what all clients say, what this machine sees of it, and which files belong to no torrent."""

from __future__ import annotations

import asyncio
import heapq
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from qbitrr.http import progress
from qbitrr.rules import orphan_folders as folders
from qbitrr.rules.orphan_folders import KnownPaths, Refusal, fold
from qbitrr.rules.orphans import FolderReport
from qbitrr.worker.disk import on_disk
from qbitrr.worker.orphans.clients import ask_all
from qbitrr.worker.orphans.walk import Sight, Walk

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Collection, Mapping, Sequence

    from qbitrr.rules.orphan_folders import ArrFolders, ClientData, Folder, Place
    from qbitrr.rules.orphans import FileFacts
    from qbitrr.worker.context import WorkerContext

T = TypeVar("T")

MOST_FOUND = 5000
"""Files that are kept of a listing: those that are known already, then the largest."""
_IDLE_SHARE = 3.0  # of the time that a step takes: a walk must not take a disk or a core for itself


class DiskSilentError(Exception):
    """The disk does not answer, or fails: what it has is not known."""


class Ground(NamedTuple):
    """What all clients and Arrs say: the folders where orphans may be found, and why not in others.

    `barred` are paths, folded, that are left out within them.
    """

    clients: Sequence[ClientData]
    folders: Sequence[Folder]
    refused: Mapping[Folder, Refusal]
    barred: frozenset[str]
    known: KnownPaths


class FoundFolder(NamedTuple):
    """What a walk found in one folder, by relative path."""

    report: FolderReport
    files: dict[str, FileFacts]
    not_kept: int
    names_unreadable: int


async def ground_of(
    context: WorkerContext, arrs: Mapping[str, ArrFolders]
) -> tuple[Ground | None, list[Refusal], dict[str, int]]:
    """Ask all clients; returns what that comes to, what speaks against all of it, and the torrents by client."""
    config = context.config
    paths = {qbit.section: qbit.local_paths for qbit in config.qbits}
    clients, refusals = await ask_all(context.services.qbittorrents, paths)
    numbers = {client.instance: len(client.torrents) for client in clients}
    assert config.orphans is not None
    refusals += [
        Refusal(
            section,
            'it is switched off, so that its torrents are not known; LocalPaths = { "/" = "" } if it is elsewhere',
        )
        for section in config.orphans.unused
    ]
    refusals += [
        Refusal(category, "the root folders of its Arr are not known yet", lasting=False)
        for category in config.orphans.arrs
        if category not in arrs
    ]
    if refusals:
        return None, refusals, numbers
    foreign = folders.foreign_folders(clients, config.categories, config.parents)
    ours = [one for client in clients for one in folders.our_folders(client, config.categories, config.parents)]
    kept = {config.state_file.rpartition("/")[0]}
    found: dict[str, Folder] = {}
    refused: dict[Folder, Refusal] = {}
    for folder in ours:
        objection = folders.objection_to_folder(folder, clients, arrs, foreign, kept)
        if objection is not None:
            refused[folder] = objection
        found.setdefault(fold(folder.path), folder)
    bad = {fold(one.path) for one in refused}  # one that one client's view speaks against is refused for all
    allowed = [folder for path, folder in found.items() if path not in bad]
    barred = frozenset(fold(one) for one in foreign) | frozenset(found) | bad
    known = await asyncio.to_thread(KnownPaths, clients)  # some time for ten thousand torrents
    return Ground(clients, allowed, refused, barred, known), [], numbers


async def sight_of(ground: Ground) -> tuple[list[Place], Sight]:
    """See where the data of torrents is on this machine. Raises DiskSilentError."""
    expected = await asyncio.to_thread(_places, ground.clients)
    sight = Sight({one.path: one.size_bytes if one.complete else None for one in expected})
    while await _step(sight.step):
        pass
    return expected, sight


def _places(clients: Sequence[ClientData]) -> list[Place]:
    return [place for client in clients for place in folders.places(client)]


async def walk(
    folder: Folder,
    ground: Ground,
    expected: Sequence[Place],
    sight: Sight,
    stored: Collection[str],
    spared: re.Pattern[str] | None = None,
) -> FoundFolder:
    """Walk through one folder; `stored` are relative paths that are kept first. Raises DiskSilentError."""
    known = folders.known_bytes(folder.path, expected, sight.seen)
    barred = ground.barred - {fold(folder.path)}
    walked = Walk(folder.path.rstrip("/"), ground.known, sight.identities, barred, spared)
    kept: list[tuple[bool, int, str, FileFacts]] = []
    while (found := await _step(walked.step)) is not None:
        for path, file in found:
            entry = (path in stored, file.size_bytes, path, file)
            if len(kept) < MOST_FOUND:
                heapq.heappush(kept, entry)
            else:
                heapq.heappushpop(kept, entry)
    report = FolderReport(
        folder=folder.path,
        category=folder.category,
        instance=folder.instance,
        files=walked.files,
        size_bytes=walked.size_bytes,
        known_bytes=known,
        left_out=walked.left_out,
    )
    files = {path: file for _, _, path, file in kept}
    return FoundFolder(report, files, walked.files - len(files), walked.names_unreadable)


class _Silent:
    """Stands for the answer of a disk that gives none."""


_SILENT = _Silent()


async def _step(step: Callable[[], T]) -> T:
    """Run a step in a thread, then pause for several times as long. Raises DiskSilentError."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    found: T | _Silent = await on_disk(_SILENT, step)
    progress.report()
    if isinstance(found, _Silent):
        raise DiskSilentError
    await asyncio.sleep((loop.time() - began_at) * _IDLE_SHARE)
    return found
