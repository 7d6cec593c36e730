"""A control plane over a large state file, and on the next port the bare server."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from benchmarks.bare_server import bare_application
from benchmarks.bare_server import serve as listen
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
from qbitrr.rules.library import items
from qbitrr.rules.library.quality import FileFacts, Profile
from qbitrr.state import catalogue, migrate
from qbitrr.state.database import Database, open_reader, open_writer
from supervisor.own_tasks import OwnTasks
from tests.integration.control.sample import (
    FakeChecker,
    FakeCommands,
    FakeReload,
    FakeSelfUpdate,
    FakeWorkers,
    fake_process,
)

CONFIG = """
[Settings]
CompletedDownloadFolder = "/downloads"
[qBit]
Host = "localhost"
"""
SECTIONS = {"Radarr-Big": "big", "Radarr-Small": "small", "Sonarr-TV": "tv", "Lidarr": "music"}
HD = Profile("HD", upgrade_allowed=True, min_format_score=0, cutoff_format_score=100)
GOOD = FileFacts(1, cutoff_not_met=False, custom_format_score=100)
WORDS = (
    "night day red blue king queen war love death star moon sun river house man woman child last first dark light city "
    "return rise fall world matrix alien hunter garden silence winter summer ghost engine mirror island road"
)


def movies(number: int) -> list[items.MovieRow]:
    chance, words = random.Random(1), WORDS.split()
    return [
        items.movie(
            id=one, title=" ".join(chance.choices(words, k=3)) + f" {one}", year=1950 + one % 75, tmdb_id=one,
            imdb_id=None, monitored=one % 5 != 0, available=True, file=GOOD if one % 3 else None, profile=HD,
        )
        for one in range(number)
    ]  # fmt: skip


async def fill(path: Path) -> None:
    async with open_writer(path) as database:
        shows = [
            items.SeriesRow(one, f"Show {one}", f"show {one}", 2000, one, None, monitored=True, quality_profile="HD")
            for one in range(1000)
        ]
        episodes = [
            items.episode(
                id=show.id * 100 + one, series_id=show.id, season_number=one // 20, episode_number=one % 20,
                title=f"Episode {one}", airs_at=1.0, monitored=True, file=GOOD if one % 4 else None, profile=HD,
                now=2.0,
            )
            for show in shows
            for one in range(60)
        ]  # fmt: skip
        library = {
            "big": ("radarr", {"movies": movies(100_000)}),
            "small": ("radarr", {"movies": movies(1000)}),
            "tv": ("sonarr", {"episodes": episodes, "series": shows}),
        }
        for category, (kind, tables) in library.items():
            generation = catalogue.Generation(database, category, kind)
            await generation.start("http://arr")
            for table, rows in tables.items():
                for start in range(0, len(rows), 1000):
                    await generation.add(table, rows[start : start + 1000])
            await generation.commit(1.0)


def context_of(data_dir: DataDir, config: str, database: Database) -> HandlerContext:
    """The context of handlers over a state file, with workers that only have a name."""
    loaded = load_text(config, {})
    clock = Clock()
    config_reload = FakeReload(loaded, data_dir)
    return HandlerContext(
        audit=AuditTrail(data_dir.audit_file, clock),
        answer_links=AnswerLinks(data_dir.answer_links_file, clock),
        config_reload=config_reload,
        commands=FakeCommands(),
        checker=FakeChecker(),
        self_update=FakeSelfUpdate(),
        config_editor=ConfigEditor(config_reload, clock),
        events=Events(clock),
        access=Access(
            lambda: config_reload.loaded.config.webui,
            "token",
            LoginThrottle(clock),
            Sessions(data_dir.sessions_file, clock),
            clock,
        ),
        workers=FakeWorkers({arr.category: fake_process(arr) for arr in loaded.config.arrs.values()}),
        own_tasks=OwnTasks(clock),
        database=database,
        log_folder=None,
    )


async def serve(folder: Path, port: int) -> None:
    data_dir = DataDir(folder)
    sections = "".join(
        f'[{name}]\nURI = "http://{name}"\nAPIKey = "k"\nCategory = "{category}"\n'
        for name, category in SECTIONS.items()
    )
    data_dir.config_file.write_text(CONFIG + sections)
    migrate.prepare(data_dir.state_file)
    await fill(data_dir.state_file)
    async with open_reader(data_dir.state_file) as database:
        application = create_application(context_of(data_dir, CONFIG + sections, database))
        for number, app in enumerate((application, bare_application())):
            await listen(app, port + number)
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
