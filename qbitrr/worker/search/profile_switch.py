"""Switching quality profiles to temporary ones and back, many in one request, each step stored before it is sent."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.errors import CredentialsRejectedError, GoneError, RefusedError, ServiceError, ThrottledError
from qbitrr.rules.search.profile_switch import Parent, SwitchRules, decide, resolved
from qbitrr.state import catalogue, profile_switches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qbitrr.rules.search.profile_switch import SwitchStep
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)

AT_ONCE = 100
_KNOWN_SECONDS = 300.0  # an edit of the quality profiles themselves is seen after so long
_RETRY = Backoff(first_seconds=1.0, limit_seconds=30.0)


class ProfileSwitcher:
    """The temporary profiles of one category.

    `reading` keeps the library from being read meanwhile: a profile read before a switch looks like the user's choice.
    """

    def __init__(self, context: WorkerContext, reading: asyncio.Lock) -> None:
        self._arr = context.config.arr
        self._read_only = context.config.read_only
        self._client = context.services.arr
        self._database = context.database
        self._report = context.report
        self._clock = context.clock
        self._reading = reading
        self._reset = context.config.arr.entry_search.force_reset_temp_profiles
        self._known: tuple[dict[str, list[int]], dict[int, str]] = ({}, {})
        self._known_at: float | None = None

    async def one_round(self) -> None:
        """Switch what has to be switched. Raises a ServiceError; the stored steps are resumed in the next round."""
        entry, category = self._arr.entry_search, self._arr.category
        active = entry.use_temp_for_missing and entry.search_missing
        mappings = entry.quality_profile_mappings if active or self._reset else {}
        if self._read_only or await catalogue.synced_at(self._database, category) is None:
            return
        if not mappings and not await profile_switches.read(self._database, category):
            return
        async with self._reading:
            with self._report.operation("profiles", "search"):
                ids, names = await self._profiles()
                temporary, wrong = resolved(mappings, ids)
                self._report_wrong(wrong)
                rules = SwitchRules(
                    temporary=temporary if active else {},
                    keep=entry.keep_temp_profile,
                    timeout_seconds=entry.temp_profile_reset_timeout_seconds,
                    reset=self._reset,
                )
                await self._switch(rules, ids, names, {name for pair in mappings.items() for name in pair})
        self._reset = False

    async def _profiles(self) -> tuple[dict[str, list[int]], dict[int, str]]:
        """Return the profiles of the Arr: ids by name, names by id. They were read some minutes ago at most."""
        now = self._clock.monotonic()
        if self._known_at is None or now >= self._known_at + _KNOWN_SECONDS:
            self._known, self._known_at = await self._read_profiles(), now
        return self._known

    async def _read_profiles(self) -> tuple[dict[str, list[int]], dict[int, str]]:
        ids: defaultdict[str, list[int]] = defaultdict(list)
        names: dict[int, str] = {}
        for number, profile in (await self._client.quality_profiles()).items():
            names[number] = profile.name or ""
            ids[names[number]].append(number)
        return dict(ids), names

    def _report_wrong(self, wrong: Sequence[str]) -> None:
        key = f"{self._arr.section}.EntrySearch.QualityProfileMappings"
        if not wrong:
            self._report.goes_on("profiles", key)
            return
        listed = ", ".join(f'"{name}"' for name in wrong)
        text = f"{self._arr.section} has not exactly one quality profile called {listed}; these are left out"
        self._report.waits("profiles", key, text, needs_attention=True)

    async def _switch(
        self, rules: SwitchRules, ids: Mapping[str, list[int]], names: Mapping[int, str], of: set[str]
    ) -> None:
        category, kind = self._arr.category, self._arr.kind
        await profile_switches.drop_gone(self._database, category, kind)
        stored = await profile_switches.read(self._database, category)

        def steps(parents: Iterable[Parent]) -> list[tuple[Parent, SwitchStep]]:
            now = self._clock.wall()
            decided = ((parent, decide(parent, stored.get(parent.id), rules, now)) for parent in parents)
            return [(parent, step) for parent, step in decided if step is not None]

        unmonitored = self._arr.entry_search.unmonitored
        listed = await profile_switches.parents(self._database, category, kind, of, unmonitored=unmonitored)
        found = steps(Parent(number, title, _only(ids.get(name)), missing) for number, title, name, missing in listed)
        unsent = [one for one in found if not one[1].set_profile_id]
        # a choice that the user made a moment ago is not in the catalogue yet
        fresh = steps(await self._read_again([parent for parent, step in found if step.set_profile_id]))
        await profile_switches.store(
            self._database, category, {parent.id: step.stored for parent, step in unsent + fresh}
        )
        sending = sorted((one for one in fresh if one[1].set_profile_id), key=_profile_to_set)
        if not names.keys() >= set(map(_profile_to_set, sending)):  # one that was made since
            _, names = await self._read_profiles()
        for profile_id, some in groupby(sending, key=_profile_to_set):
            chosen = list(some)
            for start in range(0, len(chosen), AT_ONCE):
                await self._set(profile_id, names[profile_id], chosen[start : start + AT_ONCE])

    async def _read_again(self, parents: Sequence[Parent]) -> list[Parent]:
        """Read the present profiles of parents from the Arr; those that are gone are left out."""
        current = await self._client.quality_profiles_of([parent.id for parent in parents])
        return [parent._replace(profile_id=current[parent.id]) for parent in parents if parent.id in current]

    async def _set(self, profile_id: int, profile: str, some: Sequence[tuple[Parent, SwitchStep]]) -> None:
        """Set a profile in the Arr for some parents. One for which the Arr refuses it does not hinder the others."""
        try:
            await self._send([parent.id for parent, _ in some], profile_id)
        except (RefusedError, GoneError) as error:
            if len(some) > 1:
                for one in some:
                    await self._set(profile_id, profile, [one])
                return
            _log.warning("quality profile was refused", title=some[0][0].title, profile=profile, error=str(error))
            return
        await profile_switches.set_profile(
            self._database, self._arr.category, self._arr.kind, [parent.id for parent, _ in some], profile
        )
        for parent, step in some:
            _log.info("quality profile was switched", title=parent.title, profile=profile, because=step.because)

    async def _send(self, ids: list[int], profile_id: int) -> None:
        attempts = max(1, self._arr.entry_search.profile_switch_retry_attempts)
        for attempt in itertools.count(1):
            try:
                await self._client.set_quality_profile(ids, profile_id)
            except ServiceError as error:
                hopeless = isinstance(error, CredentialsRejectedError | ThrottledError | GoneError)
                if hopeless or attempt >= attempts:
                    raise
                _log.warning("quality profile will be sent again", attempt=attempt, error=str(error))
            else:
                return
            await asyncio.sleep(_RETRY.seconds(attempt))


def _profile_to_set(one: tuple[Parent, SwitchStep]) -> int:
    return one[1].set_profile_id or 0


def _only(ids: list[int] | None) -> int | None:
    """Return the id of a name that exactly one profile has."""
    return ids[0] if ids is not None and len(ids) == 1 else None
