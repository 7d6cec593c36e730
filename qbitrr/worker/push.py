"""What the Arr pushes, handed to the library and to the observer of torrents. Without it, polling has to do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from qbitrr import logs
from qbitrr.arr.models import Answer, Artist, Movie, Series
from qbitrr.arr.push import subscribed
from qbitrr.backoff import Backoff
from qbitrr.errors import CredentialsRejectedError, ServiceError, ThrottledError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbitrr.arr.client import ArrClient
    from qbitrr.arr.push import Message
    from qbitrr.worker.library.sync import LibrarySync
    from qbitrr.worker.torrents.observer import Observer

_log = logs.get(__name__)

_RETRY = Backoff(first_seconds=1.0, limit_seconds=60.0)
_RETRY_REFUSED = Backoff(first_seconds=60.0, limit_seconds=3600.0)  # a proxy lets no websocket through
_STEADY_SECONDS = 60.0  # after so long an open channel counts as one that worked


class _Part(Answer, frozen=True):
    """The parent of a resource; 0 or None when it is not given."""

    movie_id: int | None = None
    series_id: int | None = None
    artist_id: int | None = None
    status: str | None = None


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


async def listen(client: ArrClient, library: LibrarySync, observer: Observer, failures: Callable[[], None]) -> None:
    """Pass on what the Arr pushes, until cancelled; a channel that fails is opened again after a growing delay."""
    loop = asyncio.get_running_loop()
    failed, reported = 0, False
    while True:
        began, open_now, backoff, asked_for = loop.time(), False, _RETRY, 0.0
        try:
            async with subscribed(client) as messages:
                open_now, reported = True, False
                _log.info("push was opened")
                library.on_push(available=True)
                async for message in messages:
                    pass_on(client.kind.name, message, library, observer)
        except ServiceError as error:
            because = str(error)
            backoff = _RETRY if isinstance(error, UnreachableError) else _RETRY_REFUSED
            asked_for = error.retry_after_seconds if isinstance(error, ThrottledError) else 0.0
            if isinstance(error, CredentialsRejectedError):
                await asyncio.Event().wait()  # another key comes with another process
        except Exception as error:  # noqa: BLE001 - the worker can do without push
            because = type(error).__name__
            failures()
            _log.exception("push failed")
        if open_now:
            library.on_push(available=False)
        failed = 1 if open_now and loop.time() - began > _STEADY_SECONDS else failed + 1
        if not reported:
            _log.info("push was not available", error=because)
            reported = True
        await asyncio.sleep(max(backoff.seconds(failed), asked_for))


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
    if name == "queue":
        observer.queue_changed()
    elif name == "command":
        status = _decoded(message, _Part).status
        if status not in ("queued", "started"):
            observer.queue_changed()
    elif name == parent_name:
        parent = _decoded(message, parent_type | None)
        if parent is None:
            library.expect_changes()
        else:
            library.on_change(parent.id, None if message.action == _DELETED else parent)
    elif name in _PARTS[kind]:
        part = _decoded(message, _Part | None) or _Part()
        belongs_to = part.movie_id or part.series_id or part.artist_id
        if belongs_to:
            library.on_change(belongs_to)
        else:
            library.poll.set()


def _decoded(message: Message, resource: Any) -> Any:
    return msgspec.json.decode(message.resource, type=resource)
