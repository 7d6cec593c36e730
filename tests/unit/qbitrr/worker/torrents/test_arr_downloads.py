"""What is read of many downloads at once."""

from __future__ import annotations

import asyncio

import pytest

from qbitrr.arr.models import HistoryPage, HistoryRecord
from qbitrr.clock import Clock, to_iso
from qbitrr.worker.torrents.arr_downloads import ArrDownloads

NOW = 1_790_000_000.0
HOUR = 3600.0


class Arr:
    """An Arr with a history, the newest event first. After each page the newest thirty are deleted."""

    def __init__(self, *downloads: str) -> None:
        self.events = [event(number, download) for number, download in enumerate(downloads)]
        self.asked: list[str] = []

    async def history_page(self, page: int, size: int = 1000) -> HistoryPage:
        shown, total = self.events[(page - 1) * size : page * size], len(self.events)
        del self.events[:30]
        return HistoryPage(shown, total)

    async def history(self, download_id: str) -> list[HistoryRecord]:
        self.asked.append(download_id)
        return [one for one in self.events if one.download_id == download_id]


def event(hours: int, download: str) -> HistoryRecord:
    return HistoryRecord(-hours, "grabbed", to_iso(NOW - hours * HOUR) or "", download)


@pytest.mark.parametrize(
    ("others", "asked"),
    [
        (1000, []),  # the one event of B moves from the second thousand to the first
        (6000, ["B"]),  # it is beyond what is read together
    ],
)
async def test_histories_that_are_read_together_are_complete_or_read_singly(others, asked):
    arr = Arr(*["A"] * others, "B", *["C"] * 1000)
    downloads = ArrDownloads(arr, Clock(wall=lambda: NOW))
    added_at = NOW - (others + 1) * HOUR
    of_b, *_ = await asyncio.gather(
        downloads.history("b", added_at), *(downloads.history(name, NOW - HOUR) for name in ("d", "e", "f"))
    )
    assert len(of_b) == 1
    assert arr.asked == asked
