from qbitrr.state import ledger, retention, verdicts
from qbitrr.state.verdicts import StoredVerdict


async def plan(database, category):
    return await ledger.plan(
        database,
        category=category,
        instance="qBit",
        infohash=category * 8,
        name="A.Torrent",
        added_at=1.0,
        action="fail",
        rule="stalled",
        because="no peers",
        facts={},
        notes={},
        now=1.0,
    )


async def test_what_belongs_to_a_category_that_is_gone_is_held_and_the_rest_stays(state_file, database):
    for category in ("gone", "kept"):
        await plan(database, category)
        verdict = StoredVerdict(category, "qBit", category * 8, "", "nothing", "", "", [], 1.0)
        await verdicts.store(database, [verdict])
    assert retention.drop_removed_categories(state_file, {"kept"}, 2.0) == 1
    assert retention.drop_removed_categories(state_file, {"kept"}, 2.0) == 0
    assert [(e.category, e.state) for e in await ledger.latest(database, 9)] == [("kept", "planned"), ("gone", "held")]
    assert await verdicts.keys_of_category(database, "gone") == []
    assert len(await verdicts.keys_of_category(database, "kept")) == 1
    assert retention.drop_removed_categories(state_file, set(), 3.0) == 1
