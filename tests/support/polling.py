"""Waiting for a state instead of for a time: polled often, with a deadline."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

PAUSE_SECONDS = 0.05


@overload
async def until(predicate: Callable[[], Awaitable[T | None]], seconds: float, what: str | Callable[[], str]) -> T: ...
@overload
async def until(predicate: Callable[[], T | None], seconds: float, what: str | Callable[[], str]) -> T: ...
async def until(predicate: Callable[[], Any], seconds: float, what: str | Callable[[], str]) -> Any:
    """Poll `predicate`, which may be a coroutine function; returns its first true answer.

    AssertionError when there is none within `seconds`. `what` names what was waited for; as a function it is called
    at the deadline, to include what was seen last.
    """
    __tracebackhide__ = True
    deadline = time.monotonic() + seconds
    while True:
        answer = predicate()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(_missed(seconds, what, answer))
        await asyncio.sleep(PAUSE_SECONDS)


def until_sync(predicate: Callable[[], T | None], seconds: float, what: str | Callable[[], str]) -> T:
    """Poll as `until` does, for tests without an event loop."""
    __tracebackhide__ = True
    deadline = time.monotonic() + seconds
    while not (answer := predicate()):
        if time.monotonic() >= deadline:
            raise AssertionError(_missed(seconds, what, answer))
        time.sleep(PAUSE_SECONDS)
    return answer


def _missed(seconds: float, what: str | Callable[[], str], answer: object) -> str:
    return f"not within {seconds:g} s: {what if isinstance(what, str) else what()} (last answer: {answer!r})"
