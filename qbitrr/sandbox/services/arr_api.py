"""The API that Radarr, Sonarr and Lidarr have in common, spoken over an Arr of the world.

Paging, filters and statuses: the OpenAPI descriptions they publish. Asking without the key is answered with 401.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from aiohttp import web

from qbitrr.arr.kinds import KINDS
from qbitrr.clock import from_iso
from qbitrr.sandbox.life.commands import KNOWN
from qbitrr.sandbox.services import resources
from qbitrr.sandbox.services.answers import many, one
from qbitrr.sandbox.services.signalr import Hub
from qbitrr.sandbox.services.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeVar

    from aiohttp.typedefs import Handler, Middleware

    from qbitrr.sandbox.life.arr import Arr
    from qbitrr.sandbox.life.records import BlocklistEntry, Change, HistoryEvent, QueueRecord
    from qbitrr.sandbox.services.resources import Resource

    T = TypeVar("T")

DEFAULT_PAGE_SIZE = 10


class ArrStandIn(StandIn):
    """An Arr on its port."""

    api: ClassVar[str] = "api/v3"
    version: ClassVar[str]
    event_types: ClassVar[Sequence[str]]
    """History event types by their numbers in queries."""
    unknown_items: ClassVar[str]
    item_name: ClassVar[str]
    parent_name: ClassVar[str]

    def __init__(self, arr: Arr, *, api_key: str, middlewares: Sequence[Middleware] = (), port: int = 0) -> None:
        super().__init__(arr.name, middlewares=middlewares, port=port)
        self.arr = arr
        self.api_key = api_key
        self.hub = Hub(self.version)
        arr.on_change = self._tell

    @abstractmethod
    def item_ids(self, item_id: int | None) -> Resource:
        """The fields by which queue, history and blocklist say what they are about."""

    @abstractmethod
    def blocked_ids(self, item_ids: list[int]) -> Resource:
        """The same for a blocklist entry."""

    @property
    @abstractmethod
    def parents(self) -> Mapping[int, Any]:
        """The movies, series or artists, which have the quality profiles."""

    @abstractmethod
    def item(self, item: Any) -> Resource:
        """A movie, an episode or an album."""

    @abstractmethod
    def own_routes(self) -> dict[str, Callable[[web.Request], Any]]:
        """GET handlers that only this kind has, by path below the API's root."""

    def routes(self) -> list[web.RouteDef]:
        """All routes."""
        gets = {
            "system/status": self.get_status,
            "qualityprofile": self.get_profiles,
            "qualityprofile/{id}": self.get_profile,
            "queue": self.get_queue,
            "history": self.get_history,
            "history/since": self.get_history_since,
            "blocklist": self.get_blocklist,
            "wanted/missing": self.get_missing,
            "wanted/cutoff": self.get_cutoff,
            "command": self.get_commands,
            "command/{id}": self.get_command,
            "config/downloadclient": self.get_download_settings,
            **self.own_routes(),
        }
        return [
            *(web.get(f"/{self.api}/{path}", handler, allow_head=False) for path, handler in gets.items()),
            web.post(f"/{self.api}/command", self.post_command),
            web.post(f"/{self.api}/history/failed/{{id}}", self.post_failed),
            web.delete(f"/{self.api}/queue/{{id}}", self.delete_queue_record),
            web.put(f"/{self.api}/{KINDS[self.kind].parent}/editor", self.put_editor),
            web.get("/signalr/messages", self.hub.handle, allow_head=False),
        ]

    async def stop(self) -> None:
        """Those who listen are cut off first."""
        await self.hub.close()
        await super().stop()

    @abstractmethod
    def parent(self, parent_id: int) -> Resource:
        """A movie, a series or an artist."""

    def _tell(self, change: Change) -> None:
        """Push what changed, as the application does."""
        if not self.hub.listeners:
            return
        resource: Resource | None = None
        names = {"item": self.item_name, "parent": self.parent_name}
        if change.action == "deleted":
            resource = {"id": change.id}
        elif change.what == "parent":
            resource = self.parent(change.id)
        elif change.what == "item":
            resource = self.item(self.arr.collection.items[change.id])
        elif change.what == "command":
            resource = resources.command(self.arr.commands.commands[change.id])
        self.hub.tell(names.get(change.what, change.what), change.action, resource)

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The key comes as a header or in the query."""
        in_query = "access_token" if request.path.startswith("/signalr/") else "apikey"
        key = request.headers.get("X-Api-Key") or request.query.get(in_query)
        if key != self.api_key or self.rejects_credentials:
            return one({"error": "Unauthorized"}, status=401)
        return await handler(request)

    # --- handlers ---

    async def get_status(self, _: web.Request) -> web.Response:
        """Which application this is."""
        return one(resources.system_status(self.kind.capitalize(), self.name, self.version))

    async def get_profiles(self, _: web.Request) -> web.Response:
        """All quality profiles."""
        profiles = self.arr.collection.profiles.values()
        return many(resources.quality_profile(self.kind, profile) for profile in profiles)

    async def get_profile(self, request: web.Request) -> web.Response:
        """One quality profile."""
        profile = self.arr.collection.profiles.get(path_id(request))
        return not_found() if profile is None else one(resources.quality_profile(self.kind, profile))

    async def get_queue(self, request: web.Request) -> web.Response:
        """Downloads that nothing matches are listed only when asked for."""
        with_unknown = flag(request, self.unknown_items)
        records = [record for record in self.arr.queue.values() if with_unknown or record.item_id is not None]
        return page(request, records, self._queue_record)

    async def get_history(self, request: web.Request) -> web.Response:
        """Newest first, by download or event type."""
        download_id = request.query.get("downloadId")
        types = {self.event_types[number] for number in numbers(request, "eventType")}
        events = [
            event
            for event in reversed(self.arr.history)
            if (download_id is None or event.download_id == download_id) and (not types or event.event_type in types)
        ]
        return page(request, events, self._history_event)

    async def get_history_since(self, request: web.Request) -> web.Response:
        """What happened since a date, oldest first."""
        since = from_iso(request.query.get("date")) or 0.0
        wanted = request.query.get("eventType")
        events = [one for one in self.arr.history if one.date >= since and wanted in (None, one.event_type)]
        return many(self._history_event(event) for event in events)

    async def get_blocklist(self, request: web.Request) -> web.Response:
        """Newest first."""
        return page(request, self.arr.blocklist[::-1], self._blocklist_entry)

    async def get_missing(self, request: web.Request) -> web.Response:
        """Items without a file that are out."""
        collection = self.arr.collection
        missing = (item for item in collection.items.values() if item.file is None)
        out = (item for item in missing if collection.is_out(item, self.arr.now))
        return page(request, self._monitored(request, out), self.item)

    async def get_cutoff(self, request: web.Request) -> web.Response:
        """Items whose file is of too low a quality."""
        return page(request, self._monitored(request, self.arr.collection.below_cutoff()), self.item)

    async def get_commands(self, _: web.Request) -> web.Response:
        """What waits, runs or ended lately."""
        return many(resources.command(command) for command in list(self.arr.commands.commands.values()))

    async def get_command(self, request: web.Request) -> web.Response:
        """One command."""
        command = self.arr.commands.commands.get(path_id(request))
        return not_found() if command is None else one(resources.command(command))

    async def post_command(self, request: web.Request) -> web.Response:
        """Line up a command."""
        body = await request.json()
        name = str(body.get("name", ""))
        if name not in KNOWN[self.kind]:
            return one({"message": "Sequence contains no matching element"}, status=500)
        return one(resources.command(self.arr.commands.post(name, body, self.arr.now)), status=201)

    async def get_download_settings(self, _: web.Request) -> web.Response:
        """Settings, Download Clients."""
        return one(resources.download_settings(self.kind, searches_by_itself=self.arr.searches_by_itself))

    async def post_failed(self, request: web.Request) -> web.Response:
        """Fail a download by the event that began it."""
        return one({}) if self.arr.mark_failed(path_id(request)) else not_found()

    async def delete_queue_record(self, request: web.Request) -> web.Response:
        """Take a download off the queue."""
        removed = self.arr.remove(
            path_id(request),
            from_client=flag(request, "removeFromClient", default=True),
            blocklist=flag(request, "blocklist"),
            skip_redownload=flag(request, "skipRedownload"),
        )
        return one({}) if removed else not_found()

    async def put_editor(self, request: web.Request) -> web.Response:
        """Give some movies, series or artists another quality profile, all of them or none."""
        body = await request.json()
        ids, profile_id = body[f"{KINDS[self.kind].parent}Ids"], body["qualityProfileId"]
        if not self.parents.keys() >= set(ids) or profile_id not in self.arr.collection.profiles:
            return not_found()
        for number in ids:
            self.parents[number].profile_id = profile_id
        return one({})

    # --- resources ---

    def _queue_record(self, record: QueueRecord) -> Resource:
        fields = self.item_ids(record.item_id)
        return resources.queue_record(self.kind, record, self.arr.now) | fields

    def _history_event(self, event: HistoryEvent) -> Resource:
        fields = self.item_ids(event.item_id)
        if event.track_id:
            fields["trackId"] = event.track_id
        return resources.history_event(self.kind, event) | fields

    def _blocklist_entry(self, entry: BlocklistEntry) -> Resource:
        return resources.blocklist_entry(self.kind, entry) | self.blocked_ids(entry.item_ids)

    def _monitored(self, request: web.Request, items: Iterable[T]) -> list[T]:
        wanted = flag(request, "monitored", default=True)
        return [item for item in items if self.arr.collection.is_monitored(item) == wanted]


def page(request: web.Request, records: Sequence[T], resource: Callable[[T], Resource]) -> web.Response:
    """One page of records; a page is 10 records long when nothing else is asked for."""
    number = int(request.query.get("page", "1"))
    size = int(request.query.get("pageSize", str(DEFAULT_PAGE_SIZE)))
    return one(
        {
            "page": number,
            "pageSize": size,
            "sortKey": request.query.get("sortKey", "id"),
            "sortDirection": request.query.get("sortDirection", "default"),
            "totalRecords": len(records),
            "records": [resource(record) for record in records[(number - 1) * size : number * size]],
        }
    )


def not_found() -> web.Response:
    """What was addressed does not exist."""
    return one({"message": "NotFound"}, status=404)


def path_id(request: web.Request) -> int:
    """The id in the path; 0, which nothing has, when it is not a number."""
    text = request.match_info["id"]
    return int(text) if text.isdigit() else 0


def number(request: web.Request, name: str) -> int | None:
    """A number in the query."""
    text = request.query.get(name)
    return int(text) if text else None


def numbers(request: web.Request, name: str) -> list[int]:
    """All numbers of this name in the query."""
    return [int(text) for text in request.query.getall(name, []) if text]


def flag(request: web.Request, name: str, *, default: bool = False) -> bool:
    """A boolean in the query."""
    return request.query.get(name, str(default)).lower() == "true"
