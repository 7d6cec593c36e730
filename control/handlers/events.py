"""`events`: what happens, as server-sent events."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from control.binding import AUTHOR
from control.context import HandlerContext
from control.events import Event
from control.web import sse
from control.web.budget import client_of


class EventsRequest(Struct, frozen=True):
    """Where to continue."""

    after: Annotated[
        str, Meta(description="Id of the last event that was received, as in the header Last-Event-ID.")
    ] = ""


async def follow(context: HandlerContext, request: EventsRequest, http: web.Request) -> web.StreamResponse:
    """Follow what happens, as server-sent events without an end.

    `process` is a worker's entry of the process list, `decision` an entry of the ledger, `breaker` one that tripped,
    `matter` what is new in the inbox and nothing else is about, `config` a change or an edit of the configuration with
    its plan. Each has an id, and a client that reconnects with it receives what it missed. `qbittorrent` has the states
    of all of them, `inbox` how much is in it, and both no id. `reset` says that something may have been missed: read
    again what you show.
    """
    last_id = http.headers.get("Last-Event-ID", request.after)
    with context.events.follow() as follower:
        missed = context.events.since(last_id) if last_id else []
        client = client_of(http[AUTHOR].address)
        async with sse.streaming(http, context.streams, client) as (response, stream):
            if http.method == "HEAD":
                return response
            if missed is None:
                await stream.send(b"{}", event="reset")
            for event in missed or ():
                await _send(stream, event)
            while True:
                try:
                    next_event = await follower.next(sse.KEEPALIVE_SECONDS)
                except TimeoutError:
                    await stream.send_keepalive()
                    continue
                if next_event is None:
                    break
                await _send(stream, next_event)
        return response


async def _send(stream: sse.Stream, event: Event) -> None:
    await stream.send(event.data, event=event.kind, id_=event.id)
