"""What the Arr's lists are taken for when their pages are odd."""

import pytest

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import RADARR
from qbitrr.arr.models import HistoryPage, HistoryRecord, QueuePage, QueueRecord
from qbitrr.errors import UnexpectedAnswerError

SIZE = 1000


class Paged:
    """Stands for the connection: answers pages of a list of records, and counts the requests."""

    def __init__(self, records, total=None):
        self.records, self.total, self.requests = records, len(records) if total is None else total, 0

    async def get(self, _path, answer, **query):
        self.requests += 1
        number = min(query["page"], max(1, -(-len(self.records) // SIZE)))  # beyond the end the last one is repeated
        shown = self.records[(number - 1) * SIZE : number * SIZE]
        return answer(records=shown, total_records=self.total)


@pytest.fixture
async def client():
    made = ArrClient("Radarr", RADARR, "http://radarr.example", "key")

    def with_records(records, total=None):
        pages = Paged(records, total)
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


@pytest.mark.parametrize(("number", "requests"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (2500, 3)])
async def test_a_queue_is_read_page_by_page(client, number, requests):
    arr, pages = client(queue(*range(number)))
    assert len(await arr.queue()) == number
    assert pages.requests == requests


async def test_two_download_clients_of_one_qbittorrent_list_the_same_records_twice(client):
    arr, pages = client(queue(7, 7))
    assert [record.id for record in await arr.queue()] == [7]
    assert pages.requests == 1


async def test_a_queue_that_does_not_add_up_is_not_read_again_and_again(client):
    arr, pages = client(queue(1, 2, 3), total=5)
    with pytest.raises(UnexpectedAnswerError, match="do not add up"):
        await arr.queue()
    assert pages.requests == 1


@pytest.mark.parametrize(("number", "requests"), [(999, 1), (1000, 1), (2500, 3), (10**5, 20)])
async def test_the_history_of_a_pack_is_read_beyond_its_newest_thousand_events_within_bounds(client, number, requests):
    arr, pages = client(history(number))
    found = await arr.history("A")
    assert pages.requests == requests
    assert len({record.id for record in found}) == min(number, 20_000)


async def test_an_arr_that_ignores_the_filter_is_asked_for_one_page(client):
    arr, pages = client(history(5000, "B") + history(1))
    assert await arr.history("A") == []
    assert pages.requests == 1


def test_the_pages_are_those_of_the_models():
    assert QueuePage(records=[], total_records=0).total_records == HistoryPage(records=[]).total_records
