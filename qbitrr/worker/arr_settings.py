"""Settings of the Arr that contradict ours: read at the start, after a reload, once an hour, and when it says so."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from qbitrr import logs
from qbitrr.arr import facts
from qbitrr.errors import GoneError, RefusedError, UnexpectedAnswerError
from qbitrr.rules.arr_settings import PASSING, ArrSettings, OurSettings, contradictions
from qbitrr.worker.torrents.policy import Policies

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from qbitrr.arr.client import ArrClient
    from qbitrr.rules.arr_settings import Contradiction, ContradictionKind
    from qbitrr.rules.policy import SeedingPolicy
    from qbitrr.worker.config import WorkerConfig
    from qbitrr.worker.context import WorkerContext

T = TypeVar("T")

_log = logs.get(__name__)

READ_SECONDS = 3600.0
_PASSING_SECONDS = 300.0
"""For so long trouble that may pass has to last; so often the settings are read at most because the Arr pushed."""


class ArrSettingsWatch:
    """Reads the settings of one Arr and reports what contradicts. Set `wake` to read them now."""

    def __init__(self, context: WorkerContext) -> None:
        self.wake = asyncio.Event()
        self._client = context.services.arr
        self._report = context.report
        self._clock = context.clock
        self._ours = our_settings(context.config)
        self._read_at: float | None = None
        self._since: dict[ContradictionKind, float] = {}
        self._reported: list[Contradiction] = []
        self._timer: asyncio.TimerHandle | None = None

    async def read(self) -> None:
        """Read the settings and report what contradicts. Raises a ServiceError; what was reported then stays."""
        self._read_at = self._clock.monotonic()
        found = contradictions(await read_settings(self._client), self._ours)
        now = self._clock.monotonic()
        self._since = {one.kind: self._since.get(one.kind, now) for one in found}
        lasting = [one for one in found if one.kind not in PASSING or now >= self._since[one.kind] + _PASSING_SECONDS]
        if len(lasting) < len(found):
            self._wake_in(_PASSING_SECONDS)
        self._log(lasting)
        self._report.contradicted(lasting)

    def on_health(self) -> None:
        """Note that the Arr pushed a change of its health. A burst of them is one reading."""
        if self._read_at is not None:
            self._wake_in(self._read_at + _PASSING_SECONDS - self._clock.monotonic())

    def _wake_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self.wake.set)

    def _log(self, now: list[Contradiction]) -> None:
        for one in now:
            if one not in self._reported:
                _log.warning("setting of the Arr contradicts", text=one.text, remedy=one.remedy, words=one.words)
        remaining = {one.kind for one in now}
        for kind in {one.kind for one in self._reported} - remaining:
            _log.info("setting of the Arr contradicts no longer", kind=str(kind))
        self._reported = now


async def read_settings(client: ArrClient) -> ArrSettings:
    """Read the settings and the health of an Arr. Raises a ServiceError when it does not answer at all."""
    downloads = await _known(client.download_settings())
    clients = await _known(client.download_clients())
    mappings = await _known(client.path_mappings())
    health = await _known(client.health())
    tags = await _known(client.tags())
    return ArrSettings(
        handles_completed=None if downloads is None else downloads.enable_completed_download_handling,
        clients=None if clients is None else facts.client_settings(clients),
        mappings=None if mappings is None else facts.path_mappings(mappings),
        health=None if health is None else facts.health_issues(health),
        tags=None if tags is None else frozenset(tags),
    )


async def _known(answer: Awaitable[T]) -> T | None:
    """The answer; None from an Arr that answers, but not this."""
    try:
        return await answer
    except (GoneError, RefusedError, UnexpectedAnswerError):
        return None


def our_settings(config: WorkerConfig) -> OurSettings:
    """Extract what an Arr's settings can contradict."""
    arr, policies = config.arr, Policies(config)
    seeding = [policies.seeding(qbit.section, arr.category) for qbit in config.qbits]
    return OurSettings(
        app=arr.kind.capitalize(),
        section=arr.section,
        category=arr.category,
        managed=frozenset(config.categories).union(*(qbit.managed_categories for qbit in config.qbits)),
        with_subcategories=config.parents,
        quarantine=config.settings.quarantine_seconds > 0,
        hit_and_run=any(policy.hit_and_run.any for policy in seeding),
        seeding_limits=any(map(_has_limits, seeding)),
        include_tags=arr.entry_search.include_tags,
        exclude_tags=arr.entry_search.exclude_tags,
    )


def _has_limits(policy: SeedingPolicy) -> bool:
    limits = [(policy.limits.max_upload_ratio, policy.limits.max_seeding_seconds)]
    limits += [(row.max_upload_ratio, row.max_seeding_seconds) for row in policy.rows]
    return any(ratio > 0 or seconds > 0 for ratio, seconds in limits)
