"""Which workers another configuration concerns, and how it is applied."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from msgspec.structs import replace

from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.data_dir import DataDir
from qbitrr.errors import ConfigError, StateError, WorkerNotReadyError
from qbitrr.state import ledger, migrate
from qbitrr.state.database import open_writer
from qbitrr.state.retention import GRACE_SECONDS
from qbitrr.worker.config import worker_configs
from supervisor import config_reload
from supervisor.config_reload import ConfigReload, configs_of, follow_names
from supervisor.workers import WorkerChanges, difference
from tests.factories import decision

TEXT = """
[Settings]
CompletedDownloadFolder = "/downloads"
[WebUI]
Token = "t"
[qBit]
Host = "localhost"
[Radarr-A]
URI = "http://a"
APIKey = "ka"
Category = "films"
[Sonarr-B]
URI = "http://b"
APIKey = "kb"
Category = "tv"
"""
ANIME = '[Sonarr-C]\nURI = "http://c"\nAPIKey = "kc"\nCategory = "tv/anime"\n'


def parts(text):
    configs = worker_configs(load_text(text, {}).config, "/state.db", None)
    return {config.name: config for config in configs}


def change(text, before=TEXT):
    return difference(parts(before), parts(text))


def changed(old, new):
    assert old in TEXT
    return change(TEXT.replace(old, new))


def test_the_same_file_changes_nothing():
    assert change(TEXT + "# a comment\n") == WorkerChanges(unchanged=("films", "tv"))


def test_a_key_of_one_arr_concerns_its_worker_only():
    assert changed('"ka"', '"other"') == WorkerChanges(restarted=("films",), unchanged=("tv",))


def test_a_new_arr_concerns_no_other():
    assert change(TEXT + ANIME.replace("tv/anime", "anime")) == WorkerChanges(
        started=("anime",), unchanged=("films", "tv")
    )


def test_a_new_sub_category_concerns_its_parent_which_owned_its_torrents():
    assert change(TEXT + ANIME) == WorkerChanges(started=("tv/anime",), restarted=("tv",), unchanged=("films",))


def test_an_arr_that_is_gone_is_stopped():
    assert change(TEXT, TEXT + ANIME).stopped == ("tv/anime",)


def test_a_renamed_category_is_another_worker():
    assert changed('"films"', '"movies"') == WorkerChanges(started=("movies",), stopped=("films",), unchanged=("tv",))


def test_what_every_worker_uses_concerns_all():
    assert changed('"localhost"', '"nas"').restarted == ("films", "tv")
    assert changed("[Settings]\n", "[Settings]\nLoopSleepTimer = 9\n").restarted == ("films", "tv")


def test_keys_of_the_supervisor_concern_no_worker():
    settings = "AutoRestartProcesses = false\nMaxProcessRestarts = 9\nProcessRestartWindow = 9\nLogging = false\n"
    more = "ProcessRestartDelay = 9\nProcessSpawnTimeoutSeconds = 9\nAutoUpdateEnabled = true\n"
    assert changed("[Settings]\n", f"[Settings]\n{settings}{more}").restarted == ()
    assert changed('"t"', '"another token"').restarted == ()


def test_a_worker_knows_the_secrets_of_its_own_services_only():
    parts_ = parts(TEXT)
    assert "ka" in parts_["films"].secrets
    assert "kb" not in parts_["films"].secrets
    assert replace(parts_["films"], arr_section=parts_["tv"].arr) != parts_["films"]


class Workers:
    """Workers without processes; `going_on` keeps a change waiting, `fails` is raised instead of the first one."""

    def __init__(self, configs):
        self.processes = {config.name: config for config in configs}
        self.going_on = asyncio.Event()
        self.going_on.set()
        self.fails = None
        self.applied = []

    @property
    def configs(self):
        return tuple(self.processes.values())

    def plan(self, configs):
        return difference(self.processes, {config.name: config for config in configs})

    async def apply(self, configs, _policy):
        await self.going_on.wait()
        if self.fails and configs:
            fails, self.fails = self.fails, None
            raise fails
        changes = self.plan(configs)
        self.processes = {config.name: config for config in configs}
        self.applied.append(tuple(self.processes))
        return changes


@pytest.fixture
def data_dir(tmp_path):
    data_dir = DataDir(tmp_path)
    migrate.prepare(data_dir.state_file)
    data_dir.config_file.write_text(TEXT)
    return data_dir


@pytest.fixture
def applied():
    return []


@pytest.fixture
async def reload(data_dir, applied):
    first = load_text(TEXT, {})
    workers = Workers(configs_of(first, data_dir, logging=True))
    return ConfigReload(data_dir, {}, first, workers, Clock(), applied.append)


def slower(seconds=9):
    return load_text(TEXT.replace("[Settings]\n", f"[Settings]\nLoopSleepTimer = {seconds}\nLogging = false\n"), {})


async def test_a_plan_changes_nothing_and_applying_it_does_not_read_the_file(reload, data_dir, applied):
    plan = await reload.plan(slower())
    assert plan.result.applied == WorkerChanges(restarted=("films", "tv"))
    assert plan.result.after_restart == ("Settings.Logging",)
    assert applied == []
    data_dir.config_file.unlink()
    assert await reload.apply(plan) == plan.result
    assert reload.loaded is plan.loaded
    assert applied == [plan.loaded]


async def test_what_is_too_long_for_a_worker_is_no_configuration(reload, data_dir, applied):
    tags = [f"tag {number} {'x' * 80}" for number in range(2500)]
    text = TEXT.replace("[Settings]\n", f"[Settings]\nProtectTags = {tags}\n")
    data_dir.config_file.write_text(text)
    with pytest.raises(ConfigError, match=r"Radarr-A: found \d+ KiB for its worker") as refused:
        await reload.plan(load_text(text, {}))
    assert [problem.key for problem in refused.value.problems] == ["Radarr-A", "Sonarr-B"]
    with pytest.raises(ConfigError):
        await reload.reload()
    assert applied == []


async def test_the_configurations_of_workers_are_made_once_for_a_reload(reload, data_dir, monkeypatch):
    made = []

    def counted(*arguments):
        made.append(worker_configs(*arguments))
        return made[-1]

    monkeypatch.setattr(config_reload, "worker_configs", counted)
    data_dir.config_file.write_text(TEXT + ANIME)
    assert (await reload.reload()).applied.started == ("tv/anime",)
    assert len(made) == 1


async def test_a_reload_applies_the_file_as_it_is_when_its_turn_comes(reload, data_dir):
    reload._workers.going_on.clear()
    first = asyncio.create_task(reload.apply(await reload.plan(slower(7))))
    await asyncio.sleep(0)
    data_dir.config_file.write_text("[Settings")
    second = asyncio.create_task(reload.reload())
    await asyncio.sleep(0)
    data_dir.config_file.write_text(TEXT)
    reload._workers.going_on.set()
    await asyncio.gather(first, second)
    assert reload.loaded.config.settings.loop_sleep_seconds == 5


async def test_the_configuration_in_force_stays_when_another_cannot_be_applied(reload, data_dir, applied):
    before = reload.loaded
    data_dir.config_file.write_text("[Settings")
    with pytest.raises(ConfigError):
        await reload.reload()
    reload._workers.fails = WorkerNotReadyError("films", None)
    with pytest.raises(WorkerNotReadyError):
        await reload.apply(await reload.plan(slower()))
    assert (reload.loaded, applied) == (before, [])


async def test_a_category_that_a_reload_removed_keeps_its_actions_open_for_a_week(reload, data_dir):
    """An open action keeps every other one from its torrent, which may be in another category by then."""

    async def open_ones():
        async with open_writer(data_dir.state_file) as database:
            return [entry.category for entry in await ledger.open_entries(database, "tv")]

    async with open_writer(data_dir.state_file) as database:
        await ledger.plan(database, decision(category="tv"), {}, 1.0)
    data_dir.config_file.write_text(TEXT.partition("[Sonarr-B]")[0])
    await reload.reload()
    assert await open_ones() == ["tv"]
    async with open_writer(data_dir.state_file) as database:
        await database.write("UPDATE absent_categories SET seconds = seconds + ?", (GRACE_SECONDS,))
    await reload.reload()
    assert await open_ones() == []


def stored_instances(data_dir):
    with closing(sqlite3.connect(data_dir.state_file)) as connection:
        return [row[0] for row in connection.execute("SELECT instance FROM ledger")]


@pytest.fixture
async def with_decision(reload, data_dir):
    """A reload of the present file, so that the addresses are known, and a decision on a torrent of its qBittorrent."""
    await reload.reload()
    async with open_writer(data_dir.state_file) as database:
        await ledger.plan(database, decision(category="tv"), {}, 1.0)
    reload._workers.applied.clear()
    return reload


RENAMED = TEXT.replace("[qBit]", "[qBit-nas]")


async def test_a_renamed_qbittorrent_keeps_what_was_done_to_its_torrents(with_decision, data_dir):
    """It is renamed while no worker runs."""
    data_dir.config_file.write_text(RENAMED)
    result = await with_decision.reload()
    assert result.applied == WorkerChanges(restarted=("films", "tv"))
    assert stored_instances(data_dir) == ["qBit-nas"]
    assert with_decision._workers.applied == [(), ("films", "tv")]
    data_dir.config_file.write_text(TEXT)
    await with_decision.reload()
    assert stored_instances(data_dir) == ["qBit"]


async def test_a_rename_that_cannot_be_applied_leaves_everything_as_it_was(with_decision, data_dir):
    before = with_decision._workers.configs
    with_decision._workers.fails = WorkerNotReadyError("films", None)
    data_dir.config_file.write_text(RENAMED)
    with pytest.raises(WorkerNotReadyError):
        await with_decision.reload()
    assert stored_instances(data_dir) == ["qBit"]
    assert with_decision._workers.configs == before


async def test_a_rename_that_cannot_be_stored_leaves_everything_as_it_was(with_decision, data_dir):
    before = with_decision._workers.configs
    with closing(sqlite3.connect(data_dir.state_file)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER broken BEFORE UPDATE OF instance ON ledger BEGIN SELECT raise(ABORT, 'x'); END"
        )
    data_dir.config_file.write_text(RENAMED)
    with pytest.raises(StateError):
        await with_decision.reload()
    assert stored_instances(data_dir) == ["qBit"]
    assert with_decision._workers.configs == before


async def test_a_rename_that_a_crash_left_half_done_is_finished_by_the_next_start(with_decision, data_dir):
    follow_names(load_text(RENAMED, {}), data_dir, 2.0)
    assert stored_instances(data_dir) == ["qBit-nas"]


async def test_a_qbittorrent_that_is_still_to_be_filled_in_has_no_address(data_dir):
    follow_names(load_text(TEXT.replace('"localhost"', '""'), {}), data_dir, 1.0)
    with closing(sqlite3.connect(data_dir.state_file)) as connection:
        assert connection.execute("SELECT * FROM instances").fetchall() == [("qBit", "")]


async def test_log_files_are_written_as_at_the_start_of_the_daemon(reload):
    plan = await reload.plan(slower())
    assert all(config.log_folder for config in plan.configs)
