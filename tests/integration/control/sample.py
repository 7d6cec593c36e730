"""A library in four Arrs, decisions on torrents, and a supervisor that only records its calls."""

from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from qbitrr.config import load_file
from qbitrr.errors import UpdateInProgressError
from qbitrr.rules.facts import TorrentKey
from qbitrr.rules.library import items
from qbitrr.rules.library.quality import FileFacts, Profile
from qbitrr.rules.verdict import Decision
from qbitrr.state import catalogue, ledger, media_requests, searches, shadow, torrents, verdicts
from qbitrr.state.database import open_writer
from qbitrr.update.check import Known
from qbitrr.update.installation import Installation, check_updatable
from qbitrr.update.record import UpdateOutcome
from qbitrr.update.releases import Release
from supervisor.config_reload import ReloadPlan, ReloadResult
from supervisor.lifecycle import Phase, State
from supervisor.worker_process import LastReport
from supervisor.workers import WorkerChanges
from tests.support.polling import until

TOKEN = "correct horse battery staple"
NOW = 1_700_000_000.0
PLAN = """{"searches": [{"command": "MoviesSearch", "itemIds": [3], "reason": "Missing", "why": "missing",
"title": "Third"}], "due": 40, "perHour": 30, "waitingFor": "", "throughAt": 1700000000,
"leftOut": {"with a tag of ExcludeTags": 2},
"queryLimits": [{"name": "One", "limit": 100, "windowSeconds": 86400, "used": 60}]}"""
HASH = "c0ffee" + 34 * "0"
HD = Profile("HD", upgrade_allowed=True, min_format_score=10, cutoff_format_score=100)
GOOD = FileFacts(1, cutoff_not_met=False, custom_format_score=100)
POOR = FileFacts(2, cutoff_not_met=True, custom_format_score=0)

CONFIG = """
[Settings]
CompletedDownloadFolder = "/downloads"
[qBit]
Host = "localhost"
[Radarr-4K]
URI = "http://radarr"
APIKey = "k1"
Category = "movies"
[Radarr-New]
URI = "http://radarr-new"
APIKey = "k2"
Category = "new"
[Sonarr-TV]
URI = "http://sonarr"
APIKey = "k3"
Category = "tv/anime"
[Lidarr]
URI = "http://lidarr"
APIKey = "k4"
Category = "music"
"""


async def _no_torrents(_keys, _within_seconds):
    return ()


async def _no_answer(_question, _answer, _within_seconds):
    raise TimeoutError


def answering(*answers):
    """The `ask` of a worker that has these answers, by their kind; the questions are in its `asked`."""

    async def ask(question, answer, _within_seconds):
        ask.asked.append(question(1))
        return next(one for one in answers if isinstance(one, answer))

    ask.asked = []
    return ask


def fake_process(arr, **changes):
    """A worker as the control plane sees it."""
    phase = changes.pop("phase", Phase.RUNNING)
    state = State(phase=phase, alive=phase not in {Phase.BACKOFF, Phase.DEGRADED, Phase.STOPPED})
    attributes = {"pid": None, "restarts": 0, "phase_since": NOW, "last_report": LastReport(), "sent": [], **changes}
    attributes.setdefault("torrents", _no_torrents)
    attributes.setdefault("ask", _no_answer)
    attributes.setdefault("send", lambda message: attributes["sent"].append(message) or True)
    return SimpleNamespace(
        config=SimpleNamespace(arr=arr, arr_section=arr, section=arr.section, name=arr.category, orphans=None),
        category=arr.category,
        state=state,
        **attributes,
    )


def waiting_for_approval(context, category="movies"):
    """Make the removals of a category wait for approval; returns its worker."""
    arr = context.workers.processes[category].config.arr
    waiting = fake_process(arr, last_report=LastReport(waiting_for="approval"))
    context.workers.processes[category] = waiting
    return waiting


@dataclass
class FakeWorkers:
    """The set of workers, without processes."""

    processes: dict = field(default_factory=dict)
    ready: bool = True
    revision: int = 0
    calls: list = field(default_factory=list)
    lag: Any = field(default_factory=lambda: SimpleNamespace(worst_seconds=0.001))

    async def until_changed(self, revision):
        await until(lambda: self.revision != revision, 60, "no worker reported")

    def restart(self, category):
        self.calls.append(("restart", category))

    def rebuild(self):
        self.calls.append(("rebuild",))


class FakeReload:
    """Applies every configuration at once; `fails` is raised instead, once."""

    def __init__(self, loaded, data_dir):
        self.loaded = loaded
        self.data_dir = data_dir
        self.environ = {}
        self.fails = None
        self.calls = 0

    async def plan(self, loaded):
        before, after = ({arr.category: arr for arr in one.config.arrs.values()} for one in (self.loaded, loaded))
        changes = WorkerChanges(
            started=tuple(after.keys() - before.keys()),
            stopped=tuple(before.keys() - after.keys()),
            restarted=tuple(c for c in after if c in before and after[c] != before[c]),
        )
        return ReloadPlan(loaded, (), ReloadResult(changes))

    async def apply(self, plan):
        self.calls += 1
        if self.fails:
            error, self.fails = self.fails, None
            raise error
        self.loaded = plan.loaded
        return ReloadResult(WorkerChanges(unchanged=("movies",)), ("WebUI.Port",))

    async def reload(self):
        return await self.apply(await self.plan(load_file(self.data_dir.config_file, self.environ)))


@dataclass
class FakeChecker:
    """The result of the last version check."""

    available: Release | None = None
    known: Known = field(default_factory=lambda: Known(checked_at=NOW))
    forced: int = 0
    waited: list[float | None] = field(default_factory=list)

    async def newest(self, *, force=False, within_seconds=None):
        self.forced += force
        self.waited.append(within_seconds)
        return self.known


@dataclass
class FakeSelfUpdate:
    """An installation that can be updated."""

    outcome: UpdateOutcome = field(default_factory=UpdateOutcome)
    installation: Installation = field(default_factory=lambda: Installation("venv", "/opt/qbitrr/current"))
    busy: bool = False
    on_probation: bool = False
    started: list = field(default_factory=list)

    def start(self, release):
        if self.busy:
            raise UpdateInProgressError("Update already in progress")
        check_updatable(self.installation)
        self.started.append(release)
        self.busy = True


@dataclass
class FakeCommands:
    """Records the commands to the daemon."""

    ending: bool = False
    failures: Counter = field(default_factory=Counter)
    calls: list = field(default_factory=list)

    def restart_workers(self):
        self.calls.append("restart_workers")

    def restart(self):
        self.calls.append("restart")

    def dump(self):
        self.calls.append("dump")


def movie(number, title, year, *, monitored=True, available=True, file=None):
    return items.movie(
        id=number, title=title, year=year, tmdb_id=number, imdb_id=None, monitored=monitored, available=available,
        file=file, profile=HD,
    )  # fmt: skip


def episode(number, series, season, *, airs_at=NOW - 60, monitored=True, file=None):
    return items.episode(
        id=series * 100 + number, series_id=series, season_number=season, episode_number=number,
        title=f"Episode {number}", airs_at=airs_at, monitored=monitored, file=file, profile=HD, now=NOW,
    )  # fmt: skip


def album(number, artist, title, released_at, *, tracks=10, files=0, monitored=True):
    return items.album(
        id=number, artist_id=artist, title=title, released_at=released_at, monitored=monitored, track_count=tracks,
        track_file_count=files, below_cutoff=False, profile=HD, now=NOW,
    )  # fmt: skip


MOVIES = [
    movie(1, "The Matrix", 1999, file=GOOD),
    movie(2, "alien", 1979, file=POOR),
    movie(3, "Zardoz", 1974),
    movie(4, "Dune: Part Three", 2026, available=False),
    movie(5, "Brazil", 1985, monitored=False),
    movie(6, "100% Wolf_", 2020, file=GOOD, monitored=False),
    movie(7, "Ärger im Paradies", 2001),
]
SERIES = [
    items.SeriesRow(
        1,
        "Cowboy Bebop",
        "cowboy bebop",
        1998,
        76885,
        "tt0213338",
        monitored=True,
        quality_profile="HD",
        title_slug="cowboy-bebop",
    ),
    items.SeriesRow(2, "attack on Titan", "attack on titan", 2013, 267440, None, monitored=True, quality_profile="HD"),
]
EPISODES = [
    episode(1, 1, 1, file=GOOD),
    episode(2, 1, 1, file=GOOD),
    episode(1, 1, 0, monitored=False),
    episode(1, 2, 1, file=GOOD),
    episode(2, 2, 1),
    episode(1, 2, 2, airs_at=NOW + 3600),
    episode(2, 2, 2, airs_at=None),
]
ARTISTS = [
    items.ArtistRow(
        1,
        "Pink Floyd",
        "pink floyd",
        "UK progressive rock band",
        monitored=True,
        quality_profile="HD",
        foreign_id="83d91898-7763",
    ),
    items.ArtistRow(2, "Björk", "björk", None, monitored=True, quality_profile="HD"),
]
ALBUMS = [
    album(1, 1, "The Wall", 312_422_400.0, files=4),
    album(2, 1, "The Dark Side of the Moon", 99_792_000.0, files=10),
    album(3, 2, "Debut", 741_830_400.0, files=10),
    album(4, 2, "Yet to Come", None),
]
LIBRARY = {
    "movies": ("radarr", {"movies": MOVIES}),
    "tv/anime": ("sonarr", {"series": SERIES, "episodes": EPISODES}),
    "music": ("lidarr", {"artists": ARTISTS, "albums": ALBUMS}),
}
TRACE = [
    {"rule": "ignored_by_user", "outcome": "pass", "because": "it has no protecting tag", "facts": {}},
    {"rule": "stalled", "outcome": "act", "because": "it is stalled", "facts": {"inactive_seconds": 901}},
]


UNDOABLE = 1
"""An action in the ledger below whose torrent was kept in quarantine."""
KEPT_FILE = "5.torrent"


async def fill(path):
    """Fill a state file as workers do: `new` has started its first sync, the others are done."""
    async with open_writer(path) as database:
        for category, (kind, tables) in LIBRARY.items():
            generation = catalogue.Generation(database, category, kind)
            await generation.start("http://arr")
            for table, rows in tables.items():
                await generation.add(table, rows)
            await generation.commit(NOW)
        await media_requests.replace(database, "movies", "radarr", [(7, None, None, None)])
        await catalogue.Generation(database, "new", "radarr").start("http://radarr-new")
        await database.write(
            "INSERT INTO movies SELECT 'new', id, title, sort_title, year, tmdb_id, imdb_id, monitored, released,"
            " has_file, file_id, quality_met, custom_format_score, min_custom_format_score, custom_format_met, upgrade,"
            " is_request, reason, quality_profile, released_at, fingerprint, tags FROM movies"
        )
        await searches.store_plan(database, "movies", PLAN)
        async with database.transaction() as transaction:
            await searches.store_budget(transaction, "movies", -2.0, NOW - 3600, -600.0)
        kept = await decide(database, "movies", "5" * 40, now=NOW - 90, notes={"torrent_file": KEPT_FILE})
        await ledger.close(database, kept, "done", "removed", NOW - 80)
        for number, category in enumerate(("movies", "tv/anime", "movies")):
            await decide(database, category, f"{number}" * 40, now=NOW + number)
        entry = await decide(database, "movies", HASH, now=NOW + 10)
        await ledger.close(database, entry, "done", "blocklisted and deleted", NOW + 20)
        for number, gone in enumerate((False, True)):
            await shadow.record(database, decision("movies", f"{number}" * 40, facts={"strikes": 3}), NOW)
            if gone:
                await torrents.forget(database, "movies", [("qBit", f"{number}" * 40)], NOW + 60)
        await verdicts.store(
            database,
            [
                verdicts.StoredVerdict(
                    "movies",
                    instance,
                    HASH,
                    "Some.Movie",
                    "fail",
                    "stalled",
                    "it is stalled",
                    TRACE,
                    NOW,
                    NOW + 5,
                    NOW + 60,
                    verdicts.Forecast("nothing", "seeding", "it seeds"),
                )
                for instance in ("qBit", "qBit-nas")
            ],
        )


async def decide(database, category, infohash, now, notes=None):
    planned = decision(category, infohash, facts={"inactive_seconds": 901})
    return await ledger.plan(database, planned, notes or {"record_ids": [7]}, now)


def decision(category, infohash, facts):
    key, name = TorrentKey("qBit", infohash), f"Torrent {infohash[0]}"
    return Decision(category, key, name, NOW, "fail", "stalled", "it is stalled", facts)
