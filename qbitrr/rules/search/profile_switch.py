"""Temporary quality profiles of movies, series and artists: when to switch to one, and when to restore the original.

A missing item is easier to find with a profile that accepts more (`UseTempForMissing`, `QualityProfileMappings`). The
original profile is stored before the switch and restored: when nothing is missing any more (unless `KeepTempProfile`),
after `TempProfileResetTimeoutMinutes`, with `ForceResetTempProfiles` at start, and when the mapping no longer asks for
it. A profile that the user chose meanwhile stays.

    none ──> switching ──> switched ──> restoring ──> none
                              │            └──after the time──> resting ──as long again──> switching
                              └──another profile: the user's choice──> left ──nothing missing──> none
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping


class SwitchStage(StrEnum):
    """Stage of the switch of a parent."""

    SWITCHING = "switching"
    """The switch was sent, or is about to be."""
    SWITCHED = "switched"
    RESTORING = "restoring"
    RESTING = "resting"
    """It had the temporary profile for its time, in vain."""
    LEFT = "left"
    """The user chose another profile."""


class Parent(NamedTuple):
    """A movie, series or artist: its profile in the Arr, None when that is not known; whether something is missing."""

    id: int
    title: str
    profile_id: int | None
    missing: bool


class StoredSwitch(NamedTuple):
    """The switch of a parent as it is stored; `at` is the start of its stage, in epoch seconds."""

    original_id: int
    temporary_id: int
    stage: SwitchStage
    at: float


class SwitchRules(Struct, frozen=True):
    """Configuration of the switches. `temporary` maps a profile to its temporary one, empty when they are off.

    `reset` is true for parents that have a temporary profile when qbitrr starts, whether that is stored or not.
    """

    temporary: Mapping[int, int]
    keep: bool = False
    timeout_seconds: float = 0.0
    reset: bool = False


class SwitchStep(NamedTuple):
    """Next step for a parent: what to store, None for nothing, and the profile to set, None for none."""

    stored: StoredSwitch | None
    set_profile_id: int | None
    because: str


def decide(parent: Parent, stored: StoredSwitch | None, rules: SwitchRules, now: float) -> SwitchStep | None:
    """Decide the next step; None for none. It may be repeated after a crash, or with old facts."""
    if parent.profile_id is None:
        return None
    if stored is None:
        return _new(parent, rules, now)
    return _NEXT[stored.stage](parent, stored, rules, now)


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
        if len(mains) == 1:  # of several it is not known which
            stored = StoredSwitch(mains[0], profile, SwitchStage.RESTORING, now)
            return SwitchStep(stored, mains[0], "ForceResetTempProfiles is on")
    return None


def _switching(parent: Parent, stored: StoredSwitch, rules: SwitchRules, now: float) -> SwitchStep | None:
    """The switch was not confirmed yet."""
    if parent.profile_id == stored.temporary_id:
        return SwitchStep(stored._replace(stage=SwitchStage.SWITCHED, at=now), None, "it was switched")
    if parent.profile_id != stored.original_id:
        return _chosen_by_user(parent, stored, now)
    if parent.missing and rules.temporary.get(stored.original_id) == stored.temporary_id:
        return SwitchStep(stored, stored.temporary_id, "something is missing")
    return SwitchStep(None, None, "it need not be switched any more")


def _switched(parent: Parent, stored: StoredSwitch, rules: SwitchRules, now: float) -> SwitchStep | None:
    if parent.profile_id != stored.temporary_id:
        return _chosen_by_user(parent, stored, now)
    because = _why_restore(parent, stored, rules, now)
    if because is None:
        return None
    return SwitchStep(stored._replace(stage=SwitchStage.RESTORING, at=now), stored.original_id, because)


def _why_restore(parent: Parent, stored: StoredSwitch, rules: SwitchRules, now: float) -> str | None:
    if rules.temporary.get(stored.original_id) != stored.temporary_id:
        return "the configuration no longer asks for it"
    if not parent.missing and (rules.reset or not rules.keep):
        return "nothing is missing any more"
    if rules.timeout_seconds and now - stored.at >= rules.timeout_seconds:
        return "TempProfileResetTimeoutMinutes is over"
    return None


def _restoring(parent: Parent, stored: StoredSwitch, rules: SwitchRules, now: float) -> SwitchStep | None:
    if parent.profile_id == stored.temporary_id:
        return SwitchStep(stored, stored.original_id, "it was not confirmed")
    comes_again = parent.missing and rules.timeout_seconds > 0 and stored.original_id in rules.temporary
    if parent.profile_id == stored.original_id and comes_again:
        return SwitchStep(stored._replace(stage=SwitchStage.RESTING, at=now), None, "it has its own profile again")
    return SwitchStep(None, None, "it has its own profile again, or one that the user chose")


def _resting(parent: Parent, stored: StoredSwitch, rules: SwitchRules, now: float) -> SwitchStep | None:
    """After a restoration something may still be missing: the switch is repeated after as long a time."""
    if parent.profile_id != stored.original_id:
        return _chosen_by_user(parent, stored, now)
    temporary = rules.temporary.get(stored.original_id)
    if not parent.missing or temporary is None:
        return SwitchStep(None, None, "there is nothing to wait for any more")
    if now - stored.at >= rules.timeout_seconds:
        return SwitchStep(
            StoredSwitch(stored.original_id, temporary, SwitchStage.SWITCHING, now),
            temporary,
            "something is still missing",
        )
    return None


def _left(parent: Parent, stored: StoredSwitch, rules: SwitchRules, _now: float) -> SwitchStep | None:
    if parent.missing and stored.original_id in rules.temporary:
        return None
    return SwitchStep(None, None, "nothing is missing any more")


_NEXT = {
    SwitchStage.SWITCHING: _switching,
    SwitchStage.SWITCHED: _switched,
    SwitchStage.RESTORING: _restoring,
    SwitchStage.RESTING: _resting,
    SwitchStage.LEFT: _left,
}


def _chosen_by_user(parent: Parent, stored: StoredSwitch, now: float) -> SwitchStep:
    """Respect a profile that the user chose, for as long as something is missing."""
    if parent.missing:
        return SwitchStep(stored._replace(stage=SwitchStage.LEFT, at=now), None, "the user chose another profile")
    return SwitchStep(None, None, "the user chose another profile")


def resolved(mappings: Mapping[str, str], ids: Mapping[str, list[int]]) -> tuple[dict[int, int], list[str]]:
    """Translate a mapping of names to the Arr's profile ids; returns also the names of none or of several profiles."""
    wrong = sorted({name for pair in mappings.items() for name in pair if len(ids.get(name, ())) != 1})
    usable = {
        ids[main][0]: ids[temporary][0]
        for main, temporary in mappings.items()
        if main not in wrong and temporary not in wrong
    }
    return usable, wrong
