"""What each address gets, and the outbox of one."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest

from control import outbox
from control.announced import Collected
from control.outbox import Delivery, Outbox, Target, targets_of
from qbitrr.backoff import Backoff
from qbitrr.clock import Clock
from qbitrr.config.model import Notifications, NotificationTarget
from tests.support.polling import until

AT_ONCE = Backoff(first_seconds=0.0, limit_seconds=0.0)
HOUR, DAY = 3600.0, 86400.0
URL = "json://x"
OTHERS = Target("", ("ask",), 7)
MAIL = NotificationTarget("mailto", ("update",), 3600)


@pytest.mark.parametrize(
    ("urls", "rows", "expected"),
    [
        ((), (MAIL,), {}),
        (("json://x",), (), {"json://x": OTHERS}),
        (("json://x",), (MAIL,), {"json://x": OTHERS}),
        (("mailto://me",), (MAIL,), {"mailto://me": Target("mailto", ("update",), 3600)}),
        (
            ("json://x", "MAILTO://me", "json://y", "mailto://you"),
            (NotificationTarget("Mailto://", ("update",), 3600), NotificationTarget("mailto", ("worker",), 0)),
            {
                "json://x": OTHERS,
                "json://y": OTHERS,
                "MAILTO://me": Target("mailto", ("update",), 3600),
                "mailto://you": Target("mailto", ("update",), 3600),
            },
        ),
    ],
)
def test_the_first_row_of_its_kind_decides_what_an_address_gets(urls, rows, expected):
    assert targets_of(Notifications(urls=urls, events=("ask",), digest_seconds=7, targets=rows)) == expected


class Post:
    """What outboxes send with: a clock that a test sets, what is configured, what was sent and what was written."""

    def __init__(self, digest_seconds=0):
        self.now, self.ahead = 1_700_000_000.0, 0.0
        self.targets = {URL: Target("", (), digest_seconds)}
        self.sent, self.written = [], []
        self.answer = True
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()
        self.writes = asyncio.Event()
        self.writes.set()
        self.polls = 0
        clock = Clock(lambda: self.now + self.ahead, self._monotonic)
        self.delivery = Delivery(lambda: self.targets, self.send, self.save, clock, AT_ONCE, 5.0)
        self.collected = Collected()

    def _monotonic(self):
        self.polls += 1
        return self.now

    async def until_polled(self):
        """Wait until an outbox has read the clock several times more."""
        enough = self.polls + 3
        await until(lambda: self.polls >= enough, 5, "the clock is not read")

    async def send(self, urls, _title, body):
        self.asked.set()
        await self.answers.wait()
        self.sent.append((tuple(urls), body.plain))
        return self.answer

    async def save(self):
        self.written.append(msgspec.json.encode(self.collected))
        await self.writes.wait()

    def outbox(self):
        """The outbox after a start, with what was written last."""
        if self.written:
            self.collected = msgspec.json.decode(self.written[-1], type=Collected)
        return Outbox(URL, self.collected, self.delivery)

    @asynccontextmanager
    async def running(self, *texts):
        outbox = self.outbox()
        for text in texts:
            outbox.add((text,))
        task = asyncio.create_task(outbox.run())
        try:
            yield outbox
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.writes.set()
            await self.save()

    async def until_sent(self, number):
        await until(lambda: len(self.sent) == number, 5, lambda: str(self.sent))


async def test_a_target_that_was_removed_meanwhile_gets_nothing_and_one_that_is_back_does():
    post = Post()
    target = post.targets.pop(URL)
    async with post.running("lost") as outbox:
        await until(lambda: not (post.collected.waiting or post.collected.leaving), 5, "the end of the message")
        post.targets[URL] = target
        outbox.add(("kept",))
        await post.until_sent(1)
    assert post.sent == [((URL,), "kept")]


@pytest.fixture
def poll_soon(monkeypatch):
    monkeypatch.setattr(outbox, "_POLL_SECONDS", 0.01)


@pytest.mark.usefixtures("poll_soon")
@pytest.mark.parametrize("ahead", [3 * DAY, -3 * DAY, HOUR, -HOUR])
async def test_a_digest_takes_its_time_whatever_the_wall_clock_says(ahead):
    post = Post(digest_seconds=int(6 * HOUR))
    async with post.running("first") as outbox:
        post.ahead = ahead
        post.now += 5 * HOUR
        outbox.add(("second",))
        await post.until_polled()
        assert post.sent == []
        post.now += HOUR
        await post.until_sent(1)
    assert post.sent == [((URL,), "first\nsecond")]


@pytest.mark.usefixtures("poll_soon")
async def test_a_shorter_digest_counts_for_what_waits_already():
    post = Post(digest_seconds=int(DAY))
    async with post.running("first"):
        post.now += HOUR
        post.targets[URL] = Target("", (), int(HOUR))
        await post.until_sent(1)


@pytest.mark.usefixtures("poll_soon")
@pytest.mark.parametrize(("ahead", "left"), [(0.0, 2 * HOUR), (-DAY, 6 * HOUR), (DAY, 0.0)])
async def test_after_a_restart_a_digest_goes_on_and_takes_never_longer_than_configured(ahead, left):
    post = Post(digest_seconds=int(6 * HOUR))
    async with post.running("first"):
        pass
    post.now += 4 * HOUR  # also those when the daemon was stopped
    post.ahead = ahead
    async with post.running():
        if left:
            post.now += left - 60
            await post.until_polled()
            assert post.sent == []
            post.now += 60
        await post.until_sent(1)
    assert post.collected == Collected(since=post.collected.since)


async def test_an_attempt_that_a_crash_interrupts_is_not_made_again_and_one_between_attempts_is():
    post = Post()
    post.answers.clear()
    async with post.running("a"):
        await asyncio.wait_for(post.asked.wait(), 5)
        at_crash = post.written[-1]
        post.answers.set()
        await post.until_sent(1)
    post.written.append(at_crash)
    async with post.running("b"):
        await post.until_sent(2)
    assert [text for _, text in post.sent] == ["a", "b"]
    unreached = Post()
    unreached.answer = False
    async with unreached.running("c"):
        await until(lambda: len(unreached.sent) >= 1 and len(unreached.written) >= 2, 5, "a failed attempt")
        at_crash = unreached.written[1]
    unreached.written.append(at_crash)
    unreached.answer = True
    number = len(unreached.sent)
    async with unreached.running():
        await unreached.until_sent(number + 1)
    assert {text for _, text in unreached.sent} == {"c"}


@pytest.mark.parametrize("answer", [True, False])
async def test_the_end_waits_for_an_attempt_and_what_did_not_arrive_is_kept(answer):
    post = Post()
    post.answer = answer
    post.answers.clear()
    async with post.running("a"):
        await asyncio.wait_for(post.asked.wait(), 5)
        asyncio.get_running_loop().call_later(0.05, post.answers.set)
    assert len(post.sent) == 1
    post.answer = True
    async with post.running("b"):
        await post.until_sent(2 if answer else 3)
    assert [text for _, text in post.sent] == (["a", "b"] if answer else ["a", "a", "b"])


async def test_an_end_before_an_attempt_is_written_keeps_the_message():
    post = Post()
    post.writes.clear()
    async with post.running("a"):
        await until(lambda: post.written, 5, "nothing is written")
    assert post.sent == []
    async with post.running():
        await post.until_sent(1)
    assert post.sent == [((URL,), "a")]


@pytest.mark.parametrize("ticks", range(5))
async def test_an_end_in_the_moment_when_a_message_arrives_does_not_send_it_again(ticks):
    post = Post()
    send = post.send

    def end(ticks):
        if ticks:
            asyncio.get_running_loop().call_soon(end, ticks - 1)
        else:
            running.cancel()

    async def end_soon(urls, title, body):
        end(ticks)
        return await send(urls, title, body)

    post.delivery = replace(post.delivery, send=end_soon)
    outbox = post.outbox()
    outbox.add(("a",))
    running = asyncio.create_task(outbox.run())
    await asyncio.gather(running, return_exceptions=True)
    assert len(post.sent) == 1
    assert not post.collected.lines


async def test_an_end_that_gets_no_answer_waits_not_for_long_and_keeps_the_message(monkeypatch):
    monkeypatch.setattr(outbox, "_LAST_SECONDS", 0.05)
    post = Post()
    post.answers.clear()
    async with post.running("a"):
        await asyncio.wait_for(post.asked.wait(), 5)
    assert post.sent == []
    post.answers.set()
    async with post.running():
        await post.until_sent(1)


async def test_a_process_that_cannot_be_started_is_a_failed_attempt():
    post, errors = Post(), [OSError("no memory")]
    send = post.send

    async def fail_at_first(urls, title, body):
        if errors:
            raise errors.pop()
        return await send(urls, title, body)

    post.delivery = replace(post.delivery, send=fail_at_first)
    async with post.running("a"):
        await post.until_sent(1)


@pytest.mark.parametrize(("chance", "least", "most"), [(0.0, 300, 900), (1.0, 300, 900)])
def test_the_attempts_outlast_an_outage_of_some_minutes(chance, least, most):
    delays = replace(outbox.RETRY, rng=lambda: chance)
    assert least < sum(delays.seconds(failed) for failed in range(1, outbox.ATTEMPTS)) < most
