"""With Shadow on nothing is changed anywhere, and all is reported that would have been."""

import inspect

import pytest

from qbitrr.errors import ReadOnlyError
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.state import ledger, shadow
from qbitrr.worker.torrents.actions.guards import admit, admit_queue, admit_removal, admit_resume, admit_return
from tests.factories import decision
from tests.integration.qbitrr.worker.torrents.passing import latest, passes_until, settled
from tests.integration.qbitrr.worker.torrents.scenes import finished, only, stalled
from tests.support import changing

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

        async def reported():
            return {"import", "fail"} <= {entry.action for entry in await shadow.page(opened.database, 99, ALL)}

        await passes_until(opened, reported, "not all was reported")
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

        await passes_until(opened, about_it, "nothing is reported of it")
        del sandbox.world.client.torrents[torrent.infohash]

        async def is_gone():
            return all(entry.gone_at for entry in await about_it())

        await passes_until(opened, is_gone, "it is not reported that it left")


async def told_about(opened, torrent):
    return {e.action for e in await shadow.page(opened.database, 99, ALL) if e.infohash == torrent.infohash}


async def test_rules_behind_a_harmless_step_are_asked_too(sandbox, bench):
    torrent = stalled(sandbox.world)
    only(sandbox.world, torrent)
    torrent.files = [TorrentFile(f"{torrent.name}/{name}", 1_000_000) for name in ("film.mkv", "film.nfo")]
    keys = {"FileExtensionAllowlist": [".mkv"], "SeedingMode": {"DownloadRateLimitPerTorrent": 100}}
    async with bench(settings={"Shadow": True}, **keys) as opened:
        await opened.loop.load()

        async def all_is_reported():
            return await told_about(opened, torrent) == {"adjust", "skip_files", "fail"}

        await passes_until(opened, all_is_reported, "not all was reported")
        before = reads(sandbox)
        await settled(opened, 4)
        assert reads(sandbox) == before
    assert changed(sandbox) == []


def reads(sandbox):
    """How often torrents were read one by one."""
    return sum(request.path.endswith("torrents/info") for request in sandbox.stand_ins["qBit"].requests)


async def test_an_import_by_the_arr_is_remembered_and_the_removal_after_it_is_reported(sandbox, bench):
    torrent = finished(sandbox.world)
    arr = only(sandbox.world, torrent)
    torrent.upload_limit, torrent.uploaded = 1, 2.0 * torrent.selected_size
    async with bench() as opened:
        await opened.loop.load()

        async def is_imported():
            return [e for e in await latest(opened, 9) if (e.action, e.state) == ("import", "done")]

        await passes_until(opened, is_imported, "it was not imported")
        await opened.database.write("DELETE FROM ledger")
    torrent.tags.clear()
    before = changed(sandbox)
    arr.queue.clear()
    limits = {"MaxUploadRatio": 1.0, "RemoveTorrent": 1}
    async with bench(settings={"Shadow": True}, SeedingMode=limits) as opened:
        await opened.loop.load()

        async def removal_is_reported():
            return "remove" in await told_about(opened, torrent)

        await passes_until(opened, removal_is_reported, "no removal is reported")
    assert changed(sandbox) == before


async def test_a_recheck_is_recorded_once_and_not_done(sandbox, bench):
    torrent = finished(sandbox.world)
    only(sandbox.world, torrent)
    sandbox.world.client.categories["recheck"] = ""
    torrent.category = "recheck"
    for _ in range(2):  # also over a restart
        async with bench(settings={"Shadow": True}) as opened:
            await opened.loop.load()

            async def is_recorded():
                return await told_about(opened, torrent) == {"recheck"}

            await passes_until(opened, is_recorded, "no recheck is recorded")
            await settled(opened, 4)
            rows = await shadow.page(opened.database, 99, ALL)
            assert [entry.action for entry in rows if entry.infohash == torrent.infohash] == ["recheck"]
            assert await latest(opened, 1) == []
    assert changed(sandbox) == []
    assert (torrent.category, torrent.checking_until) == ("recheck", None)


async def test_what_would_act_costs_no_request_beyond_those_of_a_pass(sandbox, bench):
    """However many torrents a verdict asks an action for, in every pass, also when they change all the time."""
    async with bench(settings={"Shadow": True}) as opened:
        await opened.loop.load()

        async def all_is_recorded():
            return {"import", "fail"} <= {entry.action for entry in await shadow.page(opened.database, 99, ALL)}

        await passes_until(opened, all_is_recorded, "not all was recorded")
        await settled(opened, 4)
        stand_in = sandbox.stand_ins["qBit"]
        before = len(stand_in.requests)
        for number in range(5):
            for torrent in sandbox.world.client.torrents.values():
                torrent.upload_limit = 1000 + number
            await opened.one_pass()
        sent = [request.path.rpartition("/")[2] for request in list(stand_in.requests)[before:]]
    assert set(sent) == {"maindata"}
    assert len(sent) == 5


async def test_on_probation_nothing_is_changed_and_nothing_is_recorded(sandbox, bench):
    async with bench(on_probation=True) as opened:
        await opened.loop.load()

        async def judged():
            rows = await opened.database.rows("SELECT DISTINCT action FROM verdicts")
            return {"import", "fail"} <= {action for (action,) in rows}

        await passes_until(opened, judged, "nothing was judged")
        await settled(opened, 3)
        assert await shadow.page(opened.database, 99, ALL) == []
        assert await latest(opened, 1) == []
    assert changed(sandbox) == []


@pytest.mark.parametrize("how", [{"settings": {"Shadow": True}}, {"on_probation": True}])
async def test_the_clients_themselves_send_no_change_whoever_asks_for_it(sandbox, bench, how):
    async with bench(**how) as opened:
        for client, names in (
            (opened.services.qbittorrents["qBit"], changing.of_qbittorrent()),
            (opened.services.arr, changing.of_the_arr()),
        ):
            for name in sorted(names):
                call = getattr(client, name)
                with pytest.raises(ReadOnlyError):
                    await call(**arguments(call))
    assert changed(sandbox) == []


@pytest.mark.parametrize("how", [{"settings": {"Shadow": True}}, {"on_probation": True}])
async def test_no_writer_is_made_for_an_action_that_was_started_before(sandbox, bench, how):
    """Not all that a writer changes is sent to a client: files are deleted here."""
    async with bench() as opened:
        await opened.loop.load()
        entry = await ledger.plan(opened.database, decision(category=opened.config.name), {}, 1.0)
    async with bench(**how) as opened:
        context = opened.loop.action_context
        for admits in (admit, admit_removal, admit_return):
            with pytest.raises(ReadOnlyError):
                await admits(context, entry)
        for admits in (admit_queue, admit_resume):
            with pytest.raises(ReadOnlyError):
                await admits(context, "qBit", {entry.infohash: entry.added_at})


def arguments(call):
    """Something for each parameter that has to be given, by its type."""
    values = {"str": "a", "int": 1, "bool": True, "float": 1.0, "bytes": b"", "Mapping[str, str]": {}}
    given = [
        one
        for one in inspect.signature(call).parameters.values()
        if one.default is one.empty and one.kind != one.VAR_POSITIONAL
    ]
    return {one.name: values.get(one.annotation, ["1"]) for one in given}
