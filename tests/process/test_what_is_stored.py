"""Every file that a daemon leaves in its data folder is listed, with what bounds it."""

from __future__ import annotations

import os
import signal
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import pytest

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import Daemon
from tests.support.polling import until
from tests.support.stored import names_in

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.serial

_OF_THE_TEST = {"out.log"}


async def test_every_file_of_a_run_is_listed(tmp_path: Path):
    async with (
        Sandbox((Section("Radarr-HD", "radarr", 20),)) as sandbox,
        Daemon(tmp_path / "data", sandbox.config_toml()) as daemon,
    ):
        listed = names_in("Files in the data folder")

        def unlisted() -> set[str]:
            files = {str(path.relative_to(daemon.folder)) for path in daemon.folder.rglob("*") if not path.is_dir()}
            return {file for file in files - _OF_THE_TEST if not any(fnmatch(file, name) for name in listed)}

        (worker,) = (await daemon.all_running()).values()
        os.kill(worker["pid"], signal.SIGKILL)
        await until(lambda: list(daemon.folder.glob("evidence/*/*.json")), 20, daemon.log)
        await daemon.all_running()
        await daemon.post("/web/config", {"changes": {"Settings.LoopSleepTimer": 7}})
        await until(lambda: list(daemon.folder.glob("backups/*.db")), 20, daemon.log)
        await until(lambda: not unlisted(), 5, lambda: f"{unlisted()}")  # drafts are there for a moment
        assert await daemon.stop() == 0
        assert unlisted() == set()
        assert list(daemon.folder.glob("state.db-*")) == []  # the file alone is the whole state
        present = {"config.toml", "state.db", "audit.db", "qbitrr.lock", "logs/Main.log"}
        assert all((daemon.folder / name).exists() for name in present)
