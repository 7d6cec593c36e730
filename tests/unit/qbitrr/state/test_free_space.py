"""Downloads that are paused, and what is still to be written, as the state file keeps it."""

from qbitrr.state import free_space


async def test_what_is_paused_is_known_by_its_qbittorrent(database):
    await free_space.record_paused(database, "qBit", [("a", 1.0), ("b", 2.0)], 10.0)
    await free_space.record_paused(database, "qBit-b", [("a", 3.0)], 10.0)
    await free_space.record_resumed(database, "qBit", ["b", "none"])
    assert await free_space.paused(database, "qBit") == {"a": 1.0}
    assert await free_space.paused(database, "qBit-b") == {"a": 3.0}


async def test_claims_of_others_add_up_until_they_are_old(database):
    await free_space.claim(database, "qBit", {"8:1": 100, "8:2": 5}, 10.0)
    await free_space.claim(database, "qBit-b", {"8:1": 20}, 20.0)
    assert await free_space.claims(database, ["qBit", "qBit-b"], 10.0) == {"8:1": 120, "8:2": 5}
    assert await free_space.claims(database, ["qBit", "qBit-b"], 11.0) == {"8:1": 20}
    assert await free_space.claims(database, ["qBit"], 0.0) == {"8:1": 100, "8:2": 5}
    await free_space.claim(database, "qBit", {}, 30.0)
    assert await free_space.claims(database, ["qBit"], 0.0) == {}
