"""Query limits as Prowlarr has them: of which indexers, in which period, and how much of them is used."""

import time
from contextlib import asynccontextmanager

import pytest

from qbitrr.config.model import Prowlarr
from qbitrr.errors import CredentialsRejectedError, ServiceError, UnexpectedAnswerError, UnreachableError
from qbitrr.prowlarr.client import ProwlarrClient
from qbitrr.rules.search.query_limits import DAY_SECONDS, HOUR_SECONDS, QueryLimit
from qbitrr.sandbox.services.faults import Down, HalfAnswer, Status
from qbitrr.sandbox.services.prowlarr import ProwlarrIndexer, ProwlarrStandIn

HOUR = 3600.0


@pytest.fixture
async def prowlarr():
    stand_in = ProwlarrStandIn(api_key="k" * 32)
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


@asynccontextmanager
async def client_of(stand_in, key="k" * 32):
    client = ProwlarrClient(Prowlarr(uri=f"{stand_in.url}/", api_key=key))
    try:
        yield client
    finally:
        await client.close()


async def test_searches_and_feeds_of_the_period_count(prowlarr):
    now = time.time()
    old = [now - 25 * HOUR] * 7
    prowlarr.indexers = [
        ProwlarrIndexer(1, "Day", query_limit=100, queries=[*old, now - 23 * HOUR, now - 60], feeds=[now - 5]),
        ProwlarrIndexer(2, "Hour", query_limit=20, by_the_hour=True, queries=[now - 2 * HOUR, now - 1800]),
        ProwlarrIndexer(3, "Unlimited", queries=[now]),
        ProwlarrIndexer(4, "Off", enable=False, query_limit=5),
        ProwlarrIndexer(5, "Idle", query_limit=10),
    ]
    async with client_of(prowlarr) as client:
        assert await client.query_limits() == {
            1: QueryLimit("Day", 100, DAY_SECONDS, 3),
            2: QueryLimit("Hour", 20, HOUR_SECONDS, 1),
            3: None,
            5: QueryLimit("Idle", 10, DAY_SECONDS, 0),
        }


async def test_statistics_are_read_only_for_the_periods_that_are_used(prowlarr):
    async with client_of(prowlarr) as client:
        assert await client.query_limits() == {}
        assert prowlarr.counts["GET /api/v1/indexerstats"] == 0
        prowlarr.indexers = [ProwlarrIndexer(1, "Day", query_limit=100), ProwlarrIndexer(2, "Other", query_limit=7)]
        await client.query_limits()
        assert prowlarr.counts["GET /api/v1/indexerstats"] == 1


async def test_a_refused_key_is_sent_once(prowlarr):
    async with client_of(prowlarr, "wrong") as client:
        for _ in range(3):
            with pytest.raises(CredentialsRejectedError, match="correct APIKey"):
                await client.query_limits()
        with pytest.raises(CredentialsRejectedError):
            await client.version()
    assert prowlarr.counts.total() == 1


@pytest.mark.parametrize(
    ("fault", "error"), [(Status(500), ServiceError), (HalfAnswer(), ServiceError), (Down(), UnreachableError)]
)
async def test_what_is_no_answer_is_an_error_and_no_limit(prowlarr, fault, error):
    prowlarr.indexers = [ProwlarrIndexer(1, "Day", query_limit=100)]
    async with client_of(prowlarr) as client:
        await prowlarr.fail(fault)
        with pytest.raises(error):
            await client.query_limits()
        await prowlarr.heal()
        await prowlarr.fail(Status(503), "GET /api/v1/indexerstats")
        with pytest.raises(ServiceError):
            await client.query_limits()
        await prowlarr.heal()


async def test_another_application_is_recognised(prowlarr, monkeypatch):
    async with client_of(prowlarr) as client:
        assert await client.version() == "2.3.5.5327"
        monkeypatch.setattr("qbitrr.prowlarr.client._APP", "Prowlarr of another house")
        with pytest.raises(UnexpectedAnswerError, match="correct URI"):
            await client.version()


@pytest.mark.parametrize("value", [None, "100", True, 0, -5, 1.5])
async def test_what_is_no_number_above_zero_is_no_limit(prowlarr, value):
    prowlarr.indexers = [ProwlarrIndexer(1, "Odd", query_limit=value)]
    async with client_of(prowlarr) as client:
        assert await client.query_limits() == {1: None}
