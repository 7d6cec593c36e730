"""`torrents/<hash>/timeline`: all that happened to a torrent: what we did, what the Arr and qBittorrent know of it."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.decisions import Decision, decision
from control.web.answers import moment
from qbitrr import ipc
from qbitrr.errors import NotFoundError
from qbitrr.state import ledger, torrents, verdicts

_SECONDS = 6.0

Actor = Literal["qbitrr", "arr", "qbittorrent"]


class TimelineRequest(Struct, frozen=True):
    """The torrent that is meant."""

    hash: Annotated[str, Meta(description="Infohash, in any case.")]


class TimelineEvent(Struct, frozen=True):
    """One event. `kind` is in the words of the Arr (`grabbed`, …) or `added`, `completed`, `left` of qBittorrent.

    For an action of ours it is the action, and `decision` is all of it. `left` is one that none of our actions caused.
    """

    at: datetime
    actor: Actor
    kind: str
    category: str
    instance: str
    text: str
    decision: Decision | None = None


class Missing(Struct, frozen=True):
    """A category whose Arr or qBittorrent did not say what it knows, and why."""

    category: str
    error: str


class Timeline(Struct, frozen=True):
    """All events, the oldest first."""

    hash: str
    events: list[TimelineEvent]
    missing: list[Missing]


async def read(context: HandlerContext, request: TimelineRequest) -> Timeline:
    """Read all that happened to a torrent, whoever did it.

    The Arr's history and the times that qBittorrent reports are asked for now, and left out when they do not come.
    """
    infohash = request.hash.lower()
    entries = await ledger.of_torrent(context.database, infohash)
    stored = await verdicts.of_torrent(context.database, infohash)
    departures = await torrents.departures(context.database, infohash)
    known = {one.category for one in entries} | {one.category for one in stored}
    categories = sorted(known | {one.category for one in departures})
    if not categories:
        raise NotFoundError(f"Nothing is known of a torrent {infohash}")
    answers = await asyncio.gather(*(_asked(context, category, infohash) for category in categories))
    timed = [(entry.planned_at, _of_ledger(entry)) for entry in entries]
    timed += [(one.left_at, _left(one)) for one in departures]
    for category, answer in zip(categories, answers, strict=True):
        timed += [(event.at, _of_service(category, event)) for event in answer.events]
    ordered = [event for _, event in sorted(timed, key=_at)]
    once = {(event.actor, event.kind, event.at, event.instance, event.text): event for event in ordered}
    missing = [Missing(one, answer.error) for one, answer in zip(categories, answers, strict=True) if answer.error]
    return Timeline(infohash, list(once.values()), missing)


def _at(timed: tuple[float, TimelineEvent]) -> float:
    return timed[0]


async def _asked(context: HandlerContext, category: str, infohash: str) -> ipc.TorrentEvents:
    worker = context.workers.processes.get(category)
    if worker is None:
        return ipc.TorrentEvents(0, error="it has no worker")
    try:
        return await worker.ask(lambda number: ipc.ReadEvents(number, infohash), ipc.TorrentEvents, _SECONDS)
    except TimeoutError:
        return ipc.TorrentEvents(0, error="its worker did not answer in time")


def _of_ledger(entry: ledger.Entry) -> TimelineEvent:
    shown = decision(entry)
    return TimelineEvent(shown.planned_at, "qbitrr", entry.action, entry.category, entry.instance, entry.because, shown)


def _left(departure: torrents.Departure) -> TimelineEvent:
    text = departure.name
    if departure.state:
        text += f", seen last as {departure.state}"
    if departure.moved_to is not None:
        text += f", moved to the category '{departure.moved_to}'"
    return TimelineEvent(moment(departure.left_at), "qbittorrent", "left", departure.category, departure.instance, text)


def _of_service(category: str, event: ipc.TorrentEvent) -> TimelineEvent:
    return TimelineEvent(moment(event.at), event.actor, event.kind, category, event.instance, event.text)
