"""From a listing to a purge: what has to be true before a file is touched, and what happens when it is not."""

import os
from collections import deque
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from qbitrr import ipc
from qbitrr.clock import Clock
from qbitrr.config.model import Orphans, QBit
from qbitrr.errors import UnreachableError
from qbitrr.qbittorrent.models import DataRow, File, FolderPreferences
from qbitrr.rules.orphan_folders import ASIDE, ArrFolders
from qbitrr.rules.orphans import DAY, OrphanState
from qbitrr.state import orphans as stored
from qbitrr.state.database import open_writer
from qbitrr.worker.config import OrphanScope
from qbitrr.worker.orphans import files
from qbitrr.worker.orphans import watch as watching
from qbitrr.worker.orphans.files import Outcome
from qbitrr.worker.orphans.watch import OrphanWatch
from tests.support.state import migrated

HOUR = 3600.0
START = 4_000_000_000.0  # later than whatever a file of the test was made


class Client:
    """A qBittorrent whose answers are set by the test; `asked` counts its lists."""

    def __init__(self, instance, downloads):
        self.instance = instance
        self.downloads = str(downloads)
        self.torrents = []
        self.own_categories = {"movies": ""}
        self.temp_path = ""
        self.silent = False
        self.asked = 0
        self.on_asked = lambda: None

    def add(self, path, size, number=0, **changes):
        row = DataRow(
            f"{number:040x}",
            "stalledUP",
            f"{self.downloads}/movies",
            str(path),
            progress=1.0,
            size=size,
            total_size=size,
        )
        self.torrents.append(replace(row, **changes))

    async def folders(self):
        if self.silent:
            raise UnreachableError(self.instance, "connection refused")
        return FolderPreferences(self.downloads, self.temp_path, bool(self.temp_path))

    async def categories(self):
        return dict(self.own_categories)

    async def data_rows(self):
        self.asked += 1
        self.on_asked()
        return list(self.torrents)

    async def files(self, _infohash):
        return [File(0, "loose.mkv", 1)]


class Household:
    """A disk with a folder `movies`, of which a torrent has 1 MB, and the worker that finds orphans in it."""

    def __init__(self, tmp_path, database):
        self.downloads = tmp_path / "downloads"
        self.movies = self.downloads / "movies"
        self.movies.mkdir(parents=True)
        self.database = database
        self.wall, self.monotonic = START, 1000.0
        self.client = Client("qBit", self.downloads)
        self.clients = {"qBit": self.client}
        self.policy = Orphans(mode="act", minimum_age_seconds=14 * 86400, kept_seconds=30 * 86400)
        self.scope = OrphanScope((), ())
        self.local_paths = {}
        self.read_only = False
        self.concerns = ()
        self.put("A/a.mkv", 1_000_000)
        self.client.add(self.movies / "A", 1_000_000)
        self.watch = self.process()

    def put(self, path, size=1000):
        place = self.movies / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x" * size)
        return place

    def process(self):
        """Start another worker, as after a crash."""

        def concerned(_task, found):
            self.concerns = found

        report = SimpleNamespace(operation=lambda *_: _Nothing(), concerned=concerned)
        config = SimpleNamespace(
            name="qBit",
            settings=SimpleNamespace(orphans=self.policy),
            qbits=tuple(QBit(section=name, local_paths=self.local_paths) for name in self.clients),
            orphans=self.scope,
            categories={"movies"},
            parents=frozenset(),
            state_file=str(self.downloads.parent / "data" / "state.db"),
            read_only=self.read_only,
        )
        clock = Clock(wall=lambda: self.wall, monotonic=lambda: self.monotonic)
        services = SimpleNamespace(qbittorrents=self.clients)
        self.watch = OrphanWatch(
            SimpleNamespace(config=config, services=services, database=self.database, report=report, clock=clock)
        )
        return self.watch

    async def after(self, seconds):
        """Let time pass, and make a pass."""
        self.wall += seconds
        self.monotonic += seconds
        await self.watch.one_pass()

    async def listed(self, days=14):
        """Make a first pass, and another one after some days."""
        await self.watch.one_pass()
        await self.after(days * DAY)

    async def states(self):
        rows = await stored.page(self.database, (), 500, None)
        return {row.orphan.path: str(row.orphan.state) for row in rows}

    async def row(self, path):
        return next(row for row in await stored.page(self.database, (), 500, None) if row.orphan.path == path)

    async def report(self):
        found = await stored.last_report(self.database)
        assert found is not None
        return found[2]

    async def refusals(self):
        return " ".join((await self.report()).refusals)

    async def answer(self, choice, path):
        self.watch.answer(ipc.AnswerOrphans(((await self.row(path)).orphan.id,), choice))
        await self.after(60.0)

    @property
    def aside(self):
        return sorted(one.name for one in self.movies.glob(f"{ASIDE}/*/*"))


class _Nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture
async def at(tmp_path):
    (tmp_path / "data").mkdir()
    async with open_writer(migrated(tmp_path / "data" / "state.db")) as database:
        yield Household(tmp_path, database)


async def test_a_file_beside_a_torrent_is_moved_aside_once_it_is_due_and_purged_after_its_time(at):
    at.put("old.mkv")
    await at.listed(13.9)
    assert await at.states() == {"old.mkv": "found"}
    await at.after(0.2 * DAY)
    assert await at.states() == {"old.mkv": "aside"}
    assert at.aside == ["old.mkv"]
    row = await at.row("old.mkv")
    assert row.proof["torrents"] == {"qBit": 1}
    assert row.proof["seen_seconds"] >= 14 * DAY
    await at.after(29.9 * DAY)
    assert at.aside == ["old.mkv"]
    await at.after(0.2 * DAY)
    assert await at.states() == {"old.mkv": "purged"}
    assert at.aside == []
    assert (at.movies / "A/a.mkv").exists()


async def test_in_shadow_files_are_listed_only(at):
    at.policy = replace(at.policy, mode="shadow")
    at.process()
    at.put("old.mkv")
    await at.listed(400)
    assert await at.states() == {"old.mkv": "found"}
    assert (await at.row("old.mkv")).due
    await at.answer("move", "old.mkv")
    assert at.aside == []


async def test_under_shadow_of_everything_nothing_is_moved(at):
    at.read_only = True
    at.process()
    at.put("old.mkv")
    await at.listed(400)
    assert await at.states() == {"old.mkv": "found"}


async def test_the_user_is_asked_and_may_leave_a_file(at):
    at.policy = replace(at.policy, mode="ask")
    at.process()
    at.put("old.mkv")
    at.put("mine.mkv")
    await at.listed()
    assert await stored.waiting(at.database) == (2, 2000, START)
    assert at.aside == []
    await at.answer("leave", "mine.mkv")
    await at.answer("move", "old.mkv")
    assert await at.states() == {"old.mkv": "aside", "mine.mkv": "left"}
    await at.after(100 * DAY)
    assert await at.states() == {"old.mkv": "purged", "mine.mkv": "left"}
    assert await stored.waiting(at.database) is None
    await at.answer("reconsider", "mine.mkv")
    assert await stored.waiting(at.database) is not None


async def test_a_file_is_restored_and_stays_then(at):
    at.put("Old/deep/old.mkv")
    await at.listed()
    assert not (at.movies / "Old").exists()
    await at.answer("restore", "Old/deep/old.mkv")
    assert (at.movies / "Old/deep/old.mkv").exists()
    assert await at.states() == {"Old/deep/old.mkv": "restored"}
    await at.after(100 * DAY)
    await at.after(100 * DAY)
    assert await at.states() == {"Old/deep/old.mkv": "restored"}


@pytest.mark.parametrize("trouble", ["silent", "empty", "loading", "moving", "mapping", "arr", "unused", "rootless"])
async def test_nothing_is_found_while_anything_is_not_known(at, trouble):
    at.put("old.mkv")
    other = Client("qBit-two", at.downloads)
    other.add(at.movies / "A", 1_000_000, 1)
    at.clients["qBit-two"] = other
    match trouble:
        case "silent":
            other.silent = True
        case "empty":
            other.torrents.clear()
        case "loading":
            other.add(at.movies / "B", 5, 2, state="checkingResumeData")
        case "moving":
            other.add(at.movies / "B", 5, 2, state="moving")
        case "mapping":
            other.torrents[0] = replace(other.torrents[0], content_path="/data/A", save_path="/data")
        case "arr":
            at.scope = OrphanScope(("radarr",), ())
        case "unused":
            at.scope = OrphanScope((), ("qBit-off",))
        case "rootless":
            for number in range(501):
                other.add(at.movies, 5, 10 + number)
    at.process()
    await at.listed(400)
    assert await at.states() == {}
    assert await at.refusals()
    assert len(at.concerns) == (trouble in ("mapping", "unused", "rootless"))  # what passes is reported elsewhere
    assert at.aside == []


async def test_a_file_that_a_second_client_knows_is_no_orphan(at):
    at.put("old.mkv")
    other = Client("qBit-two", at.downloads)
    other.add(at.movies / "old.mkv", 1000, 1)
    at.clients["qBit-two"] = other
    at.process()
    await at.listed(400)
    assert await at.states() == {}
    assert (await at.report()).refusals == ()


async def test_a_client_on_another_machine_is_of_no_concern(at):
    at.put("old.mkv")
    other = Client("qBit-two", "/seedbox")
    other.add("/seedbox/movies/B", 1000, 1, save_path="/seedbox/movies")
    at.clients["qBit-two"] = other
    at.local_paths = {"/seedbox": ""}
    at.process()
    await at.listed()
    assert at.aside == ["old.mkv"]


async def test_time_with_a_silent_client_does_not_count(at):
    at.put("old.mkv")
    await at.listed(10)
    at.client.silent = True
    await at.after(100 * DAY)
    at.client.silent = False
    await at.after(HOUR)
    await at.after(3.9 * DAY)
    assert await at.states() == {"old.mkv": "found"}
    await at.after(0.2 * DAY)
    assert await at.states() == {"old.mkv": "aside"}


async def test_a_wrong_clock_and_restarts_make_no_file_older(at):
    at.put("old.mkv")
    await at.listed(1)
    at.wall += 1000 * DAY
    at.process()
    await at.after(HOUR)
    await at.after(HOUR)
    assert await at.states() == {"old.mkv": "found"}
    at.wall = 1_000_000_000.0
    await at.after(20 * DAY)
    assert await at.states() == {"old.mkv": "found"}  # it changed in the future, by the clock


async def test_a_purge_waits_for_both_clocks(at):
    at.put("old.mkv")
    await at.listed()
    at.wall += 1000 * DAY
    await at.after(HOUR)
    assert at.aside == ["old.mkv"]
    at.wall -= 2000 * DAY
    await at.after(31 * DAY)
    assert at.aside == ["old.mkv"]
    at.wall += 2000 * DAY
    at.client.silent = True
    await at.after(HOUR)
    assert at.aside == ["old.mkv"]
    at.client.silent = False
    await at.after(HOUR)
    assert at.aside == []


async def test_a_file_that_changes_begins_again(at):
    place = at.put("old.mkv")
    await at.listed(10)
    os.utime(place, ns=(1, 1))
    await at.after(5 * DAY)
    assert await at.states() == {"old.mkv": "found"}
    await at.after(14 * DAY)
    assert at.aside == ["old.mkv"]


async def test_a_torrent_that_comes_between_listing_and_moving_keeps_its_file(at):
    at.put("old.mkv")
    await at.listed(13.9)
    asked = at.client.asked

    def comes():
        if at.client.asked == asked + 2:  # the first is the listing
            at.client.add(at.movies / "old.mkv", 1000, 1, progress=0.0)

    at.client.on_asked = comes
    await at.after(0.2 * DAY)
    assert at.aside == []
    assert (await at.row("old.mkv")).problem == "a torrent knows it now"
    await at.after(HOUR)
    assert await at.states() == {}


async def test_a_client_that_falls_silent_between_listing_and_moving_keeps_all_files(at):
    at.put("old.mkv")
    at.put("older.mkv")
    await at.listed(13.9)
    asked = at.client.asked

    def falls_silent():
        at.client.silent = at.client.asked > asked

    at.client.on_asked = falls_silent
    await at.after(0.2 * DAY)
    assert at.aside == []


async def test_what_a_torrent_knows_again_is_not_purged(at):
    at.put("old.mkv")
    await at.listed()
    at.client.add(at.movies / "old.mkv", 1000, 1, state="missingFiles", progress=0.0)
    await at.after(40 * DAY)
    assert at.aside == ["old.mkv"]
    assert (await at.row("old.mkv")).problem == "a torrent knows it now"
    await at.answer("restore", "old.mkv")
    assert (at.movies / "old.mkv").exists()


async def test_an_incomplete_download_keeps_its_file(at):
    at.put("new.mkv.!qB")
    at.put(f".{1:040x}.parts")
    at.client.add(at.movies / "new.mkv", 5000, 1, state="stalledDL", progress=0.2, amount_left=4000)
    await at.listed(400)
    assert await at.states() == {}


async def test_the_files_of_a_torrent_without_a_folder_are_known(at):
    at.put("loose.mkv")
    at.put("old.mkv")
    at.client.add(at.movies, 5, 1)
    await at.listed()
    assert at.aside == ["old.mkv"]
    assert (at.movies / "loose.mkv").exists()


async def test_too_large_a_share_stays_and_is_reported(at):
    at.put("old.mkv", 200_000)
    await at.listed(400)
    assert await at.states() == {"old.mkv": "found"}
    (found,) = (await at.report()).folders
    assert "MaxShare" in found.refusal
    assert not (await at.row("old.mkv")).due
    assert "MaxShare" in at.concerns[0].text
    await at.answer("leave", "old.mkv")  # what the user leaves does not count
    assert (await at.report()).folders[0].refusal == ""


@pytest.mark.parametrize(
    ("policy", "moved"),
    [({"files_per_day": 2}, 2), ({"bytes_per_day": 3500}, 3), ({"bytes_per_day": 999}, 0)],
)
async def test_the_caps_of_a_day(at, policy, moved):
    at.policy = replace(at.policy, **policy)
    at.process()
    for number in range(5):
        at.put(f"{number}.mkv")
    await at.listed()
    assert len(at.aside) == moved
    at.wall += 10 * DAY  # a clock that is set ahead allows no more
    await at.after(HOUR)
    assert len(at.aside) == moved
    at.process()  # nor does another process, by the other clock
    at.wall -= 10 * DAY
    await at.after(HOUR)
    assert len(at.aside) == moved
    at.wall += DAY
    await at.after(DAY)
    assert len(at.aside) == min(5, 2 * moved)


async def test_what_no_day_allows_says_so_and_goes_once_a_day_allows_it(at):
    at.policy = replace(at.policy, bytes_per_day=999)
    at.process()
    at.put("old.mkv")
    at.put("small.mkv", 500)
    await at.listed()
    assert await at.states() == {"old.mkv": "found", "small.mkv": "aside"}
    assert "larger than MaxBytesPerDay" in (await at.row("old.mkv")).problem
    at.policy = replace(at.policy, bytes_per_day=2000)
    at.process()
    await at.after(HOUR)
    assert await at.states() == {"old.mkv": "aside", "small.mkv": "aside"}
    assert (await at.row("old.mkv")).problem == ""


async def test_what_is_aside_and_no_day_allows_to_be_deleted_says_so(at):
    at.put("old.mkv")
    await at.listed()
    at.policy = replace(at.policy, bytes_per_day=999)
    at.process()
    await at.after(30 * DAY)
    await at.after(HOUR)
    assert await at.states() == {"old.mkv": "aside"}
    assert "larger than MaxBytesPerDay" in (await at.row("old.mkv")).problem


@pytest.mark.parametrize("roots", ["movies", "movies/library", ""])
async def test_a_folder_with_a_root_folder_of_an_arr_is_left_alone(at, roots):
    at.scope = OrphanScope(("radarr",), ())
    await stored.store_arr_folders(at.database, "radarr", ArrFolders((f"{at.downloads}/{roots}",)), START)
    at.process()
    at.put("old.mkv")
    await at.watch.one_pass()
    assert await at.states() == {}
    assert "root folder of radarr" in (await at.report()).folders[0].refusal


async def test_an_old_reading_of_root_folders_does_not_count(at):
    at.scope = OrphanScope(("radarr",), ())
    await stored.store_arr_folders(at.database, "radarr", ArrFolders(("/media",)), START)
    at.process()
    at.put("old.mkv")
    await at.after(DAY - 1)
    assert await at.states() == {"old.mkv": "found"}
    await at.after(2)
    assert "not known yet" in await at.refusals()


async def test_a_folder_that_shows_no_torrent_of_its_own_is_not_believed(at):
    at.client.own_categories["games"] = ""
    (at.downloads / "games").mkdir()
    (at.downloads / "games" / "x").write_text("x")
    config = at.watch._context.config
    config.categories = {"movies", "games"}
    await at.listed()
    refusals = {one.category: one.refusal for one in (await at.report()).folders}
    assert "no complete torrent is seen there" in refusals["games"]
    assert (at.downloads / "games" / "x").exists()


async def test_a_listing_of_a_disk_that_fails_is_not_complete(at, monkeypatch):
    at.put("old.mkv")

    def fails(_walked):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("qbitrr.worker.orphans.walk.Walk.step", fails)
    await at.listed(400)
    assert "disk" in await at.refusals()
    assert await at.states() == {}


STEPS = ["before", "after"]


@pytest.mark.parametrize("moment", STEPS)
@pytest.mark.parametrize("step", ["move_aside", "restore", "purge"])
async def test_a_step_that_a_crash_interrupted_is_settled_by_what_lies_there(at, monkeypatch, step, moment):
    at.put("old.mkv")
    if step == "move_aside":
        await at.listed(13.9)
    else:
        await at.listed()
    real = getattr(files, step)

    class CrashError(Exception):
        """The process ends."""

    def crashes(*args):
        if moment == "after":
            real(*args)
        raise CrashError

    monkeypatch.setattr(files, step, crashes)
    if step == "restore":
        at.watch.answer(ipc.AnswerOrphans(((await at.row("old.mkv")).orphan.id,), "restore"))
    with pytest.raises(CrashError):
        await at.after({"move_aside": 0.2, "restore": 0.0, "purge": 31.0}[step] * DAY)
    monkeypatch.setattr(files, step, real)
    at.process()
    at.client.silent = True  # settling needs no client
    await at.after(60)
    expected = {
        ("move_aside", "before"): "found",
        ("move_aside", "after"): "aside",
        ("restore", "before"): "aside",
        ("restore", "after"): "restored",
        ("purge", "before"): "aside",
        ("purge", "after"): "purged",
    }[step, moment]
    assert await at.states() == {"old.mkv": expected}
    assert (at.movies / "old.mkv").exists() is (expected in ("found", "restored"))
    assert at.aside == (["old.mkv"] if expected == "aside" else [])


async def test_a_disk_that_answers_late_loses_no_file(at, monkeypatch):
    at.put("old.mkv")
    await at.listed(13.9)
    late = deque()

    def slow(*args):
        late.append(args)
        return Outcome.NO_ANSWER

    real = files.move_aside
    monkeypatch.setattr(files, "move_aside", slow)
    await at.after(0.2 * DAY)
    assert await at.states() == {"old.mkv": "moving"}
    at.client.silent = True
    await at.after(HOUR)
    assert await at.states() == {"old.mkv": "found"}
    real(*late.popleft())  # the thread that had hung goes on
    at.client.silent = False
    await at.after(HOUR)
    assert await at.states() == {"old.mkv": "aside"}
    await at.answer("restore", "old.mkv")
    assert (at.movies / "old.mkv").exists()


async def test_a_restore_that_is_half_done_waits_while_nothing_may_be_changed(at):
    place = at.put("old.mkv")
    await at.listed()
    orphan = (await at.row("old.mkv")).orphan
    aside = at.movies / orphan.aside
    os.link(aside, place)  # a crash before it is removed there
    await stored.change(
        at.database, replace(orphan, state=OrphanState.RESTORING), at.wall, because="you had it restored"
    )
    at.read_only = True
    at.process()
    await at.after(HOUR)
    assert (place.exists(), aside.exists(), await at.states()) == (True, True, {"old.mkv": "restoring"})
    at.read_only = False
    at.process()
    await at.after(HOUR)
    assert (place.exists(), aside.exists(), await at.states()) == (True, False, {"old.mkv": "restored"})


async def test_a_file_whose_step_cannot_be_settled_yet_is_no_second_one(at, monkeypatch):
    at.put("old.mkv")
    await at.listed(13.9)
    real = files.move_aside, files.facts
    monkeypatch.setattr(files, "move_aside", lambda *_: Outcome.NO_ANSWER)
    await at.after(0.2 * DAY)

    def fails(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files, "facts", fails)
    await at.after(HOUR)
    rows = await stored.page(at.database, (), 10, None)
    assert [str(row.orphan.state) for row in rows] == ["moving"]
    monkeypatch.setattr(files, "move_aside", real[0])
    monkeypatch.setattr(files, "facts", real[1])
    await at.after(HOUR)
    assert await at.states() == {"old.mkv": "aside"}


async def test_a_folder_that_is_of_no_category_any_more_keeps_its_files(at):
    at.put("old.mkv")
    await at.listed(13.9)
    asked = at.client.asked

    def is_removed():
        if at.client.asked > asked:  # after the listing has asked for them
            at.client.own_categories.pop("movies", None)

    at.client.on_asked = is_removed
    await at.after(0.2 * DAY)
    assert at.aside == []
    assert "none of a category" in (await at.row("old.mkv")).problem


async def test_a_file_that_has_no_way_back_now_stays_aside(at):
    at.put("Old/old.mkv")
    await at.listed()
    (at.movies / "Old").write_text("a file where its folder was")
    await at.answer("restore", "Old/old.mkv")
    row = await at.row("Old/old.mkv")
    assert (str(row.orphan.state), row.problem) == ("aside", "it changed, or is there no more")
    (at.movies / "Old").unlink()
    await at.answer("restore", "Old/old.mkv")
    assert await at.states() == {"Old/old.mkv": "restored"}


async def test_what_the_disk_refuses_is_named_counted_and_tried_again(at, monkeypatch):
    at.put("old.mkv")
    at.put("older.mkv")
    await at.listed(13.9)
    real = files.move_aside
    monkeypatch.setattr(files, "move_aside", lambda *_: Outcome.READ_ONLY)
    await at.after(0.2 * DAY)
    assert await at.states() == {"old.mkv": "found", "older.mkv": "found"}
    assert await stored.failures(at.database) == {"read_only": 1}  # the others of the folder are spared
    problems = {row.problem for row in await stored.page(at.database, (), 10, None)}
    assert problems == {"", "the disk is read-only"}
    monkeypatch.setattr(files, "move_aside", real)
    await at.after(HOUR)
    assert at.aside == ["old.mkv", "older.mkv"]


async def test_what_someone_removes_from_aside_is_gone(at):
    at.put("old.mkv")
    await at.listed()
    (moved,) = at.movies.glob(f"{ASIDE}/*/old.mkv")
    moved.unlink()
    await at.answer("restore", "old.mkv")
    assert await at.states() == {"old.mkv": "gone"}


async def test_a_new_file_in_the_place_of_one_that_is_aside_is_a_file_of_its_own(at):
    at.put("old.mkv")
    await at.listed()
    at.put("old.mkv", 500)
    await at.after(HOUR)
    rows = await stored.page(at.database, (), 10, None)
    assert [(row.orphan.file.size_bytes, str(row.orphan.state)) for row in rows] == [(1000, "aside"), (500, "found")]
    aside = rows[0].orphan.id
    at.watch.answer(ipc.AnswerOrphans((aside,), "restore"))
    await at.after(HOUR)
    assert (await stored.of_ids(at.database, [aside]))[0].state is OrphanState.ASIDE
    (at.movies / "old.mkv").unlink()
    at.watch.answer(ipc.AnswerOrphans((aside,), "restore"))
    await at.after(HOUR)
    assert await at.states() == {"old.mkv": "restored"}


async def test_what_is_kept_is_bounded_and_the_rest_is_counted(at, monkeypatch):
    monkeypatch.setattr("qbitrr.worker.orphans.listing.MOST_FOUND", 3)
    monkeypatch.setattr(watching, "MOST_ASIDE", 2)
    for number in range(6):
        at.put(f"{number}.mkv", 100 + number)
    await at.watch.one_pass()
    assert set(await at.states()) == {"3.mkv", "4.mkv", "5.mkv"}  # the largest
    assert (await at.report()).not_kept == 3
    await at.after(14 * DAY)
    assert len(at.aside) == 2


async def test_the_folder_of_incomplete_downloads_and_foreign_categories_are_left_out(at):
    at.client.temp_path = f"{at.movies}/incomplete"
    at.client.own_categories["other"] = f"{at.movies}/other"
    at.put("incomplete/x")
    at.put("other/x")
    at.put("old.mkv")
    await at.watch.one_pass()
    assert set(await at.states()) == {"old.mkv"}


async def test_passing_trouble_is_tried_again_soon(at):
    await at.watch.one_pass()
    assert at.watch.seconds_until_next() == watching.LIST_SECONDS
    at.client.silent = True
    await at.after(HOUR)
    assert at.watch.seconds_until_next() < watching.LIST_SECONDS
