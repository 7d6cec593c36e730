from qbitrr.state import ledger, torrents

TORRENT = {"category": "movies", "instance": "qBit", "infohash": "a" * 40, "name": "A.Torrent", "added_at": 1.0}


async def plan(database, **changes):
    entry = {"action": "fail", "rule": "stalled", "because": "no peers", "facts": {"x": 1}, "notes": {}, "now": 10.0}
    return await ledger.plan(database, **{**TORRENT, **entry, **changes})


async def test_an_action_is_written_before_it_is_begun_and_read_back_whole(database):
    entry = await plan(database, facts={"stalled_seconds": 900.5, "tags": ["a"]}, notes={"queue_ids": [1, 2]})
    assert await ledger.open_entries(database, "movies") == [entry]
    assert (entry.state, entry.step) == ("planned", ledger.FIRST_STEP)


async def test_only_one_action_on_a_torrent_is_open_at_a_time(database):
    first = await plan(database)
    assert await plan(database, action="import") is None
    assert await plan(database, instance="qBit-2") is not None
    await ledger.close(database, first, "done", "removed", 11.0)
    assert await plan(database) is not None


async def test_steps_and_notes_survive(database):
    entry = await ledger.advance(database, await plan(database, notes={"a": 1}), "blocklisted", 12.0, b=[2])
    found = (await ledger.open_entries(database, "movies"))[0]
    assert found == entry
    assert (found.step, found.notes, found.updated_at) == ("blocklisted", {"a": 1, "b": [2]}, 12.0)


async def test_the_story_of_a_torrent_is_told_in_order(database):
    for end in ("failed", "held", "done"):
        await ledger.close(database, await plan(database), end, f"it {end}", 11.0)
    assert [(e.state, e.outcome) for e in await ledger.of_torrent(database, "a" * 40)] == [
        ("failed", "it failed"),
        ("held", "it held"),
        ("done", "it done"),
    ]
    assert [e.state for e in await ledger.latest(database, 2)] == ["done", "held"]
    assert await ledger.latest(database, 2, ["other"]) == []


async def test_everything_done_to_the_torrents_that_are_still_there(database):
    await ledger.close(database, await plan(database, action="import"), "failed", "no", 11.0)
    await ledger.close(database, await plan(database, action="import"), "done", "yes", 12.0)
    await ledger.close(database, await plan(database, action="fail"), "held", "no", 13.0)
    await plan(database, action="import", infohash="b" * 40)
    await plan(database, action="import", infohash="c" * 40)
    present = [torrents.StoredTorrent("qBit", letter * 40, (await ledger.latest(database, 1))[0].added_at, "movies")
               for letter in "ab"]  # fmt: skip
    await torrents.remember(database, "movies", present)
    found = await ledger.of_present_torrents(database, "movies")
    told = [(entry.infohash[0], entry.action, entry.state) for entry in found]
    assert told == [
        ("a", "import", "failed"),
        ("a", "import", "done"),
        ("a", "fail", "held"),
        ("b", "import", "planned"),
    ]
    earlier = [torrents.StoredTorrent("qBit", "a" * 40, 0.5, "movies"), present[1]]
    await torrents.remember(database, "movies", earlier)
    assert {entry.infohash[0] for entry in await ledger.of_present_torrents(database, "movies")} == {"b"}


async def test_what_was_begun_lately_and_not_held(database):
    entry = await plan(database, action="fail")
    await ledger.close(database, entry, "done", "", 11.0)
    await ledger.close(database, await plan(database, action="fail"), "held", "", 11.0)
    await plan(database, action="import")
    before = entry.planned_at - 1
    assert [e.id for e in await ledger.begun_since(database, "movies", ["fail"], before)] == [entry.id]
    assert await ledger.begun_since(database, "movies", ["fail"], entry.planned_at) == []
    assert await ledger.begun_since(database, "other", ["fail"], before) == []
