"""Targets of messages, and the outbox of one."""

import asyncio

import pytest

from control.outbox import Outbox, Target, targets_of
from qbitrr.backoff import Backoff
from qbitrr.config.model import Notifications, NotificationTarget
from tests.support.polling import until

AT_ONCE = Backoff(first_seconds=0.0, limit_seconds=0.0)
MAIL = NotificationTarget("mailto", ("update",), 3600)


@pytest.mark.parametrize(
    ("urls", "rows", "expected"),
    [
        ((), (MAIL,), {}),
        (("json://x",), (), {"": Target("", ("json://x",), ("ask",), 7)}),
        (("json://x",), (MAIL,), {"": Target("", ("json://x",), ("ask",), 7)}),
        (("mailto://me",), (MAIL,), {"mailto": Target("mailto", ("mailto://me",), ("update",), 3600)}),
        (
            ("json://x", "MAILTO://me", "json://y", "mailto://you"),
            (NotificationTarget("Mailto://", ("update",), 3600), NotificationTarget("mailto", ("worker",), 0)),
            {
                "": Target("", ("json://x", "json://y"), ("ask",), 7),
                "mailto": Target("mailto", ("MAILTO://me", "mailto://you"), ("update",), 3600),
            },
        ),
    ],
)
def test_the_first_row_of_a_kind_decides_and_addresses_without_one_are_together(urls, rows, expected):
    assert targets_of(Notifications(urls=urls, events=("ask",), digest_seconds=7, targets=rows)) == expected


async def test_a_target_that_was_removed_meanwhile_gets_nothing_and_one_that_is_back_does():
    sent, present = [], []

    async def send(urls, _title, body):
        sent.append((urls, body.plain))
        return True

    asked = []

    def target():
        asked.append(None)
        return present[0] if present else None

    outbox = Outbox(target, send, AT_ONCE, send_seconds=5)
    running = asyncio.create_task(outbox.run())
    try:
        outbox.add(("lost",))
        await until(lambda: len(asked) == 2, 5, "the attempt to send")
        present.append(Target("", ("json://x",), (), 0))
        outbox.add(("kept",))
        await until(lambda: sent, 5, "the message")
    finally:
        running.cancel()
    assert sent == [(("json://x",), "kept")]
