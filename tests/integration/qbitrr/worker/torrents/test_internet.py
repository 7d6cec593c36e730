"""Checking for internet without waiting for it."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from qbitrr.worker.torrents.internet import InternetCheck
from tests.support.polling import until
from tests.support.ports import HOST, free_port


class Time:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
async def host():
    """Accepts connections, or not, and counts them."""
    seen = SimpleNamespace(connections=0, port=free_port(), server=None)

    def accept(_, writer):
        seen.connections += 1
        writer.close()

    async def open_up():
        seen.server = await asyncio.start_server(accept, HOST, seen.port)

    async def shut():
        seen.server.close()
        await seen.server.wait_closed()

    seen.open_up, seen.shut = open_up, shut
    yield seen
    if seen.server is not None and seen.server.is_serving():
        await shut()


@pytest.fixture
async def check(host):
    clock, wakes = Time(), []
    internet = InternetCheck([HOST], 15.0, clock, lambda: wakes.append(1), ports=[host.port])
    yield SimpleNamespace(internet=internet, clock=clock, wakes=wakes)
    await internet.close()


async def answer(check, wanted):
    await until(lambda: check.internet.reachable() is wanted, 5, f"the answer {wanted}")


async def test_the_first_answer_comes_later_and_counts_for_a_minute(host, check):
    await host.open_up()
    assert check.internet.reachable() is None
    await answer(check, True)
    assert (host.connections, check.wakes) == (1, [1])
    check.clock.now += 59
    assert check.internet.reachable() is True
    check.clock.now += 1
    assert check.internet.reachable() is True
    await until(lambda: host.connections == 2, 5, "a second check")


async def test_a_failed_check_is_repeated_soon(host, check):
    await answer(check, False)
    await host.open_up()
    check.clock.now += 14
    assert check.internet.reachable() is False
    await asyncio.sleep(0)
    assert host.connections == 0
    check.clock.now += 1
    await answer(check, True)


async def test_without_a_pause_a_failed_check_counts_for_a_second(host):
    clock = Time()
    internet = InternetCheck([HOST], 0.0, clock, lambda: None, ports=[host.port])
    await until(lambda: internet.reachable() is False, 5, "the first answer")
    assert internet._checking is None
    assert internet.reachable() is False
    assert internet._checking is None
    clock.now += 1
    internet.reachable()
    assert internet._checking is not None
    await internet.close()


async def test_checking_does_not_wait_for_a_host_that_does_not_answer():
    # a network that is reserved for documentation: packets to it go nowhere
    internet = InternetCheck(["192.0.2.1"], 15.0, SimpleNamespace(monotonic=time.monotonic), lambda: None)
    began = time.monotonic()
    assert internet.reachable() is None
    await asyncio.sleep(0)
    assert internet.reachable() is None
    await internet.close()
    assert time.monotonic() - began < 2


async def test_without_hosts_nothing_is_known():
    internet = InternetCheck([], 15.0, SimpleNamespace(monotonic=time.monotonic), lambda: None)
    assert internet.reachable() is None
    assert internet._checking is None
