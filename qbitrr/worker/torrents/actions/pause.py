"""Stopping downloads for want of space, and having them go on: many at a time, each with its entry in the ledger.

The tag comes before the stop and goes after the start: what is stopped by the guard can be told from what a person
stopped, also after a crash in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.errors import ServiceError, StateError
from qbitrr.rules.free_space import TAG_HELD, Move
from qbitrr.rules.states import STOPPED
from qbitrr.rules.torrents.protected import protection
from qbitrr.rules.verdict import Action, Step, Verdict, acts
from qbitrr.state import free_space as stored
from qbitrr.worker.services import torrent_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules import free_space
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import Hands

_AT_ONCE = 100


async def carry_out(hands: Hands, instance: str, steps: list[free_space.Step]) -> None:
    """Take the steps of the guard. Raises a ServiceError; what was not done then is found again by the next pass."""
    for move in Move:
        of_move = [step for step in steps if step.move is move]
        for at in range(0, len(of_move), _AT_ONCE):
            await _together(hands, instance, move, of_move[at : at + _AT_ONCE])


async def _together(hands: Hands, instance: str, move: Move, steps: list[free_space.Step]) -> None:
    client = hands.client(instance)
    rows = await client.torrents([step.download.infohash for step in steps])
    entries: list[Entry] = []
    for step in steps:
        row = rows.get(step.download.infohash)
        torrent = torrent_facts(instance, step.download.infohash, row) if row else None
        if torrent is not None and _is_still_so(hands, torrent, step):
            entries += await _planned(hands, torrent, step)
    if not entries:
        return
    try:
        await _do(hands, instance, move, entries)
    except ServiceError as error:
        for entry in entries:
            await hands.close(entry, "failed", str(error))
        raise
    for entry in entries:
        await hands.close(entry, "done", _OUTCOMES[move])


_OUTCOMES = {Move.HOLD: "stopped", Move.RELEASE: "started", Move.UNTAG: "it goes on already"}


def _is_still_so(hands: Hands, torrent: TorrentFacts, step: free_space.Step) -> bool:
    """Whether a torrent is as it was when the guard decided."""
    if torrent.added_at != step.download.added_at or protection(torrent, hands.policy) is not None:
        return False
    stopped = torrent.state in STOPPED
    return stopped is (step.move is Move.RELEASE)


async def _planned(hands: Hands, torrent: TorrentFacts, step: free_space.Step) -> list[Entry]:
    """The entry in the ledger; none while another action on the torrent is open."""
    action = Action.HOLD if step.move is Move.HOLD else Action.RELEASE
    facts = {"left_bytes": step.download.left_bytes, "budget_bytes": step.budget_bytes, "disk": step.download.disk}
    verdict = Verdict((Step("free_space", acts(action, step.because, **facts)),))
    try:
        return [await hands.plan(torrent, verdict, action, {})]
    except StateError:
        return []


async def _do(hands: Hands, instance: str, move: Move, entries: Iterable[Entry]) -> None:
    client, tagless = hands.client(instance), hands.policy.tagless
    infohashes = [entry.infohash for entry in entries]
    if move is Move.HOLD:
        torrents = [(entry.infohash, entry.added_at) for entry in entries]
        await stored.hold(hands.database, instance, torrents, hands.clock.wall())
        if not tagless:
            await client.add_tags(infohashes, TAG_HELD)
        await client.stop(infohashes)
        return
    if move is Move.RELEASE:
        await client.start(infohashes)
    await client.remove_tags(infohashes, TAG_HELD)
    await stored.release(hands.database, instance, infohashes)
