"""What the checks before a deletion wait for, and what they cost when many of them come together."""

import asyncio

import pytest

from qbitrr.errors import UnreachableError
from qbitrr.worker.torrents.actions import shared_content
from tests.integration.qbitrr.worker.torrents.actions.acting import SEEDING, seeded
from tests.integration.qbitrr.worker.torrents.passing import ended, entries, passes_until, settled
from tests.integration.qbitrr.worker.torrents.scenes import only, stalled


@pytest.mark.parametrize("action", ["fail", "remove"])
@pytest.mark.parametrize("seconds_ago", [None, -600, 100_000])
async def test_files_wait_for_another_qbittorrent_that_does_not_answer_but_not_for_ever(
    sandbox, bench, monkeypatch, action, seconds_ago
):
    """Once it answers they are deleted. They stay when it was waited for in vain, also since a clock was ahead."""
    torrent = stalled(sandbox.world) if action == "fail" else seeded(sandbox.world, None)
    only(sandbox.world, torrent)

    async def silent(_context):
        raise UnreachableError("qBit-two", "no answer")

    async with bench(**(SEEDING if action == "remove" else {})) as opened:
        await opened.loop.load()
        with monkeypatch.context() as patched:
            patched.setattr(shared_content, "list_all", silent)
            await passes_until(opened, ended(opened, action, "planned"), "nothing was planned")
            await settled(opened)
            assert [row[1] for row in await entries(opened, action)] == ["planned"]
            assert torrent.infohash in sandbox.world.client.torrents
            if seconds_ago is not None:
                await opened.database.write(
                    """UPDATE ledger SET notes = json_set(notes, '$.silent_since', notes ->> 'silent_since' - ?)
                       WHERE notes ->> 'silent_since' > 0""",
                    (seconds_ago,),
                )
                opened.loop.runner.retry_now()
                await passes_until(opened, ended(opened, action), "it does not end")
        opened.loop.runner.retry_now()
        ((*_, outcome, _),) = await passes_until(opened, ended(opened, action), "it still waits")
    assert torrent.gone_with_files == (seconds_ago is None)
    assert ("a torrent of qBit-two, which did not answer for long" in outcome) == (seconds_ago is not None)


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
