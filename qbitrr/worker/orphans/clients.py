"""Asks every qBittorrent where all of its torrents have their data. One that does not answer is a refusal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qbitrr.errors import ServiceError
from qbitrr.qbittorrent.facts import torrent_data
from qbitrr.rules.orphan_folders import ClientData, Refusal, objection_to_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbitrr.qbittorrent.client import QbittorrentClient
    from qbitrr.rules.orphan_folders import TorrentData

MOST_ROOTLESS = 500
"""Torrents of one client with several files and no folder of their own, whose files are asked for one by one."""


async def ask_all(
    clients: Mapping[str, QbittorrentClient], local_paths: Mapping[str, Mapping[str, str]]
) -> tuple[list[ClientData], list[Refusal]]:
    """Ask all clients at the same time; returns what those say that answer, and why the others do not count."""
    answers = await asyncio.gather(*(_ask(client, local_paths[name]) for name, client in clients.items()))
    known = [one for one in answers if isinstance(one, ClientData)]
    refusals = [one for one in answers if isinstance(one, Refusal)]
    return known, [*refusals, *(found for one in known if (found := objection_to_list(one)) is not None)]


async def _ask(client: QbittorrentClient, local_paths: Mapping[str, str]) -> ClientData | Refusal:
    try:
        folders, categories = await client.folders(), await client.categories()
        torrents = [torrent_data(row) for row in await client.data_rows()]
        rootless = [number for number, one in enumerate(torrents) if one.rootless]
        if len(rootless) > MOST_ROOTLESS:
            because = f"more than {MOST_ROOTLESS} of its torrents have several files and no folder of their own"
            return Refusal(client.instance, because)
        for number in rootless:
            torrents[number] = await _with_files(client, torrents[number])
    except ServiceError as error:
        return Refusal(client.instance, str(error).removeprefix(f"{client.instance}: "), lasting=False)
    return ClientData(
        instance=client.instance,
        save_path=folders.save_path,
        categories=categories,
        torrents=torrents,
        temp_path=folders.temp_path if folders.temp_path_enabled else "",
        subcategories=folders.use_subcategories,
        local_paths=local_paths,
    )


async def _with_files(client: QbittorrentClient, torrent: TorrentData) -> TorrentData:
    files = await client.files(torrent.infohash)
    return replace(torrent, files=tuple(file.name for file in files))
