"""Progress of the operation under way, reported by code that does not know which one it is.

An operation of a worker observes (`qbitrr.worker.report`); the parts of an answer that arrive report.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_observer: ContextVar[Callable[[], None] | None] = ContextVar("progress", default=None)


def report() -> None:
    """Report progress of the operation in whose context this is called."""
    observer = _observer.get()
    if observer is not None:
        observer()


@contextmanager
def observed(observer: Callable[[], None]) -> Iterator[None]:
    """Call `observer` on all progress in the block, and in tasks started there."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)
