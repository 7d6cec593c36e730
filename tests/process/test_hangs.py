"""Workers that hang in every way are found, leave evidence and are replaced; a slow and honest one is left alone."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from supervisor import evidence
from tests.support.daemon import TOKEN, Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NAMES = ("stopped", "gil", "lock", "nowhere", "slow", "crash", "quiet")
QUICK = {"Settings": {"ProcessRestartDelay": 0}}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox([Section(f"Radarr-{name.capitalize()}", "radarr", 5) for name in NAMES]) as running:
        yield running


@pytest.fixture
async def daemon(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    async with Daemon(tmp_path / "data", sandbox.config_toml(QUICK), "tests.support.misbehaving") as running:
        yield running


async def test_every_kind_of_hang_is_found_and_leaves_evidence(daemon: Daemon):
    before = await daemon.all_running()
    os.kill(before["radarr-stopped"]["pid"], signal.SIGSTOP)
    for name in ("gil", "lock", "nowhere", "slow", "crash"):
        daemon.order(f"radarr-{name}", name)
    guilty = [f"radarr-{name}" for name in NAMES if name not in ("slow", "quiet")]

    async def all_replaced() -> dict[str, Any]:
        workers = await daemon.workers()
        fresh = all(workers[name]["pid"] not in (None, before[name]["pid"]) for name in guilty)
        return workers if fresh and all(worker["state"] == "running" for worker in workers.values()) else {}

    after = await until(all_replaced, 40, daemon.log)
    for innocent in ("radarr-slow", "radarr-quiet"):
        assert after[innocent]["pid"] == before[innocent]["pid"]
        assert after[innocent]["restarts"] == 0
    assert_evidence(daemon, {name.removeprefix("radarr-"): before[name]["pid"] for name in guilty})


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


async def test_what_a_worker_started_dies_with_it(daemon: Daemon):
    before = await daemon.all_running()
    daemon.order("radarr-quiet", "grandchild")
    await until(lambda: [p for p in daemon.processes() if p.name() == "sleep"], 20, "no grandchild")
    os.kill(before["radarr-quiet"]["pid"], signal.SIGKILL)
    await until(lambda: not [p for p in daemon.processes() if p.name() == "sleep"], 20, "the grandchild lives")
    daemon.order("radarr-lock", "grandchild")
    await until(lambda: [p for p in daemon.processes() if p.name() == "sleep"], 20, "no grandchild")
    assert await daemon.stop() == 0
    assert daemon.processes() == []


async def test_evidence_is_served_without_secrets(daemon: Daemon, sandbox: Sandbox):
    workers = await daemon.all_running()
    os.kill(workers["radarr-quiet"]["pid"], signal.SIGKILL)

    async def served() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await daemon.get("/web/processes/radarr-quiet/evidence"))["evidence"]
        return found

    (bundle,) = await until(served, 20, "no evidence")
    assert (bundle["how"], bundle["because"]) == ("signal SIGKILL", None)
    assert any("worker became ready" in line for line in bundle["log"])
    for secret in (TOKEN, *(arr.api_key for arr in sandbox.arrs.values())):
        assert secret not in json.dumps(bundle)
