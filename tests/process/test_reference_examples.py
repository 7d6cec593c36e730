"""Every single curl command and Python program of the API reference, against a daemon with real workers.

The reference speaks of a daemon at localhost:6969 and of a token YOUR_TOKEN. curl gets the real address from its own
configuration file; in the programs the address is replaced, in both the token, and nothing else. Fragments with names
that they do not define are no programs; one example that is given as bad is left out.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr import __version__
from qbitrr.sandbox.sandbox import Sandbox, Section
from tests.support.daemon import TOKEN, Daemon
from tests.support.polling import until
from tests.support.wheels import PackageIndex, build, trusted_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EXAMPLES = Path(__file__).with_name("reference-examples.sh").read_text().strip().split("\n\n")
PROGRAMS = Path(__file__).with_name("reference-examples.py.txt").read_text().split("# ---\n")
TOOLS = Path(__file__).with_name("reference-tools.sh")
SECTIONS = (
    Section("Radarr-4K", "radarr", 20),
    Section("Radarr-Movies", "radarr", 5),
    Section("Radarr-HD", "radarr", 5),
    Section("Sonarr-Anime", "sonarr", 2, episodes=10),
    Section("Sonarr-TV", "sonarr", 2, episodes=10),
    Section("Sonarr-Shows", "sonarr", 1, episodes=5),
    Section("Lidarr-Music", "lidarr", 3),
)
NAMED_OTHERWISE = {
    "Radarr-Movies": {"Category": "movies"},
    "Radarr-HD": {"Category": "movies-hd"},
    "Sonarr-Shows": {"Category": "tv-shows"},
}


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Daemon]:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    build(wheels, "0.0.1")
    async with Sandbox(SECTIONS) as sandbox, PackageIndex(wheels) as index:
        settings = {"Settings": {"UpdateIndex": f"{index.url}/simple", "UpdateKey": trusted_keys()}}
        async with Daemon(tmp_path / "data", sandbox.config_toml(NAMED_OTHERWISE | settings)) as running:
            await running.all_running(40)
            yield running


async def ask(example: str, daemon: Daemon, folder: Path, *headers: str) -> dict[str, Any]:
    """The answer to an example, which must succeed. `headers` are sent along."""
    (folder / ".curlrc").write_text(
        f'connect-to = "localhost:6969:127.0.0.1:{daemon.port}"\nsilent\nshow-error\nfail-with-body\nmax-time = 20\n'
        + "".join(f'header = "{header}"\n' for header in headers)
    )
    command = ["bash", "-e", "-c", example.replace("YOUR_TOKEN", TOKEN)]
    environ = {**os.environ, "CURL_HOME": str(folder)}
    done = await asyncio.to_thread(subprocess.run, command, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (example, done.stdout, done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


async def follow(command: list[str], environ: dict[str, str], daemon: Daemon) -> None:
    """Run what follows Main.log until it has shown what is there and what happened then."""
    following = subprocess.Popen(  # noqa: ASYNC220 - starting takes a moment
        command, env=environ, stdout=subprocess.PIPE, start_new_session=True
    )
    seen = bytearray()
    assert following.stdout is not None
    os.set_blocking(following.stdout.fileno(), False)

    def shown() -> bytes:
        seen.extend(following.stdout.read() or b"")
        return bytes(seen)

    try:
        await until(lambda: b"daemon was started" in shown(), 20, lambda: str(shown()))
        before = len(seen)
        await daemon.post("/web/arr/movies/restart")
        await until(lambda: b"category='movies'" in shown()[before:], 20, lambda: str(shown()))
    finally:
        os.killpg(following.pid, 9)
        following.wait()
        following.stdout.close()


@pytest.mark.parametrize(
    "headers",
    [(), ("X-Forwarded-For: 203.0.113.9", f"X-API-Token: {TOKEN}")],
    ids=["on the machine itself", "from elsewhere with the token"],
)
async def test_every_curl_example_of_the_reference(daemon: Daemon, tmp_path: Path, headers: tuple[str, ...]):
    assert len(EXAMPLES) == 37
    answers = {example: await ask(example, daemon, tmp_path, *headers) for example in EXAMPLES}

    def answer(part: str) -> dict[str, Any]:
        return next(found for example, found in answers.items() if part in example)

    assert answer("/api/status")["ready"] is True
    assert answer("radarr-4k/movies?year_min")["category"] == "radarr-4k"
    assert all(not movie["hasFile"] for movie in answer("movies-hd/movies?monitored")["movies"])
    assert {entry["category"] for entry in answer("/web/processes")["processes"]} >= {"movies", "tv-shows"}
    assert len(answer('/web/arr"')["arr"]) == len(SECTIONS)
    assert answer("arr/movies/restart")["message"] == "Restart triggered for movies"
    assert answer("arr/tv-shows/restart")["message"] == "Restart triggered for tv-shows"
    assert answer("$OFFSET")["total_lines"] > 0
    assert answer("offset=1000")["lines"] == 0
    assert answer("Radarr-Old")["message"] == "Configuration updated successfully"
    assert answer('/web/meta"')["current_version"] == answer("meta?force")["latest_version"] == f"v{__version__}"
    assert answer("/web/update")["message"] == answer("/api/update")["message"] == "Already on latest version"
    assert answer("/web/restart")["message"] == "Restart initiated"
    config = (daemon.folder / "config.toml").read_text()
    assert "LoopSleepTimer = 10" in config
    assert "LiveArr = false" in config


def program(part: str, daemon: Daemon) -> list[str]:
    """The command that runs the one Python program of the reference with this text in it."""
    (text,) = [program for program in PROGRAMS if part in program]
    ours = text.replace("http://localhost:6969", daemon.url).replace("YOUR_TOKEN", TOKEN)
    return [sys.executable, "-u", "-c", ours]


async def test_every_python_program_of_the_reference(daemon: Daemon):
    assert len(PROGRAMS) == 7 + 1  # the one that follows a log has a test of its own

    async def run(part: str) -> str:
        command = program(part, daemon)
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, (part, done.stdout, done.stderr)
        return done.stdout

    assert "'ready': True" in await run("headers=headers")
    missing = await daemon.get("/web/radarr/radarr-4k/movies", year_min="2020", year_max="2024", has_file="false")
    assert (await run('"year_max"')).startswith(f"Found {missing['total']} missing movies\n")
    assert "Total missing episodes: " in await run("Total missing episodes")
    assert await run("get_movies_safe") == "Found 20 movies\n"
    assert await run("/arr/movies/restart") == "Restart triggered for movies\n"
    assert await run("update_available") == f"Already on latest version: v{__version__}\n"
    assert await run('"Settings.FreeSpace"') == "Configuration updated successfully\n"
    assert 'FreeSpace = "200G"' in (daemon.folder / "config.toml").read_text()


async def test_the_script_of_the_reference_checks_for_updates(daemon: Daemon):
    environ = {**os.environ, "QBITRR_URL": daemon.url, "QBITRR_TOKEN": ""}

    async def tools(command: str, code: int) -> str:
        asked = ["bash", str(TOOLS), command]
        done = await asyncio.to_thread(subprocess.run, asked, env=environ, capture_output=True, text=True, timeout=30)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stdout

    assert await tools("check-updates", 1) == f"Current: v{__version__}\nLatest: v{__version__}\nUp to date\n"
    assert await tools("update", 0) == "Triggering update...\nAlready on latest version\n"


async def test_the_script_and_the_program_of_the_reference_follow_a_log(daemon: Daemon):
    environ = {**os.environ, "QBITRR_URL": daemon.url, "QBITRR_TOKEN": ""}
    for command in (["bash", str(TOOLS), "tail", "Main.log"], program("tail_log", daemon)):
        await follow(command, environ, daemon)
