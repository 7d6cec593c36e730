"""Record: how far an update got, and how the last one ended. A file in the data folder, as it outlives processes.

staging ──> switched ──> done
└────────────┴──> failed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from qbitrr import logs
from qbitrr.atomic_file import write_private

if TYPE_CHECKING:
    from qbitrr.data_dir import DataDir

_log = logs.get(__name__)

Phase = Literal["staging", "switched", "done", "failed"]


class Record(Struct, frozen=True):
    """One update. Times in epoch seconds.

    `starts` counts how often the new version was started before it was ready. `state_copy` is the state file from
    before, `link` points to the version in use, `old_prefix` and `new_prefix` are the folders of both, `wheels` that
    with the new version as it was downloaded. Without a link `kept` is a copy of `packages`, the folder with the
    packages in use. `workers` are the phases of the workers before, by category: those of the new version have to be as
    good.
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
    packages: str | None = None
    kept: str | None = None
    workers: dict[str, str] = {}


class UpdateOutcome(Struct, frozen=True):
    """How the last update ended, as the API shows it; `completed_at` in epoch seconds."""

    in_progress: bool = False
    last_result: Literal["success", "failed"] | None = None
    last_error: str | None = None
    completed_at: float | None = None


def read(data_dir: DataDir) -> Record | None:
    """The last update of an installation; None when there was none, or the file is damaged."""
    path = data_dir.update_record
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("record of the last update could not be read", path=str(path), error=str(error))
        return None


def write(data_dir: DataDir, record: Record) -> Record:
    """Store a record in one step. Raises OSError."""
    write_private(data_dir.update_record, msgspec.json.format(msgspec.json.encode(record)))
    return record


def outcome(record: Record | None) -> UpdateOutcome:
    """The outcome that a record stands for."""
    if record is None:
        return UpdateOutcome()
    if record.phase in ("staging", "switched"):
        return UpdateOutcome(in_progress=True)
    result: Literal["success", "failed"] = "success" if record.phase == "done" else "failed"
    return UpdateOutcome(last_result=result, last_error=record.error, completed_at=record.ended_at)
