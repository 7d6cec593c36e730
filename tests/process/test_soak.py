"""A soak: days that pass in leaps, with faults, wrong clocks, toggles, signals, kills and restarts.

Nothing may have grown afterwards, nothing be left, and what was done must be explained. A short form is in the suite;
`make soak` runs as many days as SOAK_DAYS says.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from qbitrr.clock import from_iso
from qbitrr.rules import quarantine
from qbitrr.rules.tags import TAG_PAUSED, TAG_QUARANTINE
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.sandbox.life.fate import Destiny
from qbitrr.sandbox.life.history import IMPORTED
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Down, EmptyLists, HalfAnswer, Hang, Status
from tests.support.daemon import Daemon
from tests.support.days import DAY, HOUR, PATIENCE_SECONDS, Days
from tests.support.passing_time import PassingTime
from tests.support.polling import until
from tests.support.receiver import Receiver
from tests.support.stored import names_in

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.sandbox.services.faults import Fault

pytestmark = pytest.mark.serial

DAYS = int(os.environ.get("SOAK_DAYS", "3"))
LEAPS = 6  # of a day
RESTARTS = (5, 9)  # five in nine days
SECTIONS = (
    Section("Radarr-HD", "radarr", 60),
    Section("Sonarr-TV", "sonarr", 5, episodes=60),
    Section("Lidarr-Music", "lidarr", 4),
)
LOST_ITEMS = 6  # of each library, every day: its user deletes their files
SEEDING_SECONDS = int(2 * DAY)
SETTINGS = {"ProcessRestartDelay": 0, "MaxProcessRestarts": 1000, "Quarantine": "1d", "DecisionsKeptDays": 7}
TORRENTS = {
    "StalledDelay": "1s",
    "RemoveSuperseded": "all",
    "SeedingMode": {"MaxSeedingTime": SEEDING_SECONDS, "RemoveTorrent": 2},
}
FAULTS: tuple[Fault, ...] = (Status(503), Down(), HalfAnswer(), EmptyLists(), Hang())
CLOCKS = (3 * DAY, -HOUR, -3 * DAY, HOUR)  # by how many seconds it is ahead for a leap
MOST_FILES = {
    "config.toml": (1, 0.1),
    "config-history/*.json": (100, 2),
    "state.db": (1, 16),
    "state.db-wal": (1, 16),
    "state.db-shm": (1, 1),
    "state.db.migrating*": (0, 0),
    "state.db.damaged-*": (0, 0),
    "state.db.before-restore-*": (0, 0),
    "state.before-update.db": (0, 0),
    ".state.db.restored*": (0, 0),
    "backups/*.db": (2 * (24 + 7 + 13 + 3), 200),  # of the past, and of a clock that was ahead
    "backups/*.part*": (0, 0),
    "audit.db": (1, 2),
    "audit.db-wal": (1, 2),
    "audit.db-shm": (1, 1),
    "audit.db-journal": (0, 0),
    "audit.db.damaged": (0, 0),
    "sessions.json": (0, 0),
    "answer-links.json": (1, 0.01),
    "notifications.json": (1, 0.5),
    "update.json": (0, 0),
    "update/*": (0, 0),
    "trial/*": (0, 0),
    "quarantine/*.torrent": (31 * 20, 1),
    "quarantine/*.json": (31 * 20, 2),
    "evidence/*/*.json": (20 * 3, 20),
    "logs/*.log": (5, 40),
    "logs/*.log.*": (0, 0),
    "qbitrr.lock": (1, 0.1),
    "logins.lock": (1, 0.1),
    "control.sock": (0, 0),
    "demonstration": (0, 0),
}
"""How many of each file there may be, and how many MiB all of them may have, after days in any number."""
ITEMS = 1000
"""More than all libraries have, and more torrents than there are at a time."""
MOST_ROWS = {
    "catalogue": 3,
    **dict.fromkeys(("movies", "series", "episodes", "artists", "albums", "tracks", "artist_files"), ITEMS),
    **dict.fromkeys(("movie_counts", "titles", "titles_by_part"), ITEMS),
    **dict.fromkeys(("torrents", "file_checks", "strikes", "seeding_times", "tracker_refusals", "verdicts"), 150),
    # the newest thousand, and those of a day
    **dict.fromkeys(("ledger", "departures", "foreign_acts", "watch_periods"), 1200),
    "ledger_totals": 200,
    "ledger_changes": 1,
    **dict.fromkeys(("shadow", "shadow_searches"), 0),
    "absent_categories": 1,
    "instances": 2,
    "import_answers": 0,
    "file_events": 20_000,  # of a month
    "history_readings": 3,
    "breakers": 3,
    "requests": 100,
    "searches": ITEMS,
    **dict.fromkeys(("orphans", "orphan_listings", "orphan_failures", "arr_folders"), 0),  # they are off
    "season_searches": ITEMS,
    "indexer_outages": 3,
    "answers": 0,
    **dict.fromkeys(("last_searches", "search_plans", "search_budgets", "search_pauses"), ITEMS),
    "profile_switches": 0,
    "retry_after": 3,
    "refused_logins": 1,
    **dict.fromkeys(("paused_downloads", "space_claims", "space_needs", "room_stops"), 0),
}
FAULT_SECONDS = 1.5  # longer than the pause between two passes


class Life(Days):
    """Days of faults and commands, whose user is away."""

    def __init__(self, sandbox: Sandbox, daemon: Daemon, time: PassingTime, receiver: Receiver) -> None:
        super().__init__(sandbox, daemon, time, LEAPS)
        self.receiver = receiver
        self._off: str | None = None
        self._restarts = 0

    def config(self) -> str:
        """The configuration, with one section switched off at most."""
        tables: dict[str, Any] = {one.name: {"Managed": one.name != self._off, "Torrent": TORRENTS} for one in SECTIONS}
        notifications = {"Urls": [self.receiver.json], "Events": ["action"], "Digest": "12h"}
        return self.sandbox.config_toml({"Settings": SETTINGS, "Notifications": notifications, **tables})

    async def day(self, number: int) -> None:
        """Live through one day."""
        self._lose_files(number)
        await self.leap()
        await self._with_faults(FAULTS[number % len(FAULTS)])
        await self.leap()
        self.time.set_ahead(CLOCKS[number % len(CLOCKS)])
        await self.leap()
        self.time.set_ahead(0.0)
        await self._toggle(SECTIONS[number % len(SECTIONS)].name)
        wanted = (number + 1) * RESTARTS[0] // RESTARTS[1]
        if wanted > self._restarts:
            await self._restart(self._restarts)
            self._restarts = wanted
        else:
            await self._kill_a_worker()
        while self.time.leaps < LEAPS * (number + 1):
            await self.leap()

    async def leap(self) -> None:
        """Let hours pass, and decide about what they brought."""
        await super().leap()
        await self.decide()

    async def decide(self) -> None:
        """Approve what a tripped breaker holds."""
        for category in {one["category"] for one in await self.open_decisions() if one["state"] == "awaiting_approval"}:
            await self.daemon.post_as_user(f"/web/arr/{category}/approve")

    def _lose_files(self, number: int) -> None:
        for stand_in in self.sandbox.arrs.values():
            arr = stand_in.arr
            items = list(arr.collection.items.values())
            for position in range(LOST_ITEMS):
                item = items[(number * LOST_ITEMS + position) % len(items)]
                item.file = None
                arr.changed(item)
            if number % 7 == 0:
                arr.blocklist.clear()

    async def _with_faults(self, fault: Fault) -> None:
        services = list(self.sandbox.stand_ins.values())
        for service in services:
            await service.fail(fault)
        await asyncio.sleep(FAULT_SECONDS)
        for service in services:
            await service.heal()
        if isinstance(fault, Down):
            for stand_in in self.sandbox.arrs.values():
                stand_in.arr.restart()

    async def _toggle(self, section: str) -> None:
        for off in (section, None):
            self._off = off
            self.daemon.configure(self.config())
            for _ in range(3):
                os.kill(self.daemon.pid, signal.SIGHUP)
            await self.all_run(len(SECTIONS) - (off is not None))
            await self.leap()
        for command in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
            os.kill(self.daemon.pid, command)
        await self.all_run(len(SECTIONS))

    async def _kill_a_worker(self) -> None:
        pids = [one["pid"] for one in (await self.daemon.workers()).values() if one["pid"] is not None]
        with suppress(ProcessLookupError):  # it may be replaced by another one just now
            os.kill(pids[0], signal.SIGKILL)
        await self.all_run(len(SECTIONS))

    async def _restart(self, number: int) -> None:
        """In place, by a stop and a start, or by a kill and a start."""
        starts = self.daemon.log().count("daemon was started")
        match number % 3:
            case 0:
                await self.daemon.post("/web/restart")
            case 1:
                assert await self.daemon.stop() == 0
                await self.daemon.start()
            case _:
                await self.daemon.stop(signal.SIGKILL)
                await until(lambda: not self.daemon.processes(), PATIENCE_SECONDS, self.log)
                await self.daemon.start()
        await until(lambda: self.daemon.log().count("daemon was started") > starts, PATIENCE_SECONDS, self.log)
        await self.all_run(len(SECTIONS))

    async def memory(self) -> dict[str, int]:
        """The resident bytes of each process."""
        workers = {one["pid"]: category for category, one in (await self.daemon.workers()).items()}
        names = {self.daemon.pid: "supervisor", **workers}
        return {names.get(one.pid, "fork server"): one.memory_info().rss for one in self.daemon.processes()}


async def test_days_of_faults_and_commands_leave_nothing_over(tmp_path: Path):
    time = PassingTime()
    async with (
        Sandbox(SECTIONS, with_requests=True, clock=time.now, middlewares=[time.dates]) as sandbox,
        Receiver() as receiver,
    ):
        daemon = Daemon(tmp_path / "data", "", "tests.support.passing_time")
        daemon.answer_seconds = PATIENCE_SECONDS
        life = Life(sandbox, daemon, time, receiver)
        daemon.configure(life.config())
        time.follow(daemon)
        async with daemon:
            await daemon.all_running()
            await life.day(0)
            memory_before, open_before = await life.memory(), psutil.Process(daemon.pid).num_fds()
            for number in range(1, DAYS):
                await life.day(number)
                print(f"day {number + 1}: {await life.memory()}", flush=True)
            await life.leap()
            await until(lambda: nothing_is_orphaned(life), 60, lambda: daemon.log()[-3000:])
            assert_explained(sandbox, await life.decisions(), time.now())
            assert_same_memory(memory_before, await life.memory())
            assert psutil.Process(daemon.pid).num_fds() <= open_before + 4
            assert "own task failed" not in daemon.log()
            assert len(receiver.received[receiver.json]) >= DAYS - 1
            assert await daemon.stop() == 0
            assert daemon.processes() == []
            assert_bounded(daemon.folder)


def assert_same_memory(before: dict[str, int], after: dict[str, int]) -> None:
    assert after.keys() == before.keys()
    assert {name: size for name, size in after.items() if size > 1.1 * before[name]} == {}, (before, after)


async def nothing_is_orphaned(life: Life) -> bool:
    """Each tag and each stop in the client belongs to an open action, and each of those to a torrent that is there."""
    torrents = life.sandbox.world.client.torrents
    actions = await life.open_decisions()
    marked = {infohash for infohash, one in torrents.items() if one.stopped or {TAG_QUARANTINE, TAG_PAUSED} & one.tags}
    inside = {one["hash"] for one in actions if one["step"] == quarantine.INSIDE}
    return marked == inside and {one["hash"] for one in actions} <= set(torrents)


def assert_explained(sandbox: Sandbox, decisions: list[dict[str, Any]], now: float) -> None:
    """Every removal has its reason, which was true, and none was done twice; what is gone was removed by one."""
    removals = [one for one in decisions if one["state"] == "done" and one["action"] in DESTRUCTIVE]
    assert removals
    assert max(Counter((one["hash"], one["addedAt"]) for one in removals).values()) == 1
    assert [one for one in removals if not (one["because"] and one["facts"])] == []
    print(Counter((one["action"], one["state"], one["outcome"]) for one in decisions))
    buried = sandbox.world.client.buried
    false = [
        one
        for one in removals
        if (torrent := buried.get(one["hash"])) is not None
        and from_iso(one["addedAt"]) == int(torrent.added_on)  # not an earlier one of the same release
        and one["rule"] != "arr_refuses_it"  # its word counts for every download
        and not (
            is_replaced(sandbox, one["hash"], now if torrent.gone_at is None else torrent.gone_at)
            if one["rule"] == "superseded"
            else torrent.seeding_seconds >= SEEDING_SECONDS
            if one["action"] == "remove"
            else torrent.fate.destiny is not Destiny.HEALTHY
        )
    ]
    assert false == []
    lately = {infohash for infohash, one in buried.items() if one.gone_at is not None and one.gone_at > now - 6 * DAY}
    assert lately - {one["hash"] for one in removals} == set()


def is_replaced(sandbox: Sandbox, infohash: str, until: float) -> bool:
    """Whether an Arr had imported all that a download brought once more from another one later, each part of it.

    What came after `until` does not count: the release may have been grabbed again.
    """
    for stand_in in sandbox.arrs.values():
        imports = [
            one for one in stand_in.arr.history if one.event_type == IMPORTED[stand_in.kind] and one.date <= until
        ]
        last = {(one.item_id, one.track_id): one.download_id for one in imports}
        brought = {(one.item_id, one.track_id) for one in imports if one.download_id == infohash.upper()}
        if brought:
            return all(last[one] != infohash.upper() for one in brought)
    return False


def assert_bounded(folder: Path) -> None:
    """Of each file and table that is listed no more than its bound, and nothing that is not listed."""
    assert set(MOST_FILES) == set(names_in("Files in the data folder"))
    files = {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    found: dict[str, list[int]] = {}
    for name, size in files.items():
        if name not in ("out.log", "misbehave/time"):
            kind = next((one for one in MOST_FILES if fnmatch(name, one)), name)
            found.setdefault(kind, []).append(size)
    seen = {kind: (len(sizes), round(sum(sizes) / 2**20, 2)) for kind, sizes in found.items()}
    print(seen)
    most = {kind: MOST_FILES.get(kind, (0, 0)) for kind in seen}
    assert {kind: one for kind, one in seen.items() if one[0] > most[kind][0] or one[1] > most[kind][1]} == {}
    assert set(MOST_ROWS) == set(names_in("Tables of state.db"))
    with closing(sqlite3.connect(folder / "state.db")) as database:
        rows = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in MOST_ROWS}
        print(rows, database.execute("SELECT max(id) FROM ledger").fetchone())
    assert {table: number for table, number in rows.items() if number > MOST_ROWS[table]} == {}
