"""What the user answers about a download that the Arr does not import, and what comes of it."""

import re

import pytest
from msgspec.structs import replace

from qbitrr import ipc
from qbitrr.sandbox.life import texts
from qbitrr.sandbox.life.torrent import TorrentFile
from qbitrr.state import ledger, verdicts
from tests.integration.qbitrr.worker.torrents import downloads
from tests.integration.qbitrr.worker.torrents.downloads import commands, complete, contents, downloaded, missing, pack
from tests.integration.qbitrr.worker.torrents.passing import ended, passes_until, settled

LEFT = ("arr_refuses_it", "arr_refuses_the_rest", "arr_has_it")


@pytest.fixture
def an_arr(judged, tmp_path):
    return lambda kind, **how: downloads.an_arr(kind, judged, tmp_path, **how)


def matched_by_id(on, items=(), files=()):
    """A download that is called otherwise than its items: the Arr waits for the user."""
    items = items or missing(on)
    release = on.arr.offer(items, attempt="by id")
    on.arr.note_grab([item.id for item in items], release, by_id=True)
    torrent = on.arr.add_torrent(items, release, downloads.STUCK, files, name="Ein.anderer.Name.1080p")
    on.arr.refresh_now()
    complete(torrent)
    return torrent, items


async def stuck(opened, torrent):
    """The verdict once the torrent is left to the user."""

    async def found():
        some = await verdicts.of_torrent(opened.database, torrent.infohash)
        is_left = some and some[0].rule in LEFT and some[0].action == "nothing"
        return some[0] if is_left and not opened.loop.runner.busy else None

    return await passes_until(opened, found, "it is not left to the user", 30)


def answer(opened, torrent, choice, because):
    opened.loop.approvals.submit(ipc.AnswerImport("qBit", torrent.infohash, choice, because))


async def last(opened, torrent):
    return (await ledger.of_torrent(opened.database, torrent.infohash))[-1]


async def decided(opened, torrent):
    (found,) = await verdicts.of_torrent(opened.database, torrent.infohash)
    return found


def asked_for(on):
    return commands(on, "ManualImport")


async def test_what_is_certain_is_imported_by_hand_and_found_in_the_history(an_arr):
    async with an_arr("radarr") as on:
        torrent, (item,) = matched_by_id(on)
        async with on.opened() as opened:
            await opened.loop.load()
            left = await stuck(opened, torrent)
            assert texts.MATCHED_BY_ID["radarr"] in left.because
            answer(opened, torrent, "import", left.because)
            await passes_until(opened, lambda: "qBitrr-imported" in torrent.tags, "it was not imported", 30)
            await passes_until(opened, ended(opened, "manual_import"), "it did not end", 30)
            await settled(opened)
            done = [one for one in await ledger.of_torrent(opened.database, torrent.infohash) if one.state == "done"]
            assert opened.loop.action_context.answers.imports.of(opened.loop.poll.facts(done[0].key)) is None
    assert [one.action for one in done] == ["manual_import"]
    assert done[0].rule == "answered_by_user"
    assert item.file is not None
    (command,) = asked_for(on)
    assert command["importMode"] == "Copy"
    (file,) = command["files"]
    assert file["movieId"] == item.id
    assert file["quality"]["quality"]["id"]
    assert file["downloadId"] == torrent.infohash.upper()
    assert torrent.infohash in on.client.torrents


@pytest.mark.parametrize("kind", ["sonarr", "lidarr"])
async def test_what_is_not_certain_is_not_imported_and_is_asked_about_again(an_arr, kind):
    async with an_arr(kind) as on:
        items = pack(on) if kind == "sonarr" else missing(on)
        files = contents(on, items)
        for file in files:
            file.playable = False
        torrent = downloaded(on, items, files=files)
        async with on.opened(VerifyMedia=False) as opened:
            await opened.loop.load()
            left = await stuck(opened, torrent)
            answer(opened, torrent, "import", left.because)
            await passes_until(opened, ended(opened, "manual_import", "failed"), "it did not fail", 30)
            entry = await last(opened, torrent)
            assert (await stuck(opened, torrent)).because == left.because
        assert asked_for(on) == []
    reason = texts.SAMPLE_UNCLEAR if kind == "sonarr" else "similar album"
    assert reason in entry.outcome


async def test_of_a_pack_what_is_certain_is_imported_and_the_rest_is_asked_about_again(an_arr):
    async with an_arr("sonarr") as on:
        items = pack(on)
        files = contents(on, items)
        bad = next(file for file in files if file.path.endswith(".mkv"))
        bad.playable = False
        torrent, _ = matched_by_id(on, items, files)
        async with on.opened(VerifyMedia=False) as opened:
            await opened.loop.load()
            left = await stuck(opened, torrent)
            answer(opened, torrent, "import", left.because)
            await passes_until(opened, ended(opened, "manual_import"), "it was not imported", 30)
            entry = await last(opened, torrent)
            await settled(opened, 3)
            assert "qBitrr-imported" not in torrent.tags, "it is not imported as a whole"
            assert opened.loop.action_context.answers.imports.of(opened.loop.poll.facts(entry.key)) is None
    assert sum(item.file is not None for item in items) == len(items) - 1
    assert bad.path.rpartition("/")[2] in entry.outcome
    assert texts.SAMPLE_UNCLEAR in entry.outcome
    (command,) = asked_for(on)
    assert len(command["files"]) == len(items) - 1


async def test_of_lidarr_an_album_that_lacks_a_track_is_imported_when_the_user_says_so(an_arr):
    async with an_arr("lidarr") as on:
        (album,) = items = missing(on)
        files = contents(on, items)
        del files[next(at for at, file in enumerate(files) if file.path.endswith(".flac"))]
        torrent = downloaded(on, items, files=files)
        async with on.opened() as opened:
            await opened.loop.load()
            left = await stuck(opened, torrent)
            assert texts.MISSING_TRACKS in left.because
            answer(opened, torrent, "import", left.because)
            await passes_until(opened, ended(opened, "manual_import"), "it was not imported", 30)
    assert album.file is not None
    (command,) = asked_for(on)
    assert {file["albumId"] for file in command["files"]} == {album.id}
    assert all(file["trackIds"] for file in command["files"])


async def test_of_lidarr_nothing_is_imported_of_two_albums_unless_both_are_certain(an_arr):
    """Lidarr counts a download as imported as a whole when all files of a manual import are."""
    async with an_arr("lidarr") as on:
        items = pack(on)
        files = [one for one in contents(on, items) if one.path.endswith(".flac")]
        names = {name for name, _ in on.arr.collection.track_names(items[1])}
        for file in files:
            file.playable = file.path.rpartition("/")[2].removesuffix(".flac") not in names
        torrent = downloaded(on, items, files=files)
        async with on.opened(VerifyMedia=False) as opened:
            await opened.loop.load()
            left = await stuck(opened, torrent)
            answer(opened, torrent, "import", left.because)
            await passes_until(opened, ended(opened, "manual_import", "failed"), "it did not fail", 30)
            entry = await last(opened, torrent)
    assert asked_for(on) == []
    assert "Lidarr would count all of it as imported" in entry.outcome


async def test_what_awaits_approval_and_is_discarded_is_asked_about_again(an_arr):
    async with an_arr("radarr") as on:
        torrent, _ = matched_by_id(on)
        async with on.opened(settings={"MaxDestructiveActions": 1}, IgnoreTorrentsYoungerThan=0) as opened:
            await opened.loop.load()
            left = await stuck(opened, torrent)
            opened.loop.runner.breaker.count(("qBit", "1" * 40))
            opened.loop.runner.breaker.count(("qBit", "2" * 40))
            answer(opened, torrent, "blocklist", left.because)

            async def held():
                return await ledger.awaiting_approval(opened.database)

            await passes_until(opened, held, "it is not held", 30)
            opened.loop.approvals.submit(ipc.Discard())
            await settled(opened, 3)
            assert (await stuck(opened, torrent)).because == left.because
        assert torrent.infohash in on.client.torrents
    assert on.arr.blocklist == []


async def test_what_is_worse_than_what_is_there_replaces_it_when_the_user_says_so(an_arr):
    async with an_arr("radarr") as on:
        item = next(item for item in on.arr.collection.items.values() if item.file is not None)
        release = on.arr.offer([item])
        poor = replace(release, title=re.sub("2160p|1080p|720p", "480p", release.title))
        on.arr.note_grab([item.id], poor)
        torrent = on.arr.add_torrent([item], poor, downloads.STUCK)
        on.arr.refresh_now()
        complete(torrent)
        before = item.file
        async with on.opened(arr={"ArrErrorCodesToBlocklist": []}) as opened:
            await opened.loop.load()
            left = await stuck(opened, torrent)
            assert "Not an upgrade" in left.because
            assert item.file is before
            answer(opened, torrent, "import", left.because)
            await passes_until(opened, ended(opened, "manual_import"), "it was not imported", 30)
    assert item.file is not before
    assert len(asked_for(on)) == 1


async def test_a_movie_of_two_files_is_not_certain(an_arr):
    async with an_arr("radarr") as on:
        items = missing(on)
        release = on.arr.offer(items, attempt="by id")
        on.arr.note_grab([items[0].id], release, by_id=True)
        name = "Ein.anderer.Name.1080p"
        files = [TorrentFile(f"{name}/{part}.mkv", 50_000_000) for part in ("cd1", "cd2")]
        torrent = on.arr.add_torrent(items, release, downloads.STUCK, files, name)
        on.arr.refresh_now()
        complete(torrent)
        async with on.opened() as opened:
            await opened.loop.load()
            answer(opened, torrent, "import", (await stuck(opened, torrent)).because)
            await passes_until(opened, ended(opened, "manual_import", "failed"), "it did not fail", 30)
            assert "another file of it is for the same" in (await last(opened, torrent)).outcome
    assert items[0].file is None


async def test_blocklisting_goes_through_the_ledger_and_a_quarantine(an_arr):
    async with an_arr("radarr") as on:
        torrent, _ = matched_by_id(on)
        async with on.opened(settings={"Quarantine": "1d"}, IgnoreTorrentsYoungerThan=0) as opened:
            await opened.loop.load()
            left = await stuck(opened, torrent)
            answer(opened, torrent, "blocklist", left.because)
            await passes_until(opened, lambda: "qBitrr-quarantine" in torrent.tags, "it is not in quarantine", 30)
            entry = await last(opened, torrent)
            assert (entry.action, entry.rule, entry.state) == ("fail", "answered_by_user", "planned")
            opened.loop.approvals.submit(ipc.Undo(entry.id))
            await passes_until(opened, lambda: "qBitrr-quarantine" not in torrent.tags, "it was not restored", 30)
            await settled(opened)
            assert opened.loop.action_context.answers.imports.of(opened.loop.poll.facts(entry.key)) is None
        assert on.arr.blocklist == []
        async with on.opened(IgnoreTorrentsYoungerThan=0) as opened:
            await opened.loop.load()
            await settled(opened)
        assert torrent.infohash in on.client.torrents, "who undoes it has answered otherwise"


async def test_what_is_blocklisted_is_removed_and_searched_again(an_arr):
    async with an_arr("radarr") as on:
        torrent, items = matched_by_id(on)
        async with on.opened(IgnoreTorrentsYoungerThan=0) as opened:
            await opened.loop.load()
            left = await stuck(opened, torrent)
            answer(opened, torrent, "blocklist", left.because)
            await passes_until(opened, lambda: torrent.infohash not in on.client.torrents, "it was not removed", 30)
            await settled(opened)
    assert [one.release.infohash for one in on.arr.blocklist] == [torrent.infohash]
    assert commands(on, "MoviesSearch") == [{"name": "MoviesSearch", "movieIds": [items[0].id]}]
    assert asked_for(on) == []


async def test_what_is_left_stays_left_until_the_arr_says_something_else(an_arr, monkeypatch):
    async with an_arr("radarr") as on:
        torrent, _ = matched_by_id(on)
        async with on.opened() as opened:
            await opened.loop.load()
            answer(opened, torrent, "leave", (await stuck(opened, torrent)).because)
            await settled(opened, 3)
            assert (await decided(opened, torrent)).rule == "answered_by_user"
        async with on.opened() as opened:
            await opened.loop.load()
            await settled(opened, 3)
            assert (await decided(opened, torrent)).rule == "answered_by_user"
            monkeypatch.setitem(texts.MATCHED_BY_ID, "radarr", "Something else. Manual Import required.")
            on.arr.refresh_now()
            opened.loop.observer.queue_changed()
            assert "Something else" in (await stuck(opened, torrent)).because
        assert asked_for(on) == []


async def test_an_answer_to_what_the_arr_does_not_say_any_more_is_none(an_arr):
    async with an_arr("radarr") as on:
        torrent, _ = matched_by_id(on)
        async with on.opened() as opened:
            await opened.loop.load()
            await stuck(opened, torrent)
            answer(opened, torrent, "import", "it is complete, but the Arr waits for the user: something else")
            await settled(opened, 4)
            assert (await decided(opened, torrent)).rule == "arr_has_it"
        assert asked_for(on) == []


async def test_under_shadow_an_answer_is_recorded_and_nothing_is_sent(an_arr):
    async with an_arr("radarr") as on:
        torrent, item = matched_by_id(on)
        async with on.opened(settings={"Shadow": True}) as opened:
            await opened.loop.load()
            on.arr.refresh_now()

            async def is_left():
                some = await verdicts.of_torrent(opened.database, torrent.infohash)
                return some[0] if some and some[0].rule in LEFT else None

            left = await passes_until(opened, is_left, "it is not left to the user", 30)
            answer(opened, torrent, "import", left.because)
            await settled(opened, 4)
            found = await decided(opened, torrent)
            assert (found.rule, found.action) == ("answered_by_user", "manual_import")
        assert asked_for(on) == []
    assert item[0].file is None
