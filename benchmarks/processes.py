"""The daemon and its services as processes of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from qbitrr.data_dir import STATE_FILE
from qbitrr.sandbox.__main__ import END_OF_CONFIG

if TYPE_CHECKING:
    from qbitrr.data_dir import DataDir

PORT = 46969
IDLE_CPU_SHARE = 0.003  # of a process that only polls


class Costs(NamedTuple):
    """Seconds of CPU in a minute, of the supervisor and of all its processes, and megabytes that these wrote in it."""

    parent: float
    all: float
    written: float


def start(command: list[str], pipe: int | None) -> subprocess.Popen[bytes]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("QBITRR_")}
    output = pipe if pipe is not None else subprocess.DEVNULL
    return subprocess.Popen(command, stdin=pipe, stdout=output, stderr=output if pipe is None else None, env=environ)


def config_of(services: subprocess.Popen[bytes]) -> str:
    """The configuration that services print once they listen, with a port for the daemon."""
    return printed_by(services).replace("[WebUI]\n", f"[WebUI]\nPort = {PORT}\n")


def printed_by(services: subprocess.Popen[bytes]) -> str:
    """The same as it is printed."""
    assert services.stdout is not None
    lines = []
    for raw in services.stdout:
        if raw.decode() == END_OF_CONFIG:
            break
        lines.append(raw.decode())
    return "".join(lines)


def get(path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=10) as answer:
        return json.load(answer)


def post(path: str) -> None:
    """Send a POST without a body, which must succeed."""
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", method="POST")
    with urllib.request.urlopen(request, timeout=10):
        pass


def worker_of(category: str) -> psutil.Process:
    """The process of the worker that a category has now."""
    [pid] = [one["pid"] for one in get("/web/processes")["processes"] if one["category"] == category]
    return psutil.Process(pid)


def until_idle(daemon: subprocess.Popen[bytes], quiet_seconds: float = 6.0) -> None:
    """Wait until the processes used next to no CPU for so long: the sync and what follows it are over."""
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < quiet_seconds:
        tree = processes_of(daemon)
        before = cpu_seconds(tree)
        time.sleep(6)
        if cpu_seconds(tree) - before >= 0.3 + len(tree) * IDLE_CPU_SHARE * 6:
            quiet_since = time.monotonic()


def processes_of(daemon: subprocess.Popen[bytes]) -> list[psutil.Process]:
    parent = psutil.Process(daemon.pid)
    return [parent, *parent.children(recursive=True)]


def pss_megabytes(processes: list[psutil.Process]) -> float:
    return sum(process.memory_full_info().pss for process in processes) / 1e6


def peak_megabytes(process: psutil.Process) -> float:
    """The most memory that a process had since its start (RSS)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def state_megabytes(data_dir: DataDir) -> float:
    """The size of the state file, and of what is written to it next."""
    return sum(file.stat().st_size for file in data_dir.folder.glob(f"{STATE_FILE}*")) / 1e6


def costs(tree: list[psutil.Process], seconds: float) -> Costs:
    """What processes use from now on; the first is the supervisor."""
    before = [(sum(process.cpu_times()[:2]), process.io_counters().write_bytes) for process in tree]
    time.sleep(seconds)
    after = [(sum(process.cpu_times()[:2]), process.io_counters().write_bytes) for process in tree]
    per_minute = 60 / seconds
    cpu = [(now[0] - then[0]) * per_minute for now, then in zip(after, before, strict=True)]
    written = sum(now[1] - then[1] for now, then in zip(after, before, strict=True))
    return Costs(cpu[0], sum(cpu), written * per_minute / 1e6)


def cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)
