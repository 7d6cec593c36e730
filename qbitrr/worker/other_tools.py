"""Watches for other programs that search or clean the same Arr; nothing is done about them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from qbitrr import ipc, logs
from qbitrr.arr.kinds import FAILED
from qbitrr.clock import from_iso, to_iso
from qbitrr.rules.other_tools import WITHIN_SECONDS, ForeignAct, ForeignKind, other_tools
from qbitrr.rules.verdict import Action
from qbitrr.state import ledger, torrents

if TYPE_CHECKING:
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)

READ_SECONDS = 285.0
"""An Arr lists a command for five minutes after its end."""
_HISTORY_SECONDS = 3600.0
_SKEW_SECONDS = 60.0
_MOST_ACTS = 2000
_MOST_EVENTS = 500  # failures in one reading
_SEARCH = "Search"
_BY_HAND = "manual"
_FAILING = (Action.FAIL, Action.FAIL_REST, Action.SEARCH_AGAIN)


class OtherToolsWatch:
    """Reads the commands and the history of one Arr, and which torrents left without an action of ours.

    What came before the start of the worker may be its own, and is left out; a day of it is in memory.
    """

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self._client = context.services.arr
        self._started_at = context.clock.wall()
        self._read_until: float | None = None
        self._acts: deque[ForeignAct] = deque(maxlen=_MOST_ACTS)
        self._listed: set[int] = set()
        self._events: set[int] = set()
        self._reported: frozenset[ForeignKind] = frozenset()

    async def read(self) -> None:
        """Read what was done since the last time, and report what is more than a user does. Raises a ServiceError."""
        self._listed = await self._read_commands()  # what is listed again is not counted again
        now = self._context.clock.wall()
        if self._read_until is None or not 0.0 <= now - self._read_until < _HISTORY_SECONDS:
            self._events = await self._read_failures()
        found = other_tools([*self._acts, *await self._read_removals(now)], now)
        kinds = frozenset(one.kind for one in found)
        for one in found:
            if one.kind not in self._reported:
                _log.warning("another program works on the Arr", kind=str(one.kind), seen=one.text)
        self._reported = kinds
        concerns = [ipc.Concern("other_tool", str(one.kind), one.text, one.remedy) for one in found]
        self._context.report.concerned("other tools", concerns)

    async def _read_commands(self) -> set[int]:
        """Note the searches that were not sent from here; returns all that are listed."""
        commands = await self._client.commands()
        since = self._started_at + self._client.clock_ahead_seconds
        for command in commands:
            queued = from_iso(command.queued) or 0.0
            is_search = (command.name or "").endswith(_SEARCH) and command.trigger == _BY_HAND
            is_ours = command.id in self._client.sent_commands
            if is_search and not is_ours and queued >= since and command.id not in self._listed:
                self._acts.append(ForeignAct(ForeignKind.SEARCH, command.name or "", queued))
        return {command.id for command in commands}

    async def _read_removals(self, now: float) -> list[ForeignAct]:
        """Read which torrents left without us and were not imported: under Shadow the ledger does not know."""
        if self._context.config.read_only:
            return []
        left = await torrents.left_unimported(self._context.database, self._context.config.name, now - WITHIN_SECONDS)
        return [ForeignAct(ForeignKind.REMOVAL, one.name, one.left_at) for one in left]

    async def _read_failures(self) -> set[int]:
        """Note the downloads that were failed in the Arr without an action of ours; returns all of them."""
        ahead = self._client.clock_ahead_seconds
        since = max(self._started_at + ahead, (self._read_until or self._started_at) + ahead - _SKEW_SECONDS)
        self._read_until = self._context.clock.wall()
        records = await self._client.history_since(to_iso(since) or "")
        failed = [one for one in records if one.event_type == FAILED and one.download_id][:_MOST_EVENTS]
        infohashes = sorted({(one.download_id or "").lower() for one in failed})
        entries = await ledger.of_torrents(self._context.database, self._context.config.name, infohashes)
        ours = {entry.infohash for entry in entries if entry.action in _FAILING}
        downloads = {
            (one.download_id or "").lower(): one
            for one in failed
            if one.id not in self._events and (one.download_id or "").lower() not in ours
        }
        for one in downloads.values():  # a pack has an event for each item
            at = from_iso(one.date) or 0.0
            self._acts.append(ForeignAct(ForeignKind.BLOCKLISTING, one.source_title or "", at))
        return {one.id for one in failed}
