"""What contradicts in the settings of an Arr: on its way to the health of the daemon, and gone when it is set right."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import aiohttp

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import CHECKOUT, Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = (Section("Radarr-HD", "radarr", 20),)
SETTINGS: dict[str, Any] = {"Radarr-HD": {"EntrySearch": {"SearchMissing": False}}}


async def contradictions(daemon: Daemon) -> dict[str, list[str]]:
    async with aiohttp.ClientSession() as http, http.get(f"{daemon.url}/health") as answer:
        found = (await answer.json())["contradictions"]
        return {category: [one["kind"] for one in some] for category, some in found.items()}


async def test_a_contradiction_is_shown_until_the_setting_is_right_which_a_reload_finds(tmp_path: Path):
    async with Sandbox(SECTIONS, has_past=False) as sandbox:
        settings = sandbox.world.arrs["Radarr-HD"].settings
        settings.completed_download_handling = False
        async with Daemon(tmp_path / "data", sandbox.config_toml(SETTINGS)) as daemon:
            await daemon.all_running()

            async def shown() -> bool:
                return await contradictions(daemon) == {"radarr-hd": ["no_completed_download_handling"]}

            await until(shown, 20, "it is not shown")
            doctor = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "qbitrr", "--data-dir", str(daemon.folder), "doctor",
                cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            printed, _ = await asyncio.wait_for(doctor.communicate(), 60)
            assert doctor.returncode == 1
            assert b"Remedy: Switch it on in Radarr" in printed
            settings.completed_download_handling = True
            os.kill(daemon.pid, signal.SIGHUP)

            async def gone() -> bool:
                return await contradictions(daemon) == {}

            await until(gone, 20, "it is still shown")
