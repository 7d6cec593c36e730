"""The commands, as programs of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr import __version__
from tests.support.polling import until_sync
from tests.support.ports import HOST, free_port
from tests.support.state import migrated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def environ(**changes: str) -> dict[str, str]:
    return {**{key: value for key, value in os.environ.items() if not key.startswith("QBITRR_")}, **changes}


def qbitrr(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    # not the folder of a container, in which the tests may run
    command = [sys.executable, "-P", "-m", "qbitrr", "--data-dir", ".config", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environ(**variables), capture_output=True, text=True, timeout=60, check=False
    )


def test_a_command_prints_its_answer_and_nothing_else(tmp_path: Path):
    qbitrr("check", cwd=tmp_path)
    migrated(tmp_path / ".config" / "state.db")
    answer = qbitrr("backup", cwd=tmp_path)
    assert answer.stdout.splitlines() == [f"backed up to {next((tmp_path / '.config' / 'backups').iterdir())}"]
    assert answer.stderr == ""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Any]:
    """Starts `qbitrr <arguments>` and kills it at the end; gives the process."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        with (tmp_path / "out.log").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "qbitrr", *arguments],
                cwd=tmp_path,
                env=environ(),
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        until_sync(lambda pid=process.pid: not _alive(pid), 20, "a process is left")


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def get(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=5) as answer:
        return json.load(answer)


def answers(port: int, path: str) -> Any:
    try:
        return get(port, path)
    except OSError:
        return None


def test_the_version_is_printed(tmp_path):
    assert qbitrr("--version", cwd=tmp_path).stdout == f"qbitrr {__version__}\n"


def test_the_first_start_writes_a_configuration_and_stays_up_without_workers(tmp_path, daemon):
    port = free_port()
    config = tmp_path / ".config" / "config.toml"
    log = tmp_path / ".config" / "logs" / "Main.log"
    process = daemon("--data-dir", ".config", "run")
    # the default port may be in use where the tests run; the file is written all the same
    until_sync(lambda: (log.exists() and "workers were started" in log.read_text()) or process.poll(), 30, "no start")
    process.terminate()
    assert process.wait(20) in (0, 69)
    assert config.stat().st_mode & 0o777 == 0o600
    text = config.read_text()
    assert '\nToken = ""\n' not in text
    text = text.replace("Port = 6969", f"Port = {port}").replace('# WebAccess = "auto"', 'WebAccess = "auto"')
    config.write_text(text)
    daemon("--data-dir", ".config", "run")
    status = until_sync(lambda: answers(port, "/web/status"), 30, "the page does not answer")
    assert status["ready"] is True
    assert status["arrs"] == []
    assert "qBit.Host" in [entry["key"] for entry in status["incomplete"]]
    assert "configuration is incomplete" in log.read_text()
    assert "Radarr-1080.URI" in log.read_text()


def test_check_prints_what_would_run(tmp_path):
    (tmp_path / "config.toml").write_text(
        '[qBit]\nHost = "nas.lan"\n[Radarr-X]\nURI = "http://u:hush@radarr:7878"\nAPIKey = "hush"\nCategory = "films"\n'
    )
    done = qbitrr("check", cwd=tmp_path)
    assert done.returncode == 0
    assert "Radarr-X: radarr, category films, http://radarr:7878" in done.stdout
    assert "hush" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["check", "run"])
def test_every_mistake_is_reported_at_once_with_exit_code_78(tmp_path, command):
    (tmp_path / "config.toml").write_text(
        '[Settings]\nConsoleLevel = "LOUD"\nLoopSleepTimer = "soon"\n[WebUI]\nPort = 99999\n'
    )
    done = qbitrr(command, cwd=tmp_path)
    assert done.returncode == 78
    for key in ("Settings.ConsoleLevel", "Settings.LoopSleepTimer", "WebUI.Port"):
        assert key in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_named(tmp_path):
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / "config.toml").write_text(f'[WebUI]\nPort = {port}\nToken = "x"\n')
        done = qbitrr("run", cwd=tmp_path)
    assert done.returncode == 69
    assert str(port) in done.stderr
    assert "WebUI.Port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_state_file_that_is_not_one_is_set_aside_and_logged(tmp_path, daemon):
    port = free_port()
    (tmp_path / "config.toml").write_text(f'[WebUI]\nPort = {port}\nToken = "x"\nWebAccess = "auto"\n')
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "state.db").write_bytes(b"something else" * 1000)
    daemon("--data-dir", ".config", "run")
    until_sync(lambda: answers(port, "/web/status"), 30, "it does not answer")
    (aside,) = (tmp_path / ".config").glob("state.db.damaged-*")
    assert aside.read_bytes() == b"something else" * 1000
    log = (tmp_path / ".config" / "logs" / "Main.log").read_text()
    assert "state file was damaged" in log
    assert aside.name in log


def test_the_running_daemon_is_commanded(tmp_path, daemon):
    config = tmp_path / ".config" / "config.toml"
    config.parent.mkdir()
    config.write_text(f'[WebUI]\nPort = {free_port()}\nToken = "x"\nWebAccess = "auto"\n')
    assert qbitrr("ctl", "status", cwd=tmp_path).returncode == 69
    assert qbitrr("ctl", "stop", cwd=tmp_path).returncode == 69
    process = daemon("--data-dir", ".config", "run")
    until_sync(lambda: qbitrr("ctl", "status", cwd=tmp_path).stdout == "no workers\n", 30, "it does not answer")
    assert qbitrr("ctl", "reload", cwd=tmp_path).returncode == 0
    for action in ("dump", "restart-workers", "renew", "restart"):
        assert qbitrr("ctl", action, cwd=tmp_path).returncode == 0, action
    unknown = qbitrr("ctl", "restart", "films", cwd=tmp_path)
    assert unknown.returncode == 1
    assert "films" in unknown.stderr
    config.write_text(config.read_text() + "[Settings]\nLoopSleepTimer = 'soon'\n")
    refused = qbitrr("ctl", "reload", cwd=tmp_path)
    assert refused.returncode == 78
    assert "Settings.LoopSleepTimer" in refused.stderr
    assert "has ended" in qbitrr("ctl", "stop", cwd=tmp_path).stdout
    assert process.wait(5) == 0


def test_evidence_is_printed(tmp_path):
    assert qbitrr("evidence", cwd=tmp_path).returncode == 1
    folder = tmp_path / ".config" / "evidence" / "films"
    folder.mkdir(parents=True)
    bundle = {
        "category": "films", "at": "2024-01-02T03:04:05Z", "pid": 7, "how": "signal SIGKILL", "because": "it hung",
        "phase": "hanging", "ranSeconds": 1, "operation": "torrents", "progress": 0, "errors": 0,
        "beatSecondsAgo": None, "waitingFor": None, "lastError": None, "peakBytes": None, "processState": None,
        "config": "", "version": "", "stack": "Current thread", "log": ["the last line"],
    }  # fmt: skip
    (folder / "1.json").write_text(json.dumps(bundle))
    assert "films  signal SIGKILL: it hung" in qbitrr("evidence", cwd=tmp_path).stdout
    in_full = qbitrr("evidence", "films", cwd=tmp_path).stdout
    assert "Current thread" in in_full
    assert "the last line" in in_full


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    done = qbitrr("--data-dir", str(tmp_path / "file" / "below"), "run", cwd=tmp_path)
    assert done.returncode == 78
    assert str(tmp_path / "file" / "below") in done.stderr


def test_packages_of_another_distribution_are_noticed(tmp_path):
    foreign = tmp_path / "site" / "supervisor"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("# supervisord's\n")
    done = qbitrr("check", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert done.returncode == 78
    assert "'supervisor'" in done.stderr
    assert "environment of its own" in done.stderr


def test_an_unknown_torrent_is_reported_as_unknown(tmp_path, daemon):
    (tmp_path / "config.toml").write_text(f'[WebUI]\nPort = {free_port()}\nToken = "x"\nWebAccess = "auto"\n')
    process = daemon("--data-dir", ".config", "run")
    log = tmp_path / ".config" / "logs" / "Main.log"
    until_sync(lambda: log.exists() and "workers were started" in log.read_text(), 30, "it did not start")
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    done = qbitrr("explain", "ab" * 20, cwd=tmp_path)
    assert done.returncode == 1
    assert "Nothing is known" in done.stderr


def test_a_demonstration_leaves_a_folder_with_something_else_alone(tmp_path):
    (tmp_path / "config.toml").write_text("# something else\n")
    done = qbitrr("--data-dir", ".", "demo", "--port", "6969", cwd=tmp_path)
    assert done.returncode == 69
    assert "holds something else" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"config.toml"}
    assert (tmp_path / "config.toml").read_text() == "# something else\n"


def test_a_damaged_state_file_is_reported_by_explain(tmp_path):
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "state.db").write_bytes(b"something else" * 1000)
    done = qbitrr("explain", "ab" * 20, cwd=tmp_path)
    assert done.returncode == 69
    assert "state.db" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.serial
def test_the_demonstration_shows_everything_within_ten_seconds(tmp_path, daemon):
    port = free_port()
    daemon("demo", "--port", str(port))

    def alive() -> Any:
        workers = (answers(port, "/web/processes") or {}).get("processes", [])
        return len(workers) == 4 and all(worker["alive"] and worker["state"] == "running" for worker in workers)

    until_sync(alive, 10, "the workers are not alive")

    def filled() -> Any:
        return all(
            answers(port, f"/web/{path}")["total"] > 0
            for path in ("radarr/radarr-hd/movies", "sonarr/sonarr-tv/series", "lidarr/lidarr-music/artists")
        )

    until_sync(filled, 10, "the catalogues are empty")

    def both() -> Any:
        done = {d["action"]: d for d in get(port, "/web/decisions?limit=100")["decisions"] if d["state"] == "done"}
        return done if {"import", "fail"} <= done.keys() else None

    for action, decision in until_sync(both, 10, "nothing was imported or failed").items():
        story = get(port, f"/web/torrents/{decision['hash']}/explain")
        assert action in [entry["action"] for entry in story["history"]]
        explained = qbitrr("--data-dir", str(tmp_path / ".config" / "demo"), "explain", decision["hash"], cwd=tmp_path)
        assert explained.returncode == 0
        assert decision["name"] in explained.stdout
        assert decision["because"] in explained.stdout


def test_a_restart_of_the_demonstration_keeps_what_a_new_one_begins_without(tmp_path, daemon):
    port, folder = free_port(), tmp_path / ".config" / "demo"

    def has_decided() -> Any:
        decided = answers(port, "/web/decisions?limit=100")
        return decided and decided["decisions"]

    def restarts() -> int:
        return (folder / "logs" / "Main.log").read_text().count("daemon was started") - 1

    process = daemon("demo", "--port", str(port))
    first = until_sync(has_decided, 20, "nothing was decided")[-1]["id"]
    edited = (folder / "config.toml").read_text() + "# edited\n"
    (folder / "config.toml").write_text(edited)
    for number in (1, 2):
        assert qbitrr("--data-dir", str(folder), "ctl", "restart", cwd=tmp_path).returncode == 0
        until_sync(lambda number=number: restarts() == number, 20, "it does not restart")
        kept = until_sync(has_decided, 20, "it does not answer")
        assert first in [one["id"] for one in kept]
        assert (folder / "config.toml").read_text() == edited

        def is_served() -> Any:
            workers = (answers(port, "/web/processes") or {}).get("processes", [])
            return len(workers) == 4 and all(worker["state"] == "running" for worker in workers)

        until_sync(is_served, 20, "the sandbox is away")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    until_sync(lambda: not _alive(process.pid), 20, "the sandbox is left")
    daemon("demo", "--port", str(port))
    until_sync(has_decided, 20, "nothing was decided")
    assert "# edited" not in (folder / "config.toml").read_text()
    assert restarts() == 0
