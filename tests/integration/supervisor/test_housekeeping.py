"""Backups by the hour, and what goes with age: that they fail is seen."""

import asyncio
import os
from functools import partial
from types import SimpleNamespace

from qbitrr.backoff import Backoff
from qbitrr.clock import Clock
from qbitrr.data_dir import BACKUP_FOLDER, DataDir
from supervisor import old_files
from supervisor.housekeeping import age_clock, delete_old_files, drop_with_age, keep_backups
from supervisor.own_tasks import OwnTasks
from tests.support.polling import until

SOON = Backoff(first_seconds=0.001, limit_seconds=0.001)


async def test_backups_that_fail_are_counted_and_tried_again_soon(state_file):
    in_the_way = state_file.parent / BACKUP_FOLDER
    in_the_way.touch()
    tasks, clock = OwnTasks(Clock(), SOON), Clock()
    async with tasks.running({"backups": partial(keep_backups, DataDir(state_file.parent), clock)}):
        await until(lambda: tasks.states["backups"].failures > 1, 5, "no failure is counted")
        in_the_way.unlink()
        await until(lambda: bool(list(in_the_way.glob("*.db"))), 5, "no backup was made")
        await until(lambda: not tasks.failing, 5, lambda: str(tasks.failing))


async def test_what_cannot_be_dropped_with_age_is_counted_and_tried_again_soon(state_file):
    """Also secrets in earlier versions of the configuration go with age."""
    data_dir, clock = DataDir(state_file.parent), Clock()
    settings = SimpleNamespace(decisions_kept_days=30, quarantine_seconds=0)
    config_reload = SimpleNamespace(
        data_dir=data_dir, categories=set(), loaded=SimpleNamespace(config=SimpleNamespace(settings=settings))
    )
    in_the_way = data_dir.log_folder / "former.log"
    in_the_way.mkdir(parents=True)
    os.utime(in_the_way, (0, 0))
    whole = state_file.read_bytes()
    state_file.write_bytes(b"no state file" * 100)
    tasks, age = OwnTasks(clock, SOON), age_clock(clock)
    work = {"retention": partial(drop_with_age, config_reload, age)}
    work |= {"old_files": partial(delete_old_files, config_reload, age)}
    async with tasks.running(work):
        for name in work:
            await until(lambda name=name: tasks.states[name].failures > 1, 5, f"no failure of {name} is counted")
        state_file.write_bytes(whole)
        in_the_way.rmdir()
        await until(lambda: not tasks.failing, 5, lambda: str(tasks.failing))


def test_nothing_ages_by_a_clock_that_is_set_ahead_meanwhile():
    wall, monotonic = 1000.0, 50.0
    age = age_clock(Clock(wall=lambda: wall, monotonic=lambda: monotonic))
    wall, monotonic = 10**9, 60.0
    assert age() == 1010.0
    wall = 500.0
    assert age() == 500.0


async def test_what_is_kept_of_a_removal_ages_from_the_end_of_its_quarantine(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(old_files, "delete_old", lambda *arguments: calls.append(arguments))
    settings = SimpleNamespace(quarantine_seconds=7.0)
    config_reload = SimpleNamespace(
        data_dir=DataDir(tmp_path),
        categories={"films"},
        loaded=SimpleNamespace(config=SimpleNamespace(settings=settings)),
    )
    deleting = asyncio.create_task(delete_old_files(config_reload, lambda: 5.0))
    await until(lambda: calls, 5, "nothing was deleted")
    deleting.cancel()
    assert calls == [(config_reload.data_dir, {"films"}, 5.0, 7.0)]
