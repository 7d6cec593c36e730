"""Whatever step an action has reached: while a guard forbids it, nothing but reads is sent; a restart ends it well."""

import dataclasses

import pytest

from qbitrr.config.model.modes import MODES, MODES_OF_RULES
from qbitrr.rules.tags import TAG_IGNORED, TAG_QUARANTINE
from qbitrr.rules.verdict import CHECKS, COUNTED, Action
from qbitrr.state import breakers
from tests.integration.qbitrr.worker.torrents.actions.acting import (
    SCENES,
    Halt,
    action_of,
    halted,
    interrupted,
    is_open,
    stage,
)
from tests.integration.qbitrr.worker.torrents.passing import passes_until, settled

STEPS = [(name, step) for name, scene in SCENES.items() for step in range(scene.steps)]
CHANGES = [(name, number) for name, scene in SCENES.items() for number in range(1, scene.changes + 1)]
GUARDS = {"shadow", "probation", "protected", "awaiting approval", "section removed"}


def test_every_action_has_a_scene():
    assert {action_of(name) for name in SCENES} == set(Action) - CHECKS - {Action.NOTHING, Action.ASK}


def test_every_action_that_is_counted_can_await_approval():
    assert {Action.FAIL, Action.FAIL_REST, Action.REMOVE, Action.SEARCH_AGAIN, Action.DELETE_FILES} == COUNTED


@pytest.mark.parametrize("name", SCENES)
async def test_every_step_and_every_change_is_among_those_that_are_tried(judged, tmp_path, name):
    scene = SCENES[name]
    async with stage(name, judged, tmp_path) as on, on.open() as opened:
        assert not await interrupted(opened, on.action, scene.steps)
        assert sum(on.changes().values()) - on.changes()["POST command"] + _commands(on) == scene.changes


def _commands(on):
    """Commands that an action sends: the Arr is asked to poll its clients by whoever needs it."""
    outcome = on.outcome()
    return outcome["searches"] + outcome["scans"] + outcome["manual imports"]


def without_qbittorrents(services):
    return dataclasses.replace(services, qbittorrents={})


def files_below(folder):
    return {path for path in (folder / "downloads").rglob("*") if path.is_file()}


def guards_of(name):
    """The guards that can come up against an action."""
    guards = set(GUARDS)
    if action_of(name) not in COUNTED:
        guards.remove("awaiting approval")  # no breaker makes it wait
    if SCENES[name].stage == "qbittorrent":
        guards.remove("section removed")  # its worker is gone with it
    return sorted(guards)


@pytest.mark.parametrize(
    ("name", "step", "guard"), [(name, step, guard) for name, step in STEPS for guard in guards_of(name)]
)
async def test_nothing_but_reads_is_sent_while_a_guard_forbids_it(judged, tmp_path, name, step, guard):
    async with stage(name, judged, tmp_path) as on:
        async with on.open() as opened:
            assert await interrupted(opened, on.action, step)
            deletion_sent = await opened.database.rows("SELECT id FROM ledger WHERE notes ->> 'deletion_sent'")
        torrent = on.torrent
        if guard == "protected" and (deletion_sent or on.client.get(torrent.infohash) is None):
            return  # nothing is left to protect
        in_quarantine = TAG_QUARANTINE in torrent.tags and on.action != "release"
        before, files = on.changes(), files_below(tmp_path)
        shadow = {"Shadow": True} if guard == "shadow" else {}
        wrap = without_qbittorrents if guard == "section removed" else lambda services: services
        async with on.open(wrap, guard == "probation", **shadow) as opened:
            if guard == "protected":
                torrent.tags.add(TAG_IGNORED)
            if guard == "awaiting approval":
                await breakers.write(opened.database, opened.config.name, "too many removals", 0.0)
                await opened.database.write("UPDATE ledger SET state = 'awaiting_approval' WHERE state = 'planned'")
            await opened.loop.load()
            await settled(opened, 6)
            sent = on.changes() - before
            waits = await is_open(opened, on.action)
        assert files_below(tmp_path) == files
        if guard == "protected" and in_quarantine:
            assert set(sent) == {"POST removeTags", "POST start"}
            assert TAG_QUARANTINE not in torrent.tags
            assert not torrent.stopped
            return
        assert not sent
        if guard in ("shadow", "probation"):
            assert waits
            async with on.open() as opened:
                await opened.loop.load()

                async def has_ended():
                    return not await is_open(opened, on.action)

                await passes_until(opened, has_ended, "it did not go on")


BY_A_RULE = {
    "fail": "default",
    "fail after a quarantine": "default",
    "fail_rest": "arr_refuses_the_rest",
    "search_again": "default",
    "skip_files": "unwanted_files",
    "delete_files": "excluded_files_are_left",
    "adjust": "settings_differ",
    "remove": "seeding_is_over",
    "remove after a quarantine": "seeding_is_over",
}
"""Whose mode governs the action of a scene; of those that fail a torrent all together, as another one may be first."""


@pytest.mark.parametrize(
    ("name", "step", "mode"),
    [
        (name, step, mode)
        for name, step in STEPS
        if name in BY_A_RULE
        for mode in MODES_OF_RULES.get(BY_A_RULE[name], MODES)
        if mode not in ("act", "tag")
    ],
)
async def test_no_step_is_carried_out_that_the_mode_of_its_rule_does_not_allow(judged, tmp_path, name, step, mode):
    async with stage(name, judged, tmp_path) as on:
        async with on.open() as opened:
            assert await interrupted(opened, on.action, step)
            deletion_sent = await opened.database.rows("SELECT id FROM ledger WHERE notes ->> 'deletion_sent'")
        if deletion_sent or on.client.get(on.torrent.infohash) is None:
            return  # it is deleted: what is left is to search for what is missing now
        in_quarantine = TAG_QUARANTINE in on.torrent.tags
        before, files, searched = on.changes(), files_below(tmp_path), on.outcome()["searches"]
        rule = BY_A_RULE[name]
        on.scene.keys.update(PrivatePolicy={rule: mode}, PublicPolicy={rule: mode})
        try:
            async with on.open() as opened:
                await opened.loop.load()
                await settled(opened, 6)
        finally:
            del on.scene.keys["PrivatePolicy"], on.scene.keys["PublicPolicy"]
        sent = set(on.changes() - before) - {"POST command"}  # the Arr is asked to poll its clients
        searches = on.outcome()["searches"] - searched
    assert files_below(tmp_path) == files
    assert searches == 0
    assert sent <= ({"POST removeTags", "POST start"} if in_quarantine else set())


# -- restarts -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcomes():
    """What comes of each scene when nothing breaks off."""
    return {}


async def outcome_of(name, outcomes, judged, folder):
    if name not in outcomes:
        folder.mkdir()
        async with stage(name, judged, folder) as on, on.open() as opened:
            await opened.loop.load()
            await ends(on, opened)
            outcomes[name] = on.outcome()
    return outcomes[name]


async def ends(on, opened, expected=None):
    """Pass until the action has ended, as it was to be expected if that is known."""

    async def has_ended():
        rows = await opened.database.rows("SELECT state FROM ledger WHERE action = ?", (on.action,))
        ended = bool(rows) and all(state not in ("planned", "awaiting_approval") for (state,) in rows)
        return ended and (expected is None or on.outcome() == expected)

    await passes_until(opened, has_ended, lambda: f"it did not end as expected: {on.outcome()} is not {expected}")
    await settled(opened)


@pytest.mark.parametrize(("name", "step"), STEPS)
async def test_what_is_killed_at_a_step_ends_as_if_nothing_had_happened(judged, tmp_path, outcomes, name, step):
    expected = await outcome_of(name, outcomes, judged, tmp_path / "whole")
    async with stage(name, judged, tmp_path) as on:
        async with on.open() as opened:
            assert await interrupted(opened, on.action, step)
        async with on.open() as opened:
            await opened.loop.load()
            await ends(on, opened, expected)
        assert on.outcome() == expected


@pytest.mark.parametrize(("name", "number"), CHANGES)
async def test_what_is_killed_after_a_change_ends_as_if_nothing_had_happened(judged, tmp_path, outcomes, name, number):
    expected = await outcome_of(name, outcomes, judged, tmp_path / "whole")
    halt = Halt(number)
    async with stage(name, judged, tmp_path) as on:
        async with on.open(halt.wrap) as opened:
            assert await halted(opened, on.action, halt)
        async with on.open() as opened:
            await opened.loop.load()
            await ends(on, opened, expected)
        assert on.outcome() == expected
