"""Shadow, of everything or of single rules: decisions are recorded and not carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.rules.verdict import CHECKS, Action, Outcome
from qbitrr.state import shadow

if TYPE_CHECKING:
    from qbitrr.rules.facts import TorrentFacts, TorrentKey
    from qbitrr.rules.verdict import Verdict
    from qbitrr.worker.torrents.actions.context import ActionContext

_log = logs.get(__name__)


class ShadowReport:
    """Records what verdicts ask for, once for each action and rule on a torrent. Nothing is read for it."""

    def __init__(self, context: ActionContext) -> None:
        self._context = context
        self._noted: dict[TorrentKey, set[tuple[float, str, str]]] = {}

    async def note(self, torrent: TorrentFacts, verdict: Verdict) -> None:
        """Record every action that a verdict asks for."""
        for step in verdict.proposed:
            if step.finding.outcome is Outcome.ACT and not self._context.config.shadow:
                continue
            action = step.finding.would if step.finding.would is not Action.NOTHING else step.finding.action
            noted = self._noted.setdefault(torrent.key, set())
            mark = (torrent.added_at, action, step.rule)
            if action in CHECKS or mark in noted:
                continue
            decision = self._context.decision(torrent, step, action)
            if await shadow.record(self._context.database, decision, self._context.clock.wall()):
                _log.info("action was recorded only", action=str(action), torrent=torrent.name, rule=step.rule)
            noted.add(mark)

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        for key in gone:
            self._noted.pop(key, None)
