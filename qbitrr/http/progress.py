"""Saying that whatever is under way got somewhere, without knowing what it is.

A worker's operation listens (`qbitrr.worker.report`), what it waits for speaks: every part of an answer that arrives.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_listener: ContextVar[Callable[[], None] | None] = ContextVar("progress", default=None)


def made() -> None:
    """The operation in whose context this is called got somewhere."""
    listener = _listener.get()
    if listener is not None:
        listener()


@contextmanager
def told(listener: Callable[[], None]) -> Iterator[None]:
    """Tell of all progress that is made inside of the block, and in tasks begun there."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
