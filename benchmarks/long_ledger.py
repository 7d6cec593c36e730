"""A ledger of a million actions: what each question costs, relative to one of a thousand in the same run."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp.test_utils import make_mocked_request

from benchmarks.control_server import CONFIG, context_of
from control.handlers import activity, decisions, metrics, stats
from control.handlers.shared import Nothing
from qbitrr.clock import to_iso
from qbitrr.data_dir import DataDir
from qbitrr.rules.verdict import COUNTED
from qbitrr.state import ledger, migrate
from qbitrr.state.database import open_reader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from benchmarks.report import Report
    from control.context import HandlerContext

    Question = Callable[[HandlerContext], Awaitable[object]]

MANY, FEW = 1_000_000, 1000
DAYS = 90  # in which there were so many
TIMES = 9
PROMISE_TIMES = 2.0
PROMISE_MS = {"page with a": 50.0, "/stats": 50.0, "/activity": 200.0}
"""Of what is read in a part of the ledger: a number of actions for a text, those of a day or a week for counts."""
LEAST_SECONDS = 0.002
"""What takes less than this counts as much: the work is done before a reader notices."""
CATEGORIES = ("radarr-hd", "radarr-hd", "radarr-hd", "sonarr-tv", "sonarr-tv", "lidarr")
ARRS = {"Radarr-HD": "radarr-hd", "Sonarr-TV": "sonarr-tv", "Lidarr": "lidarr"}
KINDS = (
    *[("import", "not_in_queue")] * 60,
    *[("fail", "stalled")] * 20,
    *[("remove", "seeding")] * 15,
    *[("recheck", "missing_files")] * 4,
    ("pause", "free_space"),
)
OLDEST = 500
"""Actions at the beginning of each ledger that have a rule of their own: no later one matches it."""


def run(report: Report) -> None:
    """Print all ratios."""
    report.heading(f"Ledger of {MANY:,} actions in {DAYS} days: cost of an answer, relative to that of {FEW:,}")
    with tempfile.TemporaryDirectory() as folder:
        small, large = [_filled(Path(folder) / str(number), number) for number in (FEW, MANY)]
        before, after = asyncio.run(_costs(small)), asyncio.run(_costs(large))
    for what, seconds in after.items():
        if limit_ms := next((most for start, most in PROMISE_MS.items() if what.startswith(start)), None):
            report.line(what, 1000 * seconds, "ms", limit_ms)
            continue
        ratio = max(seconds, LEAST_SECONDS) / max(before[what], LEAST_SECONDS)
        report.line(what, ratio, "times", PROMISE_TIMES, of=f"{1000 * before[what]:.2f} ms")


def _filled(folder: Path, number: int) -> DataDir:
    folder.mkdir()
    data_dir = DataDir(folder)
    sections = (f'[{name}]\nURI = "http://{name}"\nAPIKey = "k"\nCategory = "{one}"\n' for name, one in ARRS.items())
    data_dir.config_file.write_text(CONFIG + "".join(sections))
    migrate.prepare(data_dir.state_file)
    with closing(sqlite3.connect(data_dir.state_file)) as database, database:
        database.executemany(
            f"""INSERT INTO ledger ({ledger.DECISION_COLUMNS}, state, step, notes, outcome, planned_at, updated_at)
                VALUES ({", ".join("?" * 15)})""",
            _rows(number),
        )
    return data_dir


def _rows(number: int) -> Iterator[tuple[Any, ...]]:
    """Actions up to now; the newest are the same in every ledger."""
    now = time.time()
    for age in range(number - 1, -1, -1):
        chance = random.Random(age)
        action, rule = chance.choice(KINDS)
        if age > number - OLDEST:
            rule = "former"
        state = "done" if age % 200 else chance.choice(("failed", "cancelled", "undone"))
        if age < 4:
            state = "planned"
        at = now - age * DAYS * 86400 / MANY
        name = f"Some.Show.S{age % 30:02}E{age % 24:02}.{age}.1080p.WEB-DL-GROUP"
        because = "stalled for longer than StalledDelay" if action == "fail" else "its seeding time is reached"
        facts = '{"seconds": 86400, "limit_seconds": 3600, "progress": 0.4}'
        yield (
            chance.choice(CATEGORIES), "qBit", f"{age:040x}", name, at - 3600, action, rule, because, facts,
            state, "planned", "{}", "removed; its files are deleted", at, at,
        )  # fmt: skip


def _questions() -> dict[str, Question]:
    hour_ago, month_ago = [to_iso(time.time() - seconds) or "" for seconds in (3600, 30 * 86400)]
    filters: dict[str, dict[str, Any]] = {
        "all": {},
        "of a category": {"category": "radarr-hd"},
        "of a small category": {"category": "lidarr"},
        "of a category without any": {"category": "none"},
        "of an action": {"action": "fail"},
        "of a rule": {"rule": "stalled"},
        "of a rule that only the oldest have": {"rule": "former"},
        "of a state": {"state": "done"},
        "of a rare state": {"state": "failed"},
        "open": {"state": "planned"},
        "of a category and a rare state": {"category": "lidarr", "state": "undone"},
        "of an action, a rule and a state": {"action": "fail", "rule": "stalled", "state": "failed"},
        "of what does not go together": {"category": "lidarr", "action": "pause", "state": "awaiting_approval"},
        "of a category and an old rule": {"category": "lidarr", "rule": "former"},
        "of the last hour": {"since": hour_ago},
        "of the last hour, of a rare state": {"since": hour_ago, "state": "failed"},
        "of the last hour, of a category and a rare state": {
            "since": hour_ago,
            "category": "lidarr",
            "state": "undone",
        },
        "until an hour ago": {"until": hour_ago},
        "until a month ago": {"until": month_ago},
        "until a month ago, of a rule": {"until": month_ago, "rule": "stalled"},
        "before the oldest": {"before": FEW},
        "with a frequent text": {"q": "web-dl"},
        "with a text of none": {"q": "no such text"},
        "with a text of the oldest": {"q": "s29e"},
        "with a text, of a rule": {"q": "no such text", "rule": "stalled"},
    }
    questions: dict[str, Question] = {
        f"page {what}": lambda context, chosen=chosen: decisions.read(context, decisions.DecisionsRequest(**chosen))
        for what, chosen in filters.items()
    }
    return questions | {
        "/metrics": lambda context: metrics.read(context, Nothing(), make_mocked_request("GET", "/metrics")),
        "/stats": lambda context: stats.read(context, Nothing()),
        "/activity of a week": lambda context: activity.read(context, activity.ActivityRequest(days=7)),
        "the breaker's question": lambda context: ledger.begun_since(
            context.database, "radarr-hd", sorted(COUNTED), time.time() - 600
        ),
        "open actions of a category": lambda context: ledger.open_entries(context.database, "radarr-hd"),
        "changes for events": _changes,
    }


async def _changes(context: HandlerContext) -> None:
    await ledger.changed_after(context.database, await ledger.last_change(context.database) - 10, 100)


async def _costs(data_dir: DataDir) -> dict[str, float]:
    """Median seconds of each question, after it was asked once."""
    async with open_reader(data_dir.state_file) as database:
        context = context_of(data_dir, data_dir.config_file.read_text(), database)
        return {what: await _median(context, question) for what, question in _questions().items()}


async def _median(context: HandlerContext, question: Question) -> float:
    took = []
    for _ in range(TIMES + 1):
        started = time.perf_counter()
        await question(context)
        took.append(time.perf_counter() - started)
    return statistics.median(took[1:])
