"""Timelines of a torrent and of an item: what we, the user, the Arr and qBittorrent did, in one order.

An item is a movie, an episode or an album; its timeline has all that happened to its downloads.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from control.auth.audit_trail import UserAnswer
from control.context import HandlerContext
from control.handlers.decisions import Decision, decision
from control.handlers.item import ItemHistoryRequest, item_id_of
from control.web.answers import moment
from control.worker_lookup import category_of
from qbitrr import ipc
from qbitrr.errors import NotFoundError
from qbitrr.rules.history import DISCARDED
from qbitrr.state import ledger, torrents, verdicts

_SECONDS = 6.0
_MOST_ENTRIES = 300
_MOST_TORRENTS = 50  # of an item

Actor = Literal["qbitrr", "user", "arr", "qbittorrent"]


class TimelineRequest(Struct, frozen=True):
    """The torrent that is meant."""

    hash: Annotated[str, Meta(description="Infohash, in any case.")]


class TimelineEvent(Struct, frozen=True):
    """One event. `kind` is in the words of the Arr (`grabbed`, …) or `added`, `completed`, `left` of qBittorrent.

    For an action of ours it is the action, and `decision` is all of it; for the user it is the answer: `undo`, `do` or
    `leave` of an action, `approve` or `discard` of all that were held, `import`, `blocklist` or `leave` of a download
    that was not imported. `left` is one that none of our actions caused. `hash` is the torrent, empty for what the Arr
    did without one.
    """

    at: datetime
    actor: Actor
    kind: str
    category: str
    instance: str
    text: str
    hash: str
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


class ItemTimeline(Struct, frozen=True):
    """All events of the downloads of an item, the oldest first; of its newest 50 torrents."""

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
    asked = (_asked(context, category, lambda number: ipc.ReadEvents(number, infohash)) for category in categories)
    answers = dict(zip(categories, await asyncio.gather(*asked), strict=True))
    timed = [*await _stored(context, entries, departures, {infohash: categories[0]})]
    timed += [one for category, answer in answers.items() for one in _of_services(category, answer, infohash)]
    return Timeline(infohash, _ordered(timed), _missing(answers))


async def read_item(context: HandlerContext, request: ItemHistoryRequest) -> ItemTimeline:
    """Read all that happened to the downloads of a movie, an episode or an album, whoever did it.

    The Arr's history and the times that qBittorrent reports are asked for now, and left out when they do not come.
    """
    category, item_id = category_of(context, request.section), item_id_of(request)
    answer = await _asked(context, category, lambda number: ipc.ReadItemEvents(number, item_id))
    ours = await ledger.of_item(context.database, category, item_id, _MOST_ENTRIES)
    newest_first = [one.infohash for one in reversed(answer.events) if one.infohash] + [one.infohash for one in ours]
    hashes = list(dict.fromkeys(newest_first))[:_MOST_TORRENTS]
    entries = await ledger.of_torrents(context.database, category, hashes) if hashes else []
    departures = [
        one
        for infohash in hashes
        for one in await torrents.departures(context.database, infohash)
        if one.category == category
    ]
    timed = [*await _stored(context, entries, departures, dict.fromkeys(hashes, category))]
    timed += _of_services(category, answer)
    return ItemTimeline(_ordered(timed), _missing({category: answer}))


Timed = tuple[float, TimelineEvent]


async def _stored(
    context: HandlerContext,
    entries: Sequence[ledger.Entry],
    departures: Sequence[torrents.Departure],
    category_of_torrent: Mapping[str, str],
) -> list[Timed]:
    """The events that we know by ourselves: our actions, what the user answered, and what left without us."""
    timed = [(entry.planned_at, _of_ledger(entry)) for entry in entries]
    timed += [(one.left_at, _left(one)) for one in departures]
    timed += [(at, _decided(entry, at, kind)) for entry in entries for at, kind in _decisions_on(entry)]
    by_id = {str(entry.id): entry for entry in entries}
    for answer in await context.audit.answers():
        entry, category = by_id.get(answer.about), category_of_torrent.get(answer.about)
        if entry is not None:
            timed.append((answer.at, _answered(answer, entry.category, entry.instance, entry.infohash, entry.because)))
        elif category is not None:
            timed.append((answer.at, _answered(answer, category, "", answer.about, "")))
    return timed


def _decisions_on(entry: ledger.Entry) -> Iterator[tuple[float, str]]:
    """When the user approved or discarded a removal that the breaker held, with all others."""
    if isinstance(at := entry.notes.get("approved_at"), float):
        yield at, "approve"
    if entry.state == "cancelled" and entry.outcome == DISCARDED:
        yield entry.updated_at, "discard"


def _decided(entry: ledger.Entry, at: float, kind: str) -> TimelineEvent:
    place = entry.category, entry.instance
    return TimelineEvent(moment(at), "user", kind, *place, entry.because, entry.infohash)


def _answered(answer: UserAnswer, category: str, instance: str, infohash: str, text: str) -> TimelineEvent:
    return TimelineEvent(moment(answer.at), "user", answer.answer, category, instance, text, infohash)


def _ordered(timed: Iterable[Timed]) -> list[TimelineEvent]:
    """Sort events by time, each once."""
    ordered = [event for _, event in sorted(timed, key=_at)]
    once = {(event.actor, event.kind, event.at, event.instance, event.text, event.hash): event for event in ordered}
    return list(once.values())


def _missing(answers: Mapping[str, ipc.TorrentEvents]) -> list[Missing]:
    return [Missing(category, answer.error) for category, answer in answers.items() if answer.error]


def _at(timed: tuple[float, TimelineEvent]) -> float:
    return timed[0]


async def _asked(context: HandlerContext, category: str, question: Callable[[int], ipc.Question]) -> ipc.TorrentEvents:
    worker = context.workers.processes.get(category)
    if worker is None:
        return ipc.TorrentEvents(0, error="it has no worker")
    try:
        return await worker.ask(question, ipc.TorrentEvents, _SECONDS)
    except TimeoutError:
        return ipc.TorrentEvents(0, error="its worker did not answer in time")


def _of_ledger(entry: ledger.Entry) -> TimelineEvent:
    shown = decision(entry)
    place = entry.category, entry.instance
    return TimelineEvent(shown.planned_at, "qbitrr", entry.action, *place, entry.because, entry.infohash, shown)


def _left(departure: torrents.Departure) -> TimelineEvent:
    text = departure.name
    if departure.state:
        text += f", seen last as {departure.state}"
    if departure.moved_to is not None:
        text += f", moved to the category '{departure.moved_to}'"
    place = departure.category, departure.instance
    return TimelineEvent(moment(departure.left_at), "qbittorrent", "left", *place, text, departure.infohash)


def _of_services(category: str, answer: ipc.TorrentEvents, infohash: str = "") -> list[Timed]:
    """What Arr and qBittorrent answered, of a single torrent when one is named."""
    return [
        (
            one.at,
            TimelineEvent(
                moment(one.at), one.actor, one.kind, category, one.instance, one.text, infohash or one.infohash
            ),
        )
        for one in answer.events
    ]
