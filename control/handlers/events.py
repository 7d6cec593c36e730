"""`events`: what happens, as it happens."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from control.context import HandlerContext
from control.events import Event
from control.web import sse


class EventsRequest(Struct, frozen=True):
    """From where on."""

    after: Annotated[str, Meta(description="Id of the last event seen; the header Last-Event-ID says the same.")] = ""


async def follow(context: HandlerContext, request: EventsRequest, http: web.Request) -> web.StreamResponse:
    """What happens, as server-sent events that never end.

    `process` is a worker's entry of the process list, `decision` an entry of the ledger, `breaker` one that tripped,
    `config` a change or an edit of the configuration with its plan. Each has an id, and a client that comes back with
    it gets what it missed. `reset` says that something may have been missed: read again what you show.
    """
    last_id = http.headers.get("Last-Event-ID", request.after)
    with context.events.follow() as follower:
        missed = context.events.since(last_id) if last_id else []
        async with sse.streaming(http, context.streams) as (response, stream):
            if missed is None:
                await stream.send(b"{}", event="reset")
            for event in missed or ():
                await _send(stream, event)
            while True:
                try:
                    event_or_none = await follower.next(sse.SILENCE_SECONDS)
                except TimeoutError:
                    await stream.keep_open()
                    continue
                if event_or_none is None:
                    break
                await _send(stream, event_or_none)
        return response


async def _send(stream: sse.Stream, event: Event) -> None:
    await stream.send(event.data, event=event.kind, id_=event.id)
