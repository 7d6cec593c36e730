"""Pauses and resumes of downloads for lack of space: many in one request, each with its entry in the ledger.

The tag is set before the stop and removed after the start: what the guard paused is distinguished from what the user
stopped, also after a crash in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr.errors import ServiceError, StateError
from qbitrr.rules.free_space import SpaceMove
from qbitrr.rules.states import STOPPED
from qbitrr.rules.tags import TAG_PAUSED
from qbitrr.rules.verdict import Action, Verdict, acts
from qbitrr.state import free_space as stored
from qbitrr.worker.torrents.actions.guards import admit_queue, admit_resume

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules import free_space
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.torrents.actions.context import ActionContext
    from qbitrr.worker.torrents.actions.guards import QueueWriter

_AT_ONCE = 100


async def carry_out(context: ActionContext, instance: str, steps: list[free_space.SpaceStep]) -> None:
    """Carry out the moves of the guard. Raises a ServiceError; the next pass finds what was not done then."""
    for move in SpaceMove:
        of_move = [step for step in steps if step.move is move]
        for at in range(0, len(of_move), _AT_ONCE):
            await _together(context, instance, move, of_move[at : at + _AT_ONCE])


async def _together(context: ActionContext, instance: str, move: SpaceMove, steps: list[free_space.SpaceStep]) -> None:
    admit = admit_queue if move is SpaceMove.PAUSE else admit_resume
    writer = await admit(context, instance, {one.download.infohash: one.download.added_at for one in steps})
    entries: list[Entry] = []
    for step in steps:
        torrent = writer.torrents.get(step.download.infohash)
        if torrent is not None and (torrent.state in STOPPED) is (step.move is SpaceMove.RESUME):
            entries += await _planned(context, torrent, step)
    if not entries:
        return
    try:
        await _do(context, writer, instance, move, entries)
    except ServiceError as error:
        for entry in entries:
            await context.close(entry, "failed", str(error))
        raise
    for entry in entries:
        await context.close(entry, "done", _OUTCOMES[move])


_OUTCOMES = {SpaceMove.PAUSE: "stopped", SpaceMove.RESUME: "started", SpaceMove.UNTAG: "it goes on already"}


async def _planned(context: ActionContext, torrent: TorrentFacts, step: free_space.SpaceStep) -> list[Entry]:
    """Plan the entry in the ledger; none while another action on the torrent is open."""
    verdict = verdict_of(step)
    try:
        return [await context.plan(torrent, verdict, verdict.action, {})]
    except StateError:
        return []


def verdict_of(step: free_space.SpaceStep) -> Verdict:
    """The verdict that a move of the guard is on its torrent."""
    action = Action.PAUSE if step.move is SpaceMove.PAUSE else Action.RESUME
    facts = {"left_bytes": step.download.left_bytes, "budget_bytes": step.budget_bytes, "disk": step.download.disk}
    return Verdict(("free_space",), (acts(action, step.because, **facts),))


async def _do(
    context: ActionContext, writer: QueueWriter, instance: str, move: SpaceMove, entries: Iterable[Entry]
) -> None:
    infohashes = [entry.infohash for entry in entries]
    if move is SpaceMove.PAUSE:
        torrents = [(entry.infohash, entry.added_at) for entry in entries]
        await stored.record_paused(context.database, instance, torrents, context.clock.wall())
        if not context.policy.tagless:
            await writer.add_tags(infohashes, TAG_PAUSED)
        await writer.stop(infohashes)
        return
    if move is SpaceMove.RESUME:
        await writer.start(infohashes)
    await writer.remove_tags(infohashes, TAG_PAUSED)
    await stored.record_resumed(context.database, instance, infohashes)
