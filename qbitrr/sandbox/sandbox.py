"""Runs the stand-ins on loopback, with a world behind them that goes by the clock."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from qbitrr.sandbox.config import config_text
from qbitrr.sandbox.life.disk import Disk
from qbitrr.sandbox.life.opening import PAST_SECONDS, live_through_past
from qbitrr.sandbox.life.searching import infohash_of
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.life.world import World
from qbitrr.sandbox.media import library
from qbitrr.sandbox.services.lidarr import LidarrStandIn
from qbitrr.sandbox.services.media_requests import invent_requests
from qbitrr.sandbox.services.ombi import OmbiStandIn
from qbitrr.sandbox.services.overseerr import OverseerrStandIn
from qbitrr.sandbox.services.prowlarr import ProwlarrStandIn
from qbitrr.sandbox.services.qbittorrent import QbittorrentStandIn
from qbitrr.sandbox.services.radarr import RadarrStandIn
from qbitrr.sandbox.services.sonarr import SonarrStandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from aiohttp.typedefs import Middleware

    from qbitrr.sandbox.life.arr import Arr
    from qbitrr.sandbox.media.collection import Collection
    from qbitrr.sandbox.services.arr_api import ArrStandIn
    from qbitrr.sandbox.services.stand_in import StandIn

TICK_SECONDS, SHORTEST_TICK_SECONDS = 0.1, 0.01
QBIT = "qBit"


class Section(NamedTuple):
    """One Arr of a sandbox, named as its section in config.toml.

    `items` are movies, series or artists; `episodes` are those of all series together. Without a client the Arr has
    none until it is given one (`Arr.connect`). `version` is that of the application, the newest one when empty.
    """

    name: str
    kind: str
    items: int
    episodes: int = 0
    profile_ids: tuple[int, ...] = (1, 4, 6)
    has_client: bool = True
    version: str = ""

    @property
    def category(self) -> str:
        """The category of its torrents."""
        return self.name.lower()


SECTIONS = (
    Section("Radarr-HD", "radarr", 200),
    Section("Radarr-4K", "radarr", 120, profile_ids=(5,)),
    Section("Sonarr-TV", "sonarr", 20, episodes=600),
    Section("Lidarr-Music", "lidarr", 30),
)
_STAND_INS: dict[str, type[ArrStandIn]] = {
    "radarr": RadarrStandIn,
    "sonarr": SonarrStandIn,
    "lidarr": LidarrStandIn,
}


class Sandbox:
    """Everything, while the `async with` lasts.

    `ports` gives fixed ports by section name (`qBit` for qBittorrent), the others get free ones. `downloads` is the
    folder of the torrents; with `on_disk` sparse files are put there. `has_past` starts with
    downloads in every stage. With `with_requests` users ask for some of what is missing (`requests`, a list that may
    change), in Overseerr and in Ombi. `with_prowlarr`: with a Prowlarr that has no indexers yet. `middlewares` run
    before the handlers of all applications. `tempo` is how long things take, in place of that of `speed`.
    """

    def __init__(
        self,
        sections: Sequence[Section] = SECTIONS,
        *,
        seed: int = 1,
        speed: float = 1.0,
        tempo: Tempo | None = None,
        downloads: Path | str = "/downloads",
        on_disk: bool = False,
        has_past: bool = True,
        with_requests: bool = False,
        with_prowlarr: bool = False,
        qbittorrent_version: str = "5.1.0",
        ports: Mapping[str, int] | None = None,
        middlewares: Sequence[Middleware] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._downloads = str(downloads)
        ports = ports or {}
        now = clock()
        start = now - PAST_SECONDS if has_past else now
        self.world = World(seed, start, downloads=self._downloads, tempo=tempo or Tempo(speed))
        self.qbittorrent = QbittorrentStandIn(
            self.world.client,
            version=qbittorrent_version,
            name=QBIT,
            middlewares=middlewares,
            port=ports.get(QBIT, 0),
        )
        self.arrs = {
            section.name: _STAND_INS[section.kind](
                self._add_arr(section, seed),
                api_key=infohash_of("key", seed, section.name)[:32],
                version=section.version,
                middlewares=middlewares,
                port=ports.get(section.name, 0),
            )
            for section in sections
        }
        if has_past:
            live_through_past(self.world, now)
        self.requests = invent_requests(self.world.arrs.values(), now) if with_requests else []
        key = infohash_of("key", seed, "requests")[:32]
        self.overseerr = OverseerrStandIn(
            self.requests, api_key=key, middlewares=middlewares, port=ports.get("Overseerr", 0)
        )
        self.ombi = OmbiStandIn(self.requests, api_key=key, middlewares=middlewares, port=ports.get("Ombi", 0))
        self._requesters = (self.overseerr, self.ombi) if with_requests else ()
        self.prowlarr = ProwlarrStandIn(
            api_key=infohash_of("key", seed, "prowlarr")[:32], middlewares=middlewares, port=ports.get("Prowlarr", 0)
        )
        self._with_prowlarr = with_prowlarr
        self._disk = Disk(self.world.client) if on_disk else None
        self._ticks: asyncio.Task[None] | None = None

    def _add_arr(self, section: Section, seed: int) -> Arr:
        collection: Collection[Any]
        match section.kind:
            case "radarr":
                collection = library.movies(seed, section.items, self.world.now, section.profile_ids)
            case "sonarr":
                collection = library.shows(seed, section.items, section.episodes, self.world.now)
            case _:
                collection = library.music(seed, section.items, self.world.now)
        return self.world.add_arr(section.name, collection, section.category, has_client=section.has_client)

    @property
    def stand_ins(self) -> dict[str, StandIn]:
        """All applications by section name."""
        others = (*self._requesters, *([self.prowlarr] if self._with_prowlarr else []))
        return {QBIT: self.qbittorrent, **self.arrs, **{one.name: one for one in others}}

    @property
    def urls(self) -> dict[str, str]:
        """Where each application listens, by section name."""
        return {name: stand_in.url for name, stand_in in self.stand_ins.items()}

    def config_toml(self, overrides: Mapping[str, Any] | None = None) -> str:
        """A config.toml for these applications; `overrides` are laid over it, key by key."""
        asked = self.overseerr if self._requesters else None
        prowlarr = self.prowlarr if self._with_prowlarr else None
        return config_text(self.qbittorrent, self.arrs, asked, prowlarr, self._downloads, overrides)

    async def __aenter__(self) -> Self:
        """Start all applications and let time pass. OSError when a port is in use."""
        self.pass_time()
        try:
            for stand_in in self.stand_ins.values():
                await stand_in.start()
            for arr in self.world.arrs.values():
                for connection in arr.connections:
                    connection.settings.port = self.qbittorrent.port
        except OSError:
            await self._stop()
            raise
        self._ticks = asyncio.create_task(self._live(), name="sandbox ticks")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        """Stop everything; an error that stopped the time is raised here."""
        await asyncio.gather(*(stand_in.stop() for stand_in in self.stand_ins.values()))
        try:
            if self._ticks is not None:
                self._ticks.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._ticks
        finally:
            if self._disk is not None:
                self._disk.close()

    async def _live(self) -> None:
        while True:
            self.pass_time()
            await asyncio.sleep(max(SHORTEST_TICK_SECONDS, min(TICK_SECONDS, self.world.next_due - self._clock())))

    def pass_time(self) -> None:
        """Let everything come as far as the clock; it goes on by itself a moment later."""
        self.world.advance(self._clock())
        if self._disk is not None:
            self._disk.update()
