"""Files of a torrent: examined, excluded from the download, and deleted from disk when they were excluded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr.errors import GoneError, UnreachableError
from qbitrr.qbittorrent.facts import torrent_files
from qbitrr.rules.files import excluded, media, select
from qbitrr.worker.disk import delete_below, existing_below, on_disk
from qbitrr.worker.torrents.actions.context import ActionCancelledError, pause
from qbitrr.worker.torrents.actions.ffprobe import paths_of
from qbitrr.worker.torrents.actions.safety_checks import shares_data

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.files import TorrentFile
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext

_VERIFY_ATTEMPTS = 5


async def examine(context: ActionContext, torrent: TorrentFacts) -> bool:
    """Read a torrent's file list into its history; returns whether it is known. Raises a ServiceError."""
    files = await _files(context, torrent)
    if not files:
        return False
    selection = select(files, context.file_rules, torrent.name)
    nothing_left = bool(selection.playable or selection.foreign)
    if torrent.complete:
        paths = [file.path for file in excluded(files, context.file_rules, torrent.name)]
        left: list[str] = await on_disk([], existing_below, torrent.save_path, paths)
        selection = replace(selection, complete=True, left_on_disk=tuple(left))
        nothing_left = nothing_left and not left
    else:
        nothing_left = nothing_left and not selection.unwanted
    context.history.note(torrent, selection=selection)
    if nothing_left:
        context.history.saw_files(torrent, complete=torrent.complete)
    return True


async def skip(context: ActionContext, entry: Entry) -> None:
    """Exclude the unwanted files from the download in one request, and verify it."""
    torrent = await context.read_for(entry)
    if torrent is None:
        raise ActionCancelledError("it is gone")
    selection = select(await _files(context, torrent), context.file_rules, torrent.name)
    if selection.unwanted and not selection.playable:
        raise ActionCancelledError("nothing playable would remain")
    unwanted = {file.index for file in selection.unwanted}
    if unwanted:
        entry = await context.advance(entry, "sending", files=len(unwanted))
        client = context.client(entry.instance)
        await client.skip_files(entry.infohash, sorted(unwanted))
        for attempt in range(_VERIFY_ATTEMPTS):
            if not select(await _files(context, torrent), context.file_rules, torrent.name).unwanted:
                break
            await pause(attempt)
        else:
            raise UnreachableError(entry.instance, "files are still downloaded after they were excluded")
    context.history.saw_files(entry, complete=False)
    await context.close(entry, "done", f"{len(unwanted)} files are not downloaded")


async def delete_excluded(context: ActionContext, entry: Entry) -> None:
    """Delete a complete torrent's excluded files from disk, unless another torrent has the same data."""
    torrent = await context.read_for(entry)
    if torrent is None or not torrent.complete:
        raise ActionCancelledError("it is gone, or not complete any more")
    if await shares_data(context, torrent):
        context.history.saw_files(entry, complete=True)
        raise ActionCancelledError("another torrent may need the files")
    paths = [file.path for file in excluded(await _files(context, torrent), context.file_rules, torrent.name)]
    entry = await context.advance(entry, "deleting", files=paths)
    number: int | None = await on_disk(None, delete_below, torrent.save_path, paths)
    if number is None:
        raise UnreachableError(entry.instance, "the disk refused, or did not answer in time; some files may be gone")
    context.history.saw_files(entry, complete=True)
    await context.close(entry, "done", f"{number} excluded files are deleted from disk")


async def fault(context: ActionContext, torrent: TorrentFacts) -> str | None:
    """Find the fault that ffprobe sees in a complete torrent's media; None when it sees none, or cannot be run."""
    if context.probe.program is None or not context.config.arr.torrent.verify_media:
        return None
    names = [file.path for file in media(await _files(context, torrent), context.file_rules, torrent.name)]
    paths: list[str] = await on_disk([], paths_of, torrent.save_path, names)
    if len(paths) < len(names):  # what is not seen from here may play
        return None
    return await context.probe.fault(paths)


async def _files(context: ActionContext, torrent: TorrentFacts) -> list[TorrentFile]:
    try:
        files = await context.client(torrent.instance).files(torrent.infohash)
    except GoneError:
        return []
    return torrent_files(files)
