"""What the parts of one Arr share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qbitrr.sandbox.life.client_item import ClientAwayError
from qbitrr.sandbox.life.history import History
from qbitrr.sandbox.life.settings import ArrSettings, ClientSettings, localize
from qbitrr.sandbox.life.tempo import Tempo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qbitrr.sandbox.life.client_item import Client, ClientItem
    from qbitrr.sandbox.life.records import BlocklistEntry, Change
    from qbitrr.sandbox.life.schedule import Schedule
    from qbitrr.sandbox.media.collection import Collection


@dataclass(slots=True)
class Connection:
    """One download client in the settings of an Arr. After failures it is not asked until `blocked_until`."""

    settings: ClientSettings
    client: Client
    failures: int = 0
    blocked_until: float = 0.0

    def items(self, now: float, tempo: Tempo) -> list[ClientItem]:
        """The torrents of the Arr's category. Raises ClientAwayError, also while it is not asked."""
        if now < self.blocked_until:
            raise ClientAwayError
        try:
            found = list(self.client.items(self.settings.category))
        except ClientAwayError:
            pause = tempo.back_off[min(self.failures, len(tempo.back_off) - 1)]
            self.failures += 1
            self.blocked_until = now + tempo.seconds(pause)
            raise
        self.failures = 0
        return found


@dataclass(slots=True)
class ArrState:
    """One Arr. `key` is unique among the Arrs of all worlds.

    Ids of events, files and entries are above those of the library.
    """

    key: str
    collection: Collection[Any]
    schedule: Schedule
    on_change: Callable[[Change], None]
    connections: list[Connection] = field(default_factory=list)
    settings: ArrSettings = field(default_factory=ArrSettings)
    tempo: Tempo = field(default_factory=Tempo)
    blocklist: list[BlocklistEntry] = field(default_factory=list)
    imports_by_itself: bool = True
    history: History = field(init=False)
    _last_id: int = 1_000_000

    def __post_init__(self) -> None:
        self.history = History(self.kind, self.new_id)

    @property
    def kind(self) -> str:
        """Radarr, sonarr or lidarr."""
        return self.collection.kind

    @property
    def now(self) -> float:
        """The present, in epoch seconds."""
        return self.schedule.now

    def new_id(self) -> int:
        """An id that nothing has."""
        self._last_id += 1
        return self._last_id

    def output_path(self, item: ClientItem) -> str:
        """Where the content of a torrent is, by the path mappings that were entered."""
        return localize(item.content_path, self.settings.path_mappings)

    def on_disk(self) -> Iterator[tuple[Client, ClientItem]]:
        """All torrents of all clients, for their files."""
        seen: list[Client] = []
        for connection in self.connections:
            if connection.client not in seen:
                seen.append(connection.client)
                for item in connection.client.on_disk():
                    yield connection.client, item
