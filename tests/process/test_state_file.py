"""The state file under fire: bytes that flip, a disk that is full, a mount that cannot be written to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Literal

import pytest
from msgspec.structs import replace

from qbitrr.daemon import prepare_state
from qbitrr.data_dir import BACKUP_FOLDER, DataDir
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.state import migrate
from qbitrr.update import switch
from qbitrr.update.download import make_empty
from qbitrr.update.record import Record
from tests.support.daemon import Daemon
from tests.support.killed import kill_while_writing
from tests.support.polling import until
from tests.support.state import migrated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

SECTIONS = (Section("Radarr-HD", "radarr", 40), Section("Sonarr-TV", "sonarr", 3, episodes=20))
QUICK = {"Settings": {"ProcessRestartDelay": 0}}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS) as running:
        yield running


@pytest.fixture
async def daemon(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Daemon]:
    async with Daemon(tmp_path / "data", sandbox.config_toml(QUICK)) as running:
        yield running


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of a few megabytes; needs root, as the systemd box does."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave no byte free."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (65536, 4096, 512, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size):
                    pass
    return filler


def flip(path: Path) -> None:
    """Overwrite the beginning of every table's pages."""
    with path.open("r+b") as file:
        for at in range(4096, path.stat().st_size, 4096):
            file.seek(at)
            file.write(b"\x5a" * 64)


async def test_flipped_bytes_while_everything_runs_are_found_and_the_newest_copy_is_restored(daemon: Daemon):
    await daemon.all_running()
    state = daemon.folder / "state.db"
    await until(lambda: list((daemon.folder / BACKUP_FOLDER).glob("*.db")), 10, daemon.log)
    with contextlib.closing(sqlite3.connect(state)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    flip(state)

    async def restored() -> bool:
        with contextlib.suppress(AssertionError):  # a list cannot be read while the file is damaged
            workers = await daemon.workers()
            aside = list(daemon.folder.glob("state.db.damaged-*"))
            return bool(aside) and all(worker["state"] == "running" for worker in workers.values())
        return False

    await until(restored, 60, daemon.log)
    assert "state file was damaged" in daemon.log()
    assert "what came after" in daemon.log()

    async def library_is_back() -> bool:
        return bool((await daemon.get("/web/radarr/radarr-hd/movies"))["total"] == 40)

    await until(library_is_back, 20, daemon.log)


async def test_a_damaged_index_of_titles_is_built_again_and_costs_nothing_else(sandbox: Sandbox, daemon: Daemon):
    """SQLite names its damage as that of the file, and before 3.44 finds the file sound."""
    before = await daemon.all_running()
    arr = sandbox.world.arrs["Radarr-HD"]
    movies = arr.collection.items

    async def listed(**query: str) -> int:
        return int((await daemon.get("/web/radarr/radarr-hd/movies", **query))["total"])

    await until(listed, 20, daemon.log)
    with contextlib.closing(sqlite3.connect(daemon.folder / "state.db", isolation_level=None)) as connection:
        connection.execute("UPDATE titles_by_part_data SET block = zeroblob(9) WHERE id = 10")
        (rows,) = connection.execute("SELECT count(*) FROM titles").fetchone()
    movies[41] = replace(movies[40], id=41)
    sandbox.arrs["Radarr-HD"].push([("movie", "updated", sandbox.arrs["Radarr-HD"].parent(41))])

    async def is_found() -> bool:
        with contextlib.suppress(AssertionError):  # its worker is replaced
            return await listed() == 41
        return False

    await until(is_found, 30, daemon.log)
    after = await daemon.all_running()
    assert after["radarr-hd"]["pid"] != before["radarr-hd"]["pid"]
    assert after["sonarr-tv"]["pid"] == before["sonarr-tv"]["pid"]
    assert after["radarr-hd"]["restarts"] == 1
    assert "the index of titles was damaged" in daemon.log()
    assert "state file was damaged" not in daemon.log()
    assert not list(daemon.folder.glob("state.db.damaged-*"))
    assert await listed(q=movies[41].title) == 1
    with contextlib.closing(sqlite3.connect(daemon.folder / "state.db")) as connection:
        assert connection.execute("SELECT count(*) FROM titles").fetchone() == (rows + 1,)


async def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code of a command, and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "qbitrr", "--data-dir", str(folder), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={name: value for name, value in os.environ.items() if "QBITRR" not in name},
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_a_backup_is_made_by_hand_and_restored_once_the_daemon_is_stopped(daemon: Daemon):
    await daemon.all_running()
    folder = daemon.folder
    code, output = await run(folder, "backup")
    assert (code, "backed up to" in output) == (0, True), output
    made = output.split()[-1]
    assert made in (await run(folder, "backup", "--list"))[1]
    code, output = await run(folder, "restore")
    assert (code, "another qbitrr" in output) == (69, True), output
    await daemon.stop()
    code, output = await run(folder, "restore", "--dry-run")
    assert (code, output.startswith(f"{made} would be restored")) == (0, True), output
    assert not list(folder.glob("state.db.before-restore-*"))
    code, output = await run(folder, "restore", made)
    assert (code, output.startswith(f"restored {made}")) == (0, True), output
    assert len(list(folder.glob("state.db.before-restore-*Z"))) == 1
    assert (await run(folder, "restore", str(folder / "config.toml")))[0] == 69


async def test_what_root_writes_belongs_to_the_user_of_the_service(tmp_path: Path, daemon: Daemon):
    await daemon.all_running()
    await daemon.stop()
    folder = tmp_path / "service"
    folder.mkdir()
    shutil.copy(daemon.folder / "state.db", folder)
    for path in (folder, folder / "state.db"):
        os.chown(path, 4711, 4712)
    for command in ("check", "backup", "restore"):
        await run(folder, command)
    owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in folder.rglob("*")}
    assert {"config.toml", BACKUP_FOLDER, "state.db", "qbitrr.lock"} <= owners.keys()
    assert set(owners.values()) == {(4711, 4712)}, owners


def test_what_root_makes_for_an_update_belongs_to_the_user_of_the_service(tmp_path: Path):
    service = DataDir(tmp_path / "service")
    service.create()
    os.chown(service.folder, 4711, 4712)
    migrate.prepare(service.state_file, migrate.migrations()[:1])
    os.chown(service.state_file, 4711, 4712)
    prepare_state(service.state_file)
    make_empty(service.folder / "update" / "wheels")
    switch.switch(service, Record("staging", "1.0", "2.0", 0.0))
    paths = [service.folder / name for name in ("state.db", "state.before-update.db", "update.json", "update/wheels")]
    owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in (*paths, service.folder / "update")}
    assert set(owners.values()) == {(4711, 4712)}, owners
    service.state_file.unlink()
    prepare_state(service.state_file)
    assert service.state_file.stat().st_uid == 4711


async def test_a_full_disk_makes_workers_wait_and_they_go_on_when_there_is_space(sandbox: Sandbox, small_disk: Path):
    async with Daemon(small_disk / "data", sandbox.config_toml(QUICK)) as daemon:
        before = await daemon.all_running()
        filler = fill(small_disk)

        async def waiting() -> dict[str, Any]:
            workers = await daemon.workers()
            return {c: w for c, w in workers.items() if w["waitingFor"] == "the state file" and w["lastError"]}

        await until(waiting, 30, "workers that wait because of the full disk")
        assert {c: w["pid"] for c, w in (await daemon.workers()).items()} == {c: w["pid"] for c, w in before.items()}
        filler.unlink()
        after = await daemon.all_running(90)
        assert {c: w["pid"] for c, w in after.items()} == {c: w["pid"] for c, w in before.items()}


async def test_a_folder_that_cannot_be_written_to_is_reported_at_the_start(sandbox: Sandbox, small_disk: Path):
    async with Daemon(small_disk / "data", sandbox.config_toml(QUICK)) as daemon:
        await daemon.all_running()
        await daemon.stop()
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,ro", small_disk], check=True)
    command = [sys.executable, "-P", "-m", "qbitrr", "--data-dir", str(small_disk / "data"), "run"]
    process = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.PIPE, env={k: v for k, v in os.environ.items() if "QBITRR" not in k}
    )
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 69
    assert "Read-only file system" in errors.decode()
    assert "Traceback" not in errors.decode()


@pytest.mark.parametrize("command", ["explain", "shadow-report", "side-by-side"])
@pytest.mark.parametrize("journal_mode", ["DELETE", "WAL"])
def test_what_cannot_be_recovered_in_a_folder_that_is_only_readable_is_said_so(
    small_disk: Path, journal_mode: Literal["DELETE", "WAL"], command: str
):
    writing = [f"INSERT INTO last_searches VALUES ('{number}', '{'x' * 4000}', 1.0)" for number in range(50)]
    kill_while_writing(migrated(small_disk / "state.db"), writing, journal_mode)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    arguments = [command, "ab" * 20] if command == "explain" else [command]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "qbitrr", "--data-dir", str(small_disk), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 69
    assert "state.db cannot be read without the right to write to its folder" in done.stderr
    assert "Traceback" not in done.stderr
