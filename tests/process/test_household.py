"""A household that runs by itself: nothing is stuck at the end, and every removal is explained.

A short form is in the suite; `make household` lives through thirty days and writes docs/household.md.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from qbitrr.clock import from_iso
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.sandbox.life.fate import Destiny
from qbitrr.sandbox.sandbox import Sandbox
from tests.process.test_soak import is_replaced
from tests.support.daemon import Daemon
from tests.support.days import DAY, PATIENCE_SECONDS
from tests.support.household import CONFIGURATION, SECTIONS, Household
from tests.support.household_page import PAGE, page
from tests.support.passing_time import PassingTime
from tests.support.polling import until

if TYPE_CHECKING:
    from pathlib import Path

    from qbitrr.sandbox.life.torrent import Torrent

pytestmark = pytest.mark.serial

WHOLE = 30
DAYS = int(os.environ.get("HOUSEHOLD_DAYS", "2"))
MOST_ASKED = 8
STUCK_SECONDS = 2 * DAY


async def test_a_household_runs_by_itself(tmp_path: Path):
    time = PassingTime()
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    async with Sandbox(
        SECTIONS, has_past=False, clock=time.now, middlewares=[time.dates], downloads=downloads, on_disk=True
    ) as sandbox:
        daemon = Daemon(tmp_path / "data", sandbox.config_toml(CONFIGURATION), "tests.support.passing_time")
        daemon.answer_seconds = PATIENCE_SECONDS
        time.follow(daemon)
        household = Household(sandbox, daemon, time)
        async with daemon:
            await daemon.all_running()
            for number in range(1, DAYS + 1):
                await household.day(number)
                print(f"day {number}: {dict(household.counted[number])}", flush=True)
            await household.leap()  # after the last answers
            await household.answer(DAYS)  # what these hours brought

            async def needs_nothing() -> bool:
                return not (await daemon.get("/web/inbox"))["entries"]

            await until(needs_nothing, PATIENCE_SECONDS, lambda: daemon.log()[-3000:])
            household.count_downloads()
            decisions = await household.decisions()
            text = page(household, decisions, MOST_ASKED)
            print(text)
            assert len(household.asked) <= MOST_ASKED
            assert stuck(household, decisions) == []
            assert_explained(household, decisions)
            assert await daemon.stop() == 0
    if DAYS == WHOLE:
        PAGE.write_text(text)


def stuck(household: Household, decisions: list[dict[str, Any]]) -> list[str]:
    """Names of what has not got on for days: downloads, imports, actions."""
    before, sandbox = household.time.now() - STUCK_SECONDS, household.sandbox
    imported = {
        infohash.lower()
        for stand_in in sandbox.arrs.values()
        for event in stand_in.arr.history
        if "mported" in event.event_type and (infohash := event.download_id)
    }
    known = {one["hash"] for one in decisions}
    return [
        *(
            torrent.name
            for infohash, torrent in sandbox.world.client.torrents.items()
            if (torrent.added_on if not torrent.complete else torrent.completion_on or 0.0) < before
            and not (torrent.complete and (infohash in imported or infohash in known))
        ),
        *(one["name"] for one in decisions if one["state"] in ("planned", "awaiting_approval") and _at(one) < before),
    ]


def assert_explained(household: Household, decisions: list[dict[str, Any]]) -> None:
    """Every torrent that is gone was removed by one action with its reason and facts, and the reason was true."""
    destructive = [one for one in decisions if one["action"] in DESTRUCTIVE]
    removals = [one for one in destructive if one["state"] == "done"]
    assert removals
    assert [one for one in removals if not (one["because"] and one["facts"])] == []
    assert max(Counter((one["hash"], one["addedAt"]) for one in removals).values()) == 1
    buried = household.sandbox.world.client.buried
    explained = {one["hash"] for one in destructive if one["state"] in ("done", "planned")}  # which goes on
    assert {one.name for infohash, one in buried.items() if infohash not in explained} == set()
    false = [
        one
        for one in removals
        if (torrent := buried.get(one["hash"])) is not None
        and from_iso(one["addedAt"]) == int(torrent.added_on)  # not an earlier one of the same release
        and not is_true(household, one["rule"], torrent, _at(one))
    ]
    assert false == []


def is_true(household: Household, rule: str, torrent: Torrent, until: float) -> bool:
    """Whether what a rule said of a torrent that is gone is so; one that removes what is healthy has a case here."""
    match rule:
        case "seeding_is_over":
            return torrent.seeding_seconds >= 5 * DAY or torrent.ratio >= 2
        case "superseded":
            return is_replaced(household.sandbox, torrent.infohash, until) or torrent.infohash in household.deleted
        case "nothing_playable" | "nothing_to_import":
            return torrent.infohash in household.empty
        case "arr_refuses_it":
            return True  # its word counts for every download
        case _:
            return torrent.fate.destiny is not Destiny.HEALTHY


def _at(decision: dict[str, Any]) -> float:
    return from_iso(decision["updatedAt"]) or 0.0
