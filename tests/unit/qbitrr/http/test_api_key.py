"""A refused key is sent once; one that was accepted before, again after minutes."""

import asyncio

import pytest

from qbitrr.errors import CredentialsRejectedError, LockedOutError, UnreachableError
from qbitrr.http.api_key import ApiKey

REFUSED = CredentialsRejectedError("Radarr", "GET queue: status 401, the key or password is not accepted")


class Arr:
    """Answers calls in turn: None accepts the key, an error is raised. `sent` counts the calls that arrived."""

    def __init__(self):
        self.now = 0.0
        self.sent = 0
        self.answer = None
        self.key = ApiKey("Radarr", lambda: self.now)

    async def call(self):
        async with self.key.use():
            self.sent += 1
            await asyncio.sleep(0)
            if self.answer is not None:
                raise self.answer


@pytest.fixture
def arr():
    return Arr()


async def test_a_key_that_was_never_accepted_is_sent_once_by_all_calls_together(arr):
    arr.answer = REFUSED
    results = await asyncio.gather(*(arr.call() for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in results] == [CredentialsRejectedError] * 5
    arr.now = 30 * 86400.0
    arr.answer = None
    with pytest.raises(CredentialsRejectedError, match="correct APIKey"):
        await arr.call()
    assert arr.sent == 1


async def test_calls_wait_for_the_first_one_and_then_go_on_together(arr):
    await asyncio.gather(*(arr.call() for _ in range(5)))
    assert arr.sent == 5


async def test_an_arr_that_is_out_of_reach_says_nothing_of_its_key(arr):
    arr.answer = UnreachableError("Radarr", "GET queue: connection refused")
    with pytest.raises(UnreachableError):
        await arr.call()
    arr.answer = None
    await arr.call()
    assert arr.key.accepted


async def test_a_refusal_after_success_is_tried_again_after_minutes_by_one_call(arr):
    await arr.call()
    arr.answer = REFUSED
    with pytest.raises(LockedOutError, match="accepted before"):
        await arr.call()
    with pytest.raises(LockedOutError):
        await arr.call()
    assert arr.sent == 2
    arr.now = 130.0
    results = await asyncio.gather(*(arr.call() for _ in range(3)), return_exceptions=True)
    assert arr.sent == 3
    assert {type(one) for one in results} == {LockedOutError}
    arr.answer, arr.now = None, 1000.0
    await arr.call()
    assert arr.key.accepted


async def test_refusals_that_last_need_the_user_and_are_still_tried_again(arr):
    await arr.call()
    arr.answer = REFUSED
    seen = []
    for arr.now in range(0, 7200, 60):
        with pytest.raises((LockedOutError, CredentialsRejectedError)) as caught:
            await arr.call()
        seen.append(caught.type)
    assert seen[0] is LockedOutError
    assert seen[-1] is CredentialsRejectedError
    assert 5 <= arr.sent <= 12
    arr.answer, arr.now = None, 10_000
    await arr.call()
    assert arr.key.accepted


async def test_calls_that_were_under_way_count_as_one_refusal(arr):
    await arr.call()
    arr.answer = REFUSED
    await asyncio.gather(*(arr.call() for _ in range(4)), return_exceptions=True)
    arr.answer, arr.now = None, 121.0
    await arr.call()
    assert arr.key.accepted
