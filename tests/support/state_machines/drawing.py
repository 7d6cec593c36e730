"""Transitions as a diagram and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NOTHING = "nothing"


class Transition(Struct, frozen=True):
    """One change: the state before, what happened, the state after, and what follows from it."""

    before: str
    event: str
    after: str
    effect: str = ""


def diagram(transitions: Iterable[Transition], initial: str) -> str:
    """A Mermaid diagram of the changes between different states, one arrow for each pair."""
    events: dict[tuple[str, str], dict[str, None]] = {}
    for one in transitions:
        if one.before != one.after:
            events.setdefault((one.before, one.after), {})[one.event] = None
    names = dict.fromkeys(name for pair in events for name in pair)
    aliases = [f'    state "{name}" as {_alias(name)}' for name in names if name != _alias(name)]
    arrows = [
        f"    {_alias(before)} --> {_alias(after)}: {' / '.join(labels)}" for (before, after), labels in events.items()
    ]
    return "\n".join(("```mermaid", "stateDiagram-v2", *aliases, f"    [*] --> {_alias(initial)}", *arrows, "```"))


def table(transitions: Iterable[Transition], effect: str) -> str:
    """Transitions as a Markdown table: states in which an event does the same share a row.

    `effect` is the heading of the last column.
    """
    effects: dict[tuple[str, str, str], dict[str, None]] = {}
    for one in transitions:
        effects.setdefault((one.before, one.event, one.after), {})[one.effect] = None
    states: dict[tuple[str, str, str], list[str]] = {}
    for (before, event, after), several in effects.items():
        states.setdefault((event, after, _one_of(several)), []).append(before)
    rows = [f"| {', '.join(some)} | {event} | {after} | {what} |" for (event, after, what), some in states.items()]
    return "\n".join((f"| State | Event | Becomes | {effect} |", "|---|---|---|---|", *rows))


def in_order(transitions: Iterable[Transition], states: Sequence[str], events: Sequence[str]) -> list[Transition]:
    """Sorted by state, event and state after, each once."""
    return sorted(
        set(transitions),
        key=lambda one: (states.index(one.before), events.index(one.event), states.index(one.after), one.effect),
    )


def _one_of(effects: Mapping[str, None]) -> str:
    if len(effects) == 1:
        return next(iter(effects))
    return " or ".join(sorted(effect or _NOTHING for effect in effects))


def _alias(name: str) -> str:
    return name.replace(" ", "_")
