"""What is said of the settings of an Arr of the sandbox: what a worker reports, and what `doctor` and `check` print."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from qbitrr.cli import check_config, doctor
from qbitrr.clock import Clock
from qbitrr.config import load_text
from qbitrr.errors import ServiceError
from qbitrr.rules.arr_settings import ContradictionKind
from qbitrr.sandbox.life.settings import ClientSettings, PathMapping
from qbitrr.sandbox.sandbox import Sandbox, Section
from qbitrr.sandbox.services.faults import Down, Status, WrongCredentials
from qbitrr.worker import arr_settings
from qbitrr.worker.arr_settings import ArrSettingsWatch

K = ContradictionKind
HEALTH = "GET /api/v3/health"


class Reported:
    """In the place of the report."""

    def __init__(self):
        self.kinds = []

    def contradicted(self, found):
        self.kinds.append([one.kind for one in found])


class Watched:
    """The watch over the settings of one Arr, what it reported, and a clock."""

    def __init__(self, room):
        self.now = 1000.0
        self.reported = Reported()
        config, services = room.config, room.services
        context = SimpleNamespace(
            config=config, services=services, report=self.reported, clock=Clock(monotonic=lambda: self.now)
        )
        self.watch = ArrSettingsWatch(context)

    async def read(self):
        await self.watch.read()
        return self.reported.kinds[-1]


async def test_the_settings_of_an_arr_as_it_comes_contradict_nothing(bench):
    async with bench() as room:
        assert await Watched(room).read() == []


async def test_what_the_user_set_there_is_reported_until_it_is_set_right(bench, sandbox):
    arr = sandbox.world.arrs["Radarr-HD"]
    settings = arr.connections[0].settings
    settings.imported_category = "done"
    arr.settings.completed_download_handling = False
    async with bench(settings={"Quarantine": "1h"}) as room:
        watched = Watched(room)
        with capture_logs() as logs:
            assert await watched.read() == [K.REMOVES_FAILED, K.POST_IMPORT_CATEGORY, K.NO_COMPLETED_HANDLING]
            await watched.read()
            settings.imported_category, arr.settings.completed_download_handling = "", True
            assert await watched.read() == [K.REMOVES_COMPLETED, K.REMOVES_FAILED]
            settings.remove_completed = settings.remove_failed = False
            assert await watched.read() == []
        events = [entry["event"] for entry in logs]
        assert events.count("setting of the Arr contradicts") == 4  # each once
        assert events.count("setting of the Arr contradicts no longer") == 4


async def test_another_category_and_two_clients_of_one_address(bench, sandbox):
    arr = sandbox.world.arrs["Radarr-HD"]
    second = replace(arr.connections[0].settings, id=2, name="second")
    arr.connect(arr.connections[0].client, second)
    async with bench() as room:
        watched = Watched(room)
        assert await watched.read() == [K.TWO_CLIENTS]
        for connection in arr.connections:
            connection.settings.category = "movies"
        assert await watched.read() == [K.OTHER_CATEGORY]


async def test_a_tag_to_search_by_that_the_arr_does_not_have_is_reported_until_it_has_it(bench, sandbox):
    tags = sandbox.world.arrs["Radarr-HD"].settings.tags
    async with bench(arr={"EntrySearch": {"IncludeTags": ["Kids"], "ExcludeTags": ["blocked"]}}) as room:
        watched = Watched(room)
        tags[1] = "blocked"
        assert await watched.read() == [K.UNKNOWN_TAG]
        tags[2] = "kids"
        assert await watched.read() == []
        tags[2] = "children"
        assert await watched.read() == [K.UNKNOWN_TAG]


async def test_an_arr_that_sees_other_paths_needs_a_mapping(bench, sandbox):
    arr = sandbox.world.arrs["Radarr-HD"]
    folder = next(iter(arr.connections[0].client.on_disk())).save_path
    arr.settings.mounts.append(PathMapping(f"{folder}/", "/data/"))
    async with bench() as room:
        watched = Watched(room)
        assert await watched.read() == [K.PATHS_DIFFER]
        arr.settings.path_mappings.append(PathMapping(f"{folder}/", "/data/"))
        assert await watched.read() == []


async def test_a_client_that_is_away_is_reported_when_it_lasts(bench, sandbox):
    async with bench() as room:
        watched = Watched(room)
        await sandbox.qbittorrent.fail(Down())
        arr = sandbox.world.arrs["Radarr-HD"]
        arr.refresh_now()
        watched.now += 10_000
        assert await watched.read() == []
        watched.now += 301
        assert await watched.read() == [K.UNAVAILABLE]


async def test_what_an_arr_does_not_offer_is_not_known(bench, sandbox):
    sandbox.world.arrs["Radarr-HD"].settings.completed_download_handling = False
    stand_in = sandbox.arrs["Radarr-HD"]
    async with bench() as room:
        watched = Watched(room)
        for route in ("config/downloadclient", "downloadclient"):
            await stand_in.fail(Status(404), f"GET /api/v3/{route}")
        assert await watched.read() == []
        await stand_in.heal()
        assert await watched.read() == [K.NO_COMPLETED_HANDLING]
        await stand_in.fail(Down())
        with pytest.raises(ServiceError):
            await watched.watch.read()
        assert len(watched.reported.kinds) == 2  # what was reported stays


async def test_a_push_of_its_health_has_the_settings_read_at_most_every_five_minutes(bench, sandbox, monkeypatch):
    async with bench() as room:
        watched = Watched(room)
        watched.watch.on_health()  # nothing was read yet: the start does that
        await watched.read()
        watched.now += 301
        watched.watch.on_health()
        async with asyncio.timeout(5):
            await watched.watch.wake.wait()
        watched.watch.wake.clear()
        await watched.read()
        monkeypatch.setattr(arr_settings, "_PASSING_SECONDS", 0.2)
        watched.watch.on_health()
        assert not watched.watch.wake.is_set()
        async with asyncio.timeout(5):
            await watched.watch.wake.wait()


@pytest.fixture
async def two_arrs():
    sections = [Section("Radarr-HD", "radarr", 5), Section("Lidarr", "lidarr", 2)]
    async with Sandbox(sections, has_past=False) as running:
        yield running


async def diagnoses(sandbox, **settings):
    loaded = load_text(sandbox.config_toml({"Settings": settings}), {})
    return loaded, await asyncio.to_thread(doctor.diagnose, loaded, 10)


async def test_doctor_says_what_contradicts_and_the_remedy(two_arrs):
    two_arrs.world.arrs["Lidarr"].settings.completed_download_handling = False
    loaded, found = await diagnoses(two_arrs)
    text = doctor.report(found)
    assert [one.is_good for one in found] == [True, False]
    assert "Radarr 6.1.0.10357, nothing contradicts" in text
    assert "Completed Download Handling is off in Lidarr" in text
    assert "Remedy: Switch it on in Lidarr" in text
    assert "Completed Download Handling is off in Lidarr" in check_config.report(loaded, found)
    assert "Settings of the Arrs" not in check_config.report(loaded)


async def test_doctor_names_an_arr_that_does_not_answer_or_refuses_the_key(two_arrs):
    await two_arrs.arrs["Radarr-HD"].fail(Down())
    await two_arrs.arrs["Lidarr"].fail(WrongCredentials())
    before = two_arrs.arrs["Lidarr"].counts.total()
    loaded, found = await diagnoses(two_arrs)
    text = doctor.report(found)
    assert f"Radarr-HD ({two_arrs.arrs['Radarr-HD'].url}): GET system/status" in text
    assert "the API key was not accepted" in text
    assert two_arrs.arrs["Lidarr"].counts.total() == before + 1
    assert two_arrs.arrs["Lidarr"].api_key not in text
    assert "Settings of the Arrs" not in check_config.report(loaded, found)


async def test_the_words_of_the_arr_are_shown_beside(two_arrs):
    arr = two_arrs.world.arrs["Radarr-HD"]
    arr.connect(arr.connections[0].client, ClientSettings("radarr-hd", id=2, name="second", port=1))
    await two_arrs.qbittorrent.fail(Down())
    _, found = await diagnoses(two_arrs)
    text = doctor.report(found)
    assert "Radarr does not reach its qBittorrent" in text
    assert "It says: Unable to communicate with qBittorrent." in text
