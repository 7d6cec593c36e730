"""Looking at a torrent's files, not fetching those that are not wanted, and deleting what was excluded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr.errors import GoneError, UnreachableError
from qbitrr.rules.files import Selection, TorrentFile, excluded, media, select
from qbitrr.worker.disk import delete_below, existing_below, on_disk
from qbitrr.worker.torrents.actions.context import HeldError, pause
from qbitrr.worker.torrents.actions.ffprobe import paths_of
from qbitrr.worker.torrents.actions.safety_checks import shares_data

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import Hands

NOTHING_LEFT = Selection(playable=1)
"""Stands for a file list that was looked at before: nothing is to be done about it."""
_VERIFY_ATTEMPTS = 5


async def look(hands: Hands, torrent: TorrentFacts) -> Selection | None:
    """What a torrent's files say; None when they are not known yet. Raises a ServiceError."""
    files = await _files(hands, torrent)
    if not files:
        return None
    key = (torrent.instance, torrent.infohash)
    if torrent.complete:
        paths = [file.path for file in excluded(files, hands.file_rules)]
        left: list[str] = await on_disk([], existing_below, torrent.save_path, paths)
        if not left:
            hands.homes.saw_files(key, seen_complete(hands))
        return replace(NOTHING_LEFT, complete=True, left_on_disk=tuple(left))
    selection = select(files, hands.file_rules)
    if not selection.unwanted and (selection.playable or selection.foreign):
        hands.homes.saw_files(key, hands.file_rules_fingerprint)
    return selection


def remembered(hands: Hands, torrent: TorrentFacts) -> Selection | None:
    """What an earlier look at the same files by the same rules left to be done; None when there was none."""
    seen = hands.homes.files_seen(torrent)
    if torrent.complete:
        return replace(NOTHING_LEFT, complete=True) if seen == seen_complete(hands) else None
    return NOTHING_LEFT if seen == hands.file_rules_fingerprint else None


def seen_complete(hands: Hands) -> str:
    """The mark of a torrent whose excluded files were looked for after it was complete."""
    return f"{hands.file_rules_fingerprint} complete"


async def skip(hands: Hands, entry: Entry) -> None:
    """Have the files that are not wanted not fetched, in one request, and see that it was done."""
    torrent = await hands.read_for(entry)
    if torrent is None:
        raise HeldError("it is gone")
    selection = select(await _files(hands, torrent), hands.file_rules)
    if selection.unwanted and not selection.playable:
        raise HeldError("nothing playable would remain")
    wanted_out = {file.index for file in selection.unwanted}
    if wanted_out:
        entry = await hands.advance(entry, "sending", files=len(wanted_out))
        client = hands.client(entry.instance)
        await client.skip_files(entry.infohash, sorted(wanted_out))
        for attempt in range(_VERIFY_ATTEMPTS):
            if not select(await _files(hands, torrent), hands.file_rules).unwanted:
                break
            await pause(attempt)
        else:
            raise UnreachableError(entry.instance, "files are still fetched after they were excluded")
    hands.homes.saw_files((entry.instance, entry.infohash), hands.file_rules_fingerprint)
    await hands.close(entry, "done", f"{len(wanted_out)} files are not fetched")


async def delete_excluded(hands: Hands, entry: Entry) -> None:
    """Delete a complete torrent's excluded files from disk, unless another torrent has the same data."""
    torrent = await hands.read_for(entry)
    if torrent is None or not torrent.complete:
        raise HeldError("it is gone, or not complete any more")
    if await shares_data(hands, torrent):
        hands.homes.saw_files((entry.instance, entry.infohash), seen_complete(hands))
        raise HeldError("another torrent may need the files")
    paths = [file.path for file in excluded(await _files(hands, torrent), hands.file_rules)]
    entry = await hands.advance(entry, "deleting", files=paths)
    number: int | None = await on_disk(None, delete_below, torrent.save_path, paths)
    if number is None:
        raise UnreachableError(entry.instance, "the disk refused, or did not answer in time; some files may be gone")
    hands.homes.saw_files((entry.instance, entry.infohash), seen_complete(hands))
    await hands.close(entry, "done", f"{number} excluded files are deleted from disk")


async def complaint(hands: Hands, torrent: TorrentFacts) -> str | None:
    """What ffprobe says of a complete torrent's media; None when it finds nothing wrong, or cannot be asked."""
    if hands.probe.program is None or not hands.config.arr.torrent.verify_media:
        return None
    names = [file.path for file in media(await _files(hands, torrent), hands.config.arr.kind)]
    paths: list[str] = await on_disk([], paths_of, torrent.save_path, names)
    return await hands.probe.complaint(paths)


async def _files(hands: Hands, torrent: TorrentFacts) -> list[TorrentFile]:
    try:
        files = await hands.client(torrent.instance).files(torrent.infohash)
    except GoneError:
        return []
    return [TorrentFile(file.index, file.name, file.size, file.priority) for file in files]
