"""Temporary quality profiles of all three kinds on real workers, which are killed in between."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECTIONS = (
    Section("Radarr-HD", "radarr", 60),
    Section("Sonarr-TV", "sonarr", 6, episodes=120),
    Section("Lidarr-Music", "lidarr", 10),
)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS, has_past=False) as running:
        yield running


def mapping(sandbox: Sandbox, section: str) -> dict[str, str]:
    """From the profile that most have to the one that fewest have."""
    profiles = sandbox.world.arrs[section].collection.profiles
    used = [parent.profile_id for parent in sandbox.arrs[section].parents.values()]
    by_use = sorted(profiles, key=used.count)
    return {profiles[by_use[-1]].name: profiles[by_use[0]].name}


def config(sandbox: Sandbox, mappings: dict[str, dict[str, str]], *, on: bool) -> str:
    keys = {"UseTempForMissing": on}
    return sandbox.config_toml(
        {name: {"EntrySearch": {**keys, "QualityProfileMappings": one}} for name, one in mappings.items()}
    )


def profiles_of(sandbox: Sandbox) -> dict[tuple[str, int], int]:
    return {
        (section.name, number): parent.profile_id
        for section in SECTIONS
        for number, parent in sandbox.arrs[section.name].parents.items()
    }


async def test_profiles_are_switched_and_come_back_exactly_through_kills(sandbox: Sandbox, tmp_path: Path):
    mappings = {section.name: mapping(sandbox, section.name) for section in SECTIONS}
    before = profiles_of(sandbox)
    async with Daemon(tmp_path / "data", config(sandbox, mappings, on=True)) as daemon:

        def switched() -> bool:
            now = profiles_of(sandbox)
            return {name for name, number in now if now[name, number] != before[name, number]} == set(mappings)

        for section in SECTIONS:  # in the middle of whatever they are at
            worker = (await daemon.all_running())[section.category]
            os.kill(worker["pid"], signal.SIGKILL)
        await until(switched, 60, daemon.log)
        for worker in (await daemon.all_running()).values():
            os.kill(worker["pid"], signal.SIGKILL)
        daemon.configure(config(sandbox, mappings, on=False))
        os.kill(daemon.pid, signal.SIGHUP)
        await until(lambda: profiles_of(sandbox) == before, 60, daemon.log)
        logs = [path.read_text() for path in (tmp_path / "data" / "logs").glob("*.log")]
        assert sum("quality profile was switched" in log for log in logs) == len(SECTIONS)
