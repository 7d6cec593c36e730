"""How far an update is, and how the last one ended: a file in the data folder, so that it outlives every process.

staging ──> switched ──> done
└────────────┴──> failed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from qbitrr import logs
from qbitrr.atomic_file import write_private
from qbitrr.update.model import UpdateOutcome

if TYPE_CHECKING:
    from pathlib import Path

_log = logs.get(__name__)

FILE_NAME = "update.json"
Phase = Literal["staging", "switched", "done", "failed"]


class Record(Struct, frozen=True):
    """One update. Times in epoch seconds.

    `starts` counts how often the new version was started before it was ready. `state_copy` is the state file from
    before, `link` what points to the version in use, `old_prefix` and `new_prefix` where both are; without a link
    `wheels` is the folder in which the old version is kept.
    """

    phase: Phase
    old_version: str
    new_version: str
    began_at: float
    ended_at: float | None = None
    error: str | None = None
    starts: int = 0
    state_copy: str | None = None
    link: str | None = None
    old_prefix: str | None = None
    new_prefix: str | None = None
    wheels: str | None = None


def read(folder: Path) -> Record | None:
    """The last update of an installation; None when there was none, or the file is damaged."""
    path = folder / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("record of the last update cannot be read", path=str(path), error=str(error))
        return None


def write(folder: Path, record: Record) -> Record:
    """Store it in one step. Raises OSError."""
    write_private(folder / FILE_NAME, msgspec.json.format(msgspec.json.encode(record)))
    return record


def outcome(record: Record | None) -> UpdateOutcome:
    """As the API tells it."""
    if record is None:
        return UpdateOutcome()
    if record.phase in ("staging", "switched"):
        return UpdateOutcome(in_progress=True)
    result: Literal["success", "failed"] = "success" if record.phase == "done" else "failed"
    return UpdateOutcome(last_result=result, last_error=record.error, completed_at=record.ended_at)
