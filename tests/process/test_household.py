"""A household that runs by itself: nothing is stuck at the end, and every removal is explained.

A short form is in the suite; `make household` lives through thirty days and writes docs/household.md.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from qbitrr.clock import from_iso
from qbitrr.rules.verdict import DESTRUCTIVE
from qbitrr.sandbox.life.fate import Destiny
from qbitrr.sandbox.sandbox import Sandbox
from tests.process.test_soak import is_replaced
from tests.support.daemon import Daemon
from tests.support.days import DAY, PATIENCE_SECONDS
from tests.support.household import (
    ASIDE_SECONDS,
    CONFIGURATION,
    DISK_FULL,
    HIT_AND_RUN,
    KEPT_SEEDS,
    LEAST_SEEDING_SECONDS,
    SECTIONS,
    Household,
)
from tests.support.household_page import PAGE, page
from tests.support.passing_time import PassingTime
from tests.support.polling import until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qbitrr.sandbox.life.torrent import Torrent

pytestmark = pytest.mark.serial

WHOLE = 30
DAYS = int(os.environ.get("HOUSEHOLD_DAYS", "2"))
SHORT_DISK_FULL = range(2, 4)
MOST_ASKED = 10
STUCK_SECONDS = 2 * DAY
SAME_SECONDS = 60.0


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
        household = Household(sandbox, daemon, time, DISK_FULL if DAYS == WHOLE else SHORT_DISK_FULL)
        async with daemon:
            await daemon.all_running()
            for number in range(1, DAYS + 1):
                await household.day(number)
                print(f"day {number}: {dict(household.counted[number])}", flush=True)

            async def room_was_made() -> bool:
                return bool(removed_for_space(await household.decisions(rule="room_needed")))

            async def all_is_purged() -> bool:
                return await purged(household) >= household.left_behind.keys()

            await household.leap_until(room_was_made)
            if household.is_disk_full:
                household.empty_disk(DAYS)
                await household.leap()  # what waited goes on
            await household.leap()  # after the last answers
            await household.leap_until(all_is_purged)
            await household.answer(DAYS)  # what these hours brought

            async def needs_nothing() -> bool:
                inbox = await daemon.get("/web/inbox")
                household.inbox = inbox["entries"]
                return not household.inbox

            await until(needs_nothing, PATIENCE_SECONDS, lambda: f"{household.inbox} {daemon.log()[-3000:]}")
            household.count_downloads()
            decisions, orphans = await household.decisions(), await household.orphans()
            text = page(household, decisions, orphans, MOST_ASKED)
            print(text)
            assert len(household.asked) <= MOST_ASKED
            assert stuck(household, decisions) == []
            assert_explained(household, decisions)
            assert_room_was_made_with_care(household, decisions)
            assert_only_orphans_went(household, orphans)
            assert await daemon.stop() == 0
    if DAYS == WHOLE:
        PAGE.write_text(text)


def stuck(household: Household, decisions: list[dict[str, Any]]) -> list[str]:
    """Names of what has not got on for days: downloads, imports, actions."""
    before, sandbox = household.time.now() - STUCK_SECONDS, household.sandbox
    imported = household.imported()
    known = {one["hash"] for one in decisions}
    return [
        *(
            torrent.name
            for infohash, torrent in sandbox.world.client.torrents.items()
            if max(household.room_since, torrent.completion_on or torrent.added_on) < before
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
    assert {
        one.name for infohash, one in buried.items() if infohash not in explained | household.left_behind.keys()
    } == set()
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
        case "room_needed":
            owes = urlsplit(torrent.tracker).hostname == HIT_AND_RUN and torrent.seeding_seconds < 2 * DAY
            is_old_enough = torrent.seeding_seconds >= LEAST_SEEDING_SECONDS
            return is_old_enough and not owes and not torrent.private and torrent.infohash in household.imported()
        case "superseded":
            return is_replaced(household.sandbox, torrent.infohash, until) or torrent.infohash in household.deleted
        case "nothing_playable" | "nothing_to_import":
            return torrent.infohash in household.empty
        case "arr_refuses_it":
            return True  # its word counts for every download
        case _:
            return torrent.fate.destiny is not Destiny.HEALTHY


def removed_for_space(decisions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Removals that were carried out because a download needed the space."""
    return [one for one in decisions if one["rule"] == "room_needed" and one["notes"].get("deletion_sent")]


def assert_room_was_made_with_care(household: Household, decisions: list[dict[str, Any]]) -> None:
    """Seeds went for the space of downloads, and never below the floor; `is_true` has their minimums."""
    removals = removed_for_space(decisions)
    assert removals
    assert [one for one in removals if one["facts"]["lacks_bytes"] <= 0] == []
    assert [one for one in removals if household.day_of(_at(one)) not in household.days_without_room] == []
    for one in removals:
        seed = next(
            torrent
            for torrent in household.torrents
            if torrent.infohash == one["hash"] and int(torrent.added_on) == from_iso(one["addedAt"])
        )
        assert seed.gone_at is not None
        others = [other for other in household.torrents if _seeds_beside(other, seed, seed.gone_at)]
        assert len(others) >= KEPT_SEEDS, one


def _seeds_beside(other: Torrent, seed: Torrent, moment: float) -> bool:
    """Whether a torrent of the same category is complete at a time, and stays or goes at the same time."""
    completed_at, gone_at = other.completion_on or math.inf, (other.gone_at or math.inf) + SAME_SECONDS
    return other is not seed and other.category == seed.category and completed_at <= moment < gone_at


async def purged(household: Household) -> set[str]:
    """Infohashes of what was left behind, and is gone since it was found."""
    gone = {f"{one['folder']}/{one['path']}" for one in await household.orphans() if one["state"] == "purged"}
    return {infohash for infohash, paths in household.left_files().items() if paths <= gone}


def assert_only_orphans_went(household: Household, orphans: list[dict[str, Any]]) -> None:
    """What was left behind was moved aside and deleted in its time, with proof; what torrents have is there."""
    left = set().union(*household.left_files().values())
    assert left
    assert {f"{one['folder']}/{one['path']}" for one in orphans} == left
    assert {one["state"] for one in orphans} == {"purged"}
    for one in orphans:
        proof = one["proof"]
        assert one["because"]
        assert proof["torrents"]["qBit"] > 0
        assert proof["seen_seconds"] >= DAY
        assert proof["aside_seconds"] >= ASIDE_SECONDS
    household.sandbox.pass_time()
    assert [path for path in left if Path(path).exists()] == []
    missing = [
        file.path
        for torrent in household.sandbox.world.client.torrents.values()
        if torrent.progress > 0 and torrent.gone_at is None
        for file in torrent.files
        if file.priority and Path(torrent.save_path, file.path).stat().st_size != file.size
    ]
    assert missing == []


def _at(decision: dict[str, Any]) -> float:
    return from_iso(decision["updatedAt"]) or 0.0
