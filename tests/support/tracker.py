"""An HTTP tracker on loopback (BEP 3, compact peers of BEP 23)."""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections import defaultdict
from dataclasses import dataclass
from typing import Self

from aiohttp import web

from tests.support.ports import HOST
from tests.support.torrents import Bencodable, bencode

Peer = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Announce:
    """One request of a client: `event` is `started`, `completed`, `stopped`, or empty for the regular ones."""

    infohash: str
    peer: Peer
    event: str
    left_bytes: int


class Tracker:
    """Answers with the other peers of a torrent, while the `async with` lasts.

    `announces` lists all requests, oldest first. For an infohash in `failures` the answer is that failure reason, and
    no peers.
    """

    def __init__(self) -> None:
        self.url = ""
        self.announces: list[Announce] = []
        self.failures: dict[str, str] = {}
        self._left_bytes: defaultdict[str, dict[Peer, int]] = defaultdict(dict)
        app = web.Application()
        # libtorrent refuses any other path on loopback, as a guard against forged requests
        app.router.add_get("/announce", self._answer)
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self.url = f"http://{HOST}:{self._runner.addresses[0][1]}/announce"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        announce = _parse(request)
        self.announces.append(announce)
        if reason := self.failures.get(announce.infohash):
            return web.Response(body=bencode({"failure reason": reason}))
        swarm = self._left_bytes[announce.infohash]
        if announce.event == "stopped":
            swarm.pop(announce.peer, None)
        else:
            swarm[announce.peer] = announce.left_bytes
        return web.Response(body=bencode(_peers(swarm, announce.peer)))


def _parse(request: web.Request) -> Announce:
    # info_hash is raw bytes, percent-encoded: decoded as text it is damaged
    query = dict(part.partition("=")[::2] for part in request.rel_url.raw_query_string.split("&"))
    return Announce(
        infohash=urllib.parse.unquote_to_bytes(query["info_hash"]).hex(),
        peer=(str(request.remote), int(query["port"])),
        event=query.get("event", ""),
        left_bytes=int(query["left"]),
    )


def _peers(swarm: dict[Peer, int], asking: Peer) -> dict[str, Bencodable]:
    seeders = sum(left == 0 for left in swarm.values())
    others = (peer for peer in swarm if peer != asking)
    return {
        "interval": 5,
        "min interval": 1,
        "complete": seeders,
        "incomplete": len(swarm) - seeders,
        "peers": b"".join(ipaddress.IPv4Address(host).packed + port.to_bytes(2) for host, port in others),
    }
