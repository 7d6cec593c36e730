"""Other daemons that the page shows too: their numbers, read with the reading token of each.

Nothing is shared with them and nothing is changed there. Each is asked at most every quarter of a minute, and only
while a page shows it; one that does not answer costs a few seconds of that page, and nothing else.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct

from qbitrr import logs
from qbitrr.errors import CredentialsRejectedError, ServiceError
from qbitrr.http.client import HttpClient, Timeouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbitrr.clock import Clock
    from qbitrr.config.address import Peer

_log = logs.get(__name__)

KEPT_SECONDS = 15.0
_PATIENCE = Timeouts(connect_seconds=2.0, silence_seconds=4.0, attempts=1, answer_seconds=6.0)
_LONGEST_ANSWER_BYTES = 1 << 18

PeerState = Literal["answers", "away", "refused"]


class PeerNumbers(Struct, frozen=True, rename="camel"):
    """What `/api/stats` of another daemon says, which may be of another version."""

    workers: int = 0
    workers_well: int = 0
    torrents: int = 0
    download_rate: int = 0
    upload_rate: int = 0
    needs_you: int = 0
    imported: int = 0
    failed: int = 0
    removed: int = 0


class PeerView(Struct, frozen=True):
    """One of the other daemons. `numbers` and `version` are None while it does not answer; `because` is why."""

    name: str
    url: str
    state: PeerState
    version: str | None = None
    numbers: PeerNumbers | None = None
    because: str = ""


class _Version(Struct, frozen=True):
    current_version: str = ""


class _Kept(NamedTuple):
    view: PeerView
    until: float


class Peers:
    """The latest view of each, by its address and token."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Peer, _Kept] = {}
        self._reading = asyncio.Lock()

    async def views(self, peers: Sequence[Peer]) -> list[PeerView]:
        """Return a view of each, all of them read at the same time. Never an error."""
        async with self._reading:
            now = self._clock.monotonic()
            kept = {peer: one for peer, one in self._kept.items() if peer in peers and now < one.until}
            missing = [peer for peer in dict.fromkeys(peers) if peer not in kept]
            for peer, view in zip(missing, await asyncio.gather(*map(_read, missing)), strict=True):
                kept[peer] = _Kept(view, self._clock.monotonic() + KEPT_SECONDS)
            self._kept = kept
            return [kept[peer].view for peer in peers]


async def _read(peer: Peer) -> PeerView:
    """Ask one; its token goes to its own address only, as redirects are not followed."""
    async with HttpClient(
        peer.name,
        f"{peer.url}/api",
        headers={"Authorization": f"Bearer {peer.token}"},
        timeouts=_PATIENCE,
        longest_answer_bytes=_LONGEST_ANSWER_BYTES,
    ) as client:
        try:
            numbers = await client.get("stats", PeerNumbers)
            version = (await client.get("meta", _Version, at_once=True)).current_version
        except CredentialsRejectedError:
            return PeerView(peer.name, peer.url, "refused", because="It does not accept this token")
        except ServiceError as error:
            _log.info("peer not answered", service=peer.name, seconds=KEPT_SECONDS, error=str(error))
            return PeerView(peer.name, peer.url, "away", because=str(error))
    return PeerView(peer.name, peer.url, "answers", version or None, numbers)
