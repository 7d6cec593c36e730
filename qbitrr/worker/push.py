"""What the Arr pushes, handed to the library and to the observer of torrents. Without it, polling has to do."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from qbitrr import logs
from qbitrr.arr.client import is_away
from qbitrr.arr.models import Answer, Artist, Movie, Series
from qbitrr.arr.signalr import subscribed
from qbitrr.backoff import Backoff
from qbitrr.errors import ServiceError, ThrottledError

if TYPE_CHECKING:
    from qbitrr.arr.signalr import Message
    from qbitrr.worker.arr_settings import ArrSettingsWatch
    from qbitrr.worker.context import WorkerContext
    from qbitrr.worker.library.sync import LibrarySync
    from qbitrr.worker.torrents.observer import Observer

_log = logs.get(__name__)

_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)
_RETRY_REFUSED = Backoff(first_seconds=60.0, limit_seconds=3600.0)  # a proxy lets no websocket through
_STEADY_SECONDS = 60.0  # after so long an open channel counts as one that worked


class _Part(Answer, frozen=True):
    """The parent of a resource, 0 or None when it is not given; `grabbed` when it was just grabbed."""

    grabbed: bool = False
    movie_id: int | None = None
    series_id: int | None = None
    artist_id: int | None = None
    status: str | None = None
    name: str = ""


# by kind of Arr: the resource that is a parent itself, and the resources that belong to one
_PARENTS: dict[str, tuple[str, type[Any]]] = {
    "radarr": ("movie", Movie),
    "sonarr": ("series", Series),
    "lidarr": ("artist", Artist),
}
_PARTS = {
    "radarr": ("moviefile",),
    "sonarr": ("episode", "episodefile"),
    "lidarr": ("album", "track", "trackfile"),
}
_DELETED = "deleted"
_IMPORTING = ("Downloaded", "ManualImport")  # how commands begin that change what is in the queue
_HEALTH = "health"


class PushListener:
    """Passes on what the Arr pushes. A channel that fails is opened again after a growing delay.

    An Arr that was out of reach is tried again as soon as it answers any other call. After a reconnect it is asked to
    poll its download clients, as its queue is empty for a while after a start.
    """

    def __init__(
        self, context: WorkerContext, library: LibrarySync, observer: Observer, settings: ArrSettingsWatch
    ) -> None:
        self._client = context.services.arr
        self._may_command = not context.config.read_only
        self._report = context.report
        self._clock = context.clock
        self._library = library
        self._observer = observer
        self._settings = settings
        self._was_open = False
        self._reported = False
        self._backoff = _RETRY
        self._failures = 0  # in a row, of this kind: those of an outage say nothing of how often a refusal is retried

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            self._client.answers_again.clear()
            try:
                await self._listen()
            except ServiceError as error:
                asked_for = error.retry_after_seconds if isinstance(error, ThrottledError) else 0.0
                await self._wait(str(error), _RETRY if is_away(error) else _RETRY_REFUSED, asked_for)
            except Exception as error:  # noqa: BLE001 - the worker can do without push
                self._report.failed()
                _log.exception("push failed")
                await self._wait(type(error).__name__, _RETRY, 0.0)

    async def _listen(self) -> None:
        """Open the channel and pass on its messages until it fails, which raises."""
        async with subscribed(self._client) as messages:
            opened_at = self._clock.monotonic()
            self._reported = False
            _log.info("push was opened")
            self._on_push(available=True)
            try:
                if self._was_open and self._may_command:
                    await self._ask_for_poll()
                self._was_open = True
                async for message in messages:
                    if message.name == _HEALTH:
                        self._settings.on_health()
                    else:
                        pass_on(self._client.kind.name, message, self._library, self._observer)
            finally:
                self._on_push(available=False)
                if self._clock.monotonic() - opened_at > _STEADY_SECONDS:
                    self._failures = 0

    def _on_push(self, *, available: bool) -> None:
        self._library.on_push(available=available)
        self._observer.on_push(available=available)

    async def _ask_for_poll(self) -> None:
        try:
            await self._client.refresh_downloads()
        except ServiceError as error:
            _log.info("download clients were not polled", error=str(error))

    async def _wait(self, because: str, backoff: Backoff, asked_for_seconds: float) -> None:
        """Pause before the next attempt; after an outage only until the Arr answers again."""
        if not self._reported:
            _log.info("push was not available", error=because)
            self._reported = True
        self._failures = self._failures + 1 if backoff is self._backoff else 1
        self._backoff = backoff
        answers_again = self._client.answers_again if backoff is _RETRY else asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(backoff.seconds(self._failures), asked_for_seconds)):
                await answers_again.wait()
                self._failures = 0


def pass_on(kind: str, message: Message, library: LibrarySync, observer: Observer) -> None:
    """Pass on what one message means for the library and for the torrents."""
    try:
        _pass_on(kind, message, library, observer)
    except msgspec.MsgspecError as error:  # a resource of another version: at least something has changed
        _log.debug("message could not be decoded", name=message.name, error=str(error))
        library.expect_changes()


def _pass_on(kind: str, message: Message, library: LibrarySync, observer: Observer) -> None:
    parent_name, parent_type = _PARENTS[kind]
    name = message.name.partition("/")[0]
    if message.name == "queue":  # `queue/details` and `queue/status` come besides
        observer.queue_changed()
    elif name == "command":
        command = _decoded(message, _Part)
        if command.status not in ("queued", "started") and command.name.startswith(_IMPORTING):
            observer.queue_changed()
    elif name == parent_name:
        _expect_download(message, observer)
        parent = _decoded(message, parent_type | None)
        if parent is None:
            library.expect_changes()
        else:
            library.on_change(parent.id, None if message.action == _DELETED else parent)
    elif name in _PARTS[kind]:
        _expect_download(message, observer)
        part = _decoded(message, _Part | None) or _Part()
        belongs_to = part.movie_id or part.series_id or part.artist_id
        if belongs_to:
            library.on_change(belongs_to)
        else:
            library.expect_events()


def _expect_download(message: Message, observer: Observer) -> None:
    """Have a pass come when something was grabbed: a small download is complete before the next one."""
    if message.action != _DELETED and (_decoded(message, _Part | None) or _Part()).grabbed:
        observer.expect_download()


def _decoded(message: Message, resource: Any) -> Any:
    return msgspec.json.decode(message.resource, type=resource)
