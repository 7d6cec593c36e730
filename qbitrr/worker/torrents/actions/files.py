"""Files of a torrent: examined, excluded from the download, and deleted from disk when they were excluded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr.errors import GoneError, ServiceError, UnreachableError
from qbitrr.qbittorrent.facts import torrent_files
from qbitrr.rules.delays import over_at
from qbitrr.rules.files import deletable, media, select
from qbitrr.worker.disk import existing_below, on_disk
from qbitrr.worker.torrents.actions.context import ActionCancelledError, pause
from qbitrr.worker.torrents.actions.ffprobe import paths_of
from qbitrr.worker.torrents.actions.guards import admit
from qbitrr.worker.torrents.actions.shared_content import is_shared, list_all

if TYPE_CHECKING:
    from collections.abc import Collection

    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.files import TorrentFile
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext

_VERIFY_ATTEMPTS = 5
_PATIENCE_SECONDS = 600.0


async def examine(context: ActionContext, torrent: TorrentFacts) -> bool:
    """Read a torrent's file list into its history; returns whether it is known. Raises a ServiceError."""
    files = await _files(context, torrent)
    if not files:
        return False
    if torrent.complete:
        paths = [file.path for file in deletable(files, context.file_rules, torrent.name)]
        left: list[str] = await on_disk([], existing_below, torrent.save_path, paths)
        # whatever a name says: media that was downloaded can be imported
        there = select(files, context.file_rules.by_content, torrent.name)
        selection = replace(there, unwanted=(), complete=True, left_on_disk=tuple(left))
    else:
        selection = select(files, context.file_rules, torrent.name)
        left = []
    nothing_left = not left and not selection.unwanted and bool(selection.playable or selection.foreign)
    context.history.note(torrent, selection=selection)
    if nothing_left:
        context.history.saw_files(torrent, complete=torrent.complete)
    return True


async def skip(context: ActionContext, entry: Entry) -> None:
    """Exclude the unwanted files from the download in one request, and verify it."""
    writer = await admit(context, entry)
    torrent = writer.torrent
    if torrent is None:
        raise ActionCancelledError("it is gone")
    selection = select(await _files(context, torrent), context.file_rules, torrent.name)
    if selection.unwanted and not selection.playable:
        raise ActionCancelledError("nothing playable would remain")
    unwanted = {file.index for file in selection.unwanted}
    if unwanted:
        entry = await context.advance(entry, "sending", files=len(unwanted))
        await writer.skip_files(sorted(unwanted))
        for attempt in range(_VERIFY_ATTEMPTS):
            if not select(await _files(context, torrent), context.file_rules, torrent.name).unwanted:
                break
            await pause(attempt)
        else:
            raise UnreachableError(entry.instance, "files are still downloaded after they were excluded")
    context.history.saw_files(entry, complete=False)
    await context.close(
        entry, "done", f"{len(unwanted)} {'file is' if len(unwanted) == 1 else 'files are'} not downloaded"
    )


async def delete_excluded(context: ActionContext, entry: Entry) -> None:
    """Delete a complete torrent's excluded files from disk, unless another torrent has the same data.

    Those of which the torrent itself needs a piece stay. A qBittorrent that does not answer is waited for, but not for
    long: the import waits meanwhile.
    """
    writer = await admit(context, entry)
    torrent = writer.torrent
    if torrent is None or not torrent.complete:
        raise ActionCancelledError("it is gone, or not complete any more")
    try:
        shared = await is_shared(context, torrent, await list_all(context))
    except ServiceError:
        if over_at(entry.planned_at, _PATIENCE_SECONDS, context.clock.wall()) is not None:
            raise
        shared = True
    if shared:
        context.history.saw_files(entry, complete=True)
        raise ActionCancelledError("another torrent may need the files")
    paths = [file.path for file in deletable(await _files(context, torrent), context.file_rules, torrent.name)]
    entry = await context.advance(entry, "deleting", files=paths)
    number = await writer.delete_files(torrent.save_path, paths)
    if number is None:
        raise UnreachableError(entry.instance, "the disk refused, or did not answer in time; some files may be gone")
    context.history.saw_files(entry, complete=True)
    await context.close(entry, "done", f"{number} excluded files are deleted from disk")


async def unplayable(context: ActionContext, torrent: TorrentFacts) -> str:
    """Find out whether no media file of a complete torrent can be played; returns the fault of the largest one.

    Empty when one of them can be, when there is none, or when ffprobe cannot be run or cannot tell.
    """
    paths, number = await _media_paths(context, torrent)
    faults = []
    for path in paths:
        fault = await context.probe.fault([path])
        if fault is None:
            return ""
        faults.append(fault)
    return faults[0] if faults and len(faults) == number else ""


async def faults_of(context: ActionContext, torrent: TorrentFacts, names: Collection[str]) -> dict[str, str]:
    """Find the faults of some media files of a complete torrent, by their names without folders.

    Of several files with one name all must be at fault.
    """
    paths, _ = await _media_paths(context, torrent)
    by_name: dict[str, list[str]] = {}
    for path in paths:
        by_name.setdefault(_name(path), []).append(path)
    found = {}
    for name in names:
        faults = [await context.probe.fault([path]) for path in by_name.get(name, ())]
        if faults and all(faults):
            found[name] = faults[0] or ""
    return found


async def _media_paths(context: ActionContext, torrent: TorrentFacts) -> tuple[list[str], int]:
    """List the media files that are on this machine, the largest first, and count all; none when none is checked."""
    if context.probe.program is None or not context.config.arr.torrent.verify_media:
        return [], 0
    files = media(await _files(context, torrent), context.file_rules, torrent.name)
    paths: list[str] = await on_disk([], paths_of, torrent.save_path, [file.path for file in files])
    return paths, len(files)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


async def _files(context: ActionContext, torrent: TorrentFacts) -> list[TorrentFile]:
    try:
        files = await context.client(torrent.instance).files(torrent.infohash)
    except GoneError:
        return []
    return torrent_files(files)
