"""An import: every state of `qbitrr.rules.imports` with everything that queue and history may show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from qbitrr.rules.imports import (
    MOST_POLLS,
    POLL_AGAIN_SECONDS,
    REFUSAL_SECONDS,
    SETTLE_SECONDS,
    UNMOVED_SECONDS,
    ImportProof,
    ImportStep,
    ImportView,
    QueueReading,
    QueueState,
    next_step,
)
from tests.support.state_machines.drawing import Transition, diagram, in_order, table

if TYPE_CHECKING:
    from collections.abc import Iterator

PLANNED, WATCHING, SCANNED, DONE, FAILED = "planned", "watching", "scanned", "done", "failed"
STATES = (PLANNED, WATCHING, SCANNED, DONE, FAILED)
_GRABBED = ImportProof(grabbed=frozenset({1, 2}))
_PART = replace(_GRABBED, imported=frozenset({1}), touched=True)
_WHOLE = replace(_GRABBED, imported=frozenset({1, 2}), touched=True)
_BEGIN = ImportView(QueueReading(QueueState.NOT_LISTED), _GRABBED, handles_completed=True)
_BEFORE = {
    PLANNED: _BEGIN,
    WATCHING: replace(_BEGIN, polled_at=0.0, polls=1),
    SCANNED: replace(_BEGIN, polled_at=0.0, polls=1, scan_ended=True),
}
_AFTER = {ImportStep.DONE: DONE, ImportStep.ASK: WATCHING, ImportStep.SCAN: SCANNED}
_AFTER |= dict.fromkeys((ImportStep.LATER, ImportStep.STOP), FAILED)
_EFFECTS = {
    ImportStep.DONE: "the torrent is tagged",
    ImportStep.ASK: "the Arr is asked to poll its clients",
    ImportStep.SCAN: "the Arr is sent to the data",
    ImportStep.LATER: "it is tried again after a while",
    ImportStep.STOP: "the rules decide what becomes of it",
}

_TEXT = f"""\
## Imports

An import as `rules/imports.py` decides it, by what the Arr's queue and history show. *Watching*: the Arr was asked to
poll its download clients, and both are read. *Scanned*: a scan of qbitrr has ended. Nothing shown within
{SETTLE_SECONDS:g} seconds counts as nothing. What failed is tried again after 5 minutes, 15 minutes, an hour, then
every 6 hours, unless the Arr refuses it or waits for the user. [imports.md](imports.md) has the whole story."""


class _Scene(Struct, frozen=True):
    """What is shown, `seconds` after the last poll or the end of the scan."""

    event: str
    reading: QueueReading
    seconds: float = 0.0
    proof: ImportProof = _GRABBED
    handles_completed: bool = True
    polls: int = 1
    scan_failed: bool = False


_UNLISTED = QueueReading(QueueState.NOT_LISTED)
_DOWNLOADING = QueueReading(QueueState.DOWNLOADING)
_IMPORTING = QueueReading(QueueState.IMPORTING)
_PENDING = QueueReading(QueueState.IMPORTING, pending=True)
_ELSE = "anything else"
_OFF = " (completed download handling is off)"

_SCENES = (
    _Scene("every item is imported", _UNLISTED, proof=_WHOLE),
    _Scene("some items are imported, and the rest is refused", QueueReading(QueueState.REFUSED), 60.0, _PART),
    _Scene("it is refused", QueueReading(QueueState.REFUSED), REFUSAL_SECONDS),
    _Scene("it waits for the user", QueueReading(QueueState.NEEDS_USER), REFUSAL_SECONDS),
    _Scene("it is being imported", _IMPORTING, 1e6),
    _Scene("its import is pending", _PENDING, UNMOVED_SECONDS - 1),
    _Scene(f"its import is pending for {UNMOVED_SECONDS:g} seconds", _PENDING, UNMOVED_SECONDS),
    _Scene("it is listed as a download", _DOWNLOADING, POLL_AGAIN_SECONDS),
    _Scene("it is not listed", _UNLISTED, POLL_AGAIN_SECONDS),
    _Scene(f"it is not listed after {MOST_POLLS} polls", _UNLISTED, SETTLE_SECONDS, polls=MOST_POLLS),
    _Scene("it is not listed" + _OFF, _UNLISTED, handles_completed=False),
    _Scene("the scan imported nothing" + _OFF, _UNLISTED, handles_completed=False, scan_failed=True),
)


def section() -> str:
    """The part of the page on imports."""
    found = transitions()
    return "\n\n".join((_TEXT, diagram(found, PLANNED), table(found, "Effect")))


def transitions() -> list[Transition]:
    """Every change, and everything that is waited for."""
    return in_order(_play(), STATES, [*(scene.event for scene in _SCENES), _ELSE])


def steps() -> set[ImportStep]:
    """The steps that the scenes lead to."""
    return {step for _, _, step in _steps()}


def _play() -> Iterator[Transition]:
    for state, scene, step in _steps():
        event = _ELSE if state == PLANNED and step is ImportStep.ASK else scene.event
        yield Transition(state, event, _AFTER.get(step, state), _EFFECTS.get(step, "both are read again"))


def _steps() -> Iterator[tuple[str, _Scene, ImportStep]]:
    for state, before in _BEFORE.items():
        for scene in _SCENES:
            if scene.scan_failed and state != SCANNED:
                continue
            view = replace(
                before,
                reading=scene.reading,
                proof=scene.proof,
                handles_completed=scene.handles_completed,
                polls=scene.polls if state != PLANNED else 0,
                scan_failed=scene.scan_failed,
            )
            yield state, scene, next_step(view, scene.seconds)
