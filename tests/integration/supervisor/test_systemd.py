"""What the service manager receives, over a real socket."""

import asyncio
import os
import socket
from contextlib import suppress
from types import SimpleNamespace

import pytest

from supervisor.systemd import ServiceManager, StatusLine
from tests.support.polling import until


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def fill(manager):
    """Leave the manager no room for another message."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, suppress(BlockingIOError):
        other.setblocking(False)
        while True:
            other.sendto(b"of another service", manager.getsockname())


def received(manager, beginning):
    """All waiting messages that begin so."""
    messages = []
    with suppress(BlockingIOError):
        while True:
            messages.append(manager.recv(4096))
    return [message for message in messages if message.startswith(beginning)]


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


@pytest.mark.parametrize(
    ("environ", "patience"), [({}, b""), ({"WATCHDOG_USEC": "20000000"}, b"WATCHDOG_USEC=600000000\nWATCHDOG=1\n")]
)
def test_a_start_that_gets_further_asks_for_more_time_every_ten_seconds(manager, monkeypatch, environ, patience):
    now = 1000.0
    monkeypatch.setattr("supervisor.systemd.time", SimpleNamespace(monotonic=lambda: now))
    service_manager = ServiceManager({"NOTIFY_SOCKET": manager.getsockname(), **environ})
    for _ in range(3):
        service_manager.extend_start()
    now += 10.0
    service_manager.extend_start()
    service_manager.stopping()
    more = b"EXTEND_TIMEOUT_USEC=600000000\n" + patience + b"STATUS=Preparing the state file"
    assert [manager.recv(4096) for _ in range(2)] == [more, more]
    assert manager.recv(4096).startswith(b"STOPPING=1")
    service_manager.close()


async def test_a_status_that_a_reload_replaced_is_shown_again(manager):
    manager.setblocking(False)
    service_manager = ServiceManager({"NOTIFY_SOCKET": manager.getsockname()})
    line = StatusLine(service_manager)
    line.changed(lambda: "3 running")
    await until(lambda: received(manager, b"STATUS=3 running"), 5, "it is not shown")
    service_manager.ready("2 running, 1 waiting")
    line.changed(lambda: "3 running")
    await until(lambda: received(manager, b"STATUS=3 running"), 5, "it is not shown again")
    service_manager.close()


async def test_a_status_and_a_keep_alive_come_although_the_manager_had_no_room_for_them(manager):
    manager.setblocking(False)
    environ = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "1000000000"}
    service_manager = ServiceManager(environ)
    fill(manager)
    described = []
    alive = asyncio.create_task(service_manager.keep_alive())
    StatusLine(service_manager).changed(lambda: described.append(1) or "3 running")
    await until(lambda: described, 5, "it is not sent")
    states = []

    def both():
        states.extend(received(manager, (b"STATUS=", b"WATCHDOG=1")))
        return set(states) == {b"STATUS=3 running", b"WATCHDOG=1"}

    await until(both, 5, lambda: str(states))
    alive.cancel()
    service_manager.close()


async def test_states_arrive_in_their_order_although_the_manager_had_no_room_for_them(manager):
    manager.setblocking(False)
    service_manager = ServiceManager({"NOTIFY_SOCKET": manager.getsockname()})
    fill(manager)
    service_manager.ready("3 running")
    service_manager.reloading()
    service_manager.ready("4 running")
    states = []

    def all_came():
        states.extend(received(manager, (b"READY=1", b"RELOADING=1")))
        return [state.split(b"\n")[0] for state in states] == [b"READY=1", b"RELOADING=1", b"READY=1"]

    await until(all_came, 5, lambda: str(states))
    service_manager.close()


def test_without_a_manager_nothing_happens():
    ServiceManager({}).ready("3 running")
    gone = ServiceManager({"NOTIFY_SOCKET": "/nowhere"})
    gone.ready("3 running")
    gone.close()
