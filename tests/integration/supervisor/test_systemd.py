"""What the service manager receives, over a real socket."""

import asyncio
import os
import socket
from contextlib import suppress
from types import SimpleNamespace

import pytest

from supervisor.systemd import ServiceManager
from tests.support.polling import until


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def test_the_state_of_the_daemon_is_reported(manager):
    service_manager = ServiceManager({"NOTIFY_SOCKET": manager.getsockname()})
    service_manager.ready("3 running")
    assert manager.recv(4096) == b"READY=1\nSTATUS=3 running"
    service_manager.reloading()
    lines = manager.recv(4096).split(b"\n")
    assert lines[0] == b"RELOADING=1"
    assert lines[1].startswith(b"MONOTONIC_USEC=")
    service_manager.stopping()
    assert manager.recv(4096).startswith(b"STOPPING=1")
    service_manager.close()


async def test_keep_alives_are_sent_twice_as_often_as_the_watchdog_needs(manager):
    service_manager = ServiceManager({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "20000"})
    alive = asyncio.create_task(service_manager.keep_alive())
    for _ in range(3):
        assert await asyncio.to_thread(manager.recv, 4096) == b"WATCHDOG=1"
    alive.cancel()
    service_manager.close()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "junk"}, None),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}, 2.0),
    ],
)
def test_the_watchdog_is_for_the_process_that_it_names(environ, seconds):
    assert ServiceManager(environ).watchdog_seconds == seconds


def test_the_watchdog_is_patient_while_the_daemon_restarts_in_place(manager):
    service_manager = ServiceManager({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "20000000"})
    service_manager.restarting()
    assert manager.recv(4096).startswith(b"RELOADING=1")
    assert manager.recv(4096) == b"WATCHDOG_USEC=600000000"
    service_manager.ready("3 running")
    assert manager.recv(4096) == b"READY=1\nSTATUS=3 running\nWATCHDOG_USEC=20000000"
    service_manager.close()


def test_a_start_that_gets_further_asks_for_more_time_every_ten_seconds(manager, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("supervisor.systemd.time", SimpleNamespace(monotonic=lambda: now))
    service_manager = ServiceManager({"NOTIFY_SOCKET": manager.getsockname()})
    for _ in range(3):
        service_manager.extend_start()
    now += 10.0
    service_manager.extend_start()
    service_manager.stopping()
    more = b"EXTEND_TIMEOUT_USEC=600000000\nWATCHDOG=1\nSTATUS=Preparing the state file"
    assert [manager.recv(4096) for _ in range(2)] == [more, more]
    assert manager.recv(4096).startswith(b"STOPPING=1")
    service_manager.close()


async def test_states_arrive_in_their_order_although_the_manager_had_no_room_for_them(manager):
    manager.setblocking(False)
    service_manager = ServiceManager({"NOTIFY_SOCKET": manager.getsockname()})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, suppress(BlockingIOError):
        other.setblocking(False)
        while True:
            other.sendto(b"of another service", manager.getsockname())
    service_manager.ready("3 running")
    service_manager.reloading()
    service_manager.ready("4 running")
    states = []

    def received():
        with suppress(BlockingIOError):
            while True:
                states.append(manager.recv(4096).split(b"\n")[0])
        return [state for state in states if b"=" in state] == [b"READY=1", b"RELOADING=1", b"READY=1"]

    await until(received, 5, lambda: str(states[-3:]))
    service_manager.close()


def test_without_a_manager_nothing_happens():
    ServiceManager({}).ready("3 running")
    gone = ServiceManager({"NOTIFY_SOCKET": "/nowhere"})
    gone.ready("3 running")
    gone.close()
