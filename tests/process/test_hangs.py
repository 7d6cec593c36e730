"""Workers that hang in every way are found, leave evidence and are replaced; one that is only slow goes on."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from supervisor import evidence
from tests.support.daemon import TOKEN, Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NAMES = ("stopped", "gil", "lock", "nowhere", "slow", "crash", "sound")
QUICK = {"Settings": {"ProcessRestartDelay": 0}}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox([Section(f"Radarr-{name.capitalize()}", "radarr", 5) for name in NAMES]) as running:
        yield running


@pytest.fixture
async def daemon(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    async with Daemon(tmp_path / "data", sandbox.config_toml(QUICK), "tests.support.misbehaving") as running:
        yield running


async def all_have_reported(daemon: Daemon) -> bool:
    return all(worker["lastBeat"] for worker in (await daemon.workers()).values())


async def test_every_kind_of_hang_is_found_and_leaves_evidence(daemon: Daemon):
    before = await daemon.all_running()
    await until(lambda: all_have_reported(daemon), 20, daemon.log)  # the evidence includes the last heartbeat
    os.kill(before["radarr-stopped"]["pid"], signal.SIGSTOP)
    for name in ("gil", "lock", "nowhere", "slow", "crash"):
        daemon.order(f"radarr-{name}", name)
    faulty = [f"radarr-{name}" for name in NAMES if name not in ("slow", "sound")]

    async def all_replaced() -> dict[str, Any]:
        workers = await daemon.workers()
        fresh = all(workers[name]["pid"] not in (None, before[name]["pid"]) for name in faulty)
        return workers if fresh and all(worker["state"] == "running" for worker in workers.values()) else {}

    after = await until(all_replaced, 40, daemon.log)
    for other in ("radarr-slow", "radarr-sound"):
        assert after[other]["pid"] == before[other]["pid"]
        assert after[other]["restarts"] == 0
    assert_evidence(daemon, {name.removeprefix("radarr-"): before[name]["pid"] for name in faulty})


def assert_evidence(daemon: Daemon, pids: dict[str, int]) -> None:
    bundles = {}
    for name, pid in pids.items():
        (bundle,) = evidence.read(daemon.folder / "evidence", f"radarr-{name}")
        assert bundle.pid == pid
        assert bundle.log
        assert bundle.peak_bytes is not None
        assert bundle.peak_bytes > 10 << 20
        assert bundle.operation
        bundles[name] = bundle
    assert "no heartbeat" in (bundles["stopped"].because or "")
    assert (bundles["stopped"].process_state or "").startswith("T (stopped)")
    assert bundles["stopped"].how == "signal SIGKILL"
    assert "hold_the_interpreter" in bundles["gil"].stack
    assert "wait_for_a_lock" in bundles["lock"].stack
    assert "endless work" in (bundles["nowhere"].because or "")
    assert any("operation made no progress" in line for line in bundles["nowhere"].log)
    assert bundles["crash"].how == "signal SIGSEGV"
    assert "Segmentation fault" in bundles["crash"].stack
    assert "string_at" in bundles["crash"].stack


async def test_a_program_that_a_worker_started_ends_with_it(daemon: Daemon):
    before = await daemon.all_running()
    daemon.order("radarr-sound", "program")
    await until(lambda: daemon.named("sleep"), 20, "the program")
    os.kill(before["radarr-sound"]["pid"], signal.SIGKILL)
    await until(lambda: not daemon.named("sleep"), 20, "the end of the program")
    daemon.order("radarr-lock", "program")
    await until(lambda: daemon.named("sleep"), 20, "the program")
    assert await daemon.stop() == 0
    assert daemon.processes() == []


async def test_a_frozen_worker_that_holds_the_state_file_keeps_no_other_from_writing_at_a_stop(daemon: Daemon):
    frozen = (await daemon.all_running())["radarr-stopped"]["pid"]
    daemon.order("radarr-stopped", "freeze")
    await until(lambda: psutil.Process(frozen).status() == psutil.STATUS_STOPPED, 20, "it does not freeze")
    assert await daemon.stop() == 0
    killed = [line for line in daemon.log().splitlines() if "worker was killed" in line]
    assert ["radarr-stopped" in line for line in killed] == [True]
    ended = [line for line in daemon.log().splitlines() if "worker ended" in line]
    assert len(ended) == len(NAMES) - 1


async def test_evidence_is_served_without_secrets(daemon: Daemon, sandbox: Sandbox):
    workers = await daemon.all_running()
    os.kill(workers["radarr-sound"]["pid"], signal.SIGKILL)

    async def served() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await daemon.get("/web/processes/radarr-sound/evidence"))["evidence"]
        return found

    (bundle,) = await until(served, 20, "no evidence")
    assert (bundle["how"], bundle["because"]) == ("signal SIGKILL", None)
    assert any("worker became ready" in line for line in bundle["log"])
    for secret in (TOKEN, *(arr.api_key for arr in sandbox.arrs.values())):
        assert secret not in json.dumps(bundle)
