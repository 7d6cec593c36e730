"""The API that Radarr, Sonarr and Lidarr have in common, spoken over an Arr of the world.

Paging, filters and statuses: the OpenAPI descriptions they publish; errors: recordings `*-gone`, `editor-*`,
`command-unknown`, `queue-delete-*`, `wrong-key`.
"""

from __future__ import annotations

import asyncio
import posixpath
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from aiohttp import web

from qbitrr.arr.kinds import KINDS
from qbitrr.clock import from_iso
from qbitrr.sandbox.life.commands import KNOWN
from qbitrr.sandbox.life.failing import NotGrabbedError
from qbitrr.sandbox.life.importing import NotSeenCompleteError
from qbitrr.sandbox.media import pictures
from qbitrr.sandbox.media.quality import SCORES
from qbitrr.sandbox.services import download_settings, resources
from qbitrr.sandbox.services.answers import lean, many, one
from qbitrr.sandbox.services.arr_answers import error, page, problem, profile_error
from qbitrr.sandbox.services.arr_query import by_time_left, flag, numbers, page_of, path_id
from qbitrr.sandbox.services.signalr import Hub
from qbitrr.sandbox.services.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aiohttp.typedefs import Handler, Middleware

    from qbitrr.sandbox.life.arr import Arr
    from qbitrr.sandbox.life.decisions import Decision, Offer
    from qbitrr.sandbox.life.records import BlocklistEntry, Change, HistoryEvent, QueueRecord
    from qbitrr.sandbox.services.resources import Resource

    Message = tuple[str, str, Resource | None]  # name, action, resource


class ArrStandIn(StandIn):
    """An Arr on its port. `version` is what it says to be; a kind may behave by it."""

    api: ClassVar[str] = "api/v3"
    newest: ClassVar[str]
    root: ClassVar[str]
    """The folder of its library."""
    event_types: ClassVar[Sequence[str]]
    """History event types by their numbers in queries."""
    unknown_items: ClassVar[str]
    history_of: ClassVar[str]
    item_name: ClassVar[str]
    parent_name: ClassVar[str]
    sort_keys: ClassVar[Mapping[str, str]]
    """How lists are sorted when nothing else is asked for."""

    def __init__(
        self, arr: Arr, *, api_key: str, version: str = "", middlewares: Sequence[Middleware] = (), port: int = 0
    ) -> None:
        super().__init__(arr.name, middlewares=middlewares, port=port)
        self.arr = arr
        self.api_key = api_key
        self.version = version or self.newest
        self.hub = Hub(self.version)
        self._ready_at = 0.0
        arr.on_change = self._publish

    @abstractmethod
    def item_ids(self, item_id: int | None) -> Resource:
        """The fields by which history and blocklist say what they are about."""

    @abstractmethod
    def queue_fields(self, record: QueueRecord) -> Resource:
        """What this kind adds to a record of the queue."""

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
    def parent(self, parent_id: int) -> Resource:
        """A movie, a series or an artist."""

    @abstractmethod
    def edited_parent(self, parent_id: int) -> Resource:
        """The same as the editor answers it, without anything of files."""

    @abstractmethod
    def manual_import_fields(self, decision: Decision) -> Resource:
        """What a file to be imported by hand is for."""

    @abstractmethod
    def grabbed_messages(self, item: Any) -> Iterable[Message]:
        """What is pushed when something is grabbed for an item."""

    @abstractmethod
    def imported_messages(self, item: Any) -> Iterable[Message]:
        """What is pushed when an item gets a file."""

    @abstractmethod
    def own_routes(self) -> dict[str, Callable[[web.Request], Any]]:
        """GET handlers that only this kind has, by path below the API's root."""

    def routes(self) -> list[web.RouteDef]:
        """All routes."""
        gets = {
            "system/status": self.get_status,
            "health": self.get_health,
            "qualityprofile": self.get_profiles,
            "qualityprofile/{id}": self.get_profile,
            "tag": self.get_tags,
            "queue": self.get_queue,
            "queue/status": self.get_queue_status,
            "history": self.get_history,
            "history/since": self.get_history_since,
            "blocklist": self.get_blocklist,
            "wanted/missing": self.get_missing,
            "wanted/cutoff": self.get_cutoff,
            "command": self.get_commands,
            "command/{id}": self.get_command,
            "config/downloadclient": self.get_download_settings,
            "downloadclient": self.get_download_clients,
            "indexer": self.get_indexers,
            "remotepathmapping": self.get_path_mappings,
            "rootfolder": self.get_root_folders,
            "manualimport": self.get_manual_import,
            f"{KINDS[self.kind].covers}/{{id}}/{{filename}}": self.get_cover,
            **self.own_routes(),
        }
        return [
            *(web.get(f"/{self.api}/{path}", handler, allow_head=False) for path, handler in gets.items()),
            web.post(f"/{self.api}/command", self.post_command),
            web.post(f"/{self.api}/history/failed/{{id}}", self.post_failed),
            web.delete(f"/{self.api}/queue/{{id}}", self.delete_queue_record),
            web.delete(f"/{self.api}/blocklist/{{id}}", self.delete_blocklist_entry),
            web.put(f"/{self.api}/{KINDS[self.kind].parent}/editor", self.put_editor),
            web.get("/signalr/messages", self.hub.handle, allow_head=False),
        ]

    async def stop(self) -> None:
        """Listeners are disconnected first."""
        await self.hub.close()
        await super().stop()

    async def restart(self, starting_seconds: float = 0.0) -> None:
        """End and start again; for `starting_seconds` everything is answered with 503."""
        await self.stop()
        self.arr.restart(starting_seconds)
        self._ready_at = asyncio.get_running_loop().time() + starting_seconds
        await self.start()

    def _publish(self, change: Change) -> None:
        """Push what changed, as the application does."""
        if self.hub.listeners:
            self.push(list(self._messages(change)))

    def push(self, messages: Sequence[Message]) -> None:
        """Send messages to all that listen."""
        for name, action, resource in messages:
            self.hub.publish(name, action, resource)

    def _messages(self, change: Change) -> Iterable[Message]:
        """The messages about a change. Source: recordings `hub-grab-and-import`."""
        if change.what in ("grabbed", "imported", "item"):
            return self._item_messages(change)
        match change.what:
            case "queue":
                return [(name, change.action, None) for name in ("queue", "queue/details")]
            case "queue/status":
                return [(change.what, change.action, resources.queue_status(self.arr.queue.values()))]
            case "command":
                return self._command_messages(change)
            case "parent":
                resource = {"id": change.id} if change.action == "deleted" else self.parent(change.id)
                return [(self.parent_name, change.action, resource)]
            case name:
                return [(name, change.action, None)]

    def _item_messages(self, change: Change) -> Iterable[Message]:
        item = self.arr.collection.items[change.id]
        match change.what:
            case "grabbed":
                return self.grabbed_messages(item)
            case "imported":
                return self.imported_messages(item)
            case _:
                return [(self.item_name, change.action, self.item(item))]

    def _command_messages(self, change: Change) -> Iterable[Message]:
        """The end of a command; Lidarr is the only one that pushes that of a scan."""
        command = self.arr.commands.commands[change.id]
        if self.kind != "lidarr" and command.name.startswith("Downloaded"):
            return []
        return [("command", change.action, resources.command(self.kind, command))]

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The key comes as a header or in the query."""
        if asyncio.get_running_loop().time() < self._ready_at:
            text = f"{self.kind.capitalize()} is starting up, please try again later"
            return one({"errorMessage": text}, status=503)
        in_query = "access_token" if request.path.startswith("/signalr/") else "apikey"
        key = request.headers.get("X-Api-Key") or request.query.get(in_query)
        if key != self.api_key or self.rejects_credentials:
            return web.Response(status=401)
        if request.match_info.http_exception is not None:
            return web.Response(status=request.match_info.http_exception.status)
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
        return problem() if profile is None else one(resources.quality_profile(self.kind, profile))

    async def get_tags(self, _: web.Request) -> web.Response:
        """All tags, by their labels."""
        by_label = sorted(self.arr.settings.tags.items(), key=lambda one: one[1])
        return many({"label": label, "id": number} for number, label in by_label)

    async def get_health(self, _: web.Request) -> web.Response:
        """System > Status > Health."""
        return one(download_settings.health(self.kind, self.arr.connections, self.arr.settings, self.arr.now))

    async def get_cover(self, request: web.Request) -> web.Response:
        """A picture of a movie, a series or an artist; one of every seven has none.

        Source: `MediaCoverController`, which knows no difference between a picture that is not there and an id.
        """
        number = path_id(request)
        if number not in self.parents or number % 7 == 0 or not request.match_info["filename"].startswith("poster"):
            return web.Response(status=404)
        return web.Response(body=pictures.poster(number), content_type="image/jpeg")

    async def get_queue(self, request: web.Request) -> web.Response:
        """Downloads that nothing matches are listed only when asked for. Beyond its end a page is repeated.

        Each request is sorted by the time left as of the last refresh, so that records change places with each.
        """
        with_unknown = flag(request, self.unknown_items)
        records = [record for record in self.arr.queue.values() if with_unknown or record.item_id is not None]
        is_ascending = request.query.get("sortDirection") == "ascending"
        return page(
            request,
            by_time_left(records, ascending=is_ascending),
            self._queue_record,
            self.sort_keys["queue"],
            repeats_last=True,
        )

    async def get_queue_status(self, _: web.Request) -> web.Response:
        """Numbers about the queue."""
        return one(resources.queue_status(self.arr.queue.values()))

    async def get_history(self, request: web.Request) -> web.Response:
        """Newest first unless asked otherwise, by download, item or event type."""
        download_id, items = request.query.get("downloadId"), numbers(request, self.history_of)
        types = {self.event_types[number] for number in numbers(request, "eventType")}
        events = [
            event
            for event in self.arr.history
            if (download_id is None or event.download_id == download_id)
            and (not items or event.item_id in items)
            and (not types or event.event_type in types)
        ]
        if request.query.get("sortDirection") != "ascending":
            events.reverse()
        return page(request, events, self.history_event, self.sort_keys["history"])

    async def get_history_since(self, request: web.Request) -> web.Response:
        """What happened since a date, oldest first."""
        since = from_iso(request.query.get("date")) or 0.0
        event_type = request.query.get("eventType")
        events = [one for one in self.arr.history if one.date >= since and event_type in (None, one.event_type)]
        return many(self.history_event(event) for event in events)

    async def get_blocklist(self, request: web.Request) -> web.Response:
        """Newest first."""
        return page(request, self.arr.blocklist[::-1], self._blocklist_entry, self.sort_keys["blocklist"])

    async def get_missing(self, request: web.Request) -> web.Response:
        """Items without a file that are out."""
        collection = self.arr.collection
        missing = (item for item in collection.items.values() if collection.is_missing(item))
        out = (item for item in missing if collection.is_out(item, self.arr.now))
        return await self._wanted(request, out, "wanted/missing")

    async def get_cutoff(self, request: web.Request) -> web.Response:
        """Items whose file is of too low a quality."""
        return await self._wanted(request, self.arr.collection.below_cutoff(), "wanted/cutoff")

    async def _wanted(self, request: web.Request, items: Iterable[Any], name: str) -> web.Response:
        monitored = flag(request, "monitored", default=True)
        found = [item for item in items if self.arr.collection.is_monitored(item) == monitored]
        await self.compute_statistics(page_of(request, found)[1])
        return page(request, found, self.wanted_item, self.sort_keys[name])

    async def compute_statistics(self, items: Sequence[Any]) -> None:
        """Wait for as long as a page of these items takes."""

    def wanted_item(self, item: Any) -> Resource:
        """An item as these lists have it."""
        return self.item(item)

    async def get_commands(self, _: web.Request) -> web.Response:
        """What waits, runs or ended lately."""
        return many(resources.command(self.kind, command) for command in self.arr.commands.listed())

    async def get_command(self, request: web.Request) -> web.Response:
        """One command."""
        command = self.arr.commands.get(path_id(request))
        return self.command_gone() if command is None else one(resources.command(self.kind, command))

    def command_gone(self) -> web.Response:
        """What is answered for a command that is not there."""
        return problem()

    async def post_command(self, request: web.Request) -> web.Response:
        """Line up a command."""
        body = await request.json()
        name = str(body.pop("name", ""))
        if name not in KNOWN[self.kind]:
            return self.command_unknown()
        return one(resources.command(self.kind, self.arr.commands.post(name, body)), status=201)

    def command_unknown(self) -> web.Response:
        """What is answered to a name that no command has."""
        return error("Sequence contains no matching element", "System.InvalidOperationException")

    async def get_download_settings(self, _: web.Request) -> web.Response:
        """Settings, Download Clients."""
        return one(download_settings.download_settings(self.kind, self.arr.settings))

    async def get_download_clients(self, _: web.Request) -> web.Response:
        """The download clients."""
        return many(download_settings.download_client(self.kind, each) for each in self.arr.connections)

    async def get_indexers(self, _: web.Request) -> web.Response:
        """The indexers."""
        listed = enumerate(self.arr.settings.indexers, 1)
        return many(download_settings.indexer(self.kind, each, number) for number, each in listed)

    async def get_path_mappings(self, _: web.Request) -> web.Response:
        """Where the clients' folders are for the Arr."""
        return one(download_settings.path_mappings(self.arr.settings))

    @property
    def gives_total_space(self) -> bool:
        """Whether it says the size of disks too: Lidarr, and Sonarr since version 5."""
        return self.kind == "lidarr" or (self.kind == "sonarr" and self.version.startswith("5"))

    async def get_root_folders(self, _: web.Request) -> web.Response:
        """Where the library is."""
        return one(download_settings.root_folders(self.kind, self.root, total=self.gives_total_space))

    async def get_manual_import(self, request: web.Request) -> web.Response:
        """The files of a download, what they are for, and what speaks against importing them."""
        download_id = request.query.get("downloadId", "")
        try:
            found = self.arr.import_candidates(download_id)
        except NotSeenCompleteError:
            return error("Object reference not set to an instance of an object.", "System.NullReferenceException")
        return many(self._manual_import(download_id, decision, offer) for decision, offer in found)

    async def post_failed(self, request: web.Request) -> web.Response:
        """Fail a download by its `grabbed` event."""
        event_id = path_id(request)
        if self.arr.mark_failed(event_id):
            return one({})
        history = {"radarr": "MovieHistory", "sonarr": "EpisodeHistory", "lidarr": "EntityHistory"}[self.kind]
        text = f"{history} with ID {event_id} does not exist"
        return error(text, "NzbDrone.Core.Datastore.ModelNotFoundException", status=404)

    async def delete_queue_record(self, request: web.Request) -> web.Response:
        """Remove a download from the queue."""
        try:
            removed = self.arr.remove(
                path_id(request),
                from_client=flag(request, "removeFromClient", default=True),
                blocklist=flag(request, "blocklist"),
                skip_redownload=flag(request, "skipRedownload"),
                needs_grab=self.needs_grab,
            )
        except NotGrabbedError as refused:
            return error(str(refused), "System.InvalidOperationException", status=400)
        return one({}) if removed else one({"message": "NotFound"}, status=404)

    @property
    def needs_grab(self) -> bool:
        """Whether blocklisting what was not grabbed is an error."""
        return False

    async def delete_blocklist_entry(self, request: web.Request) -> web.Response:
        """Take a release off the blocklist."""
        found = next((entry for entry in self.arr.blocklist if entry.id == path_id(request)), None)
        if found is None:
            return one({"message": "NotFound"}, status=404)
        self.arr.blocklist.remove(found)
        return one({})

    async def put_editor(self, request: web.Request) -> web.Response:
        """Give some movies, series or artists another quality profile, all of them or none."""
        body = await request.json()
        ids, profile_id = body[f"{KINDS[self.kind].parent}Ids"], body["qualityProfileId"]
        if profile_id not in self.arr.collection.profiles:
            return one([profile_error(profile_id)], status=400)
        found = [number for number in ids if number in self.parents]
        if len(found) < len(ids):
            text = f"Expected query to return {len(ids)} rows but returned {len(found)}"
            return error(text, "System.ApplicationException")
        for number in ids:
            self.parents[number].profile_id = profile_id
        return one([self.edited_parent(number) for number in ids], status=202)

    # --- resources ---

    def _queue_record(self, record: QueueRecord) -> Resource:
        return resources.queue_record(self.kind, record, self.arr.now) | lean(self.queue_fields(record))

    def history_event(self, event: HistoryEvent) -> Resource:
        """One of the list of events."""
        fields = self.item_ids(event.item_id)
        if self.kind == "lidarr":
            fields["trackId"] = event.track_id
        return resources.history_event(self.kind, event) | fields

    def _blocklist_entry(self, entry: BlocklistEntry) -> Resource:
        return resources.blocklist_entry(self.kind, entry) | self.blocked_ids(entry.item_ids)

    def _manual_import(self, download_id: str, decision: Decision, offer: Offer) -> Resource:
        file = decision.file
        resource: Resource = {
            "path": file.path,
            "name": posixpath.splitext(decision.name)[0],
            "size": file.size,
            "releaseGroup": offer.title.rpartition("-")[2],
            "quality": resources.quality_model(self.kind, offer.quality),
            "qualityWeight": 12,
            "downloadId": download_id,
            "indexerFlags": 0,
            "rejections": [{"reason": reason, "type": "permanent"} for reason in decision.rejections],
            "id": resources.stable_id(file.path),
        }
        if self.kind != "lidarr":
            resource |= {
                "relativePath": decision.name,
                "customFormats": resources.custom_formats(offer.formats),
                "customFormatScore": SCORES[offer.formats],
                "languages": [resources.ENGLISH],
            }
        return resource | self.manual_import_fields(decision)
