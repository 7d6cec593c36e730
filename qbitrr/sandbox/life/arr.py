"""One Arr at work: it searches, grabs, refreshes its downloads, imports and fails them.

Source of the behaviour: what Radarr 6.1, Sonarr 4.0 and 5 and Lidarr 2.14 were seen to do, and the recordings of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life.arr_state import ArrState, Connection
from qbitrr.sandbox.life.commands import MANUAL_IMPORT, PROCESS, REFRESH, SCANS, CommandQueue, Outcome
from qbitrr.sandbox.life.failing import FailedDownloads
from qbitrr.sandbox.life.grabbing import Grabber
from qbitrr.sandbox.life.importing import Importer
from qbitrr.sandbox.life.records import Change
from qbitrr.sandbox.life.schedule import Schedule
from qbitrr.sandbox.life.settings import ClientSettings
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.life.tracking import Tracking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qbitrr.sandbox.life.client_item import Client
    from qbitrr.sandbox.life.commands import Work
    from qbitrr.sandbox.life.fate import Odds
    from qbitrr.sandbox.life.records import BlocklistEntry, Command, HistoryEvent, QueueRecord, Release
    from qbitrr.sandbox.life.settings import ArrSettings
    from qbitrr.sandbox.media.collection import Collection


class Arr:
    """One Radarr, Sonarr or Lidarr; `name` is what its user calls it, `category` is what its torrents get.

    Without a `client` it finds nothing; `connections` may be given to it later. With `imports_by_itself` off it
    refreshes its downloads and never gets to import them, as when another program uses its disk. `tempo`, `odds`,
    `settings` and `connections` may be changed at any time.
    """

    def __init__(
        self,
        name: str,
        collection: Collection[Any],
        *,
        category: str,
        seed: int,
        now: float,
        client: Client | None = None,
        tempo: Tempo | None = None,
    ) -> None:
        self.name = name
        self.kind = collection.kind
        self.collection = collection
        self.category = category
        self.on_change: Callable[[Change], None] = lambda _: None
        self._schedule = Schedule(now)
        self._state = ArrState(f"{seed}/{name}", collection, self._schedule, self._publish)
        self._state.tempo = tempo or Tempo()
        if client is not None:
            self.connect(client)
        self.commands = CommandQueue(self._schedule, self._start_work, self._publish)
        self._tracking = Tracking(self._state, self.commands)
        self._importer = Importer(self._state, self._tracking)
        self._grabber = Grabber(self._state, self._tracking)
        self._failed = FailedDownloads(self._state, self._tracking, self.commands)
        self.search, self.offer, self.grab = self._grabber.search, self._grabber.offer, self._grabber.grab
        self.note_grab, self.add_torrent = self._grabber.note_grab, self._grabber.add
        self.remove, self.mark_failed = self._failed.remove, self._failed.mark_failed
        self.import_candidates = self._importer.candidates
        self._tracking.start()

    # --- what is known of it ---

    @property
    def now(self) -> float:
        """The present, in epoch seconds."""
        return self._schedule.now

    @property
    def next_due(self) -> float:
        """When something happens next if nothing else does."""
        return self._schedule.next_due

    @property
    def queue(self) -> dict[int, QueueRecord]:
        """Activity > Queue by record id, as of the last refresh."""
        return self._tracking.queue

    @property
    def history(self) -> list[HistoryEvent]:
        """Activity > History, oldest first."""
        return self._state.history.events

    @property
    def blocklist(self) -> list[BlocklistEntry]:
        """Activity > Blocklist, oldest first."""
        return self._state.blocklist

    @property
    def settings(self) -> ArrSettings:
        """What its user has set."""
        return self._state.settings

    @property
    def connections(self) -> list[Connection]:
        """Its download clients."""
        return self._state.connections

    @property
    def tempo(self) -> Tempo:
        """How long things last."""
        return self._state.tempo

    @tempo.setter
    def tempo(self, tempo: Tempo) -> None:
        self._state.tempo = tempo

    @property
    def odds(self) -> Odds:
        """What becomes of what it grabs."""
        return self._grabber.odds

    @odds.setter
    def odds(self, odds: Odds) -> None:
        self._grabber.odds = odds

    @property
    def indexer_queries(self) -> int:
        """How many times its searches have asked each indexer."""
        return self._grabber.queries

    @property
    def imports_by_itself(self) -> bool:
        """Whether it gets to import what is pending."""
        return self._state.imports_by_itself

    @imports_by_itself.setter
    def imports_by_itself(self, imports: bool) -> None:
        self._state.imports_by_itself = imports

    # --- what its user does ---

    def connect(self, client: Client, settings: ClientSettings | None = None) -> None:
        """Add a download client."""
        settings = settings or ClientSettings(self.category, id=len(self.connections) + 1)
        self.connections.append(Connection(settings, client))

    def delay(self, item_ids: Sequence[int], release: Release, seconds: float = 3600.0) -> None:
        """List a release as one that waits for its delay profile."""
        self._tracking.delay(item_ids, release, seconds)

    def refresh_now(self) -> None:
        """Refresh the downloads at once; what is pending then is imported by the command that follows.

        Only for clients that need not be read first.
        """
        assert all(one.client.is_read_since(one.client.mark()) for one in self.connections)
        for _ in self._tracking.refresh():
            pass

    def changed(self, item: Any) -> None:
        """An item was changed; push it, with the parent that shows it too."""
        self.on_change(Change("item", "updated", item.id))
        self.on_change(Change("parent", "updated", self.collection.parent_of(item)))

    def edited(self, parent_id: int) -> None:
        """A movie, series or artist was edited; push it."""
        self.on_change(Change("parent", "updated", parent_id))

    def delete(self, parent_id: int) -> None:
        """Remove a movie, series or artist from the library, with all that belongs to it."""
        items = self.collection.items
        self._state.history.drop(
            {number for number, item in items.items() if self.collection.parent_of(item) == parent_id}
        )
        self.collection.drop(parent_id)
        self.on_change(Change("parent", "deleted", parent_id))

    # --- time ---

    def advance(self, now: float) -> None:
        """Let time pass until `now`; the download client goes first."""
        self._schedule.advance(now)

    def restart(self, starting_seconds: float = 0.0) -> None:
        """End and start again: commands that wait run first, downloads are refreshed after a while."""
        self._schedule.clear()
        self._schedule.after(starting_seconds, self.commands.restart)
        self._tracking.start()

    def _publish(self, change: Change) -> None:
        self.on_change(change)

    def _start_work(self, command: Command) -> Work:
        name, body = command.name, command.body
        if name.endswith("Search"):
            return self._grabber.search_for(name, body)
        if name in (SCANS[self.kind], MANUAL_IMPORT):
            return self._importer.scan(body) if name == SCANS[self.kind] else self._importer.manual(body)
        work = {REFRESH: self._tracking.refresh, PROCESS: self._importer.process, "RssSync": self._grabber.sync_rss}
        return work.get(name, self._do_nothing)()

    def _do_nothing(self) -> Work:
        yield self.tempo.seconds(self.tempo.search)
        return Outcome()
