"""`Settings.Quarantine`: a removal first stops and tags the torrent, and is carried out when its time is over.

Whoever takes the tag off, or starts the torrent again, has rescued it. The .torrent file is kept for a while, so that
a removal can be undone also afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.atomic_file import write_private
from qbitrr.errors import UnreachableError
from qbitrr.rules import states
from qbitrr.rules.facts import TAG_QUARANTINE
from qbitrr.rules.history import BY_A_PERSON
from qbitrr.worker.disk import has_content, on_disk
from qbitrr.worker.torrents.actions.context import HeldError, LaterError, pause
from qbitrr.worker.torrents.actions.safety_checks import pass_gate

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import Hands

_log = logs.get(__name__)

ENTERING, INSIDE, OVER = "quarantining", "quarantined", "quarantine is over"
STEPS = (ENTERING, INSIDE)
_KEPT_SECONDS = 30 * 86400.0
_LOOK_SECONDS = 5.0
_STOP_ATTEMPTS = 8
_AT_REST = states.STOPPED | states.BUSY | {states.MISSING_FILES, states.ERROR}
_LONGEST_WAIT_SECONDS = 60.0


async def enter(hands: Hands, entry: Entry) -> Entry:
    """Keep the .torrent file and write down what is about to be changed."""
    torrent = await hands.read_for(entry)
    return await hands.advance(
        entry,
        ENTERING,
        until=hands.clock.wall() + hands.config.settings.quarantine_seconds,
        was_running=torrent is not None and torrent.state not in states.STOPPED,
        save_path=torrent.save_path if torrent else "",
        torrent_file=await _export(hands, entry) if torrent else None,
    )


async def stay(hands: Hands, entry: Entry) -> Entry:
    """Stop and tag it, and wait. Raises LaterError until its time is over, HeldError when somebody rescued it."""
    if entry.step == ENTERING:
        if await pass_gate(hands, entry) is not None:
            await _stop(hands, entry)
        entry = await hands.advance(entry, INSIDE)
        raise LaterError(_LOOK_SECONDS)
    torrent = await pass_gate(hands, entry)
    if torrent is not None:
        await _rescued(hands, entry, torrent)
    left_seconds = entry.notes["until"] - hands.clock.wall()
    if left_seconds > 0 and torrent is not None:
        raise LaterError(min(left_seconds, _LONGEST_WAIT_SECONDS))
    return await hands.advance(entry, OVER)


async def _stop(hands: Hands, entry: Entry) -> None:
    """Stop and tag it, and see that it was done: qBittorrent does it a moment later."""
    client = hands.client(entry.instance)
    await client.stop([entry.infohash])
    if not hands.policy.tagless:
        await client.add_tags([entry.infohash], TAG_QUARANTINE)
    for attempt in range(_STOP_ATTEMPTS):
        torrent = await hands.read(entry.instance, entry.infohash)
        if torrent is None or torrent.state in _AT_REST:
            return
        await pause(attempt)
    raise UnreachableError(entry.instance, "the torrent still runs after it was stopped")


async def _rescued(hands: Hands, entry: Entry, torrent: TorrentFacts) -> None:
    if torrent.state not in _AT_REST:
        if TAG_QUARANTINE in torrent.tags:
            await hands.client(entry.instance).remove_tags([entry.infohash], TAG_QUARANTINE)
        raise HeldError(f"{BY_A_PERSON}started it again")
    if TAG_QUARANTINE not in torrent.tags and not hands.policy.tagless:
        raise HeldError(f"{BY_A_PERSON}took it out of quarantine")


async def undo(hands: Hands, entry: Entry) -> None:
    """Give a torrent back: out of quarantine, or added again after it was removed. Raises HeldError if it cannot be."""
    if entry.state == "planned" and entry.step in STEPS:
        await _release(hands, entry)
    elif entry.state == "done" and entry.notes.get("torrent_file"):
        await _add_again(hands, entry)
    else:
        raise HeldError("nothing of it can be undone")


async def _release(hands: Hands, entry: Entry) -> None:
    torrent = await hands.read(entry.instance, entry.infohash)
    if torrent is None:
        raise HeldError("the torrent is gone")
    client = hands.client(entry.instance)
    await client.remove_tags([entry.infohash], TAG_QUARANTINE)
    if entry.notes["was_running"]:
        await client.start([entry.infohash])
    await hands.close(entry, "undone", "taken out of quarantine, as a person asked for")


async def _add_again(hands: Hands, entry: Entry) -> None:
    path = hands.quarantine_folder / entry.notes["torrent_file"]
    if not path.exists():
        raise HeldError("its .torrent file is no longer kept")
    save_path, client = entry.notes["save_path"], hands.client(entry.instance)
    if entry.infohash not in await client.torrents([entry.infohash]):
        category = entry.notes["home"]
        await client.add(path.read_bytes(), save_path=save_path, category=category, tags=[])
    there = await on_disk(False, has_content, f"{save_path}/{entry.name}")
    data = "its data is checked" if there else "its data is downloaded again"
    await hands.close(entry, "undone", f"added again, as a person asked for; {data}")


async def _export(hands: Hands, entry: Entry) -> str | None:
    """Keep the .torrent file; returns its name, None when there is none to have."""
    content = await hands.client(entry.instance).export(entry.infohash)
    if content is None:
        return None
    hands.quarantine_folder.mkdir(mode=0o700, exist_ok=True)
    name = f"{entry.id}-{entry.infohash}.torrent"
    write_private(hands.quarantine_folder / name, content)
    return name


def tidy(folder: Path, now: float) -> None:
    """Drop .torrent files that were kept for a month."""
    for path in folder.glob("*.torrent"):
        if path.stat().st_mtime < now - _KEPT_SECONDS:
            path.unlink(missing_ok=True)
            _log.info("torrent file was dropped", file=path.name)
