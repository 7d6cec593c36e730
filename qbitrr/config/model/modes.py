"""Modes of rules: which rules have one, and which modes each may have. `PrivatePolicy` and `PublicPolicy` set them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

RuleMode = Literal["off", "shadow", "ask", "tag", "act"]
"""What becomes of the action that a rule asks for, the mildest first.

off: nothing. shadow: it is recorded. ask: it waits for the user's answer. tag: the torrent is tagged instead. act: it
is carried out.
"""
MODES: tuple[RuleMode, ...] = get_args(RuleMode)
OLD_MODES: Mapping[str, RuleMode] = MappingProxyType({"leave": "off"})
"""Values of earlier versions."""

_FAILING = MODES
_ENDING: tuple[RuleMode, ...] = ("off", "shadow", "ask", "act")
_PRELIMINARY: tuple[RuleMode, ...] = ("off", "shadow", "act")
"""What waits for an answer would keep the rules behind it from being asked."""

RULES_BY_PRIVACY = frozenset(
    {
        "arr_refuses_it",
        "custom_format_unmet",
        "nothing_playable",
        "nothing_to_import",
        "room_needed",
        "slow",
        "slow_by_speed",
        "stalled",
        "stalled_is_searched_again",
        "superseded",
        "unavailable",
        "unplayable",
    }
)
"""Rules that leave private torrents by default, and for which `default` counts."""
MODES_OF_RULES: Mapping[str, tuple[RuleMode, ...]] = MappingProxyType(
    {
        **dict.fromkeys(sorted(RULES_BY_PRIVACY), _FAILING),
        "stalled_is_searched_again": ("off", "shadow", "tag", "act"),
        "room_needed": _ENDING,
        "superseded": _ENDING,
        "unregistered": _FAILING,
        "arr_refuses_the_rest": _FAILING,
        "seeding_is_over": _ENDING,
        "files_are_missing": _ENDING,
        "in_error": _ENDING,
        "settings_differ": _PRELIMINARY,
        "unwanted_files": _PRELIMINARY,
        "excluded_files_are_left": _PRELIMINARY,
    }
)
"""The modes that each rule may have. Rules that are not named here always act, or never do."""


def mode_of(written: str) -> RuleMode | None:
    """Read a mode, also by the name of an earlier version; None for what is none."""
    return next((mode for mode in MODES if mode == OLD_MODES.get(written, written)), None)
