"""Query of a request to an Arr: numbers, booleans, and which page of a list is asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    from aiohttp import web

    from qbitrr.sandbox.life.records import QueueRecord

    T = TypeVar("T")

DEFAULT_PAGE_SIZE = 10


def path_id(request: web.Request) -> int:
    """The id in the path; 0, which nothing has, when it is not a number."""
    text = request.match_info["id"]
    return int(text) if text.isdigit() else 0


def number(request: web.Request, name: str) -> int | None:
    """A number in the query."""
    text = request.query.get(name)
    return int(text) if text else None


def numbers(request: web.Request, name: str) -> list[int]:
    """All numbers of this name in the query."""
    return [int(text) for text in request.query.getall(name, []) if text]


def flag(request: web.Request, name: str, *, default: bool = False) -> bool:
    """A boolean in the query."""
    return request.query.get(name, str(default)).lower() == "true"


def page_of(request: web.Request, records: Sequence[T], *, repeats_last: bool = False) -> tuple[int, Sequence[T]]:
    """The number of the page that is asked for, and its records: 10 when nothing else is asked for.

    Beyond the end the last full page may be repeated. Source: `QueueController.GetQueue`, which divides whole numbers.
    """
    number, size = int(request.query.get("page", "1")), page_size(request)
    if repeats_last and (number - 1) * size >= len(records):
        number = max(1, len(records) // size)
    return number, records[(number - 1) * size : number * size]


def by_time_left(records: Sequence[QueueRecord], *, ascending: bool) -> list[QueueRecord]:
    """Sort a queue as the Arrs do: what has no time left is the longest, and what got further comes first.

    Source: `QueueController.GetQueue` and `TimeleftComparer`.
    """

    def seconds(record: QueueRecord) -> float:
        return math.inf if record.seconds_left is None else record.seconds_left

    by_progress = sorted(records, key=lambda record: record.size_left / max(1, record.size))
    return sorted(by_progress, key=seconds, reverse=not ascending)


def page_size(request: web.Request) -> int:
    """How many records a page has."""
    return int(request.query.get("pageSize", str(DEFAULT_PAGE_SIZE)))
