"""Updates by real pip from a package index on loopback, of daemons whose workers are busy."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support import faults
from tests.support.daemon import CHECKOUT, Daemon
from tests.support.polling import until
from tests.support.small_disk import small_disk
from tests.support.wheels import PackageIndex, build, dependency, install, linked, sign, small, trusted_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path
SECTIONS = (Section("Radarr-HD", "radarr", 30), Section("Sonarr-TV", "sonarr", 2, episodes=40))
BAD_MIGRATION = {"qbitrr/state/migrations/999_bad.sql": "INSERT INTO nowhere VALUES (1);"}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Version 1.0.0: its wheel, and an environment with it."""
    folder = tmp_path_factory.mktemp("first")
    wheel = build(folder, "1.0.0")
    install(wheel, folder / "venv")
    return wheel, folder / "venv"


@pytest.fixture
async def index(first: tuple[Path, Path], tmp_path: Path) -> AsyncIterator[PackageIndex]:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    shutil.copy(first[0], wheels)
    async with PackageIndex(wheels) as running:
        yield running


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SECTIONS) as running:
        yield running


@pytest.fixture
async def daemon(
    sandbox: Sandbox, index: PackageIndex, first: tuple[Path, Path], tmp_path: Path
) -> AsyncIterator[Daemon]:
    """Version 1.0.0 behind the link `current`, with all workers running."""
    python = linked(first[1], tmp_path / "opt", "1.0.0")
    async with Daemon(tmp_path / "data", config(sandbox, index), python=python) as running:
        await running.all_running()
        yield running


def config(
    sandbox: Sandbox, index: PackageIndex, sections: dict[str, dict[str, Any]] | None = None, **settings: Any
) -> str:
    ours = {"UpdateIndex": f"{index.url}/simple", "ReleasesURL": f"{index.url}/releases", "UpdateKey": trusted_keys()}
    settings = {**ours, "ProcessSpawnTimeoutSeconds": 15, **settings}
    return sandbox.config_toml({"Settings": settings, **(sections or {})})


async def meta(daemon: Daemon, **query: str) -> dict[str, Any]:
    answer: dict[str, Any] = await daemon.get("/web/meta", **query)
    return answer


async def ended(daemon: Daemon, result: str) -> dict[str, Any]:
    """Wait until an update has ended so; returns what the daemon reports of itself."""

    async def over() -> dict[str, Any] | None:
        try:
            now = await meta(daemon)
        except OSError:
            return None
        return now if now["update_state"]["last_result"] == result else None

    def seen() -> str:
        record = daemon.folder / "update.json"
        return f"{record.read_text() if record.exists() else 'no record'}\n{daemon.log()[-3000:]}"

    return await until(over, 90, seen)


async def test_there_is_nothing_newer(daemon: Daemon):
    about = await meta(daemon, force="true")
    assert (about["current_version"], about["latest_version"], about["update_available"]) == ("v1.0.0", "v1.0.0", False)
    assert about["update_state"] == {
        "in_progress": False, "last_result": None, "last_error": None, "completed_at": None
    }  # fmt: skip
    assert "error" not in about
    answer = await daemon.post("/web/update")
    assert answer == {"message": "Already on latest version", "current_version": "v1.0.0"}


async def test_the_references_script_updates_a_busy_daemon_in_place(daemon: Daemon, index: PackageIndex):
    build(index.wheels, "2.0.0")
    index.notes = {"2.0.0": "## What is new\n\n- everything"}
    state_before = await daemon.decisions()
    program = (CHECKOUT / "tests" / "process" / "reference-update.py.txt").read_text()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program.replace("http://localhost:6969", daemon.url),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    assert b"Updating from v1.0.0 to v2.0.0" in output, output
    assert b"Update initiated" in output
    assert b"Successfully updated to v2.0.0" in output, daemon.log()[-3000:]
    about = await ended(daemon, "success")
    assert about["current_version"] == about["latest_version"] == "v2.0.0"
    assert about["update_state"]["completed_at"]
    assert daemon._process is not None
    assert daemon._process.poll() is None, "it is the same process"
    await daemon.all_running()
    known = {entry["id"] for entry in await daemon.decisions()}
    assert {entry["id"] for entry in state_before} <= known


@pytest.mark.parametrize(
    ("build_options", "because"),
    [
        ({"lacks": "qbitrr-no-such-thing"}, "could not be downloaded"),
        ({"fault": faults.exits}, "the wheel is broken"),
        ({"fault": faults.never_ready}, "was not ready within"),
        ({"files": BAD_MIGRATION}, "nowhere"),
    ],
    ids=["fails to install", "imports but exits", "never ready", "bad migration"],
)
async def test_a_version_that_is_no_good_is_refused_before_anything_changes(
    daemon: Daemon, index: PackageIndex, build_options: dict[str, Any], because: str
):
    if lacking := build_options.pop("lacks", None):
        build_options["dependencies"] = [dependency(small(daemon.folder.parent, lacking, "1.0"))]
    build(index.wheels, "2.0.0", **build_options)
    before = {name: worker["pid"] for name, worker in (await daemon.workers()).items()}
    await meta(daemon, force="true")
    index.gives_files.clear()
    assert (await daemon.post("/web/update"))["target_version"] == "v2.0.0"
    assert (await meta(daemon))["update_state"]["in_progress"]
    async with daemon._session.post(f"{daemon.url}/web/update") as second:
        assert (second.status, (await second.json())["error"]) == (409, "Update already in progress")
    index.gives_files.set()
    about = await ended(daemon, "failed")
    assert because in about["update_state"]["last_error"]
    assert about["current_version"] == "v1.0.0"
    assert {name: worker["pid"] for name, worker in (await daemon.workers()).items()} == before
    assert not (daemon.folder / "trial").exists()
    assert [path.name for path in (daemon.folder.parent / "opt" / "versions").iterdir()] == ["1.0.0"]


async def test_a_mistyped_key_of_one_arr_does_not_block_an_update(
    sandbox: Sandbox, index: PackageIndex, first: tuple[Path, Path], tmp_path: Path
):
    python = linked(first[1], tmp_path / "opt", "1.0.0")
    mistyped = re.sub(r'APIKey = "[^"]*"', 'APIKey = "mistyped-key-of-radarr"', config(sandbox, index), count=1)
    async with Daemon(tmp_path / "data", mistyped, python=python) as daemon:

        async def states() -> list[str]:
            return sorted(worker["state"] for worker in (await daemon.workers()).values())

        async def one_is_held() -> bool:
            return await states() == ["held", "running"]

        await until(one_is_held, 20, daemon.log)
        build(index.wheels, "2.0.0")
        await meta(daemon, force="true")
        await daemon.post("/web/update")
        assert (await ended(daemon, "success"))["current_version"] == "v2.0.0"
        await until(one_is_held, 20, daemon.log)


async def test_a_release_by_another_key_is_no_update(daemon: Daemon, index: PackageIndex):
    sign(build(index.wheels, "2.0.0"), [Ed25519PrivateKey.generate()])
    about = await meta(daemon, force="true")
    assert "not signed by a release key" in about["error"]
    assert (about["latest_version"], about["update_available"]) == ("v1.0.0", False)
    async with daemon._session.post(f"{daemon.url}/web/update") as answer:
        assert answer.status == 409
        assert "not signed by a release key" in (await answer.json())["error"]


@pytest.mark.parametrize(
    ("fault", "because"),
    [
        (faults.fails_after_the_switch, "it cannot be"),
        (faults.never_ready_after_the_switch, "did not get ready within"),
    ],
    ids=["does not start", "never ready"],
)
async def test_a_version_that_fails_after_the_switch_is_replaced_by_the_old_one_with_its_state(
    daemon: Daemon, index: PackageIndex, fault: Callable[[], None], because: str
):
    build(index.wheels, "2.0.0", fault)
    pid, before = daemon.pid, {entry["id"] for entry in await daemon.decisions()}
    await meta(daemon, force="true")
    await daemon.post("/web/update")
    about = await ended(daemon, "failed")
    assert because in about["update_state"]["last_error"]
    assert about["current_version"] == "v1.0.0"
    assert daemon.pid == pid
    await daemon.all_running()
    assert before <= {entry["id"] for entry in await daemon.decisions()}


def commands_of(sandbox: Sandbox) -> int:
    """How many requests the Arrs got that are to change something."""
    return sum(request.method != "GET" for arr in sandbox.arrs.values() for request in arr.requests)


def times_logged(daemon: Daemon, event: str) -> int:
    """How often the daemon logged an event of its own; the lines of a trial are in its log too."""
    return sum(f"] {event} " in line and " line=" not in line for line in daemon.log().splitlines())


async def test_on_probation_nothing_is_changed_and_a_restart_in_place_does_not_end_it(
    sandbox: Sandbox, index: PackageIndex, first: tuple[Path, Path], tmp_path: Path
):
    ours = config(sandbox, index, sections={"Radarr-HD": {"RssSyncTimer": "1s"}})
    async with Daemon(tmp_path / "data", ours, python=linked(first[1], tmp_path / "opt", "1.0.0")) as daemon:
        build(index.wheels, "2.0.0", faults.never_ready_after_the_switch)
        await meta(daemon, force="true")
        await daemon.post("/web/update")
        await until(lambda: times_logged(daemon, "daemon was started") == 2, 60, daemon.log)
        before = commands_of(sandbox)
        await daemon.post("/web/restart")
        await until(lambda: times_logged(daemon, "daemon was started") == 3, 30, daemon.log)
        assert json.loads((daemon.folder / "update.json").read_text())["phase"] == "switched"
        await until(lambda: times_logged(daemon, "daemon ended") == 3, 60, daemon.log)
        assert commands_of(sandbox) == before
        about = await ended(daemon, "failed")
        assert "did not get ready within" in about["update_state"]["last_error"]
        await until(lambda: commands_of(sandbox) > before, 30, daemon.log)
        build(index.wheels, "3.0.0")
        await until(lambda: _finds(daemon, "v3.0.0"), 20, daemon.log)
        await daemon.post("/web/update")
        await ended(daemon, "success")
        before = commands_of(sandbox)
        await until(lambda: commands_of(sandbox) > before, 30, daemon.log)


async def test_killed_after_the_switch_the_old_version_is_back_at_the_next_start(daemon: Daemon, index: PackageIndex):
    build(index.wheels, "2.0.0", faults.killed_after_the_switch)
    await meta(daemon, force="true")
    await daemon.post("/web/update")
    assert daemon._process is not None
    await asyncio.to_thread(daemon._process.wait, 60)
    assert json.loads((daemon.folder / "update.json").read_text())["phase"] == "switched"
    await daemon.start()
    about = await ended(daemon, "failed")
    assert "ended before it was ready" in about["update_state"]["last_error"]
    assert about["current_version"] == "v1.0.0"
    await daemon.all_running()


@pytest.mark.parametrize("at", ["installing", "trying"])
async def test_killed_before_the_switch_nothing_has_changed(daemon: Daemon, index: PackageIndex, at: str):
    build(index.wheels, "2.0.0", faults.never_ready)
    await meta(daemon, force="true")
    await daemon.post("/web/update")
    await until(lambda: f"line='{at}" in daemon.log(), 60, daemon.log)
    await daemon.stop(signal.SIGKILL)
    await daemon.start()
    about = await ended(daemon, "failed")
    assert about["update_state"]["last_error"] == "it was interrupted"
    assert about["current_version"] == "v1.0.0"
    await daemon.all_running()


async def test_an_environment_without_a_link_is_updated_in_place(
    sandbox: Sandbox, index: PackageIndex, first: tuple[Path, Path], tmp_path: Path
):
    shutil.copytree(first[1], tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    build(index.wheels, "2.0.0")
    build(index.wheels, "3.0.0", faults.fails_after_the_switch)
    (index.wheels / "qbitrrd-3.0.0-py3-none-any.whl").rename(tmp_path / "later.whl")
    async with Daemon(tmp_path / "data", config(sandbox, index), python=python) as daemon:
        pid = daemon.pid
        assert (await meta(daemon, force="true"))["installation"] == "venv"
        await daemon.post("/web/update")
        assert (await ended(daemon, "success"))["current_version"] == "v2.0.0"
        (tmp_path / "later.whl").rename(index.wheels / "qbitrrd-3.0.0-py3-none-any.whl")
        await until(lambda: _finds(daemon, "v3.0.0"), 20, daemon.log)
        await daemon.post("/web/update")
        about = await ended(daemon, "failed")
        assert about["current_version"] == "v2.0.0", daemon.log()[-3000:]
        assert "it cannot be" in about["update_state"]["last_error"]
        assert daemon.pid == pid
        await daemon.all_running()


async def _finds(daemon: Daemon, version: str) -> bool:
    return bool((await meta(daemon, force="true"))["latest_version"] == version)


async def test_a_full_disk_is_noticed_before_anything_is_installed(
    sandbox: Sandbox, index: PackageIndex, first: tuple[Path, Path], tmp_path: Path
):
    build(index.wheels, "2.0.0")
    python = linked(first[1], tmp_path / "opt", "1.0.0")
    with small_disk(tmp_path, 40) as disk:
        async with Daemon(disk / "data", config(sandbox, index), python=python) as daemon:
            await daemon.all_running()
            await meta(daemon, force="true")
            await daemon.post("/web/update")
            about = await ended(daemon, "failed")
            assert "MiB free, an update needs" in about["update_state"]["last_error"]
            assert about["current_version"] == "v1.0.0"


async def test_the_command_line_checks_and_updates_with_and_without_a_daemon(
    sandbox: Sandbox, index: PackageIndex, first: tuple[Path, Path], tmp_path: Path
):
    python = linked(first[1], tmp_path / "opt", "1.0.0")
    daemon = Daemon(tmp_path / "data", config(sandbox, index), python=python)

    async def qbitrr(*arguments: str) -> str:
        command = [str(python), "-P", "-m", "qbitrr", "--data-dir", str(daemon.folder), *arguments]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await asyncio.wait_for(process.communicate(), 120)
        return output.decode()

    assert await qbitrr("update", "--check") == "qbitrr 1.0.0 is the latest version\n"
    build(index.wheels, "2.0.0")
    assert await qbitrr("update", "--check") == "qbitrr 2.0.0 is available; 1.0.0 runs\n"
    assert "qbitrr is 2.0.0 now" in (await qbitrr("update")).splitlines()[-1]
    assert await qbitrr("--version") == "qbitrr 2.0.0\n"
    async with daemon:
        assert (await ended(daemon, "success"))["current_version"] == "v2.0.0"
        build(index.wheels, "3.0.0")
        await until(lambda: _finds(daemon, "v3.0.0"), 90, daemon.log)
        assert await qbitrr("update") == "Update initiated: v2.0.0 to v3.0.0\n"
        await until(lambda: _is(daemon, "v3.0.0"), 90, daemon.log)
    versions = {path.name for path in (tmp_path / "opt" / "versions").iterdir()}
    assert versions == {"1.0.0", "2.0.0", "3.0.0"}, "only versions that an update made are removed"


async def _is(daemon: Daemon, version: str) -> bool:
    try:
        about = await meta(daemon)
    except OSError:
        return False
    return bool(about["current_version"] == version and about["update_state"]["last_result"] == "success")


async def test_a_source_checkout_is_not_updated_and_the_remedy_is_named(
    sandbox: Sandbox, index: PackageIndex, tmp_path: Path
):
    build(index.wheels, "99.0.0")
    async with Daemon(tmp_path / "data", config(sandbox, index)) as daemon:
        assert (await meta(daemon, force="true"))["installation"] == "source"
        async with daemon._session.post(f"{daemon.url}/web/update") as answer:
            body = await answer.json()
        assert (answer.status, body["code"]) == (409, "NOT_UPDATABLE")
        assert "git pull" in body["error"]
        assert not (daemon.folder / "update.json").exists()


async def test_without_a_network_meta_answers_from_what_it_knows(sandbox: Sandbox, index: PackageIndex, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel accepts connections, and no program answers
        nowhere = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        async with Daemon(tmp_path / "data", config(sandbox, index, UpdateIndex=nowhere)) as daemon:
            async with asyncio.timeout(5):
                about = await meta(daemon)
            assert about["error"]
            assert about["latest_version"] == about["current_version"]
            assert not about["update_available"]
