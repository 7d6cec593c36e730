"""Messages over each way in which the daemon ends and starts: none is lost, and none comes twice."""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from typing import TYPE_CHECKING

from qbitrr.sandbox.life.fate import Fate
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.process.test_clocks import HOUR, grab, restarted_in_place
from tests.support.daemon import Daemon
from tests.support.passing_time import PassingTime
from tests.support.polling import until
from tests.support.receiver import Receiver

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = (Section("Radarr-HD", "radarr", 80),)
TABLES = {
    "Settings": {"ProcessRestartDelay": 0},
    "Radarr-HD": {"EntrySearch": {"SearchMissing": False}, "Torrent": {"IgnoreTorrentsYoungerThan": 0}},
}
NOTIFICATIONS = """
[Notifications]
Urls = ["{0.json}", "{0.form}"]
Events = ["action"]
Digest = 0

[[Notifications.Targets]]
To = "form"
Events = ["action"]
Digest = "6h"
"""


async def stopped_and_started(daemon: Daemon) -> None:
    assert await daemon.stop() == 0
    await daemon.start()


async def killed_and_started(daemon: Daemon) -> None:
    await daemon.stop(signal.SIGKILL)
    await until(lambda: not daemon.processes(), 30, daemon.log)
    await daemon.start()


async def reloaded(daemon: Daemon) -> None:
    os.kill(daemon.pid, signal.SIGHUP)


async def workers_restarted(daemon: Daemon) -> None:
    before = {one["pid"] for one in (await daemon.workers()).values()}
    os.kill(daemon.pid, signal.SIGUSR1)

    async def are_others() -> bool:
        return not before & {one["pid"] for one in (await daemon.workers()).values()}

    await until(are_others, 30, daemon.log)


ENDS = (reloaded, workers_restarted, restarted_in_place, stopped_and_started, killed_and_started)


async def test_no_restart_loses_or_repeats_a_message(tmp_path: Path):
    time = PassingTime()
    async with (
        Sandbox(SECTIONS, has_past=False, clock=time.now, middlewares=[time.dates]) as sandbox,
        Receiver() as receiver,
    ):
        config = sandbox.config_toml(TABLES) + NOTIFICATIONS.format(receiver)
        daemon = Daemon(tmp_path / "data", config, "tests.support.passing_time")
        time.follow(daemon)
        async with daemon:
            await daemon.all_running()
            radarr = sandbox.arrs["Radarr-HD"].arr
            movies = iter(list(radarr.collection.wanted(radarr.now)))

            async def import_one() -> str:
                """Have a movie downloaded and imported; returns the name of its torrent."""
                torrent = grab(sandbox, next(movies), Fate(bytes_per_second=1e12))

                async def is_done() -> bool:
                    imports = [one for one in await daemon.decisions() if one["action"] == "import"]
                    return torrent.infohash in [one["hash"] for one in imports if one["state"] == "done"]

                await until(is_done, 30, daemon.log)
                return torrent.name

            def messages(address: str, names: list[str]) -> list[int]:
                """How many lines an address got about the import of each torrent."""
                return [sum(f"import: {name} (" in line for line in receiver.lines(address)) for name in names]

            def have_come(address: str, names: list[str]) -> bool:
                return set(messages(address, names)) == {1}

            names: list[str] = []
            for number, end in enumerate(ENDS, start=1):
                receiver.is_down, receiver.refused = True, 0
                names.append(await import_one())
                await until(lambda: receiver.refused, 30, daemon.log)
                names.append(await import_one())  # what is not even written when the daemon is killed
                await end(daemon)
                await daemon.all_running()
                receiver.is_down = False
                names.append(await import_one())
                time.leap(HOUR)  # what waits to be tried again is
                unsure = 2 if end is killed_and_started else 0  # of the last three names
                await until(partial(have_come, receiver.json, names[len(names) - 3 + unsure :]), 30, daemon.log)
                assert len(receiver.received[receiver.form]) == number - 1
                time.leap(6 * HOUR)
                await until(partial(have_come, receiver.form, names), 30, daemon.log)
            names.append(await import_one())
            await until(lambda: messages(receiver.json, names)[-1] == 1, 30, daemon.log)
            assert max(messages(receiver.json, names)) == 1
            assert len(receiver.received[receiver.form]) == len(ENDS)
            assert (daemon.folder / "notifications.json").stat().st_mode & 0o777 == 0o600
            assert await daemon.stop() == 0


async def test_a_key_that_is_refused_is_one_message(tmp_path: Path):
    async with Sandbox(SECTIONS, has_past=False) as sandbox, Receiver() as receiver:
        config = sandbox.config_toml({"Radarr-HD": {"APIKey": "another"}})
        config += f'[Notifications]\nUrls = ["{receiver.json}"]\nEvents = ["worker", "inbox"]\nDigest = 0\n'
        async with Daemon(tmp_path / "data", config) as daemon:

            def is_settled() -> bool:
                """The matter was found by both of its events, and nothing is to be sent any more."""
                if not receiver.lines(receiver.json):
                    return False
                written = json.loads((daemon.folder / "notifications.json").read_text())
                found = [matter for matter, *_ in written.get("matters") or ()]
                left = [one for one in written["collected"].values() if one.get("waiting") or one.get("leaving")]
                return "credentials" in found and not left

            await until(is_settled, 60, daemon.log)
            (line,) = receiver.lines(receiver.json)
            assert "Correct APIKey of Radarr-HD" in line
