"""Commands in the background: what becomes of one that fails, or that the end of the daemon cuts."""

import asyncio

import pytest

from qbitrr.errors import ConfigError, NotReadyError
from supervisor.signals import Commands, End
from tests.support.polling import until


class Workers:
    """Workers of which only the summary is known."""

    def summary(self):
        return "2 running"


class Reload:
    """A reload that goes on until it is given an error to raise."""

    def __init__(self):
        self.error = asyncio.get_running_loop().create_future()

    async def reload(self):
        raise await self.error


class Manager:
    """Records what is reported to the service manager."""

    def __init__(self):
        self.reported = []

    def reloading(self):
        self.reported.append("reloading")

    def ready(self, status):
        self.reported.append(f"ready: {status}")


@pytest.mark.parametrize("error", [ConfigError([]), ValueError("a fault of ours")])
async def test_a_command_that_fails_is_counted_and_the_next_one_is_obeyed(error):
    reload, manager = Reload(), Manager()
    commands = Commands(Workers(), reload, manager)
    reload.error.set_result(error)
    for times in (1, 2):
        commands.reload()
        await until(lambda times=times: commands.failures["reload"] == times, 5, "it is not counted")
    assert manager.reported == ["reloading", "ready: 2 running"] * 2
    assert commands.end is None


@pytest.mark.parametrize("end", End)
async def test_a_reload_that_the_end_of_the_daemon_cuts_does_not_report_it_ready(end):
    reload, manager = Reload(), Manager()
    commands = Commands(Workers(), reload, manager)
    commands.reload()
    await until(lambda: bool(manager.reported), 5, "it did not begin")
    commands.stop() if end is End.STOP else commands.restart()
    reload.error.set_result(NotReadyError("The daemon is stopping"))
    await until(lambda: commands.failures["reload"] == 1, 5, "it did not end")
    assert manager.reported == ["reloading"]
