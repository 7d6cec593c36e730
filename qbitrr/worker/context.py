"""What every part of a worker is built on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbitrr.clock import Clock
    from qbitrr.state.database import Database
    from qbitrr.worker.config import WorkerConfig
    from qbitrr.worker.report import Report
    from qbitrr.worker.services import Services


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """One worker: its part of the configuration, its clients, the state file, its reports, and the time."""

    config: WorkerConfig
    services: Services
    database: Database
    report: Report
    clock: Clock
