"""With Shadow on nothing is changed anywhere, and all is told that would have been."""

from qbitrr.state import ledger, shadow
from tests.integration.qbitrr.worker.torrents.passing import latest, passes_until, settled
from tests.integration.qbitrr.worker.torrents.scenes import stalled

ALL = ledger.LedgerFilter()


def changed(sandbox):
    return [
        (request.method, request.path)
        for stand_in in sandbox.stand_ins.values()
        for request in stand_in.requests
        if request.method != "GET" and not request.path.endswith("auth/login")
    ]


async def test_nothing_is_changed_and_every_action_is_told_once(sandbox, bench):
    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()

        async def told():
            return {"import", "fail"} <= {entry.action for entry in await shadow.page(opened.database, 99, ALL)}

        await passes_until(opened, told, "not all was told")
        await settled(opened, 3)
        entries = await shadow.page(opened.database, 99, ALL)
        assert await latest(opened, 1) == []
    assert changed(sandbox) == []
    assert len({(entry.infohash, entry.action, entry.rule) for entry in entries}) == len(entries)


async def test_it_is_told_when_a_torrent_left_all_the_same(sandbox, bench):
    torrent = stalled(sandbox.world)
    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()

        async def about_it():
            return [
                entry for entry in await shadow.page(opened.database, 99, ALL) if entry.infohash == torrent.infohash
            ]

        await passes_until(opened, about_it, "nothing is told of it")
        del sandbox.world.client.torrents[torrent.infohash]

        async def is_gone():
            return all(entry.gone_at for entry in await about_it())

        await passes_until(opened, is_gone, "it is not told that it left")
