"""A control plane on a real state file, with a supervisor that only records its calls."""

import asyncio

import pytest
from aiohttp.test_utils import TestClient, TestServer

from control.auth.access import Access
from control.auth.answer_links import AnswerLinks
from control.auth.audit_trail import AuditTrail
from control.auth.sessions import Sessions
from control.auth.throttle import LoginThrottle
from control.config_editor import ConfigEditor
from control.context import HandlerContext
from control.events import Events
from control.server import create_application
from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.data_dir import DataDir
from qbitrr.state.database import open_reader
from supervisor.own_tasks import OwnTasks
from tests.integration.control.sample import (
    CONFIG,
    KEPT_FILE,
    NOW,
    TOKEN,
    FakeChecker,
    FakeCommands,
    FakeReload,
    FakeSelfUpdate,
    FakeWorkers,
    fake_process,
    fill,
)
from tests.support.state import migrated


@pytest.fixture(scope="session")
def filled_state(tmp_path_factory):
    path = migrated(tmp_path_factory.mktemp("control") / "state.db")
    asyncio.run(fill(path))
    return path


@pytest.fixture
async def database(filled_state):
    async with open_reader(filled_state) as opened:
        yield opened


@pytest.fixture
def log_folder(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@pytest.fixture
def make_context(database, make_context_over):
    def make(config=CONFIG, **changes):
        return make_context_over(database, config, **changes)

    return make


@pytest.fixture
def make_context_over(log_folder, tmp_path):
    def make(database, config=CONFIG, **changes):
        loaded = load_text(config, {})
        data_dir = DataDir(tmp_path)
        data_dir.config_file.write_text(config)
        data_dir.quarantine_folder.mkdir(exist_ok=True)
        (data_dir.quarantine_folder / KEPT_FILE).touch()
        config_reload = FakeReload(loaded, data_dir)
        processes = {
            arr.category: fake_process(arr) for arr in loaded.config.arrs.values() if arr.managed and arr.complete
        }
        clock = changes.pop("clock", Clock(wall=lambda: NOW, monotonic=lambda: 0.0))
        attributes = {
            "access": Access(
                lambda: config_reload.loaded.config.webui,
                TOKEN,
                LoginThrottle(clock),
                Sessions(data_dir.sessions_file, clock),
                clock,
            ),
            "audit": AuditTrail(tmp_path / "audit.db", clock),
            "answer_links": AnswerLinks(data_dir.answer_links_file, clock),
            "config_reload": config_reload,
            "commands": FakeCommands(),
            "checker": FakeChecker(),
            "self_update": FakeSelfUpdate(),
            "config_editor": ConfigEditor(config_reload, Clock()),
            "events": Events(Clock()),
            "workers": FakeWorkers(processes),
            "own_tasks": OwnTasks(clock),
            "database": database,
            "log_folder": log_folder,
            "clock": clock,
        }
        return HandlerContext(**{**attributes, **changes})

    return make


@pytest.fixture
def context(make_context):
    return make_context()


@pytest.fixture
def connect(make_context):
    """A client of a control plane; entered as a context manager."""

    def connect(context):
        return TestClient(TestServer(create_application(context)))

    return connect


@pytest.fixture
async def client(context, connect):
    async with connect(context) as connected:
        yield connected
