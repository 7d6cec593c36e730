"""Backups by the hour: that they fail is seen."""

from functools import partial

from qbitrr.backoff import Backoff
from qbitrr.clock import Clock
from qbitrr.data_dir import BACKUP_FOLDER, DataDir
from supervisor.housekeeping import keep_backups
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
