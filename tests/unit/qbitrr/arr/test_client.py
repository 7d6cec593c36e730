"""What the Arr's lists are taken for when their pages are odd."""

import pytest

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import RADARR
from qbitrr.arr.models import HistoryPage, HistoryRecord, QueuePage, QueueRecord
from qbitrr.errors import UnexpectedAnswerError


class Paged:
    """Stands for the connection: answers pages of a list of records, and counts the requests.

    After each of them `then` changes the list. `total` is what it says there is, when that is not so.
    """

    def __init__(self, records, total=None, then=lambda records: None):
        self.records, self.total, self.then, self.requests = records, total, then, 0

    async def get(self, _path, answer, **query):
        self.requests += 1
        number, size = query["page"], query["pageSize"]
        shown = self.records[(number - 1) * size : number * size]
        total = len(self.records) if self.total is None else self.total
        self.then(self.records)
        return answer(records=shown, total_records=total)


@pytest.fixture
async def client():
    made = ArrClient("Radarr", RADARR, "http://radarr.example", "key")

    def with_records(records, total=None, **how):
        pages = Paged(records, total, **how)
        made.get = pages.get
        return made, pages

    yield with_records
    await made.close()


def queue(*ids):
    return [QueueRecord(id=number, download_id=f"{number:040X}") for number in ids]


def history(number, download_id="A"):
    return [
        HistoryRecord(id=one, event_type="grabbed", date="2026-11-28T19:37:51Z", download_id=download_id)
        for one in range(number)
    ]


@pytest.mark.parametrize("number", [0, 1, 1000, 1001, 2500])
async def test_a_queue_is_complete_although_its_order_moves_between_two_requests(client, number):
    """A record that moves to a page that was read is on none of the others."""
    arr, pages = client(queue(*range(number)), then=lambda records: records.reverse())
    assert {record.id for record in await arr.queue()} == set(range(number))
    assert pages.requests == 1


async def test_two_download_clients_of_one_qbittorrent_list_the_same_records_twice(client):
    arr, pages = client(queue(7, 7))
    assert [record.id for record in await arr.queue()] == [7]
    assert pages.requests == 1


async def test_a_queue_that_lacks_records_is_an_error_and_not_read_again_and_again(client):
    arr, pages = client(queue(1, 2, 3), total=5)
    with pytest.raises(UnexpectedAnswerError, match="it lacks records"):
        await arr.queue()
    assert pages.requests == 1


@pytest.mark.parametrize(("number", "requests"), [(999, 1), (1000, 1), (2500, 2), (10**5, 2)])
async def test_the_history_of_a_pack_is_read_beyond_its_newest_thousand_events_within_bounds(client, number, requests):
    arr, pages = client(history(number))
    found = await arr.history("A")
    assert pages.requests == requests
    assert len({record.id for record in found}) == min(number, 20_000)


async def test_events_that_are_deleted_meanwhile_hide_none_of_a_pack(client):
    """Those behind them move to the page before."""

    def delete(records):
        del records[:100]

    arr, _ = client(history(2500), then=delete)
    assert {record.id for record in await arr.history("A")} >= set(range(200, 2500))


async def test_a_history_that_keeps_lacking_events_is_an_error(client):
    arr, pages = client(history(10), total=11)
    with pytest.raises(UnexpectedAnswerError, match="it lacks events"):
        await arr.history("A")
    assert pages.requests == 3


async def test_an_arr_that_ignores_the_filter_is_asked_for_one_page(client):
    arr, pages = client(history(5000, "B") + history(1))
    assert await arr.history("A") == []
    assert pages.requests == 1


def test_the_pages_are_those_of_the_models():
    assert QueuePage(records=[], total_records=0).total_records == HistoryPage(records=[]).total_records
