"""What every supervisor of processes promises, with real ones. Restart intensity: tests/unit/supervisor.

Here too: a worker that ignores TERM, EAGAIN at fork, EMFILE for pipes, a wall clock that jumps. The parent killed, a
second daemon refused: test_workers.py. A death during a reload, two at once, an invalid one: test_reload.py.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.errors import NotReadyError, WorkerNotReadyError
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.worker.config import worker_configs
from supervisor import evidence
from supervisor.evidence import Evidence
from supervisor.lifecycle import Phase
from supervisor.spawner import ForkServer, Spawner
from supervisor.workers import Workers, restart_policy
from tests.support.daemon import CHECKOUT
from tests.support.polling import until
from tests.support.state import migrated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from qbitrr.config import Loaded
    from supervisor.lifecycle import RestartPolicy

pytestmark = pytest.mark.serial

SECTIONS = (Section("Radarr-HD", "radarr", 5), Section("Sonarr-TV", "sonarr", 1, episodes=5))
GRACE_SECONDS = 1.0
IN_TURMOIL = (Phase.HANGING, Phase.BACKOFF, Phase.DEGRADED)


def policy_of(loaded: Loaded) -> RestartPolicy:
    """The restart policy of a configuration, but with a second between TERM and KILL."""
    return replace(restart_policy(loaded.config.settings), grace_seconds=GRACE_SECONDS)


class JumpingClock:
    """The wall clock can be set; the monotonic one cannot."""

    def __init__(self) -> None:
        self.offset_seconds = 0.0
        self.clock = Clock(wall=lambda: time.time() + self.offset_seconds)


def start_server(module: str, *arguments: str) -> ForkServer:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-P", "-m", module, str(theirs.fileno()), *arguments]
        environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        started = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environ, stdin=subprocess.DEVNULL)
    started.returncode = 0  # the spawner waits for it
    return ForkServer(started.pid, ours)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS) as running:
        yield running


@asynccontextmanager
async def supervised(
    sandbox: Sandbox,
    folder: Path,
    fork_server: ForkServer,
    clock: Clock | None = None,
    *,
    on_probation: bool = False,
    **settings: Any,
) -> AsyncIterator[Workers]:
    """A supervisor in this process, with real workers."""
    state = migrated(folder / "state.db")
    loaded = load_text(sandbox.config_toml({"Settings": {"ProcessRestartDelay": 0, **settings}}), {})
    spawner = Spawner(fork_server)
    supervisor = Workers(spawner, Evidence(folder / "evidence", None, str), clock)
    configs = worker_configs(loaded.config, str(state), None)
    supervisor.start(configs, policy_of(loaded), on_probation=on_probation)
    try:
        yield supervisor
    finally:
        await supervisor.stop()
        await spawner.close()


def phases(supervisor: Workers) -> dict[str, Phase]:
    return {category: process.state.phase for category, process in supervisor.processes.items()}


async def all_running(supervisor: Workers) -> None:
    await until(lambda: set(phases(supervisor).values()) == {Phase.RUNNING}, 15, lambda: str(phases(supervisor)))


@pytest.mark.parametrize("call", ["fork", "pidfd_open"])
async def test_eagain_at_fork_is_tried_again(sandbox: Sandbox, tmp_path: Path, call: str):
    fork_server = start_server("tests.support.failing_fork_server", call, "3")
    async with supervised(sandbox, tmp_path, fork_server) as supervisor:
        await all_running(supervisor)
        assert sum(len(process.state.start_failures) for process in supervisor.processes.values()) == 3


async def test_a_stop_that_comes_before_a_worker_can_obey_is_obeyed_then():
    spawner = Spawner(start_server("tests.support.hasty_fork_server"))
    spawned = await spawner.spawn(20)
    with spawned.channel:
        async with asyncio.timeout(20):
            exited = await spawned.exited
    assert exited is not None
    assert exited.code == -signal.SIGTERM
    for descriptor in (spawned.pidfd, spawned.stacks):
        os.close(descriptor)
    await spawner.close()


async def test_emfile_for_pipes_is_tried_again_and_touches_no_other_worker(sandbox: Sandbox, tmp_path: Path):
    async with supervised(sandbox, tmp_path, start_server("supervisor.fork_server")) as supervisor:
        await all_running(supervisor)
        other = supervisor.processes["sonarr-tv"].pid
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            supervisor.restart("radarr-hd")
            await until(lambda: phases(supervisor)["radarr-hd"] is Phase.BACKOFF, 10, lambda: str(phases(supervisor)))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert "Too many open files" in (supervisor.processes["radarr-hd"].last_report.last_error or "")
        await all_running(supervisor)
        assert supervisor.processes["sonarr-tv"].pid == other


async def test_emfile_for_a_worker_that_was_just_forked_is_tried_again_too(sandbox: Sandbox, tmp_path: Path):
    fork_server = start_server("supervisor.fork_server")
    async with supervised(sandbox, tmp_path, fork_server, ProcessSpawnTimeoutSeconds=3) as supervisor:
        await all_running(supervisor)
        victim, other = supervisor.processes["radarr-hd"], supervisor.processes["sonarr-tv"].pid
        os.kill(fork_server.pid, signal.SIGSTOP)  # until there is no descriptor left for its answer
        supervisor.restart("radarr-hd")
        await until(lambda: victim.state.phase is Phase.STARTING, 10, lambda: str(victim.state))
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            os.kill(fork_server.pid, signal.SIGCONT)
            await until(lambda: victim.state.phase is not Phase.STARTING, 10, lambda: str(victim.state))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await all_running(supervisor)
        assert supervisor.processes["sonarr-tv"].pid == other


@pytest.mark.parametrize("hours", [-72, -1, 1, 72])
async def test_a_wall_clock_that_jumps_changes_nothing(sandbox: Sandbox, tmp_path: Path, hours: int):
    wall = JumpingClock()
    async with supervised(sandbox, tmp_path, start_server("supervisor.fork_server"), wall.clock) as supervisor:
        await all_running(supervisor)
        before = {category: process.pid for category, process in supervisor.processes.items()}
        wall.offset_seconds = hours * 3600.0
        beats = {category: process.last_report.progress for category, process in supervisor.processes.items()}

        def went_on() -> bool:
            assert not set(phases(supervisor).values()) & set(IN_TURMOIL)
            return all(
                process.last_report.progress > beats[category] + 1 for category, process in supervisor.processes.items()
            )

        await until(went_on, 15, lambda: str(phases(supervisor)))
        assert {category: process.pid for category, process in supervisor.processes.items()} == before
        victim = supervisor.processes["radarr-hd"]
        os.kill(victim.pid or 0, signal.SIGKILL)
        await until(lambda: victim.pid not in (None, before["radarr-hd"]), 15, "another process")


async def test_a_worker_that_ignores_term_is_killed_after_the_grace(sandbox: Sandbox, tmp_path: Path):
    async with supervised(sandbox, tmp_path, start_server("supervisor.fork_server")) as supervisor:
        await all_running(supervisor)
        victim = supervisor.processes["radarr-hd"]
        old = victim.pid
        os.kill(old or 0, signal.SIGSTOP)
        began = time.monotonic()
        supervisor.restart("radarr-hd")
        await until(lambda: victim.pid not in (None, old), victim.policy.grace_seconds + 2, lambda: str(victim.state))
        assert time.monotonic() - began >= victim.policy.grace_seconds - 0.1
        assert phases(supervisor)["sonarr-tv"] is Phase.RUNNING


async def test_a_worker_that_fails_before_its_log_is_set_up_leaves_evidence_of_why(sandbox: Sandbox, tmp_path: Path):
    (tmp_path / "logs").touch()  # a file where the folder should be
    async with supervised(sandbox, tmp_path, start_server("supervisor.fork_server")) as supervisor:
        await all_running(supervisor)
        process = supervisor.processes["radarr-hd"]
        process.config = replace(process.config, log_folder=str(tmp_path / "logs"))
        supervisor.restart("radarr-hd")
        await until(lambda: process.state.phase is Phase.BACKOFF, 10, lambda: str(process.state))
        endings = await until(lambda: evidence.read(tmp_path / "evidence", "radarr-hd"), 5, "there is no evidence")
        assert "FileExistsError" in endings[0].stack


async def test_one_that_flaps_is_degraded_and_a_manual_restart_resets_the_counts(sandbox: Sandbox, tmp_path: Path):
    fork_server = start_server("supervisor.fork_server")
    async with supervised(sandbox, tmp_path, fork_server, MaxProcessRestarts=2) as supervisor:
        await all_running(supervisor)
        victim = supervisor.processes["radarr-hd"]
        for _ in range(3):
            await until(lambda: victim.state.phase is Phase.RUNNING, 5, lambda: str(victim.state))
            before = victim.pid
            os.kill(before or 0, signal.SIGKILL)
            await until(lambda old=before: victim.pid != old, 5, "another process")
        await until(lambda: victim.state.phase is Phase.DEGRADED, 5, lambda: str(victim.state))
        assert phases(supervisor)["sonarr-tv"] is Phase.RUNNING
        supervisor.restart("radarr-hd")
        await all_running(supervisor)


async def test_a_worker_that_never_starts_brings_the_old_configuration_back(sandbox: Sandbox, tmp_path: Path):
    fork_server = start_server("supervisor.fork_server")
    async with supervised(sandbox, tmp_path, fork_server, ProcessSpawnTimeoutSeconds=2) as supervisor:
        await all_running(supervisor)
        before = supervisor.processes["radarr-hd"].config
        settings = {"ProcessRestartDelay": 0, "ProcessSpawnTimeoutSeconds": 2}
        changed = {"Settings": settings, "Radarr-HD": {"Torrent": {"StalledDelay": "9s"}}}
        loaded = load_text(sandbox.config_toml(changed), {})
        os.kill(fork_server.pid, signal.SIGSTOP)
        configs = worker_configs(loaded.config, before.state_file, None)
        with pytest.raises(WorkerNotReadyError, match="radarr-hd"):
            await supervisor.apply(configs, policy_of(loaded))
        assert supervisor.processes["radarr-hd"].config == before
        await all_running(supervisor)


async def test_a_fork_that_is_slow_hurts_its_own_worker_and_no_other(sandbox: Sandbox, tmp_path: Path):
    fork_server = start_server("supervisor.fork_server")
    async with supervised(sandbox, tmp_path, fork_server, ProcessSpawnTimeoutSeconds=4) as supervisor:
        await all_running(supervisor)
        others = {c: process.pid for c, process in supervisor.processes.items() if c != "radarr-hd"}
        os.kill(fork_server.pid, signal.SIGSTOP)  # as a machine that swaps
        supervisor.restart("radarr-hd")
        slow = supervisor.processes["radarr-hd"]
        await until(lambda: "did not answer" in str(slow.last_report.last_error), 40, lambda: str(slow.last_report))
        os.kill(fork_server.pid, signal.SIGCONT)
        await all_running(supervisor)
        assert {c: process.pid for c, process in supervisor.processes.items() if c != "radarr-hd"} == others


async def test_no_restart_that_comes_while_all_are_stopped_starts_one_again(sandbox: Sandbox, tmp_path: Path):
    async with supervised(sandbox, tmp_path, start_server("supervisor.fork_server")) as supervisor:
        await all_running(supervisor)
        configs = [process.config for process in supervisor.processes.values()]
        policy = supervisor.processes["radarr-hd"].policy
        stopping = asyncio.create_task(supervisor.stop())
        late = [
            asyncio.create_task(supervisor.restart_in_turn()),
            asyncio.create_task(supervisor.apply(configs, policy)),
        ]
        await asyncio.sleep(0)  # the stop is under way
        supervisor.restart("radarr-hd")
        async with asyncio.timeout(policy.grace_seconds + 5):
            await stopping
        refused = await asyncio.gather(*late, return_exceptions=True)
        assert [type(error) for error in refused] == [NotReadyError, NotReadyError]
        assert set(phases(supervisor).values()) == {Phase.STOPPED}


async def test_no_restart_that_comes_while_a_reload_stops_a_worker_starts_it_again(sandbox: Sandbox, tmp_path: Path):
    async with supervised(sandbox, tmp_path, start_server("supervisor.fork_server")) as supervisor:
        await all_running(supervisor)
        leaving = list(supervisor.processes.values())
        reload = asyncio.create_task(supervisor.apply((), leaving[0].policy))
        await asyncio.sleep(0)  # the stop is under way
        for process in leaving:
            supervisor.restart(process.category)
        async with asyncio.timeout(leaving[0].policy.grace_seconds + 5):
            await reload
        assert [process.pid for process in leaving] == [None, None]
        assert supervisor.processes == {}


async def test_workers_on_probation_send_no_command_and_all_do_after_it(sandbox: Sandbox, tmp_path: Path):
    def commands() -> int:
        return sum(request.method == "POST" for arr in sandbox.arrs.values() for request in arr.requests)

    async def is_quiet() -> bool:
        with pytest.raises(AssertionError):
            await until(commands, 2.5, "no command")
        return True

    fork_server = start_server("supervisor.fork_server")
    async with supervised(sandbox, tmp_path, fork_server, on_probation=True) as supervisor:
        await all_running(supervisor)
        sections = {"Radarr-HD": {"RssSyncTimer": "1s"}, "Sonarr-TV": {"Managed": False}}
        loaded = load_text(sandbox.config_toml(sections), {})
        state_file = supervisor.processes["radarr-hd"].config.state_file
        await supervisor.apply(worker_configs(loaded.config, state_file, None), policy_of(loaded))
        assert phases(supervisor) == {"radarr-hd": Phase.RUNNING}, "a section was removed, the other one changed"
        assert await is_quiet()
        killed = supervisor.processes["radarr-hd"].pid
        os.kill(killed or 0, signal.SIGKILL)
        await until(lambda: supervisor.processes["radarr-hd"].pid not in (None, killed), 10, "no other process")
        await all_running(supervisor)
        assert await is_quiet()
        await supervisor.end_probation()
        await until(commands, 10, "no command")


async def test_fifty_workers_that_ignore_term_are_stopped_within_the_grace_and_two_seconds(tmp_path: Path):
    arr = '[Radarr-{0}]\nURI = "http://127.0.0.1:{0}"\nAPIKey = "k"\nCategory = "c{0}"\n'
    arrs = "".join(arr.format(number) for number in range(1, 51))
    loaded = load_text(f"{arrs}[Settings]\nCompletedDownloadFolder = '/downloads'\n", {})
    state = migrated(tmp_path / "state.db")
    spawner = Spawner(start_server("supervisor.fork_server"))
    supervisor = Workers(spawner, Evidence(tmp_path / "evidence", None, str))
    limits = policy_of(loaded)
    supervisor.start(worker_configs(loaded.config, str(state), None), limits)
    ready = (Phase.RUNNING, Phase.WAITING)
    await until(lambda: all(p in ready for p in phases(supervisor).values()), 30, lambda: str(phases(supervisor)))
    for process in supervisor.processes.values():
        os.kill(process.pid or 0, signal.SIGSTOP)
    began = time.monotonic()
    await asyncio.wait_for(supervisor.stop(), 30)
    assert time.monotonic() - began < limits.grace_seconds + 2
    await spawner.close()
