"""How much a process asked of its services, and how long its work took: sums since it began."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Counter:
    """Of one service or one kind of work. `failed` of the `count` went wrong."""

    count: int = 0
    failed: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class ServiceCounters:
    """By service, and by kind of work."""

    calls: dict[str, Counter] = field(default_factory=dict)
    work: dict[str, Counter] = field(default_factory=dict)


@contextmanager
def timed(sums: dict[str, Counter], name: str) -> Iterator[None]:
    """Add one to a sum, with the time that the block takes; leaving it by an error counts as failed."""
    total = sums.setdefault(name, Counter())
    began = time.monotonic()
    try:
        yield
    except BaseException:
        total.failed += 1
        raise
    finally:
        total.count += 1
        total.seconds += time.monotonic() - began


here = ServiceCounters()
"""Of this process."""
