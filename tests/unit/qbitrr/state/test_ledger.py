import itertools
import random
from typing import get_args

import pytest
from msgspec.structs import replace

from qbitrr.rules import quarantine
from qbitrr.rules.verdict import DELETING, OPEN, Action, ActionState, EndState
from qbitrr.state import ledger, torrents
from qbitrr.state.torrents import StoredTorrent
from tests.unit.qbitrr.state.entries import newest, plan

ENDS = get_args(EndState)


async def test_an_action_is_written_before_its_first_step_and_read_back_whole(database):
    entry = await plan(database, facts={"stalled_seconds": 900.5, "tags": ["a"]}, notes={"queue_ids": [1, 2]})
    assert await ledger.open_entries(database, "movies") == [entry]
    assert (entry.state, entry.step) == ("planned", ledger.FIRST_STEP)


@pytest.mark.parametrize("state", OPEN)
async def test_only_one_action_on_a_torrent_is_open_at_a_time(database, state):
    first = await plan(database, state=state)
    for another in OPEN:
        assert await plan(database, action="import", state=another) is None
    assert await plan(database, instance="qBit-2") is not None
    await ledger.close(database, first, "done", "removed", 11.0)
    assert await plan(database) is not None


async def test_steps_and_notes_survive(database):
    entry = await ledger.advance(database, await plan(database, notes={"a": 1}), "blocklisted", 12.0, b=[2])
    found = (await ledger.open_entries(database, "movies"))[0]
    assert found == entry
    assert (found.step, found.notes, found.updated_at) == ("blocklisted", {"a": 1, "b": [2]}, 12.0)


async def test_approval_lets_all_go_on_that_await_it_in_a_category(database):
    waiting = [await plan(database, infohash=letter * 40, state="awaiting_approval") for letter in "ab"]
    elsewhere = await plan(database, category="tv", infohash="c" * 40, state="awaiting_approval")
    ended = await plan(database, infohash="d" * 40)
    await ledger.close(database, ended, "cancelled", "", 11.0)
    assert [entry.state for entry in await ledger.open_entries(database, "movies")] == ["awaiting_approval"] * 2
    await ledger.approve(database, "movies", 20.0)
    approved = await ledger.open_entries(database, "movies")
    assert [(entry.id, entry.state, entry.step, entry.updated_at) for entry in approved] == [
        (entry.id, "planned", ledger.FIRST_STEP, 20.0) for entry in waiting
    ]
    assert await ledger.open_entries(database, "tv") == [elsewhere]
    assert (await ledger.get(database, ended.id)).state == "cancelled"


@pytest.mark.parametrize("how", ["cancelled", "failed", "undone"])
async def test_what_ended_stays_as_it_ended_whoever_still_works_on_it(database, how):
    """The user may discard what is just being judged again."""
    entry = await plan(database, state="awaiting_approval")
    await ledger.close(database, entry, how, "a person decided against it", 11.0)
    await ledger.close(database, entry, "cancelled", "not needed any more", 12.0)
    ended = await ledger.get(database, entry.id)
    assert (ended.state, ended.outcome, ended.updated_at) == (how, "a person decided against it", 11.0)


async def test_the_story_of_a_torrent_is_told_in_order(database):
    for end in ENDS:
        await ledger.close(database, await plan(database), end, f"it {end}", 11.0)
    shown = [(entry.state, entry.outcome) for entry in await ledger.of_torrent(database, "a" * 40)]
    assert shown == [(end, f"it {end}") for end in ENDS]
    assert [entry.state for entry in await newest(database, 2)] == list(ENDS[:-3:-1])
    assert await newest(database, 2, categories=["other"]) == []


async def test_everything_done_to_the_torrents_that_are_still_there(database):
    await ledger.close(database, await plan(database, action="import"), "failed", "no", 11.0)
    await ledger.close(database, await plan(database, action="import"), "done", "yes", 12.0)
    await ledger.close(database, await plan(database, action="fail"), "cancelled", "no", 13.0)
    await plan(database, action="import", infohash="b" * 40)
    await plan(database, action="import", infohash="c" * 40)
    present = [StoredTorrent("qBit", letter * 40, 1.0, "movies") for letter in "ab"]
    await torrents.save(database, "movies", StoredTorrent, present)
    found = await ledger.of_present_torrents(database, "movies")
    shown = [(entry.infohash[0], entry.action, entry.state) for entry in found]
    assert shown == [
        ("a", "import", "failed"),
        ("a", "import", "done"),
        ("a", "fail", "cancelled"),
        ("b", "import", "planned"),
    ]
    earlier = [StoredTorrent("qBit", "a" * 40, 0.5, "movies"), present[1]]
    await torrents.save(database, "movies", StoredTorrent, earlier)
    assert {entry.infohash[0] for entry in await ledger.of_present_torrents(database, "movies")} == {"b"}


async def test_what_was_begun_lately_and_neither_cancelled_nor_waits_for_approval(database):
    entry = await plan(database, action="fail")
    await ledger.close(database, entry, "done", "", 11.0)
    await ledger.close(database, await plan(database, action="fail"), "cancelled", "", 11.0)
    await plan(database, action="import")
    await plan(database, action="fail", infohash="b" * 40, state="awaiting_approval")
    before = entry.planned_at - 1
    assert [e.id for e in await ledger.begun_since(database, "movies", ["fail"], before)] == [entry.id]
    assert await ledger.begun_since(database, "movies", ["fail"], entry.planned_at) == []
    assert await ledger.begun_since(database, "other", ["fail"], before) == []
    await ledger.approve(database, "movies", 12.0)
    assert len(await ledger.begun_since(database, "movies", ["fail"], before)) == 2


async def test_something_is_being_removed_while_an_action_that_deletes_goes_on(database):
    for action, state in itertools.product(Action, get_args(ActionState)):
        entry = await plan(database, action=action, state=state if state in OPEN else "planned")
        if state not in OPEN:
            await ledger.close(database, entry, state, "", 11.0)
        removing = action in DELETING and state == "planned"
        assert await ledger.is_removing(database) is removing, (action, state)
        await ledger.close(database, entry, "done", "", 12.0)


@pytest.mark.parametrize(("step", "removing"), [("blocklisting", True), (quarantine.INSIDE, False)])
async def test_a_removal_in_quarantine_may_take_days(database, step, removing):
    await plan(database, action="remove", step=step)
    assert await ledger.is_removing(database) is removing


async def test_how_many_there_are(database):
    await plan(database)
    await plan(database, infohash="b" * 40, state="awaiting_approval")
    await plan(database, infohash="c" * 40)
    assert sorted(await ledger.totals(database)) == [
        ("movies", "fail", "stalled", "awaiting_approval", 1),
        ("movies", "fail", "stalled", "planned", 2),
    ]
    await ledger.approve(database, "movies", 12.0)
    for entry in await ledger.open_entries(database, "movies"):
        await ledger.close(database, entry, "done", "removed", 13.0)
    assert await ledger.totals(database) == [("movies", "fail", "stalled", "done", 3)]
    await database.write("DELETE FROM ledger")
    assert await ledger.totals(database) == [("movies", "fail", "stalled", "done", 3)]


async def test_changes_are_numbered_as_they_are_committed_whatever_the_clock_says(database):
    start = await ledger.last_change(database)
    ahead = await plan(database, now=9e9)
    behind = await plan(database, infohash="b" * 40, now=1.0)
    first = await ledger.changed_after(database, start, 10)
    assert [change.entry.id for change in first] == [ahead.id, behind.id]
    await ledger.close(database, ahead, "done", "removed", 2.0)
    assert [(c.entry.id, c.entry.state) for c in await ledger.changed_after(database, first[-1].number, 10)] == [
        (ahead.id, "done")
    ]
    assert [change.entry.id for change in await ledger.changed_after(database, start, 1)] == [behind.id]
    assert await ledger.last_change(database) == start + 3


async def test_an_entry_that_cannot_be_read_is_named_and_the_others_are_read(database):
    start = await ledger.last_change(database)
    poison = await plan(database)
    await database.write("UPDATE ledger SET facts = '{' WHERE id = ?", (poison.id,))
    good = await plan(database, infohash="b" * 40)
    found = await ledger.changed_after(database, start, 10)
    assert [change.entry and change.entry.id for change in found] == [None, good.id]
    assert found[0].problem.startswith(f"action {poison.id}: ")


async def test_what_was_done_is_counted_by_the_day_of_a_zone(database):
    day = 86400.0
    for number, at in enumerate((day - 1, day, 2 * day - 1)):
        entry = await plan(database, infohash=f"{number}" * 40, now=at)
        await ledger.close(database, entry, "done", "removed", at)
    open_one = await plan(database, infohash="a" * 40, now=day)
    assert open_one is not None
    action = open_one.action
    assert await ledger.by_day(database, 0, 0) == [(0, "movies", action, 1), (1, "movies", action, 2)]
    assert await ledger.by_day(database, 0, 3600) == [(1, "movies", action, 2), (2, "movies", action, 1)]
    assert await ledger.by_day(database, day, 0) == [(1, "movies", action, 2)]


async def test_a_text_is_found_in_names_and_reasons(database):
    await plan(database, infohash="a" * 40, name="A Film 100%", because="it is stalled")
    await plan(database, infohash="b" * 40, name="Another", because="a film that never was")
    await plan(database, infohash="c" * 40, name="Third", because="it is complete")
    assert [entry.name for entry in await newest(database, 10, text="FILM")] == ["Another", "A Film 100%"]
    assert [entry.name for entry in await newest(database, 10, text="100%")] == ["A Film 100%"]
    assert await newest(database, 10, text="_") == []


_FILTERS = [
    {},
    {"categories": ["tv"]},
    {"categories": []},
    {"categories": ["tv", "movies"], "action": "fail"},
    {"action": "import"},
    {"rule": "stalled"},
    {"state": "failed"},
    {"categories": ["tv"], "action": "fail", "rule": "slow", "state": "done"},
    {"action": "fail", "state": "planned"},
    {"since": 30.0},
    {"until": 30.0, "rule": "slow"},
    {"since": 10.0, "until": 50.0, "state": "done", "action": "fail"},
    {"text": "film 1"},
    {"text": "film", "categories": ["tv"], "state": "failed", "since": 10.0},
]


async def filled(database, number=60):
    """Entries of every kind, some of them by a clock that was ahead."""
    chance = random.Random(1)
    for one in range(number):
        entry = await plan(
            database, infohash=f"{one:040}", name=f"Film {one}", now=float(chance.randrange(60)),
            category=chance.choice(["tv", "movies"]), action=chance.choice(["fail", "import"]),
            rule=chance.choice(["stalled", "slow"]),
        )  # fmt: skip
        if state := chance.choice(["done", "failed", None]):
            await ledger.close(database, entry, state, "", 100.0)


def matches(entry, chosen):
    return (
        entry.category in (chosen.categories if chosen.categories is not None else [entry.category])
        and all(getattr(entry, name) == (getattr(chosen, name) or getattr(entry, name)) for name in ("action", "rule"))
        and entry.state == (chosen.state or entry.state)
        and (chosen.since or 0.0) <= entry.planned_at < (chosen.until or 1e9)
        and (chosen.text or "") in entry.name.lower()
    )


@pytest.mark.parametrize("most_kinds", [1, 400])
@pytest.mark.parametrize("chosen", _FILTERS)
async def test_pages_of_what_matches_go_on_where_the_one_before_ended(database, monkeypatch, chosen, most_kinds):
    monkeypatch.setattr(ledger, "_MOST_KINDS", most_kinds)
    monkeypatch.setattr(ledger, "READ_AT_ONCE", 7)
    await filled(database)
    everything = await newest(database, 100)
    assert len(everything) == 60
    found, pages = [], 0
    wanted = ledger.LedgerFilter(**chosen)
    before = None
    while pages == 0 or before is not None:
        page = await ledger.page(database, 4, replace(wanted, before=before))
        found, before, pages = [*found, *page.entries], page.next, pages + 1
    expected = [entry for entry in everything if matches(entry, wanted)]
    assert found == sorted(expected, key=lambda entry: (entry.planned_at, entry.id), reverse=True)
    assert pages <= 2 + len(everything) // 4


async def test_a_page_goes_on_behind_an_entry_that_was_dropped_meanwhile(database):
    entries = [await plan(database, infohash=letter * 40) for letter in "abc"]
    await database.write("DELETE FROM ledger WHERE id = ?", (entries[1].id,))
    assert await newest(database, 5, before=entries[1].id) == [entries[0]]


async def test_no_question_reads_the_whole_ledger(database, monkeypatch):
    asked = []

    async def rows(sql, parameters=()):
        asked.append((sql, parameters))
        return await unrecorded(sql, parameters)

    await filled(database)
    unrecorded = database.rows
    monkeypatch.setattr(database, "rows", rows)
    for chosen in _FILTERS:
        await newest(database, 5, **chosen)
    await ledger.totals(database)
    await ledger.done_since(database, 50.0)
    await ledger.by_day(database, 50.0, 0)
    await ledger.begun_since(database, "movies", ["fail"], 50.0)
    await ledger.open_entries(database, "movies")
    await ledger.being_undone(database, "movies")
    await ledger.awaiting_approval(database)
    await ledger.is_removing(database)
    plans = {}
    for sql, parameters in asked:
        plans[sql] = [row[3] for row in await unrecorded(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    walked = (
        "SCAN ledger USING COVERING INDEX ledger_by_day",
        "SCAN ledger USING INDEX ledger_by_day",
        "SCAN ledger_t",
    )
    assert {sql: plan for sql, plan in plans.items() for step in plan if _scans_ledger(step, but=walked)} == {}
    counts = [plan[0] for sql, plan in plans.items() if "count(*)" in sql and "planned_at" in sql]
    assert counts == ["SEARCH ledger USING COVERING INDEX ledger_by_day (planned_at>?)"] * 2


def _scans_ledger(step, *, but):
    """Whether a step of a plan reads all of the ledger: a walk by time ends when the page is full."""
    return step.startswith("SCAN ledger") and not step.startswith(but)
