"""Which movies, series and artists get a temporary quality profile, and when they get their own one back. Pure.

What is missing is easier to find with a profile that takes more (`UseTempForMissing`, `QualityProfileMappings`). The
profile that something had is remembered before it is switched, and it gets exactly that one back: when nothing is
missing any more (unless `KeepTempProfile`), after `TempProfileResetTimeoutMinutes`, with `ForceResetTempProfiles` at
start, and when the mapping no longer asks for it. A profile that a person set meanwhile stays.

    none ──> switching ──> switched ──> restoring ──> none
                              │            └──after the time──> resting ──as long again──> switching
                              └──another profile: a person's choice──> left ──nothing missing──> none
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping


class SwitchStage(StrEnum):
    """How far it is with what is remembered of a parent."""

    SWITCHING = "switching"
    """It is sent, or about to be."""
    SWITCHED = "switched"
    RESTORING = "restoring"
    RESTING = "resting"
    """It had the temporary profile for long enough, in vain."""
    LEFT = "left"
    """A person chose another profile."""


class Parent(NamedTuple):
    """A movie, series or artist: its profile in the Arr, None when that is not known; whether something is missing."""

    id: int
    title: str
    profile_id: int | None
    missing: bool


class StoredSwitch(NamedTuple):
    """What is remembered of a parent; `at` is when its stage began, in epoch seconds."""

    original_id: int
    temporary_id: int
    stage: SwitchStage
    at: float


class SwitchRules(Struct, frozen=True):
    """The keys. `temporary` maps a profile to its temporary one and is empty when the feature is off.

    `reset` is True for what has a temporary profile as qbitrr starts, remembered or not.
    """

    temporary: Mapping[int, int]
    keep: bool = False
    timeout_seconds: float = 0.0
    reset: bool = False


class SwitchStep(NamedTuple):
    """What is next for a parent: its memory from now on, None for none, and the profile that is to be set, if any."""

    memory: StoredSwitch | None
    set_profile_id: int | None
    because: str


def decide(parent: Parent, memory: StoredSwitch | None, rules: SwitchRules, now: float) -> SwitchStep | None:
    """What is to be done; None for nothing. Doing it again after a crash, or with old facts, does no harm."""
    if parent.profile_id is None:
        return None
    if memory is None:
        return _new(parent, rules, now)
    return _NEXT[memory.stage](parent, memory, rules, now)


def _new(parent: Parent, rules: SwitchRules, now: float) -> SwitchStep | None:
    profile = parent.profile_id
    assert profile is not None
    temporary = rules.temporary.get(profile)
    if parent.missing and temporary is not None and temporary != profile:
        return SwitchStep(
            StoredSwitch(profile, temporary, SwitchStage.SWITCHING, now), temporary, "something is missing"
        )
    if rules.reset and not parent.missing:
        mains = [main for main, temporary in rules.temporary.items() if temporary == profile and main != profile]
        if len(mains) == 1:  # of several nobody knows which
            memory = StoredSwitch(mains[0], profile, SwitchStage.RESTORING, now)
            return SwitchStep(memory, mains[0], "ForceResetTempProfiles is on")
    return None


def _switching(parent: Parent, memory: StoredSwitch, rules: SwitchRules, now: float) -> SwitchStep | None:
    """It was not seen to arrive."""
    if parent.profile_id == memory.temporary_id:
        return SwitchStep(memory._replace(stage=SwitchStage.SWITCHED, at=now), None, "it was switched")
    if parent.profile_id != memory.original_id:
        return _theirs(parent, memory, now)
    if parent.missing and rules.temporary.get(memory.original_id) == memory.temporary_id:
        return SwitchStep(memory, memory.temporary_id, "something is missing")
    return SwitchStep(None, None, "it need not be switched any more")


def _switched(parent: Parent, memory: StoredSwitch, rules: SwitchRules, now: float) -> SwitchStep | None:
    if parent.profile_id != memory.temporary_id:
        return _theirs(parent, memory, now)
    because = _why_restore(parent, memory, rules, now)
    if because is None:
        return None
    return SwitchStep(memory._replace(stage=SwitchStage.RESTORING, at=now), memory.original_id, because)


def _why_restore(parent: Parent, memory: StoredSwitch, rules: SwitchRules, now: float) -> str | None:
    if rules.temporary.get(memory.original_id) != memory.temporary_id:
        return "the configuration no longer asks for it"
    if not parent.missing and (rules.reset or not rules.keep):
        return "nothing is missing any more"
    if rules.timeout_seconds and now - memory.at >= rules.timeout_seconds:
        return "TempProfileResetTimeoutMinutes is over"
    return None


def _restoring(parent: Parent, memory: StoredSwitch, rules: SwitchRules, now: float) -> SwitchStep | None:
    if parent.profile_id == memory.temporary_id:
        return SwitchStep(memory, memory.original_id, "it was not seen to arrive")
    comes_again = parent.missing and rules.timeout_seconds > 0 and memory.original_id in rules.temporary
    if parent.profile_id == memory.original_id and comes_again:
        return SwitchStep(memory._replace(stage=SwitchStage.RESTING, at=now), None, "it has its own profile again")
    return SwitchStep(None, None, "it has its own profile again, or one that a person chose")


def _resting(parent: Parent, memory: StoredSwitch, rules: SwitchRules, now: float) -> SwitchStep | None:
    """After a restoration something may still be missing: what was tried in vain is tried again as much later."""
    if parent.profile_id != memory.original_id:
        return _theirs(parent, memory, now)
    temporary = rules.temporary.get(memory.original_id)
    if not parent.missing or temporary is None:
        return SwitchStep(None, None, "there is nothing to wait for any more")
    if now - memory.at >= rules.timeout_seconds:
        return SwitchStep(
            StoredSwitch(memory.original_id, temporary, SwitchStage.SWITCHING, now),
            temporary,
            "something is missing still",
        )
    return None


def _left(parent: Parent, memory: StoredSwitch, rules: SwitchRules, _now: float) -> SwitchStep | None:
    if parent.missing and memory.original_id in rules.temporary:
        return None
    return SwitchStep(None, None, "nothing is missing any more")


_NEXT = {
    SwitchStage.SWITCHING: _switching,
    SwitchStage.SWITCHED: _switched,
    SwitchStage.RESTORING: _restoring,
    SwitchStage.RESTING: _resting,
    SwitchStage.LEFT: _left,
}


def _theirs(parent: Parent, memory: StoredSwitch, now: float) -> SwitchStep:
    """A person chose a profile; that counts for as long as something is missing."""
    if parent.missing:
        return SwitchStep(memory._replace(stage=SwitchStage.LEFT, at=now), None, "somebody chose another profile")
    return SwitchStep(None, None, "somebody chose another profile")


def resolved(mappings: Mapping[str, str], ids: Mapping[str, list[int]]) -> tuple[dict[int, int], list[str]]:
    """The mapping by the Arr's ids of profiles, and the names in it that stand for none or for several."""
    wrong = sorted({name for pair in mappings.items() for name in pair if len(ids.get(name, ())) != 1})
    usable = {
        ids[main][0]: ids[temporary][0]
        for main, temporary in mappings.items()
        if main not in wrong and temporary not in wrong
    }
    return usable, wrong
