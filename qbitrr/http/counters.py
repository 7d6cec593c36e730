"""Counters of a process since its start: calls to its services, its kinds of work, and how long lists take."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Counter:
    """Calls to one service, or runs of one kind of work; `failed` of the `count` raised an error."""

    count: int = 0
    failed: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class ServiceCounters:
    """Counters of calls by service and of work by kind; time to the first byte of each list, the last time."""

    calls: dict[str, Counter] = field(default_factory=dict)
    work: dict[str, Counter] = field(default_factory=dict)
    first_byte_seconds: dict[str, float] = field(default_factory=dict)


@contextmanager
def timed(group: dict[str, Counter], name: str) -> Iterator[None]:
    """Count the block and its duration; an error in it counts as failed."""
    counter = group.setdefault(name, Counter())
    started_at = time.monotonic()
    try:
        yield
    except BaseException:
        counter.failed += 1
        raise
    finally:
        counter.count += 1
        counter.seconds += time.monotonic() - started_at


of_process = ServiceCounters()
"""The counters of this process."""
