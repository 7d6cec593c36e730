"""A qBittorrent: its Web API as 4.5.2, 5.1.0 or 5.3.0 speaks it.

Paths, parameters, statuses and texts: Web API page of qBittorrent's wiki, and what those versions answer.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from aiohttp import web

from qbitrr.sandbox.services.answers import one, text
from qbitrr.sandbox.services.faults import Down, Fault, Hang, Status, WrongCredentials
from qbitrr.sandbox.services.qbittorrent_changes import changes
from qbitrr.sandbox.services.qbittorrent_login import BannedAddressError, Logins
from qbitrr.sandbox.services.qbittorrent_rows import (
    API_KEYS,
    STOP_START,
    category_row,
    file_rows,
    info_row,
    server_state,
    torrent_row,
    tracker_rows,
    transfer_info,
)
from qbitrr.sandbox.services.qbittorrent_sync import Snapshot, SyncMemory
from qbitrr.sandbox.services.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiohttp.typedefs import Handler, Middleware

    from qbitrr.sandbox.life.download_client import DownloadClient
    from qbitrr.sandbox.life.torrent import Torrent
    from qbitrr.sandbox.services.qbittorrent_changes import Change
    from qbitrr.sandbox.services.qbittorrent_rows import Row

API_VERSIONS = {"4.5.2": (2, 8, 19), "5.1.0": (2, 11, 4), "5.3.0": (2, 16, 2)}
LOGIN = "/api/v2/auth/login"
_MEMORY = web.RequestKey("MEMORY", SyncMemory)


class QbittorrentStandIn(StandIn):
    """Answers for one download client."""

    kind = "qbittorrent"

    def __init__(
        self,
        client: DownloadClient,
        *,
        version: str = "5.1.0",
        user: str = "admin",
        password: str = "adminadmin",  # noqa: S107  # a stand-in has nothing to protect
        name: str = "qBit",
        middlewares: Sequence[Middleware] = (),
        port: int = 0,
    ) -> None:
        super().__init__(name, middlewares=middlewares, port=port)
        self.client = client
        self.version = version
        self.api = API_VERSIONS[version]
        key = f"qbt_{secrets.token_hex(14)}" if self.api >= API_KEYS else None
        self.logins = Logins(user, password, key, empty_sections=self.api < STOP_START)
        self._rows: dict[str, Row] = {}

    def routes(self) -> list[web.RouteDef]:
        """All routes of this version."""
        gets = {
            "app/version": self.get_version,
            "app/webapiVersion": self.get_api_version,
            "app/preferences": self.get_preferences,
            "sync/maindata": self.get_maindata,
            "transfer/info": self.get_transfer_info,
            "torrents/info": self.get_torrents,
            "torrents/trackers": self.get_trackers,
            "torrents/files": self.get_files,
            "torrents/export": self.export,
            "torrents/categories": self.get_categories,
            "torrents/tags": self.get_tags,
        }
        return [
            *(web.get(f"/api/v2/{path}", handler, allow_head=False) for path, handler in gets.items()),
            *(web.post(f"/api/v2/{path}", self._changer(change)) for path, change in changes(self.api).items()),
            web.post(LOGIN, self.log_in),
            web.post("/api/v2/auth/logout", self.log_out),
        ]

    async def fail(self, fault: Fault, route: str | None = None) -> None:
        """See StandIn; wrong credentials end the sessions, too. What stops all answers keeps the Arrs away as well."""
        if isinstance(fault, WrongCredentials):
            self.logins.forget_all()
        if route is None and isinstance(fault, Down | Hang | Status):
            self.client.is_away = True
        await super().fail(fault, route)

    async def heal(self) -> None:
        """See StandIn."""
        self.client.is_away = False
        await super().heal()

    # --- being logged in ---

    @property
    def _cookie_name(self) -> str:
        return f"QBT_SID_{self.port}" if self.api >= API_KEYS else "SID"

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A cookie or an API key, except for logging in."""
        refused = request.match_info.http_exception
        if request.path != LOGIN:
            memory = self._memory(request)
            if memory is None:
                return text("Forbidden", status=403)
            request[_MEMORY] = memory
        if refused is not None:
            missing = "Endpoint does not exist" if self.api >= API_KEYS else "Not Found"
            return text(missing if refused.status == 404 else refused.reason, status=refused.status)
        return await handler(request)

    def _memory(self, request: web.Request) -> SyncMemory | None:
        cookie, authorization = request.cookies.get(self._cookie_name, ""), request.headers.get("Authorization", "")
        return None if self.rejects_credentials else self.logins.memory(cookie, authorization)

    async def log_in(self, request: web.Request) -> web.Response:
        """Until 5.1 the text says whether it went well, since 5.2 the status does."""
        form = await request.post()
        by_status = self.api >= API_KEYS
        response = web.Response(status=204) if by_status else text("Ok.")
        if self._memory(request) is not None:
            return response
        user, password = str(form.get("username", "")), str(form.get("password", ""))
        if self.rejects_credentials:
            user = ""
        try:
            cookie = self.logins.log_in(request.remote or "", user, password, self.client.now)
        except BannedAddressError:
            banned = "Your IP address has been banned after too many failed authentication attempts."
            return text(banned, status=403)
        if cookie is None:
            return text("Unauthorized", status=401) if by_status else text("Fails.")
        same_site = "Lax" if by_status else "Strict"
        response.set_cookie(self._cookie_name, cookie, httponly=True, path="/", samesite=same_site)
        return response

    async def log_out(self, request: web.Request) -> web.Response:
        """End the session."""
        self.logins.sessions.pop(request.cookies.get(self._cookie_name, ""), None)
        return text("")

    # --- reading ---

    async def get_version(self, _: web.Request) -> web.Response:
        """`v5.1.0`."""
        return text(f"v{self.version}")

    async def get_api_version(self, _: web.Request) -> web.Response:
        """`2.11.4`."""
        return text(".".join(map(str, self.api)))

    async def get_preferences(self, _: web.Request) -> web.Response:
        """Where downloads are, of all that it has."""
        return one(
            {
                "save_path": self.client.downloads,
                "temp_path_enabled": False,
                "temp_path": f"{self.client.downloads}/temp",
                "use_subcategories": False,
                "preallocate_all": False,
            }
        )

    async def get_maindata(self, request: web.Request) -> web.Response:
        """What changed since the answer that the caller names."""
        rid = request.query.get("rid", "0")
        memory = request[_MEMORY]
        return one(memory.answer(int(rid) if rid.isdigit() else 0, self._snapshot()))

    def _snapshot(self) -> Snapshot:
        """Rows that did not change are the ones of the last snapshot, so that all logins share them."""
        rows: dict[str, Row] = {}
        trackers: dict[str, list[str]] = {}
        places = self._places()
        for infohash, torrent in self.client.torrents.items():
            row, before = torrent_row(torrent, self.api, places.get(infohash, 0)), self._rows.get(infohash)
            rows[infohash] = before if before == row else row
            for url in torrent.trackers:
                trackers.setdefault(url, []).append(infohash)
        self._rows = rows
        tags, state = frozenset(self.client.tags), server_state(self.client, self.api)
        return Snapshot(rows, self._categories(), trackers, tags, state)

    async def get_transfer_info(self, _: web.Request) -> web.Response:
        """Speeds and the state of the connection."""
        return one(transfer_info(self.client, self.api))

    async def get_torrents(self, request: web.Request) -> web.Response:
        """Torrents by filter, category, tag and infohash; an empty category or tag means those without."""
        query = request.query
        places = self._places()
        torrents = list(self.client.torrents.values())
        if "hashes" in query:
            chosen = set(query["hashes"].lower().split("|"))
            torrents = [torrent for torrent in torrents if torrent.infohash in chosen]
        rows = [info_row(torrent, self.api, places.get(torrent.infohash, 0)) for torrent in torrents]
        if "category" in query:
            rows = [row for row in rows if row["category"] == query["category"]]
        if "tag" in query:
            tag = query["tag"]
            rows = [row for row in rows if (tag in row["tags"].split(", ") if tag else not row["tags"])]
        is_wanted = FILTERS.get(query.get("filter", "all"), FILTERS["all"])
        rows = [row for row in rows if is_wanted(row)]
        if sort := query.get("sort"):
            if rows and sort not in rows[0]:
                return text("'sort' parameter is invalid", status=400)
            rows.sort(key=lambda row: row[sort], reverse=query.get("reverse") == "true")
        offset, limit = int(query.get("offset", "0")), int(query.get("limit", "0"))
        return one(rows[offset : offset + limit if limit > 0 else None])

    async def get_trackers(self, request: web.Request) -> web.Response:
        """The trackers of one torrent."""
        return one(tracker_rows(self._torrent(request), self.api))

    async def get_files(self, request: web.Request) -> web.Response:
        """The files of one torrent."""
        return one(file_rows(self._torrent(request)))

    async def export(self, request: web.Request) -> web.Response:
        """What stands for the .torrent file of one torrent; see `torrents/add`."""
        torrent = self._torrent(request)
        if not torrent.has_metadata:
            raise web.HTTPConflict(text="Unable to export torrent file")
        body = f"d8:infohash40:{torrent.infohash}e".encode()
        return web.Response(body=body, content_type="application/x-bittorrent")

    async def get_categories(self, _: web.Request) -> web.Response:
        """All categories."""
        return one(self._categories())

    async def get_tags(self, _: web.Request) -> web.Response:
        """All tags."""
        return one(sorted(self.client.tags))

    def _places(self) -> dict[str, int]:
        return {infohash: at for at, infohash in enumerate(self.client.queue(), 1)}

    def _categories(self) -> dict[str, Row]:
        return {name: category_row(name, path, self.api) for name, path in self.client.categories.items()}

    def _torrent(self, request: web.Request) -> Torrent:
        if "hash" not in request.query:
            raise self._missing("hash")
        torrent = self.client.get(request.query["hash"].lower())
        if torrent is None:
            raise web.HTTPNotFound(text="Not Found")
        return torrent

    # --- changing ---

    def _changer(self, change: Change) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            form = {name: _text_of(value) for name, value in (await request.post()).items()}
            if missing := [name for name in change.needs if name not in form]:
                raise self._missing(*missing)
            change.do(self.client, form)
            return web.Response(status=204) if change.status == 204 else text("", status=change.status)

        return handle

    def _missing(self, *names: str) -> web.HTTPBadRequest:
        message = f"Missing required parameters: {', '.join(names)}" if self.api >= API_KEYS else "Bad Request"
        return web.HTTPBadRequest(text=message)


def _text_of(value: str | bytearray | bytes | web.FileField) -> str:
    if isinstance(value, web.FileField):
        value = value.file.read()
    return value if isinstance(value, str) else value.decode(errors="replace")


_ACTIVE = ("dlspeed", "upspeed")
FILTERS: dict[str, Callable[[Row], bool]] = {
    "all": lambda _: True,
    "downloading": lambda row: row["progress"] < 1,
    "seeding": lambda row: row["state"] in ("uploading", "stalledUP"),
    "completed": lambda row: row["progress"] >= 1,
    "stopped": lambda row: row["state"].startswith("stopped"),
    "paused": lambda row: row["state"].startswith("paused"),
    "running": lambda row: not row["state"].startswith("stopped"),
    "resumed": lambda row: not row["state"].startswith("paused"),
    "active": lambda row: any(row[name] for name in _ACTIVE),
    "inactive": lambda row: not any(row[name] for name in _ACTIVE),
    "stalled": lambda row: row["state"] in ("stalledUP", "stalledDL"),
    "stalled_uploading": lambda row: row["state"] == "stalledUP",
    "stalled_downloading": lambda row: row["state"] == "stalledDL",
    "checking": lambda row: row["state"].startswith("checking"),
    "errored": lambda row: row["state"] in ("error", "missingFiles"),
}
"""Values of `filter` in `torrents/info`; any other is the same as `all`."""
