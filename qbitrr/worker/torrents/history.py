"""What was done to each torrent, from the ledger, and what was found out about it since the worker started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from qbitrr.rules.files import Selection
from qbitrr.rules.history import NOTHING_DONE, after
from qbitrr.rules.verdict import OPEN, Action
from qbitrr.state import ledger, torrents
from qbitrr.state.torrents import StoredFileCheck
from qbitrr.worker.torrents.policy import file_rules_of, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.rules.facts import TorrentFacts, TorrentKey
    from qbitrr.rules.history import History
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.context import WorkerContext

Incarnation = tuple[str, str, float]  # and when it was added: it may come back as another

NOTHING_LEFT = Selection(playable=1)
"""Stands for a file list that was examined before: nothing is left to be done about it."""
_DAY_SECONDS = 86400.0


class TorrentHistory:
    """The history of every torrent of one category, and the grabs that failed within a day."""

    def __init__(self, context: WorkerContext) -> None:
        self._database = context.database
        self._category = context.config.name
        self._clock = context.clock
        self._file_rules = fingerprint(file_rules_of(context.config))
        self._histories: dict[Incarnation, History] = {}
        self._files_seen: dict[Incarnation, str] = {}
        self._unsaved: set[Incarnation] = set()
        self._failed_grabs: dict[int, tuple[float, frozenset[int]]] = {}  # by entry of the ledger
        self._quarantined: dict[TorrentKey, float] = {}

    async def load(self) -> None:
        """Read back what the ledger knows, and whose files were seen."""
        for entry in await ledger.of_present_torrents(self._database, self._category):
            if entry.state not in OPEN:
                self.record(entry, entry.state, entry.updated_at, entry.outcome)
        since = self._clock.wall() - _DAY_SECONDS
        for entry in await ledger.begun_since(self._database, self._category, [Action.FAIL, Action.FAIL_REST], since):
            self.count_failed_grab(entry)
        for check in await torrents.read(self._database, self._category, StoredFileCheck):
            self._files_seen[check.instance, check.infohash, check.added_at] = check.rules
        for entry in await ledger.open_entries(self._database, self._category):
            self.follow(entry)

    def of(self, torrent: TorrentFacts) -> History:
        """What was done to a torrent and found out about it."""
        incarnation = _incarnation(torrent)
        known = self._histories.get(incarnation, NOTHING_DONE)
        if torrent.key in self._quarantined:
            known = replace(known, quarantined_until=self._quarantined[torrent.key])
        if known.selection is None and self._files_seen.get(incarnation) == self._mark(complete=torrent.complete):
            return replace(known, selection=replace(NOTHING_LEFT, complete=torrent.complete))
        return known

    def failed_grabs(self, items: Iterable[int]) -> int:
        """How many downloads failed within a day, of the item of which most did."""
        since = self._clock.wall() - _DAY_SECONDS
        recent = [some for at, some in self._failed_grabs.values() if at > since]
        return max((sum(item in some for some in recent) for item in items), default=0) if recent else 0

    def count_failed_grab(self, entry: Entry) -> None:
        """Count the items of a download that is failed, once, until it ends cancelled."""
        items = frozenset(entry.notes.get("item_ids", ()))
        since = self._clock.wall() - _DAY_SECONDS
        self._failed_grabs = {one: grab for one, grab in self._failed_grabs.items() if grab[0] > since}
        if items:
            self._failed_grabs[entry.id] = (entry.planned_at, items)

    def follow(self, entry: Entry) -> None:
        """Note whether a torrent is in quarantine at the step that its action has reached."""
        if "until" in entry.notes and entry.state in OPEN:
            self._quarantined[entry.key] = entry.notes["until"]

    def record(self, entry: Entry, state: str, at: float, outcome: str | None) -> None:
        """Add an action that ended to its torrent's history."""
        self._quarantined.pop(entry.key, None)
        if state == "cancelled":
            self._failed_grabs.pop(entry.id, None)
        incarnation = _incarnation(entry)
        before = self._histories.get(incarnation, NOTHING_DONE)
        history = after(before, entry.action, state, at, outcome, entry.rule)
        if entry.action in (Action.SKIP_FILES, Action.DELETE_FILES):  # its file list is another now
            history = replace(history, selection=None)
        if history != before:
            self._histories[incarnation] = history

    async def recall(self, torrents: Iterable[TorrentFacts]) -> None:
        """Read what the ledger knows of torrents that came, as they may have been there before.

        One that was moved aside, or that a client did not list for a moment, was forgotten meanwhile.
        """
        unknown = {one for torrent in torrents if (one := _incarnation(torrent)) not in self._histories}
        if not unknown:
            return
        infohashes = sorted({infohash for _, infohash, _ in unknown})
        for entry in await ledger.of_torrents(self._database, self._category, infohashes):
            if _incarnation(entry) in unknown and entry.state not in OPEN:
                self.record(entry, entry.state, entry.updated_at, entry.outcome)

    def note(self, subject: Entry | TorrentFacts, **found: Any) -> None:
        """Note what was found out about a torrent."""
        incarnation = _incarnation(subject)
        self._histories[incarnation] = replace(self._histories.get(incarnation, NOTHING_DONE), **found)

    def saw_files(self, subject: Entry | TorrentFacts, *, complete: bool) -> None:
        """Note that nothing is left to be done about a torrent's files, by the file rules of now.

        Those of a complete torrent are examined another time, for what is left on the disk.
        """
        incarnation, mark = _incarnation(subject), self._mark(complete=complete)
        if self._files_seen.get(incarnation) != mark:
            self._files_seen[incarnation] = mark
            self._unsaved.add(incarnation)

    async def save(self) -> None:
        """Write down whose files were seen."""
        if not self._unsaved:
            return
        saving, self._unsaved = self._unsaved, set()  # what changes meanwhile is for the next time
        try:
            checks = [StoredFileCheck(*one, self._files_seen[one]) for one in sorted(saving)]
            await torrents.save(self._database, self._category, StoredFileCheck, checks)
        except BaseException:
            self._unsaved |= saving & self._files_seen.keys()
            raise

    def forget(self, gone: set[TorrentKey]) -> None:
        """Drop torrents that are no longer there."""
        self._histories = {one: known for one, known in self._histories.items() if one[:2] not in gone}
        self._files_seen = {one: mark for one, mark in self._files_seen.items() if one[:2] not in gone}
        self._unsaved = {one for one in self._unsaved if one[:2] not in gone}

    def _mark(self, *, complete: bool) -> str:
        return f"{self._file_rules} complete" if complete else self._file_rules


def _incarnation(subject: Entry | TorrentFacts) -> Incarnation:
    return subject.instance, subject.infohash, subject.added_at
