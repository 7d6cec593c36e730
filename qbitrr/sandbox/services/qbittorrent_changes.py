"""What can be asked of qBittorrent by POST: each path with the fields it needs and what it does.

Statuses and texts as the real application answers them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from aiohttp import web

from qbitrr.sandbox.services.qbittorrent_rows import API_KEYS, STOP_START

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.sandbox.life.download_client import DownloadClient
    from qbitrr.sandbox.life.torrent import Torrent
    from qbitrr.sandbox.services.qbittorrent_rows import ApiVersion

Form: TypeAlias = Mapping[str, str]
PRIORITIES = (0, 1, 6, 7)
_INFOHASH = re.compile("8:infohash40:([0-9a-f]{40})")


class Change(NamedTuple):
    """`do` raises an HTTP error when it cannot be done; `status` is the answer when it was."""

    needs: tuple[str, ...]
    do: Callable[[DownloadClient, Form], None]
    status: int = 200


def changes(api: ApiVersion) -> dict[str, Change]:
    """All changes that this version offers, by path below the API's root."""
    stop, start = ("stop", "start") if api >= STOP_START else ("pause", "resume")
    no_content = 204 if api >= API_KEYS else 200
    return _CHANGES | {
        "torrents/addTrackers": Change(("hash", "urls"), partial(_add_trackers, api), no_content),
        "torrents/removeTrackers": Change(("hash", "urls"), partial(_remove_trackers, api), no_content),
        "torrents/setShareLimits": Change(_share_limit_fields(api), _set_share_limits),
        f"torrents/{stop}": Change(("hashes",), lambda client, form: client.stop(_hashes(client, form))),
        f"torrents/{start}": Change(("hashes",), lambda client, form: client.start(_hashes(client, form))),
    }


def _hashes(client: DownloadClient, form: Form) -> list[str]:
    return list(client.torrents) if form["hashes"] == "all" else form["hashes"].split("|")


def _names(joined: str) -> list[str]:
    return [name.strip() for name in joined.split(",") if name.strip()]


def _delete(client: DownloadClient, form: Form) -> None:
    client.delete(_hashes(client, form), with_files=form["deleteFiles"] == "true")


def _add(client: DownloadClient, form: Form) -> None:
    found = _INFOHASH.search(form.get("torrents", ""))
    if found is None or not client.add_again(
        found.group(1), form.get("savepath", ""), form.get("category", ""), _names(form.get("tags", ""))
    ):
        raise web.HTTPUnsupportedMediaType(text="No torrents were added")
    torrent = client.torrents[found.group(1)]
    torrent.stopped = "true" in (form.get("paused"), form.get("stopped"))
    torrent.name = form.get("rename", torrent.name)
    torrent.download_limit, torrent.upload_limit = int(form.get("dlLimit", "0")), int(form.get("upLimit", "0"))
    torrent.ratio_limit = float(form.get("ratioLimit", "-2"))
    torrent.seeding_minutes_limit = int(form.get("seedingTimeLimit", "-2"))
    for file in torrent.files:
        file.priority = 1
    torrent.set_trackers([torrent.tracker] if torrent.tracker else [])


def _add_tags(client: DownloadClient, form: Form) -> None:
    client.add_tags(_hashes(client, form), _names(form["tags"]))


def _remove_tags(client: DownloadClient, form: Form) -> None:
    client.remove_tags(_hashes(client, form), _names(form.get("tags", "")))


def _delete_tags(client: DownloadClient, form: Form) -> None:
    names = _names(form["tags"])
    client.tags -= set(names)
    if names:
        client.remove_tags(list(client.torrents), names)


def _create_category(client: DownloadClient, form: Form) -> None:
    name = form["category"]
    if not name:
        raise web.HTTPBadRequest(text="Category cannot be empty")
    if name in client.categories:
        raise web.HTTPConflict(text="Unable to create category")
    client.categories[name] = form.get("savePath", "")


def _set_category(client: DownloadClient, form: Form) -> None:
    name = form["category"]
    for torrent in client.known(_hashes(client, form)):
        if name and name not in client.categories:
            raise web.HTTPConflict(text="Incorrect category name")
        torrent.category = name


def _set_priority(client: DownloadClient, form: Form) -> None:
    if not form["priority"].isdigit() or int(form["priority"]) not in PRIORITIES:
        raise web.HTTPBadRequest(text="Priority is not valid")
    indices = form["id"].split("|")
    if not all(index.isdigit() for index in indices):
        raise web.HTTPBadRequest(text="File IDs must be integers")
    torrent = client.get(form["hash"].lower())
    if torrent is None:
        raise web.HTTPNotFound(text="Not Found")
    if any(int(index) >= len(torrent.files) for index in indices):
        raise web.HTTPConflict(text="File ID is not valid")
    for index in indices:
        torrent.files[int(index)].priority = int(form["priority"])


def _rename_file(client: DownloadClient, form: Form) -> None:
    torrent = client.get(form["hash"].lower())
    if torrent is None:
        raise web.HTTPNotFound(text="Not Found")
    file = next((file for file in torrent.files if file.path == form["oldPath"]), None)
    if file is None:
        raise web.HTTPConflict(text="Old path does not exist")
    file.path = form["newPath"]


def _force_start(client: DownloadClient, form: Form) -> None:
    client.start(_hashes(client, form))


def _set_download_limit(client: DownloadClient, form: Form) -> None:
    for torrent in client.known(_hashes(client, form)):
        torrent.download_limit = max(0, int(form["limit"]))


def _set_upload_limit(client: DownloadClient, form: Form) -> None:
    for torrent in client.known(_hashes(client, form)):
        torrent.upload_limit = max(0, int(form["limit"]))


def _share_limit_fields(api: ApiVersion) -> tuple[str, ...]:
    since_5_0 = ("inactiveSeedingTimeLimit",) if api >= STOP_START else ()
    since_5_2 = ("shareLimitAction", "shareLimitsMode") if api >= API_KEYS else ()
    return ("hashes", "ratioLimit", "seedingTimeLimit", *since_5_0, *since_5_2)


def _set_share_limits(client: DownloadClient, form: Form) -> None:
    for torrent in client.known(_hashes(client, form)):
        torrent.ratio_limit = float(form["ratioLimit"])
        torrent.seeding_minutes_limit = int(form["seedingTimeLimit"])


def _set_super_seeding(client: DownloadClient, form: Form) -> None:
    for torrent in client.known(_hashes(client, form)):
        torrent.super_seeding = form.get("value") == "true"


def _to_the_top(client: DownloadClient, form: Form) -> None:
    if not client.queueing:
        raise web.HTTPConflict(text="Torrent queueing must be enabled")
    client.to_the_top(_hashes(client, form))


def _add_trackers(api: ApiVersion, client: DownloadClient, form: Form) -> None:
    for torrent in _of_trackers(api, client, form):
        new = [url.strip() for url in form["urls"].split("\n") if url.strip()]
        torrent.set_trackers(list(dict.fromkeys([*torrent.trackers, *new])))


def _remove_trackers(api: ApiVersion, client: DownloadClient, form: Form) -> None:
    unwanted = form["urls"].split("|")
    for torrent in _of_trackers(api, client, form):
        torrent.set_trackers([url for url in torrent.trackers if url not in unwanted])


def _of_trackers(api: ApiVersion, client: DownloadClient, form: Form) -> list[Torrent]:
    """One torrent, which has to exist; since 5.2 any number, as in every other change."""
    found = list(client.known(form["hash"].split("|")))
    if not found and api < API_KEYS:
        raise web.HTTPNotFound(text="Not Found")
    return found


_CHANGES = {
    "torrents/add": Change((), _add),
    "torrents/setSuperSeeding": Change(("hashes", "value"), _set_super_seeding),
    "torrents/topPrio": Change(("hashes",), _to_the_top),
    "torrents/delete": Change(("hashes", "deleteFiles"), _delete),
    "torrents/recheck": Change(("hashes",), lambda client, form: client.recheck(_hashes(client, form))),
    "torrents/createTags": Change(("tags",), lambda client, form: client.add_tags([], _names(form["tags"]))),
    "torrents/deleteTags": Change(("tags",), _delete_tags),
    "torrents/addTags": Change(("hashes", "tags"), _add_tags),
    "torrents/removeTags": Change(("hashes",), _remove_tags),
    "torrents/createCategory": Change(("category",), _create_category),
    "torrents/setCategory": Change(("hashes", "category"), _set_category),
    "torrents/renameFile": Change(("hash", "oldPath", "newPath"), _rename_file),
    "torrents/setForceStart": Change(("hashes", "value"), _force_start),
    "torrents/filePrio": Change(("hash", "id", "priority"), _set_priority),
    "torrents/setDownloadLimit": Change(("hashes", "limit"), _set_download_limit),
    "torrents/setUploadLimit": Change(("hashes", "limit"), _set_upload_limit),
}
