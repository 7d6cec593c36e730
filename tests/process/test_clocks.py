"""A day of a clock that is set ahead and back: work goes on, nothing is done twice, and nothing is deleted early."""

from __future__ import annotations

import os
import signal
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from qbitrr.rules.tags import TAG_QUARANTINE
from qbitrr.sandbox.life.fate import Destiny, Fate, Odds
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.state import backup
from tests.support.daemon import Daemon
from tests.support.event_stream import following
from tests.support.passing_time import PassingTime
from tests.support.polling import until
from tests.support.receiver import Receiver
from tests.support.wheels import PackageIndex
from tests.support.wrong_clock import set_clock

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.sandbox.life.torrent import Torrent
    from qbitrr.sandbox.media.collection import Item

HOUR, DAY = 3600.0, 86400.0
CLOCKS = (3 * DAY, 0.0, -3 * DAY, 0.0, HOUR, 0.0, -HOUR, 0.0)
"""By how many seconds the clock is ahead of the services' clocks, one after the other."""
PATIENCE_SECONDS = 20.0
LARGE = (Section("Radarr-HD", "radarr", 400),)
NOTHING_FOUND = Odds(found=0)
SECTIONS = (Section("Radarr-HD", "radarr", 80),)
NOTIFICATIONS = """
[Notifications]
Urls = ["{}", "{}"]
Digest = 0

[[Notifications.Targets]]
To = "form"
Digest = "6h"
"""
SETTINGS = {
    "Settings": {"ProcessRestartDelay": 0, "Quarantine": "1h"},
    "Radarr-HD": {"EntrySearch": {"SearchMissing": False}, "Torrent": {"IgnoreTorrentsYoungerThan": 0}},
}


def grab(sandbox: Sandbox, movie: Item, fate: Fate) -> Torrent:
    """Have a missing movie downloaded; returns its torrent."""
    radarr = sandbox.arrs["Radarr-HD"].arr
    before = set(sandbox.world.client.torrents)
    radarr.grab([movie], radarr.offer([movie]), fate)
    radarr.refresh_now()
    (infohash,) = sandbox.world.client.torrents.keys() - before
    return sandbox.world.client.torrents[infohash]


async def restarted_in_place(daemon: Daemon) -> None:
    number = daemon.log().count("daemon was started")
    await daemon.post("/web/restart")
    await until(lambda: daemon.log().count("daemon was started") > number, 30, daemon.log)
    await daemon.all_running()


async def test_through_every_clock_work_goes_on_once_and_no_quarantine_ends(tmp_path: Path):
    async with (
        Sandbox(SECTIONS, speed=20, has_past=False) as sandbox,
        Daemon(tmp_path / "data", sandbox.config_toml(SETTINGS), "tests.support.wrong_clock") as daemon,
    ):
        await daemon.all_running()

        async def imports() -> Counter[str]:
            decisions = await daemon.decisions()
            return Counter(one["hash"] for one in decisions if (one["action"], one["state"]) == ("import", "done"))

        radarr = sandbox.arrs["Radarr-HD"].arr
        movies = iter(list(radarr.collection.wanted(radarr.now)))
        unwanted = grab(sandbox, next(movies), Fate(Destiny.STALLED, until=0.0))
        sandbox.world.client.categories["failed"] = ""

        async def is_known() -> bool:
            return bool((await daemon.workers())["radarr-hd"]["categoryCount"])

        await until(is_known, 30, daemon.log)
        unwanted.category = "failed"
        await until(lambda: TAG_QUARANTINE in unwanted.tags and unwanted.stopped, 30, daemon.log)
        for number, ahead_seconds in enumerate(CLOCKS):
            set_clock(daemon, ahead_seconds)
            if number % 2:
                worker = (await daemon.workers())["radarr-hd"]
                os.kill(worker["pid"], signal.SIGKILL)
            else:
                await restarted_in_place(daemon)
            torrent = grab(sandbox, next(movies), Fate(bytes_per_second=1e12))

            async def is_imported(infohash: str = torrent.infohash) -> bool:
                return (await imports())[infohash] == 1

            await until(is_imported, PATIENCE_SECONDS, daemon.log)
        assert set((await imports()).values()) == {1}
        assert len(await imports()) == len(CLOCKS)
        assert TAG_QUARANTINE in unwanted.tags
        assert unwanted.infohash in sandbox.world.client.torrents
        assert await daemon.get("/health")
        assert "own task failed" not in daemon.log()
        assert list((daemon.folder / "backups").glob("*.db"))


async def test_through_a_day_with_a_wrong_clock_each_hour_nothing_stops_repeats_or_goes_early(tmp_path: Path):
    time = PassingTime()
    async with (
        Sandbox(LARGE, has_past=False, clock=time.now, middlewares=[time.dates]) as sandbox,
        PackageIndex(tmp_path) as index,
        Receiver() as receiver,
    ):
        settings = SETTINGS["Settings"] | {"Quarantine": "2d", "SearchesPerHour": 1}
        settings |= {"AutoUpdateEnabled": True, "AutoUpdateCron": "0 * * * *"}
        settings |= {"UpdateIndex": f"{index.url}/simple", "ReleasesURL": f"{index.url}/releases"}
        searching = {"EntrySearch": {"SearchMissing": True}, "Torrent": {"IgnoreTorrentsYoungerThan": 0}}
        tables = {"Settings": settings, "Radarr-HD": searching}
        config = sandbox.config_toml(tables) + NOTIFICATIONS.format(receiver.json, receiver.form)
        daemon = Daemon(tmp_path / "data", config, "tests.support.passing_time")
        time.follow(daemon)
        async with daemon, following(daemon) as stream:
            await daemon.all_running()
            radarr, client = sandbox.arrs["Radarr-HD"], sandbox.world.client
            radarr.arr.odds = NOTHING_FOUND
            movies = iter(list(radarr.arr.collection.wanted(radarr.arr.now)))
            unwanted = grab(sandbox, next(movies), Fate(Destiny.STALLED, until=0.0))
            client.categories["failed"] = ""

            async def is_known() -> bool:
                return bool((await daemon.workers())["radarr-hd"]["categoryCount"])

            def published() -> list[str]:
                """The imports of which there was an event."""
                entries = [data for kind, data in stream.events if kind == "decision"]
                return [one["hash"] for one in entries if (one["action"], one["state"]) == ("import", "done")]

            def was_sent() -> bool:
                """Whether there was a message about each import, and none twice."""
                lines = [line for line in receiver.lines(receiver.json) if line.startswith("import:")]
                assert len(set(lines)) == len(lines)
                return len(lines) == len(imported)

            await until(is_known, 30, daemon.log)
            unwanted.category = "failed"
            await until(lambda: TAG_QUARANTINE in unwanted.tags and unwanted.stopped, 30, daemon.log)
            began, imported = time.now(), []
            while time.now() < began + DAY:
                ahead_seconds = CLOCKS[len(imported) % len(CLOCKS)]
                time.leap(HOUR, ahead_seconds)
                sandbox.world.advance(time.now())  # what is grabbed below is grabbed after the leap
                if len(imported) % 6 == 5:
                    await restarted_in_place(daemon)
                    await until(lambda: stream.connections > 1 + len(imported) // 6, 20, daemon.log)
                torrent = grab(sandbox, next(movies), Fate(bytes_per_second=1e12))
                imported.append(torrent.infohash)
                await until(lambda: has_ended(daemon, "import", len(imported)), PATIENCE_SECONDS, daemon.log)
                await until(lambda: published() == imported, PATIENCE_SECONDS, daemon.log)
                await until(was_sent, PATIENCE_SECONDS, daemon.log)
                await until(partial(is_backed_up, daemon, time, ahead_seconds), PATIENCE_SECONDS, daemon.log)
            time.set_ahead(0.0)
            assert 3 <= index.asked <= len(imported)  # when the clock is set back, the next hour counts
            assert TAG_QUARANTINE in unwanted.tags
            assert await has_ended(daemon, "fail", 0)
            searches = [one for one in radarr.requests if one.method == "POST" and "Search" in str(one.body)]
            assert 8 <= len(searches) <= 30  # one an hour at most; none in an hour that the clock has again
            assert "own task failed" not in daemon.log()
            time.leap(DAY + HOUR)
            await until(lambda: has_ended(daemon, "fail", 1), PATIENCE_SECONDS, daemon.log)
            assert unwanted.infohash not in client.torrents
            time.leap(6 * HOUR)
            await until(
                lambda: receiver.lines(receiver.form)[-1:] == receiver.lines(receiver.json)[-1:], 20, daemon.log
            )
            lines = receiver.lines(receiver.json)
            assert receiver.lines(receiver.form) == lines
            assert len(set(lines)) == len(lines)
            assert 3 <= len(receiver.received[receiver.form]) <= 8


async def has_ended(daemon: Daemon, action: str, number: int) -> bool:
    """Whether so many actions of a kind are done, each on another torrent."""
    decisions = await daemon.decisions()
    done = [one["hash"] for one in decisions if (one["action"], one["state"]) == (action, "done")]
    assert len(set(done)) == len(done)
    return len(done) == number


def is_backed_up(daemon: Daemon, time: PassingTime, ahead_seconds: float) -> bool:
    """Whether there is a backup of the last hour, by the clock of the daemon."""
    now = time.now() + ahead_seconds
    return any(
        now - one.made_at < HOUR for one in backup.backups(daemon.folder / "state.db", now) if one.made_at <= now
    )
