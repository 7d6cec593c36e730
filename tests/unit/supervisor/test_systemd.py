"""What the service manager is told, over a real socket."""

import asyncio
import os
import socket

import pytest

from supervisor.systemd import Notifier


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def test_it_is_told_what_happens(manager):
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname()})
    notifier.ready("3 running")
    assert manager.recv(4096) == b"READY=1\nSTATUS=3 running"
    notifier.reloading()
    lines = manager.recv(4096).split(b"\n")
    assert lines[0] == b"RELOADING=1"
    assert lines[1].startswith(b"MONOTONIC_USEC=")
    notifier.stopping()
    assert manager.recv(4096).startswith(b"STOPPING=1")
    notifier.close()


async def test_the_watchdog_hears_of_us_twice_as_often_as_it_wants(manager):
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "20000"})
    alive = asyncio.create_task(notifier.keep_alive())
    for _ in range(3):
        assert await asyncio.to_thread(manager.recv, 4096) == b"WATCHDOG=1"
    alive.cancel()
    notifier.close()


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
    assert Notifier(environ).watchdog_seconds == seconds


def test_the_watchdog_is_patient_while_the_daemon_begins_anew(manager):
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "20000000"})
    notifier.beginning_anew()
    assert manager.recv(4096).startswith(b"RELOADING=1")
    assert manager.recv(4096) == b"WATCHDOG_USEC=600000000"
    notifier.ready("3 running")
    assert manager.recv(4096) == b"READY=1\nSTATUS=3 running\nWATCHDOG_USEC=20000000"
    notifier.close()


def test_without_a_manager_nothing_happens():
    Notifier({}).ready("3 running")
    gone = Notifier({"NOTIFY_SOCKET": "/nowhere"})
    gone.ready("3 running")
    gone.close()
