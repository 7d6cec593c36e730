"""Shadow: decisions are recorded and not carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.state import shadow

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.verdict import Verdict
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)


async def note(context: ActionContext, torrent: TorrentFacts, verdict: Verdict) -> None:
    """Record the decision on a torrent, once for each action and rule."""
    decision = context.decision(torrent, verdict, verdict.action)
    if await shadow.record(context.database, decision, context.clock.wall()):
        _log.info("action was recorded only", action=str(verdict.action), torrent=torrent.name, rule=decision.rule)
