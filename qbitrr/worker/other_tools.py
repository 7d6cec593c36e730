"""Watches for other programs that search or clean the same Arr; nothing is done about them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from qbitrr import ipc, logs
from qbitrr.arr.kinds import FAILED, IGNORED
from qbitrr.clock import from_iso, to_iso
from qbitrr.rules.other_tools import WITHIN_SECONDS, ForeignAct, ForeignKind, other_tools
from qbitrr.rules.verdict import Action
from qbitrr.state import foreign_acts, ledger, torrents

if TYPE_CHECKING:
    from qbitrr.arr.models import Command
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
_FAILING = frozenset({Action.FAIL, Action.FAIL_REST, Action.SEARCH_AGAIN})
_OURS = {FAILED: _FAILING, IGNORED: _FAILING | {Action.REMOVE, Action.RELEASE}}
_KINDS = {FAILED: ForeignKind.BLOCKLISTING, IGNORED: ForeignKind.IGNORING}


class OtherToolsWatch:
    """Reads the commands and the history of one Arr, and which torrents left without an action of ours.

    What came before the start of the worker may be its own, and is left out; a day of it is in memory, and all of it
    is stored.
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
        await self._read_commands()
        now = self._context.clock.wall()
        if self._read_until is None or not 0.0 <= now - self._read_until < _HISTORY_SECONDS:
            await self._read_history()
        found = other_tools([*self._acts, *await self._read_removals(now)], now)
        kinds = frozenset(one.kind for one in found)
        for one in found:
            if one.kind not in self._reported:
                _log.warning("another program works on the Arr", kind=str(one.kind), seen=one.text)
        self._reported = kinds
        concerns = [ipc.Concern("other_tool", str(one.kind), one.text, one.remedy) for one in found]
        self._context.report.concerned("other tools", concerns)

    async def _note(self, acts: list[ForeignAct]) -> None:
        await foreign_acts.record(self._context.database, self._context.config.name, acts)
        self._acts.extend(acts)

    async def _read_commands(self) -> None:
        """Note the searches that were not sent from here; what is listed again is not noted again."""
        commands = await self._client.commands()
        ahead = self._client.clock_ahead_seconds
        searches = []
        for command in commands:
            at = (from_iso(command.queued) or 0.0) - ahead
            is_search = (command.name or "").endswith(_SEARCH) and command.trigger == _BY_HAND
            is_ours = command.id in self._client.sent_commands
            if is_search and not is_ours and at >= self._started_at and command.id not in self._listed:
                items = tuple(self._client.kind.searched(command.body)) if command.body else ()
                searches.append(ForeignAct(ForeignKind.SEARCH, _named(command), at, items=items))
        await self._note(searches)
        self._listed = {command.id for command in commands}

    async def _read_removals(self, now: float) -> list[ForeignAct]:
        """Read which torrents left without us and were not imported: under Shadow the ledger does not know."""
        if self._context.config.read_only:
            return []
        left = await torrents.left_unimported(self._context.database, self._context.config.name, now - WITHIN_SECONDS)
        return [ForeignAct(ForeignKind.REMOVAL, one.name, one.left_at) for one in left]

    async def _read_history(self) -> None:
        """Note the downloads that were failed or ignored in the Arr without an action of ours."""
        ahead = self._client.clock_ahead_seconds
        since = max(self._started_at, (self._read_until or self._started_at) - _SKEW_SECONDS) + ahead
        read_at = self._context.clock.wall()
        records = await self._client.history_since(to_iso(since) or "")
        ended = [(str(one.event_type), one) for one in records if one.event_type in _KINDS and one.download_id]
        ended = ended[:_MOST_EVENTS]
        infohashes = sorted({(one.download_id or "").lower() for _, one in ended})
        entries = await ledger.of_torrents(self._context.database, self._context.config.name, infohashes)
        ours = {(entry.infohash, event) for entry in entries for event, some in _OURS.items() if entry.action in some}
        downloads = {
            ((one.download_id or "").lower(), event): one
            for event, one in ended
            if one.id not in self._events and ((one.download_id or "").lower(), event) not in ours
        }
        await self._note(  # a pack has an event for each item
            [
                ForeignAct(_KINDS[event], one.source_title or "", (from_iso(one.date) or 0.0) - ahead, infohash)
                for (infohash, event), one in downloads.items()
            ]
        )
        self._events, self._read_until = {one.id for _, one in ended}, read_at


def _named(command: Command) -> str:
    """The name of a search, with the series and season that it is for when it names no items."""
    body, name = command.body, command.name or ""
    if body is None or body.series_id is None:
        return name
    season = "" if body.season_number is None else f", season {body.season_number}"
    return f"{name} (series {body.series_id}{season})"
