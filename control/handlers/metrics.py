"""`/metrics`: for Prometheus."""

import os
from collections.abc import Iterable, Iterator

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from control.context import HandlerContext
from control.handlers.shared import Nothing
from control.process_memory import resident_bytes
from control.web import answers
from qbitrr import __version__
from qbitrr.rules.search import budget
from qbitrr.rules.search.budget import Bucket, Moment
from qbitrr.state import ledger, listing, searches
from qbitrr.state.listing import Counts
from qbitrr.state.searches import StoredBudget
from supervisor.lifecycle import Phase


async def read(context: HandlerContext, _request: Nothing, _http: web.Request) -> web.Response:
    """The state of everything, in the text format of Prometheus."""
    return answers.plain(await text(context), CONTENT_TYPE_LATEST, {"Cache-Control": "no-store"})


async def text(context: HandlerContext) -> bytes:
    """All metrics in the text format of Prometheus."""
    numbers = await ledger.numbers(context.database)
    sizes = await listing.sizes(context.database)
    left = _searches(context, await searches.budgets(context.database))
    metrics = [*_daemon(context), *_workers(context), *_actions(numbers), *_catalogue(sizes), *left]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(metrics))
    return generate_latest(registry)


class _Given:
    """A collector of metrics that are there already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _gauge(name: str, help_: str, labels: Iterable[str] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"qbitrr_{name}", help_, labels=list(labels))


def _counter(name: str, help_: str, labels: Iterable[str] = ()) -> CounterMetricFamily:
    return CounterMetricFamily(f"qbitrr_{name}", help_, labels=list(labels))


def _daemon(context: HandlerContext) -> Iterator[Metric]:
    info = _gauge("info", "The version that runs.", ["version"])
    info.add_metric([__version__], 1)
    yield info
    lag = _gauge("loop_lag_seconds", "How late the supervisor's loop was at worst in the last minute.")
    lag.add_metric([], context.supervisor.lag.worst_seconds)
    yield lag
    memory = _gauge("memory_bytes", "Resident memory of the supervisor.")
    memory.add_metric([], resident_bytes(os.getpid(), context.clock.monotonic()) or 0)
    yield memory
    newer = _gauge("update_available", "1 when a newer version of qbitrr is known.")
    newer.add_metric([], context.checker.available is not None)
    yield newer
    faults = _counter("request_faults", "HTTP requests that broke off unexpectedly.")
    faults.add_metric([], context.faults.count)
    yield faults
    streams = _gauge("streams", "Open event and log streams.")
    streams.add_metric([], context.streams.taken)
    yield streams


def _workers(context: HandlerContext) -> Iterator[Metric]:
    now, monotonic = context.clock.wall(), context.clock.monotonic()
    state = _gauge("worker_state", "1 for the state that a worker is in.", ["category", "state"])
    restarts = _counter("worker_restarts", "Unexpected ends of a worker's process.", ["category"])
    beat = _gauge("worker_beat_age_seconds", "Time since a worker's last sign of life.", ["category"])
    errors = _counter("worker_errors", "Unexpected errors in a worker's process.", ["category"])
    memory = _gauge("worker_memory_bytes", "Resident memory of a worker.", ["category"])
    queue = _gauge("worker_queue_records", "Records in the queue of a worker's Arr.", ["category"])
    torrents = _gauge("worker_torrents", "Torrents in a worker's category.", ["category"])
    for category, process in context.supervisor.processes.items():
        said = process.said
        for phase in Phase:
            state.add_metric([category, str(phase)], process.state.phase is phase)
        restarts.add_metric([category], process.restarts)
        errors.add_metric([category], said.errors)
        known = (
            (beat, None if said.beat_at is None else max(0.0, now - said.beat_at)),
            (memory, resident_bytes(process.pid, monotonic)),
            (queue, said.queue_count),
            (torrents, said.category_count),
        )
        for gauge, value in known:
            if value is not None:
                gauge.add_metric([category], value)
    yield from (state, restarts, beat, errors, memory, queue, torrents)
    yield from _sums(context)


def _sums(context: HandlerContext) -> Iterator[Metric]:
    """Of what workers asked of services and how long their passes took."""
    processes = context.supervisor.processes
    for prefix, label, what, all_sums in (
        ("service_requests", "service", "Requests to a service", {c: processes[c].said.sums.calls for c in processes}),
        ("work", "operation", "Passes of one kind of work", {c: processes[c].said.sums.work for c in processes}),
    ):
        count = _counter(prefix, f"{what}.", ["category", label])
        failed = _counter(f"{prefix}_failed", f"{what} that failed.", ["category", label])
        seconds = _counter(f"{prefix}_seconds", f"{what}: the time they took.", ["category", label])
        for category, sums in all_sums.items():
            for name, (number, failures, took) in sums.items():
                count.add_metric([category, name], number)
                failed.add_metric([category, name], failures)
                seconds.add_metric([category, name], took)
        yield from (count, failed, seconds)


def _actions(numbers: Iterable[tuple[str, str, str, str, int]]) -> Iterator[Metric]:
    actions = _gauge(
        "actions", "Actions on torrents in the ledger, by rule and outcome.", ["category", "action", "rule", "state"]
    )
    for category, action, rule, state, number in numbers:
        actions.add_metric([category, action, rule, state], number)
    yield actions


def _catalogue(sizes: Iterable[tuple[str, str, int, Counts]]) -> Iterator[Metric]:
    items = _gauge("catalogue_items", "Movies, series or artists of an Arr.", ["category", "kind"])
    monitored = _gauge("catalogue_monitored", "Movies, episodes or albums that are wanted.", ["category", "kind"])
    missing = _gauge("catalogue_missing", "Wanted ones that are not there.", ["category", "kind"])
    for category, kind, number, counts in sizes:
        items.add_metric([category, kind], number)
        monitored.add_metric([category, kind], counts.monitored)
        missing.add_metric([category, kind], counts.missing)
    yield from (items, monitored, missing)


def _searches(context: HandlerContext, stored: dict[str, StoredBudget]) -> Iterator[Metric]:
    arrs = [arr for process in context.supervisor.processes.values() if (arr := process.config.arr_section) is not None]
    rates = {arr.category: arr.entry_search.searches_per_hour for arr in arrs}
    now = Moment(context.clock.wall(), context.clock.monotonic())
    left = _gauge("search_budget", "Searches that may be sent at once; below zero what is owed.", ["category"])
    rate = _gauge("search_budget_per_hour", "The most searches within an hour.", ["category"])
    for category, per_hour in {"": context.loaded.config.settings.searches_per_hour, **rates}.items():
        if found := stored.get(category):
            bucket = budget.filled(Bucket(found.tokens, Moment(found.wall, found.monotonic)), per_hour, now)
        else:
            bucket = budget.full(per_hour, now)
        left.add_metric([category], bucket.tokens)
        rate.add_metric([category], per_hour)
    yield from (left, rate)
