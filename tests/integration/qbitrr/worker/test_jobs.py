"""The Arr is told to look at feeds and downloads, whatever else is going on."""

import asyncio
import itertools
from contextlib import asynccontextmanager

import msgspec
import pytest

from qbitrr.arr.client import ArrClient
from qbitrr.arr.kinds import KINDS
from qbitrr.config import Arr, load_text
from qbitrr.errors import CredentialsRejectedError, ThrottledError
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Status, WrongCredentials
from qbitrr.worker.config import worker_configs
from qbitrr.worker.context import WorkerContext
from qbitrr.worker.jobs import Job, every
from qbitrr.worker.run import arr_timers
from qbitrr.worker.services import Services
from tests.support.polling import until

SECTIONS = {
    "radarr": Section("Radarr", "radarr", 3),
    "sonarr": Section("Sonarr", "sonarr", 1, episodes=3),
    "lidarr": Section("Lidarr", "lidarr", 1),
}


@asynccontextmanager
async def running(kind, on_probation=False, **arr):
    async with Sandbox([SECTIONS[kind]], has_past=False) as sandbox:
        stand_in = sandbox.arrs[kind.capitalize()]
        (config,) = worker_configs(load_text(sandbox.config_toml(), {}).config, "state.db", None)
        section = msgspec.structs.replace(config.arr, **arr)
        config = msgspec.structs.replace(config, arr_section=section, on_probation=on_probation)
        client = ArrClient("Arr", KINDS[kind], stand_in.url, stand_in.api_key)
        context = WorkerContext(config, Services(client, {}), None, None, None)
        tasks = [asyncio.create_task(every(job, lambda: None)) for job in arr_timers(context)]
        try:
            yield stand_in, client
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.close()


def sent(stand_in):
    return [seen.body["name"] for seen in stand_in.requests if seen.method == "POST"]


def test_they_run_every_quarter_of_an_hour_and_every_five_minutes():
    arr = load_text('[Radarr]\nURI = "http://arr"\nAPIKey = "key"', {}).config.arrs["Radarr"]
    assert (arr.rss_sync_seconds, arr.refresh_downloads_seconds) == (900, 300)
    assert isinstance(arr, Arr)


@pytest.mark.parametrize("kind", SECTIONS)
async def test_every_kind_of_arr_is_told_again_and_again(kind):
    async with running(kind, rss_sync_seconds=1, refresh_downloads_seconds=1) as (stand_in, _):
        assert sent(stand_in) == []  # a worker that is restarted over and over does not ask each time
        await until(lambda: {"RssSync", "RefreshMonitoredDownloads"} <= set(sent(stand_in)), 10, "not told")
        await until(lambda: sent(stand_in).count("RssSync") == 2, 10, "told once only")


@pytest.mark.parametrize(("rss", "refresh", "name"), [(0, 1, "RefreshMonitoredDownloads"), (1, 0, "RssSync")])
async def test_nothing_of_what_is_switched_off(rss, refresh, name):
    async with running("radarr", rss_sync_seconds=rss, refresh_downloads_seconds=refresh) as (stand_in, _):
        await until(lambda: len(sent(stand_in)) == 2, 10, "not told")
        assert set(sent(stand_in)) == {name}


@pytest.mark.parametrize("read_only", ["shadow", "on_probation"])
async def test_nothing_while_nothing_may_be_changed(read_only):
    keys = {"rss_sync_seconds": 1, "refresh_downloads_seconds": 1, read_only: True}
    async with running("radarr", **keys) as (stand_in, _):
        with pytest.raises(AssertionError):
            await until(lambda: sent(stand_in), 1.5, "not told")


@pytest.mark.parametrize(
    ("fault", "error"),
    [(WrongCredentials(), CredentialsRejectedError), (Status(429, retry_after=60), ThrottledError)],
)
async def test_an_arr_that_refuses_is_asked_once_by_both(fault, error):
    async with running("radarr", rss_sync_seconds=1, refresh_downloads_seconds=1) as (stand_in, client):
        await stand_in.fail(fault)
        await until(lambda: sent(stand_in), 10, "not told")
        for command in (client.sync_rss(), client.refresh_downloads()):
            with pytest.raises(error):
                await command
        assert len(sent(stand_in)) == 1


async def test_a_job_comes_early_when_there_is_reason_but_never_within_half_a_second_of_the_last_time():
    times, loop = [], asyncio.get_running_loop()

    async def work():
        times.append(loop.time())

    task = asyncio.create_task(every(Job("torrents", 600, work, early=lambda: 0.5 if len(times) < 3 else 600), print))
    await until(lambda: len(times) == 3, 5, "it did not come early")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert all(later - earlier >= 0.5 for earlier, later in itertools.pairwise(times))
