"""The services of a Sonarr with very many episodes, in a process of their own: `python -m benchmarks.many_series N`.

N series of a hundred episodes each: one that the sandbox invents, and copies of its answers with other ids, which cost
next to nothing to make. Prints the configuration and a form feed once they listen; then, for every line of input, how
many requests the Sonarr received; after the line `change` an episode of the first series is not monitored any more.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import msgspec
from aiohttp import web

from benchmarks.many_movies import for_library
from qbitrr.sandbox.__main__ import END_OF_CONFIG
from qbitrr.sandbox.sandbox import Sandbox, Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aiohttp.typedefs import Handler

    from qbitrr.sandbox.services.arr_api import ArrStandIn

EPISODES = 100
SONARR = Section("Sonarr-TV", "sonarr", 1, episodes=EPISODES)
_STEP = 1_000  # between the ids of a series and those of the next copy
_IDS = ("id", "seriesId", "episodeFileId")
_LISTS = ("/api/v3/episode", "/api/v3/episodefile")


class Template(NamedTuple):
    """A list with a place for every id, and the ids of the first series."""

    body: bytes
    ids: tuple[int, ...]

    def copy(self, number: int) -> bytes:
        """The list of one of the copies."""
        return self.body % tuple(one + number * _STEP for one in self.ids)


class Copies:
    """Answers for the copies in place of the stand-in, which answers for the first series."""

    def __init__(self, series: int) -> None:
        self._series = series
        self._lists: dict[str, Template] = {}
        self._others = b""  # all series but the first
        self._sonarr: ArrStandIn | None = None

    async def prepare(self, sonarr: ArrStandIn) -> None:
        """Ask the stand-in for the lists of its series."""
        self._sonarr = sonarr
        async with aiohttp.ClientSession(sonarr.url, headers={"X-Api-Key": sonarr.api_key}) as session:
            for path in _LISTS:
                async with session.get(path, params={"seriesId": 1}) as response:
                    self._lists[path] = template_of(await response.json())
        self._others = b"".join(b"," + msgspec.json.encode(one) for one in self._copied(sonarr.parent(1)))

    def _copied(self, first: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for number in range(1, self._series):
            title = f"{first['title']} {number}"
            yield {**first, "id": 1 + number * _STEP, "title": title, "sortTitle": title.lower()}

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer for the copies."""
        if self._sonarr is None or request.method != "GET":
            return await handler(request)
        body = b""
        if request.path == "/api/v3/series":
            body = b"[" + msgspec.json.encode(self._sonarr.parent(1)) + self._others + b"]"
        elif request.path in _LISTS and (number := int(request.query.get("seriesId", 1)) // _STEP):
            body = self._lists[request.path].copy(number)
        return web.Response(body=body, content_type="application/json") if body else await handler(request)


def template_of(rows: Sequence[Mapping[str, Any]]) -> Template:
    """The list with places for the ids at the top of its rows; a 0 stays what it is."""
    parts: list[str] = []
    ids: list[int] = []
    for row in rows:
        own = [name for name in _IDS if row.get(name)]
        ids += [row[name] for name in own]
        others = json.dumps({name: value for name, value in row.items() if name not in own}).replace("%", "%%")
        parts.append("{" + "".join(f'"{name}":%d,' for name in own) + others[1:])
    return Template(f"[{','.join(parts)}]".encode(), tuple(ids))


async def serve(series: int) -> None:
    copies = Copies(series)
    async with Sandbox([SONARR], has_past=False, middlewares=[copies.answer]) as sandbox:
        sonarr = sandbox.arrs[SONARR.name]
        await copies.prepare(sonarr)
        sonarr.counts.clear()
        sys.stdout.write(f"{sandbox.config_toml({SONARR.name: {'EntrySearch': {'SearchMissing': False}}})}")
        sys.stdout.write(END_OF_CONFIG)
        sys.stdout.flush()
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            sys.stdout.write(f"{for_library(sonarr.counts)}\n")
            sys.stdout.flush()
            if line == "change\n":
                episodes = sonarr.arr.collection.items.values()
                episode = next(one for one in episodes if one.monitored and one.file is not None)
                episode.monitored = False
                sonarr.arr.changed(episode)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
