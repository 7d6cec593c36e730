"""`/metrics`: metrics for Prometheus.

Their library is imported when they are read: it is large, and most daemons are never scraped.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, get_args

from control.handlers import comparison, inbox
from control.handlers.inbox import Matter
from control.handlers.searches import query_limits, resting_seasons
from control.handlers.shared import Nothing
from control.process_memory import resident_bytes
from control.web import answers
from qbitrr import __version__
from qbitrr.rules.orphans import OrphanState
from qbitrr.rules.search import budget
from qbitrr.rules.search.budget import Bucket, Moment
from qbitrr.rules.side_by_side import Class
from qbitrr.state import ledger, listing, orphans, room, searches, torrents
from supervisor.lifecycle import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aiohttp import web
    from prometheus_client import Metric
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    from control.context import HandlerContext
    from control.handlers.inbox import InboxEntry
    from qbitrr.state.listing import Counts
    from qbitrr.state.orphans import OrphanTotal
    from qbitrr.state.room import SpaceNeed
    from qbitrr.state.searches import StoredBudget

_DAY_SECONDS = 86400


async def read(context: HandlerContext, _request: Nothing, _http: web.Request) -> web.Response:
    """Read all metrics, in the text format of Prometheus."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest  # noqa: PLC0415

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(await _metrics(context)))
    return answers.plain(generate_latest(registry), CONTENT_TYPE_LATEST, {"Cache-Control": "no-store"})


async def _metrics(context: HandlerContext) -> list[Metric]:
    workers = context.workers.processes
    actions = _actions(row for row in await ledger.totals(context.database) if row[0] in workers)
    catalogue = _catalogue(row for row in await listing.sizes(context.database) if row[0] in workers)
    search_budgets = _search_budgets(context, await searches.budgets(context.database))
    space = _space(await room.needs(context.database), context.clock.wall())
    waiting = _inbox((await inbox.read(context, Nothing())).entries)
    searching = await _search_metrics(context)
    files = _orphans(await orphans.totals(context.database), await orphans.failures(context.database))
    others = await _others(context)
    stored = [*actions, *catalogue, *search_budgets, *searching, *waiting, *files, *space, *others]
    return [*_daemon(context), *_workers(context), *_messages(context), *_assistants(context), *stored]


class _Collected:
    """A collector of metrics that were already made."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _gauge(name: str, help_: str, labels: Iterable[str] = ()) -> GaugeMetricFamily:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    return GaugeMetricFamily(f"qbitrr_{name}", help_, labels=list(labels))


def _counter(name: str, help_: str, labels: Iterable[str] = ()) -> CounterMetricFamily:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415

    return CounterMetricFamily(f"qbitrr_{name}", help_, labels=list(labels))


def _daemon(context: HandlerContext) -> Iterator[Metric]:
    info = _gauge("info", "The version that runs.", ["version"])
    info.add_metric([__version__], 1)
    yield info
    values = (
        (
            _gauge("loop_lag_seconds", "The largest delay of the supervisor's loop in the last minute."),
            context.workers.lag.worst_seconds,
        ),
        (
            _gauge("memory_bytes", "Resident memory of the supervisor."),
            resident_bytes(os.getpid(), context.clock.monotonic()) or 0,
        ),
        (
            _gauge("update_available", "1 when a newer version of qbitrr is known."),
            context.checker.available is not None,
        ),
        (_counter("request_faults", "HTTP requests that failed unexpectedly."), context.faults.count),
        (_gauge("streams", "Open event and log streams."), context.streams.used),
    )
    for metric, value in values:
        metric.add_metric([], value)
        yield metric
    tasks = _counter("task_failures", "Failures of the supervisor's own tasks.", ["task"])
    for name, task in context.own_tasks.states.items():
        tasks.add_metric([name], task.failures)
    yield tasks
    commands = _counter("command_failures", "Commands in the background that failed.", ["command"])
    for name, failures in context.commands.failures.items():
        commands.add_metric([name], failures)
    yield commands


def _workers(context: HandlerContext) -> Iterator[Metric]:
    now, monotonic = context.clock.wall(), context.clock.monotonic()
    state = _gauge("worker_state", "1 for the state that a worker is in.", ["category", "state"])
    restarts = _counter("worker_restarts", "Unexpected ends of a worker's process.", ["category"])
    beat = _gauge("worker_beat_age_seconds", "Time since a worker's last heartbeat.", ["category"])
    errors = _counter("worker_errors", "Unexpected errors in a worker's process.", ["category"])
    memory = _gauge("worker_memory_bytes", "Resident memory of a worker.", ["category"])
    queue = _gauge("worker_queue_records", "Records in the queue of a worker's Arr.", ["category"])
    torrents = _gauge("worker_torrents", "Torrents in a worker's category.", ["category"])
    for category, process in context.workers.processes.items():
        last = process.last_report
        for phase in Phase:
            state.add_metric([category, str(phase)], process.state.phase is phase)
        restarts.add_metric([category], process.restarts)
        errors.add_metric([category], last.errors)
        values = (
            (beat, None if last.beat_at is None else max(0.0, now - last.beat_at)),
            (memory, resident_bytes(process.pid, monotonic)),
            (queue, last.queue_count),
            (torrents, last.category_count),
        )
        for gauge, value in values:
            if value is not None:
                gauge.add_metric([category], value)
    yield from (state, restarts, beat, errors, memory, queue, torrents)
    yield from _operations(context)


def _operations(context: HandlerContext) -> Iterator[Metric]:
    """Make the counters of requests to services and of the passes of workers."""
    counters = {c: process.last_report.counters for c, process in context.workers.processes.items()}
    for prefix, label, what, all_sums in (
        ("service_requests", "service", "Requests to a service", {c: one.calls for c, one in counters.items()}),
        ("work", "operation", "Passes of one operation", {c: one.work for c, one in counters.items()}),
    ):
        count = _counter(prefix, f"{what}.", ["category", label])
        failed = _counter(f"{prefix}_failed", f"{what} that failed.", ["category", label])
        seconds = _counter(f"{prefix}_seconds", f"{what}: the time they took in all.", ["category", label])
        for category, sums in all_sums.items():
            for name, (number, failures, took) in sums.items():
                count.add_metric([category, name], number)
                failed.add_metric([category, name], failures)
                seconds.add_metric([category, name], took)
        yield from (count, failed, seconds)
    lists = _gauge(
        "list_first_byte_seconds",
        "How long an Arr computed a list the last time, before it sent it.",
        ["category", "list"],
    )
    for category, one in counters.items():
        for path, took in one.first_byte_seconds.items():
            lists.add_metric([category, path], took)
    yield lists


def _messages(context: HandlerContext) -> Iterator[Metric]:
    ended = _counter("notifications", "Attempts to send a message, by how they ended.", ["kind", "outcome"])
    for (kind, outcome), number in context.messages.ended.items():
        ended.add_metric([kind, outcome], number)
    yield ended


def _assistants(context: HandlerContext) -> Iterator[Metric]:
    calls = _counter("assistant_calls", "Calls of assistants.", ["tool"])
    failed = _counter("assistant_calls_failed", "Those that were answered by an error.", ["tool"])
    for tool in sorted({tool for tool, _ in context.tool_calls}):
        failures = context.tool_calls[tool, True]
        calls.add_metric([tool], context.tool_calls[tool, False] + failures)
        failed.add_metric([tool], failures)
    yield from (calls, failed)


async def _others(context: HandlerContext) -> list[Metric]:
    """Make the metrics of what others did, and of how Shadow compares with it."""
    left = _gauge(
        "torrents_left_without_us", "Torrents that left within a day without an action of ours.", ["category"]
    )
    found = await torrents.departures_since(context.database, context.clock.wall() - _DAY_SECONDS)
    beside = _gauge("compared_torrents", "Torrents of a day, by how Shadow and others compare.", ["category", "kind"])
    compared = await comparison.counts_of_a_day(context)
    for category in context.workers.processes:
        left.add_metric([category], found.get(category, 0))
        for kind in Class:
            beside.add_metric([category, kind], compared[category, kind])
    return [left, beside]


def _inbox(entries: Iterable[InboxEntry]) -> Iterator[Metric]:
    waiting = _gauge("inbox_entries", "What waits for the user, by what it is.", ["matter"])
    numbers = Counter(one.matter for one in entries)
    for matter in get_args(Matter):
        waiting.add_metric([matter], numbers[matter])
    yield waiting


def _space(needs: Iterable[SpaceNeed], now: float) -> Iterator[Metric]:
    waiting = _gauge("space_waiting_downloads", "Downloads that are paused for lack of space.", ["instance"])
    lacking = _gauge("space_lacking_bytes", "What those downloads lack, each for itself.", ["instance"])
    known = [need for need in needs if need.is_known(now)]
    for instance in sorted({need.instance for need in known}):
        mine = [need for need in known if need.instance == instance]
        waiting.add_metric([instance], len({need.infohash for need in mine}))
        lacking.add_metric([instance], sum(need.lacks_bytes for need in mine))
    yield from (waiting, lacking)


def _actions(numbers: Iterable[tuple[str, str, str, str, int]]) -> Iterator[Metric]:
    actions = _gauge(
        "actions", "Actions on torrents in the ledger, by rule and outcome.", ["category", "action", "rule", "state"]
    )
    for category, action, rule, state, number in numbers:
        actions.add_metric([category, action, rule, state], number)
    yield actions


def _orphans(totals: Mapping[str, OrphanTotal], failures: Mapping[str, int]) -> Iterator[Metric]:
    number = _gauge("orphan_files", "Files that belong to no torrent, by what became of them.", ["state"])
    size = _gauge("orphan_bytes", "Their bytes.", ["state"])
    due = _gauge("orphan_due_files", "Those that were unknown and unchanged for long enough.")
    failed = _counter("orphan_failures", "What the disk refused to do with such files, by why.", ["reason"])
    for state in OrphanState:
        total = totals.get(state)
        number.add_metric([state], 0 if total is None else total.files)
        size.add_metric([state], 0 if total is None else total.size_bytes)
    due.add_metric([], sum(total.due_files for total in totals.values()))
    for reason, times in failures.items():
        failed.add_metric([reason], times)
    yield from (number, size, due, failed)


def _catalogue(sizes: Iterable[tuple[str, str, int, Counts]]) -> Iterator[Metric]:
    items = _gauge("catalogue_items", "Movies, series or artists of an Arr.", ["category", "kind"])
    monitored = _gauge("catalogue_monitored", "Monitored movies, episodes or albums.", ["category", "kind"])
    missing = _gauge("catalogue_missing", "Monitored ones that have no file.", ["category", "kind"])
    for category, kind, number, counts in sizes:
        items.add_metric([category, kind], number)
        monitored.add_metric([category, kind], counts.monitored)
        missing.add_metric([category, kind], counts.missing)
    yield from (items, monitored, missing)


def _search_budgets(context: HandlerContext, stored: dict[str, StoredBudget]) -> Iterator[Metric]:
    arrs = [arr for process in context.workers.processes.values() if (arr := process.config.arr_section) is not None]
    rates = {arr.category: arr.entry_search.searches_per_hour for arr in arrs}
    now = Moment(context.clock.wall(), context.clock.monotonic())
    tokens = _gauge("search_budget", "Searches that may be sent at once; below zero while none may.", ["category"])
    rate = _gauge("search_budget_per_hour", "The most searches within an hour.", ["category"])
    for category, per_hour in {"": context.loaded.config.settings.searches_per_hour, **rates}.items():
        if found := stored.get(category):
            bucket = budget.filled(Bucket(found.tokens, Moment(found.wall, found.monotonic)), per_hour, now)
        else:
            bucket = budget.full(per_hour, now)
        tokens.add_metric([category], bucket.tokens)
        rate.add_metric([category], per_hour)
    yield from (tokens, rate)


async def _search_metrics(context: HandlerContext) -> list[Metric]:
    resting = _gauge("search_seasons_resting", "Seasons that are searched by their episodes for now.", ["category"])
    again = _gauge(
        "search_items_again", "Items to be searched again at once, as the last time proved nothing.", ["category"]
    )
    used = _gauge("search_indexer_queries", "Queries that an indexer got in its period.", ["category", "indexer"])
    limit = _gauge("search_indexer_query_limit", "Its limit in Prowlarr.", ["category", "indexer"])
    marked = await searches.to_repeat(context.database)
    for process in context.workers.processes.values():
        if (arr := process.config.arr_section) is not None:
            seasons = await resting_seasons(context, arr.category, arr.entry_search)
            resting.add_metric([arr.category], len(seasons))
            again.add_metric([arr.category], marked.get(arr.category, 0))
            for one in await query_limits(context, arr.category):
                used.add_metric([arr.category, one.name], one.used)
                limit.add_metric([arr.category, one.name], one.limit)
    return [resting, again, used, limit]
