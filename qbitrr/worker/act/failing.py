"""Failing a torrent: blocklist its release in the Arr, delete it, see that it is gone, search once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.errors import ServiceError, UnreachableError
from qbitrr.state import activity, ledger
from qbitrr.worker.act.hands import HeldError, pause

if TYPE_CHECKING:
    from qbitrr.state.ledger import Entry
    from qbitrr.torrents.facts import TorrentFacts
    from qbitrr.worker.act.hands import Hands

_log = logs.get(__name__)

_GONE_SECONDS = 30.0  # deleting is asynchronous in qBittorrent; large data takes a while


async def fail(hands: Hands, entry: Entry) -> None:
    """Go on from the step that was reached. Raises a ServiceError, or HeldError when it must not go on."""
    if entry.step in (ledger.FIRST_STEP, "blocklisting"):
        await _still_incomplete(hands, entry)
        entry = await hands.advance(entry, "blocklisting")
        for record_id in entry.notes["record_ids"]:
            await hands.services.arr.blocklist(record_id)
        entry = await hands.advance(entry, "blocklisted")
    if entry.step == "blocklisted":
        kept_files = await _delete(hands, entry)
        entry = await hands.advance(entry, "deleted", kept_files=kept_files)
    wanted = entry.notes["item_ids"] if entry.notes["research"] else []
    if wanted and entry.step == "deleted":
        entry = await hands.advance(entry, "searching")
        await _search(hands, entry)
    elif wanted and not await _search_was_sent(hands, entry):
        await _search(hands, entry)
    await hands.close(entry, "done", _outcome(entry, searched=bool(wanted)))


async def _still_incomplete(hands: Hands, entry: Entry) -> TorrentFacts | None:
    """The torrent, or None when it is gone. Raises HeldError when it has become complete after all."""
    torrent = await hands.read_for(entry)
    if torrent is not None and torrent.complete:
        raise HeldError("it became complete meanwhile")
    return torrent


async def _delete(hands: Hands, entry: Entry) -> bool:
    """Delete the torrent and see that it is gone; returns whether its files had to stay."""
    client = hands.services.qbittorrents[entry.instance]
    torrent = await _still_incomplete(hands, entry)
    if torrent is None:
        return False
    shared = await _shares_data(hands, torrent)
    await client.delete([entry.infohash], with_files=not shared)
    deadline = hands.clock.monotonic() + _GONE_SECONDS
    attempt = 0
    while entry.infohash in await client.torrents([entry.infohash]):
        if hands.clock.monotonic() > deadline:
            raise UnreachableError(entry.instance, "the torrent is still there after it was deleted")
        await pause(attempt)
        attempt += 1
    return shared


async def _shares_data(hands: Hands, torrent: TorrentFacts) -> bool:
    """Whether another torrent of any instance has the same data, or may have: an instance that is silent counts.

    The same torrent on another instance counts too: the two may know the same data by different paths.
    """
    mine = torrent.content_path.rstrip("/")
    for name, client in hands.services.qbittorrents.items():
        try:
            paths = await client.content_paths()
        except ServiceError as error:
            _log.warning("files were kept", torrent=torrent.name, because=f"an instance is silent: {error}")
            return True
        if name == torrent.instance:
            paths.pop(torrent.infohash, None)
        if torrent.infohash in paths or any(_overlap(mine, path.rstrip("/")) for path in paths.values()):
            return True
    return False


def _overlap(one: str, other: str) -> bool:
    """Whether two paths are the same or one lies inside of the other."""
    return bool(one and other) and (one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/"))


async def _search(hands: Hands, entry: Entry) -> None:
    with hands.report.operation("search", "search"):
        await hands.services.arr.search(entry.notes["item_ids"])
    now = hands.clock.wall()
    summary = f"again for {entry.name}"
    await activity.record(hands.database, entry.category, summary, now)
    hands.report.searched(summary, now)


async def _search_was_sent(hands: Hands, entry: Entry) -> bool:
    """Whether the search that was about to be sent before a crash reached the Arr."""
    wanted = set(entry.notes["item_ids"])
    kind = hands.services.arr.kind
    return any(
        command.name == kind.search_command and wanted <= set(kind.searched(command.body))
        for command in await hands.commands_since(entry.updated_at)
        if command.body is not None
    )


def _outcome(entry: Entry, *, searched: bool) -> str:
    files = "its files stay, another torrent may need them" if entry.notes["kept_files"] else "its files are deleted"
    search = "searched again" if searched else "not searched again"
    return f"blocklisted and removed; {files}; {search}"
