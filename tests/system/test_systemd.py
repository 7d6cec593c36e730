"""The unit under a real systemd: the effects of `systemctl` and `kill`, and what `journalctl` shows."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit

from qbitrr.sandbox.__main__ import END_OF_CONFIG
from tests.support import systemd_box, users
from tests.support.polling import until_sync
from tests.support.ports import HOST, free_port
from tests.support.systemd_box import Box
from tests.support.wheels import PackageIndex, build, trusted_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONFIG = "/var/lib/qbitrr/config.toml"
DROP_IN = "/etc/systemd/system/qbitrr.service.d/test.conf"
# half a minute otherwise
QUICK = "[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\nRestartSec=100ms\n"
GRACE_SECONDS = 10
CTL = ("/opt/qbitrr/current/bin/python", "-P", "-m", "qbitrr", "--data-dir", "/var/lib/qbitrr", "ctl")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The configuration of a sandbox, which runs in a process of its own; the port of the page is free."""
    command = [sys.executable, "-P", "-m", "qbitrr.sandbox", "--until-eof", "--webui-port", str(free_port())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            if line == END_OF_CONFIG:
                break
            lines.append(line)
        yield "".join(lines)
        process.terminate()


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    if not systemd_box.is_there():
        pytest.fail(systemd_box.how_to_get(), pytrace=False)
    with Box(tmp_path_factory.mktemp("box") / "console.log") as box:
        box.write(DROP_IN, QUICK)
        box.run("systemctl", "daemon-reload")
        yield box


@pytest.fixture
def box(booted: Box, sandbox: str) -> Iterator[Box]:
    """The box with the service stopped and configured."""
    booted.write(CONFIG, sandbox)
    yield booted
    booted.run("systemctl", "stop", "qbitrr.socket", "qbitrr.service", check=False)
    booted.run("systemctl", "reset-failed", "qbitrr.service", check=False)


@pytest.fixture
def service(box: Box) -> Box:
    """The box with the service running, and all workers too."""
    box.run("systemctl", "start", "qbitrr")
    until_sync(lambda: all_running(box), 20, lambda: journal(box))
    return box


def show(box: Box, name: str) -> str:
    return box.run("systemctl", "show", "--value", "--property", name, "qbitrr").strip()


def journal(box: Box, *arguments: str) -> str:
    return box.run("journalctl", "--no-pager", "--unit", "qbitrr", *arguments, check=False)


def port_of(box: Box) -> int:
    port: int = tomllib.loads(box.run("cat", CONFIG))["WebUI"]["Port"]
    return port


def status_of(port: int, method: str, path: str, *headers: str) -> int:
    options = [option for header in headers for option in ("-H", header)]
    command = ["curl", "-q", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, *options]
    return int(subprocess.check_output([*command, f"http://{HOST}:{port}{path}"], timeout=20))


def workers(box: Box) -> dict[str, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port_of(box)}/web/processes", timeout=5) as answer:
            return {worker["category"]: worker for worker in json.load(answer)["processes"]}
    except OSError:
        return {}


def all_running(box: Box) -> dict[str, dict[str, Any]]:
    found = workers(box)
    return found if found and all(worker["state"] == "running" for worker in found.values()) else {}


def pids(box: Box) -> dict[str, int]:
    return {category: worker["pid"] for category, worker in workers(box).items()}


def kill(box: Box, number: signal.Signals, pid: str) -> None:
    box.run("kill", f"-{int(number)}", pid)


def test_the_units_are_valid(booted: Box):
    assert booted.run("systemd-analyze", "verify", "qbitrr.service", "qbitrr.socket") == ""


def test_the_exposure_is_at_most_two(booted: Box):
    report = booted.run(
        "systemd-analyze", "security", "--no-pager", "--offline=true", "/etc/systemd/system/qbitrr.service"
    )
    level = re.search(r"Overall exposure level for qbitrr.service: ([\d.]+)", report)
    assert level is not None
    assert float(level.group(1)) <= 2.0


def test_readiness_and_the_state_of_the_workers_are_in_the_status(service: Box):
    assert show(service, "ActiveState") == "active"
    number = len(all_running(service))
    until_sync(lambda: show(service, "StatusText") == f"{number} running", 20, lambda: show(service, "StatusText"))


def test_a_reload_changes_only_the_workers_that_it_concerns(service: Box):
    before, main = all_running(service), show(service, "MainPID")
    config = tomlkit.parse(service.run("cat", CONFIG))
    section = next(name for name in config if name.startswith("Radarr-"))
    config[section]["Torrent"]["StalledDelay"] = "77s"
    service.write(CONFIG, tomlkit.dumps(config))
    service.run("systemctl", "reload", "qbitrr")
    after = all_running(service)
    changed = {category for category, worker in after.items() if worker["pid"] != before[category]["pid"]}
    assert changed == {config[section]["Category"]}
    assert show(service, "MainPID") == main


def test_a_reload_works_after_the_token_and_the_port_were_edited(service: Box):
    port = port_of(service)
    config = tomlkit.parse(service.run("cat", CONFIG))
    config["WebUI"]["Token"] = "another"
    config["WebUI"]["Port"] = free_port()
    service.write(CONFIG, tomlkit.dumps(config))
    service.run("systemctl", "reload", "qbitrr")
    assert status_of(port, "GET", "/api/status", "X-API-Token: another") == 200


def test_within_the_unit_too_the_kernel_names_the_users_of_peers(service: Box):
    port = port_of(service)
    assert status_of(port, "POST", "/web/processes/dump") == 200
    (status,) = asyncio.run(users.statuses([("POST", f"http://{HOST}:{port}/web/processes/dump")]))
    assert status == 403


def test_a_reload_of_an_invalid_file_fails_and_changes_nothing(service: Box):
    before, workers_before = service.run("cat", CONFIG), pids(service)
    service.write(CONFIG, "[Settings]\nLoopSleepTimer = 'soon'\n")
    refused = service.run("systemctl", "reload", "qbitrr", check=False)
    assert "failed" in refused
    assert "Settings.LoopSleepTimer" in journal(service)
    assert show(service, "ActiveState") == "active"
    service.write(CONFIG, before)  # for the port
    assert pids(service) == workers_before


def test_a_worker_that_was_killed_is_back_and_the_service_goes_on(service: Box):
    before, main = all_running(service), show(service, "MainPID")
    category = next(iter(before))
    kill(service, signal.SIGKILL, str(before[category]["pid"]))
    until_sync(
        lambda: all_running(service).get(category, before[category])["pid"] != before[category]["pid"], 10, "not back"
    )
    assert show(service, "MainPID") == main
    assert show(service, "NRestarts") == "0"


def test_a_daemon_that_was_killed_is_started_again_and_nothing_of_it_is_left(service: Box):
    before, main = all_running(service), show(service, "MainPID")
    kill(service, signal.SIGKILL, main)
    after = until_sync(
        lambda: show(service, "MainPID") not in ("0", main) and all_running(service), 20, lambda: journal(service)
    )
    old = {str(worker["pid"]) for worker in before.values()} | {main}
    left = set(service.run("pgrep", "--full", "qbitrr --data-dir").split())
    assert not old & left
    assert set(after) == set(before)
    assert show(service, "NRestarts") == "1"


def test_a_daemon_that_hangs_is_replaced_by_the_watchdog(service: Box):
    main = show(service, "MainPID")
    kill(service, signal.SIGSTOP, main)
    until_sync(
        lambda: show(service, "MainPID") not in ("0", main) and all_running(service), 30, lambda: journal(service)
    )
    assert "watchdog" in journal(service).lower()


def test_its_own_restart_keeps_the_process_and_the_unit_active(service: Box):
    before, main = all_running(service), show(service, "MainPID")
    assert "Restart initiated" in service.run(*CTL, "restart")

    def restarted() -> bool:
        now = all_running(service)
        return bool(now) and not {w["pid"] for w in before.values()} & {w["pid"] for w in now.values()}

    until_sync(restarted, 20, lambda: journal(service))
    until_sync(lambda: show(service, "ActiveState") == "active", 20, lambda: show(service, "ActiveState"))
    assert show(service, "MainPID") == main
    assert show(service, "NRestarts") == "0"
    until_sync(lambda: show(service, "WatchdogUSec") == "3s", 20, lambda: show(service, "WatchdogUSec"))


def test_the_first_request_to_the_socket_starts_the_service(box: Box):
    port = port_of(box)
    box.write("/etc/systemd/system/qbitrr.socket.d/test.conf", f"[Socket]\nListenStream=\nListenStream={HOST}:{port}\n")
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", "qbitrr.socket")
    assert show(box, "ActiveState") == "inactive"
    with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=20) as answer:
        assert answer.status == 200
    assert show(box, "ActiveState") == "active"


def test_a_stop_is_over_in_time_though_no_worker_ends_by_itself(service: Box):
    for worker in all_running(service).values():
        kill(service, signal.SIGSTOP, str(worker["pid"]))
    began = time.monotonic()
    service.run("systemctl", "stop", "qbitrr")
    assert time.monotonic() - began < GRACE_SECONDS + 2
    assert show(service, "Result") == "success"


def test_the_journal_has_every_field(service: Box):
    category = next(iter(all_running(service)))
    found = journal(service, f"QBITRR_CATEGORY={category}", "QBITRR_EVENT=worker became ready", "--output", "json")
    entry = json.loads(found.splitlines()[-1])
    assert entry["PRIORITY"] == "6"
    assert entry["MESSAGE"].startswith("worker became ready")
    assert entry["CODE_FILE"].endswith("worker/run.py")
    assert entry["SYSLOG_IDENTIFIER"] == "qbitrr"
    assert entry["QBITRR_CATEGORY"] == category


def test_the_journal_can_be_filtered_for_warnings(service: Box):
    category = next(iter(all_running(service)))
    pid = all_running(service)[category]["pid"]
    kill(service, signal.SIGKILL, str(pid))
    warnings = [f"QBITRR_CATEGORY={category}", "--priority", "warning", "--output", "cat"]
    until_sync(lambda: "worker died" in journal(service, *warnings), 10, lambda: journal(service))
    assert "worker became ready" not in journal(service, *warnings)


def test_a_configuration_to_correct_is_not_started_again(box: Box):
    box.write(CONFIG, "[Settings]\nLoopSleepTimer = 'soon'\n")
    box.run("systemctl", "start", "qbitrr", check=False)
    assert show(box, "ActiveState") == "failed"
    assert show(box, "ExecMainStatus") == "78"
    assert show(box, "NRestarts") == "0"


# -- memory ---------------------------------------------------------------------------------------------------------

LIMIT_MEBIBYTES = 512
PACKAGES = f"/opt/qbitrr/current/lib/python{systemd_box.PYTHONS[systemd_box.SUITE]}/site-packages"
GREEDY = """\
import os
from qbitrr.worker.torrents.loop import TorrentLoop

one_pass = TorrentLoop.one_pass

async def greedy(loop):
    mark = f"/var/lib/qbitrr/greedy-{loop._category}"
    if os.path.exists(mark):
        os.unlink(mark)
        held = []
        while True:  # until the kernel kills it
            held.append(b"x" * (8 << 20))
    await one_pass(loop)

TorrentLoop.one_pass = greedy
"""
# where systemd cannot limit memory, as its hierarchy belongs to the machine that the box runs on
CONFINE = """\
mount -o remount,rw,bind /sys/fs/cgroup/memory
mkdir -p /sys/fs/cgroup/memory/qbitrr-box
echo "$1" > /sys/fs/cgroup/memory/qbitrr-box/memory.limit_in_bytes
for pid in $(cat "/sys/fs/cgroup/systemd$(systemctl show -P ControlGroup qbitrr)/cgroup.procs"); do
    echo "$pid" > /sys/fs/cgroup/memory/qbitrr-box/cgroup.procs
done
"""


@pytest.fixture
def confined(service: Box) -> Iterator[Box]:
    """A service with little memory, one worker of which can be made to use it all."""
    service.write(f"{PACKAGES}/qbitrr-greedy.pth", "import greedy\n")
    service.write(f"{PACKAGES}/greedy.py", GREEDY)
    service.run("chmod", "a+r", f"{PACKAGES}/qbitrr-greedy.pth", f"{PACKAGES}/greedy.py")
    size = LIMIT_MEBIBYTES << 20
    if show(service, "MemoryCurrent") == "[not set]":
        service.run("sh", "-euc", CONFINE, "sh", str(size))
    else:
        service.run("systemctl", "set-property", "--runtime", "qbitrr", f"MemoryMax={size}", "MemorySwapMax=0")
    before = pids(service).items()
    service.run(*CTL, "restart")  # from its start on all memory that it has counts
    until_sync(lambda: all_running(service) and not before & pids(service).items(), 20, lambda: journal(service))
    yield service
    service.run("systemctl", "stop", "qbitrr")
    service.run("rm", f"{PACKAGES}/qbitrr-greedy.pth", f"{PACKAGES}/greedy.py")
    service.run("systemctl", "revert", "qbitrr", check=False)
    service.write(DROP_IN, QUICK)
    service.run("systemctl", "daemon-reload")
    service.run("sh", "-c", "! test -e /sys/fs/cgroup/memory/qbitrr-box || rmdir /sys/fs/cgroup/memory/qbitrr-box")


def test_a_worker_that_was_killed_for_memory_is_back_says_so_and_hurts_no_other(confined: Box):
    before, main = pids(confined), show(confined, "MainPID")
    greedy, *others = before
    confined.run("touch", f"/var/lib/qbitrr/greedy-{greedy}")
    until_sync(lambda: pids(confined).get(greedy) not in (None, before[greedy]), 30, lambda: journal(confined))
    after = until_sync(lambda: all_running(confined), 20, lambda: journal(confined))
    assert "killed for memory" in after[greedy]["lastError"]
    assert "killed for memory" in confined.run(*CTL[:-1], "evidence", greedy)
    assert {category: after[category]["pid"] for category in others} == {c: before[c] for c in others}
    assert [show(confined, name) for name in ("MainPID", "NRestarts", "ActiveState")] == [main, "0", "active"]
    kill(confined, signal.SIGKILL, str(after[others[0]]["pid"]))
    until_sync(lambda: "SIGKILL" in confined.run(*CTL[:-1], "evidence", others[0]), 20, lambda: journal(confined))
    assert "for memory" not in confined.run(*CTL[:-1], "evidence", others[0])


# -- what an administrator may change -----------------------------------------------------------------------------

OWN = "/etc/systemd/system/qbitrr.service.d/own.conf"


@pytest.fixture
def changed(box: Box) -> Iterator[Callable[[str], None]]:
    """Write a drop-in of the administrator; it is gone in the end."""

    def change(text: str) -> None:
        box.write(OWN, f"[Service]\n{text}")
        box.run("systemctl", "daemon-reload")

    yield change
    box.run("systemctl", "stop", "qbitrr.service", check=False)
    box.run("rm", OWN)
    box.run("systemctl", "daemon-reload")


def test_secrets_come_from_credentials_and_everything_is_in_the_state_directory(
    box: Box, changed: Callable[[str], None]
):
    config = tomlkit.parse(box.run("cat", CONFIG))
    section = next(name for name in config if name.startswith("Radarr-"))
    variable = f"QBITRR_{section.replace('-', '_').upper()}_API_KEY_FILE"
    secret, config[section]["APIKey"] = config[section]["APIKey"], "another-key"
    box.write("/etc/qbitrr/radarr", f"{secret}\n")
    box.write("/var/lib/private/qbitrr-second/config.toml", tomlkit.dumps(config))
    box.write(CONFIG, tomlkit.dumps(config))
    # source: docs/operations.md, secrets
    credential = f"LoadCredential=radarr:/etc/qbitrr/radarr\nEnvironment={variable}=%d/radarr\n"
    changed(f"{credential}StateDirectory=\nStateDirectory=qbitrr-second\n")
    box.run("systemctl", "start", "qbitrr")
    until_sync(lambda: all_running(box), 20, lambda: journal(box))
    box.run("systemctl", "reload", "qbitrr")
    assert all_running(box)
    assert {"config.toml", "logs", "state.db"} <= set(box.run("ls", "/var/lib/qbitrr-second").split())


STATE = "/var/lib/qbitrr/state.db"
# a million rows, with their indexes, of the schema before the present one
LARGE = f"""
import sqlite3
from pathlib import Path
from qbitrr.state import migrate
migrate.prepare(Path("{STATE}"), migrate.migrations()[:-1])
with sqlite3.connect("{STATE}") as state:
    state.execute(\'\'\'
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000)
        INSERT INTO movies (category, id, title, sort_title, year, tmdb_id, monitored, released, has_file, quality_met,
                            custom_format_met, upgrade, is_request)
        SELECT 'former', n, 'A Movie', 'a movie', 2000, n, 0, 0, 0, 0, 0, 0, 0 FROM numbers
    \'\'\')
"""
START_SECONDS = 8  # less than a migration of it takes, and more than the start before it


@pytest.fixture
def large(box: Box) -> Iterator[Box]:
    """The service stopped, with a large state file of the schema before."""
    box.run("sh", "-c", f"rm -f {STATE}*")
    box.run("/opt/qbitrr/current/bin/python", "-P", "-c", LARGE, seconds=300)
    box.run("chown", "--reference", CONFIG, STATE)
    yield box
    box.run("systemctl", "stop", "qbitrr.service", check=False)
    box.run("sh", "-c", f"rm -rf {STATE}* /var/lib/qbitrr/backups")


def test_a_start_that_migrates_a_large_state_file_is_given_more_time_than_a_start_has(
    large: Box, changed: Callable[[str], None]
):
    changed(f"TimeoutStartSec={START_SECONDS}\n")
    large.run("systemctl", "start", "qbitrr", seconds=300)
    assert [show(large, name) for name in ("ActiveState", "NRestarts")] == ["active", "0"]
    began, ready = (int(show(large, f"{name}Monotonic")) for name in ("ExecMainStartTimestamp", "ActiveEnterTimestamp"))
    assert ready - began > START_SECONDS * 1_000_000, "it was over before it needed more time"
    assert "backed up" in journal(large), "it had a schema to migrate"


@pytest.fixture
def notifying(sandbox: str, tmp_path: Path) -> Iterator[Box]:
    """A newer systemd, which sends SIGHUP itself and waits until the daemon is ready again."""
    if not systemd_box.is_there("trixie"):
        pytest.fail(systemd_box.how_to_get("trixie"), pytrace=False)
    with Box(tmp_path / "console.log", "trixie") as box:
        # source: docs/operations.md, reload
        box.write(DROP_IN, f"{QUICK}Type=notify-reload\nExecReload=\n")
        box.run("systemctl", "daemon-reload")
        box.write(CONFIG, sandbox)
        box.run("systemctl", "start", "qbitrr")
        until_sync(lambda: all_running(box), 20, lambda: journal(box))
        yield box


def test_a_reload_by_signal_is_over_when_the_configuration_is_applied(notifying: Box):
    before, main = pids(notifying), show(notifying, "MainPID")
    config = tomlkit.parse(notifying.run("cat", CONFIG))
    section = next(name for name in config if name.startswith("Radarr-"))
    for seconds in range(3):
        config[section]["Torrent"]["StalledDelay"] = f"7{seconds}s"
        notifying.write(CONFIG, tomlkit.dumps(config))
        notifying.run("systemctl", "reload", "qbitrr")
        after = {category: worker["pid"] for category, worker in all_running(notifying).items()}
        assert {category for category, pid in after.items() if pid != before[category]} == {config[section]["Category"]}
        before = after
    notifying.write(CONFIG, "[Settings]\nLoopSleepTimer = 'soon'\n")
    notifying.run("systemctl", "reload", "qbitrr")
    assert "Settings.LoopSleepTimer" in journal(notifying)
    notifying.write(CONFIG, tomlkit.dumps(config))  # for the port
    assert pids(notifying) == before
    notifying.run(*CTL, "restart")
    until_sync(lambda: all_running(notifying) and pids(notifying) != before, 20, lambda: journal(notifying))
    notifying.run("systemctl", "reload", "qbitrr")
    assert (show(notifying, "ActiveState"), show(notifying, "MainPID")) == ("active", main)


# -- updates ------------------------------------------------------------------------------------------------------

OWNED = "/etc/systemd/system/qbitrr.service.d/owned.conf"
# source: docs/operations.md, a service that may update itself
OWNS_ITSELF = "[Service]\nDynamicUser=no\nUser=qbitrr\nReadWritePaths=/opt/qbitrr\n"


def about(box: Box) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port_of(box)}/web/meta?force=true", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except OSError:
        return {}


def start_update(box: Box) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(f"http://{HOST}:{port_of(box)}/web/update", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def configured_for(box: Box, index: str) -> None:
    ours = f'[Settings]\nUpdateIndex = "{index}/simple"\nUpdateKey = {trusted_keys()!r}\n'
    box.write(CONFIG, box.run("cat", CONFIG).replace("[Settings]\n", ours))


@pytest.fixture
def owning(box: Box) -> Iterator[Box]:
    """A service whose user owns the installation, which pip made."""
    box.run("useradd", "--system", "qbitrr", check=False)
    box.write(OWNED, OWNS_ITSELF)
    box.run("systemctl", "daemon-reload")
    yield box
    box.run("systemctl", "stop", "qbitrr.service")
    box.run("ln", "-sfn", "versions/present", "/opt/qbitrr/current")
    box.run("rm", "-r", OWNED, "/var/lib/qbitrr")
    box.run("systemctl", "daemon-reload")


async def test_a_service_that_owns_itself_is_updated_in_place(owning: Box, tmp_path: Path):
    def install(url: str) -> None:
        place = "/opt/qbitrr/versions/1.0.0"
        owning.run("python3", "-m", "venv", place)
        pip = [f"{place}/bin/python", "-m", "pip", "install", "--no-deps", "--index-url", f"{url}/simple"]
        owning.run(*pip, "qbitrrd==1.0.0")
        owning.run("ln", "-sfn", "versions/1.0.0", "/opt/qbitrr/current")
        owning.run("sh", "-c", "chown -R qbitrr /opt/qbitrr/versions && chown qbitrr /opt/qbitrr")
        configured_for(owning, url)
        owning.run("sh", "-c", "rm -f /var/lib/qbitrr/state.db*; chown -R qbitrr /var/lib/qbitrr/")
        owning.run("systemctl", "start", "qbitrr")
        until_sync(lambda: all_running(owning), 20, lambda: journal(owning))

    def update() -> None:
        before = show(owning, "MainPID")
        until_sync(lambda: about(owning).get("update_available"), 20, lambda: journal(owning))
        assert start_update(owning)[1]["target_version"] == "v2.0.0"
        until_sync(
            lambda: about(owning).get("update_state", {}).get("last_result"), 120, lambda: journal(owning)[-4000:]
        )
        now = about(owning)
        assert (now["update_state"]["last_error"], now["current_version"]) == (None, "v2.0.0"), journal(owning)[-4000:]
        until_sync(lambda: all_running(owning), 20, lambda: journal(owning))
        assert show(owning, "MainPID") == before
        assert show(owning, "NRestarts") == "0"

    for version in ("1.0.0", "2.0.0"):
        build(tmp_path, version, libraries="/opt/qbitrr/site")
    async with PackageIndex(tmp_path) as index:
        await asyncio.to_thread(install, index.url)
        await asyncio.to_thread(update)


async def test_the_service_as_installed_names_what_the_administrator_does(box: Box, tmp_path: Path):
    def ask(url: str) -> None:
        configured_for(box, url)
        box.run("systemctl", "start", "qbitrr")
        until_sync(lambda: about(box).get("update_available"), 20, lambda: journal(box))
        status, answer = start_update(box)
        assert (status, answer["code"]) == (409, "NOT_UPDATABLE")

    build(tmp_path, "99.0.0")
    async with PackageIndex(tmp_path) as index:
        await asyncio.to_thread(ask, index.url)
