"""What every action needs: services, ledger, and a torrent read again before it is changed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.clock import from_iso
from qbitrr.errors import StateError
from qbitrr.qbittorrent.facts import torrent_facts
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.torrents.protected import protection
from qbitrr.rules.torrents.room import room_needed
from qbitrr.rules.verdict import Action, Decision
from qbitrr.state import ledger
from qbitrr.worker.torrents.actions.ffprobe import FFprobe
from qbitrr.worker.torrents.arr_downloads import CLOCK_SKEW_SECONDS
from qbitrr.worker.torrents.policy import Policies, file_rules_of
from qbitrr.worker.torrents.reads import TorrentReads
from qbitrr.worker.torrents.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.arr.models import Command
    from qbitrr.qbittorrent.client import QbittorrentClient
    from qbitrr.rules.facts import TorrentFacts
    from qbitrr.rules.verdict import EndState, OpenState, TraceStep, Verdict
    from qbitrr.state.ledger import Entry
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.torrents.actions.watch import Watch
    from qbitrr.worker.torrents.answers import RememberedAnswers
    from qbitrr.worker.torrents.arr_downloads import ArrDownloads
    from qbitrr.worker.torrents.chosen_seed import ChosenSeed
    from qbitrr.worker.torrents.history import TorrentHistory
    from qbitrr.worker.torrents.ownership import Ownership
    from qbitrr.worker.torrents.seeding import SeedingTracker
    from qbitrr.worker.torrents.superseded import SupersededDownloads

_log = logs.get(__name__)

_ADJUSTED_AT_ONCE = 4
_EMPTY_SECONDS = 600.0
_IMPORTS = frozenset({Action.IMPORT, Action.MANUAL_IMPORT})
_EMPTY_CHECK_SECONDS = 30.0
_POLL_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)


class ActionCancelledError(Exception):
    """An action must not go on; the text says why."""


class RetryLaterError(Exception):
    """An action has to wait for `seconds` before it can go on; it stays open in the ledger."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"goes on in {seconds:g} seconds")
        self.seconds = seconds


class ActionContext:
    """Shared by the actions of one worker."""

    def __init__(
        self,
        worker: WorkerContext,
        ownership: Ownership,
        seeding: SeedingTracker,
        history: TorrentHistory,
        answers: RememberedAnswers,
        arr_downloads: ArrDownloads | None,
        superseded: SupersededDownloads | None,
        chosen_seed: ChosenSeed,
    ) -> None:
        config = worker.config
        self.worker = worker
        self.config = config
        self.services = worker.services
        self.database = worker.database
        self.report = worker.report
        self.clock = worker.clock
        self.ownership = ownership
        self.seeding = seeding
        self.history = history
        self.answers = answers
        self.arr_downloads = arr_downloads
        self.superseded = superseded
        self.chosen_seed = chosen_seed
        self.submitted_at = 0.0  # monotonic; what acts was seen as it is before that
        self.quarantine_ends: dict[int, float] = {}  # monotonic, by the id in the ledger
        self._empty_since: dict[str, float] = {}  # monotonic, by instance
        self.watches: dict[int, Watch] = {}  # by the id of the import in the ledger
        self.policies = Policies(config)
        self.policy = self.policies.general
        self.file_rules = file_rules_of(config)
        self.adjusting = asyncio.Semaphore(_ADJUSTED_AT_ONCE)
        self.probe = FFprobe(config.arr_section.kind if config.arr_section else "radarr")
        self.quarantine_folder = Path(config.state_file).with_name("quarantine")
        self.content_paths = {
            name: Shared(client.content_paths, worker.clock.monotonic)
            for name, client in worker.services.qbittorrents.items()
        }
        """Lists the data of all torrents of each qBittorrent, once for the removals that come together."""
        self._reads = {
            name: TorrentReads(client, worker.clock.monotonic) for name, client in worker.services.qbittorrents.items()
        }

    async def cancel_reads(self) -> None:
        """Cancel what is read for several actions together."""
        for content_paths in self.content_paths.values():
            await content_paths.close()
        for reads in self._reads.values():
            await reads.close()

    @property
    def downloads(self) -> ArrDownloads:
        """The downloads as the Arr sees them; only for a worker with one."""
        assert self.arr_downloads is not None
        return self.arr_downloads

    def client(self, instance: str) -> QbittorrentClient:
        """The client of one qBittorrent, for reading; what changes a torrent goes through a writer."""
        return self.services.qbittorrents[instance]

    async def read(self, instance: str, infohash: str) -> TorrentFacts | None:
        """Read a torrent as it is now; None when it is gone."""
        found = await self._reads[instance](infohash)
        return torrent_facts(TorrentKey(instance, infohash), found, self.clock.wall()) if found else None

    async def read_for(self, entry: Entry) -> TorrentFacts | None:
        """Read the torrent of an action as it is now; None when it is gone.

        Raises ActionCancelledError when the action was not planned for what it is now, RetryLaterError while it is not
        certain that it is gone.
        """
        torrent = await self.read(entry.instance, entry.infohash)
        if torrent is None and "deletion_sent" not in entry.notes:
            await self._check_absence(entry.instance)
            torrent = await self.read(entry.instance, entry.infohash)  # it may have come while that was asked
        if torrent is None:
            return None
        if torrent.added_at != entry.added_at:
            raise ActionCancelledError("it was removed and added again meanwhile")
        if not self.ownership.is_mine(torrent):
            raise ActionCancelledError("it was put into another category meanwhile")
        tag = protection(torrent, self.policy)
        if tag is not None:
            raise ActionCancelledError(f"it got the tag {tag} meanwhile")
        return torrent

    async def _check_absence(self, instance: str) -> None:
        """Doubt that a torrent is gone as long as its qBittorrent lists nothing at all. Raises RetryLaterError.

        One that has just started, or that lost its folder, answers so. After ten minutes it is believed.
        """
        if await self.client(instance).lists_any():
            self._empty_since.pop(instance, None)
            return
        now = self.clock.monotonic()
        if now - self._empty_since.setdefault(instance, now) < _EMPTY_SECONDS:
            raise RetryLaterError(_EMPTY_CHECK_SECONDS)

    async def plan(
        self,
        torrent: TorrentFacts,
        verdict: Verdict,
        action: str,
        notes: Mapping[str, object],
        step: str = ledger.FIRST_STEP,
        state: OpenState = "planned",
    ) -> Entry:
        """Write an action to the ledger before its first step, or at the step that was reached already.

        Raises StateError when another action on the torrent is open.
        """
        decision = self.decision(torrent, verdict.last, action)
        entry = await ledger.plan(self.database, decision, notes, self.clock.wall(), state=state, step=step)
        if entry is None:
            raise StateError(f"another action on {torrent.infohash} is open")
        _log.info("action was planned", action=str(action), torrent=torrent.name, rule=decision.rule, state=state)
        return entry

    def decision(self, torrent: TorrentFacts, step: TraceStep, action: str) -> Decision:
        """Make the decision for an action by a rule."""
        rule, finding = step.rule, step.finding
        return Decision(
            self.config.name, torrent.key, torrent.name, torrent.added_at, action, rule, finding.because, finding.facts
        )

    async def advance(self, entry: Entry, step: str, **notes: object) -> Entry:
        """Record a step before what follows it is done."""
        moved = await ledger.advance(self.database, entry, step, self.clock.wall(), **notes)
        self.history.follow(moved)
        return moved

    async def close(self, entry: Entry, state: EndState, outcome: str) -> None:
        """End an action with a sentence for the user, in the ledger and in the torrent's history."""
        now = self.clock.wall()
        self.quarantine_ends.pop(entry.id, None)
        await ledger.close(self.database, entry, state, outcome, now)
        self.history.record(entry, state, now, outcome)
        if entry.rule == room_needed.__name__:
            self.chosen_seed.clear()  # at once, as it is judged again before another one is chosen
        if self.superseded is not None and state == "done" and entry.action in _IMPORTS:
            self.superseded.expect_import()
        _log.info("action ended", action=entry.action, torrent=entry.name, state=state, outcome=outcome)

    async def commands_since(self, since: float) -> list[Command]:
        """Read the Arr's commands that were queued since a time (epoch seconds), whatever its clock says.

        A time that is yet to come was noted by a clock that was ahead: then all that the Arr still lists.
        """
        arr = self.services.arr
        commands = await arr.commands()
        earliest = since + arr.clock_ahead_seconds - CLOCK_SKEW_SECONDS if since <= self.clock.wall() else 0.0
        return [command for command in commands if (from_iso(command.queued) or 0) >= earliest]


async def pause(attempt: int) -> None:
    """Sleep before asking again, longer after each attempt, two seconds at most."""
    await asyncio.sleep(_POLL_SECONDS[min(attempt, len(_POLL_SECONDS) - 1)])
