"""The task that switches quality profiles and switches them back, many in one request, each step remembered first."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING

from qbitrr import logs
from qbitrr.backoff import Backoff
from qbitrr.errors import CredentialsRejectedError, GoneError, RefusedError, ServiceError, ThrottledError
from qbitrr.rules.search.profile_switch import Parent, StoredSwitch, SwitchRules, SwitchStage, decide, resolved
from qbitrr.state import catalogue, profile_switches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qbitrr.rules.search.profile_switch import SwitchStep
    from qbitrr.worker.context import WorkerContext

_log = logs.get(__name__)

AT_ONCE = 100
_TRY_AGAIN = Backoff(first_seconds=1.0, limit_seconds=30.0)


class ProfileSwitcher:
    """The temporary profiles of one category.

    `turn` keeps the library from being read meanwhile: what was read before a switch would look like a person's choice.
    """

    def __init__(self, context: WorkerContext, turn: asyncio.Lock) -> None:
        self._arr = context.config.arr
        self._shadow = context.config.shadow
        self._client = context.services.arr
        self._database = context.database
        self._report = context.report
        self._clock = context.clock
        self._turn = turn
        self._reset = context.config.arr.entry_search.force_reset_temp_profiles

    async def look(self) -> None:
        """Switch what has to be switched. Raises a ServiceError; what was remembered is then resumed the next time."""
        entry, category = self._arr.entry_search, self._arr.category
        active = entry.use_temp_for_missing and entry.search_missing
        mappings = entry.quality_profile_mappings if active or self._reset else {}
        if self._shadow or await catalogue.synced_at(self._database, category) is None:
            return
        if not mappings and not await profile_switches.memories(self._database, category):
            return
        async with self._turn:
            with self._report.operation("profiles", "search"):
                ids, names = await self._known()
                temporary, wrong = resolved(mappings, ids)
                self._tell_wrong(wrong)
                rules = SwitchRules(
                    temporary=temporary if active else {},
                    keep=entry.keep_temp_profile,
                    timeout_seconds=entry.temp_profile_reset_timeout_seconds,
                    reset=self._reset,
                )
                await self._go(rules, ids, names, {name for pair in mappings.items() for name in pair})
        self._reset = False

    async def _known(self) -> tuple[dict[str, list[int]], dict[int, str]]:
        """The profiles of the Arr: ids by name, names by id."""
        ids: defaultdict[str, list[int]] = defaultdict(list)
        names: dict[int, str] = {}
        for number, profile in (await self._client.quality_profiles()).items():
            names[number] = profile.name or ""
            ids[names[number]].append(number)
        return dict(ids), names

    def _tell_wrong(self, wrong: Sequence[str]) -> None:
        key = f"{self._arr.section}.EntrySearch.QualityProfileMappings"
        if not wrong:
            self._report.goes_on("profiles", key)
            return
        listed = ", ".join(f'"{name}"' for name in wrong)
        text = f"{self._arr.section} has not exactly one quality profile called {listed}; these are left out"
        self._report.waits("profiles", key, text, needs_attention=True)

    async def _go(
        self, rules: SwitchRules, ids: Mapping[str, list[int]], names: Mapping[int, str], of: set[str]
    ) -> None:
        category, kind = self._arr.category, self._arr.kind
        await profile_switches.forget_gone(self._database, category, kind)
        rows = await profile_switches.memories(self._database, category)
        remembered = {number: StoredSwitch(row[0], row[1], SwitchStage(row[2]), row[3]) for number, row in rows.items()}

        def steps(parents: Iterable[Parent]) -> list[tuple[Parent, SwitchStep]]:
            now = self._clock.wall()
            decided = ((parent, decide(parent, remembered.get(parent.id), rules, now)) for parent in parents)
            return [(parent, step) for parent, step in decided if step is not None]

        unmonitored = self._arr.entry_search.unmonitored
        listed = await profile_switches.parents(self._database, category, kind, of, unmonitored=unmonitored)
        found = steps(Parent(number, title, _only(ids.get(name)), missing) for number, title, name, missing in listed)
        unsent = [one for one in found if not one[1].set_profile_id]
        # what a person did a moment ago is not in the catalogue yet
        fresh = steps(await self._read_again([parent for parent, step in found if step.set_profile_id]))
        await profile_switches.remember(
            self._database, category, {parent.id: step.stored for parent, step in unsent + fresh}
        )
        sending = sorted((one for one in fresh if one[1].set_profile_id), key=_profile_to_set)
        for profile_id, some in groupby(sending, key=_profile_to_set):
            chosen = list(some)
            for start in range(0, len(chosen), AT_ONCE):
                await self._set(profile_id, names[profile_id], chosen[start : start + AT_ONCE])

    async def _read_again(self, parents: Sequence[Parent]) -> list[Parent]:
        """The same with the profiles that the Arr says now; without those that are gone."""
        current = await self._client.quality_profiles_of([parent.id for parent in parents])
        return [parent._replace(profile_id=current[parent.id]) for parent in parents if parent.id in current]

    async def _set(self, profile_id: int, profile: str, some: Sequence[tuple[Parent, SwitchStep]]) -> None:
        """Have the Arr take a profile for some. One that it will not take it for does not hinder the others."""
        try:
            await self._send([parent.id for parent, _ in some], profile_id)
        except (RefusedError, GoneError) as error:
            if len(some) > 1:
                for one in some:
                    await self._set(profile_id, profile, [one])
                return
            _log.warning("quality profile was refused", title=some[0][0].title, profile=profile, error=str(error))
            return
        await profile_switches.switched(
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
                _log.warning("quality profile is tried again", attempt=attempt, error=str(error))
            else:
                return
            await asyncio.sleep(_TRY_AGAIN.seconds(attempt))


def _profile_to_set(one: tuple[Parent, SwitchStep]) -> int:
    return one[1].set_profile_id or 0


def _only(ids: list[int] | None) -> int | None:
    """The profile of a name that exactly one has."""
    return ids[0] if ids is not None and len(ids) == 1 else None
