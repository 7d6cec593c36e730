from __future__ import annotations

import pytest

from tests.support.polling import until, until_sync


async def test_waiting_fails_with_what_was_waited_for_and_what_was_seen():
    with pytest.raises(AssertionError, match=r"not within 0\.1 s: the moon \(last answer: 0\)"):
        await until(lambda: 0, 0.1, "the moon")
    with pytest.raises(AssertionError, match=r"not within 0\.1 s: the sun \(last answer: None\)"):
        until_sync(lambda: None, 0.1, lambda: "the sun")
