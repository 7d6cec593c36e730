"""What the checks before a deletion cost when many of them come together."""

import asyncio


async def test_many_removals_at_once_list_all_torrents_of_a_client_twice_at_most(sandbox, bench):
    """A list that was begun before a removal came is not for it."""
    async with bench() as opened:
        await opened.loop.load()
        content_paths = opened.loop.action_context.content_paths["qBit"]
        await content_paths()  # and a login
        before = lists(sandbox)
        first = asyncio.create_task(content_paths())
        await asyncio.sleep(0)
        found = await asyncio.gather(first, *(content_paths() for _ in range(20)))
        assert 1 <= lists(sandbox) - before <= 2
    assert all(one.keys() == sandbox.world.client.torrents.keys() for one in found)


def lists(sandbox):
    """How often all torrents were asked for."""
    requests = sandbox.stand_ins["qBit"].requests
    return sum(one.path.endswith("torrents/info") and "hashes" not in dict(one.query) for one in requests)
