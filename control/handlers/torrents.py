"""`torrents` and `torrents/<hash>/explain`: all torrents, what was done to one, and why nothing was."""

import asyncio
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, get_args

import msgspec
from msgspec import Meta, Struct

from control.context import HandlerContext
from control.handlers.decisions import Decision, decision
from control.web.answers import moment
from control.web.errors import invalid
from control.worker_lookup import send
from qbitrr import ipc
from qbitrr.errors import NotFoundError, NotReadyError
from qbitrr.state import ledger, torrents, verdict_list, verdicts
from qbitrr.state.verdict_list import ListedVerdict, Order, Place, VerdictFilter

_PATIENCE_SECONDS = 1.5
_POLL_SECONDS = 0.05
_LIVE_SECONDS = 1.0
_ORDERS: tuple[Order, ...] = get_args(Order)


class TorrentsRequest(Struct, frozen=True):
    """A page of torrents; a condition that is left out is met by all."""

    limit: Annotated[int, Meta(description="How many, 1 to 200.", extra={"lowest": 1, "highest": 200})] = 100
    sort: Annotated[
        str,
        Meta(description="name, since (latest verdict first) or next (only those that time changes, soonest first)."),
    ] = "name"
    category: Annotated[str, Meta(description="Only of this category.")] = ""
    instance: Annotated[str, Meta(description="Only of this qBittorrent, by its section.")] = ""
    rule: Annotated[str, Meta(description="Only those that this rule decided about.")] = ""
    action: Annotated[str, Meta(description="Only those with this action; nothing for those that are left alone.")] = ""
    q: Annotated[str, Meta(description="Only names that contain this text, in any case.")] = ""
    after: Annotated[str, Meta(description="`next` of the page before.")] = ""


class LiveView(Struct, frozen=True, rename="camel"):
    """A torrent as qBittorrent reports it now.

    `ratio` is negative when it is infinite, `availability` while it is not known. Of its tracker only the host is said.
    """

    state: str
    progress: float
    size_bytes: int
    left_bytes: int
    eta_seconds: int
    ratio: float
    seeding_seconds: float
    availability: float
    added_at: datetime
    tags: tuple[str, ...]
    tracker: str


class ForecastView(Struct, frozen=True):
    """What would be decided at `revisitAt` if nothing but time changed."""

    action: str
    rule: str
    because: str


class TorrentView(Struct, frozen=True, rename="camel"):
    """One torrent with the verdict on it. `live` is null when its worker or its qBittorrent does not answer.

    At `revisitAt` time alone may change the verdict, to `forecast` if nothing else changes.
    """

    hash: str
    category: str
    instance: str
    name: str
    action: str
    rule: str
    because: str
    since: datetime
    revisit_at: datetime | None
    forecast: ForecastView | None
    live: LiveView | None


class KindView(Struct, frozen=True):
    """How many torrents have the same rule, action, category and qBittorrent."""

    rule: str
    action: str
    category: str
    instance: str
    number: int


class Torrents(Struct, frozen=True):
    """A page of torrents. `next` is the `after` of the next page, null after the last one.

    `kinds` count all torrents, whatever the conditions; only the first page has them.
    """

    torrents: list[TorrentView]
    next: str | None
    kinds: list[KindView]


class ExplainRequest(Struct, frozen=True):
    """The torrent that is meant."""

    hash: Annotated[str, Meta(description="Infohash, in any case.")]


class RuleStep(Struct, frozen=True):
    """The outcome of one rule: pass (it does not apply), stop (nothing is to be done) or act."""

    rule: str
    outcome: str
    because: str
    facts: dict[str, Any]


class VerdictView(Struct, frozen=True, rename="camel"):
    """The present verdict on the torrent at one qBittorrent: the rule that decided, and all that were evaluated.

    The facts were measured at `measuredAt`. At `revisitAt` time alone may change the verdict, to `forecast` if nothing
    else changes. Without it only a change of the torrent, of its Arr or of the configuration can.
    """

    instance: str
    category: str
    name: str
    action: str
    rule: str
    because: str
    since: datetime
    measured_at: datetime
    revisit_at: datetime | None
    forecast: ForecastView | None
    trace: list[RuleStep]


class Explanation(Struct, frozen=True):
    """`torrents` has one entry for each qBittorrent that has it, `history` is the oldest first."""

    hash: str
    name: str
    torrents: list[VerdictView]
    history: list[Decision]


async def read(context: HandlerContext, request: TorrentsRequest) -> Torrents:
    """List the torrents of all categories, with the verdict on each.

    What qBittorrent reports of them is asked of the workers, for this page only.
    """
    order = next((order for order in _ORDERS if order == request.sort), None)
    if order is None:
        raise invalid("sort", request.sort, f"Must be one of {', '.join(_ORDERS)}")
    chosen = VerdictFilter(request.category, request.instance, request.rule, request.action, request.q)
    after = _place(request.after)
    found = await verdict_list.page(context.database, request.limit, order, chosen, after)
    kinds = [] if after else await verdict_list.kinds(context.database)
    live = await _live(context, found)
    more = len(found) == request.limit
    return Torrents(
        [_torrent(one, live.get((one.instance, one.infohash))) for one in found],
        msgspec.json.encode(found[-1].place(order)).decode() if more else None,
        [KindView(*kind) for kind in kinds],
    )


def _place(text: str) -> Place | None:
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=Place)
    except msgspec.DecodeError:
        raise invalid("after", text, "Must be `next` of another page") from None


async def _live(context: HandlerContext, found: list[ListedVerdict]) -> dict[tuple[str, str], ipc.TorrentRow]:
    """Ask the worker of each category at once; one that does not answer in time is left out."""
    by_category = groupby(sorted(found, key=attrgetter("category")), key=attrgetter("category"))
    asked = [
        process.torrents([(one.instance, one.infohash) for one in group], _LIVE_SECONDS)
        for category, group in by_category
        if (process := context.workers.processes.get(category)) is not None
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    rows: dict[tuple[str, str], ipc.TorrentRow] = {}
    for answer in answers:
        if isinstance(answer, tuple):
            rows |= {(row.instance, row.infohash): row for row in answer}
        elif not isinstance(answer, TimeoutError):
            raise answer
    return rows


def _torrent(listed: ListedVerdict, row: ipc.TorrentRow | None) -> TorrentView:
    return TorrentView(
        hash=listed.infohash,
        category=listed.category,
        instance=listed.instance,
        name=listed.name,
        action=listed.action,
        rule=listed.rule,
        because=listed.because,
        since=moment(listed.since),
        revisit_at=moment(listed.revisit_at),
        forecast=_forecast(listed.forecast),
        live=None if row is None else _live_view(row),
    )


def _live_view(row: ipc.TorrentRow) -> LiveView:
    return LiveView(
        state=row.state,
        progress=row.progress,
        size_bytes=row.size_bytes,
        left_bytes=row.left_bytes,
        eta_seconds=row.eta_seconds,
        ratio=row.ratio,
        seeding_seconds=row.seeding_seconds,
        availability=row.availability,
        added_at=moment(row.added_at),
        tags=row.tags,
        tracker=row.tracker,
    )


def _forecast(later: verdicts.Forecast | None) -> ForecastView | None:
    return None if later is None else ForecastView(later.action, later.rule, later.because)


async def explain(context: HandlerContext, request: ExplainRequest) -> Explanation:
    """Explain what was done to a torrent, the verdict on it now, and every rule that was evaluated.

    Its workers are asked to judge it now; one that does not within a moment is left with what it measured before.
    """
    infohash = request.hash.lower()
    stored = await _judged_now(context, infohash)
    history = await ledger.of_torrent(context.database, infohash)
    departures = await torrents.departures(context.database, infohash)
    names = [one.name for one in departures] + [one.name for one in history] + [one.name for one in stored]
    if not names:
        raise NotFoundError(f"Nothing is known of a torrent {infohash}")
    return Explanation(
        infohash, names[-1], [_view(verdict) for verdict in stored], [decision(entry) for entry in history]
    )


async def _judged_now(context: HandlerContext, infohash: str) -> list[verdicts.StoredVerdict]:
    asked_at = context.clock.wall()
    stored = await verdicts.of_torrent(context.database, infohash)
    asked = {verdict.category for verdict in stored if _ask(context, verdict.category, infohash)}
    deadline = context.clock.monotonic() + _PATIENCE_SECONDS
    while context.clock.monotonic() < deadline and any(
        verdict.category in asked and verdict.measured_at < asked_at for verdict in stored
    ):
        await asyncio.sleep(_POLL_SECONDS)
        stored = await verdicts.of_torrent(context.database, infohash)
    return stored


def _ask(context: HandlerContext, category: str, infohash: str) -> bool:
    try:
        send(context, category, ipc.Explain(infohash))
    except NotReadyError:
        return False
    return True


def _view(verdict: verdicts.StoredVerdict) -> VerdictView:
    return VerdictView(
        instance=verdict.instance,
        category=verdict.category,
        name=verdict.name,
        action=verdict.action,
        rule=verdict.rule,
        because=verdict.because,
        since=moment(verdict.since),
        measured_at=moment(verdict.measured_at),
        revisit_at=None if verdict.revisit_at is None else moment(verdict.revisit_at),
        forecast=_forecast(verdict.forecast),
        trace=[RuleStep(step["rule"], step["outcome"], step["because"], step["facts"]) for step in verdict.trace],
    )
