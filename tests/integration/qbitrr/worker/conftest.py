"""A worker's rooms put together around a sandbox, without a process of its own."""

from __future__ import annotations

import socket
import time
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.data_dir import STATE_FILE
from qbitrr.sandbox.life.tempo import Tempo
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.state.database import open_writer
from qbitrr.state.logins import LoginRegister
from qbitrr.worker.channel import Channel
from qbitrr.worker.config import worker_configs
from qbitrr.worker.context import WorkerContext
from qbitrr.worker.report import Report
from qbitrr.worker.run import pass_with_space
from qbitrr.worker.services import connect
from qbitrr.worker.torrents import poll
from qbitrr.worker.torrents.actions import context
from qbitrr.worker.torrents.free_space import FreeSpaceGuard
from qbitrr.worker.torrents.loop import TorrentLoop
from qbitrr.worker.torrents.queue_order import QueueOrder
from tests.support.state import migrated

# retries and deadlines come soon
QUICK = Clock(monotonic=lambda: time.monotonic() * 20)
NO_FILE_RULES = {"FolderExclusionRegex": [], "FileNameExclusionRegex": [], "FileExtensionAllowlist": []}
MOVIES = (Section("Radarr-HD", "radarr", 60),)


@pytest.fixture
async def sandbox(judged):
    async with Sandbox(MOVIES, middlewares=judged) as running:
        arr = running.world.arrs["Radarr-HD"]
        # commands and deletions take a moment instead of seconds
        arr.tempo = Tempo(20)
        running.world.client.tempo = Tempo(20)
        yield running


@pytest.fixture(autouse=True)
def _an_empty_client_is_believed(monkeypatch):
    """Many a client here has one torrent, and lists nothing once it is gone; test_quarantine and test_poll doubt it."""
    for module in (context, poll):
        monkeypatch.setattr(module, "_EMPTY_SECONDS", 0.0)


@pytest.fixture
def bench(sandbox, tmp_path):
    """Opens the rooms of one worker; again and again on the same state file, as processes that follow each other."""
    return rooms(sandbox, tmp_path)


def rooms(sandbox, folder):
    """The same for any sandbox with one Arr; the state file is in `folder`."""
    migrated(folder / STATE_FILE)

    @asynccontextmanager
    async def opened(
        wrap=lambda services: services, clock=QUICK, settings=None, arr=None, on_probation=False, more=None, **torrent
    ):
        """`settings`, keys of the Arr, of its `Torrent` and `more` sections are laid over one without file rules."""
        (section,) = sandbox.arrs
        sections = {section: {"Torrent": {"StalledDelay": "1s", **NO_FILE_RULES, **torrent}, **(arr or {})}}
        sections |= {"Settings": settings or {}, **(more or {})}
        async with _worker(sandbox, folder, sections, wrap, clock, on_probation=on_probation) as made:
            yield made

    return opened


def rooms_of_qbittorrent(sandbox, folder):
    """Opens the rooms of the worker of a qBittorrent section, whose disk is the sandbox's."""
    migrated(folder / STATE_FILE)

    @asynccontextmanager
    async def opened(settings=None, wrap=lambda services: services, on_probation=False, **qbit):
        sections = {"Settings": settings or {}, "qBit": {"ManagedCategories": ["books"], **qbit}}
        async with _worker(sandbox, folder, sections, wrap, QUICK, on_probation=on_probation) as made:
            loop = made.loop
            made.guard = FreeSpaceGuard(loop.action_context, loop.poll.everything)
            made.guard._local = False
            order = QueueOrder(loop.action_context, loop.poll.everything)
            made.one_pass = partial(pass_with_space, made.context, loop, made.guard, order)
            yield made

    return opened


@asynccontextmanager
async def _worker(sandbox, folder, sections, wrap, clock, *, on_probation):
    loaded = load_text(sandbox.config_toml(sections), {})
    (config,) = worker_configs(loaded.config, str(folder / STATE_FILE), None)
    config = replace(config, on_probation=on_probation)
    async with AsyncExitStack() as stack:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stack.callback(theirs.close)
        ours.setblocking(False)
        channel = Channel(ours)
        stack.callback(channel.close)
        database = await stack.enter_async_context(open_writer(folder / STATE_FILE))
        register = LoginRegister(database, folder / "logins.lock", Clock())
        services = wrap(await stack.enter_async_context(connect(config, register, database, clock)))
        context = WorkerContext(config, services, database, Report(channel), clock)
        loop = TorrentLoop(context)
        stack.push_async_callback(loop.close)
        yield SimpleNamespace(
            context=context, config=config, services=services, database=database, report=context.report,
            clock=clock, loop=loop, one_pass=loop.one_pass,
        )  # fmt: skip
